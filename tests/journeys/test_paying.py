"""Every way in which a payment can go, from the pay page's buttons to the books and the messages."""

from httpx import Response

from server.actions import paying
from server.sandbox import deliver_due
from tests.house import House, some_details
from tests.organisation import at
from tests.routes.evidence import (
    all_four,
    charges,
    contradictions,
    lose_every_webhook,
    returned_by_processor,
    rows,
    to_patient,
    told,
    value,
)

LATE = 600
HOLD = 600


async def a_detailed_hold(house: House, hour: int = 10, **changes: object) -> dict[str, str]:
    held = await house.hold(at(house.organised, 3, hour), **changes)
    assert held.status_code == 201, held.text
    details = await house.details(held.json()["token"])
    assert details.status_code == 200, details.text
    return dict(held.json())


async def pay_page(house: House, token: str) -> str:
    step = await house.http.post(f"/api/booking/appointments/{token}/payment")
    assert step.status_code == 200, step.text
    return str(step.json()["url"])


async def press(house: House, url: str, **form: str) -> Response:
    return await house.http.post(url, data=form)


async def test_a_decline_leaves_the_time_kept_and_the_next_card_pays_for_it(house: House) -> None:
    held = await a_detailed_hold(house)

    await house.pay(held["token"], "decline")
    await house.settle()
    declined = await house.visit(held["token"])
    await house.pay(held["token"], "succeed")
    await house.settle()

    assert (declined["status"], declined["payment_status"]) == ("pending_payment", "failed")
    visit = await house.visit(held["token"])
    assert (visit["status"], visit["payment_status"], visit["paid_minor"]) == ("confirmed", "succeeded", 12_500)
    messages = told(await house.outbox(held["appointment_id"]))
    assert messages == sorted(all_four("confirmation") + to_patient("payment_failed"))
    assert await charges(house.db) == 1
    assert await value(house.db, "SELECT count(*) FROM payments") == 1
    assert await contradictions(house.db) == []


async def test_two_declines_in_a_row_are_told_once(house: House) -> None:
    held = await a_detailed_hold(house)

    await house.pay(held["token"], "decline")
    await house.settle()
    await house.pay(held["token"], "decline")
    await house.settle()

    assert told(await house.outbox(held["appointment_id"])) == to_patient("payment_failed")


async def test_an_authentication_that_is_completed_confirms(house: House) -> None:
    held = await a_detailed_hold(house)
    url = await pay_page(house, held["token"])

    asked = await press(house, url, outcome="authenticate")
    await house.settle()
    in_between = await house.visit(held["token"])
    await press(house, url, authentication="complete")
    await house.settle()

    assert asked.status_code == 303
    assert in_between["status"] == "pending_payment"
    assert (await house.visit(held["token"]))["status"] == "confirmed"
    assert told(await house.outbox(held["appointment_id"])) == all_four("confirmation")


async def test_an_authentication_that_fails_charges_nothing_and_can_be_tried_again(house: House) -> None:
    held = await a_detailed_hold(house)
    url = await pay_page(house, held["token"])

    await press(house, url, outcome="authenticate")
    await press(house, url, authentication="fail")
    await house.settle()
    failed = await house.visit(held["token"])
    charged = await charges(house.db)
    await house.pay(held["token"], "succeed")
    await house.settle()

    assert (failed["status"], failed["payment_status"]) == ("pending_payment", "failed")
    assert charged == 0
    assert (await house.visit(held["token"]))["status"] == "confirmed"


async def test_a_lost_answer_still_confirms_because_the_webhook_comes(house: House) -> None:
    held = await a_detailed_hold(house)

    lost = await house.pay(held["token"], "response_lost")
    await house.advance(10)
    await house.settle()

    assert lost.status_code == 502
    assert (await house.visit(held["token"]))["status"] == "confirmed"
    assert told(await house.outbox(held["appointment_id"])) == all_four("confirmation")
    assert await charges(house.db) == 1


async def test_a_patient_who_comes_back_before_the_webhook_learns_that_it_is_paid(house: House) -> None:
    held = await a_detailed_hold(house)

    await house.pay(held["token"], "response_lost")
    step = await house.http.post(f"/api/booking/appointments/{held['token']}/payment")

    assert step.json()["kind"] == "none"
    assert (await house.visit(held["token"]))["status"] == "confirmed"
    assert await charges(house.db) == 1


async def test_money_that_comes_late_takes_the_time_again_while_it_is_free(house: House) -> None:
    held = await a_detailed_hold(house)

    await house.pay(held["token"], "succeed_late")
    await house.settle()
    await house.advance(HOLD + 1 - 10)
    waiting = await house.visit(held["token"])
    await house.advance(30)
    await house.settle()

    assert (waiting["status"], waiting["payment_status"]) == ("pending_payment", "processing")
    visit = await house.visit(held["token"])
    assert (visit["status"], visit["payment_status"]) == ("confirmed", "succeeded")
    assert told(await house.outbox(held["appointment_id"])) == all_four("confirmation")
    assert await contradictions(house.db) == []


async def test_money_that_comes_after_the_hold_lapsed_confirms_when_nobody_took_the_time(house: House) -> None:
    held = await a_detailed_hold(house)

    await house.advance(HOLD - 60)
    await house.pay(held["token"], "succeed_late")
    await house.advance(120)
    await house.settle()
    lapsed = await house.visit(held["token"])
    await house.advance(LATE)
    await house.settle()

    assert (lapsed["status"], lapsed["cancellation_cause"]) == ("canceled", "hold_expired")
    visit = await house.visit(held["token"])
    assert (visit["status"], visit["payment_status"]) == ("confirmed", "succeeded")
    assert told(await house.outbox(held["appointment_id"])) == all_four("confirmation")
    assert await returned_by_processor(house.db) == 0
    assert await contradictions(house.db) == []


async def test_money_that_comes_after_the_time_was_given_away_goes_back_and_is_told(house: House) -> None:
    late = await a_detailed_hold(house)
    await house.advance(HOLD - 60)
    await house.pay(late["token"], "succeed_late")
    await house.advance(120)
    await house.settle()

    quick = await house.booked(at(house.organised, 3, 10))
    await house.advance(LATE)
    await house.settle()

    visit = await house.visit(late["token"])
    assert (visit["status"], visit["cancellation_cause"]) == ("canceled", "slot_gone")
    assert (visit["payment_status"], visit["paid_minor"], visit["refunded_minor"]) == ("refunded", 12_500, 12_500)
    assert (await house.visit(quick["token"]))["status"] == "confirmed"
    messages = told(await house.outbox(late["appointment_id"]))
    assert [message for message in messages if message[0] == "late_refund"] == to_patient("late_refund")
    assert not [message for message in messages if message[0] == "confirmation"]
    assert await returned_by_processor(house.db) == 12_500
    assert await contradictions(house.db) == []


async def test_money_that_comes_late_takes_the_time_back_from_a_hold_that_has_run_out(house: House) -> None:
    late = await a_detailed_hold(house)
    await house.advance(HOLD - 60)
    await house.pay(late["token"], "succeed_late")
    await house.advance(120)
    await house.settle()
    idle = (await house.hold(at(house.organised, 3, 10))).json()

    await house.advance(HOLD + LATE)
    step = await house.http.post(f"/api/booking/appointments/{late['token']}/payment")
    await deliver_before_any_sweep(house)

    assert step.status_code == 409
    assert (await house.visit(late["token"]))["status"] == "confirmed"
    assert (await house.visit(idle["token"]))["status"] == "canceled"
    assert await contradictions(house.db) == []


async def deliver_before_any_sweep(house: House) -> None:
    """The processor's news is acted upon although no sweep has looked for lapsed holds yet."""
    await deliver_due(house.db, house.http, house.settings)
    for row in await rows(house.db, "SELECT appointment_id FROM payments WHERE status = 'processing'"):
        await paying.ask_processor(house.db, house.tools.payments, row[0])


async def test_a_webhook_that_comes_twice_charges_once_and_tells_once(house: House) -> None:
    held = await a_detailed_hold(house)

    await house.pay(held["token"], "webhook_twice")
    await house.settle()

    assert (await house.visit(held["token"]))["status"] == "confirmed"
    assert told(await house.outbox(held["appointment_id"])) == all_four("confirmation")
    assert await charges(house.db) == 1
    assert await value(house.db, "SELECT count(*) FROM ledger_entries WHERE kind = 'charge'") == 2
    kinds = await rows(house.db, "SELECT count(*) FROM webhook_inbox GROUP BY event_id")
    assert {row[0] for row in kinds} == {1}


async def test_a_payment_whose_webhook_is_lost_is_found_by_asking(house: House) -> None:
    held = await a_detailed_hold(house)
    await lose_every_webhook(house.db)

    await house.pay(held["token"], "succeed")
    await house.settle()
    unheard = await house.visit(held["token"])
    await house.advance(61)
    await house.settle(ask_vendors=True)

    assert unheard["status"] == "pending_payment"
    assert (await house.visit(held["token"]))["status"] == "confirmed"
    assert told(await house.outbox(held["appointment_id"])) == all_four("confirmation")


async def test_a_payment_whose_webhook_is_lost_still_counts_when_its_hold_lapses(house: House) -> None:
    held = await a_detailed_hold(house)
    await lose_every_webhook(house.db)
    await house.pay(held["token"], "succeed")

    await house.advance(HOLD + 1)
    await house.settle()

    assert (await house.visit(held["token"]))["status"] == "confirmed"
    assert await contradictions(house.db) == []


async def test_a_lapsed_hold_ends_its_payment_at_the_processor_before_the_time_is_free(house: House) -> None:
    held = await a_detailed_hold(house)
    url = await pay_page(house, held["token"])

    await house.advance(HOLD + 1)
    other = await house.hold(at(house.organised, 3, 10))
    await press(house, url, outcome="succeed")
    await house.settle()

    assert other.status_code == 201
    intents = await rows(house.db, "SELECT body->>'status' FROM sandbox_stripe_objects WHERE kind = 'payment_intent'")
    assert [row[0] for row in intents] == ["canceled"]
    assert await charges(house.db) == 0
    visit = await house.visit(held["token"])
    assert (visit["status"], visit["cancellation_cause"]) == ("canceled", "hold_expired")
    details = await house.details(held["token"])
    assert (details.status_code, details.json()["code"]) == (409, "hold_expired")
    step = await house.http.post(f"/api/booking/appointments/{held['token']}/payment")
    assert (step.status_code, step.json()["code"]) == (409, "hold_expired")


async def test_a_time_that_is_let_go_is_open_again_and_its_payment_is_ended(house: House) -> None:
    held = await a_detailed_hold(house)
    await pay_page(house, held["token"])

    gone = await house.http.delete(f"/api/booking/appointments/{held['token']}/hold")
    again = await house.http.delete(f"/api/booking/appointments/{held['token']}/hold")
    other = await house.hold(at(house.organised, 3, 10))

    assert (gone.status_code, again.status_code) == (204, 204)
    assert other.status_code == 201
    assert (await house.visit(held["token"]))["cancellation_cause"] == "released"
    assert await rows(house.db, "SELECT status FROM payments") == [("canceled",)]


async def test_a_settled_visit_cannot_be_let_go_like_a_hold(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))

    answer = await house.http.delete(f"/api/booking/appointments/{held['token']}/hold")

    assert answer.status_code == 204
    assert (await house.visit(held["token"]))["status"] == "confirmed"


async def test_a_free_visit_is_confirmed_by_its_details(house: House) -> None:
    held = await a_detailed_hold(house, service_id=house.organised.intro)

    step = await house.http.post(f"/api/booking/appointments/{held['token']}/payment")
    await house.settle()

    assert step.json()["kind"] == "none"
    visit = await house.visit(held["token"])
    assert (visit["status"], visit["payment_status"], visit["total_minor"]) == ("confirmed", None, 0)
    assert told(await house.outbox(held["appointment_id"])) == all_four("confirmation")
    assert await value(house.db, "SELECT count(*) FROM payments") == 0


async def test_paying_before_the_details_are_given_is_refused(house: House) -> None:
    held = (await house.hold(at(house.organised, 3, 10))).json()

    step = await house.http.post(f"/api/booking/appointments/{held['token']}/payment")

    assert (step.status_code, step.json()["code"]) == (409, "wrong_state")
    assert await value(house.db, "SELECT count(*) FROM payments") == 0


async def test_asking_twice_to_pay_makes_one_intent(house: House) -> None:
    held = await a_detailed_hold(house)

    first, second = await pay_page(house, held["token"]), await pay_page(house, held["token"])

    assert first == second
    assert await value(house.db, "SELECT count(*) FROM sandbox_stripe_objects WHERE kind = 'payment_intent'") == 1


async def test_details_can_be_corrected_until_it_is_paid_and_not_after(house: House) -> None:
    held = await a_detailed_hold(house)

    corrected = await house.details(held["token"], first_name="Marla")
    await house.pay(held["token"])
    await house.settle()
    too_late = await house.http.put(
        f"/api/booking/appointments/{held['token']}/details", json=some_details(first_name="Eve")
    )

    assert corrected.json()["patient_first_name"] == "Marla"
    assert (too_late.status_code, too_late.json()["code"]) == (409, "wrong_state")
    assert (await house.visit(held["token"]))["patient_first_name"] == "Marla"


async def test_the_same_key_gives_the_same_hold_and_another_request_under_it_is_refused(house: House) -> None:
    start = at(house.organised, 3, 10)

    first = await house.hold(start, key="one")
    again = await house.hold(start, key="one")
    other = await house.hold(at(house.organised, 3, 11), key="one")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await value(house.db, "SELECT count(*) FROM appointments") == 1


async def test_a_key_whose_request_failed_can_be_used_for_the_same_request_again(house: House) -> None:
    start = at(house.organised, 3, 10)
    first = (await house.hold(start)).json()

    lost = await house.hold(start, key="one")
    await house.http.delete(f"/api/booking/appointments/{first['token']}/hold")
    won = await house.hold(start, key="one")

    assert lost.status_code == 409
    assert won.status_code == 201


async def test_a_patient_gets_the_confirmation_again_but_not_at_will(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))
    address = f"/api/booking/appointments/{held['token']}/resend"

    first = await house.http.post(address)
    at_once = await house.http.post(address)
    await house.settle()

    assert (first.status_code, first.json()) == (202, {"queued": 2})
    assert at_once.status_code == 429
    assert int(at_once.headers["Retry-After"]) > 0
    messages = told(await house.outbox(held["appointment_id"]))
    assert messages == sorted(all_four("confirmation") + to_patient("confirmation"))


async def test_a_confirmation_is_not_sent_again_more_than_five_times(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))

    answers = []
    for _ in range(7):
        await house.advance(61)
        answers.append((await house.http.post(f"/api/booking/appointments/{held['token']}/resend")).status_code)

    assert answers == [202] * 5 + [429] * 2


async def test_there_is_nothing_to_send_again_before_it_is_confirmed(house: House) -> None:
    held = await a_detailed_hold(house)

    answer = await house.http.post(f"/api/booking/appointments/{held['token']}/resend")

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
