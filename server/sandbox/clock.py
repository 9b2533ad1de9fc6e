"""The sandbox's clock, and the page that names what the sandbox offers.

Moving the clock moves `frontdesk_now()`, and with it every hold, reminder and pretended delay, in the server
and the worker alike. It only goes forward: what has happened cannot un-happen.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.tables.clinics import Clinic
from server.db.tables.sandbox import SandboxClock
from server.sandbox.forms import FormError, parsed
from server.sandbox.render import page, problem
from server.sandbox.state import Sandbox, moment
from shared.schemas.types import Asked, Wire

Anything = Request[Any, Any, Any]
_MOST_SECONDS = 100 * 86_400
_FURTHEST_SECONDS = 3650 * 86_400
_STEPS = ((600, "10 minutes"), (3600, "1 hour"), (86_400, "1 day"), (7 * 86_400, "1 week"))


class Advance(Asked):
    advance_seconds: Annotated[int, msgspec.Meta(ge=0, le=_MOST_SECONDS)]


class ClockFace(Wire):
    now: datetime
    offset_seconds: int


async def _face(connection: AsyncConnection) -> ClockFace:
    offset = await connection.scalar(select(SandboxClock.offset_seconds))
    return ClockFace(now=await moment(connection), offset_seconds=offset or 0)


@get("/sandbox/clock", include_in_schema=False)
async def read_clock(sandbox: NamedDependency[Sandbox]) -> Response[ClockFace]:
    async with sandbox.db.read.connect() as connection:
        return Response(await _face(connection))


@post("/sandbox/clock", status_code=200, include_in_schema=False)
async def move_clock(request: Anything, sandbox: NamedDependency[Sandbox]) -> Response[Any]:
    """JSON from a test, or the index page's form from a person, who is sent back there."""
    body = await request.body()
    by_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    try:
        if by_form:
            wanted = msgspec.convert(parsed(body), Advance, strict=False)
        else:
            wanted = msgspec.json.decode(body, type=Advance)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError, FormError):
        return _out_of_range()
    async with sandbox.db.write.begin() as connection:
        rows = SandboxClock
        query = insert(rows).values(id=True, offset_seconds=wanted.advance_seconds)
        query = query.on_conflict_do_update(
            index_elements=[rows.id], set_={"offset_seconds": rows.offset_seconds + wanted.advance_seconds}
        )
        offset = (await connection.execute(query.returning(rows.offset_seconds))).scalar_one()
        if offset > _FURTHEST_SECONDS:
            await connection.rollback()
            return _out_of_range()
        face = await _face(connection)
    return Redirect("/sandbox", status_code=303) if by_form else Response(face)


def _out_of_range() -> Response[Any]:
    return problem(
        400,
        "invalid_input",
        f"The clock moves forward by 0 to {_MOST_SECONDS} whole seconds at a time, ten years in all.",
        next_step='Send {"advance_seconds": 600}.',
        field="advance_seconds",
    )


@get("/sandbox", include_in_schema=False)
async def index(sandbox: NamedDependency[Sandbox]) -> Response[str]:
    async with sandbox.db.read.connect() as connection:
        face = await _face(connection)
        query = select(Clinic.slug, Clinic.name).order_by(func.lower(Clinic.name)).limit(20)
        clinics = (await connection.execute(query)).all()
    return page("index.html", clock=face, steps=_STEPS, clinics=clinics, settings=sandbox.settings)
