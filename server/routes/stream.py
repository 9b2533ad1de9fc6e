"""The live stream: server-sent events with kind and ids, resumable after `Last-Event-ID`."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, SkipValidation
from litestar.response import ServerSentEvent, ServerSentEventMessage

from server.db.reads.events import Cursor, Recorded
from server.event_tail import EventTail, FollowerTooSlow
from server.routes.staff import requires
from shared.schemas.enums import Verb
from shared.schemas.events import EventHint, StreamHello

HEARTBEAT_SECONDS = 15


@get("/api/events", guards=[requires(Verb.FOLLOW_EVENTS)], tags=["events"])
async def follow_events(
    tail: NamedDependency[SkipValidation[EventTail]],
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID", max_length=64)] = None,
) -> ServerSentEvent:
    cursor = None if last_event_id is None else Cursor.read(last_event_id)
    return ServerSentEvent(
        _messages(tail, cursor),
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _messages(tail: EventTail, cursor: Cursor | None) -> AsyncGenerator[ServerSentEventMessage, None]:
    async with tail.following(cursor) as follower:
        hello = StreamHello(cursor=str(follower.begins_after), resumed=follower.resumed)
        yield ServerSentEventMessage(event="hello", id=hello.cursor, data=msgspec.json.encode(hello).decode())
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    event = await follower.next()
            except TimeoutError:
                yield ServerSentEventMessage(comment="still here")
            except FollowerTooSlow:
                return  # it comes back with its cursor and reads what it missed
            else:
                yield _message(event)


def _message(event: Recorded) -> ServerSentEventMessage:
    hint = EventHint(
        cursor=str(event.cursor),
        kind=event.kind,
        at=event.at,
        appointment_id=event.appointment_id,
        clinic_id=event.clinic_id,
    )
    return ServerSentEventMessage(event=event.kind, id=hint.cursor, data=msgspec.json.encode(hint).decode())
