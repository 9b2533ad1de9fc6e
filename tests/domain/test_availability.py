"""Open starts as literal tables: what a person would read off the clinic's wall clock."""

from datetime import UTC, date, datetime, timedelta

import pytest

from server.domain.availability import (
    Interval,
    WeeklyHours,
    free,
    is_open,
    merged,
    minute_of,
    moment_of,
    open_starts,
    opening_spans,
)
from tests.domain.factories import (
    MONDAY,
    NEW_YORK,
    between,
    hours_on,
    read,
    some_rules,
    starts,
    utc,
)

TUESDAY = MONDAY + timedelta(days=1)


# Weekly hours


def test_starts_lie_on_the_grid_and_the_last_visit_ends_with_the_hours() -> None:
    hours = hours_on(MONDAY, ("09:00", "12:00"))

    assert starts(hours, rules=some_rules(duration=60, grid=60)) == read("09:00 10:00 11:00")
    assert starts(hours, rules=some_rules(duration=60, grid=30)) == read("09:00 09:30 10:00 10:30 11:00")
    assert starts(hours, rules=some_rules(duration=45, grid=60)) == read("09:00 10:00 11:00")
    assert starts(hours, rules=some_rules(duration=180, grid=15)) == read("09:00")
    assert starts(hours, rules=some_rules(duration=181, grid=15)) == []


def test_each_span_of_hours_begins_a_grid_of_its_own() -> None:
    hours = hours_on(MONDAY, ("13:20", "15:00"), ("09:10", "11:00"))

    assert starts(hours, rules=some_rules(duration=30, grid=30)) == read("09:10 09:40 10:10 13:20 13:50 14:20")


@pytest.mark.parametrize(
    "spans",
    [
        [("09:00", "10:30"), ("10:30", "12:00")],
        [("09:00", "11:00"), ("10:15", "12:00")],
        [("09:00", "12:00"), ("10:00", "11:00")],
        [("09:00", "12:00"), ("09:00", "12:00")],
    ],
    ids=["touching", "overlapping", "nested", "twice the same"],
)
def test_hours_that_touch_or_overlap_are_one_span(spans: list[tuple[str, str]]) -> None:
    assert starts(hours_on(MONDAY, *spans)) == read("09:00 10:00 11:00")


def test_a_visit_may_not_reach_over_a_break() -> None:
    hours = hours_on(MONDAY, ("09:00", "10:30"), ("10:45", "12:00"))

    assert starts(hours, rules=some_rules(duration=60, grid=15)) == read("09:00 09:15 09:30 10:45 11:00")


def test_a_whole_day_has_a_start_in_its_last_minutes() -> None:
    found = starts(hours_on(MONDAY, ("00:00", "24:00")), rules=some_rules(duration=30, grid=30))

    assert found[0] == "00:00-05:00"
    assert found[-1] == "23:30-05:00"
    assert len(found) == 48


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "is_offered"),
    [
        (None, None, True),
        (MONDAY, None, True),
        (None, MONDAY, True),
        (MONDAY, MONDAY, True),
        (TUESDAY, None, False),
        (None, MONDAY - timedelta(days=1), False),
    ],
)
def test_hours_count_from_their_first_to_their_last_day_inclusive(
    valid_from: date | None, valid_until: date | None, is_offered: bool
) -> None:
    hours = hours_on(MONDAY, ("09:00", "10:00"), valid_from=valid_from, valid_until=valid_until)

    assert starts(hours) == (read("09:00") if is_offered else [])


def test_hours_of_another_weekday_open_nothing() -> None:
    assert starts(hours_on(TUESDAY, ("09:00", "17:00")), day=MONDAY) == []


def test_days_follow_each_other_and_the_last_one_is_not_included() -> None:
    hours = [WeeklyHours(weekday, 540, 600) for weekday in range(7)]

    found = open_starts(
        hours=hours,
        zone=NEW_YORK,
        busy=(),
        rules=some_rules(),
        first=MONDAY,
        until=MONDAY + timedelta(days=3),
        now=utc("2026-01-01T00:00"),
    )

    assert [moment_of(minute) for minute in found] == [
        utc("2026-11-23T14:00"),
        utc("2026-11-24T14:00"),
        utc("2026-11-25T14:00"),
    ]


def test_an_empty_or_reversed_range_of_days_has_no_starts() -> None:
    hours = hours_on(MONDAY, ("09:00", "17:00"))
    for until in (MONDAY, MONDAY - timedelta(days=3)):
        assert list(opening_spans(hours, NEW_YORK, MONDAY, until)) == []


# Busy time and buffers


@pytest.mark.parametrize(
    ("busy", "expected"),
    [
        ([], "09:00 10:00 11:00 12:00"),
        ([("10:00", "11:00")], "09:00 11:00 12:00"),
        ([("10:59", "11:00")], "09:00 11:00 12:00"),
        ([("10:00", "10:01")], "09:00 11:00 12:00"),
        ([("09:59", "10:00")], "10:00 11:00 12:00"),
        ([("08:00", "09:00")], "09:00 10:00 11:00 12:00"),
        ([("13:00", "14:00")], "09:00 10:00 11:00 12:00"),
        ([("09:30", "11:30")], "12:00"),
        ([("00:00", "24:00")], ""),
        ([("11:00", "12:00"), ("09:00", "10:00")], "10:00 12:00"),
        ([("09:00", "11:00"), ("10:00", "12:00")], "12:00"),
        ([("09:00", "12:00"), ("10:00", "10:30")], "12:00"),
        ([("10:00", "10:00")], "09:00 10:00 11:00 12:00"),
    ],
    ids=[
        "nothing",
        "a visit",
        "its last minute",
        "its first minute",
        "the minute before",
        "up to the start touches",
        "from the end on touches",
        "across three",
        "all day",
        "unsorted",
        "overlapping",
        "nested",
        "empty",
    ],
)
def test_a_start_survives_when_its_visit_meets_nothing_busy(busy: list[tuple[str, str]], expected: str) -> None:
    taken = []
    for start, end in busy:
        last = "2026-11-24T00:00" if end == "24:00" else f"2026-11-23T{end}"
        taken.append(between(NEW_YORK, f"2026-11-23T{start}", last))

    assert starts(hours_on(MONDAY, ("09:00", "13:00")), busy=taken) == read(expected)


@pytest.mark.parametrize(
    ("prep", "wrap", "expected"),
    [
        (0, 0, "09:00 09:30 10:00 11:00 11:30"),
        (10, 0, "09:00 09:30 10:00 11:30"),
        (0, 10, "09:00 09:30 11:00 11:30"),
        (30, 30, "09:00 09:30 11:30"),
        (31, 31, "09:00"),
    ],
)
def test_buffers_keep_their_distance_from_what_is_busy(prep: int, wrap: int, expected: str) -> None:
    busy = [between(NEW_YORK, "2026-11-23T10:30", "2026-11-23T11:00")]
    rules = some_rules(duration=30, grid=30, prep=prep, wrap=wrap)

    assert starts(hours_on(MONDAY, ("09:00", "12:00")), busy=busy, rules=rules) == read(expected)


def test_buffers_may_lie_outside_the_opening_hours() -> None:
    rules = some_rules(duration=60, grid=60, prep=30, wrap=30)

    assert starts(hours_on(MONDAY, ("09:00", "11:00")), rules=rules) == read("09:00 10:00")


def test_a_buffer_reaches_over_midnight_into_the_day_before() -> None:
    busy = [between(NEW_YORK, "2026-11-22T23:45", "2026-11-23T00:00")]
    hours = hours_on(MONDAY, ("00:00", "02:00"))

    assert starts(hours, busy=busy, rules=some_rules(prep=0)) == read("00:00 01:00")
    assert starts(hours, busy=busy, rules=some_rules(prep=1)) == read("01:00")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], []),
        ([(5, 7)], [(5, 7)]),
        ([(5, 5)], []),
        ([(5, 7), (7, 9)], [(5, 9)]),
        ([(5, 7), (8, 9)], [(5, 7), (8, 9)]),
        ([(8, 9), (5, 7), (6, 8)], [(5, 9)]),
        ([(5, 20), (6, 7), (21, 22)], [(5, 20), (21, 22)]),
        ([(5, 7), (7, 7), (9, 9)], [(5, 7)]),
    ],
)
def test_merged_intervals_are_sorted_and_disjoint(given: list[Interval], expected: list[Interval]) -> None:
    assert merged(given) == expected


@pytest.mark.parametrize(
    ("wanted", "is_free"),
    [
        ((0, 10), True),
        ((0, 11), False),
        ((9, 10), True),
        ((10, 20), False),
        ((12, 13), False),
        ((5, 45), False),
        ((20, 30), True),
        ((19, 30), False),
        ((20, 31), False),
        ((40, 99), True),
        ((39, 99), False),
    ],
)
def test_wanted_time_is_free_when_it_only_touches(wanted: Interval, is_free: bool) -> None:
    assert free(wanted, [(10, 20), (30, 40)]) is is_free
    assert free(wanted, [])


# Notice and horizon


@pytest.mark.parametrize(
    ("now", "notice", "expected"),
    [
        ("2026-11-23T14:00", 0, "09:00 10:00 11:00"),
        ("2026-11-23T14:00:01", 0, "10:00 11:00"),
        ("2026-11-23T14:59:59.999999", 0, "10:00 11:00"),
        ("2026-11-23T13:00", 60, "09:00 10:00 11:00"),
        ("2026-11-23T13:00:00.000001", 60, "10:00 11:00"),
        ("2026-11-22T15:00", 24 * 60, "10:00 11:00"),
        ("2026-11-23T16:00", 0, "11:00"),
        ("2026-11-23T17:00", 0, ""),
        ("2026-12-23T17:00", 0, ""),
    ],
)
def test_nothing_starts_before_now_plus_notice(now: str, notice: int, expected: str) -> None:
    rules = some_rules(notice=notice)

    assert starts(hours_on(MONDAY, ("09:00", "12:00")), rules=rules, now=utc(now)) == read(expected)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-16T14:00", "09:00"),
        ("2026-11-16T13:59:59", ""),
        ("2026-11-16T15:30", "09:00 10:00"),
        ("2026-11-16T16:00:59", "09:00 10:00 11:00"),
    ],
)
def test_nothing_starts_past_the_horizon(now: str, expected: str) -> None:
    rules = some_rules(horizon_days=7)

    assert starts(hours_on(MONDAY, ("09:00", "12:00")), rules=rules, now=utc(now)) == read(expected)


# One start


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-11-23T14:00:00+00:00", True),
        ("2026-11-23T09:00:00-05:00", True),
        ("2026-11-23T19:45:00+05:45", True),
        ("2026-11-23T14:00:01+00:00", False),
        ("2026-11-23T14:00:00.000001+00:00", False),
        ("2026-11-23T14:30:00+00:00", False),
        ("2026-11-23T15:00:00+00:00", False),
        ("2026-11-23T16:00:00+00:00", True),
        ("2026-11-23T17:00:00+00:00", False),
        ("2026-11-24T14:00:00+00:00", False),
    ],
)
def test_a_start_is_open_exactly_when_the_search_lists_it(start: str, expected: bool) -> None:
    answer = is_open(
        datetime.fromisoformat(start),
        hours=hours_on(MONDAY, ("09:00", "12:00")),
        zone=NEW_YORK,
        busy=[between(NEW_YORK, "2026-11-23T10:00", "2026-11-23T11:00")],
        rules=some_rules(),
        now=utc("2026-11-01T00:00"),
    )

    assert answer is expected


def test_minutes_are_rounded_down_or_up_on_both_sides_of_1970() -> None:
    moment = utc("2026-11-23T14:00")
    before = utc("1969-12-31T23:59") + timedelta(seconds=30)

    assert moment_of(minute_of(moment)) == moment
    assert minute_of(moment + timedelta(seconds=59)) == minute_of(moment)
    assert minute_of(moment + timedelta(microseconds=1), up=True) == minute_of(moment) + 1
    assert minute_of(moment, up=True) == minute_of(moment)
    assert (minute_of(before), minute_of(before, up=True)) == (-1, 0)
    assert moment_of(0) == datetime(1970, 1, 1, tzinfo=UTC)
