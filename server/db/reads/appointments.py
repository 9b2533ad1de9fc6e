"""The staff's list of appointments: a page by keyset, and the whole of what is filtered for export."""

import base64
import binascii
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, func, select, tuple_

from server.db.reads.access import note_access
from server.db.reads.filters import Filters, about_appointments, on_days, visible_to
from server.db.session import Database
from server.db.tables import Appointment, Clinic, Payment, Provider, Service
from server.domain.errors import InvalidInputError
from server.domain.permissions import Viewer
from shared.schemas.appointments import AppointmentPage, AppointmentRow
from shared.schemas.enums import AppointmentStatus, BookingSource, Order, PaymentStatus, Verb

EXPORT_CHUNK = 500


async def appointment_page(
    db: Database, viewer: Viewer, filters: Filters, *, cursor: str | None, limit: int, order: Order = Order.LATEST_FIRST
) -> AppointmentPage:
    """Up to `limit` rows in `order` of their start, after `cursor`. Raises ForbiddenError, InvalidInputError."""
    viewer.require(Verb.VIEW_SCHEDULE)
    conditions = [*visible_to(viewer), *about_appointments(filters), *on_days(filters)]
    rows = await _rows(
        db,
        conditions,
        after=None if cursor is None else _read_cursor(cursor),
        limit=limit + 1,
        order=order,
    )
    await note_access(db, viewer, "listed", rows=min(len(rows), limit))
    page = rows[:limit]
    more = len(rows) > limit
    return AppointmentPage(
        items=[as_row(row) for row in page],
        next_cursor=_cursor(page[-1].starts_at, page[-1].id) if more else None,
    )


async def every_appointment(db: Database, viewer: Viewer, filters: Filters) -> AsyncIterator[AppointmentRow]:
    """All rows that match, in pages behind the scenes, for an export. Raises ForbiddenError."""
    viewer.require(Verb.EXPORT_DATA)
    conditions = [*visible_to(viewer), *about_appointments(filters), *on_days(filters)]
    after: tuple[datetime, UUID] | None = None
    while True:
        rows = await _rows(db, conditions, after=after, limit=EXPORT_CHUNK)
        # Before they leave, chunk by chunk: whoever breaks the export off has seen what came until then.
        await note_access(db, viewer, "exported", rows=len(rows))
        for row in rows:
            yield as_row(row)
        if len(rows) < EXPORT_CHUNK:
            return
        after = (rows[-1].starts_at, rows[-1].id)


def row_columns() -> Select[*tuple[Any, ...]]:
    """The select behind every `AppointmentRow`; the caller adds conditions, order and limit."""
    paid, refunded = (
        select(func.coalesce(func.sum(column), 0)).where(Payment.appointment_id == Appointment.id).scalar_subquery()
        for column in (Payment.captured_minor, Payment.refunded_minor)
    )
    return (
        select(
            Appointment.id,
            Appointment.reference,
            Appointment.clinic_id,
            Clinic.time_zone,
            Appointment.day,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.first_name,
            Appointment.last_name,
            Appointment.service_id,
            Service.name.label("service_name"),
            Appointment.provider_id,
            Provider.name.label("provider_name"),
            Appointment.status,
            Appointment.payment_status,
            Appointment.total_minor,
            paid.label("paid_minor"),
            refunded.label("refunded_minor"),
            Appointment.currency,
            Clinic.currency_exponent,
            Appointment.source,
            Appointment.expires_at,
            Appointment.rescheduled_from,
        )
        .join(Clinic, Clinic.id == Appointment.clinic_id)
        .join(Service, Service.id == Appointment.service_id)
        .join(Provider, Provider.id == Appointment.provider_id)
    )


def as_row(row: Row[*tuple[Any, ...]]) -> AppointmentRow:
    zone = ZoneInfo(row.time_zone)
    return AppointmentRow(
        id=row.id,
        reference=row.reference,
        clinic_id=row.clinic_id,
        time_zone=row.time_zone,
        day=row.day,
        start=row.starts_at.astimezone(zone),
        end=row.ends_at.astimezone(zone),
        patient_name=f"{row.first_name or ''} {row.last_name or ''}".strip(),
        service_id=row.service_id,
        service_name=row.service_name,
        provider_id=row.provider_id,
        provider_name=row.provider_name,
        status=AppointmentStatus(row.status),
        payment_status=None if row.payment_status is None else PaymentStatus(row.payment_status),
        total_minor=row.total_minor,
        paid_minor=int(row.paid_minor),
        refunded_minor=int(row.refunded_minor),
        currency=row.currency,
        currency_exponent=row.currency_exponent,
        source=BookingSource(row.source),
        expires_at=row.expires_at,
        rescheduled=row.rescheduled_from is not None,
    )


async def _rows(
    db: Database,
    conditions: list[ColumnElement[bool]],
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
    order: Order = Order.LATEST_FIRST,
) -> list[Row[*tuple[Any, ...]]]:
    place = tuple_(Appointment.starts_at, Appointment.id)
    statement = row_columns().where(*conditions).limit(limit)
    if order is Order.SOONEST_FIRST:
        statement = statement.order_by(Appointment.starts_at, Appointment.id)
    else:
        statement = statement.order_by(Appointment.starts_at.desc(), Appointment.id.desc())
    if after is not None:
        statement = statement.where(place > after if order is Order.SOONEST_FIRST else place < after)
    async with db.read.connect() as connection:
        return list((await connection.execute(statement)).all())


def _cursor(starts_at: datetime, appointment_id: UUID) -> str:
    return base64.urlsafe_b64encode(f"{starts_at.isoformat()}|{appointment_id}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        moment, _, appointment_id = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition("|")
        starts_at = datetime.fromisoformat(moment)
        if starts_at.tzinfo is None or not 2000 <= starts_at.year <= 2200:
            raise ValueError
        return starts_at, UUID(appointment_id)
    except (ValueError, binascii.Error):
        raise InvalidInputError(
            "This page cursor is not one of ours.",
            next_step="Start again without a cursor.",
            field="cursor",
        ) from None
