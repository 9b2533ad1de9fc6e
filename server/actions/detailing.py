"""Who is coming: contact, consent and note are written on a hold, which then waits for its payment."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy import Row, func, insert, select, update

from server.actions.confirming import confirm_in
from server.actions.contacts import email_address, mobile_number, person_name
from server.db.ids import new_id
from server.db.sealing import Seals, note_row
from server.db.session import Database
from server.db.tables import Appointment, Clinic, Patient
from server.db.unit_of_work import PATIENT, Work, unit_of_work
from server.domain.consent import CONSENT_VERSION
from server.domain.errors import (
    ConsentRequiredError,
    HoldExpiredError,
    InvalidInputError,
    NotFoundError,
    WrongStateError,
)
from server.domain.transitions import APPOINTMENT, AppointmentVerb, move
from shared.schemas.booking import DetailsRequest
from shared.schemas.enums import AppointmentStatus, CancellationCause, EventKind

_ZONES = frozenset(available_timezones())


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Checked and normalised. `email` may be missing for a caller; a web booking always has one."""

    first_name: str
    last_name: str
    email: str | None
    mobile: str
    sms_consent: bool
    consent_source: str
    note: str | None
    language: str
    time_zone: str | None


async def give_details(db: Database, appointment_id: UUID, request: DetailsRequest) -> None:
    """Write the patient's details on the hold; with nothing to pay, the appointment is confirmed at once.

    Can be repeated to correct a mistake until it is paid. Raises HoldExpiredError, ConsentRequiredError,
    InvalidMobileError, InvalidEmailError, WrongStateError; nothing is written then.
    """
    if not request.sms_consent:
        raise ConsentRequiredError(field="sms_consent")
    async with unit_of_work(db, PATIENT) as work:
        row = await _waiting(work, appointment_id)
        details = Details(
            first_name=_named(request.first_name, "first_name"),
            last_name=_named(request.last_name, "last_name"),
            email=email_address(request.email),
            mobile=mobile_number(request.mobile, row.country),
            sms_consent=True,
            consent_source="booking page",
            note=request.note,
            language=_language(request.language, row.languages),
            time_zone=_known_zone(request.time_zone),
        )
        await detail_in(work, db.seals, appointment_id, details)
        if row.total_minor == 0:
            await confirm_in(work, appointment_id, EventKind.APPOINTMENT_CONFIRMED)


async def _waiting(work: Work, appointment_id: UUID) -> Row[*tuple[Any, ...]]:
    """The hold, locked. Raises HoldExpiredError once it has run out."""
    row = (
        await work.connection.execute(
            select(
                Appointment.status,
                Appointment.expires_at,
                Appointment.cancellation_cause,
                Appointment.total_minor,
                Clinic.country,
                Clinic.languages,
            )
            .join(Clinic, Clinic.id == Appointment.clinic_id)
            .where(Appointment.id == appointment_id)
            .with_for_update(of=Appointment)
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError
    if row.cancellation_cause == CancellationCause.HOLD_EXPIRED:
        raise HoldExpiredError
    move(APPOINTMENT, AppointmentStatus(row.status), AppointmentVerb.DETAIL)
    if row.expires_at <= work.now:
        raise HoldExpiredError
    return row


def _language(wanted: str | None, offered: list[str]) -> str:
    return wanted if wanted is not None and wanted in offered else offered[0]


def _known_zone(told: str | None) -> str | None:
    """The browser's zone, if we know it too. An unknown one costs a line in the mail, not the booking."""
    return told if told in _ZONES else None


def _named(typed: str, field: str) -> str:
    name = person_name(typed)
    if not name:
        raise InvalidInputError("A name is missing.", next_step="Enter the name.", field=field)
    return name


async def detail_in(work: Work, seals: Seals, appointment_id: UUID, details: Details) -> None:
    """The inner part: patient found or added, contact snapshotted, status moved on."""
    patient_id = await _patient(work, details)
    row = (
        await work.connection.execute(
            update(Appointment)
            .where(
                Appointment.id == appointment_id,
                Appointment.status.in_([AppointmentStatus.DRAFT, AppointmentStatus.PENDING_PAYMENT]),
            )
            .values(
                status=AppointmentStatus.PENDING_PAYMENT,
                patient_id=patient_id,
                first_name=details.first_name,
                last_name=details.last_name,
                email=details.email,
                mobile=details.mobile,
                sms_consent=details.sms_consent,
                consent_version=CONSENT_VERSION if details.sms_consent else None,
                consent_at=work.now if details.sms_consent else None,
                consent_source=details.consent_source if details.sms_consent else None,
                note=None if details.note is None else seals.seal(details.note, note_row(appointment_id)),
                language=details.language,
                patient_time_zone=details.time_zone,
                search=func.lower(Appointment.reference).concat(
                    f" {details.first_name} {details.last_name} {details.email or ''} {details.mobile}".lower()
                ),
            )
            .returning(Appointment.clinic_id)
        )
    ).one_or_none()
    if row is None:
        raise WrongStateError
    work.record(
        EventKind.APPOINTMENT_DETAILED,
        appointment_id=appointment_id,
        clinic_id=row.clinic_id,
        after={
            "status": AppointmentStatus.PENDING_PAYMENT,
            "sms_consent": details.sms_consent,
        },
    )


async def _patient(work: Work, details: Details) -> UUID:
    """The patient with exactly this name and contact, or a new one.

    Families share an e-mail and a number: a contact alone never makes two people one.
    """
    known = (
        await work.connection.execute(
            select(Patient.id)
            .where(
                func.lower(Patient.first_name) == details.first_name.lower(),
                func.lower(Patient.last_name) == details.last_name.lower(),
                Patient.email.is_not_distinct_from(details.email),
                Patient.mobile == details.mobile,
            )
            .order_by(Patient.created_at)
            .limit(1)
        )
    ).scalar_one_or_none()
    if known is not None:
        return known
    patient_id = new_id()
    await work.connection.execute(
        insert(Patient).values(
            id=patient_id,
            first_name=details.first_name,
            last_name=details.last_name,
            email=details.email,
            mobile=details.mobile,
        )
    )
    return patient_id
