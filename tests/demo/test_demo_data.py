"""The demo's organisation, at a moment chosen so that both clinics are open: alive, and true to every rule."""

import asyncio
import secrets
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest
from sqlalchemy import Row, func, select

from server import demo
from server.actions.contacts import email_address, mobile_number
from server.actions.delivering import due_messages
from server.actions.promising import dispatch_events
from server.config import Settings
from server.db.reads.booking import clinic_origins, clinic_profile, open_slots
from server.db.reads.filters import Filters
from server.db.reads.sales import sales_daily, sales_summary
from server.db.session import Database
from server.db.tables import (
    Appointment,
    Claim,
    Clinic,
    Event,
    Job,
    LedgerEntry,
    Offering,
    Patient,
    Payment,
    Provider,
    Refund,
    Service,
    TimeOff,
    WeeklyHours,
)
from server.db.tables.sandbox import SandboxStripeObject
from server.demo_data import fill, register_sample_website
from server.demo_data.filling import PASSWORD
from server.domain import availability
from server.domain.availability import ServiceRules, grid_starts, minute_of, opening_spans
from server.domain.links import Links
from server.domain.permissions import Viewer
from server.domain.transitions import APPOINTMENT
from server.jobs.reactions import REACTIONS
from shared.schemas.enums import Role
from tests.conftest import TEMPLATE, in_database
from tests.house import open_house

SEED = 20260
LINKS = Links("http://clinic.test", (b"k" * 32,))
NEW_YORK = ZoneInfo("America/New_York")
MANAGER = Viewer(UUID(int=1), UUID(int=2), "Marcus Bell", "manager@demo.test", Role.MANAGER)


def next_workday_afternoon() -> datetime:
    """Ten or eleven in New York, three or four in London; half past a minute, so that two fills see the same one."""
    day = datetime.now(UTC).date() + timedelta(days=1)
    while day.weekday() != 2:
        day += timedelta(days=1)
    return datetime.combine(day, time(15, 7, 10), tzinfo=UTC)


def after_the_clocks_change(*, forward: bool) -> datetime:
    """In the night two days after New York's next change: Sunday's hours that came twice or never lie behind."""
    day = datetime.now(UTC).replace(hour=12)
    while True:
        day += timedelta(days=1)
        before, after = ((day + timedelta(days=step)).astimezone(NEW_YORK).utcoffset() for step in (-1, 0))
        assert before is not None
        assert after is not None
        if (after > before) if forward else (after < before):
            return (day + timedelta(days=2)).replace(hour=2, minute=7, second=10)


async def set_clock(url: str, moment: datetime) -> None:
    """From now on the database believes that it is `moment`."""
    connection = await asyncpg.connect(url)
    try:
        ahead = "extract(epoch FROM $1 - clock_timestamp())::bigint"
        await connection.execute(f"UPDATE sandbox_clock SET offset_seconds = {ahead}", moment)
    finally:
        await connection.close()


async def fill_at(url: str, moment: datetime) -> None:
    await set_clock(url, moment)
    await fill(url, SEED, LINKS)


@pytest.fixture(scope="module")
def moment() -> datetime:
    return next_workday_afternoon()


@pytest.fixture(scope="module")
def filled_url(template: str, moment: datetime) -> Iterator[str]:
    """One filled database for all the tests that only look."""
    name = f"t_{secrets.token_hex(6)}"

    async def beside(statement: str) -> None:
        connection = await asyncpg.connect(template)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(beside(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy"))
    asyncio.run(fill_at(in_database(template, name), moment))
    yield in_database(template, name)
    asyncio.run(beside(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def filled(filled_url: str) -> AsyncIterator[Database]:
    opened = Database(filled_url, pool_size=4, keyring=LINKS.keyring)
    yield opened
    await opened.close()


async def rows(db: Database, statement: Any) -> list[Row[Any]]:
    async with db.read.connect() as connection:
        return list((await connection.execute(statement)).all())


async def count(db: Database, table: Any, *conditions: Any) -> int:
    return int((await rows(db, select(func.count()).select_from(table).where(*conditions)))[0][0])


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


async def test_the_books_balance_and_sales_are_what_was_paid_less_what_was_given_back(filled: Database) -> None:
    unbalanced = await rows(
        filled,
        select(LedgerEntry.transaction_id)
        .group_by(LedgerEntry.transaction_id, LedgerEntry.currency)
        .having(func.sum(LedgerEntry.amount_minor) != 0),
    )
    paid = await rows(filled, select(Payment.currency, func.sum(Payment.captured_minor)).group_by(Payment.currency))
    returned = await rows(
        filled,
        select(Refund.currency, func.sum(Refund.amount_minor))
        .where(Refund.status == "succeeded")
        .group_by(Refund.currency),
    )

    summary = await sales_summary(filled, MANAGER, Filters())
    daily = await sales_daily(filled, MANAGER, Filters())

    assert unbalanced == []
    assert {one.currency: one.gross_minor for one in summary.totals} == {row[0]: int(row[1]) for row in paid}
    assert {one.currency: one.refunds_minor for one in summary.totals} == {row[0]: int(row[1]) for row in returned}
    for total in summary.totals:
        assert sum(day.net_minor for day in daily.days if day.currency == total.currency) == total.net_minor


async def test_each_payment_says_what_its_refunds_and_its_visit_say(filled: Database) -> None:
    returned: Counter[UUID] = Counter()
    for row in await rows(filled, select(Refund).where(Refund.status == "succeeded")):
        returned[row.payment_id] += row.amount_minor
    shown = {row.id: row.payment_status for row in await rows(filled, select(Appointment))}

    payments = await rows(filled, select(Payment))

    statuses = Counter(row.status for row in payments)
    assert {"succeeded", "partially_refunded", "refunded", "canceled"} <= set(statuses)
    for row in payments:
        assert row.refunded_minor == returned[row.id]
        assert shown[row.appointment_id] == row.status
        if row.captured_minor:
            whole, some = row.refunded_minor == row.captured_minor, row.refunded_minor > 0
            assert row.status == ("refunded" if whole else "partially_refunded" if some else "succeeded")


async def test_business_has_its_weekdays(filled: Database, moment: datetime) -> None:
    today = moment.date()
    found = await sales_daily(filled, MANAGER, Filters(from_day=today - timedelta(days=84), to_day=today))

    by_day: Counter[date] = Counter()
    for day in found.days:
        by_day[day.day] += day.paid_count
    week, weekend = ([by_day[day] for day in by_day if (day.weekday() > 4) is late] for late in (False, True))
    assert len(by_day) > 80
    assert sum(week) / len(week) > 1.5 * sum(weekend) / len(weekend)


async def test_each_history_is_told_in_order_and_by_the_rules(filled: Database, moment: datetime) -> None:
    statuses = {row.id: row.status for row in await rows(filled, select(Appointment))}
    allowed = {(before, after) for (before, _), after in APPOINTMENT.items()}
    last: dict[UUID, Row[Any]] = {}
    reached: dict[UUID, str] = {}

    for event in await rows(filled, select(Event).order_by(Event.seq)):
        visit = event.appointment_id
        before, status = reached.get(visit), (event.after or {}).get("status")
        assert event.at < moment + timedelta(minutes=1)
        if visit in last:
            assert last[visit].at <= event.at
        else:
            assert event.kind == "appointment_created"
        if not event.kind.startswith("message_") and status is not None:
            assert before is None or before == status or (before, status) in allowed
            reached[visit] = status
        last[visit] = event

    assert set(reached) == set(statuses)
    happened_unseen = {"completed", "no_show", "in_progress"}
    assert all(status in (reached[visit], *happened_unseen) for visit, status in statuses.items())


async def test_messages_went_out_failed_and_stayed(filled: Database) -> None:
    connection = await asyncpg.connect(filled.url)
    found = await connection.fetch(
        "SELECT status, error_code, channel, audience, m.sms_consent FROM (SELECT messages.*, sms_consent FROM messages"
        " JOIN appointments ON appointments.id = messages.appointment_id) AS m"
    )
    await connection.close()

    assert {row["status"] for row in found} == {"sent", "delivered", "failed", "suppressed"}
    assert {row["error_code"] for row in found} == {None, "30003", "21614", "550"}
    unasked = [
        row for row in found if (row["channel"], row["audience"]) == ("text", "patient") and not row["sms_consent"]
    ]
    assert unasked
    assert {row["status"] for row in unasked} == {"suppressed"}


async def test_history_sends_nothing_and_only_meetings_are_still_to_be_made(filled: Database) -> None:
    dispatched = await dispatch_events(filled, REACTIONS)

    assert dispatched == 0
    assert await due_messages(filled) == []
    jobs = await rows(
        filled,
        select(Job.name, Job.due_at, Appointment.status, Appointment.starts_at, Service.mode)
        .join(Appointment, Appointment.id == Job.appointment_id)
        .join(Service, Service.id == Appointment.service_id),
    )
    assert jobs
    assert {(row.name, row.status, row.mode) for row in jobs} == {("make_meeting", "confirmed", "remote")}
    now = await filled.now()
    assert all(row.due_at <= now or row.due_at == row.starts_at - timedelta(days=7) for row in jobs)


async def test_the_pretended_processor_knows_every_payment(filled: Database) -> None:
    known = {
        row.id: row.body
        for row in await rows(filled, select(SandboxStripeObject).where(SandboxStripeObject.kind == "payment_intent"))
    }

    payments = await rows(filled, select(Payment))

    assert len(payments) == len(known)
    for row in payments:
        intent = known[row.intent_id]
        assert intent["metadata"]["payment_id"] == str(row.id)
        assert (intent["amount"], intent["amount_received"]) == (row.amount_minor, row.captured_minor)


async def test_the_desk_works_with_what_the_demo_filled_in(settings: Settings) -> None:
    """Every account signs in; an old payment is refunded and a meeting made by the same vendors as a new one."""
    await fill(settings.database_url, SEED, Links(settings.public_url, settings.keyring))

    async with open_house(settings, organised=None) as house:  # type: ignore[arg-type] # its ids are not asked for
        tokens = {name: await signed_in(house.http, name) for name in ("admin", "manager", "desk", "provider")}
        desk = {"Authorization": f"Bearer {tokens['desk']}"}
        [paid] = await rows(
            house.db,
            select(Appointment.id, Appointment.total_minor)
            .join(Service, Service.id == Appointment.service_id)
            .where(Appointment.status == "confirmed", Appointment.payment_status == "succeeded")
            .where(Service.mode == "remote", Appointment.starts_at > func.frontdesk_now() + timedelta(days=2))
            .order_by(Appointment.starts_at)
            .limit(1),
        )
        await house.settle()
        before = (await house.http.get(f"/api/appointments/{paid.id}", headers=desk)).json()
        answer = await house.http.post(
            f"/api/appointments/{paid.id}/cancel",
            headers=desk,
            json={"reason": "The provider is ill", "refund_minor": paid.total_minor},
        )
        await house.settle()
        after = (await house.http.get(f"/api/appointments/{paid.id}", headers=desk)).json()

    assert answer.status_code in (200, 204), answer.text
    assert before["meeting"]["status"] == "ready"
    assert after["row"]["payment_status"] == "refunded"
    assert [refund["status"] for refund in after["refunds"]] == ["succeeded"]
    assert {"cancellation", "refund"} <= {message["kind"] for message in after["messages"]}


async def signed_in(http: httpx.AsyncClient, name: str) -> str:
    answer = await http.post("/api/session", json={"email": f"{name}@demo.test", "password": demo.PASSWORD})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


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
