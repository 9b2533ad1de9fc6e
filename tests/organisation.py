"""A small organisation to know by heart: what each test finds in its database, and factories for more of it.

`Quay` is in New York, `Moor` in London. Dr. Ann Ames and Dr. Ben Bode work at Quay every day from 9 to 17,
Dr. Cleo Cole at Moor. Everything is remote unless it says otherwise.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from server.actions.staffing import create_staff
from server.db.ids import new_id
from server.db.session import Database
from server.db.tables import Clinic, Offering, Provider, Resource, Service, WeeklyHours
from shared.schemas.enums import Role

PASSWORD = "correct horse battery"
THEME = {"accent": "#0b6e6e", "surface": "#ffffff", "text": "#14211f", "radius": 8}
TIERS = [{"hours_before": 24, "percent": 100}, {"hours_before": 4, "percent": 50}]


@dataclass(frozen=True)
class Organised:
    """Ids of what every test may rely on."""

    quay: UUID
    moor: UUID
    ann: UUID
    ben: UUID
    cleo: UUID
    consult: UUID
    """60 minutes on the hour grid, 125.00, remote, at both clinics."""
    checkup: UUID
    """30 minutes with 10 minutes of preparation and 10 of wrap-up, 80.00, in person."""
    intro: UUID
    """15 minutes, free."""
    now: datetime


async def an_organisation(db: Database) -> Organised:
    now = await db.now()
    quay = await a_clinic(db, slug="quay", name="Quay Clinic")
    moor = await a_clinic(
        db,
        slug="moor",
        name="Moor Clinic",
        time_zone="Europe/London",
        country="GB",
        currency="GBP",
        phone="+442079460000",
    )
    ann = await a_provider(db, name="Dr. Ann Ames", email="ann@demo.test", mobile="+12125550101")
    ben = await a_provider(db, name="Dr. Ben Bode", email="ben@demo.test", mobile=None)
    cleo = await a_provider(db, name="Dr. Cleo Cole", email="cleo@demo.test", mobile="+447911123456")
    consult = await a_service(db, name="Video consultation", duration_minutes=60, grid_minutes=60)
    checkup = await a_service(
        db, name="Check-up", mode="in_person", duration_minutes=30, prep_minutes=10, wrap_minutes=10, grid_minutes=30
    )
    intro = await a_service(db, name="Introduction", duration_minutes=15, grid_minutes=15)
    for provider, clinic in ((ann, quay), (ben, quay), (cleo, moor)):
        await weekly_hours(db, provider, clinic)
        for service, price in ((consult, 12_500), (checkup, 8_000), (intro, 0)):
            await an_offering(db, clinic, service, provider, price)
    for role in (Role.ADMIN, Role.MANAGER, Role.FRONT_DESK, Role.PROVIDER):
        await create_staff(
            db,
            email=f"{role.value}@demo.test",
            name=f"{role.value.replace('_', ' ').title()} Person",
            password=PASSWORD,
            role=role,
            provider_id=ann if role is Role.PROVIDER else None,
        )
    return Organised(quay, moor, ann, ben, cleo, consult, checkup, intro, now)


async def _row(db: Database, table: Any, **values: Any) -> UUID:
    row_id: UUID = values.setdefault("id", new_id())
    async with db.write.begin() as connection:
        await connection.execute(insert(table).values(**values))
    return row_id


async def a_clinic(db: Database, *, slug: str, name: str, **values: Any) -> UUID:
    defaults = {
        "time_zone": "America/New_York",
        "country": "US",
        "currency": "USD",
        "currency_exponent": 2,
        "languages": ["en", "es"],
        "origins": ["http://localhost:9"],
        "theme": THEME,
        "phone": "+12125550100",
        "address": "1 Quay Street",
    }
    return await _row(db, Clinic, slug=slug, name=name, **{**defaults, **values})


async def a_provider(db: Database, *, name: str, email: str, mobile: str | None) -> UUID:
    provider = await _row(db, Resource, kind="provider", name=name)
    return await _row(db, Provider, id=provider, name=name, title="Physician", email=email, mobile=mobile)


async def a_service(db: Database, *, name: str, duration_minutes: int, **values: Any) -> UUID:
    defaults = {"mode": "remote", "notice_minutes": 60, "horizon_days": 60, "refund_tiers": TIERS}
    return await _row(db, Service, name=name, duration_minutes=duration_minutes, **{**defaults, **values})


async def an_offering(db: Database, clinic: UUID, service: UUID, provider: UUID, price_minor: int) -> UUID:
    return await _row(db, Offering, clinic_id=clinic, service_id=service, provider_id=provider, price_minor=price_minor)


async def weekly_hours(db: Database, provider: UUID, clinic: UUID, start: int = 9 * 60, end: int = 17 * 60) -> None:
    """The same hours on all seven days, so that no test depends on the weekday it runs on."""
    for weekday in range(7):
        await _row(
            db,
            WeeklyHours,
            provider_id=provider,
            clinic_id=clinic,
            weekday=weekday,
            start_minute=start,
            end_minute=end,
        )


def at(organised: Organised, days: int, hour: int, minute: int = 0, zone: str = "America/New_York") -> datetime:
    """A wall-clock time so many days from today, in the clinic's zone."""
    day: date = organised.now.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    return datetime.combine(day, time(hour, minute), tzinfo=ZoneInfo(zone))
