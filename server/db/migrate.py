"""Bring a database to the newest schema, or say whether it is there. Alembic, driven from code: no ini file."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from server.db.session import asyncpg_url

T = TypeVar("T")
_HERE = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def upgrade(database_url: str) -> None:
    """Run every migration that is missing, each in its own transaction. Blocking; not inside a running loop."""
    asyncio.run(upgrade_async(database_url))


async def upgrade_async(database_url: str) -> None:
    """As `upgrade`, for a caller that has a loop already."""
    config = _config()

    def run(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    await _with_connection(database_url, run)


async def missing(database_url: str) -> list[str]:
    """The revisions that this database lacks, oldest first; empty when it is at head."""
    script = ScriptDirectory.from_config(_config())

    def lacking(connection: Connection) -> list[str]:
        current = set(MigrationContext.configure(connection).get_current_heads())
        wanted = [revision.revision for revision in script.walk_revisions()]
        done: set[str] = set()
        for revision in script.walk_revisions():
            if revision.revision in current:
                done = {item.revision for item in script.iterate_revisions(revision.revision, "base")}
                break
        return [revision for revision in reversed(wanted) if revision not in done]

    return await _with_connection(database_url, lacking)


async def draft(database_url: str, message: str) -> None:
    """Write a new migration from the difference between tables and database. For developers; read it after."""
    config = _config()

    def run(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.revision(config, message=message, autogenerate=True)

    await _with_connection(database_url, run)


async def _with_connection(database_url: str, run: Callable[[Connection], T]) -> T:
    engine = create_async_engine(asyncpg_url(database_url))
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(run)
    finally:
        await engine.dispose()
