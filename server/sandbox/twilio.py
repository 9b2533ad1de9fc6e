"""Twilio, pretended: texts are taken, move through their states, are called back about, and can be answered.

The vendor's magic numbers refuse as documented. Beyond those, a number's end asks for trouble: …30003, 30005,
30006, 30007 is accepted and not delivered with that code; …20500 is taken but answered with a server error;
…20429 is turned away for the rate.
"""

import re
import secrets
from base64 import b64decode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.tables.sandbox import SandboxText, SandboxTextOptOut
from server.sandbox.forms import FormError, fields_of, parsed
from server.sandbox.render import problem
from server.sandbox.state import Change, Sandbox, deliver_later, happen_later, moment

Anything = Request[Any, Any, Any]
Body = dict[str, Any]

STOP_WORDS = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
START_WORDS = frozenset({"START", "UNSTOP", "YES"})
_RANK = {"queued": 0, "sent": 1, "delivered": 2, "undelivered": 2, "failed": 2}
_MAGIC = {
    "+15005550001": (21211, "The 'To' number is not a valid phone number."),
    "+15005550002": (21612, "The 'To' phone number is not currently reachable."),
    "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region."),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient"),
    "+15005550009": (21614, "'To' number is not a valid mobile number"),
}
_UNDELIVERED = ("30003", "30005", "30006", "30007")
_OUR_CALLBACK = re.compile(r"/webhooks/twilio/status/([0-9a-fA-F-]{36})$")


class _RefusedError(Exception):
    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.body: Body = {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }


def _check_account(sandbox: Sandbox, request: Anything, sid: str) -> None:
    settings = sandbox.settings
    given = ""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        with suppress(ValueError):
            given = b64decode(encoded, validate=True).decode()
    if given != f"{settings.twilio_account_sid}:{settings.twilio_auth_token}":
        raise _RefusedError(20003, "Authenticate", 401)
    if sid != settings.twilio_account_sid:
        raise _RefusedError(20404, f"The requested resource /Accounts/{sid} was not found", 404)


@post("/Messages.json", status_code=201)
async def create_message(sid: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]) -> Response[Body]:
    try:
        _check_account(sandbox, request, sid)
        try:
            fields = parsed(await request.body())
        except FormError as error:
            raise _RefusedError(21620, error.detail) from error
        async with sandbox.db.write.begin() as connection:
            body = await _taken(sandbox, connection, fields)
        if body["to"].endswith("20500"):
            raise _RefusedError(20500, "Internal Server Error", 500)
    except _RefusedError as refused:
        return Response(refused.body, status_code=refused.status)
    return Response(body, status_code=201)


async def _taken(sandbox: Sandbox, connection: AsyncConnection, fields: dict[str, str]) -> Body:
    """Check as the vendor does, store, and let the text be on its way. Raises _RefusedError, nothing written."""
    to, text = fields.get("To", ""), fields.get("Body", "")
    sender = fields.get("From") or fields.get("MessagingServiceSid") or ""
    callback = fields.get("StatusCallback")
    _check_fields(to, text, sender, callback, fields.get("ValidityPeriod"))
    if to.endswith("20429"):
        raise _RefusedError(20429, "Too Many Requests", 429)
    stopped = select(SandboxTextOptOut.mobile).where(SandboxTextOptOut.mobile == to)
    if await connection.scalar(stopped) is not None:
        raise _RefusedError(21610, "Attempt to send to unsubscribed recipient")
    now = await moment(connection)
    path = _OUR_CALLBACK.search(urlsplit(callback).path) if callback else None
    values = {
        "sid": f"SM{secrets.token_hex(16)}",
        "direction": "outbound-api",
        "sender": sender,
        "recipient": to,
        "body": text,
        "status": "queued",
        "status_callback": callback,
        "message_id": _uuid(path[1]) if path else None,
        "created_at": now,
        "updated_at": now,
    }
    row = (await connection.execute(insert(SandboxText).values(values).returning(*SandboxText.__table__.c))).one()
    await happen_later(connection, Change.TEXT_MOVES, row.sid, now, "sent")
    end = next((f"undelivered {code}" for code in _UNDELIVERED if to.endswith(code)), "delivered")
    await happen_later(connection, Change.TEXT_MOVES, row.sid, now + timedelta(milliseconds=400), end)
    return _shown(sandbox, row)


def _check_fields(to: str, text: str, sender: str, callback: str | None, validity: str | None) -> None:
    if not to:
        raise _RefusedError(21604, "A 'To' phone number is required.")
    if not sender:
        raise _RefusedError(21603, "A 'From' phone number is required.")
    if not text:
        raise _RefusedError(21602, "Message body is required.")
    if len(text) > 1600:
        raise _RefusedError(21617, "The concatenated message body exceeds the 1600 character limit.")
    if to in _MAGIC:
        raise _RefusedError(*_MAGIC[to])
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", to):
        raise _RefusedError(21211, f"Invalid 'To' Phone Number: {to[:20]}")
    if sender == "+15005550007":
        raise _RefusedError(21606, "The 'From' phone number is not one of yours.")
    if sender == "+15005550001":
        raise _RefusedError(21212, "The 'From' number is not a valid phone number.")
    if validity is not None and not (re.fullmatch(r"[0-9]{1,5}", validity) and 1 <= int(validity) <= 36000):
        raise _RefusedError(20001, "ValidityPeriod must lie between 1 and 36000.")
    if callback is not None and not re.match(r"https?://[^/\s]+", callback):
        raise _RefusedError(21609, "Invalid 'StatusCallback' URL.")


@get("/Messages.json")
async def list_messages(sid: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]) -> Response[Body]:
    """Newest first. Narrowed by To and From; the day filters of the vendor are not pretended, and refused."""
    try:
        _check_account(sandbox, request, sid)
        asked = parsed(request.scope["query_string"])
        if unknown := set(asked) - {"To", "From", "PageSize", "Page", "PageToken"}:
            raise _RefusedError(20001, f"This sandbox does not filter by {', '.join(sorted(unknown))}")
        if not all(re.fullmatch(r"[0-9]{1,4}", asked.get(name, "0")) for name in ("PageSize", "Page")):
            raise _RefusedError(20001, "PageSize and Page are numbers.")
    except FormError as error:
        return Response(_RefusedError(20001, error.detail).body, status_code=400)
    except _RefusedError as refused:
        return Response(refused.body, status_code=refused.status)
    size, page = (min(int(asked.get("PageSize", "50")) or 50, 1000), int(asked.get("Page", "0")))
    rows = SandboxText.__table__
    query = select(*rows.c).order_by(rows.c.seq.desc()).offset(page * size).limit(size + 1)
    for name, column in (("To", rows.c.recipient), ("From", rows.c.sender)):
        if name in asked:
            query = query.where(column == asked[name])
    async with sandbox.db.read.connect() as connection:
        found = (await connection.execute(query)).all()
    here = f"/2010-04-01/Accounts/{sid}/Messages.json"
    following = f"{here}?{urlencode(asked | {'PageSize': size, 'Page': page + 1})}" if len(found) > size else None
    body = {
        "messages": [_shown(sandbox, row) for row in found[:size]],
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + min(len(found), size) - 1,
        "first_page_uri": here,
        "next_page_uri": following,
        "previous_page_uri": None,
        "uri": here,
    }
    return Response(body)


@get("/Messages/{name:str}")
async def fetch_message(
    sid: FromPath[str], name: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]
) -> Response[Body]:
    try:
        _check_account(sandbox, request, sid)
        row = None
        if re.fullmatch(r"SM[0-9a-f]{32}\.json", name):
            async with sandbox.db.read.connect() as connection:
                row = await _text(connection, name.removesuffix(".json"))
        if row is None:
            raise _RefusedError(20404, f"The requested resource was not found: {name[:50]!r}", 404)
    except _RefusedError as refused:
        return Response(refused.body, status_code=refused.status)
    return Response(_shown(sandbox, row))


async def move(sandbox: Sandbox, connection: AsyncConnection, sid: str, step: str, now: datetime) -> None:
    """To the state in `step` ("sent", "delivered", "undelivered 30003"), unless it is there or further already."""
    status, _, code = step.partition(" ")
    rows = SandboxText
    row = await _text(connection, sid, lock=True)
    if row is None or _RANK[status] <= _RANK[row.status]:
        return
    error = int(code) if code else None
    await connection.execute(
        update(rows).where(rows.sid == sid).values(status=status, error_code=error, updated_at=now)
    )
    if row.status_callback is not None:
        fields = {
            "AccountSid": sandbox.settings.twilio_account_sid,
            "ApiVersion": "2010-04-01",
            "From": row.sender,
            "MessageSid": sid,
            "MessageStatus": status,
            "SmsSid": sid,
            "SmsStatus": status,
            "To": row.recipient,
        } | ({"ErrorCode": code} if code else {})
        await deliver_later(connection, vendor="twilio", url=row.status_callback, payload=urlencode(fields), due_at=now)


async def receive(sandbox: Sandbox, connection: AsyncConnection, sender: str, body: str) -> None:
    """Somebody texts the clinic: the vendor keeps its own list of who said STOP, and tells us."""
    settings = sandbox.settings
    now = await moment(connection)
    sid = f"SM{secrets.token_hex(16)}"
    word = body.strip().upper()
    opted = "STOP" if word in STOP_WORDS else "START" if word in START_WORDS else None
    if opted == "STOP":
        await connection.execute(postgres_insert(SandboxTextOptOut).values(mobile=sender).on_conflict_do_nothing())
    if opted == "START":
        await connection.execute(delete(SandboxTextOptOut).where(SandboxTextOptOut.mobile == sender))
    await connection.execute(
        insert(SandboxText).values(
            sid=sid, direction="inbound", sender=sender, recipient=settings.twilio_from, body=body, status="received",
            created_at=now, updated_at=now,
        )
    )  # fmt: skip
    fields = {
        "AccountSid": settings.twilio_account_sid,
        "ApiVersion": "2010-04-01",
        "Body": body,
        "From": sender,
        "MessageSid": sid,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": settings.twilio_from,
    } | ({"OptOutType": opted} if opted else {})
    url = f"{settings.public_url}/webhooks/twilio/inbound"
    await deliver_later(connection, vendor="twilio", url=url, payload=urlencode(fields), due_at=now)


@post("/replies", status_code=303)
async def reply(request: Anything, sandbox: NamedDependency[Sandbox]) -> Response[Any]:
    """The outbox page's form: `sender` (E.164) answers with `body`."""
    try:
        fields = await fields_of(request)
        sender, body = fields.get("sender", ""), fields.get("body", "")
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", sender):
            raise FormError("The sender is a number such as +447400123456.", "sender")
        if not 1 <= len(body) <= 1600:
            raise FormError("The text has 1 to 1600 characters.", "body")
    except FormError as error:
        return problem(400, "invalid_input", error.detail, field=error.field)
    async with sandbox.db.write.begin() as connection:
        await receive(sandbox, connection, sender, body)
    return Redirect("/sandbox/outbox", status_code=303)


async def _text(connection: AsyncConnection, sid: str, *, lock: bool = False) -> Row[Any] | None:
    query = select(*SandboxText.__table__.c).where(SandboxText.sid == sid)
    return (await connection.execute(query.with_for_update() if lock else query)).first()


def _shown(sandbox: Sandbox, row: Row[Any]) -> Body:
    account = sandbox.settings.twilio_account_sid
    uri = f"/2010-04-01/Accounts/{account}/Messages/{row.sid}"
    service = row.sender if row.sender.startswith("MG") else None
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": row.body,
        "date_created": _rfc2822(row.created_at),
        "date_sent": None if row.status == "queued" else _rfc2822(row.updated_at),
        "date_updated": _rfc2822(row.updated_at),
        "direction": row.direction,
        "error_code": row.error_code,
        "error_message": None,
        "from": None if service else row.sender,
        "messaging_service_sid": service,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": row.sid,
        "status": row.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": row.recipient,
        "uri": f"{uri}.json",
    }


def _rfc2822(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC))


def _uuid(text: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(text)
    return None


router = Router(
    path="/sandbox/twilio/2010-04-01/Accounts/{sid:str}",
    include_in_schema=False,
    route_handlers=[create_message, list_messages, fetch_message],
)
replies = Router(path="/sandbox/texts", include_in_schema=False, route_handlers=[reply])
