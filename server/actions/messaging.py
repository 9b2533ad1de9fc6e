"""Decide who is told: messages are written as rows, each under a key that exists once."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert

from server.actions.refunding import staff_actor
from server.db.ids import new_id
from server.db.session import Database
from server.db.tables import Appointment, Message, Provider, Refund
from server.db.unit_of_work import PATIENT, SYSTEM, Actor, Work, unit_of_work
from server.domain.errors import NotFoundError, TooManyRequestsError, WrongStateError
from server.domain.outreach import Contact, planned
from server.domain.permissions import Viewer
from shared.schemas.enums import (
    AppointmentStatus,
    Audience,
    Channel,
    EventKind,
    MessageKind,
    MessageStatus,
    RefundStatus,
    Verb,
)

RESEND_PAUSE_SECONDS = 60
MOST_COPIES = 5


async def write_messages(db: Database, appointment_id: UUID, kind: MessageKind) -> None:
    """Write the rows of one kind of message. Repeating it writes nothing: the key is unique."""
    async with unit_of_work(db, SYSTEM) as work:
        audiences = tuple(Audience)
        if kind is MessageKind.CANCELLATION and not await _was_told(work, appointment_id, Audience.PROVIDER):
            audiences = (Audience.PATIENT,)
        await _write(
            work,
            appointment_id,
            kind,
            copy=await _copy(work, appointment_id, kind),
            audiences=audiences,
        )
        work.wake_others()


async def _was_told(work: Work, appointment_id: UUID, audience: Audience) -> bool:
    """Who never heard of a visit need not hear of its end."""
    told = await work.connection.execute(
        select(Message.id)
        .where(
            Message.appointment_id == appointment_id,
            Message.kind == MessageKind.CONFIRMATION,
            Message.audience == audience,
        )
        .limit(1)
    )
    return told.first() is not None


async def _copy(work: Work, appointment_id: UUID, kind: MessageKind) -> int:
    """Each partial refund has a receipt of its own; every other kind is written once per revision."""
    if kind is not MessageKind.REFUND:
        return 0
    settled = await work.connection.execute(
        select(func.count())
        .select_from(Refund)
        .where(
            Refund.appointment_id == appointment_id,
            Refund.status == RefundStatus.SUCCEEDED,
        )
    )
    return max(settled.scalar_one() - 1, 0)


async def resend_by_patient(db: Database, appointment_id: UUID) -> int:
    """The confirmation once more, to the patient only. Returns how many messages were queued.

    Raises WrongStateError before it is confirmed, TooManyRequestsError when the last one left a moment ago.
    """
    return await _resend(db, PATIENT, appointment_id, tuple(Channel), (Audience.PATIENT,))


async def resend_by_staff(db: Database, viewer: Viewer, appointment_id: UUID, channels: Sequence[Channel]) -> int:
    """The confirmation once more, to patient and provider, over the channels chosen."""
    viewer.require(Verb.SEND_MESSAGE)
    return await _resend(db, staff_actor(viewer), appointment_id, channels, tuple(Audience))


async def _resend(
    db: Database,
    actor: Actor,
    appointment_id: UUID,
    channels: Sequence[Channel],
    audiences: Sequence[Audience],
) -> int:
    async with unit_of_work(db, actor) as work:
        row = (
            await work.connection.execute(
                select(Appointment.status, Appointment.clinic_id)
                .where(Appointment.id == appointment_id)
                .with_for_update()
            )
        ).one_or_none()
        if row is None:
            raise NotFoundError("There is no such appointment.")
        if row.status != AppointmentStatus.CONFIRMED:
            raise WrongStateError(
                "There is no confirmation to send: the appointment is not confirmed.",
                next_step="Reload to see where it stands now.",
            )
        newest, copies = (
            await work.connection.execute(
                select(
                    func.max(Message.created_at),
                    func.coalesce(func.max(Message.copy), 0),
                ).where(
                    Message.appointment_id == appointment_id,
                    Message.kind == MessageKind.CONFIRMATION,
                )
            )
        ).one()
        if copies >= MOST_COPIES:
            raise TooManyRequestsError(24 * 3600)
        if copies > 0 and work.now - newest < timedelta(seconds=RESEND_PAUSE_SECONDS):
            raise TooManyRequestsError(RESEND_PAUSE_SECONDS)
        queued = await _write(
            work,
            appointment_id,
            MessageKind.CONFIRMATION,
            copy=copies + 1,
            channels=channels,
            audiences=audiences,
        )
        work.record(
            EventKind.RESEND_REQUESTED,
            appointment_id=appointment_id,
            clinic_id=row.clinic_id,
            after={"channels": list(channels), "queued": queued},
        )
        return queued


async def _write(
    work: Work,
    appointment_id: UUID,
    kind: MessageKind,
    *,
    copy: int,
    channels: Sequence[Channel] = tuple(Channel),
    audiences: Sequence[Audience] = tuple(Audience),
) -> int:
    row = (
        await work.connection.execute(
            select(
                Appointment.revision,
                Appointment.language,
                Appointment.email,
                Appointment.mobile,
                Appointment.sms_consent,
                Provider.email.label("provider_email"),
                Provider.mobile.label("provider_mobile"),
            )
            .join(Provider, Provider.id == Appointment.provider_id)
            .where(Appointment.id == appointment_id)
        )
    ).one()
    contacts = (
        Contact(Audience.PATIENT, row.email, row.mobile, row.sms_consent),
        Contact(Audience.PROVIDER, row.provider_email, row.provider_mobile, True),
    )
    wanted = [item for item in planned(kind, contacts, channels) if item.audience in audiences]
    if not wanted:
        return 0
    await work.connection.execute(
        postgres_insert(Message).on_conflict_do_nothing(),
        [
            {
                "id": new_id(),
                "appointment_id": appointment_id,
                "revision": row.revision,
                "kind": kind,
                "audience": item.audience,
                "channel": item.channel,
                "recipient": item.recipient,
                "copy": copy,
                "language": row.language if item.audience is Audience.PATIENT else "en",
                "status": MessageStatus.SUPPRESSED if item.suppressed else MessageStatus.QUEUED,
                "explanation": item.suppressed,
                "due_at": work.now,
                "created_at": work.now,
            }
            for item in wanted
        ],
    )
    return sum(item.suppressed is None for item in wanted)
