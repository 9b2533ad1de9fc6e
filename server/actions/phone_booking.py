"""Book a caller in: the rules of the web, in one step, with what the desk decides about payment."""

from uuid import UUID

import msgspec
from sqlalchemy import select

from server.actions.confirming import confirm_in
from server.actions.contacts import email_address, mobile_number, person_name
from server.actions.detailing import Details, detail_in
from server.actions.holding import Held, hold_in, holding
from server.actions.refunding import staff_actor
from server.db.session import Database
from server.db.tables import Appointment, Clinic
from server.db.unit_of_work import Once, Work
from server.domain.errors import InvalidInputError, NotFoundError
from server.domain.permissions import Viewer
from server.gateways.payments import PaymentProcessor
from shared.schemas.appointments import PhoneBookingRequest
from shared.schemas.booking import HoldRequest
from shared.schemas.enums import BookingSource, EventKind, PhonePayment, Verb


async def book_by_phone(
    db: Database,
    payments: PaymentProcessor,
    viewer: Viewer,
    request: PhoneBookingRequest,
    *,
    pay_link_minutes: int,
    once: Once | None = None,
) -> UUID:
    """The new appointment's id: confirmed when it is paid at the clinic or free, else waiting for its pay link.

    Raises what `hold_slot` and `give_details` raise; nothing is kept then, not even the slot.
    """
    viewer.require(Verb.BOOK_APPOINTMENT)
    slot = HoldRequest(
        service_id=request.service_id,
        provider_id=request.provider_id,
        start=request.start,
    )

    async def book(work: Work) -> Held:
        clinic = (
            await work.connection.execute(select(Clinic.country, Clinic.languages).where(Clinic.slug == request.clinic))
        ).one_or_none()
        if clinic is None:
            raise NotFoundError("There is no such clinic.")
        details = _checked(request, clinic.country, clinic.languages[0])
        held = await hold_in(
            work,
            request.clinic,
            slot,
            source=BookingSource.PHONE,
            minutes=pay_link_minutes,
        )
        await detail_in(work, db.seals, held.appointment_id, details)
        total, clinic_id = (
            await work.connection.execute(
                select(Appointment.total_minor, Appointment.clinic_id).where(Appointment.id == held.appointment_id)
            )
        ).one()
        if request.payment is PhonePayment.AT_CLINIC or total == 0:
            await confirm_in(work, held.appointment_id, EventKind.APPOINTMENT_CONFIRMED)
        else:
            work.record(
                EventKind.PAY_LINK_REQUESTED,
                appointment_id=held.appointment_id,
                clinic_id=clinic_id,
                after={"expires_at": held.expires_at.isoformat()},
            )
        await work.remember(msgspec.to_builtins(held))
        return held

    held = await holding(db, payments, request.clinic, slot, staff_actor(viewer), once, book)
    return held.appointment_id


def _checked(request: PhoneBookingRequest, country: str, language: str) -> Details:
    first_name, last_name = (
        person_name(request.first_name),
        person_name(request.last_name),
    )
    for field, name in (("first_name", first_name), ("last_name", last_name)):
        if not name:
            raise InvalidInputError("A name is missing.", next_step="Enter the name.", field=field)
    return Details(
        first_name=first_name,
        last_name=last_name,
        email=None if request.email is None else email_address(request.email),
        mobile=mobile_number(request.mobile, country),
        sms_consent=request.sms_consent,
        consent_source="spoken on the phone",
        note=request.note,
        language=language,
        time_zone=None,
    )
