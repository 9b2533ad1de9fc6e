"""What vendors tell us, and what others pretend that they tell us: only a signature of theirs opens the door."""

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from server.sandbox.courier import stripe_signature, twilio_signature
from tests.house import House
from tests.organisation import at
from tests.routes.evidence import everything, rows, value
from tests.routes.test_bad_input import is_a_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


def an_event(**changes: Any) -> str:
    event = {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "type": "payment_intent.succeeded",
        "livemode": False,
        "data": {"object": {"id": "pi_unknown", "object": "payment_intent"}},
        **changes,
    }
    return json.dumps(event)


def signed(payload: str, secret: str, *, moment: int | None = None) -> str:
    moment = int(time.time()) if moment is None else moment
    digest = hmac.new(secret.encode(), f"{moment}.{payload}".encode(), hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


async def test_webhooks_that_the_processor_did_not_sign_change_nothing(standing_house: House) -> None:
    house = standing_house
    secret, payload = house.settings.webhook_secrets[0], an_event()
    good = signed(payload, secret)
    forged: dict[str, tuple[str | bytes, str | bytes | None]] = {
        "no header": (payload, None),
        "an empty header": (payload, ""),
        "words": (payload, "trust me"),
        "outside ASCII": (payload, "t=1,v1=ż".encode()),
        "another secret": (payload, signed(payload, "whsec_other")),
        "another body": (payload.replace("pi_unknown", "pi_other"), good),
        "serialised anew": (json.dumps(json.loads(payload), indent=1), good),
        "stale by six minutes": (payload, signed(payload, secret, moment=int(time.time()) - 360)),
        "without a time": (payload, good.partition(",")[2]),
        "a time in words": (payload, good.replace("t=", "t=x")),
        "an older scheme": (payload, good.replace("v1=", "v0=")),
        "a cut digest": (payload, good[:-1]),
        "no UTF-8": (b"\xff\xfe", good),
        "signed, but no JSON": ("{", signed("{", secret)),
        "signed, but no event": ("{}", signed("{}", secret)),
        "signed, but nested beyond reason": ("[" * 50_000, signed("[" * 50_000, secret)),
    }
    before = await everything(house.db)

    for name, (body, header) in forged.items():
        value_of = header.encode() if isinstance(header, str) else header
        answer = await house.http.post(
            "/webhooks/stripe",
            content=body,
            headers=[] if value_of is None else [(b"Stripe-Signature", value_of)],
        )
        assert answer.status_code == 400, f"{name}: {answer.status_code} {answer.text}"
        is_a_problem(answer, 400, "invalid_signature")
    assert await everything(house.db) == before


async def test_one_good_signature_among_others_is_enough(standing_house: House) -> None:
    house, payload = standing_house, an_event(type="charge.succeeded")
    good = signed(payload, house.settings.webhook_secrets[0])

    answer = await house.http.post(
        "/webhooks/stripe", content=payload, headers={"Stripe-Signature": f"{good},v1={'0' * 64}"}
    )

    assert (answer.status_code, answer.json()) == (200, {"result": "stored"})


async def test_an_event_of_the_other_mode_is_ignored(standing_house: House) -> None:
    house, payload = standing_house, an_event(livemode=True)
    before = await everything(house.db)

    answer = await house.http.post(
        "/webhooks/stripe",
        content=payload,
        headers={"Stripe-Signature": stripe_signature(payload, house.settings.webhook_secrets[0])},
    )

    assert answer.status_code == 200
    assert answer.json()["result"].startswith("ignored")
    assert await everything(house.db) == before


async def test_an_event_that_comes_again_is_known(standing_house: House) -> None:
    house, payload = standing_house, an_event(type="charge.succeeded")
    headers = {"Stripe-Signature": stripe_signature(payload, house.settings.webhook_secrets[0])}

    first = await house.http.post("/webhooks/stripe", content=payload, headers=headers)
    again = await house.http.post("/webhooks/stripe", content=payload, headers=headers)

    assert (first.json(), again.json()) == ({"result": "stored"}, {"result": "known"})


async def test_an_event_about_an_intent_that_nobody_knows_is_tried_again_later(standing_house: House) -> None:
    house = standing_house
    payload = an_event(data={"object": {"id": "pi_nobody", "object": "payment_intent"}})
    headers = {"Stripe-Signature": stripe_signature(payload, house.settings.webhook_secrets[0])}

    answer = await house.http.post("/webhooks/stripe", content=payload, headers=headers)
    await house.settle()

    assert answer.status_code == 200
    stored = await rows(
        house.db,
        "SELECT attempts > 0, processed_at, error IS NOT NULL FROM webhook_inbox WHERE object_id = 'pi_nobody'",
    )
    assert [tuple(row) for row in stored] == [(True, None, True)]


async def test_texts_callbacks_that_the_vendor_did_not_sign_change_nothing(standing_house: House) -> None:
    house = standing_house
    held = (await house.hold(at(house.organised, 3, 9), service_id=house.organised.intro)).json()
    await house.details(held["token"])
    await house.settle()
    message = await value(
        house.db,
        "SELECT id FROM messages WHERE appointment_id = :id AND channel = 'text' AND audience = 'patient'",
        id=held["appointment_id"],
    )
    path = f"/webhooks/twilio/status/{message}"
    token = house.settings.twilio_auth_token
    form = urlencode({"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003"})
    good = twilio_signature(f"{house.settings.public_url}{path}", form, token)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    forged: dict[str, tuple[str, str | bytes, dict[str, str]]] = {
        "no header": (path, form, {}),
        "an empty header": (path, form, {"X-Twilio-Signature": ""}),
        "another token": (
            path, form, {"X-Twilio-Signature": twilio_signature(f"{house.settings.public_url}{path}", form, "x")}
        ),
        "another field": (path, form.replace("30003", "30004"), {"X-Twilio-Signature": good}),
        "one field more": (path, f"{form}&To=1", {"X-Twilio-Signature": good}),
        "another address": (f"{path}?x=1", form, {"X-Twilio-Signature": good}),
        "no UTF-8": (path, b"\xff=\xfe", {"X-Twilio-Signature": good}),
        "an inbound text": ("/webhooks/twilio/inbound", form, {"X-Twilio-Signature": good}),
        "an inbound text without header": ("/webhooks/twilio/inbound", "From=%2B12125550123&Body=STOP", {}),
    }  # fmt: skip
    before = await everything(house.db)

    for name, (address, body, header) in forged.items():
        answer = await house.http.post(address, content=body, headers=kind | header)
        assert answer.status_code in (400, 403), f"{name}: {answer.status_code} {answer.text}"
        is_a_problem(answer)
    assert await everything(house.db) == before
    taken = await house.http.post(path, content=form, headers=kind | {"X-Twilio-Signature": good})
    assert taken.status_code == 204


async def test_delivery_reports_count_in_any_order_and_only_forward(standing_house: House) -> None:
    house = standing_house
    held = (await house.hold(at(house.organised, 4, 9), service_id=house.organised.intro)).json()
    await house.details(held["token"])
    await house.settle()
    message = await value(
        house.db,
        "SELECT id FROM messages WHERE appointment_id = :id AND channel = 'text' AND audience = 'patient'",
        id=held["appointment_id"],
    )

    for status in ("delivered", "sent", "queued", "delivered", "undelivered"):
        answer = await told_by_vendor(house, str(message), {"MessageSid": "SM9", "MessageStatus": status})
        assert answer == 204

    assert await value(house.db, "SELECT status FROM messages WHERE id = :id", id=message) == "delivered"


async def test_a_report_about_a_message_that_is_not_ours_is_taken_and_forgotten(standing_house: House) -> None:
    before = await everything(standing_house.db)

    answer = await told_by_vendor(standing_house, str(uuid4()), {"MessageSid": "SM9", "MessageStatus": "delivered"})

    assert answer == 204
    assert await everything(standing_house.db) == before


async def told_by_vendor(house: House, message_id: str, fields: dict[str, str]) -> int:
    path, form = f"/webhooks/twilio/status/{message_id}", urlencode(fields)
    signature = twilio_signature(f"{house.settings.public_url}{path}", form, house.settings.twilio_auth_token)
    answer = await house.http.post(
        path,
        content=form,
        headers={"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature},
    )
    return answer.status_code
