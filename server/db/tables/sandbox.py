"""What the pretended vendors remember: objects, deliveries still due, mails and texts that arrived.

Only `server/sandbox/` writes here, and only in sandbox mode. Nothing refers to these rows by foreign key: a
real vendor's memory is not part of our database either.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from server.db.tables.metadata import Created, Key, Row


class SandboxClock(Row):
    """One row: how far `frontdesk_now()` runs ahead of the real clock, in seconds."""

    __tablename__ = "sandbox_clock"
    __table_args__ = (CheckConstraint("id", name="only_row"), CheckConstraint("offset_seconds >= 0", name="not_back"))

    id: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    offset_seconds: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class SandboxStripeObject(Row):
    """A Stripe object as the API shows it. `parent_id` is the intent of a charge, the charge of a refund, and
    the object of a balance transaction; `seq` is the order in which lists go, newest first."""

    __tablename__ = "sandbox_stripe_objects"
    __table_args__ = (Index("ix_sandbox_stripe_objects_kind", "kind", "parent_id", "seq"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    parent_id: Mapped[str | None]
    seq: Mapped[int] = mapped_column(BigInteger, Identity())
    body: Mapped[dict[str, Any]]
    created_at: Mapped[Created]


class SandboxStripeKey(Row):
    """An idempotency key, what was asked with it, and what was answered."""

    __tablename__ = "sandbox_stripe_keys"

    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int | None]
    body: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[Created]


class SandboxChange(Row):
    """Something that will happen at a vendor later: a payment settles, a refund fails, a text arrives.

    The row goes away in the transaction that makes it happen.
    """

    __tablename__ = "sandbox_changes"

    id: Mapped[Key]
    due_at: Mapped[datetime] = mapped_column(index=True)
    change: Mapped[str]
    object_id: Mapped[str]
    detail: Mapped[str | None]


class SandboxDelivery(Row):
    """One webhook on its way to us. `lease_until` is by the real clock: moving the sandbox's must not resend."""

    __tablename__ = "sandbox_deliveries"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index("ix_sandbox_deliveries_due", "due_at", postgresql_where=text("done_at IS NULL")),
    )

    id: Mapped[Key]
    vendor: Mapped[str]
    url: Mapped[str]
    payload: Mapped[str]
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    answer_status: Mapped[int | None]
    done_at: Mapped[datetime | None]


class SandboxText(Row):
    """A text at the vendor, ours or one sent to us. `message_id` is our row, read out of the callback's path."""

    __tablename__ = "sandbox_texts"
    __table_args__ = (CheckConstraint("direction IN ('outbound-api', 'inbound')", name="direction_known"),)

    sid: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, Identity())
    direction: Mapped[str]
    sender: Mapped[str]
    recipient: Mapped[str] = mapped_column(index=True)
    body: Mapped[str]
    status: Mapped[str]
    error_code: Mapped[int | None]
    status_callback: Mapped[str | None]
    message_id: Mapped[UUID | None] = mapped_column(index=True)
    created_at: Mapped[Created]
    updated_at: Mapped[Created]


class SandboxTextOptOut(Row):
    """A number that has said STOP to the vendor, who refuses (21610) until it says START."""

    __tablename__ = "sandbox_text_opt_outs"

    mobile: Mapped[str] = mapped_column(primary_key=True)


class SandboxEmail(Row):
    """A mail as it arrived, byte for byte. `message_id` is our row, read out of the Message-ID header."""

    __tablename__ = "sandbox_emails"

    id: Mapped[Key]
    message_id: Mapped[UUID | None] = mapped_column(index=True)
    sender: Mapped[str]
    recipient: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str]
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(server_default=text("frontdesk_now()"), index=True)


class SandboxGreylisted(Row):
    """An address that was put off once; the second attempt passes."""

    __tablename__ = "sandbox_greylisted"

    address: Mapped[str] = mapped_column(primary_key=True)


class SandboxMeeting(Row):
    """A video meeting. Ids have eleven digits, as the vendor's have."""

    __tablename__ = "sandbox_meetings"
    __table_args__ = (CheckConstraint("id BETWEEN 10000000000 AND 99999999999", name="eleven_digits"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    host: Mapped[str] = mapped_column(index=True)
    topic: Mapped[str]
    agenda: Mapped[str]
    starts_at: Mapped[datetime]
    minutes: Mapped[int]
    time_zone: Mapped[str]
    password: Mapped[str]
    created_at: Mapped[Created]


class SandboxZoomToken(Row):
    """An access token that was handed out, with its end by the sandbox's clock."""

    __tablename__ = "sandbox_zoom_tokens"

    token: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
