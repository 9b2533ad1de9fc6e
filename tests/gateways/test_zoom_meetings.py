"""The production Zoom client against the pretended Zoom."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from server.gateways.errors import GatewayRefusedError, GatewayUnavailableError, OutcomeUnknownError
from server.gateways.video import Meeting, ZoomMeetings
from tests.sandbox.vendors import Answers, LosesAnswers, Unreachable, Vendors

HOST = "dr.okafor@demo.test"


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Counts(httpx.AsyncBaseTransport):
    """How often which path was asked for."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.paths: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(f"{request.method} {request.url.path}")
        return await self._inner.handle_async_request(request)

    @property
    def tokens(self) -> int:
        return self.paths.count("POST /sandbox/zoom/oauth/token")


def a_gateway(
    vendors: Vendors, transport: httpx.AsyncBaseTransport | None = None, clock: Hand | None = None
) -> ZoomMeetings:
    settings = vendors.settings
    return ZoomMeetings(
        url=settings.zoom_url,
        account_id=settings.zoom_account_id,
        client_id=settings.zoom_client_id,
        client_secret=settings.zoom_client_secret,
        transport=transport or vendors.transport,
        clock=clock or Hand(),
    )


async def a_meeting(rooms: ZoomMeetings, *, host: str = HOST, tag: str = "appointment-1") -> Meeting:
    return await rooms.create(
        host=host, starts_at=datetime.now(UTC) + timedelta(days=2), minutes=30, time_zone="Europe/London", tag=tag
    )


async def test_a_meeting_is_made_with_a_neutral_topic(vendors: Vendors) -> None:
    meeting = await a_meeting(a_gateway(vendors))

    row = (await vendors.rows("SELECT id, host, topic, agenda, minutes FROM sandbox_meetings"))[0]
    assert (str(row.id), row.host, row.topic, row.agenda, row.minutes) == (
        meeting.id,
        HOST,
        "Appointment",
        "appointment-1",
        30,
    )
    assert len(meeting.id) == 11
    assert (await vendors.http.get(meeting.join_url)).status_code == 200


async def test_the_same_tag_and_host_is_the_same_meeting(vendors: Vendors) -> None:
    rooms = a_gateway(vendors)

    first = await a_meeting(rooms)
    again = await a_meeting(rooms)
    other = await a_meeting(rooms, tag="appointment-2")

    assert first.id == again.id
    assert other.id != first.id


async def test_a_creation_whose_answer_was_lost_is_found_by_its_tag(vendors: Vendors) -> None:
    # Requests: token, look-up, creation.
    lossy = a_gateway(vendors, LosesAnswers(vendors.transport, lambda number: number == 2))

    with pytest.raises(OutcomeUnknownError):
        await a_meeting(lossy)
    meeting = await a_meeting(a_gateway(vendors))

    assert [str(row.id) for row in await vendors.rows("SELECT id FROM sandbox_meetings")] == [meeting.id]


async def test_many_callers_share_one_token(vendors: Vendors) -> None:
    counts = Counts(vendors.transport)
    rooms = a_gateway(vendors, counts)

    await asyncio.gather(*(a_meeting(rooms, tag=f"appointment-{number}") for number in range(5)))

    assert counts.tokens == 1


async def test_the_token_is_renewed_a_minute_before_its_end(vendors: Vendors) -> None:
    counts, clock = Counts(vendors.transport), Hand()
    rooms = a_gateway(vendors, counts, clock)
    meeting = await a_meeting(rooms)

    clock.seconds += 3539
    await rooms.start_url(meeting.id)
    before = counts.tokens
    clock.seconds += 1
    await rooms.start_url(meeting.id)

    assert (before, counts.tokens) == (1, 2)


async def test_a_token_that_is_no_longer_accepted_is_renewed_once(vendors: Vendors) -> None:
    counts = Counts(vendors.transport)
    rooms = a_gateway(vendors, counts)
    meeting = await a_meeting(rooms)

    await vendors.advance(3601)
    url = await rooms.start_url(meeting.id)

    assert f"/sandbox/zoom/s/{meeting.id}" in url
    assert counts.tokens == 2


async def test_credentials_that_are_refused_make_the_vendor_unavailable(vendors: Vendors) -> None:
    settings = vendors.settings
    rooms = ZoomMeetings(
        url=settings.zoom_url,
        account_id=settings.zoom_account_id,
        client_id="somebody-else",
        client_secret="wrong",
        transport=vendors.transport,
    )

    with pytest.raises(GatewayUnavailableError):
        await a_meeting(rooms)


async def test_deleting_twice_is_deleting_once(vendors: Vendors) -> None:
    rooms = a_gateway(vendors)
    meeting = await a_meeting(rooms)

    await rooms.delete(meeting.id)
    await rooms.delete(meeting.id)

    with pytest.raises(GatewayRefusedError) as refused:
        await rooms.start_url(meeting.id)
    assert refused.value.code == "3001"


async def test_a_host_without_an_account_is_refused(vendors: Vendors) -> None:
    with pytest.raises(GatewayRefusedError) as refused:
        await a_meeting(a_gateway(vendors), host="nobody@demo.test")

    assert refused.value.code == "1001"


async def test_a_rate_limit_says_how_many_seconds_to_wait(vendors: Vendors) -> None:
    with pytest.raises(GatewayUnavailableError) as limited:
        await a_meeting(a_gateway(vendors), host="busy@demo.test")

    assert limited.value.retry_after == 2


async def test_a_daily_limit_names_a_moment_which_becomes_seconds(vendors: Vendors) -> None:
    with pytest.raises(GatewayUnavailableError) as limited:
        await a_meeting(a_gateway(vendors), host="daily@demo.test")

    assert limited.value.retry_after is not None
    assert 0 <= limited.value.retry_after <= 86_400


@pytest.mark.parametrize("transport", [Unreachable(), Answers(503, b"<html>"), Answers(200, b"<html>")])
async def test_a_vendor_that_is_away_is_unavailable(vendors: Vendors, transport: httpx.AsyncBaseTransport) -> None:
    with pytest.raises(GatewayUnavailableError):
        await a_meeting(a_gateway(vendors, transport))


async def test_tokens_come_from_zooms_other_host_when_it_is_the_real_one() -> None:
    counts = Counts(Answers(500))
    seen: list[str] = []

    class Notes(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(request.url.host)
            return await counts.handle_async_request(request)

    rooms = ZoomMeetings(url="https://api.zoom.us", account_id="a", client_id="b", client_secret="c", transport=Notes())

    with pytest.raises(GatewayUnavailableError):
        await a_meeting(rooms)

    assert seen == ["zoom.us"]
