"""The state machines, as tables: (where it stands, what happens) → where it stands then. Nothing else moves a status."""

from enum import StrEnum
from typing import TypeVar

from server.domain.errors import WrongStateError
from shared.schemas.enums import AppointmentStatus as A
from shared.schemas.enums import MessageStatus as M
from shared.schemas.enums import PaymentStatus as P
from shared.schemas.enums import RefundStatus as R


class AppointmentVerb(StrEnum):
    DETAIL = "detail"
    CONFIRM = "confirm"
    EXPIRE = "expire"
    RELEASE = "release"
    CANCEL = "cancel"
    RECLAIM = "reclaim"
    START = "start"
    COMPLETE = "complete"
    MISS = "miss"


class PaymentVerb(StrEnum):
    PROCESS = "process"
    DECLINE = "decline"
    SUCCEED = "succeed"
    CANCEL = "cancel"
    REFUND_PART = "refund_part"
    REFUND_ALL = "refund_all"
    RETURN_PART = "return_part"
    RETURN_ALL = "return_all"


class RefundVerb(StrEnum):
    SUCCEED = "succeed"
    FAIL = "fail"


class MessageVerb(StrEnum):
    CLAIM = "claim"
    ACCEPT = "accept"
    DELIVER = "deliver"
    RETRY = "retry"
    FAIL = "fail"
    SUPPRESS = "suppress"
    LOSE = "lose"


APPOINTMENT: dict[tuple[A, AppointmentVerb], A] = {
    (A.DRAFT, AppointmentVerb.DETAIL): A.PENDING_PAYMENT,
    (A.PENDING_PAYMENT, AppointmentVerb.DETAIL): A.PENDING_PAYMENT,
    (A.PENDING_PAYMENT, AppointmentVerb.CONFIRM): A.CONFIRMED,
    (A.DRAFT, AppointmentVerb.EXPIRE): A.CANCELED,
    (A.PENDING_PAYMENT, AppointmentVerb.EXPIRE): A.CANCELED,
    (A.DRAFT, AppointmentVerb.RELEASE): A.CANCELED,
    (A.PENDING_PAYMENT, AppointmentVerb.RELEASE): A.CANCELED,
    (A.DRAFT, AppointmentVerb.CANCEL): A.CANCELED,
    (A.PENDING_PAYMENT, AppointmentVerb.CANCEL): A.CANCELED,
    (A.CONFIRMED, AppointmentVerb.CANCEL): A.CANCELED,
    # The money came after the hold had lapsed, and the time was still free.
    (A.CANCELED, AppointmentVerb.RECLAIM): A.CONFIRMED,
    (A.CONFIRMED, AppointmentVerb.START): A.IN_PROGRESS,
    (A.CONFIRMED, AppointmentVerb.COMPLETE): A.COMPLETED,
    (A.IN_PROGRESS, AppointmentVerb.COMPLETE): A.COMPLETED,
    (A.CONFIRMED, AppointmentVerb.MISS): A.NO_SHOW,
}

PAYMENT: dict[tuple[P, PaymentVerb], P] = {
    (P.INITIATED, PaymentVerb.PROCESS): P.PROCESSING,
    (P.FAILED, PaymentVerb.PROCESS): P.PROCESSING,
    (P.INITIATED, PaymentVerb.DECLINE): P.FAILED,
    (P.PROCESSING, PaymentVerb.DECLINE): P.FAILED,
    (P.FAILED, PaymentVerb.DECLINE): P.FAILED,
    (P.INITIATED, PaymentVerb.SUCCEED): P.SUCCEEDED,
    (P.PROCESSING, PaymentVerb.SUCCEED): P.SUCCEEDED,
    # A declined card leaves the intent open: the next card may succeed on it.
    (P.FAILED, PaymentVerb.SUCCEED): P.SUCCEEDED,
    (P.INITIATED, PaymentVerb.CANCEL): P.CANCELED,
    (P.PROCESSING, PaymentVerb.CANCEL): P.CANCELED,
    (P.FAILED, PaymentVerb.CANCEL): P.CANCELED,
    (P.SUCCEEDED, PaymentVerb.REFUND_PART): P.PARTIALLY_REFUNDED,
    (P.PARTIALLY_REFUNDED, PaymentVerb.REFUND_PART): P.PARTIALLY_REFUNDED,
    (P.SUCCEEDED, PaymentVerb.REFUND_ALL): P.REFUNDED,
    (P.PARTIALLY_REFUNDED, PaymentVerb.REFUND_ALL): P.REFUNDED,
    # The bank could not deliver a refund and sent it back: the money is the clinic's again.
    (P.PARTIALLY_REFUNDED, PaymentVerb.RETURN_PART): P.PARTIALLY_REFUNDED,
    (P.REFUNDED, PaymentVerb.RETURN_PART): P.PARTIALLY_REFUNDED,
    (P.PARTIALLY_REFUNDED, PaymentVerb.RETURN_ALL): P.SUCCEEDED,
    (P.REFUNDED, PaymentVerb.RETURN_ALL): P.SUCCEEDED,
}

REFUND: dict[tuple[R, RefundVerb], R] = {
    (R.PENDING, RefundVerb.SUCCEED): R.SUCCEEDED,
    (R.PENDING, RefundVerb.FAIL): R.FAILED,
    # Days later the bank may still send it back.
    (R.SUCCEEDED, RefundVerb.FAIL): R.FAILED,
}

MESSAGE: dict[tuple[M, MessageVerb], M] = {
    (M.QUEUED, MessageVerb.CLAIM): M.SENDING,
    (M.QUEUED, MessageVerb.SUPPRESS): M.SUPPRESSED,
    (M.SENDING, MessageVerb.CLAIM): M.SENDING,
    (M.SENDING, MessageVerb.ACCEPT): M.SENT,
    (M.SENDING, MessageVerb.RETRY): M.QUEUED,
    (M.SENDING, MessageVerb.FAIL): M.FAILED,
    (M.SENDING, MessageVerb.SUPPRESS): M.SUPPRESSED,
    (M.SENDING, MessageVerb.LOSE): M.UNKNOWN,
    # The vendor's callback may come before our own commit of its answer.
    (M.SENDING, MessageVerb.DELIVER): M.DELIVERED,
    (M.SENT, MessageVerb.DELIVER): M.DELIVERED,
    (M.SENT, MessageVerb.FAIL): M.FAILED,
    (M.UNKNOWN, MessageVerb.ACCEPT): M.SENT,
    (M.UNKNOWN, MessageVerb.DELIVER): M.DELIVERED,
    (M.UNKNOWN, MessageVerb.FAIL): M.FAILED,
}

Status = TypeVar("Status", bound=StrEnum)
Step = TypeVar("Step", bound=StrEnum)


def move(table: dict[tuple[Status, Step], Status], status: Status, verb: Step) -> Status:
    """Where `status` goes when `verb` happens. Raises WrongStateError when it cannot."""
    try:
        return table[status, verb]
    except KeyError:
        raise WrongStateError(f"This is {status.value.replace('_', ' ')}; it cannot {verb.value} now.") from None


def sources(table: dict[tuple[Status, Step], Status], verb: Step) -> list[Status]:
    """Every status from which `verb` is possible: the WHERE of the conditional update that claims the move."""
    return [status for (status, step) in table if step == verb]
