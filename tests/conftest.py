"""What every room's tests stand on: the wheel's own engines, a migrated template, and a fresh database for each test.

Nothing that the machine happens to have is used. What is missing fails the test that needs it.
"""

import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import asyncpg
import pytest

from server.config import Settings
from server.db import migrate
from server.db.session import Database
from server.embedded import Running, engines
from tests.house import House, open_house
from tests.organisation import Organised, an_organisation

TEMPLATE = "frontdesk_template"
ORGANISED = "frontdesk_organised"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """PostgreSQL and Valkey from the wheels, without fsync, once a run."""
    with engines(Path(tmp_path_factory.mktemp("engines")), fast=True) as started:
        yield started


def in_database(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


@pytest.fixture(scope="session")
def template(running: Running) -> str:
    """A migrated database that every test's own is copied from. Returns the address of the one beside it."""
    import asyncio

    async def create() -> None:
        connection = await asyncpg.connect(running.database_url)
        await connection.execute(f"CREATE DATABASE {TEMPLATE}")
        await connection.close()

    asyncio.run(create())
    migrate.upgrade(in_database(running.database_url, TEMPLATE))
    return running.database_url


@pytest.fixture(scope="session")
def organised_template(template: str) -> Organised:
    """A second template with the organisation in it: four password hashes a run instead of four a test."""
    import asyncio

    async def create() -> Organised:
        connection = await asyncpg.connect(template)
        await connection.execute(f"CREATE DATABASE {ORGANISED} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        await connection.close()
        db = Database(in_database(template, ORGANISED), pool_size=2)
        try:
            return await an_organisation(db)
        finally:
            await db.close()

    return asyncio.run(create())


@pytest.fixture
async def database_url(template: str, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A fresh copy of a template: real commits, and nothing of another test."""
    source = TEMPLATE
    if "organised" in request.fixturenames:
        request.getfixturevalue("organised_template")
        source = ORGANISED
    name = f"t_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(template)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY file_copy")
    yield in_database(template, name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, pool_size=20)
    yield opened
    await opened.close()


def free_ports() -> int:
    """A port that is free together with the two after it."""
    while True:
        port = 20_000 + secrets.randbelow(40_000)
        try:
            for number in (port, port + 1, port + 2):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
        except OSError:
            continue
        return port


@pytest.fixture
def settings(database_url: str, running: Running, tmp_path: Path) -> Settings:
    """Sandbox settings over this test's database."""
    return Settings.from_environment(
        {
            "FRONTDESK_DATABASE_URL": database_url,
            "FRONTDESK_REDIS_URL": running.redis_url,
            "FRONTDESK_PORT": str(free_ports()),
            "FRONTDESK_HOME": str(tmp_path),
            "FRONTDESK_LOG_LEVEL": "WARNING",
        }
    )


@pytest.fixture
def organised(organised_template: Organised) -> Organised:
    """Two clinics, three providers, three services: small enough to know by heart."""
    return organised_template


@pytest.fixture
async def house(settings: Settings, organised: Organised) -> AsyncIterator[House]:
    """A server that really listens, over a small organisation; its jobs run when the test says so."""
    async with open_house(settings, organised) as opened:
        yield opened
