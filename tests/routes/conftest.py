"""One house for all the cases of a file: what is refused writes nothing, so the cases do not meet."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from server.config import Settings
from server.embedded import Running
from tests.conftest import ORGANISED, free_ports, in_database
from tests.house import House, open_house
from tests.organisation import Organised, at


@pytest.fixture(scope="module")
def module_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(tmp_path_factory.mktemp("home"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing_house(
    template: str, organised_template: Organised, running: Running, module_home: Path
) -> AsyncIterator[House]:
    """A house that stands for a whole file. Its tests share a loop: `pytest.mark.asyncio(loop_scope="module")`."""
    name = f"t_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(template)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {ORGANISED} STRATEGY file_copy")
    settings = Settings.from_environment(
        {
            "FRONTDESK_DATABASE_URL": in_database(template, name),
            "FRONTDESK_REDIS_URL": running.redis_url,
            "FRONTDESK_PORT": str(free_ports()),
            "FRONTDESK_HOME": str(module_home),
            "FRONTDESK_LOG_LEVEL": "WARNING",
        }
    )
    async with open_house(settings, organised_template) as house:
        yield house
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest_asyncio.fixture(loop_scope="module")
async def token(standing_house: House) -> str:
    """The token of a hold that waits for its details; the same for all cases, as none of them succeeds."""
    answer = await standing_house.hold(at(standing_house.organised, 5, 9), key="the hold of all cases")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])
