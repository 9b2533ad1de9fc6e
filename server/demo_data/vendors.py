"""What the pretended vendors remember of the demo's past, so that it goes on working: an old payment can be refunded,
a hold's payment ended, and the outbox shows what arrived."""

from collections.abc import Iterable
from datetime import datetime
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from random import Random

from server.demo_data.chance import stripe_id
from server.demo_data.organisation import Values
from server.sandbox.stripe import objects
from server.templates.render import Rendered
from shared.schemas.enums import PaymentStatus, RefundStatus

MAIL_FROM = "visits@demo.test"
TEXT_FROM = "+15005550006"
_DECLINED = {"code": "card_declined", "message": "Your card was declined.", "type": "card_error"}


def payment(row: Values, refunds: Iterable[Values], draw: Random) -> list[Values]:
    """The intent behind one of our payments, with its charge and refunds."""
    at: datetime = row["created_at"]
    metadata = {"payment_id": str(row["id"]), "appointment_id": str(row["appointment_id"])}
    intent = objects.intent(
        amount=row["amount_minor"], currency=row["currency"].lower(), metadata=metadata, description=None, now=at
    )
    intent |= {"id": row["intent_id"], "client_secret": f"{row['intent_id']}_secret_{draw.getrandbits(96):024x}"}
    kept = [_kept("payment_intent", intent, None, at)]
    if row["status"] == PaymentStatus.CANCELED:
        intent |= {"status": "canceled", "canceled_at": int(at.timestamp()), "cancellation_reason": "abandoned"}
    elif row["status"] == PaymentStatus.FAILED:
        intent["last_payment_error"] = {**_DECLINED, "decline_code": row["failure_code"]}
    elif row["captured_minor"]:
        charge = objects.charge(intent, method="pm_card_visa", now=at, failure=None)
        charge |= {"id": stripe_id(draw, "ch"), "amount_refunded": row["refunded_minor"]}
        charge["refunded"] = row["refunded_minor"] == row["captured_minor"]
        intent |= {
            "status": "succeeded",
            "amount_received": row["captured_minor"],
            "latest_charge": charge["id"],
            "payment_method": "pm_card_visa",
        }
        kept.append(_kept("charge", charge, intent["id"], at))
        kept += [_refund(refund, charge) for refund in refunds]
    return kept


def _refund(row: Values, charge: objects.Body) -> Values:
    failed = row["status"] is RefundStatus.FAILED
    body = objects.refund(
        charge,
        amount=row["amount_minor"],
        metadata={"refund_id": str(row["id"])},
        reason=None,
        status="failed" if failed else "succeeded",
        now=row["created_at"],
    )
    body |= {"id": row["processor_refund_id"], **({"failure_reason": row["failure_code"]} if failed else {})}
    return _kept("refund", body, charge["payment_intent"], row["created_at"])


def _kept(kind: str, body: objects.Body, parent: str | None, at: datetime) -> Values:
    return {"id": body["id"], "kind": kind, "parent_id": parent, "body": body, "created_at": at}


def mail(message: Values, words: Rendered, at: datetime) -> Values:
    """A mail as it lies in the pretended mailbox."""
    # The older classes of the library: they compose five times as fast, and there are hundreds.
    composed = MIMEMultipart("alternative", None, [MIMEText(words.text), MIMEText(words.html or "", "html")])
    composed["From"] = f"Frontdesk demo <{MAIL_FROM}>"
    composed["To"] = message["recipient"]
    composed["Subject"] = Header(words.subject or "").encode()
    composed["Date"] = format_datetime(at)
    composed["Message-ID"] = f"<{message['id']}@frontdesk>"
    composed["Auto-Submitted"] = "auto-generated"
    return {
        "id": message["id"],
        "message_id": message["id"],
        "sender": MAIL_FROM,
        "recipient": message["recipient"],
        "subject": words.subject,
        "raw": composed.as_bytes(),
        "received_at": at,
    }


def text(message: Values, at: datetime) -> Values:
    """A text at the pretended vendor, at the end of its way."""
    code = message["error_code"]
    return {
        "sid": message["provider_message_id"],
        "direction": "outbound-api",
        "sender": TEXT_FROM,
        "recipient": message["recipient"],
        "body": message["body"],
        "status": "delivered" if code is None else "undelivered",
        "error_code": None if code is None else int(code),
        "message_id": message["id"],
        "created_at": message["sent_at"],
        "updated_at": at,
    }
