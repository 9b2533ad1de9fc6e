"""Composition of the worker: the queue's consumer, and the watcher that feeds the queue from the database."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import structlog
from redis.exceptions import RedisError
from saq import Job, Queue, Worker
from saq.queue.redis import RedisQueue
from sqlalchemy.exc import SQLAlchemyError

from server import logs
from server.actions.delivering import Outbox
from server.background_task import ended
from server.config import Settings
from server.db.session import Database
from server.domain.links import Links
from server.jobs.sweeps import Poke, due
from server.jobs.tasks import TASKS, Tools
from server.vendors import Gateways
from server.wake import Waker, redis_client

log = structlog.get_logger()

QUEUE = "frontdesk"
CONCURRENCY = 10
ASK_VENDORS_EVERY_SECONDS = 30
STOP_SECONDS = 20


def run(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM."""
    logs.configure(settings.log_level)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with working(settings):
        await stop.wait()


@asynccontextmanager
async def working(settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None) -> AsyncIterator[Tools]:
    """Consume and watch in the background for as long as the block runs."""
    async with AsyncExitStack() as stack:
        db = Database(settings.database_url, pool_size=CONCURRENCY + 4, keyring=settings.keyring)
        stack.push_async_callback(db.close)
        gateways = Gateways.from_settings(settings, transport)
        stack.push_async_callback(gateways.close)
        redis = redis_client(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        waker = Waker(redis)
        db.after_commit = waker.wake
        tools = tools_for(settings, db, gateways)
        queue = RedisQueue(redis_client(settings.redis_url), name=QUEUE)
        stack.push_async_callback(_stopped, queue.disconnect)
        await stack.enter_async_context(waker.listening())
        consumer = _Consumer(
            queue,
            functions=list(TASKS.items()),
            concurrency=CONCURRENCY,
            timers={"schedule": 1, "worker_info": 10, "sweep": 10, "abort": 1},
            # An idle worker looks up every two seconds: it ends soon when told to, and sees a Redis that has gone.
            dequeue_timeout=2,
            # What is cut off here is leased: its row is found again.
            shutdown_grace_period_s=3,
        )
        consumer.context["tools"] = tools
        consuming = asyncio.create_task(consumer.start(), name="consumer")
        watching = asyncio.create_task(_watch(tools, queue, waker), name="watcher")
        try:
            yield tools
        finally:
            await ended(watching)
            await _stopped(consumer.stop)
            await ended(consuming)


async def _stopped(stop: Callable[[], Awaitable[None]]) -> None:
    """Stop something that talks to Redis while doing so, which may have gone before us. What was under way lies in
    the database and is found again."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await stop()
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("stopped_without_the_queue", error=repr(error))


def tools_for(settings: Settings, db: Database, gateways: Gateways) -> Tools:
    links = Links(settings.public_url, settings.keyring)
    return Tools(
        db,
        gateways.payments,
        Outbox(gateways.mailer, gateways.texts, links),
        gateways.meetings,
    )


class _Consumer(Worker[Any]):
    """SAQ's worker, which leaves signals to us and rests while Redis is away (it would spin on one core)."""

    SIGNALS: list[Any] = []  # noqa: RUF012 (SAQ's own declaration)

    async def process(self) -> bool:
        try:
            await self.queue.redis.ping()  # type: ignore[attr-defined]
        except (RedisError, OSError):
            await asyncio.sleep(1)
            return False
        return await super().process()


async def _watch(tools: Tools, queue: Queue, waker: Waker) -> None:
    """Feed the queue with what the database says is due: at each wake-up, and each second without one."""
    asked_at = time.monotonic()
    while True:
        ask_vendors = time.monotonic() - asked_at > ASK_VENDORS_EVERY_SECONDS
        if ask_vendors:
            asked_at = time.monotonic()
        try:
            async for poke in due(tools.db, ask_vendors=ask_vendors):
                await _hand_over(tools, queue, poke)
        except (SQLAlchemyError, OSError) as error:
            log.warning("watcher_waits", error=repr(error))
        await waker.wait()


async def _hand_over(tools: Tools, queue: Queue, poke: Poke) -> None:
    """To the queue, which refuses what already waits there; without Redis the work is done here, one by one."""
    try:
        await queue.enqueue(
            Job(
                poke.task,
                kwargs={"row": str(poke.row)},
                key=poke.key,
                timeout=60,
                retries=3,
                ttl=30,
            )
        )
    except (RedisError, OSError) as error:
        log.warning("queue_unavailable", task=poke.task, error=repr(error))
        try:
            await TASKS[poke.task]({"tools": tools}, row=str(poke.row))
        except Exception as failure:  # the row stays due; the next round finds it again
            log.error("task_failed", task=poke.task, row=str(poke.row), error=repr(failure))
