"""`frontdesk doctor`: look at everything the server stands on, say what was seen and what to do.

What lives here: one check a subject, each returning one line. What must not: changing anything. The only traffic is
connecting, greeting and asking for versions; no message is sent and no money is touched.
"""

import asyncio
import smtplib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import unquote, urlsplit

import httpx
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from server.config import DEMO_SECRET_KEY, Settings, SettingsError
from server.db.migrate import missing
from server.db.session import asyncpg_url
from server.embedded import running_engines
from server.engine_programs import (
    OLDEST_POSTGRES,
    ProgramMissing,
    postgres_programs,
    valkey_program,
)

EXTENSIONS = ("btree_gist", "pg_trgm", "citext", "unaccent")
PATIENCE_SECONDS = 5.0


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw, and what to do about it where that is not nothing."""

    verdict: Verdict
    name: str
    seen: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"{self.verdict:<4}  {self.name:<10}  {self.seen}"
        return f"{line}  → {self.advice}" if self.advice else line


def run() -> int:
    """Print one line a finding; 1 when one of them is a FAIL, else 0."""
    try:
        settings = Settings.from_environment()
    except SettingsError as wrong:
        for line in str(wrong).splitlines():
            print(
                Finding(
                    Verdict.FAIL,
                    "settings",
                    line,
                    "set it; the other checks follow when the settings are right",
                )
            )
        return 1
    findings = asyncio.run(examine(settings))
    for finding in findings:
        print(finding)
    return 1 if any(finding.verdict is Verdict.FAIL for finding in findings) else 0


async def examine(settings: Settings) -> list[Finding]:
    """Every finding about these settings, in the order of the checks; an unset address means the embedded engine."""
    found = running_engines(settings.home)
    if found is not None:
        settings = replace(
            settings,
            database_url=settings.database_url or found.database_url,
            redis_url=settings.redis_url or found.redis_url,
        )
    checks: tuple[Callable[[Settings], Awaitable[list[Finding]]], ...] = (
        _keys,
        _database,
        _queue,
        _mail,
        _public_url,
        _vendors,
    )
    return [
        finding for findings in await asyncio.gather(*(check(settings) for check in checks)) for finding in findings
    ]


async def _keys(settings: Settings) -> list[Finding]:
    seen = f"{len(settings.keyring)} secret key(s), mode {settings.mode}"
    if DEMO_SECRET_KEY in settings.secret_keys:
        advice = "before real patients, set FRONTDESK_SECRET_KEYS (`openssl rand -hex 32`)"
        return [Finding(Verdict.WARN, "keys", f"{seen}, the demo's key among them", advice)]
    return [Finding(Verdict.OK, "keys", seen)]


async def _database(settings: Settings) -> list[Finding]:
    if not settings.database_url:
        return [_embedded("database", "FRONTDESK_DATABASE_URL", lambda: str(postgres_programs()))]
    place = _place(settings.database_url)
    try:
        engine = create_async_engine(
            asyncpg_url(settings.database_url),
            connect_args={"timeout": PATIENCE_SECONDS},
        )
        try:
            async with engine.connect() as connection:
                number = (await connection.execute(text("SHOW server_version_num"))).scalar_one()
                rows = (
                    await connection.execute(text("SELECT name, installed_version FROM pg_available_extensions"))
                ).all()
        finally:
            await engine.dispose()
    except (OSError, ValueError, SQLAlchemyError) as problem:
        seen = f"{place} does not let us in: {_reason(problem)}"
        return [
            Finding(
                Verdict.FAIL,
                "database",
                seen,
                "start it, or correct FRONTDESK_DATABASE_URL",
            )
        ]
    major, minor = divmod(int(number), 10_000)
    seen = f"PostgreSQL {major}.{minor} at {place}"
    if major < OLDEST_POSTGRES:
        return [
            Finding(
                Verdict.FAIL,
                "database",
                seen,
                f"use PostgreSQL {OLDEST_POSTGRES} or newer",
            )
        ]
    findings = [Finding(Verdict.OK, "database", seen)]
    available: dict[str, str | None] = dict(rows)
    absent = [name for name in EXTENSIONS if name not in available]
    if absent:
        advice = "install PostgreSQL's contrib package on the database's machine"
        return [
            *findings,
            Finding(
                Verdict.FAIL,
                "extensions",
                f"not available: {', '.join(absent)}",
                advice,
            ),
        ]
    idle = [name for name in EXTENSIONS if available[name] is None]
    if idle:
        findings.append(
            Finding(
                Verdict.FAIL,
                "extensions",
                f"not created: {', '.join(idle)}",
                "run `frontdesk migrate`",
            )
        )
    else:
        findings.append(Finding(Verdict.OK, "extensions", ", ".join(EXTENSIONS)))
    return [*findings, await _migrations(settings)]


async def _migrations(settings: Settings) -> Finding:
    lacking = await missing(settings.database_url)
    if lacking:
        return Finding(
            Verdict.FAIL,
            "migrations",
            f"missing: {', '.join(lacking)}",
            "run `frontdesk migrate`",
        )
    return Finding(Verdict.OK, "migrations", "at the newest schema")


async def _queue(settings: Settings) -> list[Finding]:
    if not settings.redis_url:
        return [_embedded("queue", "FRONTDESK_REDIS_URL", lambda: str(valkey_program()))]
    client = Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=PATIENCE_SECONDS,
        socket_timeout=PATIENCE_SECONDS,
        decode_responses=True,
    )
    try:
        info = await client.info()
    except (RedisError, OSError, ValueError) as problem:
        seen = f"{_place(settings.redis_url)} does not answer: {_reason(problem)}"
        return [Finding(Verdict.FAIL, "queue", seen, "start it, or correct FRONTDESK_REDIS_URL")]
    finally:
        await client.aclose()
    kind, version = ("Valkey", info["valkey_version"]) if "valkey_version" in info else ("Redis", info["redis_version"])
    policy = info.get("maxmemory_policy", "unknown")
    seen = f"{kind} {version} at {_place(settings.redis_url)}, maxmemory-policy {policy}"
    if policy != "noeviction":
        advice = "set maxmemory-policy to noeviction, or jobs are dropped when memory runs short"
        return [Finding(Verdict.WARN, "queue", seen, advice)]
    return [Finding(Verdict.OK, "queue", seen)]


async def _mail(settings: Settings) -> list[Finding]:
    place = _place(settings.smtp_url)
    try:
        seen = await asyncio.to_thread(_greet, settings.smtp_url)
    except (OSError, smtplib.SMTPException, ValueError) as problem:
        return [_unanswered(settings, "mail", place, _reason(problem), "correct FRONTDESK_SMTP_URL")]
    return [Finding(Verdict.OK, "mail", f"{place} {seen}")]


def _greet(url: str) -> str:
    parts = urlsplit(url)
    secure = parts.scheme == "smtps"
    kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
    with kind(
        parts.hostname or "",
        parts.port or (465 if secure else 587),
        timeout=PATIENCE_SECONDS,
    ) as client:
        client.ehlo()
        seen = ["answers"]
        if not secure and client.has_extn("starttls"):
            client.starttls(context=ssl.create_default_context())
            client.ehlo()
            seen.append("encrypts")
        if parts.username:
            client.login(unquote(parts.username), unquote(parts.password or ""))
            seen.append("accepts the password")
        return ", ".join(seen)


async def _public_url(settings: Settings) -> list[Finding]:
    url = f"{settings.public_url}/health/live"
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
            answer = await client.get(url)
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        advice = "start `frontdesk serve`, or correct FRONTDESK_PUBLIC_URL"
        return [
            Finding(
                Verdict.WARN,
                "public url",
                f"{settings.public_url} does not answer: {_reason(problem)}",
                advice,
            )
        ]
    if answer.status_code != httpx.codes.OK:
        advice = "see that the proxy in front passes everything on to `frontdesk serve`"
        return [
            Finding(
                Verdict.FAIL,
                "public url",
                f"{url} answers {answer.status_code}",
                advice,
            )
        ]
    return [Finding(Verdict.OK, "public url", settings.public_url)]


async def _vendors(settings: Settings) -> list[Finding]:
    addresses = {
        "stripe": settings.stripe_url,
        "twilio": settings.twilio_url,
        "zoom": settings.zoom_url,
    }
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
        return await asyncio.gather(*(_vendor(settings, client, name, address) for name, address in addresses.items()))


async def _vendor(settings: Settings, client: httpx.AsyncClient, name: str, address: str) -> Finding:
    try:
        answer = await client.get(address)
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        return _unanswered(
            settings,
            name,
            address,
            _reason(problem),
            f"allow this machine to reach {address}",
        )
    if answer.is_server_error:
        return Finding(
            Verdict.WARN,
            name,
            f"{address} answers {answer.status_code}",
            "see the vendor's status page",
        )
    return Finding(Verdict.OK, name, f"{address} answers")


def _unanswered(settings: Settings, name: str, place: str, reason: str, advice: str) -> Finding:
    own = f"http://{settings.host}:{settings.port}/"
    if place.startswith(own) or place == f"{settings.host}:{settings.port + 2}":
        return Finding(
            Verdict.WARN,
            name,
            f"our sandbox at {place} is not running",
            "start `frontdesk serve`",
        )
    return Finding(Verdict.FAIL, name, f"{place} does not answer: {reason}", advice)


def _embedded(name: str, setting: str, program: Callable[[], str]) -> Finding:
    try:
        seen = f"{setting} is not set, and no embedded engine runs; {program()} will be started"
    except ProgramMissing as problem:
        return Finding(Verdict.FAIL, name, f"{setting} is not set", str(problem))
    return Finding(Verdict.WARN, name, seen, f"start `frontdesk serve`, or set {setting}")


def _place(url: str) -> str:
    """Host and port only: an address may carry a password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _reason(problem: Exception) -> str:
    """The first line: SQLAlchemy adds the statement and a link, which a person here does not need."""
    cause = getattr(problem, "orig", None) or problem
    return str(cause).partition("\n")[0] or type(cause).__name__
