"""The live stream: connects, listens, notices silence, connects again, and says in which state it is. No Qt.

It passes on hints (kind and ids); reading what changed is the store's business.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import httpx
import httpx_sse
import msgspec

from desktop.api import Api, error_of
from desktop.errors import ApiError, AuthExpired
from shared.schemas.events import EventHint, StreamHello

BASE_SECONDS = 0.25
CAP_SECONDS = 5.0
# The server sends a comment every 15 s, so 40 s of silence means that nobody is there any more.
SILENCE_SECONDS = 40.0


class StreamState(StrEnum):
    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """`since` is when this state began; of a stale stream, when it was last live."""

    state: StreamState
    since: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class ReadAnew:
    """What happened in between is not replayed: read everything that is on screen again."""


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The server no longer knows the session; the stream has stopped."""

    error: AuthExpired


StreamMessage = StreamStatus | ReadAnew | SessionEnded | EventHint


def reconnect_delay(failures: int) -> float:
    """Seconds to wait after `failures` failed attempts: full jitter, so that many desks do not return at once."""
    return random.uniform(0, min(CAP_SECONDS, BASE_SECONDS * 2 ** min(failures, 16)))  # noqa: S311 - jitter


async def follow(
    api: Api, report: Callable[[StreamMessage], None], pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Report hints and states until cancelled, or until the session has ended.

    The first connection reports ReadAnew too: what happened between a view's first read and the hello is not
    in the stream.
    """
    cursor: str | None = None
    failures = 0
    report(StreamStatus(StreamState.CONNECTING, datetime.now(UTC)))
    while True:
        was_live = False
        why = "The server closed the stream."
        try:
            async with _open(api, cursor) as source:
                if source.response.is_error:
                    await source.response.aread()
                    raise error_of(source.response)
                async for event in source.aiter_sse():
                    if event.event == "hello":
                        hello = msgspec.json.decode(event.data, type=StreamHello)
                        cursor = hello.cursor
                        was_live, failures = True, 0
                        report(StreamStatus(StreamState.LIVE, datetime.now(UTC)))
                        if not hello.resumed:
                            report(ReadAnew())
                    else:
                        cursor = event.id or cursor
                        report(_hint(event.data))
        except AuthExpired as error:
            report(SessionEnded(error))
            return
        except ApiError as error:
            why = error.sentence
        except httpx.ReadTimeout:
            why = "The server has been silent for too long."
        except httpx.TransportError:
            why = f"No connection to {api.base_url}."
        except (httpx_sse.SSEError, msgspec.MsgspecError) as error:
            why = f"The stream could not be understood ({error})."
        if was_live or failures == 0:
            report(StreamStatus(StreamState.STALE, datetime.now(UTC), why))
        await pause(reconnect_delay(failures))
        failures += 1


def _hint(data: str) -> EventHint | ReadAnew:
    """The hint, or ReadAnew for a kind of event that only a newer server knows."""
    try:
        return msgspec.json.decode(data, type=EventHint)
    except msgspec.MsgspecError:
        return ReadAnew()


def _open(api: Api, cursor: str | None) -> AbstractAsyncContextManager[httpx_sse.EventSource]:
    headers = api.authorization()
    if cursor is not None:
        headers["Last-Event-ID"] = cursor
    return httpx_sse.aconnect_sse(
        api.client, "GET", "/api/events", headers=headers, timeout=httpx.Timeout(10, read=SILENCE_SECONDS)
    )
