"""How often one address may ask. Counted in Redis, so that all server processes count together.

Sliding windows by the `limits` library. Without Redis, reading and booking stay open (a clinic that cannot be
booked is the worse harm), signing in stays closed: guessing passwords must not become free.
"""

import ipaddress

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.config import Settings
from server.domain.errors import GatewayTroubleError, TooManyRequestsError

log = structlog.get_logger()


class Limits:
    """The limits of one process, over the Redis that all share. `redis` stays its owner's to close."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        # The connections are the process's own: they come back, and are closed, with it.
        self._storage = RedisStorage(
            f"async+{settings.redis_url}",
            implementation="redispy",
            key_prefix="frontdesk:limit",
            connection_pool=redis.connection_pool,  # type: ignore[arg-type]  # documented, but not in its types
        )
        self._window = SlidingWindowCounterRateLimiter(self._storage)
        self._trusted = frozenset(item.strip() for item in settings.trusted_proxies.split(",") if item.strip())
        self._items: dict[str, RateLimitItem] = {
            "reads": parse(settings.rate_limit_reads),
            "writes": parse(settings.rate_limit_writes),
            "sign_in": parse(settings.rate_limit_sign_in),
        }

    async def check(self, kind: str, connection: ASGIConnection) -> None:  # type: ignore[type-arg]
        """Count this request. Raises TooManyRequestsError when it is one too many."""
        item = self._items[kind]
        try:
            allowed = await self._window.hit(item, kind, self._address(connection))
        except (RedisError, OSError) as error:
            log.warning("rate_limit_unavailable", error=repr(error))
            if kind == "sign_in":
                raise GatewayTroubleError from error
            return
        if not allowed:
            raise TooManyRequestsError(item.get_expiry())

    def _address(self, connection: ASGIConnection) -> str:  # type: ignore[type-arg]
        """The client's address; an IPv6 client counts by its /64, which is one household or phone."""
        address = connection.client.host if connection.client else "unknown"
        forwarded = connection.headers.get("x-forwarded-for", "")
        if address in self._trusted and forwarded:
            address = forwarded.rpartition(",")[2].strip()
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return address
        return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address


def limited(kind: str) -> Guard:
    """A guard that counts requests of this kind."""

    async def guard(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]
        limits: Limits = connection.app.state.limits
        await limits.check(kind, connection)

    return guard
