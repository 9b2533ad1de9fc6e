"""The pretended vendors as an app of their own, for these tests and those of the gateways."""

from tests.sandbox.vendors import clinic_server, vendors

__all__ = ["clinic_server", "vendors"]
