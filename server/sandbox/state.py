"""What every pretended vendor shares: the settings, the database, its clock, and things that happen later.

A change is something that will happen at a vendor (a payment settles); a delivery is a webhook on its way to
us. Both are rows, so they survive a restart, and both fall due by the sandbox's clock.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from server.config import Settings
from server.db.session import Database
from server.db.tables.sandbox import SandboxChange, SandboxDelivery

_EVERYWHERE = ("0.0.0.0", "::", "")


class Change(StrEnum):
    PAYMENT_SETTLES = "payment_settles"
    BALANCE_KNOWN = "balance_known"
    REFUND_SETTLES = "refund_settles"
    REFUND_FAILS = "refund_fails"
    DISPUTE_OPENS = "dispute_opens"
    TEXT_MOVES = "text_moves"


class Sandbox:
    """`own_url` is where this server listens, which a public address may not be reachable at from here."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self.settings = settings
        self.db = db
        # A server that listens everywhere is reached by loopback.
        self.host = "127.0.0.1" if settings.host in _EVERYWHERE else settings.host
        self.own_url = f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{settings.port}"

    @property
    def origin(self) -> tuple[str, str]:
        address = urlsplit(self.settings.public_url)
        return address.scheme, address.netloc


async def moment(connection: AsyncConnection) -> datetime:
    """The sandbox's clock: the real one plus its offset."""
    now: datetime = (await connection.execute(text("SELECT frontdesk_now()"))).scalar_one()
    return now


async def happen_later(
    connection: AsyncConnection, change: Change, object_id: str, due_at: datetime, detail: str | None = None
) -> None:
    await connection.execute(
        insert(SandboxChange).values(due_at=due_at, change=change.value, object_id=object_id, detail=detail)
    )


async def deliver_later(
    connection: AsyncConnection, *, vendor: str, url: str, payload: str, due_at: datetime, after_seconds: float = 0
) -> None:
    """`url` is the one the vendor was told; the courier signs for it and knows how to reach it."""
    await connection.execute(
        insert(SandboxDelivery).values(
            vendor=vendor, url=url, payload=payload, due_at=due_at + timedelta(seconds=after_seconds)
        )
    )
