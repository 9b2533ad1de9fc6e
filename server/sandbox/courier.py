"""The vendors' own doings: what falls due happens, and webhooks are signed and sent until they are taken.

State lies in rows, so a restart loses nothing and several processes may run a courier at once. No row is
locked while HTTP is under way: a delivery is leased, and the lease goes by the real clock.
"""

import asyncio
import hashlib
import hmac
import logging
import time
from base64 import b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from sqlalchemy import Row, delete, select, text, update

from server.config import Settings
from server.db.session import Database
from server.db.tables.sandbox import SandboxChange, SandboxDelivery
from server.sandbox import twilio
from server.sandbox.state import Change, Sandbox, moment
from server.sandbox.stripe.account import Account
from server.sandbox.stripe.wire import Refusal

_log = logging.getLogger(__name__)

POLL_SECONDS = 0.2
MOST_ATTEMPTS = 20
_AT_ONCE = 50
_LEASE = "interval '30 seconds'"
_TIMEOUT_SECONDS = 10.0

_ANYTHING_DUE = text(
    "SELECT EXISTS (SELECT FROM sandbox_changes WHERE due_at <= frontdesk_now())"
    " OR EXISTS (SELECT FROM sandbox_deliveries WHERE done_at IS NULL AND due_at <= frontdesk_now()"
    " AND (lease_until IS NULL OR lease_until < clock_timestamp()))"
)


async def deliver_due(db: Database, http: httpx.AsyncClient, settings: Settings) -> int:
    """Let what is due happen, then send what is due, once each. Returns how many deliveries were attempted."""
    sandbox = Sandbox(settings, db)
    async with db.read.connect() as connection:
        if not await connection.scalar(_ANYTHING_DUE):
            return 0
    while await _happen(sandbox):
        pass
    leased = await _lease(db)
    answers = await asyncio.gather(*(_send(sandbox, http, row) for row in leased))
    for row, status in zip(leased, answers, strict=True):
        await _note(db, row, status)
    return len(leased)


async def run(sandbox: Sandbox) -> None:
    """Until cancelled. Nothing else ends it: a courier that is gone is a vendor that never calls again."""
    # A proxy in the environment must not come between the server and itself.
    async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False) as http:
        while True:
            try:
                await deliver_due(sandbox.db, http, sandbox.settings)
            except Exception:
                _log.exception("the sandbox's courier stumbled")
            await asyncio.sleep(POLL_SECONDS)


async def _happen(sandbox: Sandbox) -> bool:
    """The next change that is due, in one transaction. False when there is none."""
    rows = SandboxChange
    async with sandbox.db.write.begin() as connection:
        now = await moment(connection)
        next_due = select(rows.id).where(rows.due_at <= now).order_by(rows.due_at, rows.id).limit(1)
        query = delete(rows).where(rows.id == next_due.with_for_update(skip_locked=True).scalar_subquery())
        row = (await connection.execute(query.returning(rows.change, rows.object_id, rows.detail))).first()
        if row is None:
            return False
        change = Change(row.change)
        if change is Change.TEXT_MOVES:
            await twilio.move(sandbox, connection, row.object_id, row.detail or "", now)
        else:
            try:
                await Account(sandbox, connection, now).happen(change, row.object_id)
            except Refusal as refusal:
                # What it was about is gone. Dropped, or it would hold up everything behind it.
                _log.warning("the sandbox drops %s of %s: %s", change, row.object_id, refusal)
        return True


async def _lease(db: Database) -> list[Row[Any]]:
    rows = SandboxDelivery
    async with db.write.begin() as connection:
        now = await moment(connection)
        free = rows.lease_until.is_(None) | (rows.lease_until < text("clock_timestamp()"))
        due = select(rows.id).where(rows.done_at.is_(None), rows.due_at <= now, free).order_by(rows.due_at, rows.id)
        ids = due.limit(_AT_ONCE).with_for_update(skip_locked=True).scalar_subquery()
        query = (
            update(rows)
            .where(rows.id.in_(ids))
            .values(lease_until=text(f"clock_timestamp() + {_LEASE}"), attempts=rows.attempts + 1)
            .returning(rows.id, rows.vendor, rows.url, rows.payload, rows.attempts)
        )
        leased: list[Row[Any]] = list(await connection.execute(query))
        return sorted(leased, key=lambda row: row.id)


async def _send(sandbox: Sandbox, http: httpx.AsyncClient, row: Row[Any]) -> int | None:
    """The status of the answer, or None when there was none."""
    if row.vendor == "stripe":
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": stripe_signature(row.payload, sandbox.settings.webhook_secrets[0]),
        }
    else:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "X-Twilio-Signature": twilio_signature(row.url, row.payload, sandbox.settings.twilio_auth_token),
        }
    try:
        answer = await http.post(_reachable(sandbox, row.url), content=row.payload.encode(), headers=headers)
    except httpx.HTTPError as error:
        _log.info("a %s webhook was not answered: %s", row.vendor, type(error).__name__)
        return None
    return answer.status_code


async def _note(db: Database, row: Row[Any], status: int | None) -> None:
    """Taken, given up, or due again after a pause that doubles up to five minutes."""
    rows = SandboxDelivery
    done = (status is not None and 200 <= status < 300) or row.attempts >= MOST_ATTEMPTS
    async with db.write.begin() as connection:
        now = await moment(connection)
        pause = timedelta(seconds=min(0.5 * 2 ** (row.attempts - 1), 300))
        await connection.execute(
            update(rows)
            .where(rows.id == row.id)
            .values(
                lease_until=None,
                answer_status=status,
                done_at=now if done else None,
                due_at=rows.due_at if done else now + pause,
            )
        )


def stripe_signature(payload: str, secret: str) -> str:
    """Made when it is sent, by the real clock: the receiver refuses what is older than five minutes."""
    moment = int(time.time())
    digest = hmac.new(secret.encode(), f"{moment}.{payload}".encode(), hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def twilio_signature(url: str, payload: str, auth_token: str) -> str:
    fields = sorted(parse_qsl(payload, keep_blank_values=True))
    signed = url + "".join(name + value for name, value in fields)
    return b64encode(hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def _reachable(sandbox: Sandbox, url: str) -> str:
    """Our public address may lie behind a proxy that cannot be reached from here; then by where we listen."""
    if urlsplit(url)[:2] != sandbox.origin:
        return url
    return sandbox.own_url + url[len("://".join(sandbox.origin)) :]
