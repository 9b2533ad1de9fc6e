"""Many at once, with real commits over real connections: one wins, the others learn why, nothing happens twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from datetime import datetime
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from server.actions import holding, paying, refunding
from tests.house import House, a_key
from tests.organisation import at
from tests.routes.evidence import (
    all_four,
    booked_twice,
    charges,
    contradictions,
    returned_by_processor,
    rows,
    told,
    value,
)

CROWD = 200


@pytest.fixture
async def crowd(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a connection for each of the crowd."""
    limits = httpx.Limits(max_connections=CROWD, max_keepalive_connections=CROWD)
    async with httpx.AsyncClient(
        base_url=str(house.http.base_url), limits=limits, timeout=60, trust_env=False
    ) as client:
        yield client


def asked(house: House, start: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "service_id": str(house.organised.consult),
        "provider_id": str(house.organised.ann),
        "start": start.isoformat(),
        **changes,
    }


async def all_at_once(*asks: Awaitable[httpx.Response]) -> list[httpx.Response]:
    return list(await asyncio.gather(*asks))


async def test_of_two_hundred_who_want_one_slot_exactly_one_gets_it(house: House, crowd: httpx.AsyncClient) -> None:
    body = asked(house, at(house.organised, 3, 10))

    answers = await all_at_once(*(crowd.post("/api/booking/quay/holds", json=body) for _ in range(CROWD)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: CROWD - 1}
    losers = [answer.json() for answer in answers if answer.status_code == 409]
    assert {loser["code"] for loser in losers} == {"slot_taken"}
    assert all(len(loser["alternatives"]) == 3 for loser in losers)
    assert all(loser["detail"] and loser["next_step"] for loser in losers)
    taken = datetime.fromisoformat(body["start"])
    assert all(datetime.fromisoformat(slot["start"]) != taken for loser in losers for slot in loser["alternatives"])
    assert await value(house.db, "SELECT count(*) FROM appointments") == 1
    assert await value(house.db, "SELECT count(*) FROM claims") == 1


async def test_whoever_takes_an_offered_alternative_gets_it(house: House) -> None:
    start = at(house.organised, 3, 10)
    await house.hold(start)

    lost = (await house.hold(start)).json()
    won = await house.hold(datetime.fromisoformat(lost["alternatives"][0]["start"]))

    assert won.status_code == 201


async def test_of_many_who_want_anybody_each_provider_gets_one(house: House, crowd: httpx.AsyncClient) -> None:
    body = asked(house, at(house.organised, 3, 10), provider_id=None)

    answers = await all_at_once(*(crowd.post("/api/booking/quay/holds", json=body) for _ in range(60)))

    assert Counter(answer.status_code for answer in answers) == {201: 2, 409: 58}
    assert {answer.json()["provider_id"] for answer in answers if answer.status_code == 201} == {
        str(house.organised.ann),
        str(house.organised.ben),
    }


async def test_of_many_who_want_overlapping_times_no_two_get_any_part_twice(
    house: House, crowd: httpx.AsyncClient
) -> None:
    # A check-up takes 50 minutes with its buffers and may begin each half hour: neighbours exclude each other.
    starts = [at(house.organised, 3, 10 + half // 2, 30 * (half % 2)) for half in range(10)]
    bodies = [asked(house, start, service_id=str(house.organised.checkup)) for start in starts]

    answers = await all_at_once(*(crowd.post("/api/booking/quay/holds", json=body) for body in bodies * 8))

    assert set(Counter(answer.status_code for answer in answers)) == {201, 409}
    won = sum(answer.status_code == 201 for answer in answers)
    assert 4 <= won <= 5
    overlapping = await rows(
        house.db,
        "SELECT 1 FROM claims a JOIN claims b ON a.resource_id = b.resource_id AND a.id < b.id"
        " AND a.lane = b.lane AND a.during && b.during",
    )
    assert overlapping == []


async def test_of_forty_who_want_an_expired_hold_exactly_one_gets_it(house: House, crowd: httpx.AsyncClient) -> None:
    start = at(house.organised, 3, 10)
    lapsed = (await house.hold(start)).json()
    await house.advance(601)

    answers = await all_at_once(*(crowd.post("/api/booking/quay/holds", json=asked(house, start)) for _ in range(40)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 39}
    assert (await house.visit(lapsed["token"]))["cancellation_cause"] == "hold_expired"
    assert await value(house.db, "SELECT count(*) FROM events WHERE kind = 'hold_expired'") == 1


async def test_of_forty_who_want_an_expired_hold_with_an_open_payment_exactly_one_gets_it(
    house: House, crowd: httpx.AsyncClient
) -> None:
    start = at(house.organised, 3, 10)
    lapsed = (await house.hold(start)).json()
    await house.details(lapsed["token"])
    await house.http.post(f"/api/booking/appointments/{lapsed['token']}/payment")
    await house.advance(601)

    answers = await all_at_once(*(crowd.post("/api/booking/quay/holds", json=asked(house, start)) for _ in range(40)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 39}
    assert await rows(house.db, "SELECT status FROM payments") == [("canceled",)]


async def test_one_key_twenty_times_at_once_makes_one_appointment(house: House, crowd: httpx.AsyncClient) -> None:
    body, headers = asked(house, at(house.organised, 3, 10)), {"Idempotency-Key": a_key()}

    answers = await all_at_once(*(crowd.post("/api/booking/quay/holds", json=body, headers=headers) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await value(house.db, "SELECT count(*) FROM appointments") == 1


async def test_one_key_for_a_caller_twenty_times_at_once_makes_one_appointment(
    house: House, crowd: httpx.AsyncClient
) -> None:
    headers = {**await house.staff(), "Idempotency-Key": a_key()}
    body = {
        "clinic": "quay",
        **asked(house, at(house.organised, 3, 10)),
        "first_name": "Ida",
        "last_name": "Call",
        "mobile": "(212) 555-0123",
        "payment": "at_clinic",
    }

    answers = await all_at_once(*(crowd.post("/api/appointments", json=body, headers=headers) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["row"]["id"] for answer in answers}) == 1
    assert await value(house.db, "SELECT count(*) FROM patients") == 1


async def test_twenty_clicks_on_pay_at_once_make_one_intent_and_one_charge(
    house: House, crowd: httpx.AsyncClient
) -> None:
    held = (await house.hold(at(house.organised, 3, 10))).json()
    await house.details(held["token"])

    steps = await all_at_once(*(crowd.post(f"/api/booking/appointments/{held['token']}/payment") for _ in range(20)))
    pressed = await all_at_once(*(crowd.post(steps[0].json()["url"], data={"outcome": "succeed"}) for _ in range(5)))
    await house.settle()

    assert {step.status_code for step in steps} <= {200, 503}
    assert len({step.json()["url"] for step in steps if step.status_code == 200}) == 1
    assert {answer.status_code for answer in pressed} == {303}
    assert await charges(house.db) == 1
    assert (await house.visit(held["token"]))["status"] == "confirmed"


async def test_two_staff_who_refund_in_full_at_once_give_back_once(house: House, crowd: httpx.AsyncClient) -> None:
    held = await house.booked(at(house.organised, 3, 10))
    staff = [await house.staff("front_desk"), await house.staff("manager")]

    answers = await all_at_once(
        *(
            crowd.post(
                f"/api/appointments/{held['appointment_id']}/refunds",
                json={"amount_minor": 12_500, "reason": "asked for"},
                headers={**staff[number % 2], "Idempotency-Key": a_key()},
            )
            for number in range(10)
        )
    )
    await house.settle()

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 9}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"refund_too_large"}
    assert await returned_by_processor(house.db) == 12_500
    assert await contradictions(house.db) == []


async def test_partial_refunds_at_once_give_back_no_more_than_was_paid(house: House, crowd: httpx.AsyncClient) -> None:
    held = await house.booked(at(house.organised, 3, 10))
    headers = await house.staff()

    answers = await all_at_once(
        *(
            crowd.post(
                f"/api/appointments/{held['appointment_id']}/refunds",
                json={"amount_minor": 4_000, "reason": "part of it"},
                headers=headers,
            )
            for _ in range(8)
        )
    )
    await house.settle()

    assert Counter(answer.status_code for answer in answers) == {201: 3, 409: 5}
    assert await returned_by_processor(house.db) == 12_000
    assert await contradictions(house.db) == []


async def test_two_staff_who_cancel_at_once_cancel_once(house: House, crowd: httpx.AsyncClient) -> None:
    held = await house.booked(at(house.organised, 3, 10))
    headers = await house.staff()

    answers = await all_at_once(
        *(
            crowd.post(
                f"/api/appointments/{held['appointment_id']}/cancel",
                json={"reason": "ill", "refund_minor": 12_500},
                headers=headers,
            )
            for _ in range(6)
        )
    )
    await house.settle()

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 5}
    assert await returned_by_processor(house.db) == 12_500
    assert await value(house.db, "SELECT count(*) FROM events WHERE kind = 'appointment_canceled'") == 1


async def test_a_webhook_delivered_twenty_times_at_once_has_one_effect(house: House, crowd: httpx.AsyncClient) -> None:
    from server.sandbox.courier import stripe_signature

    held = (await house.hold(at(house.organised, 3, 10))).json()
    await house.details(held["token"])
    await house.pay(held["token"])
    payload = await value(
        house.db,
        "SELECT payload FROM sandbox_deliveries WHERE payload LIKE '%\"payment_intent.succeeded\"%' LIMIT 1",
    )
    headers = {"Stripe-Signature": stripe_signature(payload, house.settings.webhook_secrets[0])}

    answers = await all_at_once(*(crowd.post("/webhooks/stripe", content=payload, headers=headers) for _ in range(20)))
    await house.settle()

    assert {answer.status_code for answer in answers} == {200}
    assert told(await house.outbox(held["appointment_id"])) == all_four("confirmation")
    assert await value(house.db, "SELECT count(*) FROM ledger_entries") == 2
    assert await value(house.db, "SELECT count(*) FROM webhook_inbox WHERE kind = 'payment_intent.succeeded'") == 1


async def test_one_payment_settled_by_many_at_once_is_booked_once(house: House) -> None:
    held = (await house.hold(at(house.organised, 3, 10))).json()
    await house.details(held["token"])
    await house.pay(held["token"])
    appointment, intent = (await rows(house.db, "SELECT appointment_id, intent_id FROM payments"))[0]
    payments = house.tools.payments
    answer = await payments.retrieve_intent(intent)

    await asyncio.gather(
        *(paying.settle_intent(house.db, answer, payments.name) for _ in range(8)),
        *(paying.ask_processor(house.db, payments, appointment) for _ in range(4)),
    )

    assert await value(house.db, "SELECT count(*) FROM ledger_entries") == 2
    assert await value(house.db, "SELECT count(*) FROM events WHERE kind = 'appointment_paid'") == 1


@pytest.mark.parametrize("round_number", range(4))
async def test_when_expiry_and_success_meet_the_patient_has_a_visit_or_the_money_back(
    house: House, crowd: httpx.AsyncClient, round_number: int
) -> None:
    start = at(house.organised, 3, 10)
    held = (await house.hold(start)).json()
    await house.details(held["token"])
    page = (await house.http.post(f"/api/booking/appointments/{held['token']}/payment")).json()["url"]
    await house.advance(601)

    async def expire() -> None:
        await holding.expire_hold(house.db, house.tools.payments, held["appointment_id"])

    async def press() -> None:
        await crowd.post(page, data={"outcome": "succeed"})

    async def take() -> None:
        await crowd.post("/api/booking/quay/holds", json=asked(house, start))

    turns = [expire, press, take]
    await asyncio.gather(*(turn() for turn in turns[round_number % 3 :] + turns[: round_number % 3]))
    await house.settle()

    visit = await house.visit(held["token"])
    charged = await charges(house.db)
    kept = charged * 12_500 - await returned_by_processor(house.db)
    assert (visit["status"], kept) in {("confirmed", 12_500), ("canceled", 0)}
    assert await booked_twice(house.db) == []
    assert await contradictions(house.db) == []


async def test_a_patient_who_pays_while_the_desk_cancels_keeps_the_visit_and_the_desk_is_told(house: House) -> None:
    held = (await house.hold(at(house.organised, 3, 10))).json()
    await house.details(held["token"])
    await house.pay(held["token"], "response_lost")

    answer = await house.http.post(
        f"/api/appointments/{held['appointment_id']}/cancel",
        json={"reason": "did not pay", "refund_minor": 0},
        headers=await house.staff(),
    )
    await house.settle()

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert (await house.visit(held["token"]))["status"] == "confirmed"
    assert await contradictions(house.db) == []


async def test_money_that_comes_after_the_desk_canceled_goes_back(house: House) -> None:
    held = (await house.hold(at(house.organised, 3, 10))).json()
    await house.details(held["token"])
    await house.pay(held["token"], "succeed_late")
    await house.settle()

    canceled = await house.http.post(
        f"/api/appointments/{held['appointment_id']}/cancel",
        json={"reason": "closed that day"},
        headers=await house.staff(),
    )
    await house.advance(601)
    await house.settle()

    assert canceled.status_code == 200
    visit = await house.visit(held["token"])
    assert (visit["status"], visit["payment_status"]) == ("canceled", "refunded")
    assert await returned_by_processor(house.db) == 12_500
    assert await contradictions(house.db) == []


async def test_settling_a_refund_waits_for_the_appointment_before_it_locks_the_payment(house: House) -> None:
    """Everybody locks the appointment first. Crosswise, a refund that settles and one that is asked for deadlock."""
    held = await house.booked(at(house.organised, 3, 10))
    await house.http.post(
        f"/api/appointments/{held['appointment_id']}/refunds",
        json={"amount_minor": 100, "reason": "a little"},
        headers=await house.staff(),
    )
    desk = await asyncpg.connect(house.settings.database_url)
    await desk.execute("BEGIN")
    await desk.execute("SELECT 1 FROM appointments WHERE id = $1 FOR UPDATE", held["appointment_id"])

    settling = asyncio.create_task(refunding.carry_out_refunds(house.db, house.tools.payments, held["appointment_id"]))
    async with asyncio.timeout(20):
        while not await value(house.db, "SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0)
    payment = await desk.fetch("SELECT 1 FROM payments FOR UPDATE NOWAIT")
    await desk.execute("ROLLBACK")
    await settling
    await desk.close()

    assert len(payment) == 1
    assert await value(house.db, "SELECT refunded_minor FROM payments") == 100


async def test_a_text_that_many_workers_find_due_leaves_once(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))
    async with house.db.write.begin() as connection:
        await connection.execute(
            text("UPDATE messages SET status = 'queued', sent_at = NULL, due_at = frontdesk_now() WHERE copy = 0")
        )
        await connection.execute(text("DELETE FROM sandbox_texts"))
        await connection.execute(text("DELETE FROM sandbox_emails"))
    due = [row[0] for row in await rows(house.db, "SELECT id FROM messages")]

    from server.actions.delivering import deliver

    await asyncio.gather(*(deliver(house.db, house.tools.outbox, message) for message in due for _ in range(6)))

    assert len(due) == 4
    assert await value(house.db, "SELECT count(*) FROM sandbox_texts") == 2
    assert await value(house.db, "SELECT count(*) FROM sandbox_emails") == 2
    assert told(await house.outbox(held["appointment_id"])) == all_four("confirmation")
