"""The three ways in which a call to a vendor fails. What to do next differs for each."""


class GatewayError(Exception):
    """`code` is the vendor's own word (`card_declined`, `21610`, `550`), kept for the activity log."""

    def __init__(self, vendor: str, code: str, detail: str) -> None:
        super().__init__(f"{vendor}: {code}: {detail}")
        self.vendor = vendor
        self.code = code
        self.detail = detail


class GatewayRefusedError(GatewayError):
    """The vendor answered no; asking again unchanged will not help. Nothing happened there."""


class GatewayUnavailableError(GatewayError):
    """The vendor could not be reached, is overloaded, or does not accept our key; nothing happened there, ask
    again later. `retry_after`: seconds that the vendor asked us to wait, if it said so."""

    def __init__(self, vendor: str, code: str, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(vendor, code, detail)
        self.retry_after = retry_after


class OutcomeUnknownError(GatewayError):
    """The request may or may not have been carried out. Look it up before asking again."""


class BadSignatureError(Exception):
    """A webhook whose signature is missing, stale or wrong. Nothing in its body may be believed."""
