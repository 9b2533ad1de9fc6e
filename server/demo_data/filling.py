"""Put the demo's organisation into an empty database, in one transaction, and tell it where the sample website is."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.actions import promising
from server.actions.signing_in import hashed
from server.config import Settings
from server.db.sealing import Seals
from server.db.session import Database
from server.db.tables import (
    Appointment,
    Claim,
    Clinic,
    Event,
    EventCursor,
    Job,
    LedgerEntry,
    Message,
    Offering,
    Patient,
    Payment,
    Provider,
    Refund,
    Resource,
    Service,
    TextOptOut,
    TimeOff,
    User,
    VideoMeeting,
    WeeklyHours,
)
from server.db.tables.events import Xid8
from server.db.tables.sandbox import (
    SandboxEmail,
    SandboxMeeting,
    SandboxStripeObject,
    SandboxText,
    SandboxTextOptOut,
)
from server.demo_data.chance import chance, identifier
from server.demo_data.history import tell_all
from server.demo_data.organisation import Organisation, Values
from server.demo_data.people import Person, Trouble, everybody
from server.demo_data.schedule import wanted_visits
from server.demo_data.world import Rows, World
from server.domain.links import Links
from shared.schemas.enums import EventKind

PASSWORD = "frontdesk-demo"  # noqa: S105 (printed by the demo for everybody to use)
EMBEDDING_CLINIC = "harbor"
_OPEN_FOR = timedelta(days=400)


async def fill(database_url: str, seed: int, links: Links | None = None) -> None:
    """Fill a migrated, empty database. The same seed on the same day gives the same organisation.

    `links` go into the messages of the last days, and their keyring seals notes; default: those of the environment's
    settings. Raises RuntimeError when there is a clinic already.
    """
    settings = Settings.from_environment()
    links = links or Links(settings.public_url, settings.keyring)
    password_hash = await hashed(PASSWORD)
    db = Database(database_url, pool_size=2)
    try:
        async with db.write.begin() as connection:
            if await connection.scalar(select(Clinic.id).limit(1)) is not None:
                raise RuntimeError("the database has clinics already; the demo's data is for an empty one")
            now: datetime = (await connection.execute(select(func.frontdesk_now()))).scalar_one()
            organisation = Organisation(seed, now - _OPEN_FOR)
            people = everybody(seed)
            await _add_organisation(connection, organisation, people, password_hash, settings.port, now)
            rows = Rows()
            tell_all(World(organisation, links, Seals(links.keyring), now), rows, wanted_visits(seed, people, now))
            await _add_history(connection, rows)
            await _add_opt_outs(connection, people, organisation.opened)
            await _add_wanted_meetings(connection, rows, seed, now)
            await _skip_history(connection)
    finally:
        await db.close()


def sample_website_origins(port: int) -> list[str]:
    """Where the demo's sample website is when the server listens on `port`."""
    return [f"http://localhost:{port + 1}", f"http://127.0.0.1:{port + 1}"]


async def register_sample_website(database_url: str, origins: Sequence[str]) -> None:
    """Let these websites embed the booking page of the demo's first clinic, and no longer those of another start."""
    db = Database(database_url, pool_size=2)
    try:
        async with db.write.begin() as connection:
            changed = update(Clinic).where(Clinic.slug == EMBEDDING_CLINIC)
            await connection.execute(changed.values(origins=list(origins)))
    finally:
        await db.close()


async def _add_organisation(
    connection: AsyncConnection,
    organisation: Organisation,
    people: list[Person],
    password_hash: str,
    port: int,
    now: datetime,
) -> None:
    await _add(connection, Clinic, organisation.clinics({EMBEDDING_CLINIC: sample_website_origins(port)}))
    await _add(connection, Service, organisation.services())
    await _add(connection, Resource, organisation.resources())
    await _add(connection, Provider, organisation.providers())
    await _add(connection, Offering, organisation.offerings())
    await _add(connection, WeeklyHours, organisation.weekly_hours())
    await _add(connection, TimeOff, organisation.time_off(now))
    await _add(connection, User, organisation.users(password_hash))
    patients = [
        {
            "id": organisation.id(f"patient {person.key}"),
            "first_name": person.first_name,
            "last_name": person.last_name,
            "email": person.email,
            "mobile": person.mobile,
            "created_at": organisation.opened,
        }
        for person in people
    ]
    await _add(connection, Patient, patients)


async def _add_history(connection: AsyncConnection, rows: Rows) -> None:
    tables: tuple[tuple[Any, list[Values]], ...] = (
        (Appointment, rows.appointments),
        (Claim, rows.claims),
        (Payment, rows.payments),
        (Refund, rows.refunds),
        (LedgerEntry, rows.ledger),
        (Message, rows.messages),
        (Event, rows.events),
        (VideoMeeting, rows.meetings),
        (SandboxMeeting, rows.sandbox_meetings),
        (SandboxStripeObject, sorted(rows.sandbox_stripe_objects, key=lambda kept: kept["created_at"])),
        (SandboxEmail, rows.sandbox_emails),
        (SandboxText, sorted(rows.sandbox_texts, key=lambda kept: kept["created_at"])),
    )
    for table, values in tables:
        await _add(connection, table, values)


async def _add_opt_outs(connection: AsyncConnection, people: Iterable[Person], at: datetime) -> None:
    stopped = [person.mobile for person in people if person.trouble is Trouble.STOPPED]
    await _add(connection, TextOptOut, [{"mobile": mobile, "source": "answered STOP", "at": at} for mobile in stopped])
    await _add(connection, SandboxTextOptOut, [{"mobile": mobile} for mobile in stopped])


async def _add_wanted_meetings(connection: AsyncConnection, rows: Rows, seed: int, now: datetime) -> None:
    """Jobs that make the meetings of remote visits to come, each a week before its visit."""
    wanted = rows.meetings_wanted
    confirmed = (EventKind.APPOINTMENT_PAID, EventKind.APPOINTMENT_CONFIRMED)
    events = await connection.execute(
        select(Event.seq, Event.appointment_id).where(Event.appointment_id.in_(wanted), Event.kind.in_(confirmed))
    )
    jobs = [
        {
            "id": identifier(chance(seed, "meeting", event.seq), now),
            "event_seq": event.seq,
            "name": "make_meeting",
            "appointment_id": event.appointment_id,
            "due_at": wanted[event.appointment_id],
        }
        for event in events
    ]
    await _add(connection, Job, jobs)


async def _skip_history(connection: AsyncConnection) -> None:
    """What happened before the demo has had its consequences: the dispatcher begins after it."""
    newest = (await connection.execute(select(func.max(Event.seq)))).scalar_one()
    xid: ColumnElement[int] = literal_column("pg_current_xact_id()", Xid8())
    await connection.execute(insert(EventCursor).values(reader=promising.READER, xid=xid, seq=newest))


async def _add(connection: AsyncConnection, table: Any, rows: list[Values]) -> None:
    if rows:
        await connection.execute(insert(table), rows)
