"""Several providers at once: who is open when, in which order, and what is offered instead."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.availability import is_open, minute_of
from server.domain.calendars import Calendar, nearest
from tests.domain.factories import (
    LONG_AGO,
    MONDAY,
    NEW_YORK,
    a_bookable,
    a_calendar,
    an_alternative,
    between,
    hours_on,
    some_rules,
    utc,
)

TUESDAY = MONDAY + timedelta(days=1)
MORNING = hours_on(MONDAY, ("09:00", "11:00"))
NINE, TEN, ELEVEN = utc("2026-11-23T14:00"), utc("2026-11-23T15:00"), utc("2026-11-23T16:00")


def test_slots_are_ordered_by_start_then_in_the_order_of_the_calendars() -> None:
    late_first = a_calendar(2, MORNING, price_minor=9_000)
    early = a_calendar(1, hours_on(MONDAY, ("08:00", "10:00")), price_minor=12_000)

    slots = a_bookable(late_first, early).slots(MONDAY, TUESDAY, LONG_AGO)

    assert [(slot.start.hour, slot.provider_id.int, slot.price_minor) for slot in slots] == [
        (8, 1, 12_000),
        (9, 2, 9_000),
        (9, 1, 12_000),
        (10, 2, 9_000),
    ]


def test_a_slot_carries_the_clinics_offset_and_ends_after_its_duration() -> None:
    offer = a_bookable(a_calendar(1, MORNING), rules=some_rules(duration=50, prep=10, wrap=15, grid=60))

    first, _ = offer.slots(MONDAY, TUESDAY, LONG_AGO)

    assert first.start.isoformat() == "2026-11-23T09:00:00-05:00"
    assert first.end.isoformat() == "2026-11-23T09:50:00-05:00"


def test_a_slot_across_the_change_of_clocks_ends_with_the_new_offset() -> None:
    sunday = date(2026, 11, 1)
    offer = a_bookable(a_calendar(1, hours_on(sunday, ("01:00", "02:00"))))

    slots = offer.slots(sunday, sunday + timedelta(days=1), LONG_AGO)

    assert [(slot.start.isoformat()[11:], slot.end.isoformat()[11:]) for slot in slots] == [
        ("01:00:00-04:00", "01:00:00-05:00"),
        ("01:00:00-05:00", "02:00:00-05:00"),
    ]


def test_whoever_is_busy_is_not_open_and_the_others_keep_their_order() -> None:
    busy = [between(NEW_YORK, "2026-11-23T09:00", "2026-11-23T10:00")]
    offer = a_bookable(a_calendar(3, MORNING), a_calendar(1, MORNING, busy=busy), a_calendar(2, MORNING))

    assert [calendar.provider_id.int for calendar in offer.open_at(NINE, LONG_AGO)] == [3, 2]
    assert [calendar.provider_id.int for calendar in offer.open_at(TEN, LONG_AGO)] == [3, 1, 2]
    assert offer.open_at(ELEVEN, LONG_AGO) == []


def test_a_time_that_is_taken_was_offered_and_a_time_outside_the_hours_was_not() -> None:
    all_day = [between(NEW_YORK, "2026-11-23T00:00", "2026-11-24T00:00")]
    offer = a_bookable(a_calendar(1, MORNING, busy=all_day))

    assert offer.open_at(NINE, LONG_AGO) == []
    assert offer.offered_at(NINE, LONG_AGO)
    assert not offer.offered_at(ELEVEN, LONG_AGO)
    assert not offer.offered_at(NINE + timedelta(minutes=30), LONG_AGO)
    assert not offer.offered_at(NINE + timedelta(seconds=1), LONG_AGO)


def test_a_time_too_near_or_too_far_away_is_not_offered() -> None:
    offer = a_bookable(a_calendar(1, MORNING), rules=some_rules(notice=60, horizon_days=7))

    assert offer.offered_at(NINE, NINE - timedelta(minutes=60))
    assert not offer.offered_at(NINE, NINE - timedelta(minutes=59))
    assert offer.offered_at(NINE, NINE - timedelta(days=7))
    assert not offer.offered_at(NINE, NINE - timedelta(days=7, seconds=1))


@given(st.permutations(range(1, 5)), st.lists(st.integers(0, 47), max_size=12))
def test_in_any_order_of_providers_the_same_slots_are_found(order: list[int], booked: list[int]) -> None:
    midnight = minute_of(utc("2026-11-23T05:00"))
    calendars: dict[int, Calendar] = {
        number: a_calendar(
            number,
            hours_on(MONDAY, ("08:00", f"{12 + number}:00")),
            busy=[(midnight + half * 30, midnight + half * 30 + 30) for half in booked[number::4]],
        )
        for number in order
    }

    offer = a_bookable(*(calendars[number] for number in order), rules=some_rules(duration=30, grid=30))
    slots = offer.slots(MONDAY, TUESDAY, LONG_AGO)

    position = {UUID(int=number): place for place, number in enumerate(order)}
    assert [(slot.start, position[slot.provider_id]) for slot in slots] == sorted(
        (slot.start, position[slot.provider_id]) for slot in slots
    )
    sorted_offer = a_bookable(*(calendars[number] for number in sorted(order)), rules=offer.rules)
    assert set(slots) == set(sorted_offer.slots(MONDAY, TUESDAY, LONG_AGO))
    for slot in slots:
        calendar = calendars[slot.provider_id.int]
        assert calendar in offer.open_at(slot.start, LONG_AGO)
        assert is_open(
            slot.start, hours=calendar.hours, zone=offer.zone, busy=calendar.busy, rules=offer.rules, now=LONG_AGO
        )


# Alternatives


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ("", ""),
        ("12:00", "12:00"),
        ("08:00 10:00 12:00 13:00 16:00", "10:00 12:00 13:00"),
        ("09:00 10:00 11:00 12:00 13:00", "10:00 11:00 12:00"),
        ("08:00 09:00 10:00", "08:00 09:00 10:00"),
        ("14:00 15:00 16:00 17:00", "14:00 15:00 16:00"),
        # As near before as after: the earlier one comes first.
        ("07:00 10:00 11:00 12:00 15:00", "10:00 11:00 12:00"),
        ("09:00 13:00", "09:00 13:00"),
        ("08:00 10:00 12:00 14:00", "08:00 10:00 12:00"),
    ],
)
def test_the_three_nearest_are_offered_in_the_order_of_time(offered: str, expected: str) -> None:
    slots = [an_alternative(utc(f"2026-11-23T{text}")) for text in offered.split()]

    chosen = nearest(slots, utc("2026-11-23T11:00"))

    assert [f"{slot.start:%H:%M}" for slot in chosen] == expected.split()


def test_a_moment_is_offered_once_with_the_provider_who_comes_first() -> None:
    slots = [
        an_alternative(NINE, provider=2),
        an_alternative(NINE, provider=1),
        an_alternative(TEN, provider=1),
        an_alternative(TEN, provider=2),
    ]

    chosen = nearest(slots, NINE)

    assert [(slot.start, slot.provider_id.int) for slot in chosen] == [(NINE, 2), (TEN, 1)]


def test_fewer_or_more_than_three_can_be_asked_for() -> None:
    slots = [an_alternative(NINE + timedelta(hours=number)) for number in range(6)]

    assert [slot.start for slot in nearest(slots, NINE, count=1)] == [NINE]
    assert nearest(slots, NINE, count=9) == slots
