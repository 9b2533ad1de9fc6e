"""The production Stripe client against the pretended Stripe."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import stripe

from server.domain.boundary import VendorCallInTransactionError, transaction_open
from server.gateways.errors import BadSignatureError, GatewayRefusedError, GatewayUnavailableError, OutcomeUnknownError
from server.gateways.payments import Intent, IntentStatus, ProcessorRefundStatus, StripePayments
from server.sandbox.stripe.objects import API_VERSION
from shared.schemas.enums import NextStep
from tests.sandbox.vendors import Answers, ClinicServer, LosesAnswers, Unreachable, Vendors

APPOINTMENT = UUID("0190aaaa-0000-7000-8000-000000000001")


async def no_pause(seconds: float) -> None:
    return None


def a_gateway(vendors: Vendors, transport: httpx.AsyncBaseTransport | None = None, retries: int = 2) -> StripePayments:
    settings = vendors.settings
    return StripePayments(
        url=settings.stripe_url,
        secret_key=settings.stripe_secret_key,
        publishable_key=settings.stripe_publishable_key,
        webhook_secrets=settings.webhook_secrets,
        sandbox_pages=settings.public_url,
        transport=transport or vendors.transport,
        retries=retries,
        pause=no_pause,
    )


async def an_intent(payments: StripePayments, *, amount: int = 5000, key: str = "pay:1:1") -> Intent:
    return await payments.create_intent(
        key=key, amount_minor=amount, currency="USD", payment_id=uuid4(), appointment_id=APPOINTMENT
    )


async def pay(vendors: Vendors, intent: Intent, method: str = "pm_card_visa") -> httpx.Response:
    return await vendors.http.post(
        f"/sandbox/stripe/v1/payment_intents/{intent.id}/confirm",
        data={"payment_method": method},
        headers={"Authorization": f"Bearer {vendors.settings.stripe_secret_key}"},
    )


async def count(vendors: Vendors, kind: str) -> int:
    rows = await vendors.rows("SELECT count(*) AS n FROM sandbox_stripe_objects WHERE kind = :kind", kind=kind)
    return int(rows[0].n)


async def test_an_intent_carries_our_ids_and_nothing_about_the_visit(vendors: Vendors) -> None:
    payments = a_gateway(vendors)
    payment_id = uuid4()

    intent = await payments.create_intent(
        key="pay:a:1", amount_minor=5000, currency="USD", payment_id=payment_id, appointment_id=APPOINTMENT
    )

    assert (intent.status, intent.amount_minor, intent.currency) == (IntentStatus.REQUIRES_PAYMENT, 5000, "USD")
    assert intent.payment_id == payment_id
    assert intent.livemode is False
    stored = (await vendors.rows("SELECT body FROM sandbox_stripe_objects WHERE kind = 'payment_intent'"))[0].body
    assert stored["metadata"] == {"payment_id": str(payment_id), "appointment_id": str(APPOINTMENT)}
    assert stored["description"] is None


async def test_a_paid_intent_is_read_back_as_succeeded(vendors: Vendors) -> None:
    payments = a_gateway(vendors)
    intent = await an_intent(payments)
    await pay(vendors, intent)

    paid = await payments.retrieve_intent(intent.id)

    assert (paid.status, paid.received_minor) == (IntentStatus.SUCCEEDED, 5000)


async def test_a_lost_answer_is_asked_again_and_makes_one_intent(vendors: Vendors) -> None:
    transport = LosesAnswers(vendors.transport, lambda number: number == 0)
    payments = a_gateway(vendors, transport)

    await an_intent(payments)

    assert transport.requests == 2
    assert await count(vendors, "payment_intent") == 1


async def test_an_answer_that_stays_lost_is_an_unknown_outcome_and_the_same_key_finds_it(vendors: Vendors) -> None:
    payment_id = uuid4()
    lossy = a_gateway(vendors, LosesAnswers(vendors.transport, lambda number: True), retries=1)
    asked = {"key": "pay:b:1", "amount_minor": 900, "currency": "EUR", "payment_id": payment_id}

    with pytest.raises(OutcomeUnknownError):
        await lossy.create_intent(**asked, appointment_id=APPOINTMENT)  # type: ignore[arg-type]
    found = await a_gateway(vendors).create_intent(**asked, appointment_id=APPOINTMENT)  # type: ignore[arg-type]

    assert found.payment_id == payment_id
    assert await count(vendors, "payment_intent") == 1


async def test_the_same_key_with_other_parameters_is_refused(vendors: Vendors) -> None:
    payments = a_gateway(vendors)
    await an_intent(payments, amount=5000, key="pay:c:1")

    with pytest.raises(GatewayRefusedError) as refused:
        await an_intent(payments, amount=6000, key="pay:c:1")

    assert refused.value.code == "idempotency_error"


async def test_an_unreachable_processor_is_unavailable(vendors: Vendors) -> None:
    payments = a_gateway(vendors, Unreachable())

    with pytest.raises(GatewayUnavailableError) as unavailable:
        await an_intent(payments)

    assert unavailable.value.code == "connection_failed"


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (429, {"type": "invalid_request_error"}, GatewayUnavailableError),
        (401, {"type": "invalid_request_error"}, GatewayUnavailableError),
        (500, {"type": "api_error"}, OutcomeUnknownError),
        (400, {"type": "invalid_request_error", "code": "amount_too_small"}, GatewayRefusedError),
    ],
)
async def test_each_error_answer_says_what_to_do_next(
    vendors: Vendors, status: int, error: dict[str, str], expected: type[Exception]
) -> None:
    answer = Answers(status, json.dumps({"error": error | {"message": "no"}}).encode())
    payments = a_gateway(vendors, answer, retries=0)

    with pytest.raises(expected):
        await an_intent(payments)


async def test_a_server_error_on_reading_leaves_nothing_in_doubt(vendors: Vendors) -> None:
    payments = a_gateway(vendors, Answers(503, b"<html>"), retries=0)

    with pytest.raises(GatewayUnavailableError):
        await payments.retrieve_intent("pi_1")


async def test_a_successful_answer_that_is_no_intent_is_an_unknown_outcome(vendors: Vendors) -> None:
    payments = a_gateway(vendors, Answers(200, b'{"id": "pi_1", "object": "payment_intent"}'), retries=0)

    with pytest.raises(OutcomeUnknownError):
        await an_intent(payments)


async def test_an_amount_counted_in_other_units_than_iso_is_refused_before_it_is_sent(vendors: Vendors) -> None:
    payments = a_gateway(vendors)

    with pytest.raises(GatewayRefusedError):
        await payments.create_intent(
            key="k", amount_minor=5000, currency="ISK", payment_id=uuid4(), appointment_id=APPOINTMENT
        )

    assert await count(vendors, "payment_intent") == 0


async def test_a_declined_card_leaves_the_intent_open_and_another_card_pays_it(vendors: Vendors) -> None:
    payments = a_gateway(vendors)
    intent = await an_intent(payments)

    declined = await pay(vendors, intent, "pm_card_chargeDeclinedInsufficientFunds")
    after_decline = await payments.retrieve_intent(intent.id)
    await pay(vendors, intent)
    after_payment = await payments.retrieve_intent(intent.id)

    assert declined.status_code == 402
    assert (after_decline.status, after_decline.failure_code) == (IntentStatus.REQUIRES_PAYMENT, "insufficient_funds")
    assert (after_payment.status, after_payment.failure_code) == (IntentStatus.SUCCEEDED, None)


async def test_canceling_says_where_the_intent_really_stands(vendors: Vendors) -> None:
    payments = a_gateway(vendors)
    open_one, paid_one = await an_intent(payments, key="a"), await an_intent(payments, key="b")
    await pay(vendors, paid_one)

    canceled = await payments.cancel_intent(open_one.id)
    again = await payments.cancel_intent(open_one.id)
    too_late = await payments.cancel_intent(paid_one.id)

    assert (canceled.status, again.status) == (IntentStatus.CANCELED, IntentStatus.CANCELED)
    assert too_late.status is IntentStatus.SUCCEEDED


async def test_an_intent_that_does_not_exist_is_refused(vendors: Vendors) -> None:
    with pytest.raises(GatewayRefusedError) as refused:
        await a_gateway(vendors).cancel_intent("pi_none")

    assert refused.value.code == "resource_missing"


async def test_partial_refunds_stop_at_what_was_paid(vendors: Vendors) -> None:
    payments = a_gateway(vendors)
    intent = await an_intent(payments)
    await pay(vendors, intent)
    ours = uuid4()

    first = await payments.create_refund(key="refund:1", intent_id=intent.id, amount_minor=4000, refund_id=ours)
    with pytest.raises(GatewayRefusedError):
        await payments.create_refund(key="refund:2", intent_id=intent.id, amount_minor=1001, refund_id=uuid4())
    await payments.create_refund(key="refund:3", intent_id=intent.id, amount_minor=1000, refund_id=uuid4())
    with pytest.raises(GatewayRefusedError) as refused:
        await payments.create_refund(key="refund:4", intent_id=intent.id, amount_minor=1, refund_id=uuid4())

    assert (first.status, first.intent_id, first.refund_id) == (ProcessorRefundStatus.SUCCEEDED, intent.id, ours)
    assert refused.value.code == "charge_already_refunded"
    assert await count(vendors, "refund") == 2


async def test_a_refund_asked_twice_under_one_key_is_one_refund(vendors: Vendors) -> None:
    payments = a_gateway(vendors)
    intent = await an_intent(payments)
    await pay(vendors, intent)
    ours = uuid4()

    first = await payments.create_refund(key="refund:5", intent_id=intent.id, amount_minor=100, refund_id=ours)
    second = await payments.create_refund(key="refund:5", intent_id=intent.id, amount_minor=100, refund_id=ours)

    assert first.id == second.id
    assert await count(vendors, "refund") == 1


async def test_a_refund_may_fail_after_it_succeeded(vendors: Vendors) -> None:
    payments = a_gateway(vendors)
    intent = await an_intent(payments)
    await pay(vendors, intent, "pm_card_refundFail")
    refund = await payments.create_refund(key="r", intent_id=intent.id, amount_minor=5000, refund_id=uuid4())

    await vendors.advance(5)
    await vendors.deliver()
    later = await payments.retrieve_refund(refund.id)

    assert (refund.status, later.status) == (ProcessorRefundStatus.SUCCEEDED, ProcessorRefundStatus.FAILED)
    assert later.failure_code == "lost_or_stolen_card"


async def test_a_pending_refund_succeeds_later(vendors: Vendors, clinic_server: ClinicServer) -> None:
    payments = a_gateway(vendors)
    intent = await an_intent(payments)
    await pay(vendors, intent, "pm_card_pendingRefund")
    refund = await payments.create_refund(key="r", intent_id=intent.id, amount_minor=5000, refund_id=uuid4())

    await vendors.advance(5)
    await vendors.deliver()
    later = await payments.retrieve_refund(refund.id)

    assert (refund.status, later.status) == (ProcessorRefundStatus.PENDING, ProcessorRefundStatus.SUCCEEDED)
    assert "refund.updated" in clinic_server.kinds()


async def test_the_sandbox_is_paid_on_its_page_and_the_real_one_in_its_form(vendors: Vendors) -> None:
    sandboxed = a_gateway(vendors)
    real = StripePayments(
        url="https://api.stripe.com", secret_key="sk", publishable_key="pk_1", webhook_secrets=("whsec_1",)
    )
    intent = await an_intent(sandboxed)

    page = sandboxed.next_step(intent, return_url="http://127.0.0.1:8321/book/town?token=a&b=c")
    form = real.next_step(intent, return_url="http://127.0.0.1:8321/book/town")

    assert page.kind is NextStep.REDIRECT
    assert page.url == (
        f"http://127.0.0.1:8321/sandbox/pay/{intent.id}"
        "?return_url=http%3A%2F%2F127.0.0.1%3A8321%2Fbook%2Ftown%3Ftoken%3Da%26b%3Dc"
    )
    assert (form.kind, form.publishable_key, form.client_secret) == (
        NextStep.STRIPE_ELEMENTS,
        "pk_1",
        intent.client_secret,
    )


async def test_no_call_starts_while_a_transaction_is_open(vendors: Vendors) -> None:
    payments = a_gateway(vendors)

    with an_open_transaction(), pytest.raises(VendorCallInTransactionError):
        await an_intent(payments)

    assert await count(vendors, "payment_intent") == 0


@contextmanager
def an_open_transaction() -> Iterator[None]:
    token = transaction_open.set(True)
    try:
        yield
    finally:
        transaction_open.reset(token)


# Webhooks


def a_verifier(*secrets: str) -> StripePayments:
    return StripePayments(url="https://api.stripe.com", secret_key="sk", publishable_key="pk", webhook_secrets=secrets)


def an_event(**changes: Any) -> bytes:
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "livemode": False,
        "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
    }
    return json.dumps(event | changes).encode()


def signed(body: bytes, secret: str, *, at: float | None = None) -> str:
    moment = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def test_a_signed_event_names_its_object() -> None:
    body = an_event()

    event = a_verifier("whsec_1").read_event(body, signed(body, "whsec_1"))

    assert (event.id, event.kind, event.object_id, event.livemode) == (
        "evt_1",
        "payment_intent.succeeded",
        "pi_1",
        False,
    )


def test_while_secrets_rotate_either_of_them_signs() -> None:
    body = an_event()
    verifier = a_verifier("whsec_new", "whsec_old")

    by_old = verifier.read_event(body, signed(body, "whsec_old"))
    by_new = verifier.read_event(body, signed(body, "whsec_new"))

    assert by_old == by_new


@pytest.mark.parametrize(
    "signature",
    ["", "nonsense", "t=1,v1=", "t=1", "v1=abc", "t=99999999999999999999,v1=é", f"t={'9' * 5000},v1=a", "t=x,v1=y"],
)
def test_a_signature_that_is_none_is_refused(signature: str) -> None:
    with pytest.raises(BadSignatureError):
        a_verifier("whsec_1").read_event(an_event(), signature)


def test_a_tampered_body_is_refused() -> None:
    signature = signed(an_event(), "whsec_1")

    with pytest.raises(BadSignatureError):
        a_verifier("whsec_1").read_event(an_event(livemode=True), signature)


def test_an_old_signature_is_refused() -> None:
    body = an_event()

    with pytest.raises(BadSignatureError):
        a_verifier("whsec_1").read_event(body, signed(body, "whsec_1", at=time.time() - 301))


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[]", b"{}", b'{"id": 1}', b"[" * 10_000])
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(BadSignatureError):
        a_verifier("whsec_1").read_event(body, signed(body, "whsec_1"))


async def test_the_sandbox_signs_what_the_gateway_verifies(vendors: Vendors, clinic_server: ClinicServer) -> None:
    payments = a_gateway(vendors)
    intent = await an_intent(payments)
    await pay(vendors, intent)

    await vendors.deliver()
    events = [payments.read_event(item.body, item.headers["stripe-signature"]) for item in clinic_server.received]

    assert [(event.kind, event.object_id) for event in events if event.kind.startswith("payment_intent")] == [
        ("payment_intent.succeeded", intent.id)
    ]


def test_the_sandbox_speaks_the_version_that_the_client_pins() -> None:
    assert stripe.api_version == API_VERSION
