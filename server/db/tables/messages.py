"""Messages: written before they are sent, one row for each recipient and channel."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db.tables.metadata import Created, Key, Row, one_of
from shared.schemas.enums import Audience, Channel, MessageKind, MessageStatus


class Message(Row):
    """The unique key is what keeps anybody from being told the same thing twice.

    `copy` is 0 for the message itself; a resend that somebody asked for takes the next number.
    """

    __tablename__ = "messages"
    __table_args__ = (
        one_of("kind", MessageKind),
        one_of("audience", Audience),
        one_of("channel", Channel),
        one_of("status", MessageStatus),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        CheckConstraint(
            "(status = 'sending') = (lease_until IS NOT NULL)",
            name="lease_while_sending",
        ),
        UniqueConstraint(
            "appointment_id",
            "revision",
            "kind",
            "audience",
            "channel",
            "recipient",
            "copy",
        ),
        Index(
            "ix_messages_due",
            "due_at",
            postgresql_where=text("status IN ('queued', 'sending')"),
        ),
    )

    id: Mapped[Key]
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.id"))
    revision: Mapped[int]
    kind: Mapped[str]
    audience: Mapped[str]
    channel: Mapped[str]
    recipient: Mapped[str]
    copy: Mapped[int] = mapped_column(default=0)
    language: Mapped[str] = mapped_column(default="en")
    status: Mapped[str] = mapped_column(default=MessageStatus.QUEUED.value)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    provider_message_id: Mapped[str | None]
    error_code: Mapped[str | None]
    explanation: Mapped[str | None]
    subject: Mapped[str | None]
    body: Mapped[str | None]
    created_at: Mapped[Created]


class TextOptOut(Row):
    """A number that has said STOP. It counts for every patient behind it, until START."""

    __tablename__ = "text_opt_outs"

    mobile: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    at: Mapped[Created]
