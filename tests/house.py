"""A whole house for one test: a server that really listens on loopback, and its jobs run step by step.

Vendors are the sandbox behind the real gateway clients, over real HTTP and SMTP. `settle` runs everything that is
due until nothing is; `advance` moves the one clock that there is.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
import uvicorn
from sqlalchemy import text

from server.app import create_app
from server.config import Settings
from server.db.session import Database
from server.jobs.sweeps import due
from server.jobs.tasks import TASKS, Tools
from server.sandbox import deliver_due
from server.vendors import Gateways
from server.worker import tools_for
from tests.organisation import PASSWORD, Organised

ROUNDS = 60
_DELIVERIES = text(
    "SELECT count(*) FILTER (WHERE done_at IS NULL AND lease_until > clock_timestamp()) AS under_way,"
    " sum(attempts) AS attempts FROM sandbox_deliveries"
)


@dataclass
class House:
    settings: Settings
    organised: Organised
    db: Database
    http: httpx.AsyncClient
    tools: Tools
    tokens: dict[str, str] = field(default_factory=dict)

    async def settle(self, *, ask_vendors: bool = False) -> None:
        """Run sweeps, jobs, messages, webhooks and the vendors' own doings until nothing is due any more."""
        for _ in range(ROUNDS):
            before = await self._delivered()
            moved = await deliver_due(self.db, self.http, self.settings)
            pokes = [poke async for poke in due(self.db, ask_vendors=ask_vendors)]
            for poke in pokes:
                await TASKS[poke.task]({"tools": self.tools}, row=str(poke.row))
            if not pokes and not moved and before == await self._delivered():
                return
            ask_vendors = False
        raise AssertionError(f"still due after {ROUNDS} rounds: {pokes}")

    async def _delivered(self) -> int | None:
        """How many deliveries were attempted, once the server's own courier has none in its hands."""
        async with asyncio.timeout(20), self.db.read.connect() as connection:
            while True:
                row = (await connection.execute(_DELIVERIES)).one()
                if not row.under_way:
                    return None if row.attempts is None else int(row.attempts)

    async def advance(self, seconds: int) -> None:
        answer = await self.http.post("/sandbox/clock", json={"advance_seconds": seconds})
        assert answer.status_code in (200, 201), answer.text

    # What a patient does

    async def hold(self, start: datetime, *, key: str | None = None, **changes: Any) -> httpx.Response:
        """Ask to hold a consultation with Dr. Ann Ames; `changes` replace parts of the request."""
        clinic = changes.pop("clinic", "quay")
        body = {
            "service_id": str(changes.pop("service_id", self.organised.consult)),
            "provider_id": changes.pop("provider_id", str(self.organised.ann)),
            "start": start.isoformat(),
            **changes,
        }
        headers = {"Idempotency-Key": key} if key else {}
        return await self.http.post(f"/api/booking/{clinic}/holds", json=body, headers=headers)

    async def details(self, token: str, **changes: Any) -> httpx.Response:
        return await self.http.put(f"/api/booking/appointments/{token}/details", json=some_details(**changes))

    async def pay(self, token: str, outcome: str = "succeed") -> httpx.Response:
        """Start the payment, then press a button on the sandbox's page."""
        step = await self.http.post(f"/api/booking/appointments/{token}/payment")
        assert step.status_code == 200, step.text
        return await self.http.post(step.json()["url"], data={"outcome": outcome})

    async def visit(self, token: str) -> dict[str, Any]:
        answer = await self.http.get(f"/api/booking/appointments/{token}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def booked(self, start: datetime, **changes: Any) -> dict[str, Any]:
        """A visit, held, detailed, paid and settled."""
        held = (await self.hold(start, **changes)).json()
        assert (await self.details(held["token"])).status_code == 200
        await self.pay(held["token"])
        await self.settle()
        return dict(held)

    async def outbox(self, appointment_id: str | UUID) -> list[dict[str, Any]]:
        answer = await self.http.get("/sandbox/outbox.json", params={"appointment": str(appointment_id)})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    # What staff do

    async def staff(self, role: str = "front_desk") -> dict[str, str]:
        """Headers of a signed-in member of staff."""
        if role not in self.tokens:
            answer = await self.http.post("/api/session", json={"email": f"{role}@demo.test", "password": PASSWORD})
            assert answer.status_code == 201, answer.text
            self.tokens[role] = answer.json()["token"]
        return {"Authorization": f"Bearer {self.tokens[role]}"}

    async def detail(self, appointment_id: str, role: str = "front_desk") -> dict[str, Any]:
        answer = await self.http.get(f"/api/appointments/{appointment_id}", headers=await self.staff(role))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def some_details(**changes: Any) -> dict[str, Any]:
    return {
        "first_name": "Mara",
        "last_name": "Lindt",
        "email": "mara@example.com",
        "mobile": "(212) 555-0123",
        "sms_consent": True,
        **changes,
    }


def a_key() -> str:
    return str(uuid4())


def query_of(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[None]:
    """The server, listening, until the block ends."""
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            log_config=None,
            timeout_graceful_shutdown=2,
            lifespan="on",
            ws="none",
        )
    )
    server.install_signal_handlers = lambda: None  # type: ignore[method-assign]
    task = asyncio.create_task(server.serve(), name="server")
    try:
        while not server.started:
            if task.done():
                task.result()
                raise AssertionError("the server ended before it began")
            await asyncio.sleep(0)
        yield
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def open_house(settings: Settings, organised: Organised) -> AsyncIterator[House]:
    db = Database(settings.database_url, pool_size=20)
    gateways = Gateways.from_settings(settings)
    address = f"http://{settings.host}:{settings.port}"
    try:
        async with serving(settings), httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as http:
            yield House(settings, organised, db, http, tools_for(settings, db, gateways))
    finally:
        await gateways.close()
        await db.close()
