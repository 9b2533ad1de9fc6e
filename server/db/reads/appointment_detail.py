"""Everything about one appointment, for staff: contact, money, messages, activity."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.reads.access import note_access
from server.db.reads.appointments import as_row, row_columns
from server.db.reads.filters import visible_to
from server.db.sealing import note_row
from server.db.session import Database
from server.db.tables import (
    Appointment,
    Clinic,
    Event,
    LedgerEntry,
    Message,
    Payment,
    Refund,
    Service,
    VideoMeeting,
)
from server.domain.errors import NotFoundError
from server.domain.links import Links
from server.domain.permissions import Viewer
from server.domain.policies import policy_sentence, tiers_from
from server.domain.pricing import refundable
from shared.schemas.appointments import (
    ActivityLine,
    AppointmentDetail,
    LedgerLine,
    MeetingLine,
    MessageLine,
    PaymentLine,
    RefundLine,
)
from shared.schemas.enums import (
    Audience,
    Channel,
    MeetingStatus,
    MessageKind,
    MessageStatus,
    PaymentStatus,
    RefundStatus,
    Role,
    Verb,
    VisitMode,
)


async def appointment_detail(db: Database, links: Links, viewer: Viewer, appointment_id: UUID) -> AppointmentDetail:
    """The whole of one appointment. Raises ForbiddenError; NotFoundError also for one that is not theirs to see."""
    viewer.require(Verb.VIEW_APPOINTMENT)
    async with db.read.connect() as connection:
        found = (
            await connection.execute(row_columns().where(Appointment.id == appointment_id, *visible_to(viewer)))
        ).one_or_none()
        if found is None:
            raise NotFoundError(
                "There is no such appointment.",
                next_step="Go back to the list and reload it.",
            )
        visit = await _visit(connection, appointment_id)
        payments = await _lines(connection, Payment, appointment_id)
        refunds = await _lines(connection, Refund, appointment_id)
        ledger = await _lines(connection, LedgerEntry, appointment_id)
        messages = await _lines(connection, Message, appointment_id)
        activity = await _lines(connection, Event, appointment_id)
        meeting = (await _lines(connection, VideoMeeting, appointment_id) or [None])[0]
    await note_access(db, viewer, "opened", appointment_id=appointment_id, patient_id=visit.patient_id)
    sees_all = viewer.role is not Role.PROVIDER
    pending = sum(row.amount_minor for row in refunds if row.status == RefundStatus.PENDING)
    captured = sum(row.captured_minor for row in payments)
    returned = sum(row.refunded_minor for row in payments)
    return AppointmentDetail(
        row=as_row(found),
        clinic_name=visit.clinic_name,
        mode=VisitMode(visit.mode),
        revision=visit.revision,
        rescheduled_from=visit.rescheduled_from,
        patient_id=visit.patient_id,
        first_name=visit.first_name,
        last_name=visit.last_name,
        email=visit.email,
        mobile=visit.mobile,
        sms_consent=visit.sms_consent,
        consent_version=visit.consent_version,
        consent_at=visit.consent_at,
        consent_source=visit.consent_source,
        note=None if visit.note is None else db.seals.open(visit.note, note_row(appointment_id)),
        patient_time_zone=visit.patient_time_zone,
        cancellation_cause=visit.cancellation_cause,
        cancellation_reason=visit.cancellation_reason,
        canceled_by=visit.canceled_by,
        canceled_at=visit.canceled_at,
        policy=policy_sentence(tiers_from(visit.refund_tiers)),
        price_minor=visit.price_minor,
        tax_minor=visit.tax_minor,
        discount_minor=visit.discount_minor,
        refundable_minor=refundable(captured, returned, pending),
        # Whoever holds this link acts as the patient; a provider has no need to.
        manage_url=links.visit(visit.slug, appointment_id, visit.token_serial) if sees_all else None,
        meeting=None if meeting is None else _meeting(meeting, links, appointment_id),
        payments=[_payment(row) for row in payments] if sees_all else [],
        refunds=[_refund(row) for row in refunds] if sees_all else [],
        ledger=[_ledger(row) for row in ledger] if sees_all else [],
        messages=[_message(row) for row in messages],
        activity=[_activity(row) for row in activity],
    )


async def _visit(connection: AsyncConnection, appointment_id: UUID) -> Row[*tuple[Any, ...]]:
    return (
        await connection.execute(
            select(
                Appointment,
                Clinic.slug,
                Clinic.name.label("clinic_name"),
                Service.mode,
                Service.refund_tiers,
            )
            .join(Clinic, Clinic.id == Appointment.clinic_id)
            .join(Service, Service.id == Appointment.service_id)
            .where(Appointment.id == appointment_id)
        )
    ).one()


async def _lines(connection: AsyncConnection, table: Any, appointment_id: UUID) -> Sequence[Any]:
    """All rows of one table that belong to the appointment, in the order in which they came to be."""
    order: list[Any]
    if table is Event:
        order = [Event.xid, Event.seq]
    elif table is VideoMeeting:
        order = [VideoMeeting.appointment_id]
    elif table is Message:
        order = [Message.due_at, Message.id]
    else:
        order = [table.id]
    return (
        await connection.execute(select(table).where(table.appointment_id == appointment_id).order_by(*order))
    ).all()


def _payment(row: Any) -> PaymentLine:
    return PaymentLine(
        id=row.id,
        processor=row.processor,
        attempt=row.attempt,
        intent_id=row.intent_id,
        amount_minor=row.amount_minor,
        refunded_minor=row.refunded_minor,
        currency=row.currency,
        status=PaymentStatus(row.status),
        failure_code=row.failure_code,
        created_at=row.created_at,
    )


def _refund(row: Any) -> RefundLine:
    return RefundLine(
        id=row.id,
        payment_id=row.payment_id,
        amount_minor=row.amount_minor,
        currency=row.currency,
        status=RefundStatus(row.status),
        reason=row.reason,
        actor=row.actor,
        processor_refund_id=row.processor_refund_id,
        failure_code=row.failure_code,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )


def _ledger(row: Any) -> LedgerLine:
    return LedgerLine(
        transaction_id=row.transaction_id,
        kind=row.kind,
        account=row.account,
        amount_minor=row.amount_minor,
        currency=row.currency,
        day=row.day,
        at=row.at,
    )


def _message(row: Any) -> MessageLine:
    return MessageLine(
        id=row.id,
        kind=MessageKind(row.kind),
        audience=Audience(row.audience),
        channel=Channel(row.channel),
        recipient=row.recipient,
        status=MessageStatus(row.status),
        due_at=row.due_at,
        sent_at=row.sent_at,
        attempts=row.attempts,
        error_code=row.error_code,
        explanation=row.explanation,
        subject=row.subject,
        body=row.body,
    )


def _activity(row: Any) -> ActivityLine:
    return ActivityLine(
        cursor=f"{row.xid}-{row.seq}",
        at=row.at,
        kind=row.kind,
        actor=row.actor,
        before=row.before,
        after=row.after,
    )


def _meeting(row: Any, links: Links, appointment_id: UUID) -> MeetingLine:
    return MeetingLine(
        status=MeetingStatus(row.status),
        vendor=row.vendor,
        external_id=row.external_id,
        join_url=row.join_url,
        host_url=links.host(appointment_id),
        error=row.error,
    )
