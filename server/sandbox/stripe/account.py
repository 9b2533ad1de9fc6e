"""The clinic's account at the pretended Stripe, inside one transaction: what each verb changes and announces.

HTTP stays in `routes`, later events (a payment that settles, a refund that fails) come back in through
`happen`. Every change is announced as an event; the kinds an endpoint would subscribe to are delivered.
"""

import re
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.tables.sandbox import SandboxStripeObject
from server.sandbox.state import Change, Sandbox, deliver_later, happen_later
from server.sandbox.stripe import objects
from server.sandbox.stripe.objects import Body
from server.sandbox.stripe.wire import Refusal, invalid, missing

LATE_SECONDS = 600
_DISPUTE_FEE = 1500
_LARGEST = 99_999_999
_SMALLEST = 50

DELIVERED = frozenset(
    {
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "payment_intent.processing",
        "payment_intent.requires_action",
        "payment_intent.canceled",
        "charge.succeeded",
        "charge.failed",
        "charge.updated",
        "charge.refunded",
        "charge.dispute.created",
        "refund.created",
        "refund.updated",
        "refund.failed",
    }
)

# The vendor's own test names: declines with their code and decline code.
DECLINES = {
    "pm_card_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_visa_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
    "pm_card_visa_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
    "pm_card_chargeDeclinedLostCard": ("card_declined", "lost_card"),
    "pm_card_visa_chargeDeclinedLostCard": ("card_declined", "lost_card"),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", None),
    "pm_card_chargeDeclinedIncorrectCvc": ("incorrect_cvc", None),
    "pm_card_chargeDeclinedProcessingError": ("processing_error", None),
}
SUCCEEDS = frozenset(
    {"pm_card_visa", "pm_card_mastercard", "pm_card_refundFail", "pm_card_pendingRefund", "pm_card_createDispute"}
)
AUTHENTICATES = frozenset({"pm_card_authenticationRequired", "pm_card_threeDSecure2Required"})


class Account:
    """`trusted`: asked with the secret key. `delay` and `copies` are how webhooks misbehave in this transaction: seconds late, times sent."""

    def __init__(
        self,
        sandbox: Sandbox,
        connection: AsyncConnection,
        now: datetime,
        *,
        key: str | None = None,
        trusted: bool = True,
        delay: float = 0,
        copies: int = 1,
    ) -> None:
        self.sandbox = sandbox
        self.now = now
        self.trusted = trusted
        self._connection = connection
        self._key = key
        self._delay = delay
        self._copies = copies

    # Reading

    async def get(self, kind: str, named: str, *, param: str = "id") -> Body:
        """The object, locked until the transaction ends. Raises Refusal (404)."""
        if not re.fullmatch(r"[A-Za-z0-9_]{1,80}", named):
            raise missing(kind, "?", param)
        rows = SandboxStripeObject
        query = select(rows.body).where(rows.id == named, rows.kind == kind).with_for_update()
        body: Body | None = (await self._connection.execute(query)).scalar_one_or_none()
        if body is None:
            raise missing(kind, named, param)
        return body

    async def listed(
        self, kind: str, *, limit: int, after: str | None, parent: str | None = None, words: dict[str, list[str]]
    ) -> Body:
        """Newest first; `words` narrows by a field of the object, which must be one of the given values."""
        rows = SandboxStripeObject
        query = select(rows.body).where(rows.kind == kind).order_by(rows.seq.desc()).limit(limit + 1)
        if parent is not None:
            query = query.where(rows.parent_id == parent)
        if after is not None:
            seq = await self._connection.scalar(select(rows.seq).where(rows.id == after, rows.kind == kind))
            if seq is None:
                raise missing(kind, after, "starting_after")
            query = query.where(rows.seq < seq)
        for name, values in words.items():
            query = query.where(rows.body[name].astext.in_(values))
        found = [row.body for row in await self._connection.execute(query)]
        return {"object": "list", "data": found[:limit], "has_more": len(found) > limit, "url": f"/v1/{kind}s"}

    async def expanded(self, body: Body, paths: list[str]) -> Body:
        """A copy of `body` with the named ids replaced by their objects. Raises Refusal for anything else."""
        whole = dict(body)
        for path in paths:
            first, _, rest = path.partition(".")
            if first == "data" and isinstance(whole.get("data"), list):
                whole["data"] = [await self.expanded(item, [rest]) for item in whole["data"]]
                continue
            if first not in ("latest_charge", "charge", "payment_intent", "balance_transaction"):
                raise invalid(f"This property cannot be expanded ({path}).", "expand")
            inner = whole.get(first)
            if isinstance(inner, str):
                query = select(SandboxStripeObject.body).where(SandboxStripeObject.id == inner)
                inner = await self._connection.scalar(query)
            whole[first] = await self.expanded(inner, [rest]) if isinstance(inner, dict) and rest else inner
        return whole

    # Payments

    async def create_intent(
        self, *, amount: int, currency: str, metadata: dict[str, str], description: str | None
    ) -> Body:
        if amount < _SMALLEST:
            raise invalid("The amount is below the smallest that can be charged.", "amount", "amount_too_small")
        if amount > _LARGEST:
            raise invalid("The amount is above the largest that can be charged.", "amount", "amount_too_large")
        if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
            raise invalid(f"Invalid currency: {currency}", "currency")
        intent = objects.intent(
            amount=amount, currency=currency.lower(), metadata=metadata, description=description, now=self.now
        )
        await self._add("payment_intent", intent, parent=None)
        await self._announce("payment_intent.created", intent)
        return intent

    async def confirm(self, intent: Body, method: str, return_url: str | None) -> tuple[int, Body]:
        """HTTP status and answer: 402 for a declined card, whose intent can be paid with another."""
        self._must_be_open(intent, "confirm")
        if method in DECLINES:
            code, decline_code = DECLINES[method]
            return 402, await self.decline(intent, code, decline_code, method)
        if method in AUTHENTICATES:
            return 200, await self.ask_for_authentication(intent, method, return_url)
        if method in SUCCEEDS:
            return 200, await self.succeed(intent, method)
        raise missing("PaymentMethod", method, "payment_method")

    async def succeed(self, intent: Body, method: str = "pm_card_visa") -> Body:
        charge = objects.charge(intent, method=method, now=self.now, failure=None)
        await self._add("charge", charge, parent=intent["id"])
        intent.update(
            status="succeeded",
            amount_received=intent["amount"],
            latest_charge=charge["id"],
            payment_method=method,
            last_payment_error=None,
            next_action=None,
        )
        await self._save(intent)
        await self._announce("charge.succeeded", charge)
        await self._announce("payment_intent.succeeded", intent)
        # Asynchronous capture: what the vendor keeps is known a moment later, and comes with charge.updated.
        await self._later(Change.BALANCE_KNOWN, charge["id"], 1)
        if method == "pm_card_createDispute":
            await self._later(Change.DISPUTE_OPENS, charge["id"], 2)
        return intent

    async def decline(self, intent: Body, code: str, decline_code: str | None, method: str) -> Body:
        """The error answer; the intent goes back to where another card can be tried."""
        failure = {"code": code, "message": "Your card was declined.", "type": "card_error"}
        if decline_code is not None:
            failure["decline_code"] = decline_code
        charge = objects.charge(intent, method=method, now=self.now, failure=failure)
        await self._add("charge", charge, parent=intent["id"])
        intent["latest_charge"] = charge["id"]
        await self._announce("charge.failed", charge)
        await self._fail(intent, failure)
        return {"error": {**failure, "charge": charge["id"], "payment_intent": intent}}

    async def ask_for_authentication(self, intent: Body, method: str, return_url: str | None) -> Body:
        page = f"{self.sandbox.settings.public_url}/sandbox/pay/{intent['id']}"
        intent.update(
            status="requires_action",
            payment_method=method,
            next_action={"type": "redirect_to_url", "redirect_to_url": {"url": page, "return_url": return_url}},
        )
        await self._save(intent)
        await self._announce("payment_intent.requires_action", intent)
        return intent

    async def fail_authentication(self, intent: Body) -> Body:
        message = "We are unable to authenticate your payment method."
        return await self._fail(
            intent,
            {"code": "payment_intent_authentication_failure", "message": message, "type": "invalid_request_error"},
        )

    async def succeed_late(self, intent: Body) -> Body:
        intent.update(status="processing", payment_method="pm_card_visa", last_payment_error=None, next_action=None)
        await self._save(intent)
        await self._announce("payment_intent.processing", intent)
        await self._later(Change.PAYMENT_SETTLES, intent["id"], LATE_SECONDS)
        return intent

    async def cancel(self, intent: Body, reason: str | None) -> Body:
        self._must_be_open(intent, "cancel")
        intent.update(
            status="canceled", canceled_at=int(self.now.timestamp()), cancellation_reason=reason, next_action=None
        )
        await self._save(intent)
        await self._announce("payment_intent.canceled", intent)
        return intent

    # Refunds

    async def refund(
        self, *, intent_id: str | None, charge_id: str | None, amount: int | None, reason: str | None,
        metadata: dict[str, str],
    ) -> Body:  # fmt: skip
        charge = await self._refundable(intent_id, charge_id)
        left = charge["amount_captured"] - charge["amount_refunded"]
        if left == 0:
            raise Refusal("This charge has already been refunded.", code="charge_already_refunded")
        if charge["disputed"]:
            raise Refusal("This charge is disputed and cannot be refunded.", code="charge_disputed")
        wanted = left if amount is None else amount
        if wanted < 1:
            raise invalid("The amount must be positive", "amount", "parameter_invalid_integer")
        if wanted > left:
            raise Refusal("Refund amount is greater than unrefunded amount on charge", param="amount")
        pending = charge["payment_method"] == "pm_card_pendingRefund"
        refund = objects.refund(
            charge, amount=wanted, metadata=metadata, reason=reason, status="pending" if pending else "succeeded",
            now=self.now,
        )  # fmt: skip
        taken = await self._book(refund["id"], "refund", "refund", -wanted, 0, charge["currency"])
        refund["balance_transaction"] = taken["id"]
        await self._add("refund", refund, parent=charge["payment_intent"])
        charge["amount_refunded"] += wanted
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
        await self._save(charge)
        await self._announce("refund.created", refund)
        await self._announce("charge.refunded", charge)
        if pending:
            await self._later(Change.REFUND_SETTLES, refund["id"], 2)
        if charge["payment_method"] == "pm_card_refundFail":
            await self._later(Change.REFUND_FAILS, refund["id"], 2)
        return refund

    async def _refundable(self, intent_id: str | None, charge_id: str | None) -> Body:
        if charge_id is not None:
            charge = await self.get("charge", charge_id, param="charge")
        elif intent_id is not None:
            intent = await self.get("payment_intent", intent_id, param="payment_intent")
            if intent["status"] != "succeeded":
                raise Refusal("This PaymentIntent does not have a successful charge to refund.", param="payment_intent")
            charge = await self.get("charge", intent["latest_charge"])
        else:
            raise invalid("One of charge or payment_intent is needed.", "payment_intent", "parameter_missing")
        if not charge["paid"]:
            raise Refusal("This charge did not succeed.", param="charge")
        return charge

    # What happens later

    async def happen(self, change: Change, about: str) -> None:
        if change is Change.PAYMENT_SETTLES:
            intent = await self.get("payment_intent", about)
            if intent["status"] == "processing":
                await self.succeed(intent)
        elif change is Change.BALANCE_KNOWN:
            charge = await self.get("charge", about)
            amount = charge["amount"]
            booked = await self._book(about, "charge", "charge", amount, objects.fee_of(amount), charge["currency"])
            charge["balance_transaction"] = booked["id"]
            await self._save(charge)
            await self._announce("charge.updated", charge)
        elif change is Change.DISPUTE_OPENS:
            await self._open_dispute(await self.get("charge", about))
        else:
            refund = await self.get("refund", about)
            if change is Change.REFUND_FAILS:
                await self._fail_refund(refund)
            else:
                refund["status"] = "succeeded"
                refund.pop("pending_reason", None)
                await self._save(refund)
            await self._announce("refund.failed" if refund["status"] == "failed" else "refund.updated", refund)

    async def _open_dispute(self, charge: Body) -> None:
        charge["disputed"] = True
        await self._save(charge)
        dispute = objects.dispute(charge, self.now)
        taken = await self._book(
            dispute["id"], "adjustment", "dispute", -charge["amount"], _DISPUTE_FEE, charge["currency"]
        )
        dispute["balance_transactions"] = [taken]
        await self._add("dispute", dispute, parent=charge["id"])
        await self._announce("charge.dispute.created", dispute)

    async def _fail_refund(self, refund: Body) -> None:
        returned = await self._book(
            refund["id"], "refund_failure", "refund_failure", refund["amount"], 0, refund["currency"]
        )
        refund.update(status="failed", failure_reason="lost_or_stolen_card", failure_balance_transaction=returned["id"])
        await self._save(refund)
        charge = await self.get("charge", refund["charge"])
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        await self._save(charge)

    # Rows

    def _must_be_open(self, intent: Body, verb: str) -> None:
        if intent["status"] in ("succeeded", "canceled", "processing"):
            raise Refusal(
                f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
                code="payment_intent_unexpected_state",
                payment_intent=intent,
            )

    async def _fail(self, intent: Body, error: Body) -> Body:
        intent.update(status="requires_payment_method", payment_method=None, last_payment_error=error, next_action=None)
        await self._save(intent)
        await self._announce("payment_intent.payment_failed", intent)
        return intent

    async def _book(self, source: str, word: str, category: str, amount: int, fee: int, currency: str) -> Body:
        booked = objects.balance_transaction(
            source=source, word=word, category=category, amount=amount, fee=fee, currency=currency, now=self.now
        )
        await self._add("balance_transaction", booked, parent=source)
        return booked

    async def _add(self, kind: str, body: Body, parent: str | None) -> None:
        values: dict[str, Any] = {"id": body["id"], "kind": kind, "parent_id": parent, "body": body}
        await self._connection.execute(insert(SandboxStripeObject).values(values))

    async def _save(self, body: Body) -> None:
        rows = SandboxStripeObject
        await self._connection.execute(update(rows).where(rows.id == body["id"]).values(body=body))

    async def _later(self, change: Change, about: str, seconds: float) -> None:
        await happen_later(self._connection, change, about, self.now + timedelta(seconds=seconds))

    async def _announce(self, kind: str, subject: Body) -> None:
        event = objects.event(kind, subject, key=self._key, now=self.now)
        await self._add("event", event, parent=subject["id"])
        if kind in DELIVERED:
            for _ in range(self._copies):
                await deliver_later(
                    self._connection,
                    vendor="stripe",
                    url=f"{self.sandbox.own_url}/webhooks/stripe",
                    payload=msgspec.json.encode(event).decode(),
                    due_at=self.now,
                    after_seconds=self._delay,
                )
