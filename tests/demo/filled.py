"""A demo database at a moment of choice, and how its rows are asked for."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy import Row, func, select

from server.db.session import Database
from server.demo_data import fill
from server.domain.links import Links
from server.domain.permissions import Viewer
from shared.schemas.enums import Role

SEED = 20260
LINKS = Links("http://clinic.test", (b"k" * 32,))
NEW_YORK = ZoneInfo("America/New_York")
MANAGER = Viewer(UUID(int=1), UUID(int=2), "Marcus Bell", "manager@demo.test", Role.MANAGER)


def next_workday_afternoon() -> datetime:
    """Ten or eleven in New York, three or four in London; half past a minute, so that two fills see the same one."""
    day = datetime.now(UTC).date() + timedelta(days=1)
    while day.weekday() != 2:
        day += timedelta(days=1)
    return datetime.combine(day, time(15, 7, 10), tzinfo=UTC)


def after_the_clocks_change(*, forward: bool) -> datetime:
    """In the night two days after New York's next change: Sunday's hours that came twice or never lie behind."""
    day = datetime.now(UTC).replace(hour=12)
    while True:
        day += timedelta(days=1)
        before, after = ((day + timedelta(days=step)).astimezone(NEW_YORK).utcoffset() for step in (-1, 0))
        assert before is not None
        assert after is not None
        if (after > before) if forward else (after < before):
            return (day + timedelta(days=2)).replace(hour=2, minute=7, second=10)


async def set_clock(url: str, moment: datetime) -> None:
    """From now on the database believes that it is `moment`."""
    connection = await asyncpg.connect(url)
    try:
        ahead = "extract(epoch FROM $1 - clock_timestamp())::bigint"
        await connection.execute(f"UPDATE sandbox_clock SET offset_seconds = {ahead}", moment)
    finally:
        await connection.close()


async def fill_at(url: str, moment: datetime) -> None:
    await set_clock(url, moment)
    await fill(url, SEED, LINKS)


async def rows(db: Database, statement: Any) -> list[Row[Any]]:
    async with db.read.connect() as connection:
        return list((await connection.execute(statement)).all())


async def count(db: Database, table: Any, *conditions: Any) -> int:
    return int((await rows(db, select(func.count()).select_from(table).where(*conditions)))[0][0])
