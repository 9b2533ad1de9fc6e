"""What the pretended text vendor and video vendor do beyond what our gateways ask of them."""

from typing import Any

import httpx
import pytest

from tests.sandbox.vendors import ClinicServer, Vendors

MOBILE = "+447400123456"


def account(vendors: Vendors) -> str:
    return f"/sandbox/twilio/2010-04-01/Accounts/{vendors.settings.twilio_account_sid}"


def credentials(vendors: Vendors) -> tuple[str, str]:
    return vendors.settings.twilio_account_sid, vendors.settings.twilio_auth_token


async def send(vendors: Vendors, **changes: str) -> httpx.Response:
    fields = {"To": MOBILE, "From": vendors.settings.twilio_from, "Body": "Hello"} | changes
    return await vendors.http.post(
        f"{account(vendors)}/Messages.json",
        data={name: value for name, value in fields.items() if value},
        auth=credentials(vendors),
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": ""}, 21604),
        ({"From": ""}, 21603),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"To": "+1500555000x"}, 21211),
        ({"From": "+15005550007"}, 21606),
        ({"ValidityPeriod": "soon"}, 20001),
        ({"ValidityPeriod": "36001"}, 20001),
        ({"StatusCallback": "not a url"}, 21609),
        ({"Body": "a\x00b"}, 21620),
    ],
)
async def test_fields_are_refused_with_the_vendors_codes(vendors: Vendors, changes: dict[str, str], code: int) -> None:
    answer = await send(vendors, **changes)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert await vendors.rows("SELECT sid FROM sandbox_texts") == []


@pytest.mark.parametrize("auth", [None, ("AC1", "x"), ("", "")])
async def test_another_account_is_unauthorised(vendors: Vendors, auth: tuple[str, str] | None) -> None:
    answer = await vendors.http.get(f"{account(vendors)}/Messages.json", auth=auth)

    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


async def test_a_text_can_be_fetched_and_listed(vendors: Vendors) -> None:
    sent = (await send(vendors)).json()

    fetched = await vendors.http.get(f"{account(vendors)}/Messages/{sent['sid']}.json", auth=credentials(vendors))
    listed = await vendors.http.get(f"{account(vendors)}/Messages.json?To=%2B1", auth=credentials(vendors))
    missing = await vendors.http.get(f"{account(vendors)}/Messages/SM%00.json", auth=credentials(vendors))
    filtered = await vendors.http.get(f"{account(vendors)}/Messages.json?DateSent=x", auth=credentials(vendors))

    assert (fetched.json()["body"], fetched.json()["status"]) == ("Hello", "queued")
    assert listed.json()["messages"] == []
    assert (missing.status_code, filtered.status_code) == (404, 400)


async def test_a_callback_that_comes_again_does_not_move_a_text_back(
    vendors: Vendors, clinic_server: ClinicServer
) -> None:
    clinic_server.answers = [500]
    sent = (await send(vendors, StatusCallback=f"{vendors.settings.public_url}/webhooks/twilio/status/1")).json()

    await vendors.advance(2)
    await vendors.deliver()
    await vendors.advance(2)
    await vendors.deliver()

    answer = await vendors.http.get(f"{account(vendors)}/Messages/{sent['sid']}.json", auth=credentials(vendors))
    assert answer.json()["status"] == "delivered"
    assert len(clinic_server.received) == 3


@pytest.mark.parametrize(
    "form",
    [{}, {"sender": MOBILE}, {"sender": "me", "body": "STOP"}, {"sender": MOBILE, "body": "a\x00"}, {"sender": MOBILE, "body": "x" * 1601}],
)  # fmt: skip
async def test_a_reply_needs_a_number_and_a_text(vendors: Vendors, form: dict[str, str]) -> None:
    answer = await vendors.http.post("/sandbox/texts/replies", data=form)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


async def a_token(vendors: Vendors) -> dict[str, str]:
    settings = vendors.settings
    answer = await vendors.http.post(
        f"/sandbox/zoom/oauth/token?grant_type=account_credentials&account_id={settings.zoom_account_id}",
        auth=(settings.zoom_client_id, settings.zoom_client_secret),
    )
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def test_a_token_needs_the_right_account(vendors: Vendors) -> None:
    settings = vendors.settings
    path = "/sandbox/zoom/oauth/token?grant_type=account_credentials&account_id="

    wrong_secret = await vendors.http.post(f"{path}{settings.zoom_account_id}", auth=(settings.zoom_client_id, "x"))
    wrong_account = await vendors.http.post(f"{path}other", auth=(settings.zoom_client_id, settings.zoom_client_secret))

    assert (wrong_secret.status_code, wrong_account.status_code) == (401, 400)


async def test_a_meeting_moves_and_goes(vendors: Vendors) -> None:
    token = await a_token(vendors)
    body: dict[str, Any] = {"topic": "Appointment", "type": 2, "start_time": "2027-01-01T10:00:00Z", "duration": 30}
    made = (await vendors.http.post("/sandbox/zoom/v2/users/ann%40demo.test/meetings", json=body, headers=token)).json()
    path = f"/sandbox/zoom/v2/meetings/{made['id']}"

    changed = await vendors.http.patch(path, json={"start_time": "2027-01-02T11:00:00Z", "duration": 45}, headers=token)
    after = (await vendors.http.get(path, headers=token)).json()
    deleted = await vendors.http.delete(path, headers=token)
    gone = await vendors.http.delete(path, headers=token)

    assert (changed.status_code, deleted.status_code, gone.status_code) == (204, 204, 404)
    assert (after["start_time"], after["duration"], after["join_url"]) == (
        "2027-01-02T11:00:00Z",
        45,
        made["join_url"],
    )
    assert gone.json()["code"] == 3001
    assert (await vendors.http.get(made["join_url"])).status_code == 404


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"\xff", b"[" * 20_000, b'{"type": 1}', b'{"duration": 0}', b'{"topic": "a\\u0000"}', b'{"start_time": "soon"}',
     b'{"start_time": "2027-01-01T10:00:00"}', b'{"duration": "30"}'],
)  # fmt: skip
async def test_a_meeting_that_cannot_be_read_is_refused(vendors: Vendors, body: bytes) -> None:
    token = await a_token(vendors)

    answer = await vendors.http.post("/sandbox/zoom/v2/users/a%40b.test/meetings", content=body, headers=token)

    assert (answer.status_code, answer.json()["code"]) == (400, 300)


async def test_without_a_token_nothing_is_told(vendors: Vendors) -> None:
    for header in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer \x01"}):
        answer = await vendors.http.get("/sandbox/zoom/v2/meetings/12345678901", headers=header)

        assert (answer.status_code, answer.json()["code"]) == (401, 124)
