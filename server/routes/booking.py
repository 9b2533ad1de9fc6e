"""The public booking API: what the widget calls. No sign-in; a visit is reached by its token. Rate limited."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter, SkipValidation

from server.actions import detailing, holding, messaging, paying
from server.config import Settings
from server.db.reads import booking as reads
from server.db.reads import visits
from server.db.session import Database
from server.db.unit_of_work import PATIENT
from server.domain.links import Links
from server.gateways.payments import PaymentProcessor
from server.routes.idempotency import once
from server.routes.rate_limit import limited
from shared.schemas.booking import (
    ClinicProfile,
    DetailsRequest,
    Hold,
    HoldRequest,
    PaymentStep,
    ResendReceipt,
    SlotList,
    VisitView,
)

Db = NamedDependency[SkipValidation[Database]]
Config = NamedDependency[SkipValidation[Settings]]
Processor = NamedDependency[SkipValidation[PaymentProcessor]]
LinkMaker = NamedDependency[SkipValidation[Links]]


@get("/{clinic:str}", guards=[limited("reads")])
async def read_clinic(clinic: FromPath[str], db: Db, settings: Config) -> ClinicProfile:
    return await reads.clinic_profile(db, clinic, hold_minutes=settings.hold_minutes)


@get("/{clinic:str}/slots", guards=[limited("reads")])
async def read_slots(
    clinic: FromPath[str],
    db: Db,
    service_id: Annotated[UUID, QueryParameter(name="service_id")],
    from_day: Annotated[date, QueryParameter(name="from")],
    to_day: Annotated[date | None, QueryParameter(name="to")] = None,
    provider_id: Annotated[UUID | None, QueryParameter(name="provider_id")] = None,
) -> SlotList:
    """Open slots on the clinic's days from ≤ day < to; without `to` two weeks."""
    last = to_day or min(from_day, date.max - timedelta(days=14)) + timedelta(days=14)
    return await reads.open_slots(
        db,
        clinic,
        service_id=service_id,
        provider_id=provider_id,
        from_day=from_day,
        to_day=last,
    )


@post("/{clinic:str}/holds", guards=[limited("writes")])
async def create_hold(
    clinic: FromPath[str],
    data: JSONBody[HoldRequest],
    db: Db,
    payments: Processor,
    links: LinkMaker,
    settings: Config,
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Hold:
    held = await holding.hold_slot(
        db,
        payments,
        clinic,
        data,
        actor=PATIENT,
        minutes=settings.hold_minutes,
        once=once(f"hold:{clinic}", idempotency_key, data),
    )
    return Hold(
        appointment_id=held.appointment_id,
        reference=held.reference,
        token=links.token(held.appointment_id, 0),
        status=held.status,
        expires_at=held.expires_at,
        provider_id=held.provider_id,
        start=held.start,
        end=held.end,
    )


@put("/appointments/{token:str}/details", guards=[limited("writes")])
async def put_details(token: FromPath[str], data: JSONBody[DetailsRequest], db: Db, links: LinkMaker) -> VisitView:
    appointment_id = await visits.appointment_of(db, links, token)
    await detailing.give_details(db, appointment_id, data)
    return await visits.visit_view(db, links, appointment_id)


@post("/appointments/{token:str}/payment", guards=[limited("writes")], status_code=200)
async def create_payment(token: FromPath[str], db: Db, payments: Processor, links: LinkMaker) -> PaymentStep:
    appointment_id = await visits.appointment_of(db, links, token)
    visit = await visits.visit_view(db, links, appointment_id)
    return await paying.start_payment(
        db,
        payments,
        appointment_id,
        return_url=f"{links.book(visit.clinic_slug)}/visit/{token}",
    )


@get("/appointments/{token:str}", guards=[limited("reads")])
async def read_visit(token: FromPath[str], db: Db, links: LinkMaker) -> VisitView:
    return await visits.visit_view(db, links, await visits.appointment_of(db, links, token))


@delete("/appointments/{token:str}/hold", guards=[limited("writes")])
async def release_hold(token: FromPath[str], db: Db, payments: Processor, links: LinkMaker) -> None:
    """The patient lets the time go. A visit that is settled already stays as it is."""
    appointment_id = await visits.appointment_of(db, links, token)
    await holding.release_hold(db, payments, appointment_id, PATIENT)


@post("/appointments/{token:str}/resend", guards=[limited("writes")], status_code=202)
async def resend(token: FromPath[str], db: Db, links: LinkMaker) -> ResendReceipt:
    appointment_id = await visits.appointment_of(db, links, token)
    return ResendReceipt(queued=await messaging.resend_by_patient(db, appointment_id))


router = Router(
    path="/api/booking",
    route_handlers=[
        read_clinic,
        read_slots,
        create_hold,
        put_details,
        create_payment,
        read_visit,
        release_hold,
        resend,
    ],
    tags=["booking"],
)
