"""Events and everything that follows from them: cursors, jobs, the webhook inbox, idempotency, access lines."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from server.db.tables.metadata import Created, Key, Row, one_of
from shared.schemas.enums import ActorKind, EventKind


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id. asyncpg hands it over as an int."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


class Event(Row):
    """What happened, who did it, before and after. Append-only.

    Sequence numbers are given out before commit, so a reader going by `seq` alone would skip a slow
    transaction's event. `(xid, seq)` below `pg_snapshot_xmin` is the order that skips nothing.
    """

    __tablename__ = "events"
    __table_args__ = (
        one_of("kind", EventKind),
        one_of("actor_kind", ActorKind),
        Index("ix_events_order", "xid", "seq"),
        Index("ix_events_appointment", "appointment_id", "seq"),
    )

    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    xid: Mapped[int] = mapped_column(Xid8(), server_default=text("pg_current_xact_id()"))
    at: Mapped[Created]
    kind: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    actor: Mapped[str]
    """The name as it was then: `Dana Reyes (front_desk)`, `patient`, `stripe`, `system`."""
    clinic_id: Mapped[UUID | None]
    appointment_id: Mapped[UUID | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class EventCursor(Row):
    """How far a reader of events has come."""

    __tablename__ = "event_cursors"

    reader: Mapped[str] = mapped_column(primary_key=True)
    xid: Mapped[int] = mapped_column(Xid8())
    seq: Mapped[int] = mapped_column(BigInteger)


class Job(Row):
    """A promise that follows from an event. The queue only says "look at job N"; this row says whether it is done."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("event_seq", "name"),
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed')", name="status_known"),
        CheckConstraint(
            "(status = 'running') = (lease_until IS NOT NULL)",
            name="lease_while_running",
        ),
        Index(
            "ix_jobs_due",
            "due_at",
            postgresql_where=text("status IN ('queued', 'running')"),
        ),
    )

    id: Mapped[Key]
    event_seq: Mapped[int] = mapped_column(ForeignKey("events.seq"))
    name: Mapped[str]
    appointment_id: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(default="queued")
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None]


class WebhookInbox(Row):
    """A verified webhook, kept as received. Unique per processor and event: a repeat finds its row."""

    __tablename__ = "webhook_inbox"
    __table_args__ = (
        UniqueConstraint("processor", "event_id"),
        Index(
            "ix_webhook_inbox_open",
            "due_at",
            postgresql_where=text("processed_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    processor: Mapped[str]
    event_id: Mapped[str]
    kind: Mapped[str]
    object_id: Mapped[str]
    body: Mapped[bytes]
    received_at: Mapped[Created]
    due_at: Mapped[Created]
    attempts: Mapped[int] = mapped_column(default=0)
    processed_at: Mapped[datetime | None]
    error: Mapped[str | None]


class IdempotencyKey(Row):
    """A request that created something, and what it was answered. Written in the creating transaction."""

    __tablename__ = "idempotency_keys"

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    response: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[Created]


class AccessLine(Row):
    """Which member of staff read which patient's visit, and when."""

    __tablename__ = "access_log"
    __table_args__ = (Index("ix_access_log_appointment", "appointment_id", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[Created]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    what: Mapped[str]
    appointment_id: Mapped[UUID | None]
    patient_id: Mapped[UUID | None]
    rows: Mapped[int] = mapped_column(default=1)
