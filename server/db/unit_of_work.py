"""One explicit transaction for one action: it commits on leaving, refuses to nest, and records events.

A framework's autocommit handler answered 201 to a commit that then failed; here the answer is made after
the commit. The wake-up goes out after it too, and its failure changes nothing: readers also poll.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.session import Database
from server.db.tables import Event, IdempotencyKey
from server.domain.boundary import transaction_open
from server.domain.errors import IdempotencyKeyReusedError
from shared.schemas.enums import ActorKind, EventKind

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `name` is kept in the event as it is now."""

    kind: ActorKind
    name: str
    id: UUID | None = None


SYSTEM = Actor(ActorKind.SYSTEM, "system")
PATIENT = Actor(ActorKind.PATIENT, "patient")


@dataclass(frozen=True, slots=True)
class Once:
    """A creating request's Idempotency-Key: `scope` names the endpoint and whose key it is."""

    scope: str
    key: str
    fingerprint: bytes


class AlreadyDone(Exception):
    """The request was carried out before; `response` is what it was answered then."""

    def __init__(self, response: dict[str, Any]) -> None:
        super().__init__("answered before")
        self.response = response


@dataclass(slots=True)
class Work:
    """An open transaction. `now` is the database's clock, read with the transaction's first statement."""

    connection: AsyncConnection
    now: datetime
    actor: Actor
    once: Once | None = None
    _events: list[dict[str, Any]] = field(default_factory=list)
    _wakes: bool = False

    def record(
        self,
        kind: EventKind,
        *,
        appointment_id: UUID | None = None,
        clinic_id: UUID | None = None,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        actor: Actor | None = None,
    ) -> None:
        """Write an event with this transaction. Values must be JSON; contacts and texts do not belong in them."""
        by = actor or self.actor
        self._events.append(
            {
                "kind": kind.value,
                "at": self.now,
                "actor_kind": by.kind.value,
                "actor_id": by.id,
                "actor": by.name,
                "appointment_id": appointment_id,
                "clinic_id": clinic_id,
                "before": before,
                "after": after,
            }
        )

    def wake_others(self) -> None:
        """There is new work in the database without an event: whoever waits should look now, not in a second."""
        self._wakes = True

    async def remember(self, response: dict[str, Any]) -> None:
        """Keep the answer beside the Idempotency-Key, in this transaction. Without a key: nothing to do."""
        if self.once is not None:
            await self.connection.execute(
                update(IdempotencyKey)
                .where(
                    IdempotencyKey.scope == self.once.scope,
                    IdempotencyKey.key == self.once.key,
                )
                .values(response=response)
            )

    async def flush_events(self) -> None:
        if self._events:
            await self.connection.execute(insert(Event), self._events)

    @property
    def wakes(self) -> bool:
        return self._wakes or bool(self._events)


@asynccontextmanager
async def unit_of_work(db: Database, actor: Actor, *, once: Once | None = None) -> AsyncIterator[Work]:
    """Open the transaction. Raises AlreadyDone when `once` was answered before, IdempotencyKeyReusedError
    when its key belongs to a different request, RuntimeError when a transaction is already open here."""
    if transaction_open.get():
        raise RuntimeError("a unit of work does not nest: call the action's inner part instead")
    flag = transaction_open.set(True)
    try:
        async with db.write.begin() as connection:
            now = (await connection.execute(text("SELECT frontdesk_now()"))).scalar_one()
            work = Work(connection, now, actor, once)
            if once is not None:
                await _claim_key(work, once)
            yield work
            await work.flush_events()
    finally:
        transaction_open.reset(flag)
    if work.wakes:
        try:
            await db.after_commit()
        except Exception as error:  # the commit stands; whoever should be woken also polls
            log.warning("wake_up_failed", error=repr(error))


async def _claim_key(work: Work, once: Once) -> None:
    """Insert the key, or learn its answer. A concurrent twin waits here for the first one's commit."""
    inserted = await work.connection.execute(
        postgres_insert(IdempotencyKey)
        .values(scope=once.scope, key=once.key, fingerprint=once.fingerprint)
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    if inserted.scalar_one_or_none() is not None:
        return
    found = (
        await work.connection.execute(
            select(IdempotencyKey.fingerprint, IdempotencyKey.response).where(
                IdempotencyKey.scope == once.scope, IdempotencyKey.key == once.key
            )
        )
    ).one()
    if found.fingerprint != once.fingerprint or found.response is None:
        raise IdempotencyKeyReusedError
    raise AlreadyDone(found.response)
