"""The organisation that is measured: ten busy providers, and others whose time is still free."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import Range

from server.db.ids import new_id, new_reference
from server.db.session import Database
from server.db.tables import (
    Appointment,
    Claim,
    Clinic,
    Offering,
    Patient,
    Provider,
    Resource,
    Service,
    WeeklyHours,
)

SLUG = "bench"
ZONE = "America/New_York"
BUSY_PROVIDERS = 10
FREE_PROVIDERS = 8
"""Twice: as many for the requests as for the floor."""
PAST_DAYS, FUTURE_DAYS = 60, 20
VISIT = timedelta(minutes=30)
HOLD = timedelta(minutes=15)
THEME = {"accent": "#0b6e6e", "surface": "#ffffff", "text": "#14211f", "radius": 8}


@dataclass(frozen=True)
class World:
    clinic: UUID
    consultation: UUID
    """30 minutes with the busy providers."""
    short_visit: UUID
    """15 minutes with the free ones, around the clock."""
    busy: tuple[UUID, ...]
    free: tuple[UUID, ...]
    floor: tuple[UUID, ...]
    today: date


async def a_world(db: Database) -> World:
    """Fill an empty, migrated database: about six thousand visits, then statistics as a running clinic has them."""
    today = (await db.now()).astimezone(ZoneInfo(ZONE)).date()
    clinic, consultation, short_visit, patient = new_id(), new_id(), new_id(), new_id()
    busy, free, floor = (tuple(new_id() for _ in range(count)) for count in (BUSY_PROVIDERS, *[FREE_PROVIDERS] * 2))
    everybody = [*busy, *free, *floor]
    patient_row = {"id": patient, "first_name": "Mara", "last_name": "Lindt", "email": "mara@example.com"}
    visits = list(_visits(busy, clinic, consultation, patient_row, today))
    rows: list[tuple[Any, list[dict[str, Any]]]] = [
        (Clinic, [_clinic(clinic)]),
        (
            Service,
            [_service(consultation, "Consultation", VISIT), _service(short_visit, "Short visit", HOLD)],
        ),
        (
            Resource,
            [{"id": each, "kind": "provider", "name": f"Provider {number}"} for number, each in enumerate(everybody)],
        ),
        (
            Provider,
            [
                {"id": each, "name": f"Provider {number}", "email": f"provider{number}@demo.test"}
                for number, each in enumerate(everybody)
            ],
        ),
        (
            Offering,
            [
                {"clinic_id": clinic, "provider_id": each, "price_minor": 12_500, "service_id": service}
                for each, service in [
                    *((each, consultation) for each in busy),
                    *((each, short_visit) for each in (*free, *floor)),
                ]
            ],
        ),
        (WeeklyHours, list(_hours(clinic, busy, 9 * 60, 17 * 60))),
        (WeeklyHours, list(_hours(clinic, (*free, *floor), 0, 24 * 60))),
        (Patient, [patient_row]),
        (Appointment, visits),
        (Claim, [_claim(visit) for visit in visits]),
    ]
    async with db.write.begin() as connection:
        for table, values in rows:
            await connection.execute(insert(table), values)
    async with db.read.connect() as connection:
        await connection.execute(text("VACUUM ANALYZE"))
        await connection.execute(text("CHECKPOINT"))
    return World(clinic, consultation, short_visit, busy, free, floor, today)


def _clinic(clinic: UUID) -> dict[str, Any]:
    return {
        "id": clinic,
        "slug": SLUG,
        "name": "Bench Clinic",
        "time_zone": ZONE,
        "country": "US",
        "currency": "USD",
        "currency_exponent": 2,
        "languages": ["en"],
        "origins": [],
        "theme": THEME,
    }


def _service(service: UUID, name: str, length: timedelta) -> dict[str, Any]:
    minutes = length // timedelta(minutes=1)
    return {
        "id": service,
        "name": name,
        "mode": "in_person",
        "duration_minutes": minutes,
        "grid_minutes": minutes,
        "refund_tiers": [],
    }


def _hours(clinic: UUID, providers: tuple[UUID, ...], start: int, end: int) -> Iterator[dict[str, Any]]:
    for provider in providers:
        for weekday in range(7):
            yield {
                "provider_id": provider,
                "clinic_id": clinic,
                "weekday": weekday,
                "start_minute": start,
                "end_minute": end,
            }


def _visits(
    providers: tuple[UUID, ...], clinic: UUID, service: UUID, patient: dict[str, Any], today: date
) -> Iterator[dict[str, Any]]:
    """Of sixteen half hours a day, two of three are taken in the past and one of three in the future."""
    for place, provider in enumerate(providers):
        for offset in range(-PAST_DAYS, FUTURE_DAYS):
            day = today + timedelta(days=offset)
            for half_hour in range(16):
                if (half_hour + offset + place) % 3 in ((0, 1) if offset < 0 else (0,)):
                    start = at(day, 9 * 60 + 30 * half_hour)
                    reference = new_reference()
                    yield {
                        "id": new_id(),
                        "reference": reference,
                        "clinic_id": clinic,
                        "service_id": service,
                        "provider_id": provider,
                        "patient_id": patient["id"],
                        "first_name": patient["first_name"],
                        "last_name": patient["last_name"],
                        "email": patient["email"],
                        "search": f"{reference} mara lindt".lower(),
                        "status": "completed" if offset < 0 else "confirmed",
                        "source": "web",
                        "starts_at": start,
                        "ends_at": start + VISIT,
                        "day": day,
                        "currency": "USD",
                        "price_minor": 12_500,
                        "total_minor": 12_500,
                    }


def _claim(visit: dict[str, Any]) -> dict[str, Any]:
    return {
        "resource_id": visit["provider_id"],
        "appointment_id": visit["id"],
        "during": Range(visit["starts_at"], visit["ends_at"], bounds="[)"),
    }


def at(day: date, minute: int) -> datetime:
    """A wall-clock minute of the clinic's day, in UTC; days on which clocks change are as good as others here."""
    return (datetime.combine(day, time(), tzinfo=ZoneInfo(ZONE)) + timedelta(minutes=minute)).astimezone(UTC)
