"""Collect the money of an appointment: start a payment, and act on what the processor says became of it.

In whatever order webhooks, polls and expiry arrive, `settle_intent` compares the processor's present answer with
our rows and moves forward only: nobody is charged twice, and no money stays without a visit.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, insert, select, update

from server.actions.bookkeeping import post
from server.actions.confirming import confirm_in
from server.actions.lapsing import claim_again
from server.actions.refunding import refund_in
from server.db.ids import new_id
from server.db.session import Database
from server.db.tables import Appointment, Payment
from server.db.unit_of_work import PATIENT, Actor, Work, unit_of_work
from server.domain.errors import (
    HoldExpiredError,
    NotFoundError,
    PaymentUnavailableError,
    WrongStateError,
)
from server.domain.ledger import EntryKind, charge
from server.domain.transitions import (
    APPOINTMENT,
    PAYMENT,
    AppointmentVerb,
    PaymentVerb,
    move,
    sources,
)
from server.gateways.errors import GatewayError
from server.gateways.payments import Intent, IntentStatus, PaymentProcessor
from shared.schemas.booking import PaymentStep
from shared.schemas.enums import (
    ActorKind,
    AppointmentStatus,
    CancellationCause,
    EventKind,
    NextStep,
    PaymentStatus,
)

OPEN = (PaymentStatus.INITIATED, PaymentStatus.PROCESSING, PaymentStatus.FAILED)
_NOTHING_TO_PAY = PaymentStep(kind=NextStep.NONE)


class Closing(StrEnum):
    """What became of an open payment that was to be ended."""

    NOTHING = "nothing"
    CLOSED = "closed"
    PROCESSING = "processing"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class _OpenPayment:
    id: UUID
    attempt: int
    intent_id: str | None
    amount_minor: int
    currency: str
    appointment_id: UUID

    @property
    def key(self) -> str:
        """The processor's idempotency key. From our row, so that a crash between two calls makes one intent."""
        return f"pay:{self.id}:{self.attempt}"


async def start_payment(
    db: Database, payments: PaymentProcessor, appointment_id: UUID, *, return_url: str
) -> PaymentStep:
    """What the patient has to do to pay. Asking again returns the same open payment.

    Raises HoldExpiredError, WrongStateError before details are given, PaymentUnavailableError while the processor
    does not answer.
    """
    async with unit_of_work(db, PATIENT) as work:
        payment = await _open_or_new(work, appointment_id, payments.name)
    if payment is None:
        return _NOTHING_TO_PAY
    try:
        intent = await _intent(db, payments, payment)
    except GatewayError as error:
        raise PaymentUnavailableError from error
    if intent.status in (IntentStatus.SUCCEEDED, IntentStatus.CANCELED):
        await settle_intent(db, intent, payments.name)
    if intent.status is IntentStatus.CANCELED:
        raise PaymentUnavailableError("This payment was ended. Nothing was charged.")
    if intent.status is IntentStatus.SUCCEEDED:
        return _NOTHING_TO_PAY
    return payments.next_step(intent, return_url=return_url)


async def _open_or_new(work: Work, appointment_id: UUID, processor: str) -> _OpenPayment | None:
    """The appointment's one open payment, made if there is none; None when there is nothing to pay."""
    row = (
        await work.connection.execute(
            select(
                Appointment.status,
                Appointment.expires_at,
                Appointment.cancellation_cause,
                Appointment.total_minor,
                Appointment.currency,
                Appointment.clinic_id,
            )
            .where(Appointment.id == appointment_id)
            .with_for_update()
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError
    if row.status == AppointmentStatus.CONFIRMED:
        return None
    if row.cancellation_cause == CancellationCause.HOLD_EXPIRED:
        raise HoldExpiredError
    if row.status == AppointmentStatus.DRAFT:
        raise WrongStateError("Your details are missing.", next_step="Enter your details first.")
    move(APPOINTMENT, AppointmentStatus(row.status), AppointmentVerb.CONFIRM)
    if row.expires_at <= work.now:
        raise HoldExpiredError
    open_payment = await _open_payment(work, appointment_id)
    if open_payment is not None:
        return open_payment
    attempts = (
        await work.connection.execute(
            select(func.count()).select_from(Payment).where(Payment.appointment_id == appointment_id)
        )
    ).scalar_one()
    payment = _OpenPayment(new_id(), attempts + 1, None, row.total_minor, row.currency, appointment_id)
    await work.connection.execute(
        insert(Payment).values(
            id=payment.id,
            appointment_id=appointment_id,
            processor=processor,
            attempt=payment.attempt,
            status=PaymentStatus.INITIATED,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
        )
    )
    await _show_payment_status(work, appointment_id, PaymentStatus.INITIATED)
    work.record(
        EventKind.PAYMENT_INITIATED,
        appointment_id=appointment_id,
        clinic_id=row.clinic_id,
        after={
            "payment_id": str(payment.id),
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
        },
    )
    return payment


async def _open_payment(work: Work, appointment_id: UUID) -> _OpenPayment | None:
    row = (
        await work.connection.execute(
            select(
                Payment.id,
                Payment.attempt,
                Payment.intent_id,
                Payment.amount_minor,
                Payment.currency,
            ).where(Payment.appointment_id == appointment_id, Payment.status.in_(OPEN))
        )
    ).one_or_none()
    return None if row is None else _OpenPayment(*row, appointment_id)


async def _intent(db: Database, payments: PaymentProcessor, payment: _OpenPayment) -> Intent:
    """The processor's intent of this payment, as it is now; made if we never learned of one."""
    if payment.intent_id is not None:
        return await payments.retrieve_intent(payment.intent_id)
    intent = await payments.create_intent(
        key=payment.key,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        payment_id=payment.id,
        appointment_id=payment.appointment_id,
    )
    async with unit_of_work(db, PATIENT) as work:
        await work.connection.execute(
            update(Payment).where(Payment.id == payment.id, Payment.intent_id.is_(None)).values(intent_id=intent.id)
        )
    return intent


async def close_open_payment(db: Database, payments: PaymentProcessor, appointment_id: UUID) -> Closing:
    """End the appointment's open payment at the processor, so that its time can be given away.

    PAID when it was too late for that: the appointment has then been settled as paid. Raises GatewayError when
    the processor cannot be asked; nothing may be given away then.
    """
    async with unit_of_work(db, PATIENT) as work:
        payment = await _open_payment(work, appointment_id)
    if payment is None:
        return Closing.NOTHING
    intent = await _intent(db, payments, payment)
    if intent.status in (IntentStatus.REQUIRES_PAYMENT, IntentStatus.PROCESSING):
        intent = await payments.cancel_intent(intent.id)
    await settle_intent(db, intent, payments.name)
    match intent.status:
        case IntentStatus.SUCCEEDED:
            return Closing.PAID
        case IntentStatus.PROCESSING | IntentStatus.REQUIRES_PAYMENT:
            return Closing.PROCESSING
        case IntentStatus.CANCELED:
            return Closing.CLOSED


@dataclass(frozen=True, slots=True)
class _Settling:
    """The locked rows that an intent belongs to."""

    payment_id: UUID
    payment_status: PaymentStatus
    failure_code: str | None
    currency: str
    appointment_id: UUID
    clinic_id: UUID
    status: AppointmentStatus
    cause: str | None
    starts_at: datetime


async def settle_intent(db: Database, intent: Intent, processor: str) -> None:
    """Bring our rows to where the processor says the payment is. Repeating it changes nothing.

    Raises NotFoundError for an intent that we know nothing of: the caller asks again later.
    """
    async with unit_of_work(db, Actor(ActorKind.PROCESSOR, processor)) as work:
        rows = await _locked(work, intent)
        match intent.status:
            case IntentStatus.SUCCEEDED:
                await _succeed(work, rows, intent)
            case IntentStatus.PROCESSING:
                await _mark(work, rows, PaymentVerb.PROCESS, EventKind.PAYMENT_PROCESSING)
            case IntentStatus.CANCELED:
                await _mark(work, rows, PaymentVerb.CANCEL, None)
            case IntentStatus.REQUIRES_PAYMENT if intent.failure_code is not None:
                await _mark(
                    work,
                    rows,
                    PaymentVerb.DECLINE,
                    EventKind.PAYMENT_FAILED,
                    intent.failure_code,
                )
            case IntentStatus.REQUIRES_PAYMENT:
                pass


async def _locked(work: Work, intent: Intent) -> _Settling:
    """Lock the appointment first, then the payment: the same order in every action."""
    matches = (Payment.intent_id == intent.id) if intent.payment_id is None else (Payment.id == intent.payment_id)
    appointment_id = (await work.connection.execute(select(Payment.appointment_id).where(matches))).scalar_one_or_none()
    if appointment_id is None:
        raise NotFoundError(f"No payment of ours belongs to {intent.id}.")
    appointment = (
        await work.connection.execute(
            select(
                Appointment.clinic_id,
                Appointment.status,
                Appointment.cancellation_cause,
                Appointment.starts_at,
            )
            .where(Appointment.id == appointment_id)
            .with_for_update()
        )
    ).one()
    payment = (
        await work.connection.execute(
            select(Payment.id, Payment.status, Payment.failure_code, Payment.currency).where(matches).with_for_update()
        )
    ).one()
    return _Settling(
        payment.id,
        PaymentStatus(payment.status),
        payment.failure_code,
        payment.currency,
        appointment_id,
        appointment.clinic_id,
        AppointmentStatus(appointment.status),
        appointment.cancellation_cause,
        appointment.starts_at,
    )


async def _mark(
    work: Work,
    rows: _Settling,
    verb: PaymentVerb,
    event: EventKind | None,
    failure_code: str | None = None,
) -> None:
    """Move the payment forward if the table of transitions knows a way; a late or repeated notice knows none."""
    if rows.payment_status not in sources(PAYMENT, verb):
        return
    status = move(PAYMENT, rows.payment_status, verb)
    if (status, failure_code) == (rows.payment_status, rows.failure_code):
        return
    await work.connection.execute(
        update(Payment).where(Payment.id == rows.payment_id).values(status=status, failure_code=failure_code)
    )
    await _show_payment_status(work, rows.appointment_id, status)
    if event is not None:
        work.record(
            event,
            appointment_id=rows.appointment_id,
            clinic_id=rows.clinic_id,
            before={"payment_status": rows.payment_status},
            after={"payment_status": status, "failure_code": failure_code},
        )


async def _succeed(work: Work, rows: _Settling, intent: Intent) -> None:
    if rows.payment_status not in sources(PAYMENT, PaymentVerb.SUCCEED):
        return
    await work.connection.execute(
        update(Payment)
        .where(Payment.id == rows.payment_id)
        .values(
            status=PaymentStatus.SUCCEEDED,
            captured_minor=intent.received_minor,
            intent_id=intent.id,
            failure_code=None,
        )
    )
    await post(
        work,
        EntryKind.CHARGE,
        charge(intent.received_minor),
        moved=rows.payment_id,
        appointment_id=rows.appointment_id,
        payment_id=rows.payment_id,
        currency=rows.currency,
    )
    await _show_payment_status(work, rows.appointment_id, PaymentStatus.SUCCEEDED)
    await _seat(work, rows, intent.received_minor)


async def _seat(work: Work, rows: _Settling, amount_minor: int) -> None:
    """The money is here: confirm the visit, take its time again if the hold had lapsed, or give the money back."""
    paid: dict[str, object] = {"amount_minor": amount_minor, "currency": rows.currency}
    if rows.status is AppointmentStatus.PENDING_PAYMENT:
        await confirm_in(work, rows.appointment_id, EventKind.APPOINTMENT_PAID, paid)
        return
    lapsed = rows.cause in (CancellationCause.HOLD_EXPIRED, CancellationCause.RELEASED)
    work.record(
        EventKind.PAYMENT_RECEIVED_LATE,
        appointment_id=rows.appointment_id,
        clinic_id=rows.clinic_id,
        before={"status": rows.status},
        after=paid,
    )
    if lapsed and rows.starts_at > work.now and await claim_again(work, rows.appointment_id):
        await work.connection.execute(
            update(Appointment)
            .where(Appointment.id == rows.appointment_id)
            .values(
                status=move(APPOINTMENT, rows.status, AppointmentVerb.RECLAIM),
                canceled_at=None,
                canceled_by=None,
                cancellation_cause=None,
            )
        )
        work.record(
            EventKind.APPOINTMENT_PAID,
            appointment_id=rows.appointment_id,
            clinic_id=rows.clinic_id,
            before={"status": rows.status},
            after={"status": AppointmentStatus.CONFIRMED, **paid},
        )
        return
    if lapsed:
        await work.connection.execute(
            update(Appointment)
            .where(Appointment.id == rows.appointment_id)
            .values(cancellation_cause=CancellationCause.SLOT_GONE)
        )
        work.record(
            EventKind.PAYMENT_RETURNED,
            appointment_id=rows.appointment_id,
            clinic_id=rows.clinic_id,
            after=paid,
        )
    await refund_in(
        work,
        payment_id=rows.payment_id,
        amount_minor=amount_minor,
        reason="The payment arrived after the time had been given away."
        if lapsed
        else "The visit was paid already or canceled.",
    )


async def _show_payment_status(work: Work, appointment_id: UUID, status: PaymentStatus) -> None:
    """The list filters by it, so it stands on the appointment too."""
    await work.connection.execute(
        update(Appointment).where(Appointment.id == appointment_id).values(payment_status=status)
    )


async def unheard_payments(db: Database, seconds: int, limit: int = 50) -> list[UUID]:
    """Appointments with a payment that has been open for a while: perhaps its webhook was lost."""
    async with db.read.connect() as connection:
        rows = await connection.execute(
            select(Payment.appointment_id)
            .where(
                Payment.status.in_(OPEN),
                Payment.created_at < func.frontdesk_now() - timedelta(seconds=seconds),
            )
            .order_by(Payment.created_at.desc())
            .limit(limit)
        )
        return list(rows.scalars())


async def ask_processor(db: Database, payments: PaymentProcessor, appointment_id: UUID) -> None:
    """Fetch the present state of the appointment's open payment and settle it. Raises GatewayError."""
    async with unit_of_work(db, PATIENT) as work:
        payment = await _open_payment(work, appointment_id)
    if payment is not None:
        await settle_intent(db, await _intent(db, payments, payment), payments.name)
