"""Hours, absences and claims as the slot search wants them. Search and booking both read here."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, Row, any_, bindparam, func, or_, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY, TSTZRANGE, Range
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
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


# Built once: building these anew for every search cost more than running them.
_OFFERED = (
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
    .where(
        Clinic.slug == bindparam("slug"),
        Service.id == bindparam("service_id"),
        Service.active.is_(True),
        Offering.active.is_(True),
        Provider.active.is_(True),
    )
    .order_by(Provider.name, Provider.id)
)
_OFFERED_BY_ONE = _OFFERED.where(Provider.id == bindparam("provider_id"))

_PROVIDERS = bindparam("providers", type_=ARRAY(PG_UUID(as_uuid=True)))
_AROUND = bindparam("around", type_=TSTZRANGE())

_HOURS = select(
    WeeklyHours.provider_id,
    WeeklyHours.weekday,
    WeeklyHours.start_minute,
    WeeklyHours.end_minute,
    WeeklyHours.valid_from,
    WeeklyHours.valid_until,
).where(WeeklyHours.clinic_id == bindparam("clinic_id"), WeeklyHours.provider_id == any_(_PROVIDERS))

_BUSY = union_all(
    select(
        Claim.resource_id,
        func.lower(Claim.during).label("start"),
        func.upper(Claim.during).label("end"),
    ).where(
        Claim.resource_id == any_(_PROVIDERS),
        Claim.during.overlaps(_AROUND),
        or_(Claim.expires_at.is_(None), Claim.expires_at > bindparam("now", type_=DateTime(timezone=True))),
    ),
    select(
        TimeOff.resource_id,
        func.lower(TimeOff.during).label("start"),
        func.upper(TimeOff.during).label("end"),
    ).where(TimeOff.resource_id == any_(_PROVIDERS), TimeOff.during.overlaps(_AROUND)),
)


async def _offered(
    connection: AsyncConnection, slug: str, service_id: UUID, provider_id: UUID | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    values = {"slug": slug, "service_id": service_id}
    if provider_id is None:
        return (await connection.execute(_OFFERED, values)).all()
    return (await connection.execute(_OFFERED_BY_ONE, {**values, "provider_id": provider_id})).all()


async def _hours(
    connection: AsyncConnection, clinic_id: UUID, providers: list[UUID]
) -> dict[UUID, list[availability.WeeklyHours]]:
    hours: dict[UUID, list[availability.WeeklyHours]] = defaultdict(list)
    rows = await connection.execute(_HOURS, {"clinic_id": clinic_id, "providers": providers})
    for provider_id, weekday, start, end, valid_from, valid_until in rows:
        hours[provider_id].append(availability.WeeklyHours(weekday, start, end, valid_from, valid_until))
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
    busy: dict[UUID, list[Interval]] = defaultdict(list)
    rows = await connection.execute(_BUSY, {"providers": providers, "around": around, "now": now})
    for resource_id, start, end in rows:
        busy[resource_id].append((minute_of(start), minute_of(end, up=True)))
    return busy


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
