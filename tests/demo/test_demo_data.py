"""The demo's organisation: of the promised size, alive at the moment it is filled, and true to the booking rules."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from sqlalchemy import select

from server import demo
from server.actions.contacts import email_address, mobile_number
from server.db.reads.booking import clinic_origins, clinic_profile, open_slots
from server.db.reads.filters import Filters
from server.db.reads.sales import sales_daily
from server.db.session import Database
from server.db.tables import (
    Appointment,
    Claim,
    Clinic,
    Event,
    Offering,
    Patient,
    Provider,
    Service,
    TimeOff,
    WeeklyHours,
)
from server.demo_data import fill, register_sample_website
from server.demo_data.filling import PASSWORD
from server.domain import availability
from server.domain.availability import ServiceRules, grid_starts, minute_of, opening_spans
from tests.demo.filled import LINKS, MANAGER, SEED, after_the_clocks_change, count, fill_at, rows


async def test_the_organisation_has_the_promised_size(filled: Database) -> None:
    assert await count(filled, Clinic) == 2
    assert await count(filled, Provider) == 8
    assert await count(filled, Service) == 12
    assert await count(filled, Patient) == 400


async def test_visits_of_every_fate_lie_in_the_last_ninety_and_the_next_thirty_days(
    filled: Database, moment: datetime
) -> None:
    found = await rows(filled, select(Appointment.status, Appointment.cancellation_cause, Appointment.day))

    statuses = Counter(row.status for row in found)
    causes = Counter(row.cancellation_cause for row in found)
    assert statuses["completed"] > 1000
    assert statuses["no_show"] > 20
    assert statuses["confirmed"] > 100
    assert set(causes) == {None, "staff", "hold_expired", "released", "slot_gone"}
    today = moment.date()
    assert min(row.day for row in found) == today - timedelta(days=90)
    assert today + timedelta(days=15) < max(row.day for row in found) <= today + timedelta(days=30)


async def test_today_is_alive(filled: Database, moment: datetime) -> None:
    found = await rows(filled, select(Appointment))

    tonight = moment + timedelta(hours=14)
    assert sum(row.status == "in_progress" for row in found) >= 3
    assert sum(row.status == "confirmed" and row.starts_at < tonight for row in found) >= 5
    holds = [row for row in found if row.expires_at is not None]
    assert {"web", "phone"} == {row.source for row in holds}
    assert sum(row.status == "pending_payment" for row in holds) >= 3
    assert all(moment < row.expires_at < moment + timedelta(hours=2) for row in holds)
    sold = await sales_daily(filled, MANAGER, Filters(from_day=moment.date(), to_day=moment.date() + timedelta(days=1)))
    assert {day.currency for day in sold.days} == {"USD", "GBP"}


async def test_statuses_agree_with_the_clock(filled: Database, moment: datetime) -> None:
    for row in await rows(filled, select(Appointment)):
        if row.status in ("completed", "no_show"):
            assert row.ends_at <= moment + timedelta(minutes=1)
        if row.status in ("confirmed", "draft", "pending_payment"):
            assert row.starts_at > moment
        assert row.created_at < min(row.starts_at, moment)


async def test_every_contact_would_be_accepted_from_a_form(filled: Database) -> None:
    people = await rows(filled, select(Patient.email, Patient.mobile))
    providers = await rows(filled, select(Provider.email, Provider.mobile))
    clinics = await rows(filled, select(Clinic.slug))

    assert len(clinics) == 2
    for row in people + providers:
        assert row.email is None or email_address(row.email) == row.email
        assert row.mobile is None or mobile_number(row.mobile, "US") == row.mobile


async def test_names_are_those_of_real_places_and_a_family_shares_its_contact(filled: Database) -> None:
    people = await rows(filled, select(Patient))

    names = [f"{row.first_name} {row.last_name}" for row in people]
    assert sum(not name.isascii() for name in names) > 50
    assert sum("'" in name for name in names) > 5
    assert sum("-" in name for name in names) > 5
    shared = Counter((row.email, row.mobile) for row in people if row.email is not None)
    assert sorted(shared.values())[-2:] == [3, 4]


async def test_the_same_seed_makes_the_same_organisation(filled: Database, database_url: str, moment: datetime) -> None:
    await fill_at(database_url, moment)

    again = Database(database_url, pool_size=2)
    try:
        assert await told(again) == await told(filled)
    finally:
        await again.close()


async def told(db: Database) -> list[tuple[Any, ...]]:
    """Each visit, without what says at which second the database was filled."""
    found = await rows(
        db,
        select(
            Appointment.reference, Appointment.first_name, Appointment.last_name, Appointment.starts_at,
            Appointment.status, Appointment.payment_status, Appointment.source, Appointment.total_minor,
            Appointment.cancellation_cause, Service.name, Provider.name,
        )
        .join(Service, Service.id == Appointment.service_id)
        .join(Provider, Provider.id == Appointment.provider_id)
        .order_by(Appointment.reference)
    )  # fmt: skip
    return [tuple(row) for row in found]


async def test_every_start_is_inside_the_hours_on_the_grid_and_outside_absences(filled: Database) -> None:
    await assert_visits_fit(filled)


@pytest.mark.parametrize("forward", [False, True])
async def test_visits_fit_their_hours_also_when_the_clocks_change(
    db: Database, database_url: str, forward: bool
) -> None:
    await fill_at(database_url, after_the_clocks_change(forward=forward))

    await assert_visits_fit(db)


async def assert_visits_fit(db: Database) -> None:
    hours: dict[tuple[UUID, UUID], list[availability.WeeklyHours]] = defaultdict(list)
    for row in await rows(db, select(WeeklyHours)):
        weekly = availability.WeeklyHours(row.weekday, row.start_minute, row.end_minute)
        hours[row.provider_id, row.clinic_id].append(weekly)
    away = await rows(db, select(TimeOff))
    offered = {
        (row.provider_id, row.clinic_id, row.service_id): row.price_minor for row in await rows(db, select(Offering))
    }
    zones = {row.id: ZoneInfo(row.time_zone) for row in await rows(db, select(Clinic))}
    rules = {
        row.id: ServiceRules(
            row.duration_minutes, row.prep_minutes, row.wrap_minutes, row.grid_minutes,
            row.notice_minutes, row.horizon_days,
        )
        for row in await rows(db, select(Service))
    }  # fmt: skip
    claims = {row.appointment_id: row.during for row in await rows(db, select(Claim))}

    found = await rows(db, select(Appointment))

    for row in found:
        service, zone = rules[row.service_id], zones[row.clinic_id]
        assert row.day == row.starts_at.astimezone(zone).date()
        spans = opening_spans(hours[row.provider_id, row.clinic_id], zone, row.day, row.day + timedelta(days=1))
        assert any(minute_of(row.starts_at) in grid_starts(span, service) for span in spans)
        assert row.ends_at - row.starts_at == timedelta(minutes=service.duration)
        assert row.starts_at - row.created_at >= timedelta(minutes=service.notice)
        assert row.starts_at - row.created_at <= timedelta(days=service.horizon_days)
        assert row.total_minor == offered[row.provider_id, row.clinic_id, row.service_id]
        if row.status == "canceled":
            assert row.id not in claims
            continue
        begins, ends = service.claimed(minute_of(row.starts_at))
        taken = claims.pop(row.id)
        assert (minute_of(taken.lower), minute_of(taken.upper)) == (begins, ends)
        assert not any(
            time_off.resource_id == row.provider_id
            and time_off.during.lower < taken.upper
            and taken.lower < time_off.during.upper
            for time_off in away
        )
    assert claims == {}


async def test_no_two_visits_of_a_provider_overlap(filled: Database) -> None:
    taken: dict[UUID, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in await rows(filled, select(Claim)):
        taken[row.resource_id].append((row.during.lower, row.during.upper))

    assert len(taken) == 8
    for spans in taken.values():
        spans.sort()
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))


async def test_everything_offered_can_be_booked_in_the_next_two_weeks(filled: Database, moment: datetime) -> None:
    offered = await rows(
        filled,
        select(Clinic.slug, Service.id, Service.name)
        .join(Offering, Offering.clinic_id == Clinic.id)
        .join(Service, Service.id == Offering.service_id)
        .distinct(),
    )

    assert {row.name for row in offered} == {row.name for row in await rows(filled, select(Service.name))}
    for row in offered:
        found = await open_slots(
            filled,
            row.slug,
            service_id=row.id,
            provider_id=None,
            from_day=moment.date(),
            to_day=moment.date() + timedelta(days=14),
        )
        assert len(found.slots) >= 5, (row.slug, row.name)


async def test_both_clinics_show_their_booking_page(filled: Database) -> None:
    harbor = await clinic_profile(filled, "harbor", hold_minutes=10)
    lakeside = await clinic_profile(filled, "lakeside", hold_minutes=10)

    assert (harbor.time_zone, harbor.currency, harbor.languages) == ("America/New_York", "USD", ["en", "es"])
    assert (lakeside.time_zone, lakeside.currency, lakeside.languages) == ("Europe/London", "GBP", ["en"])
    assert 0 in {service.price_minor for service in harbor.services}
    assert {mode for clinic in (harbor, lakeside) for mode in (service.mode for service in clinic.services)} == {
        "remote",
        "in_person",
        "home_visit",
    }


def test_the_demo_tells_the_password_that_its_accounts_have() -> None:
    assert demo.PASSWORD == PASSWORD


async def test_a_database_in_use_is_not_filled(filled: Database) -> None:
    before = await count(filled, Appointment)

    with pytest.raises(RuntimeError, match="has clinics already"):
        await fill(filled.url, SEED + 1, LINKS)

    assert await count(filled, Appointment) == before


async def test_a_fill_that_breaks_off_leaves_nothing(db: Database, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO event_cursors (reader, xid, seq) VALUES ('dispatch', '1', 1)")
    await connection.close()

    with pytest.raises(Exception, match="event_cursors"):  # the last thing that a fill writes
        await fill(database_url, SEED, LINKS)

    assert await count(db, Clinic) == 0
    assert await count(db, Event) == 0


async def test_only_the_websites_of_the_latest_start_may_embed_the_booking_page(filled: Database) -> None:
    await register_sample_website(filled.url, ["http://localhost:9001", "http://127.0.0.1:9001"])
    await register_sample_website(filled.url, ["http://localhost:9301"])

    assert await clinic_origins(filled, "harbor") == ["http://localhost:9301"]
    assert await clinic_origins(filled, "lakeside") == []
