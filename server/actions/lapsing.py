"""What has run out: end a hold whose time is over, free what such holds keep, take a freed time once more.

Inside a unit of work, and rows only: what has to be ended at the processor first is left to the caller.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import Range

from server.actions.claims import claim, claimed_range, free_time
from server.db.tables import Appointment, Claim, Payment, Service
from server.db.unit_of_work import Work
from server.domain.availability import ServiceRules
from server.domain.transitions import APPOINTMENT, PAYMENT, AppointmentVerb, PaymentVerb, sources
from shared.schemas.enums import AppointmentStatus, CancellationCause, EventKind

_OPEN = sources(PAYMENT, PaymentVerb.CANCEL)


async def free_lapsed(work: Work, resource_id: UUID, during: Range[datetime]) -> list[UUID]:
    """Expire holds in the way that have run out. Returns those that must be ended at the processor first."""
    payment_open = exists().where(Payment.appointment_id == Claim.appointment_id, Payment.status.in_(_OPEN))
    in_the_way = (
        await work.connection.execute(
            select(Claim.appointment_id, payment_open.label("payment_open"))
            .where(
                Claim.resource_id == resource_id,
                Claim.during.overlaps(during),
                Claim.expires_at <= work.now,
            )
            # One order for all: two who free the same holds must not lock them crosswise.
            .order_by(Claim.appointment_id)
        )
    ).all()
    for row in in_the_way:
        if not row.payment_open:
            await end_hold(work, row.appointment_id, AppointmentVerb.EXPIRE)
    return [row.appointment_id for row in in_the_way if row.payment_open]


async def end_hold(work: Work, appointment_id: UUID, verb: AppointmentVerb) -> bool:
    """Cancel an unsettled appointment and free its time. False when it is settled, or (expiring) not yet due."""
    cause = CancellationCause.HOLD_EXPIRED if verb is AppointmentVerb.EXPIRE else CancellationCause.RELEASED
    statement = (
        update(Appointment)
        .where(
            Appointment.id == appointment_id,
            Appointment.status.in_(sources(APPOINTMENT, verb)),
        )
        .values(
            status=AppointmentStatus.CANCELED,
            expires_at=None,
            canceled_at=work.now,
            canceled_by=work.actor.name,
            cancellation_cause=cause,
        )
        .returning(Appointment.clinic_id)
    )
    if verb is AppointmentVerb.EXPIRE:
        statement = statement.where(Appointment.expires_at <= work.now)
    clinic_id = (await work.connection.execute(statement)).scalar_one_or_none()
    if clinic_id is None:
        return False
    await free_time(work, appointment_id)
    work.record(
        EventKind.HOLD_EXPIRED if verb is AppointmentVerb.EXPIRE else EventKind.HOLD_RELEASED,
        appointment_id=appointment_id,
        clinic_id=clinic_id,
        after={"status": AppointmentStatus.CANCELED, "cause": cause},
    )
    return True


async def claim_again(work: Work, appointment_id: UUID) -> bool:
    """Take an appointment's own time anew after it had been freed. False when somebody else has it now."""
    row = (
        await work.connection.execute(
            select(
                Appointment.provider_id,
                Appointment.starts_at,
                Service.duration_minutes,
                Service.prep_minutes,
                Service.wrap_minutes,
            )
            .join(Service, Service.id == Appointment.service_id)
            .where(Appointment.id == appointment_id)
        )
    ).one()
    rules = ServiceRules(
        row.duration_minutes,
        row.prep_minutes,
        row.wrap_minutes,
        grid=5,
        notice=0,
        horizon_days=1,
    )
    during = claimed_range(rules, row.starts_at)
    await free_lapsed(work, row.provider_id, during)
    return await claim(work, row.provider_id, appointment_id, during, None)
