"""Take in what vendors tell us: verified, stored once, answered at once, and acted upon later."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert

from server.actions.delivering import opt_out_in, text_error
from server.actions.paying import settle_intent
from server.actions.refunding import settle_refund
from server.db.session import Database
from server.db.tables import Appointment, Message, TextOptOut, WebhookInbox
from server.db.unit_of_work import SYSTEM, unit_of_work
from server.domain.errors import NotFoundError
from server.domain.transitions import MESSAGE, MessageVerb, sources
from server.gateways.payments import PaymentProcessor, ProcessorEvent
from server.gateways.texts import InboundText, SentText, TextStatus
from shared.schemas.enums import EventKind, MessageStatus

MOST_ATTEMPTS = 12
STOP_WORDS = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
START_WORDS = frozenset({"START", "UNSTOP", "YES"})


async def take_in(db: Database, processor: str, event: ProcessorEvent, body: bytes) -> bool:
    """Store a verified webhook. False when this event was stored before: then there is nothing to do."""
    async with unit_of_work(db, SYSTEM) as work:
        stored = await work.connection.execute(
            postgres_insert(WebhookInbox)
            .values(
                processor=processor,
                event_id=event.id,
                kind=event.kind,
                object_id=event.object_id,
                body=body,
            )
            .on_conflict_do_nothing(index_elements=[WebhookInbox.processor, WebhookInbox.event_id])
            .returning(WebhookInbox.id)
        )
        work.wake_others()
        return stored.scalar_one_or_none() is not None


async def unprocessed(db: Database, limit: int = 100) -> list[UUID]:
    """Webhooks that are still to be acted upon, oldest first."""
    async with db.read.connect() as connection:
        rows = await connection.execute(
            select(WebhookInbox.id)
            .where(
                WebhookInbox.processed_at.is_(None),
                WebhookInbox.due_at <= func.frontdesk_now(),
            )
            .order_by(WebhookInbox.due_at)
            .limit(limit)
        )
        return list(rows.scalars())


async def process_webhook(db: Database, payments: PaymentProcessor, inbox_id: UUID) -> None:
    """Act on one webhook: fetch the object's present state and bring our rows to it.

    The event is only a hint, so the order in which events arrive does not matter. What cannot be done yet (the
    object is not ours yet, the processor does not answer) is tried again later, with growing pauses.
    """
    async with db.read.connect() as connection:
        row = (
            await connection.execute(
                select(WebhookInbox.kind, WebhookInbox.object_id, WebhookInbox.attempts).where(
                    WebhookInbox.id == inbox_id, WebhookInbox.processed_at.is_(None)
                )
            )
        ).one_or_none()
    if row is None:
        return
    error: str | None = None
    try:
        if row.kind.startswith("payment_intent."):
            await settle_intent(db, await payments.retrieve_intent(row.object_id), payments.name)
        elif row.kind.startswith(("refund.", "charge.refund.")):
            await settle_refund(db, await payments.retrieve_refund(row.object_id), payments.name)
    except NotFoundError as missing:
        error = missing.detail
    except Exception as failure:
        await _note_attempt(db, inbox_id, row.attempts, repr(failure))
        raise
    await _note_attempt(db, inbox_id, row.attempts, error)


async def _note_attempt(db: Database, inbox_id: UUID, attempts: int, error: str | None) -> None:
    done = error is None or attempts + 1 >= MOST_ATTEMPTS
    async with unit_of_work(db, SYSTEM) as work:
        await work.connection.execute(
            update(WebhookInbox)
            .where(WebhookInbox.id == inbox_id)
            .values(
                attempts=attempts + 1,
                error=error,
                processed_at=work.now if done else None,
                due_at=work.now + timedelta(seconds=min(2**attempts, 600)),
            )
        )


async def note_text_status(db: Database, message_id: UUID, told: SentText) -> None:
    """A text's delivery report. Reports come in any order; a message only moves forward."""
    if told.status is TextStatus.SENT:
        return
    verb = MessageVerb.DELIVER if told.status is TextStatus.DELIVERED else MessageVerb.FAIL
    status = MessageStatus.DELIVERED if verb is MessageVerb.DELIVER else MessageStatus.FAILED
    async with unit_of_work(db, SYSTEM) as work:
        row = (
            await work.connection.execute(
                update(Message)
                .where(Message.id == message_id, Message.status.in_(sources(MESSAGE, verb)))
                .values(
                    status=status,
                    lease_until=None,
                    provider_message_id=func.coalesce(Message.provider_message_id, told.id),
                    sent_at=func.coalesce(Message.sent_at, work.now),
                    error_code=told.error_code,
                    explanation=None if told.error_code is None else text_error(told.error_code),
                )
                .returning(
                    Message.appointment_id,
                    Message.kind,
                    Message.channel,
                    Message.audience,
                    Message.recipient,
                )
            )
        ).one_or_none()
        if row is None:
            return
        if told.error_code == "21610":
            await opt_out_in(work, row.recipient, "reported by the text service (21610)")
        clinic_id = (
            await work.connection.execute(select(Appointment.clinic_id).where(Appointment.id == row.appointment_id))
        ).scalar_one()
        work.record(
            EventKind.MESSAGE_DELIVERED if status is MessageStatus.DELIVERED else EventKind.MESSAGE_FAILED,
            appointment_id=row.appointment_id,
            clinic_id=clinic_id,
            after={
                "message_id": str(message_id),
                "kind": row.kind,
                "channel": row.channel,
                "audience": row.audience,
                "status": status,
                "error_code": told.error_code,
            },
        )


async def take_inbound_text(db: Database, text: InboundText) -> None:
    """STOP and START, which count for the number whoever uses it."""
    word = text.body.strip().upper()
    async with unit_of_work(db, SYSTEM) as work:
        if word in STOP_WORDS:
            await opt_out_in(work, text.sender, f"answered {word}")
        elif word in START_WORDS:
            await work.connection.execute(delete(TextOptOut).where(TextOptOut.mobile == text.sender))
