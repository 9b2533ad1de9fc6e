"""Is it alive, is it ready, what does it count."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from server.db.session import Database


@get("/health/live", tags=["health"])
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@get("/health/ready", tags=["health"])
async def ready(
    db: NamedDependency[SkipValidation[Database]],
    redis: NamedDependency[SkipValidation[Any]],
) -> Response[dict[str, str]]:
    """200 when bookings can be taken (the database answers); without Redis everything is a second later."""
    checks = {"database": "ok", "queue": "ok"}
    try:
        await db.now()
    except (SQLAlchemyError, OSError) as error:
        checks["database"] = type(error).__name__
    try:
        client: Redis = redis
        await client.ping()  # type: ignore[misc]
    except (RedisError, OSError) as error:
        checks["queue"] = f"{type(error).__name__}: messages leave a second later"
    ok = checks["database"] == "ok"
    return Response(
        {"status": "ready" if ok else "not ready", **checks},
        status_code=200 if ok else 503,
    )


@get("/metrics", tags=["health"])
async def metrics() -> Response[bytes]:
    """Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
