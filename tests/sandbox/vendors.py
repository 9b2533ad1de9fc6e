"""What the tests of gateways and sandbox share: the vendors in process, and our server as the vendors see it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl

import httpx
import pytest
from litestar import Litestar, Request, Response, post
from sqlalchemy import text

from server.config import Mode, Settings
from server.db.session import Database
from server.sandbox import deliver_due, routes


@dataclass
class Received:
    """One webhook that reached our server."""

    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class ClinicServer:
    """Our server's webhook addresses. `answers` are the statuses of the next answers, then 200."""

    received: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def kinds(self) -> list[str]:
        """The kinds of the Stripe events received, in order."""
        return [_json(item.body)["type"] for item in self.received if item.path == "/webhooks/stripe"]


def _json(body: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = httpx.Response(200, content=body).json()
    return decoded


@dataclass
class Vendors:
    """The sandbox over ASGI, with the hands that a test needs: step the courier, move the clock, look up."""

    settings: Settings
    db: Database
    transport: httpx.ASGITransport
    http: httpx.AsyncClient

    async def deliver(self) -> int:
        """Everything that is due now, and what that makes due. Returns how many webhooks were tried."""
        total = 0
        while tried := await deliver_due(self.db, self.http, self.settings):
            total += tried
        return total

    async def advance(self, seconds: int) -> None:
        answer = await self.http.post("/sandbox/clock", json={"advance_seconds": seconds})
        assert answer.status_code == 200

    async def rows(self, sql: str, **values: Any) -> list[Any]:
        async with self.db.read.connect() as connection:
            return list(await connection.execute(text(sql), values))


class LosesAnswers(httpx.AsyncBaseTransport):
    """Carries requests over, and loses the answers of those whose number `loses` holds for (counted from 0)."""

    def __init__(self, inner: httpx.AsyncBaseTransport, loses: Callable[[int], bool]) -> None:
        self._inner = inner
        self._loses = loses
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        number = self.requests
        self.requests += 1
        if self._loses(number):
            await answer.aread()
            raise httpx.ReadTimeout("the answer was lost", request=request)
        return answer


class Unreachable(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody listens", request=request)


class Answers(httpx.AsyncBaseTransport):
    """Says the same to every request: for answers that the sandbox has no reason to give."""

    def __init__(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self._status, self._body, self._headers = status, body, headers
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        return httpx.Response(self._status, content=self._body, headers=self._headers)


@pytest.fixture
def clinic_server() -> ClinicServer:
    return ClinicServer()


@asynccontextmanager
async def vendors_of(settings: Settings, db: Database, clinic_server: ClinicServer) -> AsyncIterator[Vendors]:
    @post(["/webhooks/stripe", "/webhooks/twilio/inbound", "/webhooks/twilio/status/{id:str}"], status_code=200)
    async def webhook(request: Request[Any, Any, Any]) -> Response[None]:
        status = clinic_server.answers.pop(0) if clinic_server.answers else 200
        clinic_server.received.append(Received(request.url.path, await request.body(), dict(request.headers)))
        return Response(None, status_code=status)

    app = Litestar(route_handlers=[webhook, *routes(settings, db)], openapi_config=None)
    transport = httpx.ASGITransport(app=cast(Any, app))
    async with httpx.AsyncClient(transport=transport, base_url=settings.public_url) as http:
        yield Vendors(settings=settings, db=db, transport=transport, http=http)


@pytest.fixture
async def vendors(db: Database, clinic_server: ClinicServer) -> AsyncIterator[Vendors]:
    # Nothing listens on this port: everything runs over ASGI.
    settings = Settings(mode=Mode.SANDBOX, port=8321).with_mode_defaults()
    async with vendors_of(settings, db, clinic_server) as opened:
        yield opened
