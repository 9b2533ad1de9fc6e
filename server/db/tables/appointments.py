"""Patients, and the appointments that snapshot their contact."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.orm import Mapped, mapped_column

from server.db.tables.metadata import Created, Key, Minor, Row, one_of
from shared.schemas.enums import (
    AppointmentStatus,
    BookingSource,
    CancellationCause,
    MeetingStatus,
    PaymentStatus,
)


class Patient(Row):
    """A person. A shared e-mail or number never makes two people one."""

    __tablename__ = "patients"
    __table_args__ = (Index("ix_patients_contact", "email", "mobile"),)

    id: Mapped[Key]
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str | None] = mapped_column(CITEXT)
    mobile: Mapped[str | None]
    """E.164."""
    created_at: Mapped[Created]


class Appointment(Row):
    """A visit from hold to end. The contact and the price are frozen here; the ledger has the money itself."""

    __tablename__ = "appointments"
    __table_args__ = (
        one_of("status", AppointmentStatus),
        one_of("source", BookingSource),
        one_of("payment_status", PaymentStatus),
        one_of("cancellation_cause", CancellationCause),
        CheckConstraint("starts_at < ends_at", name="times_ordered"),
        CheckConstraint("revision >= 0", name="revision_not_negative"),
        CheckConstraint(
            "price_minor >= 0 AND discount_minor >= 0 AND tax_minor >= 0"
            " AND total_minor = price_minor - discount_minor + tax_minor AND total_minor >= 0",
            name="price_adds_up",
        ),
        CheckConstraint(
            "(status = 'canceled') = (canceled_at IS NOT NULL)",
            name="canceled_has_time",
        ),
        CheckConstraint(
            "(status = 'canceled') = (cancellation_cause IS NOT NULL)",
            name="canceled_has_cause",
        ),
        CheckConstraint(
            "status IN ('draft', 'canceled') OR (first_name IS NOT NULL AND last_name IS NOT NULL"
            " AND patient_id IS NOT NULL AND (email IS NOT NULL OR mobile IS NOT NULL))",
            name="has_contact_once_detailed",
        ),
        CheckConstraint(
            "NOT sms_consent OR (mobile IS NOT NULL AND consent_at IS NOT NULL)",
            name="consent_recorded",
        ),
        CheckConstraint(
            "(status IN ('draft', 'pending_payment')) = (expires_at IS NOT NULL)",
            name="only_holds_expire",
        ),
        Index("ix_appointments_list", "starts_at", "id"),
        Index("ix_appointments_day", "day", "starts_at"),
        Index("ix_appointments_provider", "provider_id", "starts_at"),
        Index(
            "ix_appointments_search",
            "search",
            postgresql_using="gin",
            postgresql_ops={"search": "gin_trgm_ops"},
        ),
        Index(
            "ix_appointments_expires",
            "expires_at",
            postgresql_where=text("expires_at IS NOT NULL"),
        ),
    )

    id: Mapped[Key]
    reference: Mapped[str] = mapped_column(unique=True)
    token_serial: Mapped[int] = mapped_column(default=0)
    """Part of the patient's link; raising it revokes every link handed out before."""
    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.id"))
    service_id: Mapped[UUID] = mapped_column(ForeignKey("services.id"))
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"))
    patient_id: Mapped[UUID | None] = mapped_column(ForeignKey("patients.id"), index=True)
    status: Mapped[str]
    payment_status: Mapped[str | None]
    source: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    day: Mapped[date]
    """The visit's calendar day in the clinic's zone: filters and reports by day need no zone arithmetic."""
    revision: Mapped[int] = mapped_column(default=0)
    rescheduled_from: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]

    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    email: Mapped[str | None] = mapped_column(CITEXT)
    mobile: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="en")
    patient_time_zone: Mapped[str | None]
    note: Mapped[str | None]
    sms_consent: Mapped[bool] = mapped_column(default=False)
    consent_version: Mapped[str | None]
    consent_at: Mapped[datetime | None]
    consent_source: Mapped[str | None]
    search: Mapped[str] = mapped_column(default="")
    """Lower-case name, reference, e-mail and number in one line, for the list's text filter (pg_trgm)."""

    currency: Mapped[str]
    price_minor: Mapped[Minor]
    discount_minor: Mapped[Minor] = mapped_column(default=0)
    tax_minor: Mapped[Minor] = mapped_column(default=0)
    total_minor: Mapped[Minor]

    canceled_at: Mapped[datetime | None]
    canceled_by: Mapped[str | None]
    cancellation_cause: Mapped[str | None]
    cancellation_reason: Mapped[str | None]
    created_at: Mapped[Created]


class VideoMeeting(Row):
    """The vendor's meeting of a remote visit. The row is the promise to make it; the vendor's answer fills it."""

    __tablename__ = "meetings"
    __table_args__ = (one_of("status", MeetingStatus),)

    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointments.id"), primary_key=True)
    vendor: Mapped[str]
    status: Mapped[str]
    host: Mapped[str]
    external_id: Mapped[str | None]
    join_url: Mapped[str | None]
    error: Mapped[str | None]
    created_at: Mapped[Created]
