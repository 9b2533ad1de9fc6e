"""The public booking surface (DESIGN section 5): what the widget and any other client of it sends and gets."""

from uuid import UUID

from msgspec import UNSET, UnsetType

from shared.schemas.enums import AppointmentStatus, NextStep, PaymentStatus, VisitMode
from shared.schemas.types import (
    Asked,
    Email,
    Instant,
    Language,
    MinorUnits,
    Mobile,
    Name,
    Note,
    Wire,
    ZoneName,
)


class ProviderCard(Wire):
    id: UUID
    name: str
    title: str
    bio: str


class ServiceCard(Wire):
    """`price_minor` is the lowest price of the service at this clinic; a slot carries its own."""

    id: UUID
    name: str
    description: str
    mode: VisitMode
    duration_minutes: int
    price_minor: MinorUnits
    provider_ids: list[UUID]
    policy: str


class Theme(Wire):
    accent: str
    surface: str
    text: str
    radius: int


class ClinicProfile(Wire):
    slug: str
    name: str
    address: str
    phone: str
    time_zone: str
    country: str
    currency: str
    currency_exponent: int
    languages: list[str]
    consent_text: str
    consent_version: str
    hold_minutes: int
    theme: Theme
    services: list[ServiceCard]
    providers: list[ProviderCard]


class Slot(Wire):
    start: Instant
    end: Instant
    provider_id: UUID
    price_minor: MinorUnits


class SlotList(Wire):
    """Open start times, ordered by start and provider. `start` carries the clinic's offset at that moment."""

    time_zone: str
    slots: list[Slot]


class HoldRequest(Asked, kw_only=True):
    service_id: UUID
    provider_id: UUID | None = None
    start: Instant


class Hold(Wire):
    appointment_id: UUID
    reference: str
    token: str
    status: AppointmentStatus
    expires_at: Instant
    provider_id: UUID
    start: Instant
    end: Instant


class DetailsRequest(Asked):
    """`mobile` may be national or international; it is read in the clinic's country and shown back as E.164."""

    first_name: Name
    last_name: Name
    email: Email
    mobile: Mobile
    sms_consent: bool
    consent_version: str | UnsetType = UNSET
    note: Note | None = None
    language: Language | None = None
    time_zone: ZoneName | None = None


class PaymentStep(Wire):
    """What the patient has to do next to pay. Only the fields of its `kind` are set."""

    kind: NextStep
    url: str | None = None
    publishable_key: str | None = None
    client_secret: str | None = None
    amount_minor: MinorUnits = 0
    currency: str = ""


class VisitView(Wire):
    """The patient's own view of a visit, reached by its token. Contacts are masked: a link can be forwarded."""

    appointment_id: UUID
    reference: str
    status: AppointmentStatus
    payment_status: PaymentStatus | None
    clinic_slug: str
    clinic_name: str
    clinic_phone: str
    clinic_address: str
    time_zone: str
    patient_time_zone: str | None
    service_id: UUID
    service_name: str
    mode: VisitMode
    provider_id: UUID
    provider_name: str
    start: Instant
    end: Instant
    expires_at: Instant | None
    patient_first_name: str | None
    email_masked: str | None
    mobile_masked: str | None
    sms_consent: bool
    total_minor: MinorUnits
    paid_minor: MinorUnits
    refunded_minor: MinorUnits
    currency: str
    currency_exponent: int
    join_url: str | None
    policy: str
    cancellation_cause: str | None
    messages_sent: int


class ResendReceipt(Wire):
    queued: int
