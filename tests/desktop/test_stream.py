"""The live stream over a real socket: hello, hints, resuming, gaps, and the end of a session."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from desktop.api import Api
from desktop.stream import (
    CAP_SECONDS,
    ReadAnew,
    SessionEnded,
    StreamMessage,
    StreamState,
    StreamStatus,
    follow,
    reconnect_delay,
)
from shared.schemas.enums import EventKind
from shared.schemas.events import EventHint
from tests.desktop.factories import an_id
from tests.desktop.scripted_server import ScriptedServer


class Listener:
    """Collects what the stream reports, and waits for what a test is about."""

    def __init__(self) -> None:
        self.messages: list[StreamMessage] = []
        self._more = asyncio.Event()

    def report(self, message: StreamMessage) -> None:
        self.messages.append(message)
        self._more.set()

    async def until(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not enough():
                self._more.clear()
                await self._more.wait()

    @property
    def states(self) -> list[StreamState]:
        return [one.state for one in self.messages if isinstance(one, StreamStatus)]

    @property
    def kinds(self) -> list[EventKind]:
        return [one.kind for one in self.messages if isinstance(one, EventHint)]


@pytest.fixture
async def listener(server: ScriptedServer) -> AsyncIterator[Listener]:
    """A listener whose stream follows the server until the test ends, reconnecting without delay."""
    made = Listener()
    api = Api(server.url, token=server.token)
    following = asyncio.create_task(follow(api, made.report, pause=lambda _: asyncio.sleep(0)))
    yield made
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await api.aclose()


async def test_a_stream_is_connecting_then_live_and_passes_hints_on(server: ScriptedServer, listener: Listener) -> None:
    await listener.until(lambda: StreamState.LIVE in listener.states)

    server.tell(EventKind.APPOINTMENT_PAID, an_id("a"))
    await listener.until(lambda: bool(listener.kinds))

    assert listener.states == [StreamState.CONNECTING, StreamState.LIVE]
    assert listener.kinds == [EventKind.APPOINTMENT_PAID]


async def test_what_happened_before_the_first_hello_is_read_anew(listener: Listener) -> None:
    await listener.until(lambda: any(isinstance(one, ReadAnew) for one in listener.messages))

    assert isinstance(listener.messages[-1], ReadAnew)


async def test_a_dropped_stream_resumes_after_its_last_event(server: ScriptedServer, listener: Listener) -> None:
    await listener.until(lambda: StreamState.LIVE in listener.states)
    server.tell(EventKind.APPOINTMENT_CREATED, an_id("a"))
    await listener.until(lambda: len(listener.kinds) == 1)

    server.tell(EventKind.APPOINTMENT_PAID, an_id("a"), send=False)
    server.drop_streams()
    await listener.until(lambda: len(listener.kinds) == 2)

    assert server.hello_cursors == [None, "1"]
    assert listener.kinds == [EventKind.APPOINTMENT_CREATED, EventKind.APPOINTMENT_PAID]
    assert listener.states[-2:] == [StreamState.STALE, StreamState.LIVE]
    assert sum(isinstance(one, ReadAnew) for one in listener.messages) == 1


async def test_a_gap_that_is_too_old_asks_to_read_everything_anew(server: ScriptedServer, listener: Listener) -> None:
    await listener.until(lambda: StreamState.LIVE in listener.states)
    server.resumes = False

    server.drop_streams()
    await listener.until(lambda: sum(isinstance(one, ReadAnew) for one in listener.messages) == 2)

    assert listener.states[-1] is StreamState.LIVE


async def test_an_ended_session_stops_the_stream_and_says_so(server: ScriptedServer) -> None:
    messages: list[StreamMessage] = []
    api = Api(server.url, token="forgotten")

    await follow(api, messages.append)
    await api.aclose()

    assert isinstance(messages[-1], SessionEnded)


async def test_a_kind_that_only_a_newer_server_knows_means_read_anew() -> None:
    body = (
        b'event: hello\ndata: {"cursor": "1", "resumed": true}\n\n'
        b'id: 2\nevent: robot_arrived\ndata: {"cursor": "2", "kind": "robot_arrived"}\n\n'
    )
    seen: list[str | None] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("last-event-id"))
        if len(seen) > 1:
            return httpx.Response(
                401, json={"type": "x", "title": "x", "status": 401, "code": "unauthenticated", "detail": "x"}
            )
        return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=body)

    messages: list[StreamMessage] = []
    api = Api("http://peer.test", token="t", transport=httpx.MockTransport(answer))

    await follow(api, messages.append, pause=lambda _: asyncio.sleep(0))

    assert sum(isinstance(one, ReadAnew) for one in messages) == 1
    assert seen == [None, "2"]


async def test_silence_longer_than_the_heartbeat_makes_a_stream_stale() -> None:
    answers = [httpx.ReadTimeout("silence")]

    async def answer(request: httpx.Request) -> httpx.Response:
        if answers:
            raise answers.pop()
        return httpx.Response(401)

    messages: list[StreamMessage] = []
    api = Api("http://peer.test", token="t", transport=httpx.MockTransport(answer))

    await follow(api, messages.append, pause=lambda _: asyncio.sleep(0))

    stale = [one for one in messages if isinstance(one, StreamStatus) and one.state is StreamState.STALE]
    assert stale[0].why == "The server has been silent for too long."


def test_the_delay_before_reconnecting_grows_but_stays_under_its_cap() -> None:
    first = [reconnect_delay(0) for _ in range(200)]
    late = [reconnect_delay(40) for _ in range(200)]

    assert all(0 <= delay <= 0.25 for delay in first)
    assert all(0 <= delay <= CAP_SECONDS for delay in late)
    assert len(set(late)) > 100
