"""Open starts on the days on which clocks change, as a person would read them off the wall clock."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from server.domain.availability import minute_of
from tests.domain.factories import KATHMANDU, LONDON, LORD_HOWE, NEW_YORK, hours_on, read, some_rules, starts, utc


def test_in_a_zone_without_changes_the_offset_may_be_odd() -> None:
    day = date(2026, 7, 6)

    assert starts(hours_on(day, ("09:00", "11:00")), day=day, zone=KATHMANDU) == read("09:00 10:00", "+05:45")


SPRING = {
    # 02:00 → 03:00
    "New York": (NEW_YORK, date(2026, 3, 8), "02:00", "03:00", "-05:00", "-04:00"),
    # 01:00 → 02:00
    "London": (LONDON, date(2026, 3, 29), "01:00", "02:00", "+00:00", "+01:00"),
    # 02:00 → 02:30
    "Lord Howe": (LORD_HOWE, date(2026, 10, 4), "02:00", "02:30", "+10:30", "+11:00"),
}


@pytest.mark.parametrize("place", SPRING)
def test_hours_across_a_skipped_hour_lose_it(place: str) -> None:
    zone, day, gap, after, old, new = SPRING[place]
    hours = hours_on(day, ("00:00", "04:00"))
    rules = some_rules(duration=30, grid=30)

    found = starts(hours, day=day, zone=zone, rules=rules)

    halves = [f"{hour:02}:{minute:02}" for hour in range(4) for minute in (0, 30)]
    assert found == [f"{half}{old}" for half in halves if half < gap] + [
        f"{half}{new}" for half in halves if half >= after
    ]


@pytest.mark.parametrize(
    ("place", "span", "expected"),
    [
        ("New York", ("02:00", "05:00"), ["03:00-04:00", "04:00-04:00"]),
        ("New York", ("02:30", "05:00"), ["03:30-04:00"]),
        ("New York", ("02:15", "02:45"), []),
        ("New York", ("01:30", "02:30"), ["01:30-05:00"]),
        ("New York", ("02:00", "03:00"), []),
        ("London", ("01:00", "04:00"), ["02:00+01:00", "03:00+01:00"]),
        ("London", ("01:30", "04:00"), ["02:30+01:00"]),
        ("Lord Howe", ("02:00", "04:00"), ["02:30+11:00"]),
        ("Lord Howe", ("02:15", "04:00"), ["02:45+11:00"]),
    ],
)
def test_hours_that_begin_in_a_skipped_hour_move_on_by_its_length(
    place: str, span: tuple[str, str], expected: list[str]
) -> None:
    zone, day, *_ = SPRING[place]

    assert starts(hours_on(day, span), day=day, zone=zone) == expected


AUTUMN = {
    # 02:00 → 01:00
    "New York": (NEW_YORK, date(2026, 11, 1), "-04:00", "-05:00"),
    # 02:00 → 01:00
    "London": (LONDON, date(2026, 10, 25), "+01:00", "+00:00"),
    # 02:00 → 01:30
    "Lord Howe": (LORD_HOWE, date(2026, 4, 5), "+11:00", "+10:30"),
}


@pytest.mark.parametrize("place", ["New York", "London"])
@pytest.mark.parametrize(
    ("span", "first_pass", "second_pass"),
    [
        (("00:00", "04:00"), "00:00 01:00", "01:00 02:00 03:00"),
        (("01:00", "02:00"), "01:00", "01:00"),
        (("01:30", "03:00"), "01:30", "01:30"),
        (("00:00", "01:30"), "00:00 01:00", ""),
        (("00:30", "01:30"), "00:30 01:30", ""),
        (("02:00", "04:00"), "", "02:00 03:00"),
    ],
)
def test_an_hour_that_comes_twice_is_open_from_its_first_pass_to_its_second(
    place: str, span: tuple[str, str], first_pass: str, second_pass: str
) -> None:
    zone, day, old, new = AUTUMN[place]

    assert starts(hours_on(day, span), day=day, zone=zone) == read(first_pass, old) + read(second_pass, new)


def test_half_an_hour_that_comes_twice_is_open_twice() -> None:
    zone, day, old, new = AUTUMN["Lord Howe"]
    rules = some_rules(duration=30, grid=30)

    found = starts(hours_on(day, ("01:00", "03:00")), day=day, zone=zone, rules=rules)

    assert found == read("01:00 01:30", old) + read("01:30 02:00 02:30", new)


@pytest.mark.parametrize("place", ["New York", "London"])
def test_hours_that_end_where_an_hour_begins_to_come_twice_end_at_its_first_pass(place: str) -> None:
    zone, day, old, _ = AUTUMN[place]

    found = starts(hours_on(day, ("00:00", "01:00")), day=day, zone=zone)

    assert found == read("00:00", old), "nobody is there any more when the clock shows 01:00 for the first time"


def test_no_start_falls_out_of_its_own_day_where_midnight_itself_is_skipped_or_repeated() -> None:
    nuuk, havana, apia = ZoneInfo("America/Nuuk"), ZoneInfo("America/Havana"), ZoneInfo("Pacific/Apia")
    rules = some_rules(duration=30, grid=30)

    # In Nuuk 23:00 jumps to midnight, in Havana 01:00 goes back to it, and Apia skipped a whole day.
    before_gap = starts(hours_on(date(2026, 3, 28), ("22:00", "23:30")), day=date(2026, 3, 28), zone=nuuk, rules=rules)
    before_fold = starts(
        hours_on(date(2026, 10, 31), ("23:00", "24:00")), day=date(2026, 10, 31), zone=havana, rules=rules
    )
    skipped = starts(hours_on(date(2011, 12, 30), ("09:00", "17:00")), day=date(2011, 12, 30), zone=apia, rules=rules)

    assert before_gap == read("22:00 22:30", "-02:00")
    assert before_fold == read("23:00 23:30", "-04:00")
    assert skipped == []


def test_a_visit_across_the_change_lasts_its_elapsed_time() -> None:
    zone, day, *_ = SPRING["New York"]
    rules = some_rules(duration=120, grid=30)

    found = starts(hours_on(day, ("00:30", "04:00")), day=day, zone=zone, rules=rules)

    # From 01:30 EST two hours lead to 04:30 EDT, which is too late.
    assert found == read("00:30 01:00", "-05:00")


def test_a_claim_in_the_second_pass_leaves_the_first_pass_open() -> None:
    zone, day, old, new = AUTUMN["New York"]
    second_pass = utc("2026-11-01T06:00")
    busy = [(minute_of(second_pass), minute_of(second_pass) + 60)]

    found = starts(hours_on(day, ("01:00", "03:00")), day=day, zone=zone, busy=busy)

    assert found == read("01:00", old) + read("02:00", new)
