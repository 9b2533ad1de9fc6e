"""The patient's own view of one visit, reached by its token and by nothing else."""

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from server.db.session import Database
from server.db.tables import (
    Appointment,
    Clinic,
    Message,
    Payment,
    Provider,
    Service,
    VideoMeeting,
)
from server.domain.errors import NotFoundError
from server.domain.links import Links
from server.domain.masking import masked_email, masked_mobile
from server.domain.policies import policy_sentence, tiers_from
from server.domain.tokens import read_visit_token
from shared.schemas.booking import VisitView
from shared.schemas.enums import (
    AppointmentStatus,
    Audience,
    MeetingStatus,
    MessageStatus,
    PaymentStatus,
    VisitMode,
)

_GONE = "There is no visit at this address."


async def appointment_of(db: Database, links: Links, token: str) -> UUID:
    """The appointment that a patient's token opens. Raises NotFoundError for a forged or revoked one."""
    read = read_visit_token(links.keyring, token)
    if read is not None:
        async with db.read.connect() as connection:
            serial = (
                await connection.execute(select(Appointment.token_serial).where(Appointment.id == read[0]))
            ).scalar_one_or_none()
        if serial == read[1]:
            return read[0]
    raise NotFoundError(_GONE, next_step="Use the newest link that you were sent, or book again.")


async def visit_view(db: Database, links: Links, appointment_id: UUID) -> VisitView:
    """Everything the patient's page shows. Contacts are masked; the join link is there once it is confirmed."""
    reached = (MessageStatus.SENT, MessageStatus.DELIVERED)
    messages_sent = (
        select(func.count())
        .where(
            Message.appointment_id == Appointment.id,
            Message.audience == Audience.PATIENT,
            Message.status.in_(reached),
        )
        .scalar_subquery()
    )
    paid, refunded = (
        select(func.coalesce(func.sum(column), 0)).where(Payment.appointment_id == Appointment.id).scalar_subquery()
        for column in (Payment.captured_minor, Payment.refunded_minor)
    )
    statement = (
        select(
            Appointment,
            Clinic.slug,
            Clinic.name.label("clinic_name"),
            Clinic.phone.label("clinic_phone"),
            Clinic.address.label("clinic_address"),
            Clinic.time_zone,
            Clinic.currency_exponent,
            Service.name.label("service_name"),
            Service.mode,
            Service.refund_tiers,
            Provider.name.label("provider_name"),
            VideoMeeting.status.label("meeting_status"),
            messages_sent.label("messages_sent"),
            paid.label("paid_minor"),
            refunded.label("refunded_minor"),
        )
        .join(Clinic, Clinic.id == Appointment.clinic_id)
        .join(Service, Service.id == Appointment.service_id)
        .join(Provider, Provider.id == Appointment.provider_id)
        .outerjoin(VideoMeeting, VideoMeeting.appointment_id == Appointment.id)
        .where(Appointment.id == appointment_id)
    )
    async with db.read.connect() as connection:
        row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise NotFoundError(_GONE)
    zone = ZoneInfo(row.time_zone)
    joinable = row.status == AppointmentStatus.CONFIRMED and row.meeting_status == MeetingStatus.READY
    remote = row.mode == VisitMode.REMOTE
    return VisitView(
        appointment_id=row.id,
        reference=row.reference,
        status=AppointmentStatus(row.status),
        payment_status=None if row.payment_status is None else PaymentStatus(row.payment_status),
        clinic_slug=row.slug,
        clinic_name=row.clinic_name,
        clinic_phone=row.clinic_phone,
        clinic_address=row.clinic_address,
        time_zone=row.time_zone,
        patient_time_zone=row.patient_time_zone if remote else None,
        service_id=row.service_id,
        service_name=row.service_name,
        mode=VisitMode(row.mode),
        provider_id=row.provider_id,
        provider_name=row.provider_name,
        start=row.starts_at.astimezone(zone),
        end=row.ends_at.astimezone(zone),
        expires_at=row.expires_at,
        patient_first_name=row.first_name,
        email_masked=masked_email(row.email) if row.email else None,
        mobile_masked=masked_mobile(row.mobile) if row.mobile else None,
        sms_consent=row.sms_consent,
        total_minor=row.total_minor,
        paid_minor=int(row.paid_minor),
        refunded_minor=int(row.refunded_minor),
        currency=row.currency,
        currency_exponent=row.currency_exponent,
        join_url=links.join(row.id, row.token_serial) if joinable else None,
        policy=policy_sentence(tiers_from(row.refund_tiers)),
        cancellation_cause=row.cancellation_cause,
        messages_sent=row.messages_sent,
    )
