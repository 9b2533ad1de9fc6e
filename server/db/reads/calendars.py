"""Hours, absences and claims as the slot search wants them. Search and booking both read here."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, union_all
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.tables import (
    Claim,
    Clinic,
    Offering,
    Provider,
    Service,
    TimeOff,
    WeeklyHours,
)
from server.domain import availability
from server.domain.availability import Interval, ServiceRules, minute_of
from server.domain.calendars import Bookable, Calendar
from server.domain.errors import NotFoundError
from server.domain.links import is_slug


async def bookable(
    connection: AsyncConnection,
    *,
    slug: str,
    service_id: UUID,
    provider_id: UUID | None,
    first: date,
    until: date,
    now: datetime,
) -> Bookable:
    """The calendars of everybody who offers the service at the clinic, or of the one named, for the days
    `first` ≤ day < `until`. Expired holds do not count as busy. Raises NotFoundError when it is not offered."""
    offered = await _offered(connection, slug, service_id, provider_id) if is_slug(slug) else ()
    if not offered:
        raise NotFoundError(
            "This service is not offered here by this provider.",
            next_step="Choose a service and a provider anew.",
        )
    head = offered[0]
    providers = [row.provider_id for row in offered]
    hours = await _hours(connection, head.clinic_id, providers)
    busy = await _busy(connection, providers, first, until, now)
    return Bookable(
        clinic_id=head.clinic_id,
        zone=ZoneInfo(head.time_zone),
        currency=head.currency,
        service_id=service_id,
        rules=ServiceRules(
            duration=head.duration_minutes,
            prep=head.prep_minutes,
            wrap=head.wrap_minutes,
            grid=head.grid_minutes,
            notice=head.notice_minutes,
            horizon_days=head.horizon_days,
        ),
        calendars=tuple(
            Calendar(
                provider_id=row.provider_id,
                price_minor=row.price_minor,
                hours=tuple(hours[row.provider_id]),
                busy=tuple(busy[row.provider_id]),
            )
            for row in offered
        ),
    )


async def _offered(
    connection: AsyncConnection, slug: str, service_id: UUID, provider_id: UUID | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    conditions: list[ColumnElement[bool]] = [
        Clinic.slug == slug,
        Service.id == service_id,
        Service.active.is_(True),
        Offering.active.is_(True),
        Provider.active.is_(True),
    ]
    if provider_id is not None:
        conditions.append(Provider.id == provider_id)
    statement = (
        select(
            Clinic.id.label("clinic_id"),
            Clinic.time_zone,
            Clinic.currency,
            Service.duration_minutes,
            Service.prep_minutes,
            Service.wrap_minutes,
            Service.grid_minutes,
            Service.notice_minutes,
            Service.horizon_days,
            Offering.provider_id,
            Offering.price_minor,
        )
        .join(Offering, Offering.clinic_id == Clinic.id)
        .join(Service, Service.id == Offering.service_id)
        .join(Provider, Provider.id == Offering.provider_id)
        .where(and_(*conditions))
        .order_by(Provider.name, Provider.id)
    )
    return (await connection.execute(statement)).all()


async def _hours(
    connection: AsyncConnection, clinic_id: UUID, providers: list[UUID]
) -> dict[UUID, list[availability.WeeklyHours]]:
    rows = await connection.execute(
        select(
            WeeklyHours.provider_id,
            WeeklyHours.weekday,
            WeeklyHours.start_minute,
            WeeklyHours.end_minute,
            WeeklyHours.valid_from,
            WeeklyHours.valid_until,
        ).where(WeeklyHours.clinic_id == clinic_id, WeeklyHours.provider_id.in_(providers))
    )
    hours: dict[UUID, list[availability.WeeklyHours]] = defaultdict(list)
    for row in rows:
        hours[row.provider_id].append(
            availability.WeeklyHours(
                row.weekday,
                row.start_minute,
                row.end_minute,
                row.valid_from,
                row.valid_until,
            )
        )
    return hours


async def _busy(
    connection: AsyncConnection,
    providers: list[UUID],
    first: date,
    until: date,
    now: datetime,
) -> dict[UUID, list[Interval]]:
    # A day more on both sides: the days are the clinic's, the range is UTC's, and buffers reach over midnight.
    around = Range(
        _midnight(first) - timedelta(days=1),
        _midnight(until) + timedelta(days=1),
        bounds="[)",
    )
    claims = select(
        Claim.resource_id,
        func.lower(Claim.during).label("start"),
        func.upper(Claim.during).label("end"),
    ).where(
        Claim.resource_id.in_(providers),
        Claim.during.overlaps(around),
        or_(Claim.expires_at.is_(None), Claim.expires_at > now),
    )
    absences = select(
        TimeOff.resource_id,
        func.lower(TimeOff.during).label("start"),
        func.upper(TimeOff.during).label("end"),
    ).where(TimeOff.resource_id.in_(providers), TimeOff.during.overlaps(around))
    busy: dict[UUID, list[Interval]] = defaultdict(list)
    for row in await connection.execute(union_all(claims, absences)):
        busy[row.resource_id].append((minute_of(row.start), minute_of(row.end, up=True)))
    return busy


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
