"""When can a visit start? One pure function, asked by the search and by the booking alike.

Named steps: opening hours become spans of absolute minutes, busy spans are merged, starts are cut on the grid,
and a start survives if the visit lies inside the hours and visit plus buffers touch nothing busy. All inner
arithmetic is on integer minutes since 1970 (UTC): measured, datetimes in this loop cost a factor of 300.

Daylight saving: hours are wall-clock. A start that falls into the hour that is skipped is read with the offset
that was in force before it, so it moves on by the length of the gap; in the hour that comes twice, hours begin
at its first pass and end at its second, and hours that end where it begins end before both. Whatever the clocks do,
a day's hours end at its midnight. A visit's duration is elapsed time.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Minute = int
"""Minutes since 1970-01-01T00:00Z."""

Interval = tuple[Minute, Minute]
"""Half open: the first minute belongs to it, the last does not."""


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Opening hours of one weekday (0 = Monday) in wall-clock minutes; validity inclusive, None is open-ended."""

    weekday: int
    start_minute: int
    end_minute: int
    valid_from: date | None = None
    valid_until: date | None = None

    def on(self, day: date) -> bool:
        return (
            day.weekday() == self.weekday
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_until is None or day <= self.valid_until)
        )


@dataclass(frozen=True, slots=True)
class ServiceRules:
    """How a service uses time: minutes throughout, horizon in days."""

    duration: int
    prep: int
    wrap: int
    grid: int
    notice: int
    horizon_days: int

    def visit(self, start: Minute) -> Interval:
        return start, start + self.duration

    def claimed(self, start: Minute) -> Interval:
        """What the visit takes of its provider's time: buffers included."""
        return start - self.prep, start + self.duration + self.wrap


def open_starts(
    *,
    hours: Sequence[WeeklyHours],
    zone: ZoneInfo,
    busy: Iterable[Interval],
    rules: ServiceRules,
    first: date,
    until: date,
    now: datetime,
) -> list[Minute]:
    """Every open start on the days `first` ≤ day < `until` of `zone`, ascending.

    `busy` may be unsorted and overlapping; it must cover the days asked for and a day around them.
    Nothing before `now` plus notice, nothing past the horizon.
    """
    earliest = minute_of(now, up=True) + rules.notice
    latest = minute_of(now) + rules.horizon_days * 1440
    blocked = merged(busy)
    return [
        start
        for span in opening_spans(hours, zone, first, until)
        for start in grid_starts(span, rules)
        if earliest <= start <= latest and free(rules.claimed(start), blocked)
    ]


def is_open(
    start: datetime,
    *,
    hours: Sequence[WeeklyHours],
    zone: ZoneInfo,
    busy: Iterable[Interval],
    rules: ServiceRules,
    now: datetime,
) -> bool:
    """Whether `start` is one of `open_starts` of its own day."""
    if start.second or start.microsecond:
        return False
    day = start.astimezone(zone).date()
    starts = open_starts(
        hours=hours,
        zone=zone,
        busy=busy,
        rules=rules,
        first=day,
        until=day + timedelta(days=1),
        now=now,
    )
    return minute_of(start) in starts


def opening_spans(hours: Sequence[WeeklyHours], zone: ZoneInfo, first: date, until: date) -> Iterator[Interval]:
    """The opening hours of each day as absolute minutes, ascending; touching or overlapping ones are joined."""
    midnight = wall_minute(first, 0, zone)
    day = first
    while day < until:
        begins, midnight = midnight, wall_minute(day, 1440, zone)
        spans = []
        for rule in hours:
            if not rule.on(day):
                continue
            if midnight - begins == 1440:
                # No clock changes on this day: one lookup of the zone's offset instead of one for each rule.
                spans.append((begins + rule.start_minute, begins + rule.end_minute))
            else:
                start = wall_minute(day, rule.start_minute, zone)
                # A skipped hour before midnight must not push hours into the next day.
                end = min(wall_minute(day, rule.end_minute, zone, is_end=True), midnight)
                spans.append((start, end))
        yield from merged(spans)
        day += timedelta(days=1)


def grid_starts(span: Interval, rules: ServiceRules) -> range:
    """The starts inside one opening span, every `grid` minutes from its beginning, that leave room for the visit."""
    return range(span[0], span[1] - rules.duration + 1, rules.grid)


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Sorted and disjoint: overlapping and touching intervals become one."""
    result: list[Interval] = []
    for start, end in sorted(intervals):
        if result and start <= result[-1][1]:
            if end > result[-1][1]:
                result[-1] = (result[-1][0], end)
        elif start < end:
            result.append((start, end))
    return result


def free(wanted: Interval, blocked: Sequence[Interval]) -> bool:
    """Whether `wanted` touches none of `blocked`, which must be sorted and disjoint."""
    # Intervals that begin before `wanted` ends: only the last of them can reach into it.
    index = bisect_left(blocked, (wanted[1], wanted[1])) - 1
    return index < 0 or blocked[index][1] <= wanted[0]


def wall_minute(day: date, minute: int, zone: ZoneInfo, *, is_end: bool = False) -> Minute:
    """The absolute minute at which clocks in `zone` show `minute` (0..1440) of `day`; shown twice, the first one,
    or as an end the second one, if the minute before it comes twice as well."""
    shown = datetime.combine(day, time(), tzinfo=zone) + timedelta(minutes=minute)
    second_pass = is_end and _comes_twice(shown) and _comes_twice(shown - timedelta(minutes=1))
    return int(shown.replace(fold=int(second_pass)).timestamp()) // 60


def _comes_twice(shown: datetime) -> bool:
    """In a fold the second pass has the smaller offset; in a gap it is the other way round."""
    first, second = shown.replace(fold=0).utcoffset(), shown.replace(fold=1).utcoffset()
    return first is not None and second is not None and second < first


def minute_of(moment: datetime, *, up: bool = False) -> Minute:
    """Minutes since 1970 of an aware datetime, rounded down, or up with `up`."""
    seconds = (moment - _EPOCH) / timedelta(seconds=1)
    return int(-(-seconds // 60)) if up else int(seconds // 60)


def moment_of(minute: Minute) -> datetime:
    return _EPOCH + timedelta(minutes=minute)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
