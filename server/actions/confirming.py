"""A hold becomes a visit. Called inside the transaction of whatever settled it: a payment, a free price, the desk."""

from uuid import UUID

from sqlalchemy import update

from server.actions.claims import settle_claims
from server.db.tables import Appointment
from server.db.unit_of_work import Work
from server.domain.errors import WrongStateError
from server.domain.transitions import APPOINTMENT, AppointmentVerb, sources
from shared.schemas.enums import AppointmentStatus, EventKind


async def confirm_in(
    work: Work,
    appointment_id: UUID,
    event: EventKind,
    after: dict[str, object] | None = None,
) -> None:
    """Confirm, stop the clock of the hold, and say so with `event`. Raises WrongStateError when it is not waiting."""
    clinic_id = (
        await work.connection.execute(
            update(Appointment)
            .where(
                Appointment.id == appointment_id,
                Appointment.status.in_(sources(APPOINTMENT, AppointmentVerb.CONFIRM)),
            )
            .values(status=AppointmentStatus.CONFIRMED, expires_at=None)
            .returning(Appointment.clinic_id)
        )
    ).scalar_one_or_none()
    if clinic_id is None:
        raise WrongStateError
    await settle_claims(work, appointment_id)
    work.record(
        event,
        appointment_id=appointment_id,
        clinic_id=clinic_id,
        before={"status": AppointmentStatus.PENDING_PAYMENT},
        after={"status": AppointmentStatus.CONFIRMED, **(after or {})},
    )
