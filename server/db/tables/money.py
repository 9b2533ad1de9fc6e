"""Payments, refunds, and the append-only ledger whose sums are the only sales figures."""

from datetime import date, datetime
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
from sqlalchemy.orm import Mapped, mapped_column

from server.db.tables.metadata import Created, Key, Minor, Row, one_of
from shared.schemas.enums import PaymentStatus, RefundStatus


class Payment(Row):
    """One attempt to collect an appointment's total. Its id is in the processor's key and metadata."""

    __tablename__ = "payments"
    __table_args__ = (
        one_of("status", PaymentStatus),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint(
            "0 <= captured_minor AND captured_minor <= amount_minor",
            name="captured_within_amount",
        ),
        CheckConstraint(
            "0 <= refunded_minor AND refunded_minor <= captured_minor",
            name="refunded_within_captured",
        ),
        CheckConstraint(
            "(status IN ('succeeded','partially_refunded','refunded','disputed')) = (captured_minor > 0)",
            name="captured_when_succeeded",
        ),
        UniqueConstraint("appointment_id", "attempt"),
        Index(
            "uq_payments_one_live",
            "appointment_id",
            unique=True,
            postgresql_where=text("status IN ('initiated', 'processing', 'failed')"),
        ),
        Index(
            "ix_payments_open",
            "created_at",
            postgresql_where=text("status IN ('initiated', 'processing', 'failed')"),
        ),
    )

    id: Mapped[Key]
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.id"))
    processor: Mapped[str]
    attempt: Mapped[int]
    intent_id: Mapped[str | None] = mapped_column(unique=True)
    status: Mapped[str]
    amount_minor: Mapped[Minor]
    captured_minor: Mapped[Minor] = mapped_column(default=0)
    refunded_minor: Mapped[Minor] = mapped_column(default=0)
    currency: Mapped[str]
    failure_code: Mapped[str | None]
    created_at: Mapped[Created]


class Refund(Row):
    """Money on its way back. Done when the processor says so."""

    __tablename__ = "refunds"
    __table_args__ = (
        one_of("status", RefundStatus),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("ix_refunds_open", "created_at", postgresql_where=text("status = 'pending'")),
    )

    id: Mapped[Key]
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"), index=True)
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.id"), index=True)
    status: Mapped[str]
    amount_minor: Mapped[Minor]
    currency: Mapped[str]
    reason: Mapped[str]
    actor: Mapped[str]
    processor_refund_id: Mapped[str | None] = mapped_column(unique=True)
    failure_code: Mapped[str | None]
    created_at: Mapped[Created]
    settled_at: Mapped[datetime | None]


class LedgerEntry(Row):
    """One line of one transaction; a deferred trigger demands that each transaction's lines sum to zero,
    another refuses every UPDATE and DELETE."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
        CheckConstraint("account IN ('processor', 'sales')", name="account_known"),
        CheckConstraint("kind IN ('charge', 'refund')", name="kind_known"),
        UniqueConstraint("source", "account"),
        Index(
            "ix_ledger_entries_sales",
            "day",
            "currency",
            postgresql_where=text("account = 'sales'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    transaction_id: Mapped[UUID] = mapped_column(index=True)
    source: Mapped[str]
    """`charge:<payment>` or `refund:<refund>`: unique per account, so nothing is ever posted twice."""
    kind: Mapped[str]
    account: Mapped[str]
    amount_minor: Mapped[Minor]
    currency: Mapped[str]
    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.id"))
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.id"), index=True)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    day: Mapped[date]
    """The clinic's calendar day on which the money moved."""
    at: Mapped[Created]
