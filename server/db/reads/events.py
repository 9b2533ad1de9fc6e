"""Events in an order that skips nothing: by (transaction, sequence), below the oldest transaction still open.

Sequence numbers are handed out before commit. A reader that goes by them alone passes a number whose transaction
is still open and never comes back. So readers stop below `pg_snapshot_xmin`: everything under it has ended.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, literal_column, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.tables import Event
from server.db.tables.events import Xid8
from shared.schemas.enums import EventKind


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """The position after an event."""

    xid: int
    seq: int

    def __str__(self) -> str:
        return f"{self.xid}-{self.seq}"

    @classmethod
    def read(cls, written: str) -> "Cursor | None":
        """From its written form; None for anything else."""
        xid, _, seq = written.partition("-")
        if not (xid.isascii() and xid.isdigit() and seq.isascii() and seq.isdigit()) or len(written) > 40:
            return None
        cursor = cls(int(xid), int(seq))
        return cursor if cursor.xid < 2**64 and cursor.seq < 2**63 else None


START = Cursor(0, 0)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event as the followers of the stream need it."""

    cursor: Cursor
    kind: EventKind
    at: datetime
    appointment_id: UUID | None
    clinic_id: UUID | None


async def events_after(connection: AsyncConnection, cursor: Cursor, limit: int) -> list[Recorded]:
    """The next events after `cursor`, oldest first."""
    settled = func.pg_snapshot_xmin(func.pg_current_snapshot(), type_=Xid8())
    rows = await connection.execute(
        select(
            Event.xid,
            Event.seq,
            Event.kind,
            Event.at,
            Event.appointment_id,
            Event.clinic_id,
        )
        .where(
            Event.xid < settled,
            tuple_(Event.xid, Event.seq) > tuple_(_xid8(cursor.xid), literal_column(str(cursor.seq))),
        )
        .order_by(Event.xid, Event.seq)
        .limit(limit)
    )
    return [
        Recorded(
            Cursor(row.xid, row.seq),
            EventKind(row.kind),
            row.at,
            row.appointment_id,
            row.clinic_id,
        )
        for row in rows
    ]


async def newest_cursor(connection: AsyncConnection) -> Cursor:
    """The position after everything that has settled by now."""
    row = (
        await connection.execute(
            text(
                "SELECT xid, seq FROM events WHERE xid < pg_snapshot_xmin(pg_current_snapshot())"
                " ORDER BY xid DESC, seq DESC LIMIT 1"
            ).columns(xid=Xid8())
        )
    ).one_or_none()
    return START if row is None else Cursor(row.xid, row.seq)


async def events_between(connection: AsyncConnection, cursor: Cursor, end: Cursor) -> int:
    """How many events lie after `cursor` up to `end`: whether replaying them is worth it."""
    return (
        await connection.execute(
            select(func.count())
            .select_from(Event)
            .where(
                tuple_(Event.xid, Event.seq) > tuple_(_xid8(cursor.xid), literal_column(str(cursor.seq))),
                tuple_(Event.xid, Event.seq) <= tuple_(_xid8(end.xid), literal_column(str(end.seq))),
            )
        )
    ).scalar_one()


def _xid8(value: int) -> "object":
    # asyncpg binds xid8 as text-like input; the number is ours and checked, so it is written out.
    return literal_column(f"'{int(value)}'::xid8", Xid8())
