"""One filled demo database for all the tests of this folder that only look."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import asyncpg
import pytest

from server.db.session import Database
from tests.conftest import TEMPLATE, in_database
from tests.demo.filled import LINKS, fill_at, next_workday_afternoon


@pytest.fixture(scope="session")
def moment() -> datetime:
    return next_workday_afternoon()


@pytest.fixture(scope="session")
def filled_url(template: str, moment: datetime) -> Iterator[str]:
    """One filled database for all the tests that only look."""
    name = f"t_{secrets.token_hex(6)}"

    async def beside(statement: str) -> None:
        connection = await asyncpg.connect(template)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(beside(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy"))
    asyncio.run(fill_at(in_database(template, name), moment))
    yield in_database(template, name)
    asyncio.run(beside(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def filled(filled_url: str) -> AsyncIterator[Database]:
    opened = Database(filled_url, pool_size=4, keyring=LINKS.keyring)
    yield opened
    await opened.close()
