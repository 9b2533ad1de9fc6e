"""What the pretended Stripe does beyond what our gateway asks of it."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.sandbox.vendors import ClinicServer, Vendors

V1 = "/sandbox/stripe/v1"


async def call(vendors: Vendors, path: str, data: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
    given = {"Authorization": f"Bearer {vendors.settings.stripe_secret_key}"} | headers
    if data is None:
        return await vendors.http.get(f"{V1}{path}", headers=given)
    return await vendors.http.post(f"{V1}{path}", data=data, headers=given)


async def an_intent(vendors: Vendors, **changes: str) -> dict[str, Any]:
    answer = await call(vendors, "/payment_intents", {"amount": "10000", "currency": "usd"} | changes)
    assert answer.status_code == 200, answer.text
    intent: dict[str, Any] = answer.json()
    return intent


async def a_paid_intent(vendors: Vendors, method: str = "pm_card_visa") -> dict[str, Any]:
    return await an_intent(vendors, confirm="true", payment_method=method)


@pytest.mark.parametrize("header", ["", "Bearer sk_test_other", "Bearer", "Basic !!!", "Digest sk_test_sandbox"])
async def test_a_wrong_key_is_unauthorised(vendors: Vendors, header: str) -> None:
    answer = await call(vendors, "/payment_intents", {"amount": "100", "currency": "usd"}, Authorization=header)

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("data", "code", "param"),
    [
        ({"amount": "100", "currency": "usd", "colour": "red"}, "parameter_unknown", "colour"),
        (
            {"amount": "100", "currency": "usd", "payment_method_types[]": "card"},
            "payment_method_types_no_longer_supported",
            "payment_method_types",
        ),
        ({"currency": "usd"}, "parameter_missing", "amount"),
        ({"amount": "ten", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": "1.5", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": "9" * 400, "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": "49", "currency": "usd"}, "amount_too_small", "amount"),
        ({"amount": "-1", "currency": "usd"}, "amount_too_small", "amount"),
        ({"amount": "100000000", "currency": "usd"}, "amount_too_large", "amount"),
        ({"amount": "100", "currency": "us\x00"}, "parameter_invalid_string", "currency"),
    ],
)
async def test_parameters_are_checked_as_the_vendor_does(
    vendors: Vendors, data: dict[str, str], code: str, param: str
) -> None:
    answer = await call(vendors, "/payment_intents", data)

    assert answer.status_code == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == (code, param)


@pytest.mark.parametrize(
    "body", [b"amount=%ff%fe", b"\xff\xfe", b"a[b][c][d][e][f][g]=1", b"a]=1", b"&".join([b"a=1"] * 600)]
)
async def test_a_body_that_cannot_be_read_is_a_400(vendors: Vendors, body: bytes) -> None:
    key = {"Authorization": f"Bearer {vendors.settings.stripe_secret_key}"}

    answer = await vendors.http.post(f"{V1}/payment_intents", content=body, headers=key)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path", ["/payment_intents/pi_%00", "/payment_intents/x%27", "/refunds/re_none", "/charges/1", "/events/e"]
)
async def test_an_unknown_object_is_a_404(vendors: Vendors, path: str) -> None:
    answer = await call(vendors, path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "resource_missing")


async def test_a_repeated_key_answers_the_same_without_doing_it_again(vendors: Vendors) -> None:
    asked = {"amount": "10000", "currency": "usd", "metadata[payment_id]": "p1"}
    header = {"Idempotency-Key": "key-1"}

    answers = await asyncio.gather(*(call(vendors, "/payment_intents", asked, **header) for _ in range(5)))

    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.headers.get("idempotent-replayed", "") for answer in answers) == ["", *["true"] * 4]
    assert len((await call(vendors, "/payment_intents")).json()["data"]) == 1


async def test_a_repeated_key_repeats_a_decline_too(vendors: Vendors) -> None:
    intent = await an_intent(vendors)
    path, header = f"/payment_intents/{intent['id']}/confirm", {"Idempotency-Key": "key-2"}

    first = await call(vendors, path, {"payment_method": "pm_card_chargeDeclined"}, **header)
    again = await call(vendors, path, {"payment_method": "pm_card_chargeDeclined"}, **header)

    assert (first.status_code, again.status_code) == (402, 402)
    assert first.json()["error"]["charge"] == again.json()["error"]["charge"]
    assert first.json()["error"]["payment_intent"]["status"] == "requires_payment_method"


async def test_a_key_is_forgotten_after_a_day(vendors: Vendors) -> None:
    asked, header = {"amount": "10000", "currency": "usd"}, {"Idempotency-Key": "key-3"}
    first = await call(vendors, "/payment_intents", asked, **header)

    await vendors.advance(25 * 3600)
    later = await call(vendors, "/payment_intents", asked, **header)

    assert first.json()["id"] != later.json()["id"]


async def test_a_request_that_never_began_leaves_its_key_free(vendors: Vendors) -> None:
    header = {"Idempotency-Key": "key-4"}

    wrong = await call(vendors, "/payment_intents", {"amount": "ten", "currency": "usd"}, **header)
    right = await call(vendors, "/payment_intents", {"amount": "1000", "currency": "usd"}, **header)

    assert (wrong.status_code, right.status_code) == (400, 200)


async def test_the_fee_is_known_a_moment_after_the_charge(vendors: Vendors, clinic_server: ClinicServer) -> None:
    intent = await a_paid_intent(vendors)
    before = (await call(vendors, f"/charges/{intent['latest_charge']}")).json()

    await vendors.advance(2)
    await vendors.deliver()
    after = (await call(vendors, f"/charges/{intent['latest_charge']}?expand[]=balance_transaction")).json()

    assert before["balance_transaction"] is None
    assert (after["balance_transaction"]["fee"], after["balance_transaction"]["net"]) == (320, 9680)
    assert clinic_server.kinds()[-1] == "charge.updated"


async def test_a_full_refund_keeps_the_fee(vendors: Vendors) -> None:
    intent = await a_paid_intent(vendors)
    await vendors.advance(2)
    await vendors.deliver()

    refund = (await call(vendors, "/refunds", {"payment_intent": intent["id"]})).json()

    booked = (await call(vendors, "/balance_transactions?limit=100")).json()["data"]
    assert refund["amount"] == 10000
    assert sum(line["net"] for line in booked) == -320


async def test_two_full_refunds_at_once_are_one(vendors: Vendors) -> None:
    intent = await a_paid_intent(vendors)

    answers = await asyncio.gather(*(call(vendors, "/refunds", {"charge": intent["latest_charge"]}) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]


async def test_an_unpaid_intent_cannot_be_refunded(vendors: Vendors) -> None:
    intent = await an_intent(vendors)

    answer = await call(vendors, "/refunds", {"payment_intent": intent["id"]})

    assert answer.status_code == 400


async def test_a_dispute_is_opened_and_stops_refunds(vendors: Vendors, clinic_server: ClinicServer) -> None:
    intent = await a_paid_intent(vendors, "pm_card_createDispute")

    await vendors.advance(5)
    await vendors.deliver()
    refund = await call(vendors, "/refunds", {"payment_intent": intent["id"]})

    assert "charge.dispute.created" in clinic_server.kinds()
    assert refund.json()["error"]["code"] == "charge_disputed"


async def test_a_failed_refund_gives_the_charge_its_amount_back(vendors: Vendors, clinic_server: ClinicServer) -> None:
    intent = await a_paid_intent(vendors, "pm_card_refundFail")
    await call(vendors, "/refunds", {"payment_intent": intent["id"], "amount": "4000"})

    await vendors.advance(5)
    await vendors.deliver()

    charge = (await call(vendors, f"/charges/{intent['latest_charge']}")).json()
    assert (charge["amount_refunded"], charge["refunded"]) == (0, False)
    assert "refund.failed" in clinic_server.kinds()


async def test_the_publishable_key_opens_only_the_intent_whose_secret_is_known(vendors: Vendors) -> None:
    intent = await an_intent(vendors)
    public = {"Authorization": f"Bearer {vendors.settings.stripe_publishable_key}"}
    path = f"/payment_intents/{intent['id']}"

    with_secret = await call(vendors, f"{path}?client_secret={intent['client_secret']}", None, **public)
    without = await call(vendors, path, None, **public)
    wrong = await call(vendors, f"{path}?client_secret=guess", None, **public)
    refund = await call(vendors, "/refunds", {"payment_intent": intent["id"]}, **public)

    assert [answer.status_code for answer in (with_secret, without, wrong, refund)] == [200, 404, 404, 401]


async def test_lists_go_page_by_page_newest_first(vendors: Vendors) -> None:
    made = [(await an_intent(vendors))["id"] for _ in range(3)]

    first = (await call(vendors, "/payment_intents?limit=2")).json()
    rest = (await call(vendors, f"/payment_intents?limit=2&starting_after={first['data'][-1]['id']}")).json()

    assert [item["id"] for item in first["data"] + rest["data"]] == made[::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)


async def test_events_can_be_listed_by_kind(vendors: Vendors) -> None:
    await a_paid_intent(vendors)

    answer = await call(vendors, "/events?types[]=charge.succeeded&types[]=payment_intent.succeeded")

    assert {event["type"] for event in answer.json()["data"]} == {"charge.succeeded", "payment_intent.succeeded"}
    assert answer.json()["data"][0]["api_version"] == "2026-10-28.endive"
