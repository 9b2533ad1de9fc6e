"""Who is asking: the bearer token of a member of staff, turned into a viewer, and the guard that wants a verb."""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard

from server.actions.signing_in import viewer_of
from server.domain.errors import UnauthenticatedError
from server.domain.permissions import Viewer
from shared.schemas.enums import Verb


async def viewer_from(connection: ASGIConnection) -> Viewer:  # type: ignore[type-arg]
    """Raises UnauthenticatedError without a good token. Asked once a request, kept in its state."""
    known: Viewer | None = connection.state.get("viewer")
    if known is None:
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UnauthenticatedError
        known = await viewer_of(connection.app.state.db, token)
        connection.state["viewer"] = known
    return known


async def provide_viewer(request: Request[Any, Any, Any]) -> Viewer:
    return await viewer_from(request)


def requires(verb: Verb) -> Guard:
    """Stop a request whose role lacks the verb before its body is read; actions and reads check again."""

    async def guard(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]
        (await viewer_from(connection)).require(verb)

    return guard
