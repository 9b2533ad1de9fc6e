"""Who is told what, and whether it is still true when it is about to leave."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.schemas.enums import AppointmentStatus as A
from shared.schemas.enums import Audience, Channel
from shared.schemas.enums import MessageKind as K

AUDIENCES: dict[K, tuple[Audience, ...]] = {
    K.CONFIRMATION: (Audience.PATIENT, Audience.PROVIDER),
    K.CANCELLATION: (Audience.PATIENT, Audience.PROVIDER),
    K.REFUND: (Audience.PATIENT,),
    K.LATE_REFUND: (Audience.PATIENT,),
    K.PAYMENT_FAILED: (Audience.PATIENT,),
    K.PAY_LINK: (Audience.PATIENT,),
}

# A message that no longer says the truth must not leave: its appointment has to be in one of these states.
TRUE_WHILE: dict[K, frozenset[A]] = {
    K.CONFIRMATION: frozenset({A.CONFIRMED, A.IN_PROGRESS}),
    K.CANCELLATION: frozenset({A.CANCELED}),
    K.REFUND: frozenset(A),
    K.LATE_REFUND: frozenset({A.CANCELED}),
    K.PAYMENT_FAILED: frozenset({A.PENDING_PAYMENT}),
    K.PAY_LINK: frozenset({A.PENDING_PAYMENT}),
}


@dataclass(frozen=True, slots=True)
class Contact:
    """How one audience of an appointment can be reached; None where it cannot."""

    audience: Audience
    email: str | None
    mobile: str | None
    texts_allowed: bool


@dataclass(frozen=True, slots=True)
class Planned:
    audience: Audience
    channel: Channel
    recipient: str
    suppressed: str | None
    """Why it is not to be sent, in words for the desk; None when it is."""


def planned(kind: K, contacts: Sequence[Contact], channels: Sequence[Channel] = tuple(Channel)) -> list[Planned]:
    """One message for each audience of the kind and each channel on which it can be reached."""
    result = []
    for contact in contacts:
        if contact.audience not in AUDIENCES[kind]:
            continue
        if contact.email and Channel.EMAIL in channels:
            result.append(Planned(contact.audience, Channel.EMAIL, contact.email, None))
        if contact.mobile and Channel.TEXT in channels:
            refused = None if contact.texts_allowed else "There is no consent to texts for this appointment."
            result.append(Planned(contact.audience, Channel.TEXT, contact.mobile, refused))
    return result


def reason_to_suppress(
    kind: K,
    status: A,
    *,
    revision: int,
    current_revision: int,
    channel: Channel,
    consent: bool,
    opted_out: bool,
) -> str | None:
    """Why a message about to leave must stay, in words for the desk; None when it may go."""
    if status not in TRUE_WHILE[kind]:
        return f"The appointment is {status.value.replace('_', ' ')} by now."
    if revision != current_revision:
        return "The appointment was moved in the meantime; a newer message tells the new time."
    if channel is Channel.TEXT and opted_out:
        return "This number has answered STOP."
    if channel is Channel.TEXT and not consent:
        return "There is no consent to texts for this appointment."
    return None


RETRY_SECONDS = (5, 30, 120, 600)
"""Wait before the second, third, … attempt; after the last one the message has failed."""


def next_attempt_in(attempts: int) -> int | None:
    """Seconds until the next try after `attempts` tries, or None when it is time to give up."""
    return RETRY_SECONDS[attempts - 1] if attempts <= len(RETRY_SECONDS) else None
