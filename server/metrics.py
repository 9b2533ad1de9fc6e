"""What is counted. Names and labels only: no reference, no person."""

import time

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Histogram

REQUESTS = Histogram(
    "frontdesk_request_seconds",
    "Time to the start of the response, by handler and status",
    ["handler", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


def timed(app: ASGIApp) -> ASGIApp:
    """Middleware: one observation a request, under the handler's name, never under its path."""

    async def measured(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        began = time.perf_counter()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                handler = scope.get("route_handler")
                name = getattr(handler, "handler_name", None) or "unknown"
                REQUESTS.labels(name, str(message["status"])).observe(time.perf_counter() - began)
            await send(message)

        await app(scope, receive, noting)

    return measured
