"""Pretend: vendor-shaped HTTP that the real gateway clients talk to, with its state in tables of its own.

One file a vendor, `courier` for what the vendors do by themselves, `pages` for what people look at. It is
mounted in sandbox mode only. Nothing outside this folder, the composition files and tests may import it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

from litestar import Router
from litestar.di import Provide

from server.background_task import ended
from server.config import Mode, Settings
from server.db.session import Database
from server.sandbox import clock, courier, outbox, pay, smtp, twilio, zoom
from server.sandbox.courier import deliver_due
from server.sandbox.state import Sandbox
from server.sandbox.stripe import routes as stripe

__all__ = ["deliver_due", "routes", "running"]


def routes(settings: Settings, db: Database) -> Sequence[Router]:
    """What the server mounts. Raises ValueError in live mode, where nothing may be pretended."""
    if settings.mode is not Mode.SANDBOX:
        raise ValueError("the sandbox is not part of a live server")
    sandbox = Sandbox(settings, db)

    def the_sandbox() -> Sandbox:
        return sandbox

    return [
        Router(
            path="/",
            route_handlers=[
                stripe.router,
                pay.router,
                twilio.router,
                twilio.replies,
                zoom.router,
                clock.index,
                clock.read_clock,
                clock.move_clock,
                outbox.outbox_page,
                outbox.outbox_json,
            ],
            dependencies={"sandbox": Provide(the_sandbox, sync_to_thread=False)},
        )
    ]


@asynccontextmanager
async def running(settings: Settings, db: Database) -> AsyncIterator[None]:
    """The courier, and the mail server when mail is set to go to the sandbox's own address, until the block ends."""
    sandbox = Sandbox(settings, db)
    mail, own_mail = urlsplit(settings.smtp_url), ("smtp", settings.host, settings.port + 2)
    async with AsyncExitStack() as stack:
        if (mail.scheme, mail.hostname, mail.port) == own_mail:
            await stack.enter_async_context(smtp.listening(db, sandbox.host, settings.port + 2))
        task = asyncio.create_task(courier.run(sandbox), name="sandbox courier")
        try:
            yield
        finally:
            await ended(task)
