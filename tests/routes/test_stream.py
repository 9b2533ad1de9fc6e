"""The live stream, and the order of events that it and the jobs rely on."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from httpx_sse import EventSource, ServerSentEvent

from server.actions.promising import dispatch_events
from server.db.reads.events import START, Cursor, events_after
from server.jobs.reactions import REACTIONS
from tests.house import House
from tests.organisation import at
from tests.routes.evidence import rows, value

PATIENT = ("Mara", "Lindt", "mara@example.com", "5550123")


@asynccontextmanager
async def following(house: House, last: str | None = None) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
    """The open stream of a front desk."""
    headers = await house.staff() | ({"Last-Event-ID": last} if last is not None else {})
    async with house.http.stream("GET", "/api/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = EventSource(answer).aiter_sse()
        try:
            yield events
        finally:
            await events.aclose()  # type: ignore[attr-defined]


async def until(events: AsyncIterator[ServerSentEvent], kind: str) -> list[ServerSentEvent]:
    """Everything up to and with the first event of this kind."""
    seen = []
    async with asyncio.timeout(20):
        async for event in events:
            seen.append(event)
            if event.event == kind:
                return seen
    raise AssertionError(f"the stream ended before {kind}")


async def test_the_stream_greets_and_then_tells_of_a_booking_without_its_patient(house: House) -> None:
    async with following(house) as events:
        hello = await anext(events)
        await house.booked(at(house.organised, 3, 10))
        seen = await until(events, "appointment_paid")

    assert (hello.event, json.loads(hello.data)["resumed"]) == ("hello", False)
    assert [event.event for event in seen][:3] == [
        "appointment_created",
        "appointment_detailed",
        "payment_initiated",
    ]
    for event in seen:
        hint = json.loads(event.data)
        assert set(hint) == {"cursor", "kind", "at", "appointment_id", "clinic_id"}
        assert (hint["cursor"], hint["kind"]) == (event.id, event.event)
        assert not [word for word in PATIENT if word in event.data]


async def test_a_stream_that_was_cut_goes_on_exactly_where_it_was(house: House) -> None:
    async with following(house) as events:
        await anext(events)
        held = (await house.hold(at(house.organised, 3, 10))).json()
        first = (await until(events, "appointment_created"))[-1]
    await house.details(held["token"])
    await house.pay(held["token"])
    await house.settle()

    async with following(house, first.id) as events:
        hello = await anext(events)
        await house.hold(at(house.organised, 3, 12))
        seen = await until(events, "appointment_created")

    assert json.loads(hello.data) == {"cursor": first.id, "resumed": True}
    xid, seq = first.id.split("-")
    written = await rows(
        house.db,
        "SELECT xid::text || '-' || seq FROM events WHERE (xid, seq) > (CAST(CAST(:xid AS text) AS xid8), :seq)"
        " ORDER BY xid, seq",
        xid=xid,
        seq=int(seq),
    )
    assert [event.id for event in seen] == [row[0] for row in written]


@pytest.mark.parametrize("last", ["", "nonsense", "1", "1-", "-1-5", "99999999999999999-1", "1-99999999999999999999"])
async def test_a_position_that_the_stream_does_not_know_begins_anew_and_says_so(house: House, last: str) -> None:
    async with following(house, last) as events:
        hello = await anext(events)

    assert json.loads(hello.data)["resumed"] is False


async def test_a_position_too_far_back_begins_anew(house: House) -> None:
    async with house.db.write.begin() as connection:
        from sqlalchemy import text

        await connection.execute(
            text(
                "INSERT INTO events (kind, actor_kind, actor)"
                " SELECT 'hold_expired', 'system', 'system' FROM generate_series(1, 2100)"
            )
        )
    async with following(house) as events:
        await anext(events)
        await house.hold(at(house.organised, 3, 10))
        await until(events, "appointment_created")

    async with following(house, "1-1") as events:
        hello = await anext(events)

    assert json.loads(hello.data)["resumed"] is False


async def an_open_event(url: str, kind: str) -> asyncpg.Connection:
    """A transaction that has written an event and is not committed."""
    connection = await asyncpg.connect(url)
    await connection.execute("BEGIN")
    await connection.execute(
        "INSERT INTO events (kind, actor_kind, actor, appointment_id) VALUES ($1, 'system', 'system', NULL)", kind
    )
    return connection


async def test_two_transactions_that_commit_out_of_order_are_both_seen(house: House) -> None:
    url = house.settings.database_url
    async with following(house) as events:
        await anext(events)
        await dispatch_events(house.db, REACTIONS)
        slow = await an_open_event(url, "refund_requested")
        quick = await an_open_event(url, "refund_issued")

        await quick.execute("COMMIT")
        in_between = await dispatch_events(house.db, REACTIONS)
        await slow.execute("COMMIT")
        after = await dispatch_events(house.db, REACTIONS)
        seen = await until(events, "refund_issued")
        await slow.close()
        await quick.close()

    assert (in_between, after) == (0, 2)
    assert [event.event for event in seen if event.event.startswith("refund")] == ["refund_requested", "refund_issued"]
    names = await rows(house.db, "SELECT name FROM jobs ORDER BY name")
    assert [row[0] for row in names] == ["carry_out_refunds", "write_refund"]


async def test_a_reader_never_passes_what_is_still_open(house: House) -> None:
    url = house.settings.database_url
    open_ones: list[Any] = [await an_open_event(url, "hold_released") for _ in range(4)]
    seen: list[Cursor] = []
    at_cursor = START

    async with house.db.read.connect() as connection:
        at_cursor = (await events_after(connection, START, 10_000) or [None])[-1].cursor  # type: ignore[union-attr]
        for number in (2, 0, 3, 1):
            await open_ones[number].execute("COMMIT")
            found = await events_after(connection, at_cursor, 100)
            seen += [event.cursor for event in found]
            at_cursor = seen[-1] if seen else at_cursor
    for one in open_ones:
        await one.close()

    assert len(seen) == len(set(seen)) == 4
    assert seen == sorted(seen)


async def test_an_event_is_dispatched_once_by_many_at_once(house: House) -> None:
    await house.hold(at(house.organised, 3, 10), service_id=house.organised.intro)
    held = (await house.hold(at(house.organised, 3, 12), service_id=house.organised.intro)).json()
    await house.details(held["token"])

    counts = await asyncio.gather(*(dispatch_events(house.db, REACTIONS) for _ in range(8)))

    assert sum(1 for count in counts if count) == 1
    assert await value(house.db, "SELECT count(*) FROM jobs") == 2
