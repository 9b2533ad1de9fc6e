"""What follows from what: one table. Whatever is not listed here has no consequence."""

from enum import StrEnum

from shared.schemas.enums import EventKind, MessageKind


class JobName(StrEnum):
    WRITE_CONFIRMATION = "write_confirmation"
    WRITE_CANCELLATION = "write_cancellation"
    WRITE_REFUND = "write_refund"
    WRITE_LATE_REFUND = "write_late_refund"
    WRITE_PAYMENT_FAILED = "write_payment_failed"
    WRITE_PAY_LINK = "write_pay_link"
    MAKE_MEETING = "make_meeting"
    DELETE_MEETING = "delete_meeting"
    CARRY_OUT_REFUNDS = "carry_out_refunds"


_SEATED = (JobName.MAKE_MEETING, JobName.WRITE_CONFIRMATION)
_NOTHING: tuple[JobName, ...] = ()

REACTIONS: dict[EventKind, tuple[JobName, ...]] = {
    EventKind.APPOINTMENT_CREATED: _NOTHING,
    EventKind.APPOINTMENT_DETAILED: _NOTHING,
    EventKind.APPOINTMENT_CONFIRMED: _SEATED,
    EventKind.APPOINTMENT_PAID: _SEATED,
    EventKind.APPOINTMENT_CANCELED: (
        JobName.DELETE_MEETING,
        JobName.WRITE_CANCELLATION,
    ),
    EventKind.HOLD_EXPIRED: _NOTHING,
    EventKind.HOLD_RELEASED: _NOTHING,
    EventKind.PAYMENT_INITIATED: _NOTHING,
    EventKind.PAYMENT_PROCESSING: _NOTHING,
    EventKind.PAYMENT_FAILED: (JobName.WRITE_PAYMENT_FAILED,),
    EventKind.PAYMENT_RECEIVED_LATE: _NOTHING,
    EventKind.PAYMENT_RETURNED: (JobName.WRITE_LATE_REFUND,),
    EventKind.REFUND_REQUESTED: (JobName.CARRY_OUT_REFUNDS,),
    EventKind.REFUND_ISSUED: (JobName.WRITE_REFUND,),
    EventKind.REFUND_FAILED: _NOTHING,
    EventKind.PAY_LINK_REQUESTED: (JobName.WRITE_PAY_LINK,),
    EventKind.RESEND_REQUESTED: _NOTHING,
    EventKind.MEETING_READY: _NOTHING,
    EventKind.MEETING_FAILED: _NOTHING,
    EventKind.MESSAGE_SENT: _NOTHING,
    EventKind.MESSAGE_DELIVERED: _NOTHING,
    EventKind.MESSAGE_FAILED: _NOTHING,
    EventKind.MESSAGE_SUPPRESSED: _NOTHING,
    EventKind.STAFF_SIGNED_IN: _NOTHING,
    EventKind.STAFF_SIGNED_OUT: _NOTHING,
    EventKind.SIGN_IN_FAILED: _NOTHING,
    EventKind.STAFF_CREATED: _NOTHING,
}

MESSAGES: dict[JobName, MessageKind] = {
    JobName.WRITE_CONFIRMATION: MessageKind.CONFIRMATION,
    JobName.WRITE_CANCELLATION: MessageKind.CANCELLATION,
    JobName.WRITE_REFUND: MessageKind.REFUND,
    JobName.WRITE_LATE_REFUND: MessageKind.LATE_REFUND,
    JobName.WRITE_PAYMENT_FAILED: MessageKind.PAYMENT_FAILED,
    JobName.WRITE_PAY_LINK: MessageKind.PAY_LINK,
}
