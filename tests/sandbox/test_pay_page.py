"""The page that stands in for the processor's payment form."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.sandbox.test_sandbox_stripe import an_intent, call
from tests.sandbox.vendors import ClinicServer, Vendors

BACK = "http://127.0.0.1:8321/book/town?token=abc"


async def press(vendors: Vendors, intent: dict[str, Any], back: str | None = BACK, **fields: str) -> httpx.Response:
    query = f"?return_url={quote(back, safe='')}" if back is not None else ""
    return await vendors.http.post(f"/sandbox/pay/{intent['id']}{query}", data=fields)


async def status_of(vendors: Vendors, intent: dict[str, Any]) -> str:
    found: str = (await call(vendors, f"/payment_intents/{intent['id']}")).json()["status"]
    return found


async def test_the_page_shows_the_amount_and_a_button_for_each_outcome(vendors: Vendors) -> None:
    intent = await an_intent(vendors, amount="123456", currency="eur")

    answer = await vendors.http.get(f"/sandbox/pay/{intent['id']}")

    assert answer.status_code == 200
    assert "1,234.56 EUR" in answer.text
    for outcome in ("succeed", "decline", "authenticate", "response_lost", "succeed_late", "webhook_twice"):
        assert f'value="{outcome}"' in answer.text


@pytest.mark.parametrize(("currency", "shown"), [("jpy", "10,000 JPY"), ("kwd", "10.000 KWD"), ("usd", "100.00 USD")])
async def test_amounts_have_as_many_digits_as_their_currency(vendors: Vendors, currency: str, shown: str) -> None:
    intent = await an_intent(vendors, currency=currency)

    assert shown in (await vendors.http.get(f"/sandbox/pay/{intent['id']}")).text


async def test_succeed_charges_tells_us_and_sends_the_patient_back(
    vendors: Vendors, clinic_server: ClinicServer
) -> None:
    intent = await an_intent(vendors)

    answer = await press(vendors, intent, outcome="succeed")
    await vendors.deliver()

    assert (answer.status_code, answer.headers["location"]) == (303, BACK)
    assert await status_of(vendors, intent) == "succeeded"
    assert sorted(clinic_server.kinds()) == ["charge.succeeded", "payment_intent.succeeded"]


async def test_decline_leaves_the_intent_open_and_a_second_try_pays_it(
    vendors: Vendors, clinic_server: ClinicServer
) -> None:
    intent = await an_intent(vendors)

    declined = await press(vendors, intent, outcome="decline")
    after_decline = await status_of(vendors, intent)
    await vendors.deliver()
    page = await vendors.http.get(f"/sandbox/pay/{intent['id']}")
    await press(vendors, intent, outcome="succeed")

    assert (declined.status_code, after_decline) == (303, "requires_payment_method")
    assert "payment_intent.payment_failed" in clinic_server.kinds()
    assert "Your card was declined." in page.text
    assert await status_of(vendors, intent) == "succeeded"


@pytest.mark.parametrize(("choice", "status"), [("complete", "succeeded"), ("fail", "requires_payment_method")])
async def test_authentication_is_a_second_page(
    vendors: Vendors, clinic_server: ClinicServer, choice: str, status: str
) -> None:
    intent = await an_intent(vendors)

    first = await press(vendors, intent, outcome="authenticate")
    between = await status_of(vendors, intent)
    page = await vendors.http.get(first.headers["location"])
    second = await press(vendors, intent, None, authentication=choice)
    await vendors.deliver()

    assert (first.status_code, between) == (303, "requires_action")
    assert 'value="complete"' in page.text
    assert (second.status_code, second.headers["location"]) == (303, BACK)
    assert await status_of(vendors, intent) == status
    assert clinic_server.kinds()[0] == "payment_intent.requires_action"


async def test_a_lost_response_charges_and_the_webhook_comes_three_seconds_later(
    vendors: Vendors, clinic_server: ClinicServer
) -> None:
    intent = await an_intent(vendors)

    answer = await press(vendors, intent, outcome="response_lost")
    await vendors.deliver()
    early = clinic_server.kinds()
    await vendors.advance(3)
    await vendors.deliver()

    assert answer.status_code == 502
    assert "location" not in answer.headers
    assert await status_of(vendors, intent) == "succeeded"
    assert early == []
    assert "payment_intent.succeeded" in clinic_server.kinds()


async def test_a_late_success_cannot_be_canceled_and_settles_after_ten_minutes(
    vendors: Vendors, clinic_server: ClinicServer
) -> None:
    intent = await an_intent(vendors)

    await press(vendors, intent, outcome="succeed_late")
    canceled = await call(vendors, f"/payment_intents/{intent['id']}/cancel", {})
    await vendors.advance(590)
    await vendors.deliver()
    before = await status_of(vendors, intent)
    await vendors.advance(20)
    await vendors.deliver()

    assert canceled.status_code == 400
    assert canceled.json()["error"]["code"] == "payment_intent_unexpected_state"
    assert (before, await status_of(vendors, intent)) == ("processing", "succeeded")
    first, *others = clinic_server.kinds()
    assert first == "payment_intent.processing"
    assert sorted(others) == ["charge.succeeded", "payment_intent.succeeded"]  # due together, in no promised order


async def test_webhook_twice_sends_the_same_event_two_times(vendors: Vendors, clinic_server: ClinicServer) -> None:
    intent = await an_intent(vendors)

    await press(vendors, intent, outcome="webhook_twice")
    await vendors.deliver()

    succeeded = [item.body for item in clinic_server.received if b'"payment_intent.succeeded"' in item.body]
    assert len(succeeded) == 2
    assert succeeded[0] == succeeded[1]


@pytest.mark.parametrize("outcome", ["succeed", "decline", "authenticate", "response_lost", "succeed_late"])
@pytest.mark.parametrize("ending", ["succeed", "cancel"])
async def test_pressing_again_after_the_end_changes_nothing(vendors: Vendors, outcome: str, ending: str) -> None:
    intent = await an_intent(vendors)
    if ending == "cancel":
        await call(vendors, f"/payment_intents/{intent['id']}/cancel", {})
    else:
        await press(vendors, intent, outcome="succeed")
    before = (await call(vendors, f"/payment_intents/{intent['id']}")).json()

    answer = await press(vendors, intent, outcome=outcome)

    assert (answer.status_code, answer.headers["location"]) == (303, BACK)
    assert (await call(vendors, f"/payment_intents/{intent['id']}")).json() == before


@pytest.mark.parametrize(
    "fields", [{}, {"outcome": "win"}, {"outcome": ""}, {"outcome": "succeed\x00"}, {"authentication": "maybe"}]
)
async def test_any_other_outcome_is_a_problem(vendors: Vendors, fields: dict[str, str]) -> None:
    intent = await an_intent(vendors)

    answer = await press(vendors, intent, **fields)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert answer.headers["content-type"] == "application/problem+json"
    assert await status_of(vendors, intent) == "requires_payment_method"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"outcome": "succeed"}'),
        ("application/x-www-form-urlencoded", b"\xff\xfe=%ff"),
        ("multipart/form-data", b"broken"),
        ("", b"outcome=succeed"),
    ],
)
async def test_a_body_that_is_no_form_is_a_problem(vendors: Vendors, kind: str, body: bytes) -> None:
    intent = await an_intent(vendors)

    answer = await vendors.http.post(f"/sandbox/pay/{intent['id']}", content=body, headers={"Content-Type": kind})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


@pytest.mark.parametrize("unknown", ["pi_none", "%00", "%27", "a" * 300])
async def test_an_unknown_intent_is_a_404_problem(vendors: Vendors, unknown: str) -> None:
    shown = await vendors.http.get(f"/sandbox/pay/{unknown}")
    pressed = await vendors.http.post(f"/sandbox/pay/{unknown}", data={"outcome": "succeed"})

    assert [(answer.status_code, answer.json()["code"]) for answer in (shown, pressed)] == [(404, "not_found")] * 2


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/x",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "http://127.0.0.1:8321@evil.example/",
        "http://127.0.0.1:83210/",
        "https://127.0.0.1:8321/",
        "http://[",
        "/book\r\nSet-Cookie: a=b",
        "\x00",
        "",
    ],
)
async def test_the_way_back_never_leads_elsewhere(vendors: Vendors, elsewhere: str) -> None:
    intent = await an_intent(vendors)

    asked = await press(vendors, intent, elsewhere, outcome="authenticate")
    answer = await press(vendors, intent, elsewhere, authentication="complete")

    assert asked.status_code == 303
    assert (answer.status_code, answer.headers["location"]) == (303, "/book")


async def test_the_way_back_may_be_relative(vendors: Vendors) -> None:
    intent = await an_intent(vendors)

    answer = await press(vendors, intent, "/book/town?x=%C3%A9&y=a%26b", outcome="succeed")

    assert answer.headers["location"] == "/book/town?x=%C3%A9&y=a%26b"
