"""Staff sign in and out: argon2id passwords, opaque tokens of which only the hash is kept, revocable at once."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from hashlib import sha256

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import func, insert, select, update

from server.db.ids import new_id
from server.db.session import Database
from server.db.tables import StaffSession, User
from server.db.unit_of_work import SYSTEM, Actor, unit_of_work
from server.domain.errors import InvalidCredentialsError, UnauthenticatedError
from server.domain.permissions import Viewer
from shared.schemas.enums import ActorKind, EventKind, Role

log = structlog.get_logger()

_HASHER = PasswordHasher()
# Verified when there is no such user, so that the time it takes does not tell who has an account.
_NOBODY = _HASHER.hash(secrets.token_hex(16))
# A hash takes 64 MiB and a third of a second of a core: two at once, the others wait.
_HASHING = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


async def hashed(password: str) -> str:
    """argon2id with the library's defaults, off the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_HASHING, _HASHER.hash, password)


async def _matches(stored: str, password: str) -> bool:
    def verify() -> bool:
        try:
            return _HASHER.verify(stored, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    return await asyncio.get_running_loop().run_in_executor(_HASHING, verify)


async def sign_in(db: Database, email: str, password: str, *, device: str, hours: int) -> tuple[str, Viewer, datetime]:
    """(token, viewer, when it ends). Raises InvalidCredentialsError, the same for a wrong address and password."""
    async with db.read.connect() as connection:
        user = (
            await connection.execute(
                select(
                    User.id,
                    User.name,
                    User.email,
                    User.role,
                    User.provider_id,
                    User.password_hash,
                ).where(User.email == email, User.active.is_(True))
            )
        ).one_or_none()
    if not await _matches(_NOBODY if user is None else user.password_hash, password) or user is None:
        async with unit_of_work(db, SYSTEM) as work:
            work.record(EventKind.SIGN_IN_FAILED, after={"known": user is not None})
        raise InvalidCredentialsError
    token = secrets.token_urlsafe(32)
    session_id = new_id()
    viewer = Viewer(user.id, session_id, user.name, user.email, Role(user.role), user.provider_id)
    async with unit_of_work(db, Actor(ActorKind.STAFF, f"{user.name} ({user.role})", user.id)) as work:
        ends = work.now + timedelta(hours=hours)
        await work.connection.execute(
            insert(StaffSession).values(
                id=session_id,
                user_id=user.id,
                token_hash=_hash(token),
                device=device,
                expires_at=ends,
            )
        )
        work.record(EventKind.STAFF_SIGNED_IN, after={"session": str(session_id)})
    return token, viewer, ends


async def sign_out(db: Database, viewer: Viewer) -> None:
    """End this session. Its token is worthless from now on."""
    async with unit_of_work(db, Actor(ActorKind.STAFF, f"{viewer.name} ({viewer.role})", viewer.user_id)) as work:
        await work.connection.execute(
            update(StaffSession)
            .where(StaffSession.id == viewer.session_id, StaffSession.revoked_at.is_(None))
            .values(revoked_at=work.now)
        )
        work.record(EventKind.STAFF_SIGNED_OUT, after={"session": str(viewer.session_id)})


async def viewer_of(db: Database, token: str) -> Viewer:
    """Whose token this is. Raises UnauthenticatedError for an unknown, revoked or ended one."""
    async with db.read.connect() as connection:
        row = (
            await connection.execute(
                select(
                    User.id,
                    StaffSession.id.label("session_id"),
                    User.name,
                    User.email,
                    User.role,
                    User.provider_id,
                )
                .join(StaffSession, StaffSession.user_id == User.id)
                .where(
                    StaffSession.token_hash == _hash(token),
                    StaffSession.revoked_at.is_(None),
                    StaffSession.expires_at > func.frontdesk_now(),
                    User.active.is_(True),
                )
            )
        ).one_or_none()
    if row is None:
        raise UnauthenticatedError
    return Viewer(row.id, row.session_id, row.name, row.email, Role(row.role), row.provider_id)


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
