"""The queue's tasks. Each is told an id, runs one action, and leaves retrying to the row behind the id."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from server.actions import (
    delivering,
    holding,
    meeting,
    messaging,
    paying,
    promising,
    receiving,
    refunding,
)
from server.actions.delivering import Outbox
from server.db.session import Database
from server.gateways.errors import GatewayError
from server.gateways.payments import PaymentProcessor
from server.gateways.video import MeetingRooms
from server.jobs.reactions import MESSAGES, JobName

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tools:
    """What jobs work with; made once per process, put into the queue's context under "tools"."""

    db: Database
    payments: PaymentProcessor
    outbox: Outbox
    meetings: MeetingRooms


Context = dict[str, Any]


async def do_job(context: Context, *, row: str) -> None:
    """Run the job behind a row of `jobs`, if it is still to be done."""
    tools: Tools = context["tools"]
    job = await promising.claim_job(tools.db, UUID(row))
    if job is None:
        return
    bound = log.bind(job=job.name, appointment_id=str(job.appointment_id))
    try:
        if job.appointment_id is not None:
            await run(tools, JobName(job.name), job.appointment_id)
    except Exception as error:
        bound.warning("job_failed", attempt=job.attempts, error=repr(error))
        await promising.finish_job(tools.db, job, error=repr(error)[:500])
    else:
        await promising.finish_job(tools.db, job)


async def run(tools: Tools, name: JobName, appointment_id: UUID) -> None:
    """The action behind a job's name."""
    if name in MESSAGES:
        await messaging.write_messages(tools.db, appointment_id, MESSAGES[name])
    elif name is JobName.MAKE_MEETING:
        await meeting.make_meeting(tools.db, tools.meetings, appointment_id)
    elif name is JobName.DELETE_MEETING:
        await meeting.delete_meeting(tools.db, tools.meetings, appointment_id)
    elif name is JobName.CARRY_OUT_REFUNDS:
        await refunding.carry_out_refunds(tools.db, tools.payments, appointment_id)


async def deliver_message(context: Context, *, row: str) -> None:
    tools: Tools = context["tools"]
    await delivering.deliver(tools.db, tools.outbox, UUID(row))


async def process_webhook(context: Context, *, row: str) -> None:
    tools: Tools = context["tools"]
    try:
        await receiving.process_webhook(tools.db, tools.payments, UUID(row))
    except GatewayError as error:  # noted on the row, which says when to try again
        log.warning("webhook_waits", inbox=row, error=error.code)


async def expire_hold(context: Context, *, row: str) -> None:
    tools: Tools = context["tools"]
    await holding.expire_hold(tools.db, tools.payments, UUID(row))


async def ask_processor(context: Context, *, row: str) -> None:
    tools: Tools = context["tools"]
    await paying.ask_processor(tools.db, tools.payments, UUID(row))


async def carry_out_refunds(context: Context, *, row: str) -> None:
    tools: Tools = context["tools"]
    await refunding.carry_out_refunds(tools.db, tools.payments, UUID(row))


Task = Callable[..., Awaitable[None]]
TASKS: dict[str, Task] = {
    task.__name__: task
    for task in (
        do_job,
        deliver_message,
        process_webhook,
        expire_hold,
        ask_processor,
        carry_out_refunds,
    )
}
