"""Open slots of one provider on fourteen days, over HTTP, beside the bare reads they are made from."""

from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from bench import floor
from bench.figures import Client, Timing, drive, say_timings
from bench.http_client import Connection, a_request
from bench.served import Served
from bench.world import SLUG, ZONE, World
from server.domain.availability import ServiceRules, WeeklyHours, minute_of, moment_of, open_starts
from shared.schemas.booking import SlotList

DAYS = 14
ROUNDS = 3
REQUESTS = {1: 300, 16: 1200}
"""Each round, by how many clients share them."""


async def run(served: Served, world: World) -> None:
    for clients in REQUESTS:
        ours, bare = await _measured(served, world, clients)
        say_timings("slots", clients, ours, bare)


async def _measured(served: Served, world: World, clients: int) -> tuple[Timing, Timing]:
    provider, first = world.busy[0], world.today + timedelta(days=2)
    until = first + timedelta(days=DAYS)
    query = urlencode(
        {"service_id": world.consultation, "provider_id": provider, "from": first.isoformat(), "to": until.isoformat()}
    )
    request = a_request("GET", f"/api/booking/{SLUG}/slots?{query}")
    around = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (first, until)]
    begin, end = around[0] - timedelta(days=1), around[1] + timedelta(days=1)
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(await Connection.open(*served.address)) for _ in range(clients)]
        bare_opened = await stack.enter_async_context(floor.connections(served.database_url, clients))

        status, expected = await opened[0].ask(request)
        rows = await floor.read_calendar(bare_opened[0], SLUG, world.consultation, provider, begin, end)
        assert status == 200, expected
        answer = msgspec.json.decode(expected, type=SlotList)
        assert [slot.start for slot in answer.slots] == _starts(rows, world, first, until)
        assert 100 < len(answer.slots) < 16 * DAYS, "some of the time is taken, and some is not"

        def asking(connection: Connection) -> Client[int]:
            async def ask(_: int) -> None:
                assert await connection.ask(request) == (200, expected)

            return ask

        def reading(connection: Any) -> Client[int]:
            async def read(_: int) -> None:
                found = await floor.read_calendar(connection, SLUG, world.consultation, provider, begin, end)
                assert len(found[3]) == len(rows[3])

            return read

        askers, readers = [asking(each) for each in opened], [reading(each) for each in bare_opened]
        ours, bare = Timing(), Timing()
        await drive(Timing(), askers, range(REQUESTS[clients] // 3))
        await drive(Timing(), readers, range(REQUESTS[clients] // 3))
        for _ in range(ROUNDS):
            await drive(ours, askers, range(REQUESTS[clients]))
            await drive(bare, readers, range(REQUESTS[clients]))
    return ours, bare


def _starts(rows: tuple[datetime, Any, Any, Any], world: World, first: date, until: date) -> list[datetime]:
    """What the floor's rows say is open, so that both are known to have read the same."""
    now, offered, hours, busy = rows
    head = offered[0]
    starts = open_starts(
        hours=[WeeklyHours(row["weekday"], row["start_minute"], row["end_minute"]) for row in hours],
        zone=ZoneInfo(ZONE),
        busy=[(minute_of(row["start"]), minute_of(row["end"], up=True)) for row in busy],
        rules=ServiceRules(
            duration=head["duration_minutes"],
            prep=head["prep_minutes"],
            wrap=head["wrap_minutes"],
            grid=head["grid_minutes"],
            notice=head["notice_minutes"],
            horizon_days=head["horizon_days"],
        ),
        first=first,
        until=until,
        now=now,
    )
    return [moment_of(start) for start in starts]
