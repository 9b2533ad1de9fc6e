"""Give money back: a refund is a row first, then the processor is asked, and it is done when the processor says so."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update

from server.actions.bookkeeping import post
from server.db.ids import new_id
from server.db.session import Database
from server.db.tables import Appointment, Payment, Refund
from server.db.unit_of_work import Actor, AlreadyDone, Once, Work, unit_of_work
from server.domain.errors import NotFoundError, RefundTooLargeError
from server.domain.ledger import EntryKind, refund
from server.domain.permissions import Viewer
from server.domain.pricing import refundable
from server.domain.transitions import PAYMENT, REFUND, PaymentVerb, RefundVerb, move, sources
from server.gateways.errors import GatewayRefusedError
from server.gateways.payments import (
    PaymentProcessor,
    ProcessorRefund,
    ProcessorRefundStatus,
)
from shared.schemas.appointments import RefundRequest
from shared.schemas.enums import ActorKind, EventKind, PaymentStatus, RefundStatus, Verb


async def request_refund(
    db: Database,
    viewer: Viewer,
    appointment_id: UUID,
    request: RefundRequest,
    *,
    once: Once | None = None,
) -> None:
    """Promise a refund of the appointment's payment. Raises RefundTooLargeError, NotFoundError, ForbiddenError."""
    viewer.require(Verb.REFUND_PAYMENT)
    try:
        async with unit_of_work(db, staff_actor(viewer), once=once) as work:
            await refund_appointment_in(work, appointment_id, request.amount_minor, request.reason)
            await work.remember({"refunded": request.amount_minor})
    except AlreadyDone:
        return


def staff_actor(viewer: Viewer) -> Actor:
    return Actor(ActorKind.STAFF, f"{viewer.name} ({viewer.role.value})", viewer.user_id)


async def refund_appointment_in(work: Work, appointment_id: UUID, amount_minor: int, reason: str) -> None:
    """Refund what was paid for an appointment, from its captured payment."""
    await _lock_appointment(work, appointment_id)
    payment_id = (
        await work.connection.execute(
            select(Payment.id)
            .where(
                Payment.appointment_id == appointment_id,
                Payment.captured_minor > Payment.refunded_minor,
            )
            .order_by(Payment.attempt)
            .limit(1)
        )
    ).scalar_one_or_none()
    if payment_id is None:
        raise RefundTooLargeError("Nothing was paid for this appointment that could be refunded.")
    await refund_in(work, payment_id=payment_id, amount_minor=amount_minor, reason=reason)


async def _lock_appointment(work: Work, appointment_id: UUID) -> None:
    """First of all, as in every action: two that lock appointment and payment crosswise end in a deadlock."""
    locked = await work.connection.execute(
        select(Appointment.id).where(Appointment.id == appointment_id).with_for_update()
    )
    if locked.first() is None:
        raise NotFoundError("There is no such appointment.")


async def refund_in(work: Work, *, payment_id: UUID, amount_minor: int, reason: str) -> None:
    """Write a pending refund. The payment's row is locked, so two at once cannot exceed what was captured."""
    payment = await _locked_payment(work, payment_id)
    pending = (
        await work.connection.execute(
            select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
                Refund.payment_id == payment_id, Refund.status == RefundStatus.PENDING
            )
        )
    ).scalar_one()
    if amount_minor > refundable(payment.captured_minor, payment.refunded_minor, int(pending)):
        raise RefundTooLargeError(field="amount_minor")
    refund_id = new_id()
    await work.connection.execute(
        insert(Refund).values(
            id=refund_id,
            payment_id=payment_id,
            appointment_id=payment.appointment_id,
            status=RefundStatus.PENDING,
            amount_minor=amount_minor,
            currency=payment.currency,
            reason=reason,
            actor=work.actor.name,
        )
    )
    work.record(
        EventKind.REFUND_REQUESTED,
        appointment_id=payment.appointment_id,
        clinic_id=payment.clinic_id,
        after={
            "refund_id": str(refund_id),
            "amount_minor": amount_minor,
            "currency": payment.currency,
        },
    )


async def _locked_payment(work: Work, payment_id: UUID) -> Row[*tuple[Any, ...]]:
    return (
        await work.connection.execute(
            select(
                Payment.appointment_id,
                Payment.status,
                Payment.captured_minor,
                Payment.refunded_minor,
                Payment.currency,
                Appointment.clinic_id,
            )
            .join(Appointment, Appointment.id == Payment.appointment_id)
            .where(Payment.id == payment_id)
            .with_for_update(of=Payment)
        )
    ).one()


async def carry_out_refunds(db: Database, payments: PaymentProcessor, appointment_id: UUID) -> None:
    """Ask the processor for every refund of this appointment that is still pending.

    Safe to repeat: the processor's key is our row's id. Raises GatewayUnavailableError or OutcomeUnknownError when
    it has to be asked again later.
    """
    async with db.read.connect() as connection:
        pending = (
            await connection.execute(
                select(
                    Refund.id,
                    Refund.amount_minor,
                    Refund.processor_refund_id,
                    Payment.intent_id,
                )
                .join(Payment, Payment.id == Refund.payment_id)
                .where(
                    Refund.appointment_id == appointment_id,
                    Refund.status == RefundStatus.PENDING,
                )
                .order_by(Refund.created_at)
            )
        ).all()
    for row in pending:
        try:
            if row.processor_refund_id is None:
                answer = await payments.create_refund(
                    key=f"refund:{row.id}",
                    intent_id=row.intent_id,
                    amount_minor=row.amount_minor,
                    refund_id=row.id,
                )
            else:
                answer = await payments.retrieve_refund(row.processor_refund_id)
        except GatewayRefusedError as error:
            await _settle(db, payments.name, row.id, None, RefundStatus.FAILED, error.code)
        else:
            await settle_refund(db, answer, payments.name)


async def settle_refund(db: Database, answer: ProcessorRefund, processor: str) -> None:
    """Bring our refund to where the processor says it is. Raises NotFoundError for one that is not ours."""
    refund_id = answer.refund_id
    if refund_id is None:
        raise NotFoundError(f"No refund of ours belongs to {answer.id}.")
    status = {
        ProcessorRefundStatus.PENDING: RefundStatus.PENDING,
        ProcessorRefundStatus.SUCCEEDED: RefundStatus.SUCCEEDED,
        ProcessorRefundStatus.FAILED: RefundStatus.FAILED,
    }[answer.status]
    await _settle(db, processor, refund_id, answer.id, status, answer.failure_code)


async def _settle(
    db: Database,
    processor: str,
    refund_id: UUID,
    processor_refund_id: str | None,
    status: RefundStatus,
    code: str | None,
) -> None:
    async with unit_of_work(db, Actor(ActorKind.PROCESSOR, processor)) as work:
        appointment_id = (
            await work.connection.execute(select(Refund.appointment_id).where(Refund.id == refund_id))
        ).scalar_one_or_none()
        if appointment_id is None:
            raise NotFoundError(f"No refund of ours has the id {refund_id}.")
        await _lock_appointment(work, appointment_id)
        before = (await work.connection.execute(select(Refund).where(Refund.id == refund_id))).one()
        if status is not RefundStatus.PENDING and before.status not in _LEADING_TO[status]:
            return
        await work.connection.execute(
            update(Refund)
            .where(Refund.id == refund_id)
            .values(
                status=before.status if status is RefundStatus.PENDING else status,
                processor_refund_id=func.coalesce(Refund.processor_refund_id, processor_refund_id),
                failure_code=before.failure_code if status is RefundStatus.PENDING else code,
                settled_at=before.settled_at if status is RefundStatus.PENDING else work.now,
            )
        )
        if status is RefundStatus.SUCCEEDED:
            await _count(work, before, before.amount_minor, EventKind.REFUND_ISSUED)
        elif status is RefundStatus.FAILED and before.status == RefundStatus.SUCCEEDED:
            # The bank sent it back: the money lies at the processor again, and the books have to say so.
            await _count(work, before, -before.amount_minor, EventKind.REFUND_FAILED, code)
        elif status is RefundStatus.FAILED:
            payment = await _locked_payment(work, before.payment_id)
            work.record(
                EventKind.REFUND_FAILED,
                appointment_id=appointment_id,
                clinic_id=payment.clinic_id,
                after={**_named(before), "failure_code": code},
            )


_LEADING_TO = {
    RefundStatus.SUCCEEDED: sources(REFUND, RefundVerb.SUCCEED),
    RefundStatus.FAILED: sources(REFUND, RefundVerb.FAIL),
}


def _named(row: Row[*tuple[Any, ...]]) -> dict[str, object]:
    return {"refund_id": str(row.id), "amount_minor": row.amount_minor, "currency": row.currency}


async def _count(
    work: Work, row: Row[*tuple[Any, ...]], amount_minor: int, event: EventKind, code: str | None = None
) -> None:
    """Book the refund's amount on payment, appointment and ledger; a negative amount takes it back out."""
    payment = await _locked_payment(work, row.payment_id)
    refunded = payment.refunded_minor + amount_minor
    status = move(PAYMENT, PaymentStatus(payment.status), _refund_verb(refunded, payment.captured_minor, amount_minor))
    await work.connection.execute(
        update(Payment).where(Payment.id == row.payment_id).values(refunded_minor=refunded, status=status)
    )
    await work.connection.execute(
        update(Appointment).where(Appointment.id == row.appointment_id).values(payment_status=status)
    )
    await post(
        work,
        EntryKind.REFUND,
        refund(amount_minor),
        moved=f"{row.id}" if amount_minor > 0 else f"{row.id}:returned",
        appointment_id=row.appointment_id,
        payment_id=row.payment_id,
        currency=row.currency,
    )
    failure = {} if code is None else {"failure_code": code}
    work.record(
        event,
        appointment_id=row.appointment_id,
        clinic_id=payment.clinic_id,
        after={**_named(row), "payment_status": status, **failure},
    )


def _refund_verb(refunded: int, captured: int, change: int) -> PaymentVerb:
    if change > 0:
        return PaymentVerb.REFUND_ALL if refunded == captured else PaymentVerb.REFUND_PART
    return PaymentVerb.RETURN_ALL if refunded == 0 else PaymentVerb.RETURN_PART


async def unsettled_refunds(db: Database, seconds: int, limit: int = 50) -> list[UUID]:
    """Appointments with a refund that the processor has not settled for a while."""
    async with db.read.connect() as connection:
        rows = await connection.execute(
            select(Refund.appointment_id)
            .where(
                Refund.status == RefundStatus.PENDING,
                Refund.created_at < func.frontdesk_now() - timedelta(seconds=seconds),
            )
            .order_by(Refund.created_at.desc())
            .limit(limit)
        )
        return list(rows.scalars())
