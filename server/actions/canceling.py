"""Cancel an appointment, and decide about its money: two decisions, one transaction."""

from uuid import UUID

from sqlalchemy import select, update

from server.actions.claims import free_time
from server.actions.paying import Closing, close_open_payment
from server.actions.refunding import refund_appointment_in, staff_actor
from server.db.session import Database
from server.db.tables import Appointment
from server.db.unit_of_work import unit_of_work
from server.domain.errors import GatewayTroubleError, NotFoundError, WrongStateError
from server.domain.permissions import Viewer
from server.domain.transitions import APPOINTMENT, AppointmentVerb, move
from server.gateways.errors import GatewayError
from server.gateways.payments import PaymentProcessor
from shared.schemas.appointments import CancelRequest
from shared.schemas.enums import AppointmentStatus, CancellationCause, EventKind, Verb


async def cancel_appointment(
    db: Database,
    payments: PaymentProcessor,
    viewer: Viewer,
    appointment_id: UUID,
    request: CancelRequest,
) -> None:
    """Cancel, free the time, and promise the refund if one is asked for.

    An unpaid appointment's open payment is ended at the processor first: nobody can pay for a canceled visit. If it
    turns out to be paid, whoever decided to keep nothing or to refund nothing did not know: they decide again.
    Raises WrongStateError, RefundTooLargeError (nothing is canceled then), NotFoundError, ForbiddenError,
    GatewayTroubleError.
    """
    viewer.require(Verb.CANCEL_APPOINTMENT)
    if request.refund_minor:
        viewer.require(Verb.REFUND_PAYMENT)
    try:
        closing = await close_open_payment(db, payments, appointment_id)
    except GatewayError as error:
        raise GatewayTroubleError from error
    if closing is Closing.PAID:
        raise WrongStateError(
            "The patient has paid a moment ago; nothing was canceled.",
            next_step="Reload, then decide about the money too.",
        )
    async with unit_of_work(db, staff_actor(viewer)) as work:
        row = (
            await work.connection.execute(
                select(Appointment.status, Appointment.clinic_id)
                .where(Appointment.id == appointment_id)
                .with_for_update()
            )
        ).one_or_none()
        if row is None:
            raise NotFoundError("There is no such appointment.")
        status = move(APPOINTMENT, AppointmentStatus(row.status), AppointmentVerb.CANCEL)
        await work.connection.execute(
            update(Appointment)
            .where(Appointment.id == appointment_id)
            .values(
                status=status,
                expires_at=None,
                canceled_at=work.now,
                canceled_by=work.actor.name,
                cancellation_cause=CancellationCause.STAFF,
                cancellation_reason=request.reason,
            )
        )
        await free_time(work, appointment_id)
        work.record(
            EventKind.APPOINTMENT_CANCELED,
            appointment_id=appointment_id,
            clinic_id=row.clinic_id,
            before={"status": row.status},
            after={
                "status": status,
                "reason": request.reason,
                "refund_minor": request.refund_minor,
            },
        )
        if request.refund_minor:
            await refund_appointment_in(work, appointment_id, request.refund_minor, request.reason)
