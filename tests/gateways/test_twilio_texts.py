"""The production Twilio client against the pretended Twilio."""

import json
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx
import pytest
from twilio.request_validator import RequestValidator

from server.gateways.errors import BadSignatureError, GatewayRefusedError, GatewayUnavailableError, OutcomeUnknownError
from server.gateways.texts import TextStatus, TwilioTexts
from tests.sandbox.vendors import Answers, ClinicServer, LosesAnswers, Unreachable, Vendors

MOBILE = "+447400123456"
MESSAGE = UUID("0190aaaa-0000-7000-8000-0000000000aa")


def a_gateway(vendors: Vendors, transport: httpx.AsyncBaseTransport | None = None) -> TwilioTexts:
    return TwilioTexts.from_settings(vendors.settings, transport or vendors.transport)


async def test_a_text_is_sent_and_called_back_under_our_id(vendors: Vendors, clinic_server: ClinicServer) -> None:
    texts = a_gateway(vendors)

    sent = await texts.send(to=MOBILE, body="Your visit is at 9.", message_id=MESSAGE, validity_seconds=3600)
    await vendors.advance(2)
    await vendors.deliver()

    assert (sent.status, sent.error_code) == (TextStatus.SENT, None)
    assert {item.path for item in clinic_server.received} == {f"/webhooks/twilio/status/{MESSAGE}"}
    assert [item.form["MessageStatus"] for item in clinic_server.received] == ["sent", "delivered"]
    assert {item.form["MessageSid"] for item in clinic_server.received} == {sent.id}


async def test_callbacks_verify_with_the_vendors_own_validator_and_with_ours(
    vendors: Vendors, clinic_server: ClinicServer
) -> None:
    texts = a_gateway(vendors)
    await texts.send(to=MOBILE, body="Ünïcode & signs + more", message_id=MESSAGE, validity_seconds=60)
    await vendors.advance(2)
    await vendors.deliver()
    last = clinic_server.received[-1]
    url = f"{vendors.settings.public_url}{last.path}"
    signature = last.headers["x-twilio-signature"]

    status = texts.read_status(url=url, form=last.form, signature=signature)

    assert RequestValidator(vendors.settings.twilio_auth_token).validate(url, last.form, signature)
    assert status.status is TextStatus.DELIVERED
    for url_or_form in (
        {"url": url.replace("http:", "https:"), "form": last.form, "signature": signature},
        {"url": url, "form": last.form | {"MessageStatus": "failed"}, "signature": signature},
        {"url": url, "form": last.form, "signature": ""},
        {"url": url, "form": last.form, "signature": "é" * len(signature)},
    ):
        with pytest.raises(BadSignatureError):
            texts.read_status(**url_or_form)  # type: ignore[arg-type]


async def test_a_callback_behind_a_proxy_is_signed_for_the_public_address(
    vendors: Vendors, clinic_server: ClinicServer
) -> None:
    settings = vendors.settings
    texts = TwilioTexts(
        url=settings.twilio_url,
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token,
        sender="MG0123456789abcdef0123456789abcdef",
        public_url="https://book.example.org",
        transport=vendors.transport,
    )
    await texts.send(to=MOBILE, body="Hello", message_id=MESSAGE, validity_seconds=60)
    await vendors.advance(2)
    await vendors.deliver()
    first = clinic_server.received[0]

    status = texts.read_status(
        url=f"https://book.example.org{first.path}", form=first.form, signature=first.headers["x-twilio-signature"]
    )

    assert status.status is TextStatus.SENT


@pytest.mark.parametrize(
    ("to", "code"),
    [("+15005550001", "21211"), ("not-a-number", "21211"), ("+15005550009", "21614"), ("+15005550004", "21610")],
)
async def test_a_number_that_cannot_be_texted_is_refused_with_the_vendors_code(
    vendors: Vendors, to: str, code: str
) -> None:
    with pytest.raises(GatewayRefusedError) as refused:
        await a_gateway(vendors).send(to=to, body="Hello", message_id=MESSAGE, validity_seconds=60)

    assert refused.value.code == code


async def test_an_undeliverable_text_fails_later_with_its_code(vendors: Vendors, clinic_server: ClinicServer) -> None:
    texts = a_gateway(vendors)
    await texts.send(to="+447400130003", body="Hello", message_id=MESSAGE, validity_seconds=60)
    await vendors.advance(2)
    await vendors.deliver()
    last = clinic_server.received[-1]

    status = texts.read_status(
        url=f"{vendors.settings.public_url}{last.path}", form=last.form, signature=last.headers["x-twilio-signature"]
    )

    assert (status.status, status.error_code) == (TextStatus.FAILED, "30003")


async def test_a_lost_answer_is_never_sent_again_but_can_be_found(vendors: Vendors) -> None:
    since = await vendors.db.now()
    lossy = LosesAnswers(vendors.transport, lambda number: True)

    with pytest.raises(OutcomeUnknownError):
        await a_gateway(vendors, lossy).send(to=MOBILE, body="Once only", message_id=MESSAGE, validity_seconds=60)
    found = await a_gateway(vendors).find(to=MOBILE, body="Once only", since=since)
    other = await a_gateway(vendors).find(to=MOBILE, body="Something else", since=since)
    too_early = await a_gateway(vendors).find(to=MOBILE, body="Once only", since=since + timedelta(minutes=5))

    assert lossy.requests == 1
    assert found is not None
    assert (other, too_early) == (None, None)
    assert len(await vendors.rows("SELECT sid FROM sandbox_texts")) == 1


async def test_a_server_error_is_an_unknown_outcome_that_can_be_found(vendors: Vendors) -> None:
    texts = a_gateway(vendors)
    since = await vendors.db.now()

    with pytest.raises(OutcomeUnknownError):
        await texts.send(to="+447400120500", body="Taken", message_id=MESSAGE, validity_seconds=60)

    assert await texts.find(to="+447400120500", body="Taken", since=since) is not None


@pytest.mark.parametrize(
    ("transport", "expected"),
    [
        (Unreachable(), GatewayUnavailableError),
        (
            Answers(429, json.dumps({"code": 20429, "message": "slow down", "status": 429}).encode()),
            GatewayUnavailableError,
        ),
        (Answers(401, json.dumps({"code": 20003, "message": "who?", "status": 401}).encode()), GatewayUnavailableError),
        (Answers(503, b"<html>"), OutcomeUnknownError),
        (Answers(201, b"<html>"), OutcomeUnknownError),
        (Answers(400, b"<html>"), GatewayRefusedError),
    ],
)
async def test_each_failure_says_what_to_do_next(
    vendors: Vendors, transport: httpx.AsyncBaseTransport, expected: type[Exception]
) -> None:
    with pytest.raises(expected):
        await a_gateway(vendors, transport).send(to=MOBILE, body="Hello", message_id=uuid4(), validity_seconds=60)


async def test_a_problem_in_the_newer_error_format_is_understood(vendors: Vendors) -> None:
    body = {"type": "about:blank", "title": "No", "status": 400, "code": 21211, "detail": "not a number"}

    with pytest.raises(GatewayRefusedError) as refused:
        await a_gateway(vendors, Answers(400, json.dumps(body).encode())).send(
            to=MOBILE, body="Hello", message_id=MESSAGE, validity_seconds=60
        )

    assert refused.value.code == "21211"


async def test_stop_is_told_to_us_and_then_refuses_texts_until_start(
    vendors: Vendors, clinic_server: ClinicServer
) -> None:
    texts = a_gateway(vendors)

    await vendors.http.post("/sandbox/texts/replies", data={"sender": MOBILE, "body": " stop "})
    with pytest.raises(GatewayRefusedError) as refused:
        await texts.send(to=MOBILE, body="Hello", message_id=MESSAGE, validity_seconds=60)
    await vendors.http.post("/sandbox/texts/replies", data={"sender": MOBILE, "body": "START"})
    await texts.send(to=MOBILE, body="Hello again", message_id=MESSAGE, validity_seconds=60)
    await vendors.deliver()
    heard = [
        texts.read_inbound(
            url=f"{vendors.settings.public_url}{item.path}",
            form=item.form,
            signature=item.headers["x-twilio-signature"],
        )
        for item in clinic_server.received
        if item.path == "/webhooks/twilio/inbound"
    ]

    assert refused.value.code == "21610"
    assert [(text.sender, text.body) for text in heard] == [(MOBILE, " stop "), (MOBILE, "START")]


@pytest.mark.parametrize(
    "form", [{}, {"MessageSid": "SM1"}, {"MessageStatus": "sent"}, {"MessageSid": "", "MessageStatus": ""}]
)
def test_a_signed_callback_without_its_fields_is_refused(form: dict[str, str]) -> None:
    texts = TwilioTexts(
        url="https://api.twilio.com",
        account_sid="AC1",
        auth_token="token",
        sender="+15005550006",
        public_url="https://a",
    )
    url = f"https://a/webhooks/twilio/status/{MESSAGE}"
    signature = RequestValidator("token").compute_signature(url, form)

    with pytest.raises(BadSignatureError):
        texts.read_status(url=url, form=form, signature=signature)


async def test_the_vendors_address_is_only_replaced_when_another_is_set() -> None:
    seen: list[str] = []

    class Notes(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(str(request.url.copy_with(query=None)))
            seen.append(request.content.decode())
            return httpx.Response(201, json={"sid": "SM1", "status": "queued"})

    texts = TwilioTexts(
        url="https://api.twilio.com", account_sid="AC1", auth_token="t", sender="MG1", public_url="https://a", transport=Notes()
    )  # fmt: skip

    await texts.send(to=MOBILE, body="Hi", message_id=MESSAGE, validity_seconds=60)

    assert seen[0] == "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"
    assert urlencode({"MessagingServiceSid": "MG1"}) in seen[1]
    assert "From=" not in seen[1]


async def test_no_number_reaches_the_log(vendors: Vendors, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    texts = a_gateway(vendors)

    await texts.send(to=MOBILE, body="Private words", message_id=MESSAGE, validity_seconds=60)
    await texts.find(to=MOBILE, body="Private words", since=await vendors.db.now())

    assert MOBILE.removeprefix("+") not in caplog.text
    assert "Private words" not in caplog.text
