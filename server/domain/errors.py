"""Everything that can go wrong by the rules, each with a stable code. `routes/errors.py` maps codes to HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


class DomainError(Exception):
    """`detail` is a sentence for a person; `next_step` says what to do about it."""

    code = "domain_error"
    detail = "This cannot be done."
    next_step = ""

    def __init__(
        self,
        detail: str | None = None,
        *,
        next_step: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(detail or self.detail)
        self.detail = detail or self.detail
        self.next_step = next_step or self.next_step
        self.field = field


class NotFoundError(DomainError):
    code = "not_found"
    detail = "There is nothing at this address."
    next_step = "Check the link, or start again from the booking page."


class InvalidInputError(DomainError):
    code = "invalid_input"
    detail = "A value is not acceptable."


class InvalidMobileError(DomainError):
    code = "invalid_mobile"
    detail = "This is not a mobile number that can receive texts."
    next_step = (
        "Enter a mobile number of the clinic's country, or one with its country code, for example +44 7400 123456."
    )


class InvalidEmailError(DomainError):
    code = "invalid_email"
    detail = "This is not an e-mail address."
    next_step = "Check for a missing @ or a typing mistake after it."


class ConsentRequiredError(DomainError):
    code = "consent_required"
    detail = "Texts about the visit can only be sent with consent."
    next_step = "Tick the box to receive texts about this appointment."


@dataclass(frozen=True, slots=True)
class Alternative:
    """An open slot offered in place of one that is taken."""

    start: datetime
    end: datetime
    provider_id: UUID
    price_minor: int


class SlotTakenError(DomainError):
    code = "slot_taken"
    detail = "Somebody else has just taken this time."
    next_step = "Choose one of the times nearby."

    def __init__(self, alternatives: Sequence[Alternative] = ()) -> None:
        super().__init__()
        self.alternatives = tuple(alternatives)


class SlotNotOfferedError(SlotTakenError):
    code = "slot_not_offered"
    detail = "This time is not offered for this service."
    next_step = "Choose a time from the list."


class HoldExpiredError(DomainError):
    code = "hold_expired"
    detail = "The time was kept for you, but the reservation has run out."
    next_step = "Choose a time again; nothing was charged."


class WrongStateError(DomainError):
    code = "wrong_state"
    detail = "The appointment is not in a state that allows this."
    next_step = "Reload to see where it stands now."


class PaymentUnavailableError(DomainError):
    code = "payment_unavailable"
    detail = "The payment service did not answer. Nothing was charged."
    next_step = "Try again in a moment; your time is still kept."


class RefundTooLargeError(DomainError):
    code = "refund_too_large"
    detail = "This is more than was paid and not yet refunded."
    next_step = "Enter at most the refundable amount."


class ForbiddenError(DomainError):
    code = "forbidden"
    detail = "Your role does not allow this."
    next_step = "Ask a manager or an administrator."


class UnauthenticatedError(DomainError):
    code = "unauthenticated"
    detail = "You are not signed in, or your session has ended."
    next_step = "Sign in again."


class InvalidCredentialsError(DomainError):
    code = "invalid_credentials"
    detail = "E-mail address or password is wrong."
    next_step = "Check both and try again."


class IdempotencyKeyReusedError(DomainError):
    code = "idempotency_key_reused"
    detail = "This Idempotency-Key was used before for another request."
    next_step = "Use a new key for a new request."


class TooManyRequestsError(DomainError):
    code = "too_many_requests"
    detail = "Too many requests from this address."
    next_step = "Wait a moment and try again."

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class InvalidSignatureError(DomainError):
    code = "invalid_signature"
    detail = "The signature does not match; nothing was done."
    next_step = "Check that the webhook's secret is the one that this server is set up with."


class GatewayTroubleError(DomainError):
    code = "unavailable"
    detail = "A service that this needs did not answer. Nothing was changed."
    next_step = "Try again in a moment."
