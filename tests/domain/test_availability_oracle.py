"""The slot engine against the slowest way to ask the same: read the wall clock at every single minute.

The oracle shares no arithmetic with the engine: it marks minutes as open or busy in sets and looks at each of
them. Days around clock changes are drawn as often as all others together.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.domain.availability import Interval, ServiceRules, WeeklyHours, is_open, moment_of, open_starts

ZONES = (
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    # Clocks that change around midnight: into it, out of it, and back to it.
    "America/Nuuk",
    "Africa/Cairo",
    "America/Havana",
)
CHANGES = {
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Europe/London": (date(2026, 3, 29), date(2026, 10, 25)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "Asia/Kathmandu": (date(2026, 6, 1), date(2026, 6, 2)),
    "America/Nuuk": (date(2026, 3, 28), date(2026, 10, 24)),
    "Africa/Cairo": (date(2026, 4, 24), date(2026, 10, 29)),
    "America/Havana": (date(2026, 3, 8), date(2026, 11, 1)),
}
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Question:
    zone: ZoneInfo
    hours: tuple[WeeklyHours, ...]
    busy: tuple[Interval, ...]
    rules: ServiceRules
    first: date
    until: date
    now: datetime


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Everything lies on few round numbers: only then do things touch, which is where an engine goes wrong."""
    name = draw(st.sampled_from(ZONES))
    changes = st.sampled_from(CHANGES[name])
    days = st.one_of(changes, changes, changes, st.dates(date(2026, 1, 1), date(2026, 12, 31)))
    first = draw(days) - draw(st.sampled_from([DAY * 0, DAY * 0, DAY * 0, DAY]))
    until = first + DAY * draw(st.integers(1, 2))
    rules = ServiceRules(
        duration=draw(st.sampled_from([5, 15, 30, 30, 60, 90, 240])),
        prep=draw(st.sampled_from([0, 0, 0, 5, 15, 240])),
        wrap=draw(st.sampled_from([0, 0, 0, 10, 30])),
        grid=draw(st.sampled_from([5, 15, 20, 30, 60])),
        notice=draw(st.sampled_from([0, 0, 60, 1440])),
        horizon_days=draw(st.sampled_from([1, 90, 90, 90])),
    )
    # Around the hours that are drawn below, in UTC.
    near = minutes_since_1970(datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(name)))
    moments = st.integers(-12, 2 * 96).map(lambda number: near + number * 15)
    busy = draw(st.lists(st.builds(lambda at, length: (at, at + length), moments, some_lengths()), max_size=6))
    hours = draw(st.lists(weekly_hours(first), min_size=1, max_size=4))
    now = datetime.fromtimestamp(draw(moments) * 60, UTC) - draw(st.sampled_from([DAY * 30, DAY * 30, DAY, DAY * 0]))
    now += timedelta(seconds=draw(st.sampled_from([0, 0, 1, 59])))
    return Question(ZoneInfo(name), tuple(hours), tuple(busy), rules, first, until, now)


def some_lengths() -> st.SearchStrategy[int]:
    return st.sampled_from([0, 1, 15, 15, 30, 60, 600])


@st.composite
def weekly_hours(draw: st.DrawFn, first: date) -> WeeklyHours:
    # Most clocks change in the small hours or around midnight.
    minutes = st.sampled_from([0, 30, 60, 75, 90, 105, 120, 150, 180, 240, 540, 720, 1020, 1350, 1380, 1410, 1440])
    start, end = sorted(draw(st.lists(minutes, min_size=2, max_size=2, unique=True)))
    return WeeklyHours(
        weekday=(first + DAY * draw(st.sampled_from([0, 0, 1]))).weekday(),
        start_minute=start,
        end_minute=end,
        valid_from=draw(st.sampled_from([None, None, None, first, first + DAY])),
        valid_until=draw(st.sampled_from([None, None, None, first, first + DAY])),
    )


def minutes_since_1970(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // MINUTE


@cache
def clock_readings(zone: ZoneInfo, day: date) -> dict[int, datetime]:
    """What a wall clock shows at each minute from a day before `day` to two days after it."""
    begin = minutes_since_1970(datetime(day.year, day.month, day.day, tzinfo=UTC) - DAY)
    return {
        minute: datetime.fromtimestamp(minute * 60, zone).replace(tzinfo=None, fold=0)
        for minute in range(begin, begin + 4 * 1440)
    }


def slow_begin(readings: dict[int, datetime], wanted: datetime) -> int:
    """The first minute that shows `wanted`; where none does, as many minutes on from the last one before the gap."""
    shown = [minute for minute, reading in readings.items() if reading == wanted]
    if shown:
        return min(shown)
    before = max(minute for minute, reading in readings.items() if reading < wanted)
    return before + (wanted - readings[before]) // MINUTE


def slow_end(readings: dict[int, datetime], wanted: datetime) -> int:
    """The minute after the last one that shows the minute before `wanted`."""
    last = [minute for minute, reading in readings.items() if reading == wanted - MINUTE]
    return max(last) + 1 if last else slow_begin(readings, wanted)


def slow_starts(question: Question) -> list[int]:
    blocked = {minute for start, end in question.busy for minute in range(start, end)}
    found = []
    day = question.first
    while day < question.until:
        readings = clock_readings(question.zone, day)
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 (a reading of a wall clock)
        own_minutes = {minute for minute, reading in readings.items() if reading.date() == day}
        spans = [
            set(
                range(
                    slow_begin(readings, midnight + MINUTE * rule.start_minute),
                    slow_end(readings, midnight + MINUTE * rule.end_minute),
                )
            )
            for rule in question.hours
            if rule.weekday == day.weekday() and (rule.valid_from or date.min) <= day <= (rule.valid_until or date.max)
        ]
        opened = set().union(*spans) & own_minutes
        for begin in sorted(minute for minute in opened if minute - 1 not in opened):
            minute = begin
            while minute in opened:
                on_grid = (minute - begin) % question.rules.grid == 0
                if on_grid and slow_is_possible(question, minute, opened, blocked):
                    found.append(minute)
                minute += 1
        day += DAY
    return found


def slow_is_possible(question: Question, start: int, opened: set[int], blocked: set[int]) -> bool:
    rules = question.rules
    moment = datetime.fromtimestamp(start * 60, UTC)
    visit = range(start, start + rules.duration)
    claimed = range(start - rules.prep, start + rules.duration + rules.wrap)
    return (
        moment >= question.now + MINUTE * rules.notice
        and moment <= question.now + DAY * rules.horizon_days
        and all(minute in opened for minute in visit)
        and not any(minute in blocked for minute in claimed)
    )


def a_question(zone: str, day: date, start_minute: int, end_minute: int) -> Question:
    return Question(
        ZoneInfo(zone),
        (WeeklyHours(day.weekday(), start_minute, end_minute),),
        (),
        ServiceRules(30, 0, 0, 30, 0, 90),
        day,
        day + DAY,
        datetime(day.year, day.month, day.day, tzinfo=UTC) - 30 * DAY,
    )


BEFORE_THE_GAP = a_question("America/Nuuk", date(2026, 3, 28), 1320, 1410)
UP_TO_THE_FOLD = a_question("America/New_York", date(2026, 11, 1), 0, 60)
INTO_THE_FOLD = a_question("Australia/Lord_Howe", date(2026, 4, 5), 60, 105)


@example(BEFORE_THE_GAP)
@example(UP_TO_THE_FOLD)
@example(INTO_THE_FOLD)
@given(questions())
@settings(max_examples=300, deadline=None)
def test_the_engine_answers_as_one_who_looks_at_every_minute(question: Question) -> None:
    found = open_starts(
        hours=question.hours,
        zone=question.zone,
        busy=question.busy,
        rules=question.rules,
        first=question.first,
        until=question.until,
        now=question.now,
    )

    assert found == slow_starts(question)
    assert found == sorted(set(found))


@example(BEFORE_THE_GAP, 0)
@example(UP_TO_THE_FOLD, 0)
@example(INTO_THE_FOLD, 0)
@given(questions(), st.integers(0, 10_000))
@settings(max_examples=100, deadline=None)
def test_a_single_start_is_open_exactly_when_the_search_lists_it(question: Question, pick: int) -> None:
    found = open_starts(
        hours=question.hours,
        zone=question.zone,
        busy=question.busy,
        rules=question.rules,
        first=question.first,
        until=question.until,
        now=question.now,
    )
    begin = minutes_since_1970(datetime(question.first.year, question.first.month, question.first.day, tzinfo=UTC))
    own_days = [
        minute
        for minute in (begin + pick % 4320, *found[:3], *(minute + 5 for minute in found[:3]))
        if question.first <= moment_of(minute).astimezone(question.zone).date() < question.until
    ]

    answers = {
        minute: is_open(
            moment_of(minute),
            hours=question.hours,
            zone=question.zone,
            busy=question.busy,
            rules=question.rules,
            now=question.now,
        )
        for minute in own_days
    }

    assert answers == {minute: minute in found for minute in own_days}
    assert set(found[:3]) <= set(own_days), "every start that is listed lies on a day that was asked for"
