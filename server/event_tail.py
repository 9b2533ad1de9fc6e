"""One reader of new events per process, and its followers. Woken by Redis, guaranteed by a poll each second."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from server.background_task import ended
from server.db.reads.events import (
    START,
    Cursor,
    Recorded,
    events_after,
    events_between,
    newest_cursor,
)
from server.db.session import Database
from server.wake import Waker

log = structlog.get_logger()

BATCH = 500
LONGEST_REPLAY = 2000
LONGEST_QUEUE = 5000


class FollowerTooSlow(Exception):
    """More events are waiting than are kept for one follower."""


class Follower:
    """One open stream: what it missed comes first, then what happens."""

    def __init__(self, begins_after: Cursor, resumed: bool, missed: list[Recorded]) -> None:
        self.begins_after = begins_after
        self.resumed = resumed
        self._queue: asyncio.Queue[Recorded] = asyncio.Queue(LONGEST_QUEUE)
        self._too_slow = False
        for event in missed:
            self._queue.put_nowait(event)

    def offer(self, event: Recorded) -> None:
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self._too_slow = True

    async def next(self) -> Recorded:
        """The next event. Raises FollowerTooSlow when some could not be kept."""
        if self._too_slow:
            raise FollowerTooSlow
        return await self._queue.get()


class EventTail:
    """Reads each event once and hands it to every follower of this process."""

    def __init__(self, db: Database, waker: Waker) -> None:
        self._db = db
        self._waker = waker
        self._at = START
        self._followers: set[Follower] = set()
        self._reading = asyncio.Lock()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read in the background for as long as the block runs."""
        async with self._db.read.connect() as connection:
            self._at = await newest_cursor(connection)
        task = asyncio.create_task(self._run(), name="event-tail")
        try:
            yield
        finally:
            await ended(task)

    @asynccontextmanager
    async def following(self, cursor: Cursor | None) -> AsyncIterator[Follower]:
        """Follow from `cursor`, or from now: for a cursor that is unknown or too far back to be replayed."""
        follower = await self._begin(cursor)
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    async def _begin(self, cursor: Cursor | None) -> Follower:
        # Under the lock no event can slip between what is replayed and what is handed on.
        async with self._reading:
            if cursor is None or cursor > self._at:
                follower = Follower(self._at, resumed=False, missed=[])
            else:
                follower = await self._replay(cursor)
            self._followers.add(follower)
            return follower

    async def _replay(self, cursor: Cursor) -> Follower:
        async with self._db.read.connect() as connection:
            if await events_between(connection, cursor, self._at) > LONGEST_REPLAY:
                return Follower(self._at, resumed=False, missed=[])
            missed = [
                event for event in await events_after(connection, cursor, LONGEST_REPLAY) if event.cursor <= self._at
            ]
        return Follower(cursor, resumed=True, missed=missed)

    async def _run(self) -> None:
        while True:
            await self._waker.wait()
            try:
                await self._read()
            except (SQLAlchemyError, OSError) as error:
                log.warning("event_tail_waits", error=repr(error))

    async def _read(self) -> None:
        async with self._reading, self._db.read.connect() as connection:
            while events := await events_after(connection, self._at, BATCH):
                for event in events:
                    for follower in self._followers:
                        follower.offer(event)
                self._at = events[-1].cursor
