"""Composition of the server: settings in, ASGI application out. One of the few files that know everything."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from litestar import Litestar
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ControllerRouterHandler
from sqlalchemy import text

from server import logs, sandbox
from server.config import Mode, Settings, SettingsError
from server.db.session import Database
from server.domain.links import Links
from server.event_tail import EventTail
from server.metrics import timed
from server.routes import (
    appointments,
    booking,
    errors,
    health,
    meetings,
    organisation,
    pages,
    sales,
    session,
    staff,
    stream,
    webhooks,
)
from server.routes.rate_limit import Limits
from server.routes.strict_body import StrictRequest
from server.vendors import Gateways
from server.wake import Waker, redis_client

LARGEST_BODY = 64 * 1024


def create_app(settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None) -> Litestar:
    """The server. `transport` replaces the network behind the gateways, for tests that run it in one process."""
    logs.configure(settings.log_level)
    db = Database(settings.database_url, pool_size=settings.database_pool, keyring=settings.keyring)
    redis = redis_client(settings.redis_url)
    waker = Waker(redis)
    db.after_commit = waker.wake
    gateways = Gateways.from_settings(settings, transport)
    links = Links(settings.public_url, settings.keyring)
    tail = EventTail(db, waker)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(redis.aclose)
            stack.push_async_callback(db.close)
            stack.push_async_callback(gateways.close)
            await _refuse_a_moved_clock(settings, db)
            await stack.enter_async_context(waker.listening())
            await stack.enter_async_context(tail.running())
            if settings.mode is Mode.SANDBOX:
                await stack.enter_async_context(sandbox.running(settings, db))
            yield

    def given(value: Any) -> Provide:
        return Provide(lambda: value, sync_to_thread=False)

    app = Litestar(
        route_handlers=_handlers(settings, db),
        lifespan=[lifespan],
        dependencies={
            "settings": given(settings),
            "db": given(db),
            "redis": given(redis),
            "links": given(links),
            "tail": given(tail),
            "payments": given(gateways.payments),
            "texts": given(gateways.texts),
            "rooms": given(gateways.meetings),
            "viewer": Provide(staff.provide_viewer),
        },
        exception_handlers=errors.HANDLERS,
        middleware=[timed],
        request_class=StrictRequest,
        request_max_body_size=LARGEST_BODY,
        openapi_config=OpenAPIConfig(
            title="Frontdesk",
            version="0.1.0",
            description="Appointments, payments and messages for clinics.",
            path="/schema",
            # The document itself: viewers load their scripts from elsewhere, and this server sends nobody elsewhere.
            render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
            components=Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}),
        ),
        logging_config=None,
        pdb_on_exception=False,
    )
    app.state.db = db
    app.state.limits = Limits(settings, redis)
    return app


def _handlers(settings: Settings, db: Database) -> Sequence[ControllerRouterHandler]:
    handlers: list[ControllerRouterHandler] = [
        booking.router,
        session.router,
        organisation.read_organisation,
        appointments.router,
        sales.router,
        stream.follow_events,
        webhooks.router,
        meetings.join,
        meetings.ask_host,
        meetings.open_as_host,
        health.live,
        health.ready,
        health.metrics,
        pages.router,
    ]
    if settings.mode is Mode.SANDBOX:
        handlers.extend(sandbox.routes(settings, db))
    return handlers


async def _refuse_a_moved_clock(settings: Settings, db: Database) -> None:
    """A live server on a database whose clock was moved in the sandbox would send reminders at wrong times."""
    if settings.mode is not Mode.LIVE:
        return
    async with db.read.connect() as connection:
        offset = (await connection.execute(text("SELECT offset_seconds FROM sandbox_clock"))).scalar_one()
    if offset:
        raise SettingsError("this database's clock was moved in the sandbox; a live server needs a database of its own")
