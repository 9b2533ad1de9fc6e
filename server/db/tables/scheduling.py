"""What makes time scarce: resources, their hours, their absences, and claims on them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import CITEXT, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db.tables.metadata import Key, Row, Span, one_of
from shared.schemas.enums import ResourceKind


class Resource(Row):
    """Something that only one visit can have at a time: a provider, later a room or a device."""

    __tablename__ = "resources"
    __table_args__ = (one_of("kind", ResourceKind),)

    id: Mapped[Key]
    kind: Mapped[str]
    name: Mapped[str]


class Provider(Row):
    """A person who sees patients. Its id is the id of its resource: claims need no detour."""

    __tablename__ = "providers"

    id: Mapped[UUID] = mapped_column(ForeignKey("resources.id"), primary_key=True)
    name: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    bio: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(CITEXT)
    mobile: Mapped[str | None]
    color: Mapped[str] = mapped_column(default="#0b6e6e")
    active: Mapped[bool] = mapped_column(default=True)


class WeeklyHours(Row):
    """Recurring opening hours, in wall-clock minutes of the clinic's zone; expanded only in `domain`."""

    __tablename__ = "weekly_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_known"),
        CheckConstraint(
            "0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440",
            name="minutes_ordered",
        ),
        CheckConstraint(
            "valid_until IS NULL OR valid_from IS NULL OR valid_from <= valid_until",
            name="validity_ordered",
        ),
        Index("ix_weekly_hours_provider_clinic", "provider_id", "clinic_id"),
    )

    id: Mapped[Key]
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"))
    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.id"))
    weekday: Mapped[int]
    """0 is Monday."""
    start_minute: Mapped[int]
    end_minute: Mapped[int]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    """Both inclusive; None is open-ended."""


class TimeOff(Row):
    """An absence: nothing may be booked that touches it."""

    __tablename__ = "time_off"
    __table_args__ = (
        CheckConstraint(
            "NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)",
            name="during_bounded",
        ),
        Index(
            "ix_time_off_resource_during",
            "resource_id",
            "during",
            postgresql_using="gist",
        ),
    )

    id: Mapped[Key]
    resource_id: Mapped[UUID] = mapped_column(ForeignKey("resources.id"))
    during: Mapped[Span]
    reason: Mapped[str] = mapped_column(default="")


class Claim(Row):
    """A resource is taken for a range, buffers included. PostgreSQL refuses a second one in the same lane.

    `expires_at` is set while the appointment is a hold. Freeing is deleting. Only a manager's deliberate
    overbooking uses a lane above 0; availability counts all lanes.
    """

    __tablename__ = "claims"
    __table_args__ = (
        CheckConstraint("lane >= 0", name="lane_not_negative"),
        CheckConstraint(
            "NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)"
            " AND lower_inc(during) AND NOT upper_inc(during)",
            name="during_half_open",
        ),
        ExcludeConstraint(
            (text("resource_id"), "="),
            (text("lane"), "="),
            (text("during"), "&&"),
            using="gist",
            name="ex_claims_no_overlap",
        ),
        Index(
            "ix_claims_expires",
            "expires_at",
            postgresql_where=text("expires_at IS NOT NULL"),
        ),
    )

    id: Mapped[Key]
    resource_id: Mapped[UUID] = mapped_column(ForeignKey("resources.id"))
    # Checked at commit: a claim is entered before its appointment, so that losing a race costs one statement.
    appointment_id: Mapped[UUID] = mapped_column(
        ForeignKey("appointments.id", deferrable=True, initially="DEFERRED"), index=True
    )
    lane: Mapped[int] = mapped_column(default=0)
    during: Mapped[Span]
    expires_at: Mapped[datetime | None]
