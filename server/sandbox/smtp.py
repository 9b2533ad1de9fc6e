"""A mail server that takes everything and sends nothing on: what arrives is a row of the outbox.

Recipients that ask for trouble: `bounce@…` is refused (550), `greylist@…` put off the first time (451),
`lost@…` is taken while the connection dies before the answer.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email import message_from_bytes
from email.policy import default as default_policy
from typing import Any, cast
from uuid import UUID
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as postgres_insert

from server.db.session import Database
from server.db.tables.sandbox import SandboxEmail, SandboxGreylisted

_LARGEST_BYTES = 5_000_000
_OUR_ID = re.compile(r"^<([0-9a-fA-F-]{36})@")


class _Letterbox:
    """The names and arguments of the methods are aiosmtpd's hooks."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        name = address.partition("@")[0].lower()
        if name == "bounce":
            return "550 5.1.1 No such mailbox"
        if name == "greylist" and await self._first_time(address.lower()):
            return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        message = message_from_bytes(raw, policy=default_policy)
        ours = _OUR_ID.match(str(message.get("Message-ID", "")).strip())
        # NUL is the one character that PostgreSQL's text cannot hold; the raw bytes keep it.
        subject = str(message.get("Subject", "")).replace("\x00", "")
        async with self._db.write.begin() as connection:
            for recipient in envelope.rcpt_tos:
                await connection.execute(
                    insert(SandboxEmail).values(
                        message_id=_uuid(ours[1]) if ours else None,
                        sender=envelope.mail_from or "",
                        recipient=recipient,
                        subject=subject,
                        raw=raw,
                    )
                )
        if any(recipient.partition("@")[0].lower() == "lost" for recipient in envelope.rcpt_tos):
            cast(asyncio.Transport, server.transport).abort()
        return "250 Taken"

    async def _first_time(self, address: str) -> bool:
        rows = SandboxGreylisted
        query = postgres_insert(rows).values(address=address).on_conflict_do_nothing().returning(rows.address)
        async with self._db.write.begin() as connection:
            return (await connection.execute(query)).first() is not None


@asynccontextmanager
async def listening(db: Database, host: str, port: int) -> AsyncIterator[int]:
    """Take mail on this loop until the block ends; yields the port (0 asks for any). Raises OSError when taken."""
    # aiosmtpd reports every connection and command at INFO, addresses included.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    loop = asyncio.get_running_loop()
    sessions: WeakSet[SMTP] = WeakSet()

    def session() -> SMTP:
        made = SMTP(
            _Letterbox(db), hostname="sandbox", ident="Frontdesk sandbox", loop=loop, enable_SMTPUTF8=True,
            data_size_limit=_LARGEST_BYTES,
        )  # fmt: skip
        sessions.add(made)
        return made

    server = await loop.create_server(session, host, port)
    try:
        yield cast(int, server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for made in list(sessions):
            with suppress(AttributeError):
                cast(Any, made.transport).close()
        await server.wait_closed()


def _uuid(text: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(text)
    return None
