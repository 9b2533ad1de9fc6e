"""How the vendor's objects look at API version 2026-10-28.endive, when they are new. Nothing changes here."""

import secrets
import string
from datetime import datetime
from typing import Any

API_VERSION = "2026-10-28.endive"
_LETTERS = string.ascii_letters + string.digits

Body = dict[str, Any]


def new_id(prefix: str) -> str:
    return f"{prefix}_3S{''.join(secrets.choice(_LETTERS) for _ in range(22))}"


def fee_of(amount: int) -> int:
    """2.9 % + 30, rounded half up, in minor units."""
    return (amount * 29 + 500) // 1000 + 30


def intent(*, amount: int, currency: str, metadata: dict[str, str], description: str | None, now: datetime) -> Body:
    made = new_id("pi")
    return {
        "id": made,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{made}_secret_{secrets.token_hex(12)}",
        "confirmation_method": "automatic",
        "created": int(now.timestamp()),
        "currency": currency,
        "customer": None,
        "description": description,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def charge(intent: Body, *, method: str, now: datetime, failure: Body | None) -> Body:
    """`failure` has the code, decline code and message of a declined card."""
    paid = failure is None
    return {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        "captured": paid,
        "created": int(now.timestamp()),
        "currency": intent["currency"],
        "customer": None,
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": failure["code"] if failure else None,
        "failure_message": failure["message"] if failure else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": {
            "network_status": "approved_by_network" if paid else "declined_by_network",
            "reason": failure.get("decline_code") if failure else None,
            "risk_level": "normal",
            "type": "authorized" if paid else "issuer_declined",
        },
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method,
        "payment_method_details": {"card": {"brand": "visa", "funding": "credit", "last4": "4242"}, "type": "card"},
        "receipt_email": None,
        "refunded": False,
        "status": "succeeded" if paid else "failed",
    }


def refund(
    charge: Body, *, amount: int, metadata: dict[str, str], reason: str | None, status: str, now: datetime
) -> Body:
    pending = {"pending_reason": "processing"} if status == "pending" else {}
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": int(now.timestamp()),
        "currency": charge["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
        **pending,
    }


def balance_transaction(
    *, source: str, word: str, category: str, amount: int, fee: int, currency: str, now: datetime
) -> Body:
    created = int(now.timestamp())
    details = [{"amount": fee, "application": None, "currency": currency, "description": "fees", "type": "stripe_fee"}]
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": created + 2 * 86_400,
        "created": created,
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": details if fee else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source,
        "status": "pending",
        "type": word,
    }


def dispute(charge: Body, now: datetime) -> Body:
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": charge["amount"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": int(now.timestamp()),
        "currency": charge["currency"],
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": "fraudulent",
        "status": "needs_response",
    }


def event(kind: str, subject: Body, *, key: str | None, now: datetime) -> Body:
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": int(now.timestamp()),
        "data": {"object": subject},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": key},
        "type": kind,
    }
