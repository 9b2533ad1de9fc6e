"""How processes wake each other: a publish on Redis after a commit. A hint, never a promise: all of them also poll."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from server.background_task import ended

log = structlog.get_logger()

CHANNEL = "frontdesk:wake"
POLL_SECONDS = 1.0


def redis_client(url: str) -> "Redis":
    """A client that comes back by itself when Redis does."""
    return Redis.from_url(
        url,
        retry=Retry(ExponentialBackoff(cap=1, base=0.05), 3),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
        health_check_interval=15,
        socket_timeout=5,
        socket_connect_timeout=2,
    )


class Waker:
    """Publishes wake-ups, and turns those of others into an asyncio event."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._woken = asyncio.Event()

    async def wake(self) -> None:
        """Tell every process that something was committed. Raises RedisError, which a caller may ignore."""
        self._woken.set()
        await self._redis.publish(CHANNEL, b"")

    async def wait(self, seconds: float = POLL_SECONDS) -> None:
        """Return at the next wake-up, or after `seconds` without one."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        finally:
            self._woken.clear()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen in the background for as long as the block runs."""
        task = asyncio.create_task(self._listen(), name="wake-listener")
        try:
            yield
        finally:
            await ended(task)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.subscribe(CHANNEL)
                    while True:
                        message = await subscription.get_message(ignore_subscribe_messages=True, timeout=4)
                        if message is not None:
                            self._woken.set()
            except (RedisError, OSError) as error:
                log.warning("wake_channel_lost", error=repr(error))
                await asyncio.sleep(POLL_SECONDS)
