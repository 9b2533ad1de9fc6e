"""The pretended vendors as an app of their own, for these tests and those of the gateways."""

from tests.sandbox.vendors import clinic_server, settings, vendors

__all__ = ["clinic_server", "settings", "vendors"]
