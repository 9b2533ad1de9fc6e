"""Zoom, pretended: tokens for a server-to-server app, meetings, and the small page that a meeting's links open.

Hosts that ask for trouble: `nobody@…` is no user, `busy@…` is over the rate, `daily@…` over the day's limit.
"""

import re
import secrets
from base64 import b64decode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from litestar import Request, Response, Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import Row, insert, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import update as sql_update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.tables.sandbox import SandboxMeeting, SandboxZoomToken
from server.sandbox.forms import FormError, parsed
from server.sandbox.render import page, problem
from server.sandbox.state import Sandbox, moment

Anything = Request[Any, Any, Any]
Body = dict[str, Any]
_TOKEN_SECONDS = 3600


class _RefusedError(Exception):
    def __init__(self, status: int, code: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.answer = Response({"code": code, "message": message}, status_code=status, headers=headers)


class _NewMeeting(msgspec.Struct):
    """What we understand of the vendor's body; the vendor ignores what it does not know, and so does this."""

    topic: str = "Zoom Meeting"
    type: int = 2
    start_time: datetime | None = None
    duration: int = 60
    timezone: str = "UTC"
    agenda: str = ""


class _Changes(msgspec.Struct):
    topic: str | None = None
    start_time: datetime | None = None
    duration: int | None = None
    timezone: str | None = None
    agenda: str | None = None


@post("/oauth/token", status_code=200)
async def token(request: Anything, sandbox: NamedDependency[Sandbox]) -> Response[Body]:
    settings = sandbox.settings
    given = ""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        with suppress(ValueError):
            given = b64decode(encoded, validate=True).decode()
    if given != f"{settings.zoom_client_id}:{settings.zoom_client_secret}":
        return Response({"reason": "Invalid client_id or client_secret", "error": "invalid_client"}, status_code=401)
    try:
        asked = parsed(request.scope["query_string"]) | parsed(await request.body())
    except FormError as error:
        return Response({"reason": error.detail, "error": "invalid_request"}, status_code=400)
    if asked.get("grant_type") != "account_credentials" or asked.get("account_id") != settings.zoom_account_id:
        return Response({"reason": "unsupported grant type or account", "error": "invalid_request"}, status_code=400)
    made = secrets.token_urlsafe(48)
    async with sandbox.db.write.begin() as connection:
        now = await moment(connection)
        await connection.execute(sql_delete(SandboxZoomToken).where(SandboxZoomToken.expires_at < now))
        await connection.execute(
            insert(SandboxZoomToken).values(token=made, expires_at=now + timedelta(seconds=_TOKEN_SECONDS))
        )
    scope = "meeting:write:meeting:admin meeting:read:meeting:admin"
    return Response({"access_token": made, "token_type": "bearer", "expires_in": _TOKEN_SECONDS, "scope": scope})


async def _check_token(connection: AsyncConnection, request: Anything) -> datetime:
    """The sandbox's time, for a caller whose token lives. Raises _RefusedError (401)."""
    now = await moment(connection)
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    rows = SandboxZoomToken
    query = select(rows.token).where(rows.token == given, rows.expires_at > now)
    if scheme.lower() != "bearer" or await connection.scalar(query) is None:
        raise _RefusedError(401, 124, "Invalid access token.")
    return now


def _check_host(host: str) -> None:
    name = host.partition("@")[0]
    if not re.fullmatch(r"[^\x00-\x20@]{1,64}@[^\x00-\x20@]{1,190}", host) or name == "nobody":
        raise _RefusedError(404, 1001, f"User does not exist: {host[:100]!r}.")
    if name == "busy":
        raise _RefusedError(429, 429, "You have reached the maximum per-second rate limit.", {"Retry-After": "2"})
    if name == "daily":
        midnight = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        raise _RefusedError(
            429, 429, "You have reached the maximum daily rate limit.",
            {"Retry-After": midnight.strftime("%Y-%m-%dT%H:%M:%SZ"), "X-RateLimit-Type": "Daily-limit"},
        )  # fmt: skip


def _read(body: bytes, wire: type[Any]) -> Any:
    try:
        read = msgspec.json.decode(body, type=wire)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _RefusedError(400, 300, f"Invalid field. {error}") from error
    texts = (read.topic, read.agenda, read.timezone)
    if any(text is not None and ("\x00" in text or len(text) > 2000) for text in texts):
        raise _RefusedError(400, 300, "Invalid field.")
    if read.duration is not None and not 1 <= read.duration <= 1440:
        raise _RefusedError(400, 300, "Invalid field: duration.")
    if read.start_time is not None and read.start_time.tzinfo is None:
        raise _RefusedError(400, 300, "This sandbox wants start_time in UTC.")
    return read


@post("/users/{host:str}/meetings", status_code=201)
async def create_meeting(host: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]) -> Response[Any]:
    try:
        async with sandbox.db.write.begin() as connection:
            now = await _check_token(connection, request)
            _check_host(host)
            wanted = _read(await request.body(), _NewMeeting)
            if wanted.type != 2:
                raise _RefusedError(400, 300, "This sandbox knows scheduled meetings only (type 2).")
            values = {
                "id": 10**10 + secrets.randbelow(9 * 10**10),
                "host": host,
                "topic": wanted.topic,
                "agenda": wanted.agenda,
                "starts_at": wanted.start_time or now,
                "minutes": wanted.duration,
                "time_zone": wanted.timezone,
                "password": secrets.token_hex(4),
                "created_at": now,
            }
            columns = SandboxMeeting.__table__.c
            row = (await connection.execute(insert(SandboxMeeting).values(values).returning(*columns))).one()
    except _RefusedError as refused:
        return refused.answer
    return Response(_shown(sandbox, row), status_code=201)


@get("/users/{host:str}/meetings")
async def list_meetings(host: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]) -> Response[Any]:
    """The host's meetings that have not ended, soonest first; always one page of the vendor's."""
    rows = SandboxMeeting.__table__.c
    try:
        async with sandbox.db.write.begin() as connection:
            now = await _check_token(connection, request)
            _check_host(host)
            query = select(*rows).where(rows.host == host, rows.starts_at > now - timedelta(days=1))
            found = (await connection.execute(query.order_by(rows.starts_at).limit(300))).all()
    except _RefusedError as refused:
        return refused.answer
    listed = [_shown(sandbox, row) for row in found]
    for meeting in listed:
        del meeting["start_url"], meeting["password"], meeting["settings"]
    return Response({"page_size": 300, "total_records": len(listed), "next_page_token": "", "meetings": listed})


async def _meeting(connection: AsyncConnection, meeting_id: str) -> Row[Any]:
    row = None
    if re.fullmatch(r"[0-9]{11}", meeting_id):
        query = select(*SandboxMeeting.__table__.c).where(SandboxMeeting.id == int(meeting_id))
        row = (await connection.execute(query)).first()
    if row is None:
        raise _RefusedError(404, 3001, "Meeting does not exist.")
    return row


@get("/meetings/{meeting_id:str}")
async def get_meeting(meeting_id: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]) -> Response[Any]:
    try:
        async with sandbox.db.write.begin() as connection:
            await _check_token(connection, request)
            return Response(_shown(sandbox, await _meeting(connection, meeting_id)))
    except _RefusedError as refused:
        return refused.answer


# The framework refuses a body for a handler of status 204, but errors have one: the answer sets its own.
@patch("/meetings/{meeting_id:str}", status_code=200)
async def change_meeting(
    meeting_id: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]
) -> Response[Any]:
    try:
        async with sandbox.db.write.begin() as connection:
            await _check_token(connection, request)
            row = await _meeting(connection, meeting_id)
            wanted = _read(await request.body(), _Changes)
            values = {
                "topic": wanted.topic,
                "agenda": wanted.agenda,
                "starts_at": wanted.start_time,
                "minutes": wanted.duration,
                "time_zone": wanted.timezone,
            }
            if changed := {name: value for name, value in values.items() if value is not None}:
                query = sql_update(SandboxMeeting).where(SandboxMeeting.id == row.id)
                await connection.execute(query.values(changed))
    except _RefusedError as refused:
        return refused.answer
    return Response(None, status_code=204)


@delete("/meetings/{meeting_id:str}", status_code=200)
async def delete_meeting(
    meeting_id: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]
) -> Response[Any]:
    try:
        async with sandbox.db.write.begin() as connection:
            await _check_token(connection, request)
            row = await _meeting(connection, meeting_id)
            await connection.execute(sql_delete(SandboxMeeting).where(SandboxMeeting.id == row.id))
    except _RefusedError as refused:
        return refused.answer
    return Response(None, status_code=204)


@get(["/j/{meeting_id:str}", "/s/{meeting_id:str}"])
async def meeting_page(
    meeting_id: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]
) -> Response[Any]:
    try:
        async with sandbox.db.read.connect() as connection:
            row = await _meeting(connection, meeting_id)
    except _RefusedError:
        return problem(404, "not_found", "This meeting does not exist, or has been deleted.")
    return page("meeting.html", meeting=row, hosting="/zoom/s/" in request.url.path)


def _shown(sandbox: Sandbox, row: Row[Any]) -> Body:
    pages = f"{sandbox.settings.public_url}/sandbox/zoom"
    return {
        "id": row.id,
        "uuid": f"{row.id:x}==",
        "host_id": f"host-{row.host.partition('@')[0]}",
        "host_email": row.host,
        "topic": row.topic,
        "type": 2,
        "status": "waiting",
        "start_time": row.starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "duration": row.minutes,
        "timezone": row.time_zone,
        "agenda": row.agenda,
        "created_at": row.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "join_url": f"{pages}/j/{row.id}?pwd={row.password}",
        "start_url": f"{pages}/s/{row.id}?zak={secrets.token_urlsafe(24)}",
        "password": row.password,
        "settings": {"waiting_room": True, "join_before_host": False, "auto_recording": "none"},
    }


router = Router(
    path="/sandbox/zoom",
    include_in_schema=False,
    route_handlers=[
        token,
        meeting_page,
        Router(path="/v2", route_handlers=[create_meeting, list_meetings, get_meeting, change_meeting, delete_meeting]),
    ],
)
