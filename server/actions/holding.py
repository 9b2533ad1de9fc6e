"""Hold a slot, let it go, let it lapse. The only way in which time is taken: web, phone, and what comes later."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert

from server.actions.claims import claim, claimed_range
from server.actions.lapsing import end_hold, free_lapsed
from server.actions.paying import Closing, close_open_payment
from server.db.ids import new_id, new_reference
from server.db.reads.calendars import bookable
from server.db.session import Database
from server.db.tables import Appointment
from server.db.unit_of_work import SYSTEM, Actor, AlreadyDone, Once, Work, unit_of_work
from server.domain.availability import minute_of, moment_of
from server.domain.calendars import Bookable, Calendar, nearest
from server.domain.errors import (
    Alternative,
    GatewayTroubleError,
    SlotNotOfferedError,
    SlotTakenError,
)
from server.domain.transitions import AppointmentVerb
from server.gateways.errors import GatewayError
from server.gateways.payments import PaymentProcessor
from shared.schemas.booking import HoldRequest
from shared.schemas.enums import (
    AppointmentStatus,
    BookingSource,
    EventKind,
)

log = structlog.get_logger()

ALTERNATIVE_DAYS = 7


class Held(msgspec.Struct, frozen=True):
    """A slot that is ours until `expires_at`."""

    appointment_id: UUID
    reference: str
    status: AppointmentStatus
    provider_id: UUID
    start: datetime
    end: datetime
    expires_at: datetime


class _LapsedPayments(Exception):
    """Expired holds stand in the way whose payment may still succeed: it must be ended at the processor first."""

    def __init__(self, appointment_ids: Sequence[UUID]) -> None:
        super().__init__("expired holds with open payments stand in the way")
        self.appointment_ids = tuple(appointment_ids)


async def hold_slot(
    db: Database,
    payments: PaymentProcessor,
    slug: str,
    request: HoldRequest,
    *,
    actor: Actor,
    minutes: int,
    once: Once | None = None,
) -> Held:
    """Take the slot for `minutes`. With no provider named, the first one who is free at that time.

    Raises SlotNotOfferedError for a start that the search would never show, SlotTakenError when somebody was
    quicker; both carry the nearest alternatives. NotFoundError when the service is not offered there.
    """

    async def hold(work: Work) -> Held:
        held = await hold_in(work, slug, request, source=BookingSource.WEB, minutes=minutes)
        await work.remember(msgspec.to_builtins(held))
        return held

    return await holding(db, payments, slug, request, actor, once, hold)


async def holding(
    db: Database,
    payments: PaymentProcessor,
    slug: str,
    request: HoldRequest,
    actor: Actor,
    once: Once | None,
    book: Callable[[Work], Awaitable[Held]],
) -> Held:
    """Run `book` in one unit of work; end lapsed payments in its way and run it again; explain a loss."""
    for _ in range(3):
        try:
            async with unit_of_work(db, actor, once=once) as work:
                return await book(work)
        except AlreadyDone as done:
            return msgspec.convert(done.response, Held)
        except _LapsedPayments as lapsed:
            if not await _end_lapsed(db, payments, lapsed.appointment_ids):
                break
        except SlotTakenError as error:
            raise type(error)(await _alternatives(db, slug, request)) from None
    raise SlotTakenError(await _alternatives(db, slug, request))


async def _end_lapsed(db: Database, payments: PaymentProcessor, appointment_ids: Sequence[UUID]) -> bool:
    """False when the processor cannot be asked: then the time counts as taken, for now."""
    try:
        for appointment_id in appointment_ids:
            await expire_hold(db, payments, appointment_id)
    except GatewayTroubleError:
        return False
    return True


async def hold_in(work: Work, slug: str, request: HoldRequest, *, source: BookingSource, minutes: int) -> Held:
    """The inner part of `hold_slot`, for actions that do more in the same transaction."""
    if not work.now - timedelta(days=1) <= request.start <= work.now + timedelta(days=800):
        raise SlotNotOfferedError
    day = request.start.date()
    offer = await bookable(
        work.connection,
        slug=slug,
        service_id=request.service_id,
        provider_id=request.provider_id,
        first=day - timedelta(days=1),
        until=day + timedelta(days=2),
        now=work.now,
    )
    candidates = offer.open_at(request.start, work.now)
    if not candidates:
        raise (SlotTakenError if offer.offered_at(request.start, work.now) else SlotNotOfferedError)
    appointment_id = new_id()
    expires_at = work.now + timedelta(minutes=minutes)
    during = claimed_range(offer.rules, request.start)
    lapsed: list[UUID] = []
    for calendar in candidates:
        lapsed += await free_lapsed(work, calendar.provider_id, during)
        if await claim(work, calendar.provider_id, appointment_id, during, expires_at):
            start = request.start.astimezone(offer.zone)
            return await _insert_draft(
                work,
                appointment_id,
                start,
                expires_at,
                offer=offer,
                calendar=calendar,
                source=source,
            )
    if lapsed:
        raise _LapsedPayments(lapsed)
    raise SlotTakenError


async def _insert_draft(
    work: Work,
    appointment_id: UUID,
    start: datetime,
    expires_at: datetime,
    *,
    offer: Bookable,
    calendar: Calendar,
    source: BookingSource,
) -> Held:
    end = moment_of(minute_of(start) + offer.rules.duration).astimezone(offer.zone)
    values = {
        "id": appointment_id,
        "clinic_id": offer.clinic_id,
        "service_id": offer.service_id,
        "provider_id": calendar.provider_id,
        "status": AppointmentStatus.DRAFT,
        "source": source,
        "starts_at": start,
        "ends_at": end,
        "day": start.date(),
        "expires_at": expires_at,
        "currency": offer.currency,
        "price_minor": calendar.price_minor,
        "total_minor": calendar.price_minor,
    }
    for _ in range(8):  # a reference may be in use already: rare, but not never
        reference = new_reference()
        taken = await work.connection.execute(
            postgres_insert(Appointment)
            .values(**values, reference=reference, search=reference.lower())
            .on_conflict_do_nothing(index_elements=[Appointment.reference])
            .returning(Appointment.id)
        )
        if taken.scalar_one_or_none() is not None:
            break
    else:
        raise RuntimeError("no unused reference was found in eight tries")
    work.record(
        EventKind.APPOINTMENT_CREATED,
        appointment_id=appointment_id,
        clinic_id=offer.clinic_id,
        after={
            "status": AppointmentStatus.DRAFT,
            "start": start.isoformat(),
            "source": source,
        },
    )
    return Held(
        appointment_id=appointment_id,
        reference=reference,
        status=AppointmentStatus.DRAFT,
        provider_id=calendar.provider_id,
        start=start,
        end=end,
        expires_at=expires_at,
    )


async def expire_hold(db: Database, payments: PaymentProcessor, appointment_id: UUID) -> None:
    """End a hold that has run out: its payment at the processor first, then the hold.

    A payment that turns out to have succeeded confirms the appointment instead. While the processor cannot be
    reached the hold stays (GatewayTroubleError), so that nobody pays for a time that somebody else was given.
    """
    await _end_with_payment(db, payments, appointment_id, AppointmentVerb.EXPIRE, SYSTEM)


async def release_hold(db: Database, payments: PaymentProcessor, appointment_id: UUID, actor: Actor) -> None:
    """The patient lets go of a time that is not settled yet. A settled one stays as it is."""
    await _end_with_payment(db, payments, appointment_id, AppointmentVerb.RELEASE, actor)


async def _end_with_payment(
    db: Database,
    payments: PaymentProcessor,
    appointment_id: UUID,
    verb: AppointmentVerb,
    actor: Actor,
) -> None:
    try:
        closing = await close_open_payment(db, payments, appointment_id)
    except GatewayError as error:
        log.warning("hold_kept", appointment_id=str(appointment_id), error=error.code)
        raise GatewayTroubleError from error
    if closing is not Closing.PAID:
        async with unit_of_work(db, actor) as work:
            await end_hold(work, appointment_id, verb)


async def lapsed_holds(db: Database, limit: int = 100) -> list[UUID]:
    """Holds that have run out, longest first: what the sweep goes through."""
    async with db.read.connect() as connection:
        rows = await connection.execute(
            select(Appointment.id)
            .where(Appointment.expires_at <= func.frontdesk_now())
            .order_by(Appointment.expires_at)
            .limit(limit)
        )
        return list(rows.scalars())


async def _alternatives(db: Database, slug: str, request: HoldRequest) -> list[Alternative]:
    """The three open times nearest to the one that was not to be had."""
    async with db.read.connect() as connection:
        now = (await connection.execute(select(func.frontdesk_now()))).scalar_one()
        wanted = min(max(request.start, now), now + timedelta(days=365))
        first, until = (
            wanted.date() - timedelta(days=1),
            wanted.date() + timedelta(days=ALTERNATIVE_DAYS),
        )
        offer = await bookable(
            connection,
            slug=slug,
            service_id=request.service_id,
            provider_id=request.provider_id,
            first=first,
            until=until,
            now=now,
        )
    return nearest(offer.slots(first, until, now), wanted)
