"""Holds created over HTTP, each for a time of its own, beside the bare transaction that leaves the same rows."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from bench import floor
from bench.figures import Client, Timing, drive, say_timings
from bench.http_client import Connection, a_request
from bench.served import Served
from bench.world import HOLD, SLUG, World, at
from server.db.ids import new_id
from shared.schemas.booking import Hold, HoldRequest

ROUNDS = 3
REQUESTS = {1: 150, 16: 600}
SPREAD_DAYS = 30
Wanted = tuple[UUID, datetime, date]
LEFT = """
    SELECT (SELECT count(*) FROM appointments) AS appointments, (SELECT count(*) FROM claims) AS claims,
           (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM idempotency_keys) AS keys
"""
WRITTEN = """
    SELECT to_jsonb(appointments) AS appointment, to_jsonb(claims) AS claim, to_jsonb(events) AS event
    FROM appointments JOIN claims ON claims.appointment_id = appointments.id
    JOIN events ON events.appointment_id = appointments.id WHERE appointments.id = $1
"""
OWN = {"id", "appointment_id", "reference", "search", "provider_id", "resource_id", "seq", "xid", "after", "during"}


async def run(served: Served, world: World) -> None:
    # The same times in the same order, of providers of their own: neither finds a row that the other wrote.
    ours_wanted, floors_wanted = _times(world, world.free), _times(world, world.floor)
    await _compare(served, world, next(ours_wanted), next(floors_wanted))
    for clients in REQUESTS:
        ours, bare = await _measured(served, world, clients, ours_wanted, floors_wanted)
        say_timings("holds", clients, ours, bare)


def _times(world: World, providers: tuple[UUID, ...]) -> Iterator[Wanted]:
    """Free times, spread over providers and days as a clinic's bookings are."""
    for quarter in range(24 * 4):
        for offset in range(SPREAD_DAYS):
            day = world.today + timedelta(days=2 + offset)
            start = at(day, quarter * 15)
            for provider in providers:
                yield provider, start, day


async def _compare(served: Served, world: World, wanted: Wanted, floors: Wanted) -> None:
    """A hold and the floor's transaction leave the same; and a time is held only once."""
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(await Connection.open(*served.address))
        (bare,) = await stack.enter_async_context(floor.connections(served.database_url, 1))
        counts = [dict(await bare.fetchrow(LEFT))]
        status, body = await connection.ask(_request(world, wanted))
        assert status == 201, body
        held = msgspec.json.decode(body, type=Hold)
        assert (held.provider_id, held.start.astimezone(UTC)) == wanted[:2]
        counts.append(dict(await bare.fetchrow(LEFT)))
        again, refusal = await connection.ask(_request(world, wanted))
        assert again == 409, refusal
        assert b"slot_taken" in refusal
        written = await _hold_bare(bare, world, floors)
        counts.append(dict(await bare.fetchrow(LEFT)))
        rows = [await bare.fetchrow(WRITTEN, each) for each in (held.appointment_id, written)]
    for table in counts[0]:
        assert counts[1][table] - counts[0][table] == counts[2][table] - counts[1][table] == 1, table
    for part in ("appointment", "claim", "event"):
        ours, bares = (msgspec.json.decode(row[part], type=dict[str, Any]) for row in rows)
        moments = {name for name in ours if name.endswith("_at") or name == "at"}
        assert {name: ours[name] for name in ours.keys() - OWN - moments} == {
            name: bares[name] for name in bares.keys() - OWN - moments
        }, f"the floor writes another {part} than the server does"
        assert {name for name in ours if ours[name] is None} == {name for name in bares if bares[name] is None}


async def _measured(
    served: Served, world: World, clients: int, ours_wanted: Iterator[Wanted], floors_wanted: Iterator[Wanted]
) -> tuple[Timing, Timing]:
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(await Connection.open(*served.address)) for _ in range(clients)]
        bare_opened = await stack.enter_async_context(floor.connections(served.database_url, clients))

        def holding(connection: Connection) -> Client[bytes]:
            async def hold(request: bytes) -> None:
                status, body = await connection.ask(request)
                assert status == 201, body

            return hold

        def writing(connection: Any) -> Client[Wanted]:
            async def write(wanted: Wanted) -> None:
                await _hold_bare(connection, world, wanted)

            return write

        holders, writers = [holding(each) for each in opened], [writing(each) for each in bare_opened]
        ours, bare = Timing(), Timing()
        for count, into, into_bare in [
            (REQUESTS[clients] // 3, Timing(), Timing()),
            *[(REQUESTS[clients], ours, bare)] * ROUNDS,
        ]:
            requests = [_request(world, next(ours_wanted)) for _ in range(count)]
            await drive(into, holders, requests)
            await drive(into_bare, writers, [next(floors_wanted) for _ in range(count)])
    return ours, bare


def _request(world: World, wanted: Wanted) -> bytes:
    provider, start, _ = wanted
    body = msgspec.json.encode(HoldRequest(service_id=world.short_visit, provider_id=provider, start=start))
    return a_request("POST", f"/api/booking/{SLUG}/holds", body, Idempotency_Key=str(new_id()))


async def _hold_bare(connection: Any, world: World, wanted: Wanted) -> UUID:
    provider, start, day = wanted
    return await floor.write_hold(connection, SLUG, world.short_visit, provider, start, day, HOLD)
