"""The filters that list, sales and export have in common, as conditions that are there only when they are set.

`($1 IS NULL OR column = $1)` costs a factor of thirty once the plan is generic: unset filters leave no trace.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, or_

from server.db.tables import Appointment
from server.domain.permissions import Viewer
from shared.schemas.enums import AppointmentStatus, PaymentStatus, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """`from_day` inclusive, `to_day` exclusive, both of the clinic's own calendar. Empty tuples filter nothing.

    `unpaid` stands for "has no payment", `rescheduled` for "was moved": neither is a status.
    """

    from_day: date | None = None
    to_day: date | None = None
    clinic_id: UUID | None = None
    service_id: UUID | None = None
    provider_id: UUID | None = None
    payment_statuses: tuple[PaymentStatus, ...] = ()
    unpaid: bool = False
    statuses: tuple[AppointmentStatus, ...] = ()
    rescheduled: bool = False
    q: str = ""


def visible_to(viewer: Viewer) -> list[ColumnElement[bool]]:
    """A provider sees the own schedule; the other roles see the organisation's."""
    if viewer.role is Role.PROVIDER:
        return [Appointment.provider_id == viewer.provider_id]
    return []


def about_appointments(filters: Filters) -> list[ColumnElement[bool]]:
    """Conditions on the appointment itself, without its day."""
    conditions: list[ColumnElement[bool]] = []
    if filters.clinic_id is not None:
        conditions.append(Appointment.clinic_id == filters.clinic_id)
    if filters.service_id is not None:
        conditions.append(Appointment.service_id == filters.service_id)
    if filters.provider_id is not None:
        conditions.append(Appointment.provider_id == filters.provider_id)
    if filters.payment_statuses or filters.unpaid:
        wanted = [Appointment.payment_status.in_(filters.payment_statuses)] if filters.payment_statuses else []
        nothing = [Appointment.payment_status.is_(None)] if filters.unpaid else []
        conditions.append(or_(*wanted, *nothing))
    if filters.statuses or filters.rescheduled:
        wanted = [Appointment.status.in_(filters.statuses)] if filters.statuses else []
        moved = [Appointment.rescheduled_from.is_not(None)] if filters.rescheduled else []
        conditions.append(or_(*wanted, *moved))
    for word in filters.q.lower().split()[:8]:
        conditions.append(Appointment.search.contains(word, autoescape=True))
    return conditions


def on_days(filters: Filters) -> list[ColumnElement[bool]]:
    """Conditions on the visit's day."""
    conditions: list[ColumnElement[bool]] = []
    if filters.from_day is not None:
        conditions.append(Appointment.day >= filters.from_day)
    if filters.to_day is not None:
        conditions.append(Appointment.day < filters.to_day)
    return conditions
