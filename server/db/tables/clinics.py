"""Clinics, services, and who offers what where for how much."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, CITEXT
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from server.db.tables.metadata import Created, Key, Minor, Row, one_of
from shared.schemas.enums import VisitMode


class Clinic(Row):
    """A site. `origins` are the websites that may embed its booking page."""

    __tablename__ = "clinics"
    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name="slug_plain"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso"),
        CheckConstraint("currency_exponent BETWEEN 0 AND 3", name="currency_exponent_known"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_iso"),
    )

    id: Mapped[Key]
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    time_zone: Mapped[str]
    country: Mapped[str]
    currency: Mapped[str]
    currency_exponent: Mapped[int]
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text))
    origins: Mapped[list[str]] = mapped_column(ARRAY(Text))
    theme: Mapped[dict[str, Any]]
    created_at: Mapped[Created]


class Service(Row):
    """What can be booked. Buffers belong to the claim, not to the visit that the patient sees."""

    __tablename__ = "services"
    __table_args__ = (
        CheckConstraint("duration_minutes BETWEEN 5 AND 720", name="duration_sane"),
        CheckConstraint("prep_minutes BETWEEN 0 AND 240", name="prep_sane"),
        CheckConstraint("wrap_minutes BETWEEN 0 AND 240", name="wrap_sane"),
        CheckConstraint("grid_minutes BETWEEN 5 AND 240", name="grid_sane"),
        CheckConstraint("notice_minutes BETWEEN 0 AND 525600", name="notice_sane"),
        CheckConstraint("horizon_days BETWEEN 1 AND 730", name="horizon_sane"),
        one_of("mode", VisitMode),
    )

    id: Mapped[Key]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    mode: Mapped[str]
    duration_minutes: Mapped[int]
    prep_minutes: Mapped[int] = mapped_column(default=0)
    wrap_minutes: Mapped[int] = mapped_column(default=0)
    grid_minutes: Mapped[int] = mapped_column(default=15)
    notice_minutes: Mapped[int] = mapped_column(default=60)
    horizon_days: Mapped[int] = mapped_column(default=90)
    refund_tiers: Mapped[list[Any]]
    """`[{"hours_before": 24, "percent": 100}, …]`, longest notice first; below the last tier nothing is returned."""
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Created]


class Offering(Row):
    """A provider gives a service at a clinic for a price in the clinic's currency."""

    __tablename__ = "offerings"
    __table_args__ = (
        UniqueConstraint("clinic_id", "service_id", "provider_id"),
        CheckConstraint("price_minor >= 0", name="price_not_negative"),
    )

    id: Mapped[Key]
    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.id"))
    service_id: Mapped[UUID] = mapped_column(ForeignKey("services.id"))
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("providers.id"), index=True)
    price_minor: Mapped[Minor]
    active: Mapped[bool] = mapped_column(default=True)


class User(Row):
    """A member of staff who signs in."""

    __tablename__ = "users"

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(CITEXT, unique=True)
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str]
    provider_id: Mapped[UUID | None] = mapped_column(ForeignKey("providers.id"))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Created]

    __table_args__ = (
        CheckConstraint(
            "role IN ('admin', 'manager', 'front_desk', 'provider')",
            name="role_of_staff",
        ),
        CheckConstraint("(role = 'provider') = (provider_id IS NOT NULL)", name="provider_linked"),
    )


class StaffSession(Row):
    """A signed-in device. Only the token's hash is kept: who reads the table cannot sign in with it."""

    __tablename__ = "sessions"

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    device: Mapped[str] = mapped_column(default="")
    created_at: Mapped[Created]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
