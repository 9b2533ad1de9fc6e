"""Every closed list of words that crosses a wire or lies in a column. Values are stable: clients branch on them."""

from enum import StrEnum


class AppointmentStatus(StrEnum):
    DRAFT = "draft"
    PENDING_PAYMENT = "pending_payment"
    CONFIRMED = "confirmed"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    CANCELED = "canceled"


class PaymentStatus(StrEnum):
    INITIATED = "initiated"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    FAILED = "failed"
    CANCELED = "canceled"
    DISPUTED = "disputed"


class RefundStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class MessageStatus(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNKNOWN = "unknown"


class MessageKind(StrEnum):
    CONFIRMATION = "confirmation"
    CANCELLATION = "cancellation"
    REFUND = "refund"
    LATE_REFUND = "late_refund"
    PAYMENT_FAILED = "payment_failed"
    PAY_LINK = "pay_link"
    MANUAL = "manual"


class Audience(StrEnum):
    PATIENT = "patient"
    PROVIDER = "provider"


class Channel(StrEnum):
    EMAIL = "email"
    TEXT = "text"


class BookingSource(StrEnum):
    WEB = "web"
    PHONE = "phone"


class CancellationCause(StrEnum):
    """Why an appointment ended before it took place; the free-text reason stands beside it."""

    STAFF = "staff"
    HOLD_EXPIRED = "hold_expired"
    RELEASED = "released"
    SLOT_GONE = "slot_gone"


class VisitMode(StrEnum):
    REMOTE = "remote"
    IN_PERSON = "in_person"
    HOME_VISIT = "home_visit"


class ResourceKind(StrEnum):
    PROVIDER = "provider"
    ROOM = "room"


class MeetingStatus(StrEnum):
    WANTED = "wanted"
    READY = "ready"
    DELETED = "deleted"
    FAILED = "failed"


class Role(StrEnum):
    ADMIN = "admin"
    MANAGER = "manager"
    FRONT_DESK = "front_desk"
    PROVIDER = "provider"
    PATIENT = "patient"


class ActorKind(StrEnum):
    STAFF = "staff"
    PATIENT = "patient"
    PROCESSOR = "processor"
    SYSTEM = "system"


class Verb(StrEnum):
    """What a role may be allowed to do; the table is `server/domain/permissions.py`."""

    VIEW_SCHEDULE = "view_schedule"
    VIEW_APPOINTMENT = "view_appointment"
    BOOK_APPOINTMENT = "book_appointment"
    CANCEL_APPOINTMENT = "cancel_appointment"
    REFUND_PAYMENT = "refund_payment"
    SEND_MESSAGE = "send_message"
    VIEW_DAY_SALES = "view_day_sales"
    VIEW_SALES = "view_sales"
    EXPORT_DATA = "export_data"
    FOLLOW_EVENTS = "follow_events"
    HOST_VISIT = "host_visit"
    MANAGE_SETUP = "manage_setup"
    MANAGE_STAFF = "manage_staff"
    MANAGE_OWN_VISIT = "manage_own_visit"


class PhonePayment(StrEnum):
    """How a caller's visit is to be paid: later at the clinic, or through a link sent to the caller."""

    AT_CLINIC = "at_clinic"
    PAY_LINK = "pay_link"


class Order(StrEnum):
    """In which order a list comes: what is ahead is read from now on, what is past from now back."""

    LATEST_FIRST = "latest_first"
    SOONEST_FIRST = "soonest_first"


class NextStep(StrEnum):
    STRIPE_ELEMENTS = "stripe_elements"
    REDIRECT = "redirect"
    NONE = "none"


class EventKind(StrEnum):
    APPOINTMENT_CREATED = "appointment_created"
    APPOINTMENT_DETAILED = "appointment_detailed"
    APPOINTMENT_CONFIRMED = "appointment_confirmed"
    APPOINTMENT_PAID = "appointment_paid"
    APPOINTMENT_CANCELED = "appointment_canceled"
    HOLD_EXPIRED = "hold_expired"
    HOLD_RELEASED = "hold_released"
    PAYMENT_INITIATED = "payment_initiated"
    PAYMENT_PROCESSING = "payment_processing"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_RECEIVED_LATE = "payment_received_late"
    PAYMENT_RETURNED = "payment_returned"
    REFUND_REQUESTED = "refund_requested"
    REFUND_ISSUED = "refund_issued"
    REFUND_FAILED = "refund_failed"
    PAY_LINK_REQUESTED = "pay_link_requested"
    RESEND_REQUESTED = "resend_requested"
    MEETING_READY = "meeting_ready"
    MEETING_FAILED = "meeting_failed"
    MESSAGE_SENT = "message_sent"
    MESSAGE_DELIVERED = "message_delivered"
    MESSAGE_FAILED = "message_failed"
    MESSAGE_SUPPRESSED = "message_suppressed"
    STAFF_SIGNED_IN = "staff_signed_in"
    STAFF_SIGNED_OUT = "staff_signed_out"
    SIGN_IN_FAILED = "sign_in_failed"
    STAFF_CREATED = "staff_created"
