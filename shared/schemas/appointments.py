"""The staff's view of appointments: list, detail, phone booking, cancel, resend."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from shared.schemas.enums import (
    AppointmentStatus,
    Audience,
    BookingSource,
    Channel,
    MeetingStatus,
    MessageKind,
    MessageStatus,
    PaymentStatus,
    PhonePayment,
    RefundStatus,
    VisitMode,
)
from shared.schemas.types import (
    Asked,
    Email,
    Instant,
    Line,
    MinorUnits,
    Mobile,
    Name,
    Note,
    Wire,
)

Reason = Annotated[
    str,
    Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"),
]


class AppointmentRow(Wire):
    """One line of the list. `day` is the visit's calendar day in its clinic's zone, which filters use."""

    id: UUID
    reference: str
    clinic_id: UUID
    time_zone: str
    day: date
    start: Instant
    end: Instant
    patient_name: str
    service_id: UUID
    service_name: str
    provider_id: UUID
    provider_name: str
    status: AppointmentStatus
    payment_status: PaymentStatus | None
    total_minor: MinorUnits
    paid_minor: MinorUnits
    refunded_minor: MinorUnits
    currency: str
    currency_exponent: int
    source: BookingSource
    expires_at: Instant | None
    rescheduled: bool


class AppointmentPage(Wire):
    items: list[AppointmentRow]
    next_cursor: str | None


class PaymentLine(Wire):
    id: UUID
    processor: str
    attempt: int
    intent_id: str | None
    amount_minor: MinorUnits
    refunded_minor: MinorUnits
    currency: str
    status: PaymentStatus
    failure_code: str | None
    created_at: Instant


class RefundLine(Wire):
    id: UUID
    payment_id: UUID
    amount_minor: MinorUnits
    currency: str
    status: RefundStatus
    reason: str
    actor: str
    processor_refund_id: str | None
    failure_code: str | None
    created_at: Instant
    settled_at: Instant | None


class LedgerLine(Wire):
    """One entry; the entries of one `transaction_id` sum to zero."""

    transaction_id: UUID
    kind: str
    account: str
    amount_minor: MinorUnits
    currency: str
    day: date
    at: Instant


class MessageLine(Wire):
    id: UUID
    kind: MessageKind
    audience: Audience
    channel: Channel
    recipient: str
    status: MessageStatus
    due_at: Instant
    sent_at: Instant | None
    attempts: int
    error_code: str | None
    explanation: str | None
    subject: str | None
    body: str | None


class ActivityLine(Wire):
    """One event: who did what, with the values before and after where something changed."""

    cursor: str
    at: Instant
    kind: str
    actor: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class MeetingLine(Wire):
    status: MeetingStatus
    vendor: str
    external_id: str | None
    join_url: str | None
    host_url: str | None
    error: str | None


class AppointmentDetail(Wire):
    row: AppointmentRow
    clinic_name: str
    mode: VisitMode
    revision: int
    rescheduled_from: Instant | None
    patient_id: UUID | None
    first_name: str | None
    last_name: str | None
    email: str | None
    mobile: str | None
    sms_consent: bool
    consent_version: str | None
    consent_at: Instant | None
    consent_source: str | None
    note: str | None
    patient_time_zone: str | None
    cancellation_cause: str | None
    cancellation_reason: str | None
    canceled_by: str | None
    canceled_at: Instant | None
    policy: str
    price_minor: MinorUnits
    tax_minor: MinorUnits
    discount_minor: MinorUnits
    refundable_minor: MinorUnits
    manage_url: str | None
    meeting: MeetingLine | None
    payments: list[PaymentLine]
    refunds: list[RefundLine]
    ledger: list[LedgerLine]
    messages: list[MessageLine]
    activity: list[ActivityLine]


class PhoneBookingRequest(Asked, kw_only=True):
    """A booking for a caller. E-mail may be absent; consent to texts is the caller's spoken word."""

    clinic: Line
    service_id: UUID
    provider_id: UUID | None = None
    start: Instant
    first_name: Name
    last_name: Name
    email: Email | None = None
    mobile: Mobile
    sms_consent: bool = False
    note: Note | None = None
    payment: PhonePayment = PhonePayment.AT_CLINIC


class CancelRequest(Asked):
    """`refund_minor`: 0 keeps the money; anything up to what is refundable gives it back."""

    reason: Reason
    refund_minor: Annotated[int, Meta(ge=0, le=2_147_483_647)] = 0


class RefundRequest(Asked):
    amount_minor: Annotated[int, Meta(ge=1, le=2_147_483_647)]
    reason: Reason


class ResendRequest(Asked):
    channels: tuple[Channel, ...] = (Channel.EMAIL, Channel.TEXT)
