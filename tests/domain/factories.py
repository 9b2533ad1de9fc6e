"""Plain factories for the domain's values: what a test does not name has an unremarkable default."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from server.domain.availability import Interval, ServiceRules, WeeklyHours, minute_of, moment_of, open_starts
from server.domain.calendars import Bookable, Calendar
from server.domain.errors import Alternative

NEW_YORK = ZoneInfo("America/New_York")
LONDON = ZoneInfo("Europe/London")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MONDAY = date(2026, 11, 23)


def clock(text: str) -> int:
    """`"09:30"` as minutes of the day; `"24:00"` is the end of it."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def hours_on(
    day: date, *spans: tuple[str, str], valid_from: date | None = None, valid_until: date | None = None
) -> list[WeeklyHours]:
    """Opening hours on the weekday of `day`."""
    return [
        WeeklyHours(day.weekday(), clock(start), clock(end), valid_from=valid_from, valid_until=valid_until)
        for start, end in spans
    ]


def some_rules(
    *, duration: int = 60, prep: int = 0, wrap: int = 0, grid: int = 60, notice: int = 0, horizon_days: int = 10_000
) -> ServiceRules:
    return ServiceRules(duration=duration, prep=prep, wrap=wrap, grid=grid, notice=notice, horizon_days=horizon_days)


def utc(text: str) -> datetime:
    """`"2026-11-23T14:00"` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def between(zone: ZoneInfo, start: str, end: str) -> Interval:
    """A busy interval from wall-clock times of `zone`, such as `"2026-11-23T10:00"`."""
    return tuple(minute_of(datetime.fromisoformat(text).replace(tzinfo=zone)) for text in (start, end))  # type: ignore[return-value]


def starts(
    hours: Sequence[WeeklyHours],
    *,
    day: date = MONDAY,
    zone: ZoneInfo = NEW_YORK,
    busy: Iterable[Interval] = (),
    rules: ServiceRules | None = None,
    now: datetime = LONG_AGO,
) -> list[str]:
    """The open starts of one day as a person in `zone` reads them, with the offset: `"09:00-05:00"`."""
    found = open_starts(
        hours=hours,
        zone=zone,
        busy=busy,
        rules=rules or some_rules(),
        first=day,
        until=date.fromordinal(day.toordinal() + 1),
        now=now,
    )
    return [as_read(minute, zone) for minute in found]


def read(text: str, offset: str = "-05:00") -> list[str]:
    """`"09:00 10:00"` with the same offset behind each of them."""
    return [f"{item}{offset}" for item in text.split()]


def as_read(minute: int, zone: ZoneInfo) -> str:
    return moment_of(minute).astimezone(zone).isoformat(timespec="minutes")[11:]


def a_calendar(
    number: int,
    hours: Sequence[WeeklyHours],
    *,
    busy: Sequence[Interval] = (),
    price_minor: int = 10_000,
) -> Calendar:
    return Calendar(provider_id=UUID(int=number), price_minor=price_minor, hours=tuple(hours), busy=tuple(busy))


def a_bookable(*calendars: Calendar, rules: ServiceRules | None = None, zone: ZoneInfo = NEW_YORK) -> Bookable:
    return Bookable(
        clinic_id=UUID(int=900),
        zone=zone,
        currency="USD",
        service_id=UUID(int=901),
        rules=rules or some_rules(),
        calendars=calendars,
    )


def an_alternative(start: datetime, *, provider: int = 1, price_minor: int = 10_000) -> Alternative:
    end = moment_of(minute_of(start) + 60)
    return Alternative(start=start, end=end, provider_id=UUID(int=provider), price_minor=price_minor)
