"""The doors to a video visit: `/join/…` for the patient, `/host/…` for the provider, who has to sign in there."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation
from litestar.response import Redirect

from server.actions import meeting, signing_in
from server.db.reads.visits import appointment_of, visit_view
from server.db.session import Database
from server.domain.errors import DomainError
from server.domain.links import Links
from server.gateways.video import MeetingRooms
from server.routes.rate_limit import limited

Db = NamedDependency[SkipValidation[Database]]
Rooms = NamedDependency[SkipValidation[MeetingRooms]]
LinkMaker = NamedDependency[SkipValidation[Links]]

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    undefined=StrictUndefined,
    autoescape=True,
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
}
_LONGEST_FORM_FIELD = 256


@get("/join/{token:str}", guards=[limited("reads")], include_in_schema=False)
async def join(token: FromPath[str], db: Db, links: LinkMaker) -> Response[Any]:
    """To the meeting, or a page that says why not yet."""
    try:
        appointment_id = await appointment_of(db, links, token)
    except DomainError as error:
        return _page(
            "meeting.html",
            404,
            title="No visit here",
            text=f"{error.detail} {error.next_step}",
            refresh=0,
        )
    address = await meeting.join_link(db, appointment_id)
    if address is not None:
        return Redirect(address, status_code=302, headers={"Referrer-Policy": "no-referrer"})
    visit = await visit_view(db, links, appointment_id)
    if visit.status == "canceled":
        text = f"This visit was canceled. Questions? Call {visit.clinic_name}: {visit.clinic_phone}"
        return _page("meeting.html", 410, title="Canceled", text=text, refresh=0)
    text = "The video room is being prepared. This page looks again by itself."
    return _page("meeting.html", 200, title="Just a moment", text=text, refresh=5)


@get("/host/{appointment_id:uuid}", include_in_schema=False)
async def ask_host(appointment_id: FromPath[UUID]) -> Response[str]:
    return _page("host.html", 200, error="", email="")


@post("/host/{appointment_id:uuid}", guards=[limited("sign_in")], include_in_schema=False)
async def open_as_host(
    appointment_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    db: Db,
    rooms: Rooms,
) -> Response[Any]:
    """Sign in, fetch a fresh start link from the vendor, go there. The session ends with the request."""
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    email, password = (
        form.get(name, [""])[0][:_LONGEST_FORM_FIELD].replace("\x00", "") for name in ("email", "password")
    )
    try:
        _, viewer, _ = await signing_in.sign_in(db, email, password, device="host link", hours=1)
        try:
            address = await meeting.host_link(db, rooms, viewer, appointment_id)
        finally:
            await signing_in.sign_out(db, viewer)
    except DomainError as error:
        return _page(
            "host.html",
            403,
            error=f"{error.detail} {error.next_step}".strip(),
            email=email,
        )
    return Redirect(
        address,
        status_code=302,
        headers={"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"},
    )


def _page(name: str, status: int, **values: object) -> Response[str]:
    return Response(
        _PAGES.get_template(name).render(values),
        status_code=status,
        media_type=MediaType.HTML,
        headers=_HEADERS,
    )
