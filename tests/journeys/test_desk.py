"""What the desk does over HTTP: books callers in, cancels, gives money back, sends again."""

from typing import Any

from httpx import Response

from tests.house import House, a_key
from tests.organisation import at
from tests.routes.evidence import (
    all_four,
    charges,
    contradictions,
    returned_by_processor,
    rows,
    to_patient,
    told,
    value,
    visit_token,
)


async def book_caller(house: House, *, key: str | None = None, hour: int = 10, **changes: Any) -> Response:
    body = {
        "clinic": "quay",
        "service_id": str(house.organised.consult),
        "provider_id": str(house.organised.ann),
        "start": at(house.organised, 3, hour).isoformat(),
        "first_name": "Ida",
        "last_name": "Call",
        "email": "ida@example.com",
        "mobile": "(212) 555-0187",
        "sms_consent": True,
        "payment": "at_clinic",
        **changes,
    }
    headers = await house.staff()
    return await house.http.post(
        "/api/appointments", json=body, headers=headers | ({"Idempotency-Key": key} if key else {})
    )


async def cancel(house: House, appointment_id: str, refund_minor: int = 0) -> Response:
    return await house.http.post(
        f"/api/appointments/{appointment_id}/cancel",
        json={"reason": "the patient is ill", "refund_minor": refund_minor},
        headers=await house.staff(),
    )


async def refund(house: House, appointment_id: str, amount_minor: int, key: str | None = None) -> Response:
    return await house.http.post(
        f"/api/appointments/{appointment_id}/refunds",
        json={"amount_minor": amount_minor, "reason": "as agreed"},
        headers=await house.staff() | ({"Idempotency-Key": key} if key else {}),
    )


async def sales(house: House) -> list[dict[str, Any]]:
    answer = await house.http.get("/api/sales/summary", headers=await house.staff("manager"))
    return list(answer.json()["totals"])


async def paid_with(house: House, method: str) -> dict[str, str]:
    """A visit paid with one of the vendor's own test cards."""
    held = (await house.hold(at(house.organised, 3, 10))).json()
    await house.details(held["token"])
    await house.http.post(f"/api/booking/appointments/{held['token']}/payment")
    intent = await value(house.db, "SELECT intent_id FROM payments")
    confirmed = await house.http.post(
        f"/sandbox/stripe/v1/payment_intents/{intent}/confirm",
        data={"payment_method": method, "return_url": f"{house.settings.public_url}/back"},
        headers={"Authorization": f"Bearer {house.settings.stripe_secret_key}"},
    )
    assert confirmed.status_code == 200, confirmed.text
    await house.settle()
    return dict(held)


async def test_a_caller_who_pays_at_the_clinic_is_confirmed_at_once(house: House) -> None:
    answer = await book_caller(house, note="Prefers the window seat")
    await house.settle()

    assert answer.status_code == 201
    detail = await house.detail(answer.json()["row"]["id"])
    assert (detail["row"]["status"], detail["row"]["payment_status"]) == ("confirmed", None)
    assert (detail["row"]["source"], detail["consent_source"]) == ("phone", "spoken on the phone")
    assert (detail["mobile"], detail["note"]) == ("+12125550187", "Prefers the window seat")
    assert told(await house.outbox(detail["row"]["id"])) == all_four("confirmation")
    assert await value(house.db, "SELECT count(*) FROM payments") == 0


async def test_a_caller_without_consent_gets_no_text_and_the_desk_sees_why(house: House) -> None:
    answer = await book_caller(house, sms_consent=False)
    await house.settle()

    detail = await house.detail(answer.json()["row"]["id"])
    text = next(line for line in detail["messages"] if (line["audience"], line["channel"]) == ("patient", "text"))
    assert (text["status"], "consent" in text["explanation"]) == ("suppressed", True)
    assert await value(house.db, "SELECT count(*) FROM sandbox_texts WHERE recipient = '+12125550187'") == 0


async def test_a_caller_without_an_e_mail_gets_the_text_alone(house: House) -> None:
    answer = await book_caller(house, email=None)
    await house.settle()

    assert [item for item in told(await house.outbox(answer.json()["row"]["id"])) if item[1] == "patient"] == [
        ("confirmation", "patient", "text")
    ]


async def test_a_caller_pays_through_the_link_that_was_sent(house: House) -> None:
    answer = await book_caller(house, payment="pay_link")
    await house.settle()
    appointment_id = answer.json()["row"]["id"]
    asked = await house.outbox(appointment_id)

    token = visit_token(next(item["body"] for item in asked if item["channel"] == "text"))
    await house.pay(token)
    await house.settle()

    assert answer.json()["row"]["status"] == "pending_payment"
    assert told(asked) == to_patient("pay_link")
    assert (await house.visit(token))["status"] == "confirmed"
    assert told(await house.outbox(appointment_id)) == sorted(all_four("confirmation") + to_patient("pay_link"))
    assert await charges(house.db) == 1


async def test_a_pay_link_that_nobody_uses_frees_the_time(house: House) -> None:
    answer = await book_caller(house, payment="pay_link")
    await house.settle()

    await house.advance(121 * 60)
    await house.settle()
    again = await book_caller(house)

    detail = await house.detail(answer.json()["row"]["id"])
    assert (detail["row"]["status"], detail["cancellation_cause"]) == ("canceled", "hold_expired")
    assert again.status_code == 201


async def test_a_free_visit_needs_no_pay_link(house: House) -> None:
    answer = await book_caller(house, service_id=str(house.organised.intro), payment="pay_link")
    await house.settle()

    assert answer.json()["row"]["status"] == "confirmed"
    assert told(await house.outbox(answer.json()["row"]["id"])) == all_four("confirmation")


async def test_a_caller_wants_a_time_that_is_gone_and_hears_of_others(house: House) -> None:
    await book_caller(house)

    second = await book_caller(house, first_name="Otto")

    assert (second.status_code, second.json()["code"]) == (409, "slot_taken")
    assert len(second.json()["alternatives"]) == 3
    assert await value(house.db, "SELECT count(*) FROM appointments") == 1


async def test_a_booking_for_a_caller_is_repeated_under_its_key_and_not_made_twice(house: House) -> None:
    first = await book_caller(house, key="call-1")
    again = await book_caller(house, key="call-1")
    other = await book_caller(house, key="call-1", hour=11)

    assert first.json()["row"]["id"] == again.json()["row"]["id"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_one_person_is_one_patient_and_a_shared_number_makes_two_people_two(house: House) -> None:
    await book_caller(house, hour=10)
    await book_caller(house, hour=11)
    await book_caller(house, hour=12, first_name="Otto")

    assert await value(house.db, "SELECT count(*) FROM patients") == 2


async def test_a_cancellation_with_the_whole_refund(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))

    answer = await cancel(house, held["appointment_id"], 12_500)
    await house.settle()

    assert answer.json()["row"]["status"] == "canceled"
    assert [line["status"] for line in answer.json()["refunds"]] == ["pending"]
    visit = await house.visit(held["token"])
    assert (visit["status"], visit["payment_status"], visit["refunded_minor"]) == ("canceled", "refunded", 12_500)
    assert visit["join_url"] is None
    assert told(await house.outbox(held["appointment_id"])) == sorted(
        all_four("confirmation") + all_four("cancellation") + to_patient("refund")
    )
    assert await rows(house.db, "SELECT status FROM meetings") == [("deleted",)]
    assert [(total["gross_minor"], total["refunds_minor"], total["net_minor"]) for total in await sales(house)] == [
        (12_500, 12_500, 0)
    ]
    assert (await house.hold(at(house.organised, 3, 10))).status_code == 201
    assert await contradictions(house.db) == []


async def test_a_cancellation_with_half_the_money_back(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))

    await cancel(house, held["appointment_id"], 6_250)
    await house.settle()

    visit = await house.visit(held["token"])
    assert (visit["status"], visit["payment_status"]) == ("canceled", "partially_refunded")
    assert await returned_by_processor(house.db) == 6_250
    assert [(total["net_minor"], total["paid_count"]) for total in await sales(house)] == [(6_250, 1)]


async def test_a_cancellation_that_keeps_the_money(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))

    await cancel(house, held["appointment_id"])
    await house.settle()

    visit = await house.visit(held["token"])
    assert (visit["status"], visit["payment_status"]) == ("canceled", "succeeded")
    assert await returned_by_processor(house.db) == 0
    assert told(await house.outbox(held["appointment_id"])) == sorted(
        all_four("confirmation") + all_four("cancellation")
    )


async def test_a_cancellation_that_gives_back_too_much_cancels_nothing(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))

    answer = await cancel(house, held["appointment_id"], 12_501)

    assert (answer.status_code, answer.json()["code"]) == (409, "refund_too_large")
    assert (await house.visit(held["token"]))["status"] == "confirmed"
    assert await value(house.db, "SELECT count(*) FROM claims") == 1


async def test_a_visit_that_was_not_paid_is_canceled_and_cannot_be_paid_any_more(house: House) -> None:
    held = (await house.hold(at(house.organised, 3, 10))).json()
    await house.details(held["token"])
    step = await house.http.post(f"/api/booking/appointments/{held['token']}/payment")

    answer = await cancel(house, held["appointment_id"])
    await house.http.post(step.json()["url"], data={"outcome": "succeed"})
    await house.settle()

    assert answer.status_code == 200
    assert await charges(house.db) == 0
    assert told(await house.outbox(held["appointment_id"])) == to_patient("cancellation")


async def test_what_is_canceled_cannot_be_canceled_again(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))
    await cancel(house, held["appointment_id"])

    again = await cancel(house, held["appointment_id"])

    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


async def test_partial_refunds_add_up_and_each_has_its_receipt(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))

    await refund(house, held["appointment_id"], 2_500)
    await house.settle()
    in_between = await house.detail(held["appointment_id"])
    await refund(house, held["appointment_id"], 10_000)
    await house.settle()
    too_much = await refund(house, held["appointment_id"], 1)

    assert (in_between["row"]["payment_status"], in_between["refundable_minor"]) == ("partially_refunded", 10_000)
    detail = await house.detail(held["appointment_id"])
    assert (detail["row"]["payment_status"], detail["row"]["status"]) == ("refunded", "confirmed")
    assert (too_much.status_code, too_much.json()["code"]) == (409, "refund_too_large")
    receipts = [item for item in told(await house.outbox(held["appointment_id"])) if item[0] == "refund"]
    assert receipts == sorted(to_patient("refund") * 2)
    assert await contradictions(house.db) == []


async def test_a_refund_is_repeated_under_its_key_and_not_made_twice(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))
    key = a_key()

    first = await refund(house, held["appointment_id"], 1_000, key)
    again = await refund(house, held["appointment_id"], 1_000, key)
    other = await refund(house, held["appointment_id"], 2_000, key)
    await house.settle()

    assert (first.status_code, again.status_code) == (201, 201)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await returned_by_processor(house.db) == 1_000


async def test_a_visit_paid_at_the_clinic_has_nothing_to_refund(house: House) -> None:
    booked = (await book_caller(house)).json()

    answer = await refund(house, booked["row"]["id"], 1)

    assert (answer.status_code, answer.json()["code"]) == (409, "refund_too_large")


async def test_a_refund_that_the_processor_has_not_settled_is_not_counted_yet(house: House) -> None:
    held = await paid_with(house, "pm_card_pendingRefund")

    await refund(house, held["appointment_id"], 12_500)
    await house.settle()
    pending = await house.detail(held["appointment_id"])
    sold = await sales(house)
    too_much = await refund(house, held["appointment_id"], 1)
    await house.advance(5)
    await house.settle()

    assert (pending["row"]["payment_status"], pending["refunds"][0]["status"]) == ("succeeded", "pending")
    assert (pending["refundable_minor"], too_much.status_code) == (0, 409)
    assert [total["refunds_minor"] for total in sold] == [0]
    settled = await house.detail(held["appointment_id"])
    assert (settled["row"]["payment_status"], settled["refunds"][0]["status"]) == ("refunded", "succeeded")
    assert await contradictions(house.db) == []


async def test_a_refund_that_the_bank_sends_back_is_taken_out_of_the_books_again(house: House) -> None:
    held = await paid_with(house, "pm_card_refundFail")

    await refund(house, held["appointment_id"], 12_500)
    await house.settle()
    refunded = await house.detail(held["appointment_id"])
    await house.advance(5)
    await house.settle()

    assert refunded["row"]["payment_status"] == "refunded"
    detail = await house.detail(held["appointment_id"])
    assert (detail["row"]["payment_status"], detail["refundable_minor"]) == ("succeeded", 12_500)
    assert [(line["status"], bool(line["failure_code"])) for line in detail["refunds"]] == [("failed", True)]
    assert "refund_failed" in [line["kind"] for line in detail["activity"]]
    assert [(total["refunds_minor"], total["net_minor"]) for total in await sales(house)] == [(0, 12_500)]
    assert await contradictions(house.db) == []


async def test_after_a_part_came_back_from_the_bank_only_the_other_part_is_refunded(house: House) -> None:
    held = await paid_with(house, "pm_card_visa")
    await refund(house, held["appointment_id"], 500)
    await refund(house, held["appointment_id"], 12_000)
    await house.settle()

    await the_bank_sends_back(house, 12_000)
    await house.settle()

    detail = await house.detail(held["appointment_id"])
    assert (detail["row"]["payment_status"], detail["row"]["refunded_minor"]) == ("partially_refunded", 500)
    assert await contradictions(house.db) == []


async def the_bank_sends_back(house: House, amount_minor: int) -> None:
    from server.sandbox.state import Change, happen_later

    refund_id = await value(
        house.db,
        "SELECT id FROM sandbox_stripe_objects WHERE kind = 'refund' AND body->>'amount' = :amount",
        amount=str(amount_minor),
    )
    async with house.db.write.begin() as connection:
        await happen_later(connection, Change.REFUND_FAILS, refund_id, await house.db.now())


async def test_the_desk_sends_the_confirmation_again_over_the_channel_it_chose(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))

    answer = await house.http.post(
        f"/api/appointments/{held['appointment_id']}/resend",
        json={"channels": ["text"]},
        headers=await house.staff(),
    )
    await house.settle()

    assert (answer.status_code, answer.json()) == (202, {"queued": 2})
    texts = [item for item in told(await house.outbox(held["appointment_id"])) if item[2] == "text"]
    assert texts == sorted([("confirmation", who, "text") for who in ("patient", "provider")] * 2)


async def test_a_number_that_answered_stop_gets_no_text_and_e_mail_goes_on(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))
    stopped = await house.http.post("/sandbox/texts/replies", data={"sender": "+12125550123", "body": "stop "})
    await house.settle()

    await cancel(house, held["appointment_id"])
    await house.settle()

    assert stopped.status_code == 303
    canceled = [item for item in told(await house.outbox(held["appointment_id"])) if item[0] == "cancellation"]
    assert ("cancellation", "patient", "text") not in canceled
    assert ("cancellation", "patient", "email") in canceled
    detail = await house.detail(held["appointment_id"])
    reasons = [line["explanation"] for line in detail["messages"] if line["status"] == "suppressed"]
    assert reasons == ["This number has answered STOP."]


async def test_a_detail_shows_contact_money_messages_and_activity(house: House) -> None:
    held = await house.booked(at(house.organised, 3, 10))

    detail = await house.detail(held["appointment_id"])

    assert (detail["first_name"], detail["email"], detail["mobile"]) == ("Mara", "mara@example.com", "+12125550123")
    assert detail["sms_consent"] is True
    assert detail["consent_at"] is not None
    assert [(line["status"], line["amount_minor"]) for line in detail["payments"]] == [("succeeded", 12_500)]
    assert sum(line["amount_minor"] for line in detail["ledger"]) == 0
    assert len(detail["messages"]) == 4
    assert all(line["body"] for line in detail["messages"])
    kinds = [line["kind"] for line in detail["activity"]]
    assert kinds[:4] == ["appointment_created", "appointment_detailed", "payment_initiated", "appointment_paid"]
    assert (detail["meeting"]["status"], detail["refundable_minor"]) == ("ready", 12_500)
    assert detail["manage_url"].endswith(held["token"])
