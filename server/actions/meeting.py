"""The video meeting of a remote visit: made after it is confirmed, deleted when it is canceled, opened by its host."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert

from server.db.session import Database
from server.db.tables import Appointment, Clinic, Provider, Service, VideoMeeting
from server.db.unit_of_work import SYSTEM, Work, unit_of_work
from server.domain.errors import GatewayTroubleError, NotFoundError
from server.domain.permissions import Viewer
from server.gateways.errors import GatewayError, GatewayRefusedError
from server.gateways.video import MeetingRooms
from shared.schemas.enums import (
    AppointmentStatus,
    EventKind,
    MeetingStatus,
    Role,
    Verb,
    VisitMode,
)


async def make_meeting(db: Database, rooms: MeetingRooms, appointment_id: UUID) -> None:
    """Make the meeting if the visit is remote, confirmed, and has none. Safe to repeat: the vendor finds it by tag.

    Raises GatewayUnavailableError or OutcomeUnknownError to be tried again; a refusal is written down for the desk.
    """
    async with unit_of_work(db, SYSTEM) as work:
        row = (
            await work.connection.execute(
                select(
                    Appointment.starts_at, Appointment.clinic_id, Service.duration_minutes, Clinic.time_zone, Provider.email
                )
                .join(Service, Service.id == Appointment.service_id)
                .join(Clinic, Clinic.id == Appointment.clinic_id)
                .join(Provider, Provider.id == Appointment.provider_id)
                .where(
                    Appointment.id == appointment_id,
                    Appointment.status == AppointmentStatus.CONFIRMED,
                    Service.mode == VisitMode.REMOTE,
                )
            )
        ).one_or_none()  # fmt: skip
        if row is None:
            return
        status = (
            await work.connection.execute(
                postgres_insert(VideoMeeting)
                .values(
                    appointment_id=appointment_id,
                    vendor=rooms.name,
                    status=MeetingStatus.WANTED,
                    host=row.email,
                )
                .on_conflict_do_update(
                    index_elements=[VideoMeeting.appointment_id],
                    set_={"host": VideoMeeting.host},
                )
                .returning(VideoMeeting.status)
            )
        ).scalar_one()
    if status == MeetingStatus.READY:
        return
    try:
        meeting = await rooms.create(
            host=row.email,
            starts_at=row.starts_at,
            minutes=row.duration_minutes,
            time_zone=row.time_zone,
            tag=str(appointment_id),
        )
    except GatewayRefusedError as error:
        async with unit_of_work(db, SYSTEM) as work:
            await _set(
                work,
                appointment_id,
                status=MeetingStatus.FAILED,
                error=f"{error.code}: {error.detail}"[:300],
            )
            work.record(
                EventKind.MEETING_FAILED,
                appointment_id=appointment_id,
                clinic_id=row.clinic_id,
                after={"error_code": error.code},
            )
        return
    async with unit_of_work(db, SYSTEM) as work:
        await _set(
            work,
            appointment_id,
            status=MeetingStatus.READY,
            external_id=meeting.id,
            join_url=meeting.join_url,
            error=None,
        )
        work.record(
            EventKind.MEETING_READY,
            appointment_id=appointment_id,
            clinic_id=row.clinic_id,
            after={"vendor": rooms.name, "meeting": meeting.id},
        )


async def delete_meeting(db: Database, rooms: MeetingRooms, appointment_id: UUID) -> None:
    """Delete the meeting of a canceled visit at its vendor. Raises GatewayError to be tried again."""
    async with db.read.connect() as connection:
        external_id = (
            await connection.execute(
                select(VideoMeeting.external_id)
                .join(Appointment, Appointment.id == VideoMeeting.appointment_id)
                .where(
                    VideoMeeting.appointment_id == appointment_id,
                    VideoMeeting.status == MeetingStatus.READY,
                    Appointment.status == AppointmentStatus.CANCELED,
                )
            )
        ).scalar_one_or_none()
    if external_id is None:
        return
    await rooms.delete(external_id)
    async with unit_of_work(db, SYSTEM) as work:
        await _set(work, appointment_id, status=MeetingStatus.DELETED)


async def _set(work: Work, appointment_id: UUID, **values: object) -> None:
    await work.connection.execute(
        update(VideoMeeting).where(VideoMeeting.appointment_id == appointment_id).values(**values)
    )


async def host_link(db: Database, rooms: MeetingRooms, viewer: Viewer, appointment_id: UUID) -> str:
    """A fresh link that starts the meeting, for the visit's own provider (or an administrator).

    It is a credential: fetched at the click, kept nowhere. Raises ForbiddenError, NotFoundError while there is no
    meeting, GatewayTroubleError.
    """
    if viewer.role is not Role.ADMIN:
        viewer.require(Verb.HOST_VISIT)
    async with db.read.connect() as connection:
        row = (
            await connection.execute(
                select(VideoMeeting.external_id, Appointment.provider_id)
                .join(Appointment, Appointment.id == VideoMeeting.appointment_id)
                .where(
                    VideoMeeting.appointment_id == appointment_id,
                    VideoMeeting.status == MeetingStatus.READY,
                )
            )
        ).one_or_none()
    if row is None or (viewer.role is Role.PROVIDER and row.provider_id != viewer.provider_id):
        raise NotFoundError(
            "There is no meeting of yours here (yet).",
            next_step="Check the link, or try again in a minute.",
        )
    try:
        return await rooms.start_url(row.external_id)
    except GatewayError as error:
        raise GatewayTroubleError from error


async def join_link(db: Database, appointment_id: UUID) -> str | None:
    """Where the patient joins; None while the meeting is not ready."""
    async with db.read.connect() as connection:
        return (
            await connection.execute(
                select(VideoMeeting.join_url)
                .join(Appointment, Appointment.id == VideoMeeting.appointment_id)
                .where(
                    VideoMeeting.appointment_id == appointment_id,
                    VideoMeeting.status == MeetingStatus.READY,
                    Appointment.status.in_([AppointmentStatus.CONFIRMED, AppointmentStatus.IN_PROGRESS]),
                )
            )
        ).scalar_one_or_none()
