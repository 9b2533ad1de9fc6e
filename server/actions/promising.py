"""Turn events into jobs, and keep book of which are done. Nothing is lost with the queue: the rows are the promise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert

from server.db.ids import new_id
from server.db.reads.events import START, Cursor, events_after
from server.db.session import Database
from server.db.tables import EventCursor, Job
from server.db.unit_of_work import SYSTEM, unit_of_work
from shared.schemas.enums import EventKind

READER = "dispatch"
BATCH = 500
LEASE_SECONDS = 120
MOST_ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class DueJob:
    id: UUID
    name: str
    appointment_id: UUID | None
    attempts: int


async def dispatch_events(db: Database, reactions: Mapping[EventKind, Sequence[str]]) -> int:
    """Write a job row for each reaction to each new event, and move on: in one transaction. Returns how many
    events were read; BATCH means that there may be more."""
    async with unit_of_work(db, SYSTEM) as work:
        await work.connection.execute(
            postgres_insert(EventCursor).values(reader=READER, xid=START.xid, seq=START.seq).on_conflict_do_nothing()
        )
        at = (
            await work.connection.execute(
                select(EventCursor.xid, EventCursor.seq).where(EventCursor.reader == READER).with_for_update()
            )
        ).one()
        events = await events_after(work.connection, Cursor(at.xid, at.seq), BATCH)
        if not events:
            return 0
        jobs = [
            {
                "id": new_id(),
                "event_seq": event.cursor.seq,
                "name": name,
                "appointment_id": event.appointment_id,
                "status": "queued",
                "due_at": work.now,
            }
            for event in events
            for name in reactions[event.kind]
        ]
        if jobs:
            await work.connection.execute(postgres_insert(Job).on_conflict_do_nothing(), jobs)
        last = events[-1].cursor
        await work.connection.execute(
            update(EventCursor).where(EventCursor.reader == READER).values(xid=last.xid, seq=last.seq)
        )
        return len(events)


def _is_due() -> Any:
    now = func.frontdesk_now()
    return or_(
        and_(Job.status == "queued", Job.due_at <= now),
        and_(Job.status == "running", Job.lease_until <= now),
    )


async def due_jobs(db: Database, limit: int = 200) -> list[UUID]:
    """Jobs whose time has come, oldest first; also those whose worker died."""
    async with db.read.connect() as connection:
        rows = await connection.execute(select(Job.id).where(_is_due()).order_by(Job.due_at).limit(limit))
        return list(rows.scalars())


async def claim_job(db: Database, job_id: UUID) -> DueJob | None:
    """Lease the job, or None when somebody else has it or it is done."""
    async with unit_of_work(db, SYSTEM) as work:
        row = (
            await work.connection.execute(
                update(Job)
                .where(Job.id == job_id, _is_due())
                .values(
                    status="running",
                    lease_until=work.now + timedelta(seconds=LEASE_SECONDS),
                    attempts=Job.attempts + 1,
                )
                .returning(Job.id, Job.name, Job.appointment_id, Job.attempts)
            )
        ).one_or_none()
    return None if row is None else DueJob(*row)


async def finish_job(db: Database, job: DueJob, error: str | None = None) -> None:
    """Done, or to be tried again after a growing pause; after the last attempt it stands as failed, for people."""
    async with unit_of_work(db, SYSTEM) as work:
        given_up = job.attempts >= MOST_ATTEMPTS
        await work.connection.execute(
            update(Job)
            .where(Job.id == job.id, Job.status == "running")
            .values(
                status="done" if error is None else "failed" if given_up else "queued",
                due_at=work.now + timedelta(seconds=min(2**job.attempts, 600)),
                lease_until=None,
                error=error,
            )
        )
        work.wake_others()
