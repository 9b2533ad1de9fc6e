"""Everything that the clinic sent, as the vendors received it: a page for people, JSON for tests.

It reads our messages beside what the pretended mail server and text vendor hold. It never invents: a message
that has not arrived anywhere shows its own row, with the status it has.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from markupsafe import Markup, escape
from msgspec import Struct
from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.tables.appointments import Appointment
from server.db.tables.messages import Message
from server.db.tables.sandbox import SandboxEmail, SandboxText
from server.sandbox.render import add_filter, page, problem
from server.sandbox.state import Sandbox
from shared.schemas.enums import Channel

_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_MOST = 1000


class OutboxItem(Struct):
    """`at` is when the vendor received it, else when it was sent or falls due. `message_id` is our row's;
    None, with no kind and audience, for what reached a vendor without one."""

    channel: str
    audience: str | None
    kind: str | None
    recipient: str
    appointment: UUID | None
    reference: str | None
    status: str | None
    subject: str | None
    body: str | None
    at: datetime
    message_id: UUID | None


class OutboxList(Struct):
    items: list[OutboxItem]


class Letter(Struct):
    """An e-mail as the page shows it."""

    item: OutboxItem
    sender: str
    html: str
    headers: list[tuple[str, str]]
    arrived: bool


class Bubble(Struct):
    item: OutboxItem
    inbound: bool
    vendor_status: str | None
    error_code: str | None
    arrived: bool


class Thread(Struct):
    number: str
    bubbles: list[Bubble]


@get("/sandbox/outbox.json", include_in_schema=False)
async def outbox_json(
    sandbox: NamedDependency[Sandbox], appointment: FromQuery[UUID | None] = None, limit: FromQuery[int] = 200
) -> Response[Any]:
    if not 1 <= limit <= _MOST:
        return problem(400, "invalid_input", f"The limit lies between 1 and {_MOST}.", field="limit")
    async with sandbox.db.read.connect() as connection:
        letters = await _letters(connection, appointment, "", limit)
        bubbles = await _bubbles(connection, appointment, "", limit)
    items = [letter.item for letter in letters] + [bubble.item for bubble in bubbles if not bubble.inbound]
    return Response(OutboxList(sorted(items, key=lambda item: item.at, reverse=True)[:limit]))


@get("/sandbox/outbox", include_in_schema=False)
async def outbox_page(
    sandbox: NamedDependency[Sandbox],
    appointment: FromQuery[UUID | None] = None,
    recipient: FromQuery[str] = "",
    channel: FromQuery[str] = "",
) -> Response[Any]:
    if channel not in ("", *Channel) or "\x00" in recipient or len(recipient) > 254:
        return problem(400, "invalid_input", "The filters are a recipient and a channel, email or text.")
    letters: list[Letter] = []
    bubbles: list[Bubble] = []
    async with sandbox.db.read.connect() as connection:
        if channel != Channel.TEXT:
            letters = await _letters(connection, appointment, recipient.strip(), 60)
        if channel != Channel.EMAIL:
            bubbles = await _bubbles(connection, appointment, recipient.strip(), 200)
    return page(
        "outbox.html",
        letters=letters,
        threads=_threads(bubbles),
        recipient=recipient,
        channel=channel,
        appointment=appointment,
    )


def _wanted(
    channel: Channel, arrival: Any, appointment: UUID | None, recipient: str, at: Any, limit: int
) -> Select[Any]:
    """Our messages of a channel beside what arrived, both ways round: neither side hides what the other has."""
    ours = select(*Message.__table__.c, Appointment.reference).join(
        Appointment, Appointment.id == Message.appointment_id
    ).where(Message.channel == channel.value).subquery()  # fmt: skip
    query = select(ours, arrival).select_from(
        ours.join(arrival, arrival.c.message_id == ours.c.id, isouter=True, full=True)
    )
    if appointment is not None:
        query = query.where(ours.c.appointment_id == appointment)
    if recipient:
        sides = [
            ours.c.recipient,
            *(column for name, column in arrival.c.items() if name in ("to_address", "from_address")),
        ]
        query = query.where(or_(*(side.icontains(recipient, autoescape=True) for side in sides)))
    moment = func.coalesce(at, ours.c.sent_at, ours.c.due_at)
    return query.add_columns(moment.label("at")).order_by(moment.desc(), ours.c.id).limit(limit)


async def _letters(connection: AsyncConnection, appointment: UUID | None, recipient: str, limit: int) -> list[Letter]:
    rows = SandboxEmail
    arrival = select(
        rows.id.label("arrival_id"),
        rows.message_id.label("message_id"),
        rows.recipient.label("to_address"),
        rows.raw,
        rows.received_at,
    ).subquery("arrival")
    query = _wanted(Channel.EMAIL, arrival, appointment, recipient, arrival.c.received_at, limit)
    return [_letter(row) for row in await connection.execute(query)]


async def _bubbles(connection: AsyncConnection, appointment: UUID | None, recipient: str, limit: int) -> list[Bubble]:
    rows = SandboxText
    arrival = select(
        rows.sid,
        rows.message_id.label("message_id"),
        rows.direction,
        rows.sender.label("from_address"),
        rows.recipient.label("to_address"),
        rows.body.label("arrived_body"),
        rows.status.label("vendor_status"),
        rows.error_code.label("vendor_error"),
        rows.created_at.label("arrived_at"),
    ).subquery("arrival")
    query = _wanted(Channel.TEXT, arrival, appointment, recipient, arrival.c.arrived_at, limit)
    return [_bubble(row) for row in await connection.execute(query)]


def _letter(row: Row[Any]) -> Letter:
    message = message_from_bytes(row.raw or b"", policy=default_policy)
    arrived = row.raw is not None
    item = _item(
        row,
        Channel.EMAIL,
        recipient=row.to_address or row.recipient,
        subject=str(message["Subject"]) if arrived else row.subject,
        body=_part(message, "plain") if arrived else row.body,
    )
    return Letter(
        item=item,
        sender=str(message.get("From", "")),
        html=_part(message, "html") or "",
        headers=[(name, str(value)) for name, value in message.items()],
        arrived=arrived,
    )


def _bubble(row: Row[Any]) -> Bubble:
    inbound = row.direction == "inbound"
    arrived = row.sid is not None
    other = row.from_address if inbound else row.to_address
    return Bubble(
        item=_item(
            row,
            Channel.TEXT,
            recipient=other or row.recipient,
            subject=None,
            body=row.arrived_body if arrived else row.body,
        ),
        inbound=inbound,
        vendor_status=row.vendor_status,
        error_code=str(row.vendor_error or row.error_code or "") or None,
        arrived=arrived,
    )


def _item(row: Row[Any], channel: Channel, *, recipient: str, subject: str | None, body: str | None) -> OutboxItem:
    return OutboxItem(
        channel=channel.value,
        audience=row.audience,
        kind=row.kind,
        recipient=recipient,
        appointment=row.appointment_id,
        reference=row.reference,
        status=row.status,
        subject=subject,
        body=body,
        at=row.at,
        message_id=row.id,
    )


def _part(message: EmailMessage, subtype: str) -> str | None:
    body = message.get_body(preferencelist=(subtype,))
    if body is None:
        return None
    # Charsets that Python does not know, and bytes that are none, must not hide the rest of the outbox.
    payload = body.get_payload(decode=True)
    return payload.decode("utf-8", "replace").replace("\r\n", "\n") if isinstance(payload, bytes) else None


def _threads(bubbles: Iterable[Bubble]) -> list[Thread]:
    """One a number, the busiest of late first; within a thread as on a phone, oldest first."""
    threads: dict[str, Thread] = {}
    for bubble in bubbles:
        number = bubble.item.recipient
        threads.setdefault(number, Thread(number=number, bubbles=[])).bubbles.insert(0, bubble)
    return list(threads.values())


def linked(text: str | None) -> Markup:
    """Plain text with its addresses made clickable, everything else escaped."""
    parts: list[Markup] = []
    end = 0
    text = text or ""
    for found in _LINK.finditer(text):
        parts.append(escape(text[end : found.start()]))
        parts.append(Markup('<a href="{0}" target="_blank" rel="noopener">{0}</a>').format(found[0]))
        end = found.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def framed(html: str) -> str:
    """The mail's own HTML for an iframe's srcdoc: links open beside it instead of inside."""
    return f'<base target="_blank">{html}'


add_filter("linked", linked)
add_filter("framed", framed)
add_filter("moment", lambda at: f"{at:%a} {at.day} {at:%b %Y, %H:%M} UTC")
