"""The Api over a real socket against a peer that speaks the contract, and over transports that break."""

from pathlib import Path

import httpx
import msgspec
import pytest

from desktop.api import Api
from desktop.errors import AuthExpired, Conflict, Invalid, Offline, Unexpected
from desktop.filters import AppointmentFilters
from shared.schemas.appointments import CancelRequest, PhoneBookingRequest
from tests.desktop.factories import SERVICES, a_busy_fortnight, a_detail, a_row, a_slot, an_instant, today
from tests.desktop.scripted_server import PASSWORD, ScriptedServer


def a_phone_booking(**given: object) -> PhoneBookingRequest:
    request = PhoneBookingRequest(
        clinic="harbor",
        service_id=SERVICES[0].id,
        start=an_instant(),
        first_name="Nadia",
        last_name="Petrova",
        mobile="212 555 0147",
    )
    return msgspec.structs.replace(request, **given)


class BreakingTransport(httpx.AsyncBaseTransport):
    """Loses the first `breaks` answers, then answers with `response`."""

    def __init__(self, breaks: int, response: httpx.Response) -> None:
        self.breaks = breaks
        self.response = response
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if len(self.requests) <= self.breaks:
            raise httpx.ReadError("connection reset")
        return self.response


async def no_pause(_: float) -> None:
    return None


def an_api(transport: httpx.AsyncBaseTransport) -> Api:
    return Api("http://peer.test", token="t", transport=transport, pause=no_pause)


async def test_signing_in_keeps_the_token_and_sends_it_from_then_on(server: ScriptedServer) -> None:
    api = Api(server.url)

    session = await api.sign_in("desk@demo.test", PASSWORD)
    user = await api.signed_in_user()
    await api.aclose()

    assert session.token == api.token == server.token
    assert user.name == "Dana Desk"
    assert server.requests("GET", "/api/session")[0][0]["authorization"] == f"Bearer {server.token}"


async def test_signing_out_forgets_the_token(server: ScriptedServer) -> None:
    api = Api(server.url, token=server.token)

    await api.sign_out()
    await api.aclose()

    assert api.token is None
    assert len(server.requests("DELETE", "/api/session")) == 1


async def test_a_wrong_password_is_refused_with_the_servers_sentence(server: ScriptedServer) -> None:
    api = Api(server.url)

    with pytest.raises(Invalid) as caught:
        await api.sign_in("desk@demo.test", "wrong")
    await api.aclose()

    assert caught.value.code == "invalid_credentials"
    assert caught.value.sentence == "The e-mail or the password is wrong."
    assert caught.value.next_step == "Try again."


async def test_an_unknown_session_is_told_apart_from_a_refusal(server: ScriptedServer) -> None:
    api = Api(server.url, token="forgotten")

    with pytest.raises(AuthExpired):
        await api.organisation()
    await api.aclose()


async def test_the_filters_reach_the_server_as_the_contract_names_them(server: ScriptedServer) -> None:
    api = Api(server.url, token=server.token)
    filters = AppointmentFilters(first_day=today(), service_id=SERVICES[1].id, payment_status="none", text=" weil ")

    await api.appointments(filters, cursor=None, limit=50)
    await api.aclose()

    assert server.requests("GET", "/api/appointments")[0][1] == {
        "from": str(today()),
        "service_id": str(SERVICES[1].id),
        "payment_status": "none",
        "q": "weil",
        "limit": "50",
    }


async def test_reading_many_rows_follows_the_cursors_without_gap_or_repeat(server: ScriptedServer) -> None:
    server.rows = a_busy_fortnight(450)
    api = Api(server.url, token=server.token)

    page = await api.first_appointments(AppointmentFilters(), 250)
    await api.aclose()

    assert len(page.items) == len({row.id for row in page.items}) == 400
    assert page.next_cursor is not None


async def test_a_taken_slot_is_a_conflict_with_its_alternatives(server: ScriptedServer) -> None:
    slot = a_slot()
    server.fail("/api/appointments", 409, "slot_taken", alternatives=[msgspec.to_builtins(slot)])
    api = Api(server.url, token=server.token)

    with pytest.raises(Conflict) as caught:
        await api.book_by_phone(a_phone_booking(), key="k")
    await api.aclose()

    assert caught.value.code == "slot_taken"
    assert caught.value.problem.alternatives[0]["provider_id"] == str(slot.provider_id)


async def test_a_booking_whose_answer_was_lost_is_asked_again_with_the_same_key() -> None:
    transport = BreakingTransport(2, httpx.Response(201, content=msgspec.json.encode(a_detail())))
    api = an_api(transport)

    detail = await api.book_by_phone(a_phone_booking(), key="the-key")

    assert detail.row == a_row()
    assert [request.headers["idempotency-key"] for request in transport.requests] == ["the-key"] * 3


async def test_a_write_without_a_key_is_never_sent_twice() -> None:
    transport = BreakingTransport(1, httpx.Response(200))
    api = an_api(transport)

    with pytest.raises(Offline):
        await api.cancel_appointment(a_row().id, CancelRequest(reason="Caller is ill"))

    assert len(transport.requests) == 1


async def test_a_server_that_stays_away_is_offline_after_three_tries() -> None:
    transport = BreakingTransport(9, httpx.Response(200))
    api = an_api(transport)

    with pytest.raises(Offline) as caught:
        await api.organisation()

    assert len(transport.requests) == 3
    assert "peer.test" in caught.value.sentence


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>Welcome to your router</html>"),
        httpx.Response(200, json={"environment": "sandbox"}),
        httpx.Response(502, text="Bad gateway"),
    ],
)
async def test_an_answer_that_is_not_the_contracts_is_unexpected(answer: httpx.Response) -> None:
    api = an_api(BreakingTransport(0, answer))

    with pytest.raises(Unexpected):
        await api.organisation()


async def test_a_refused_field_is_named() -> None:
    problem = {
        "type": "about:blank",
        "title": "Invalid",
        "status": 400,
        "code": "invalid_mobile",
        "detail": "This is not a mobile number.",
        "fields": [{"field": "mobile", "message": "Not a number in the United States."}],
        "a_newer_servers_member": True,
    }
    api = an_api(BreakingTransport(0, httpx.Response(400, json=problem)))

    with pytest.raises(Invalid) as caught:
        await api.book_by_phone(a_phone_booking(), key="k")

    assert caught.value.by_field == {"mobile": "Not a number in the United States."}


async def test_an_export_becomes_a_file_only_when_it_is_complete(server: ScriptedServer, tmp_path: Path) -> None:
    server.rows = [a_row("Mira Halloran"), a_row("Jonas Weil")]
    api = Api(server.url, token=server.token)

    target = await api.export_appointments(AppointmentFilters(text="mira"), tmp_path / "list.csv")
    await api.aclose()

    assert target.read_text().splitlines()[1].endswith("Mira Halloran")
    assert not target.with_name("list.csv.part").exists()


async def test_an_export_that_breaks_leaves_no_file(tmp_path: Path) -> None:
    api = an_api(BreakingTransport(1, httpx.Response(200)))

    with pytest.raises(Offline):
        await api.export_appointments(AppointmentFilters(), tmp_path / "list.csv")

    assert not (tmp_path / "list.csv").exists()
    assert not (tmp_path / "list.csv.part").exists()
