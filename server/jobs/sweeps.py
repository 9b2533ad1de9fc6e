"""Find in the database what is due, and say so to the queue. Run at every wake-up and every second without one.

This is the guarantee behind the queue: a poke that got lost is found here by the next round.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from server.actions import delivering, holding, paying, promising, receiving, refunding
from server.db.session import Database
from server.jobs.reactions import REACTIONS

UNHEARD_SECONDS = 60
"""A payment or refund that is open this long is asked after: its webhook may be lost."""


@dataclass(frozen=True, slots=True)
class Poke:
    """Look at this row with this task."""

    task: str
    row: UUID

    @property
    def key(self) -> str:
        """The queue refuses a second poke with the key of one that still waits."""
        return f"{self.task}:{self.row}"


async def due(db: Database, *, ask_vendors: bool) -> AsyncIterator[Poke]:
    """Everything that is due now. With `ask_vendors` also payments and refunds that have been silent for long."""
    while await promising.dispatch_events(db, REACTIONS) == promising.BATCH:
        pass
    for row in await promising.due_jobs(db):
        yield Poke("do_job", row)
    for row in await receiving.unprocessed(db):
        yield Poke("process_webhook", row)
    for row in await delivering.due_messages(db):
        yield Poke("deliver_message", row)
    for row in await holding.lapsed_holds(db):
        yield Poke("expire_hold", row)
    if ask_vendors:
        for row in await paying.unheard_payments(db, UNHEARD_SECONDS):
            yield Poke("ask_processor", row)
        for row in await refunding.unsettled_refunds(db, UNHEARD_SECONDS):
            yield Poke("carry_out_refunds", row)
