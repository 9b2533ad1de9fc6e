"""What patients and providers were told of a visit, and what became of each mail and text.

Words are rendered for what somebody may still look at; older messages keep their status only, as after a tidy-up.
"""

from datetime import datetime, timedelta

from server.actions.delivering import text_error
from server.db.unit_of_work import SYSTEM
from server.demo_data import vendors
from server.demo_data.chance import identifier, seconds
from server.demo_data.organisation import Values
from server.demo_data.people import Trouble
from server.demo_data.story import Story
from server.domain import outreach
from server.domain.outreach import Contact
from server.templates.render import Rendered, render
from server.templates.values import VisitValues
from shared.schemas.enums import Audience, Channel, EventKind, MessageKind, MessageStatus, RefundStatus

_WORDS_KEPT_FOR = timedelta(days=3)
_PHONES_OFF = 0.012


def tell(story: Story, kind: MessageKind, at: datetime, *, copy: int = 0) -> None:
    """Messages of one kind, written at `at` and delivered within seconds."""
    visit = story.visit
    contacts = (
        Contact(Audience.PATIENT, visit.patient.email, visit.patient.mobile, story.consents_to_texts),
        Contact(Audience.PROVIDER, visit.provider.email, visit.provider.mobile, True),
    )
    for wanted in outreach.planned(kind, contacts):
        message: Values = {
            "id": identifier(story.draw, at),
            "appointment_id": story.id,
            "revision": 0,
            "kind": kind,
            "audience": wanted.audience,
            "channel": wanted.channel,
            "recipient": wanted.recipient,
            "copy": copy,
            "language": story.language if wanted.audience is Audience.PATIENT else "en",
            "status": MessageStatus.QUEUED,
            "due_at": at,
            "attempts": 0,
            "sent_at": None,
            "provider_message_id": None,
            "error_code": None,
            "explanation": None,
            "subject": None,
            "body": None,
            "created_at": at,
        }
        if wanted.suppressed is not None:
            message |= {"status": MessageStatus.SUPPRESSED, "explanation": wanted.suppressed}
        elif wanted.channel is Channel.EMAIL:
            _send_mail(story, message, at + seconds(story.draw, 1, 3))
        else:
            _send_text(story, message, at + seconds(story.draw, 1, 4))
        story.rows.messages.append(message)


def _send_mail(story: Story, message: Values, at: datetime) -> None:
    message["attempts"] = 1
    words = _words(story, message)
    if _trouble(story, message) is Trouble.NO_MAILBOX:
        message |= {"error_code": Trouble.NO_MAILBOX.value, "explanation": "The mail server refused it."}
        _move(story, message, MessageStatus.FAILED, EventKind.MESSAGE_FAILED, at)
        return
    message["sent_at"] = at
    _move(story, message, MessageStatus.SENT, EventKind.MESSAGE_SENT, at)
    if words is not None:
        story.rows.sandbox_emails.append(vendors.mail(message, words, at))


def _send_text(story: Story, message: Values, at: datetime) -> None:
    trouble = _trouble(story, message)
    if trouble is Trouble.STOPPED:
        message["explanation"] = text_error(trouble.value)
        _move(story, message, MessageStatus.SUPPRESSED, EventKind.MESSAGE_SUPPRESSED, at)
        return
    message["attempts"] = 1
    words = _words(story, message)
    if trouble is Trouble.LANDLINE:
        message |= {"error_code": trouble.value, "explanation": text_error(trouble.value)}
        _move(story, message, MessageStatus.FAILED, EventKind.MESSAGE_FAILED, at)
        return
    message |= {"sent_at": at, "provider_message_id": f"SM{story.draw.getrandbits(128):032x}"}
    _move(story, message, MessageStatus.SENT, EventKind.MESSAGE_SENT, at)
    at += seconds(story.draw, 1, 6)
    if message["audience"] is Audience.PATIENT and story.draw.random() < _PHONES_OFF:
        message |= {"error_code": "30003", "explanation": text_error("30003")}
        _move(story, message, MessageStatus.FAILED, EventKind.MESSAGE_FAILED, at)
    else:
        _move(story, message, MessageStatus.DELIVERED, EventKind.MESSAGE_DELIVERED, at)
    if words is not None:
        story.rows.sandbox_texts.append(vendors.text(message, at))


def _trouble(story: Story, message: Values) -> Trouble | None:
    return story.visit.patient.trouble if message["audience"] is Audience.PATIENT else None


def _move(story: Story, message: Values, status: MessageStatus, event: EventKind, at: datetime) -> None:
    message["status"] = status
    named = {name: message[name] for name in ("kind", "channel", "audience", "status", "error_code")}
    story.record(event, at, SYSTEM, after={"message_id": str(message["id"]), **named})


def _words(story: Story, message: Values) -> Rendered | None:
    """Subject and body, also put into the row; None for a message that is too old for anybody to open."""
    now = story.world.now
    if message["created_at"] < now - _WORDS_KEPT_FOR and story.visit.starts_at < now:
        return None
    rendered = render(message["kind"], message["audience"], message["channel"], message["language"], _values(story))
    message |= {"subject": rendered.subject, "body": rendered.text}
    return rendered


def _values(story: Story) -> VisitValues:
    visit, links = story.visit, story.world.links
    clinic = visit.clinic
    paid = 0 if story.payment is None else story.payment["captured_minor"]
    refunded = 0 if story.payment is None else story.payment["refunded_minor"]
    refunding = sum(item["amount_minor"] for item in story.refunds if item["status"] is not RefundStatus.FAILED)
    return VisitValues(
        reference=story.reference,
        clinic_name=clinic.name,
        clinic_phone=clinic.phone,
        clinic_address=clinic.address,
        service_name=visit.service.name,
        provider_name=visit.provider.name,
        first_name=visit.patient.first_name,
        last_name=visit.patient.last_name,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        expires_at=story.expires_at,
        time_zone=clinic.time_zone,
        patient_time_zone=story.patient_time_zone if story.remote else None,
        currency=clinic.currency,
        currency_exponent=clinic.currency_exponent,
        total_minor=visit.price_minor,
        paid_minor=paid,
        refunded_minor=refunded,
        refunding_minor=refunding,
        refund_tiers=visit.service.refund_tiers,
        visit_url=links.visit(clinic.slug, story.id, 0),
        book_url=links.book(clinic.slug),
        join_url=links.join(story.id, 0) if story.remote else None,
        host_url=links.host(story.id) if story.remote else None,
    )
