"""The floor: the same rows read and written with asyncpg alone. No HTTP, no ORM, no rules, nothing decided.

The statements are those that `server/db/reads/calendars.py` and `server/actions/holding.py` send, in their order
and in as many round trips. When those change, these have to change with them; `bench/holds.py` compares the rows.
"""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]

from server.db.ids import new_id, new_reference

NOW = "SELECT frontdesk_now()"
OFFERED = """
    SELECT clinics.id AS clinic_id, clinics.time_zone, clinics.currency, services.duration_minutes,
           services.prep_minutes, services.wrap_minutes, services.grid_minutes, services.notice_minutes,
           services.horizon_days, offerings.provider_id, offerings.price_minor
    FROM clinics
    JOIN offerings ON offerings.clinic_id = clinics.id
    JOIN services ON services.id = offerings.service_id
    JOIN providers ON providers.id = offerings.provider_id
    WHERE clinics.slug = $1 AND services.id = $2 AND services.active AND offerings.active AND providers.active
      AND providers.id = $3
    ORDER BY providers.name, providers.id
"""
HOURS = """
    SELECT provider_id, weekday, start_minute, end_minute, valid_from, valid_until
    FROM weekly_hours WHERE clinic_id = $1 AND provider_id = $2
"""
BUSY = """
    SELECT resource_id, lower(during) AS start, upper(during) AS "end" FROM claims
    WHERE resource_id = $1 AND during && $2 AND (expires_at IS NULL OR expires_at > $3)
    UNION ALL
    SELECT resource_id, lower(during), upper(during) FROM time_off WHERE resource_id = $1 AND during && $2
"""
KEY = """
    INSERT INTO idempotency_keys (scope, key, fingerprint) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING RETURNING key
"""
LAPSED = """
    SELECT appointment_id, EXISTS (
        SELECT FROM payments WHERE payments.appointment_id = claims.appointment_id
          AND status IN ('initiated', 'processing', 'failed'))
    FROM claims WHERE resource_id = $1 AND during && $2 AND expires_at <= $3 ORDER BY appointment_id
"""
CLAIM = """
    INSERT INTO claims (id, resource_id, appointment_id, lane, during, expires_at) VALUES ($1, $2, $3, 0, $4, $5)
    ON CONFLICT DO NOTHING RETURNING id
"""
APPOINTMENT = """
    INSERT INTO appointments (id, reference, token_serial, clinic_id, service_id, provider_id, status, source,
        starts_at, ends_at, day, revision, expires_at, language, sms_consent, search, currency, price_minor,
        discount_minor, tax_minor, total_minor)
    VALUES ($1, $2, 0, $3, $4, $5, 'draft', 'web', $6, $7, $8, 0, $9, 'en', false, $10, $11, $12, 0, 0, $12)
    ON CONFLICT (reference) DO NOTHING RETURNING id
"""
REMEMBER = "UPDATE idempotency_keys SET response = $3 WHERE scope = $1 AND key = $2"
EVENT = """
    INSERT INTO events (at, kind, actor_kind, actor, clinic_id, appointment_id, after)
    VALUES ($1, 'appointment_created', 'patient', 'patient', $2, $3, $4) RETURNING seq
"""
Rows = list[Any]


@asynccontextmanager
async def connections(url: str, count: int) -> AsyncIterator[list[Any]]:
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(count):
            connection = await asyncpg.connect(url)
            stack.push_async_callback(connection.close)
            opened.append(connection)
        yield opened


async def read_calendar(
    connection: Any, slug: str, service: UUID, provider: UUID, first: datetime, until: datetime
) -> tuple[datetime, Rows, Rows, Rows]:
    """Now, the offer, the hours, what is busy: four round trips, as the search makes them."""
    now = await connection.fetchval(NOW)
    return now, *await _calendar(connection, now, slug, service, provider, first, until)


async def _calendar(
    connection: Any, now: datetime, slug: str, service: UUID, provider: UUID, first: datetime, until: datetime
) -> tuple[Rows, Rows, Rows]:
    offered = await connection.fetch(OFFERED, slug, service, provider)
    hours = await connection.fetch(HOURS, offered[0]["clinic_id"], provider)
    around = asyncpg.Range(first, until)
    busy = await connection.fetch(BUSY, provider, around, now)
    return offered, hours, busy


async def write_hold(
    connection: Any, slug: str, service: UUID, provider: UUID, start: datetime, day: date, length: timedelta
) -> UUID:
    """One transaction that leaves the rows that a hold leaves. Returns the appointment's id."""
    scope, key, appointment, reference = f"hold:{slug}", str(new_id()), new_id(), new_reference()
    midnight = start.replace(hour=0, minute=0)
    async with connection.transaction():
        now = await connection.fetchval(NOW)
        await connection.fetchval(KEY, scope, key, b"\0" * 32)
        offered, _, _ = await _calendar(
            connection, now, slug, service, provider, midnight - timedelta(days=2), midnight + timedelta(days=3)
        )
        head, during, expires_at = offered[0], asyncpg.Range(start, start + length), now + timedelta(minutes=10)
        await connection.fetch(LAPSED, provider, during, now)
        await connection.fetchval(CLAIM, new_id(), provider, appointment, during, expires_at)
        await connection.fetchval(
            APPOINTMENT,
            *(appointment, reference, head["clinic_id"], service, provider),
            *(start, start + length, day, expires_at, reference.lower(), head["currency"], head["price_minor"]),
        )
        held = {
            "appointment_id": str(appointment),
            "reference": reference,
            "status": "draft",
            "provider_id": str(provider),
            "start": start.isoformat(),
            "end": (start + length).isoformat(),
            "expires_at": expires_at.isoformat(),
        }
        await connection.execute(REMEMBER, scope, key, json.dumps(held))
        after = {"status": "draft", "start": start.isoformat(), "source": "web"}
        await connection.fetchval(EVENT, now, head["clinic_id"], appointment, json.dumps(after))
    return appointment
