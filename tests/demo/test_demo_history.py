"""What the demo says has happened: money that adds up, histories told by the rules, vendors that remember."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from sqlalchemy import Row, func, select

from server import demo
from server.actions.delivering import due_messages
from server.actions.promising import dispatch_events
from server.config import Settings
from server.db.reads.filters import Filters
from server.db.reads.sales import sales_daily, sales_summary
from server.db.session import Database
from server.db.tables import (
    Appointment,
    Event,
    Job,
    LedgerEntry,
    Payment,
    Refund,
    Service,
)
from server.db.tables.sandbox import SandboxStripeObject
from server.demo_data import fill
from server.domain.links import Links
from server.domain.transitions import APPOINTMENT
from server.jobs.reactions import REACTIONS
from tests.demo.filled import MANAGER, SEED, rows
from tests.house import open_house


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
