"""Send one due message: claim its row, check that it still holds, hand it to the vendor, write down what came back.

Two units of work with the vendor between them. A text whose outcome is unknown is looked up at the vendor and
never sent again blindly; a mail keeps its Message-ID, so that a second copy can be recognised as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert

from server.db.session import Database
from server.db.tables import (
    Appointment,
    Clinic,
    Message,
    Payment,
    Provider,
    Refund,
    Service,
    TextOptOut,
)
from server.db.unit_of_work import SYSTEM, Work, unit_of_work
from server.domain.links import Links
from server.domain.outreach import next_attempt_in, reason_to_suppress
from server.gateways.email import Mail, Mailer
from server.gateways.errors import (
    GatewayRefusedError,
    GatewayUnavailableError,
    OutcomeUnknownError,
)
from server.gateways.texts import SentText, TextSender, TextStatus
from server.templates.render import Rendered, render
from server.templates.values import VisitValues
from shared.schemas.enums import (
    AppointmentStatus,
    Audience,
    Channel,
    EventKind,
    MessageKind,
    MessageStatus,
    RefundStatus,
    VisitMode,
)

LEASE_SECONDS = 60
LONGEST_VALIDITY_SECONDS = 36_000


@dataclass(frozen=True, slots=True)
class Outbox:
    """The vendors that carry messages, and the links that go into them."""

    mailer: Mailer
    texts: TextSender
    links: Links


@dataclass(frozen=True, slots=True)
class _Claimed:
    row: Row[*tuple[Any, ...]]
    rendered: Rendered
    now: datetime
    seen_before: bool
    """A send of this row began earlier and its end was never written."""


async def due_messages(db: Database, limit: int = 200) -> list[UUID]:
    """Messages whose time has come, oldest first; also those whose sender died while sending."""
    async with db.read.connect() as connection:
        rows = await connection.execute(select(Message.id).where(_is_due()).order_by(Message.due_at).limit(limit))
        return list(rows.scalars())


def _is_due() -> Any:
    now = func.frontdesk_now()
    return or_(
        and_(Message.status == MessageStatus.QUEUED, Message.due_at <= now),
        and_(Message.status == MessageStatus.SENDING, Message.lease_until <= now),
    )


async def deliver(db: Database, outbox: Outbox, message_id: UUID) -> None:
    """Send the message if it is due and still true. Whoever else claimed it first sends it instead."""
    claimed = await _claim(db, outbox.links, message_id)
    if claimed is None:
        return
    if claimed.row.channel == Channel.EMAIL:
        await _send_mail(db, outbox.mailer, claimed)
    else:
        await _send_text(db, outbox.texts, claimed)


async def _claim(db: Database, links: Links, message_id: UUID) -> _Claimed | None:
    async with unit_of_work(db, SYSTEM) as work:
        before = (
            await work.connection.execute(
                select(Message.status).where(Message.id == message_id, _is_due()).with_for_update(skip_locked=True)
            )
        ).scalar_one_or_none()
        if before is None:
            return None
        row = await _with_visit(work, message_id)
        reason = await _reason_to_suppress(work, row)
        if reason is not None:
            await _set(
                work,
                row,
                MessageStatus.SUPPRESSED,
                EventKind.MESSAGE_SUPPRESSED,
                explanation=reason,
            )
            return None
        rendered = render(
            MessageKind(row.kind),
            Audience(row.audience),
            Channel(row.channel),
            row.language,
            _values(row, links),
        )
        await work.connection.execute(
            update(Message)
            .where(Message.id == message_id)
            .values(
                status=MessageStatus.SENDING,
                lease_until=work.now + timedelta(seconds=LEASE_SECONDS),
                attempts=Message.attempts + 1,
                subject=rendered.subject,
                body=rendered.text,
            )
        )
        return _Claimed(row, rendered, work.now, seen_before=before == MessageStatus.SENDING)


async def _with_visit(work: Work, message_id: UUID) -> Row[*tuple[Any, ...]]:
    refunded = (
        select(func.sum(Refund.amount_minor))
        .where(
            Refund.appointment_id == Appointment.id,
            Refund.status == RefundStatus.SUCCEEDED,
        )
        .scalar_subquery()
    )
    refunding = (
        select(func.sum(Refund.amount_minor))
        .where(
            Refund.appointment_id == Appointment.id,
            Refund.status != RefundStatus.FAILED,
        )
        .scalar_subquery()
    )
    paid = select(func.sum(Payment.captured_minor)).where(Payment.appointment_id == Appointment.id).scalar_subquery()
    statement = (
        select(
            Message.id,
            Message.appointment_id,
            Message.kind,
            Message.audience,
            Message.channel,
            Message.recipient,
            Message.language,
            Message.revision,
            Message.attempts,
            Message.created_at,
            Appointment.reference,
            Appointment.token_serial,
            Appointment.status,
            Appointment.revision.label("current_revision"),
            Appointment.clinic_id,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.expires_at,
            Appointment.first_name,
            Appointment.last_name,
            Appointment.sms_consent,
            Appointment.patient_time_zone,
            Appointment.currency,
            Appointment.total_minor,
            func.coalesce(paid, 0).label("paid_minor"),
            func.coalesce(refunded, 0).label("refunded_minor"),
            func.coalesce(refunding, 0).label("refunding_minor"),
            Clinic.slug,
            Clinic.name.label("clinic_name"),
            Clinic.phone.label("clinic_phone"),
            Clinic.address.label("clinic_address"),
            Clinic.time_zone,
            Clinic.currency_exponent,
            Service.name.label("service_name"),
            Service.mode,
            Service.refund_tiers,
            Provider.name.label("provider_name"),
        )
        .join(Appointment, Appointment.id == Message.appointment_id)
        .join(Clinic, Clinic.id == Appointment.clinic_id)
        .join(Service, Service.id == Appointment.service_id)
        .join(Provider, Provider.id == Appointment.provider_id)
        .where(Message.id == message_id)
    )
    return (await work.connection.execute(statement)).one()


async def _reason_to_suppress(work: Work, row: Row[*tuple[Any, ...]]) -> str | None:
    opted_out = False
    if row.channel == Channel.TEXT:
        opted_out = (
            await work.connection.execute(select(TextOptOut.mobile).where(TextOptOut.mobile == row.recipient))
        ).first() is not None
    return reason_to_suppress(
        MessageKind(row.kind),
        AppointmentStatus(row.status),
        revision=row.revision,
        current_revision=row.current_revision,
        channel=Channel(row.channel),
        consent=row.sms_consent or row.audience == Audience.PROVIDER,
        opted_out=opted_out,
    )


def _values(row: Row[*tuple[Any, ...]], links: Links) -> VisitValues:
    remote = row.mode == VisitMode.REMOTE
    return VisitValues(
        reference=row.reference,
        clinic_name=row.clinic_name,
        clinic_phone=row.clinic_phone,
        clinic_address=row.clinic_address,
        service_name=row.service_name,
        provider_name=row.provider_name,
        first_name=row.first_name or "",
        last_name=row.last_name or "",
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        expires_at=row.expires_at,
        time_zone=row.time_zone,
        patient_time_zone=row.patient_time_zone if remote else None,
        currency=row.currency,
        currency_exponent=row.currency_exponent,
        total_minor=row.total_minor,
        paid_minor=int(row.paid_minor),
        refunded_minor=int(row.refunded_minor),
        refunding_minor=int(row.refunding_minor),
        refund_tiers=row.refund_tiers,
        visit_url=links.visit(row.slug, row.appointment_id, row.token_serial),
        book_url=links.book(row.slug),
        join_url=links.join(row.appointment_id, row.token_serial) if remote else None,
        host_url=links.host(row.appointment_id) if remote else None,
    )


async def _send_mail(db: Database, mailer: Mailer, claimed: _Claimed) -> None:
    row, rendered = claimed.row, claimed.rendered
    mail = Mail(
        to=row.recipient,
        subject=rendered.subject or "",
        text=rendered.text,
        html=rendered.html or "",
        message_id=f"{row.id}@frontdesk",
    )
    try:
        await mailer.send(mail)
    except GatewayRefusedError as error:
        await _finish(
            db,
            claimed,
            MessageStatus.FAILED,
            code=error.code,
            explanation="The mail server refused it.",
        )
    except (GatewayUnavailableError, OutcomeUnknownError) as error:
        # A mail may be sent once more: its Message-ID shows the second to be a copy.
        await _try_later(db, claimed, error.code, error.detail)
    else:
        await _finish(db, claimed, MessageStatus.SENT)


async def _send_text(db: Database, texts: TextSender, claimed: _Claimed) -> None:
    row, body = claimed.row, claimed.rendered.text
    until_visit = int((row.starts_at - claimed.now).total_seconds())
    try:
        sent: SentText | None = None
        if claimed.seen_before:
            sent = await texts.find(to=row.recipient, body=body, since=row.created_at - timedelta(minutes=1))
        if sent is None:
            sent = await texts.send(
                to=row.recipient,
                body=body,
                message_id=row.id,
                validity_seconds=min(max(until_visit, 300), LONGEST_VALIDITY_SECONDS),
            )
    except GatewayRefusedError as error:
        await _finish(
            db,
            claimed,
            MessageStatus.FAILED,
            code=error.code,
            explanation=text_error(error.code),
        )
    except GatewayUnavailableError as error:
        await _try_later(db, claimed, error.code, error.detail)
    except OutcomeUnknownError:
        # The lease runs on; when it ends, the vendor is asked for this text before anything is sent.
        return
    else:
        status = MessageStatus.FAILED if sent.status is TextStatus.FAILED else MessageStatus.SENT
        await _finish(
            db,
            claimed,
            status,
            vendor_id=sent.id,
            code=sent.error_code,
            explanation=None if sent.error_code is None else text_error(sent.error_code),
        )


def text_error(code: str) -> str:
    """What a text vendor's code means for the desk."""
    if code in {"21211", "21614", "30005", "30006"}:
        return "This number cannot receive texts. Correct the number, then send again."
    if code == "21610":
        return "This number has answered STOP."
    if code in {"30003", "30004", "30007", "30008"}:
        return "The phone or its network did not take the text. Try again later or send an e-mail."
    return f"The text service refused it (code {code})."


async def _try_later(db: Database, claimed: _Claimed, code: str, detail: str) -> None:
    wait = next_attempt_in(claimed.row.attempts + 1)
    if wait is None:
        await _finish(
            db,
            claimed,
            MessageStatus.FAILED,
            code=code,
            explanation="The service could not be reached; given up.",
        )
        return
    async with unit_of_work(db, SYSTEM) as work:
        await work.connection.execute(
            update(Message)
            .where(Message.id == claimed.row.id, Message.status == MessageStatus.SENDING)
            .values(
                status=MessageStatus.QUEUED,
                lease_until=None,
                due_at=work.now + timedelta(seconds=wait),
                error_code=code,
                explanation=f"Waiting to be tried again: {detail}"[:300],
            )
        )


async def _finish(
    db: Database,
    claimed: _Claimed,
    status: MessageStatus,
    *,
    vendor_id: str | None = None,
    code: str | None = None,
    explanation: str | None = None,
) -> None:
    event = EventKind.MESSAGE_SENT if status is MessageStatus.SENT else EventKind.MESSAGE_FAILED
    async with unit_of_work(db, SYSTEM) as work:
        if code == "21610":
            await opt_out_in(work, claimed.row.recipient, "refused by the text service (21610)")
        await _set(
            work,
            claimed.row,
            status,
            event,
            vendor_id=vendor_id,
            code=code,
            explanation=explanation,
        )


async def _set(
    work: Work,
    row: Row[*tuple[Any, ...]],
    status: MessageStatus,
    event: EventKind,
    *,
    vendor_id: str | None = None,
    code: str | None = None,
    explanation: str | None = None,
) -> None:
    """Close the sending of a message, unless a callback of the vendor was quicker."""
    open_states: Sequence[MessageStatus] = (MessageStatus.QUEUED, MessageStatus.SENDING)
    changed = await work.connection.execute(
        update(Message)
        .where(Message.id == row.id, Message.status.in_(open_states))
        .values(
            status=status,
            lease_until=None,
            sent_at=work.now if status is MessageStatus.SENT else None,
            provider_message_id=vendor_id,
            error_code=code,
            explanation=explanation,
        )
        .returning(Message.id)
    )
    if changed.scalar_one_or_none() is None:
        return
    work.record(
        event,
        appointment_id=row.appointment_id,
        clinic_id=row.clinic_id,
        after={"message_id": str(row.id), "kind": row.kind, "channel": row.channel, "audience": row.audience,
               "status": status, "error_code": code},
    )  # fmt: skip


async def opt_out_in(work: Work, mobile: str, source: str) -> None:
    """No text to this number any more, whoever uses it."""
    await work.connection.execute(
        postgres_insert(TextOptOut).values(mobile=mobile, source=source).on_conflict_do_nothing()
    )
