"""Plain factories for what the console shows. Everything has a default; a test names only what it is about."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec

from shared.schemas.appointments import (
    ActivityLine,
    AppointmentDetail,
    AppointmentRow,
    MeetingLine,
    MessageLine,
    PaymentLine,
    RefundLine,
)
from shared.schemas.booking import ClinicProfile, ProviderCard, ServiceCard, Slot, Theme
from shared.schemas.enums import (
    AppointmentStatus,
    Audience,
    BookingSource,
    Channel,
    EventKind,
    MeetingStatus,
    MessageKind,
    MessageStatus,
    PaymentStatus,
    RefundStatus,
    Role,
    Verb,
    VisitMode,
)
from shared.schemas.organisation import ClinicChoice, Offering, Organisation, ProviderChoice, ServiceChoice
from shared.schemas.session import StaffUser

SPACE = UUID("00000000-0000-4000-8000-000000000000")


def an_id(name: str) -> UUID:
    """The same id for the same name."""
    return uuid5(SPACE, name)


ZONE = "America/New_York"
CLINICS = (
    ClinicChoice(
        id=an_id("harbor"),
        slug="harbor",
        name="Harbor Clinic",
        time_zone=ZONE,
        country="US",
        currency="USD",
        currency_exponent=2,
    ),
    ClinicChoice(
        id=an_id("canal"),
        slug="canal",
        name="Canal House",
        time_zone="Europe/Amsterdam",
        country="NL",
        currency="EUR",
        currency_exponent=2,
    ),
)
SERVICES = tuple(
    ServiceChoice(id=an_id(name), name=name, duration_minutes=minutes)
    for name, minutes in (
        ("First consultation", 45),
        ("Follow-up", 30),
        ("Physiotherapy", 40),
        ("Nutrition advice", 30),
    )
)
PROVIDERS = tuple(
    ProviderChoice(id=an_id(name), name=name, color="#0b6e6e")
    for name in ("Dr. Amara Okafor", "Dr. Lena Brandt", "Tom Visser", "Priya Nair")
)
FRONT_DESK = (
    Verb.VIEW_SCHEDULE,
    Verb.VIEW_APPOINTMENT,
    Verb.BOOK_APPOINTMENT,
    Verb.CANCEL_APPOINTMENT,
    Verb.REFUND_PAYMENT,
    Verb.SEND_MESSAGE,
    Verb.VIEW_DAY_SALES,
    Verb.FOLLOW_EVENTS,
)
MANAGER = (*FRONT_DESK, Verb.VIEW_SALES, Verb.EXPORT_DATA)


def a_user(name: str = "Dana Desk", role: Role = Role.FRONT_DESK, may: tuple[Verb, ...] = FRONT_DESK) -> StaffUser:
    return StaffUser(id=an_id(name), name=name, email="desk@demo.test", role=role, provider_id=None, may=list(may))


def an_organisation(environment: str = "sandbox") -> Organisation:
    return Organisation(
        environment=environment,
        clinics=list(CLINICS),
        services=list(SERVICES),
        providers=list(PROVIDERS),
        offerings=[
            Offering(clinic_id=clinic.id, service_id=service.id, provider_id=provider.id, price_minor=9000)
            for clinic in CLINICS
            for service in SERVICES
            for provider in PROVIDERS
        ],
    )


def a_profile(clinic: ClinicChoice = CLINICS[0]) -> ClinicProfile:
    return ClinicProfile(
        slug=clinic.slug,
        name=clinic.name,
        address="12 Pier Road",
        phone="+1 212 555 0100",
        time_zone=clinic.time_zone,
        country=clinic.country,
        currency=clinic.currency,
        currency_exponent=clinic.currency_exponent,
        languages=["en"],
        consent_text="I agree to text messages about my visit.",
        consent_version="1",
        hold_minutes=10,
        theme=Theme(accent="#0b6e6e", surface="#ffffff", text="#14201f", radius=4),
        services=[
            ServiceCard(
                id=service.id,
                name=service.name,
                description="",
                mode=VisitMode.REMOTE,
                duration_minutes=service.duration_minutes,
                price_minor=9000,
                provider_ids=[provider.id for provider in PROVIDERS],
                policy="Free cancellation until 24 hours before.",
            )
            for service in SERVICES
        ],
        providers=[ProviderCard(id=one.id, name=one.name, title="", bio="") for one in PROVIDERS],
    )


def today() -> date:
    return datetime.now(ZoneInfo(ZONE)).date()


def an_instant(day: date | None = None, hour: int = 10, minute: int = 0, zone: str = ZONE) -> datetime:
    on = day or today() + timedelta(days=1)
    return datetime(on.year, on.month, on.day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def a_slot(start: datetime | None = None, provider: ProviderChoice = PROVIDERS[0], price: int = 9000) -> Slot:
    begins = start or an_instant()
    return Slot(start=begins, end=begins + timedelta(minutes=30), provider_id=provider.id, price_minor=price)


def a_row(name: str = "Mira Halloran", **given: Any) -> AppointmentRow:
    """A confirmed and paid visit tomorrow at ten, in New York; its id follows from the name."""
    start = given.pop("start", an_instant())
    clinic: ClinicChoice = given.pop("clinic", CLINICS[0])
    service: ServiceChoice = given.pop("service", SERVICES[0])
    provider: ProviderChoice = given.pop("provider", PROVIDERS[0])
    total = given.pop("total", 12000)
    row = AppointmentRow(
        id=an_id(f"appointment {name}"),
        reference=f"{an_id(name).hex[:3]}-{an_id(name).hex[3:6]}".upper(),
        clinic_id=clinic.id,
        time_zone=clinic.time_zone,
        day=start.astimezone(ZoneInfo(clinic.time_zone)).date(),
        start=start,
        end=start + timedelta(minutes=service.duration_minutes),
        patient_name=name,
        service_id=service.id,
        service_name=service.name,
        provider_id=provider.id,
        provider_name=provider.name,
        status=AppointmentStatus.CONFIRMED,
        payment_status=PaymentStatus.SUCCEEDED,
        total_minor=total,
        paid_minor=total,
        refunded_minor=0,
        currency=clinic.currency,
        currency_exponent=clinic.currency_exponent,
        source=BookingSource.WEB,
        expires_at=None,
        rescheduled=False,
    )
    return msgspec.structs.replace(row, **given)


def a_detail(row: AppointmentRow | None = None, **given: Any) -> AppointmentDetail:
    row = row or a_row()
    first, _, last = row.patient_name.partition(" ")
    booked_at = row.start - timedelta(days=2, minutes=13)
    detail = AppointmentDetail(
        row=row,
        clinic_name=next(clinic.name for clinic in CLINICS if clinic.id == row.clinic_id),
        mode=VisitMode.REMOTE,
        revision=0,
        rescheduled_from=None,
        patient_id=None,
        first_name=first,
        last_name=last,
        email=f"{first.lower()}@example.test",
        mobile="+12125550147",
        sms_consent=True,
        consent_version="1",
        consent_at=booked_at,
        consent_source="booking page",
        note=None,
        patient_time_zone=None,
        cancellation_cause=None,
        cancellation_reason=None,
        canceled_by=None,
        canceled_at=None,
        policy="Free cancellation until 24 hours before.",
        price_minor=row.total_minor,
        tax_minor=0,
        discount_minor=0,
        refundable_minor=row.paid_minor - row.refunded_minor,
        manage_url="http://127.0.0.1:8100/visit/4f1c9a",
        meeting=MeetingLine(
            status=MeetingStatus.READY,
            vendor="zoom",
            external_id="81234567890",
            join_url="https://zoom.example.test/j/81234567890",
            host_url=None,
            error=None,
        ),
        payments=[a_payment(row, booked_at)] if row.paid_minor else [],
        refunds=[a_refund(row, booked_at)] if row.refunded_minor else [],
        ledger=[],
        messages=some_messages(row, booked_at),
        activity=[
            an_activity(EventKind.APPOINTMENT_CREATED, booked_at, "Patient", 1),
            an_activity(EventKind.APPOINTMENT_DETAILED, booked_at + timedelta(minutes=2), "Patient", 2),
            an_activity(EventKind.APPOINTMENT_PAID, booked_at + timedelta(minutes=4), "Stripe", 3),
            an_activity(EventKind.MESSAGE_DELIVERED, booked_at + timedelta(minutes=5), "System", 4),
        ],
    )
    return msgspec.structs.replace(detail, **given)


def a_payment(row: AppointmentRow, at: datetime) -> PaymentLine:
    return PaymentLine(
        id=an_id(f"payment {row.id}"),
        processor="stripe",
        attempt=1,
        intent_id="pi_3QdemoHk2",
        amount_minor=row.total_minor,
        refunded_minor=row.refunded_minor,
        currency=row.currency,
        status=row.payment_status or PaymentStatus.SUCCEEDED,
        failure_code=None,
        created_at=at,
    )


def a_refund(row: AppointmentRow, at: datetime) -> RefundLine:
    return RefundLine(
        id=an_id(f"refund {row.id}"),
        payment_id=an_id(f"payment {row.id}"),
        amount_minor=row.refunded_minor,
        currency=row.currency,
        status=RefundStatus.SUCCEEDED,
        reason="Provider is ill",
        actor="Dana Desk",
        processor_refund_id="re_3QdemoHk2",
        failure_code=None,
        created_at=at,
        settled_at=at + timedelta(minutes=1),
    )


def some_messages(row: AppointmentRow, at: datetime) -> list[MessageLine]:
    first = row.patient_name.partition(" ")[0].lower()
    written = (
        (Audience.PATIENT, Channel.EMAIL, f"{first}@example.test", MessageStatus.DELIVERED, None),
        (Audience.PATIENT, Channel.TEXT, "+12125550147", MessageStatus.FAILED, "30003"),
        (Audience.PROVIDER, Channel.EMAIL, "provider@demo.test", MessageStatus.DELIVERED, None),
        (Audience.PROVIDER, Channel.TEXT, "+12125550199", MessageStatus.SUPPRESSED, None),
    )
    explained = {
        MessageStatus.FAILED: "The handset is unreachable.",
        MessageStatus.SUPPRESSED: "Quiet hours until 08:00.",
    }
    return [
        MessageLine(
            id=an_id(f"{row.id} {audience} {channel}"),
            kind=MessageKind.CONFIRMATION,
            audience=audience,
            channel=channel,
            recipient=recipient,
            status=status,
            due_at=at,
            sent_at=at if status is MessageStatus.DELIVERED else None,
            attempts=1,
            error_code=error,
            explanation=explained.get(status),
            subject="Your visit is confirmed",
            body=None,
        )
        for audience, channel, recipient, status, error in written
    ]


def an_activity(kind: EventKind, at: datetime, actor: str, number: int) -> ActivityLine:
    return ActivityLine(cursor=str(number), at=at, kind=kind.value, actor=actor, before=None, after=None)


_PEOPLE = [
    "Mira Halloran",
    "Jonas Weil",
    "Adaeze Obi",
    "Carlos Mendes",
    "Ingrid Dahl",
    "Samuel Osei",
    "Yuki Tanaka",
    "Priyanka Rao",
    "Noor Haddad",
    "Elif Kaya",
    "Björn Åkesson",
    "Marta Wiśniewska",
    "Oluwaseun Adeyemi",
    "Grace Kimani",
    "Theo Lambert",
    "Ana Sousa",
    "Liam O'Connor",
    "Fatima Zahra",
    "Wei Chen",
    "Sofia Rossi",
    "Daniel Novak",
    "Hannah Berg",
    "Rahul Iyer",
    "Zanele Dube",
]
_STATES = (
    (AppointmentStatus.CONFIRMED, PaymentStatus.SUCCEEDED),
    (AppointmentStatus.CONFIRMED, PaymentStatus.SUCCEEDED),
    (AppointmentStatus.PENDING_PAYMENT, PaymentStatus.PROCESSING),
    (AppointmentStatus.CONFIRMED, None),
    (AppointmentStatus.CANCELED, PaymentStatus.REFUNDED),
    (AppointmentStatus.CONFIRMED, PaymentStatus.PARTIALLY_REFUNDED),
    (AppointmentStatus.DRAFT, None),
    (AppointmentStatus.PENDING_PAYMENT, PaymentStatus.FAILED),
    (AppointmentStatus.CONFIRMED, PaymentStatus.DISPUTED),
    (AppointmentStatus.IN_PROGRESS, PaymentStatus.SUCCEEDED),
    (AppointmentStatus.COMPLETED, PaymentStatus.SUCCEEDED),
    (AppointmentStatus.NO_SHOW, PaymentStatus.SUCCEEDED),
)


def a_busy_fortnight(count: int = 260) -> list[AppointmentRow]:
    """Visits of every state over the next fortnight in both clinics."""
    rows = []
    for at in range(count):
        clinic = CLINICS[0 if at % 4 else 1]
        status, payment = _STATES[at % len(_STATES)]
        total = 4500 + 1500 * (at % 7)
        paid = payment not in (None, PaymentStatus.PROCESSING, PaymentStatus.FAILED)
        refunded = {PaymentStatus.REFUNDED: total, PaymentStatus.PARTIALLY_REFUNDED: total // 3}.get(payment, 0)
        day = today() + timedelta(days=at % 14)
        person = _PEOPLE[at % len(_PEOPLE)]
        row = a_row(
            person,
            clinic=clinic,
            service=SERVICES[at % len(SERVICES)],
            provider=PROVIDERS[at % len(PROVIDERS)],
            start=an_instant(day, 8 + (at // 14) % 9, 30 * (at % 2), clinic.time_zone),
            total=total,
            id=an_id(f"visit {at}"),
            reference=f"{an_id(str(at)).hex[:3]}-{an_id(str(at)).hex[3:6]}".upper(),
            status=status,
            payment_status=payment,
            paid_minor=total if paid else 0,
            refunded_minor=refunded,
            source=BookingSource.PHONE if at % 5 == 0 else BookingSource.WEB,
            patient_name="" if status is AppointmentStatus.DRAFT else person,
            rescheduled=at % 17 == 0,
        )
        rows.append(row)
    return rows
