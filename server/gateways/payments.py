"""Payments: the protocol every processor fulfils, and Stripe behind it.

The processor's objects are reduced to what the clinic's money needs. Amounts are integer minor units.
Keys come from our own rows, so asking twice is asking once. The processor learns ids and amounts, nothing
about the patient or the visit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn, Protocol, TypeVar
from urllib.parse import quote
from uuid import UUID

import httpx
import msgspec
import stripe

from server.config import Mode, Settings
from server.domain.boundary import assert_no_open_transaction
from server.gateways.errors import BadSignatureError, GatewayRefusedError, GatewayUnavailableError, OutcomeUnknownError
from server.gateways.stripe_http import HttpxClient, watching_for_lost_answers
from shared.schemas.booking import PaymentStep
from shared.schemas.enums import NextStep

_S = TypeVar("_S")
_W = TypeVar("_W")

_TIMEOUT_SECONDS = 15.0
_TOLERANCE_SECONDS = 300
# Stripe counts these in hundredths although ISO gives them no minor unit: an ISO amount would charge 1 %.
_NOT_IN_ISO_UNITS = frozenset({"ISK", "UGX"})


class IntentStatus(StrEnum):
    """Where an intent stands. A declined card leaves it at REQUIRES_PAYMENT with a `failure_code`."""

    REQUIRES_PAYMENT = "requires_payment"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The processor's promise to collect `amount_minor`; `payment_id` is our row, read back from its metadata."""

    id: str
    status: IntentStatus
    amount_minor: int
    received_minor: int
    currency: str
    client_secret: str
    payment_id: UUID | None
    failure_code: str | None
    livemode: bool


class ProcessorRefundStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorRefund:
    """`refund_id` is our row, read back from metadata; None for a refund made in the processor's dashboard."""

    id: str
    intent_id: str | None
    status: ProcessorRefundStatus
    amount_minor: int
    currency: str
    refund_id: UUID | None
    failure_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorEvent:
    """A verified webhook. It is a hint: the object's present state is fetched before anything is done."""

    id: str
    kind: str
    object_id: str
    livemode: bool


class PaymentProcessor(Protocol):
    """Raises GatewayRefusedError, GatewayUnavailableError or OutcomeUnknownError from every async method."""

    name: str

    async def create_intent(
        self, *, key: str, amount_minor: int, currency: str, payment_id: UUID, appointment_id: UUID
    ) -> Intent: ...

    async def retrieve_intent(self, intent_id: str) -> Intent: ...

    async def cancel_intent(self, intent_id: str) -> Intent:
        """Cancel, and return the intent as it then is: CANCELED, or SUCCEEDED or PROCESSING if it was too late."""
        ...

    async def create_refund(
        self, *, key: str, intent_id: str, amount_minor: int, refund_id: UUID
    ) -> ProcessorRefund: ...

    async def retrieve_refund(self, refund_id: str) -> ProcessorRefund: ...

    def next_step(self, intent: Intent, *, return_url: str) -> PaymentStep:
        """What the patient does now: the processor's own form (`stripe_elements`) or a page of its (`redirect`)."""
        ...

    def read_event(self, body: bytes, signature: str) -> ProcessorEvent:
        """Verify the raw bytes and name the object concerned. Raises BadSignatureError."""
        ...

    async def close(self) -> None: ...


class _WireError(msgspec.Struct):
    code: str | None = None
    decline_code: str | None = None


class _WireIntent(msgspec.Struct):
    id: str
    status: str
    amount: int
    currency: str
    amount_received: int = 0
    client_secret: str | None = None
    metadata: dict[str, str] | None = None
    last_payment_error: _WireError | None = None
    livemode: bool = False


class _WireRefund(msgspec.Struct):
    id: str
    amount: int
    currency: str
    status: str | None = None
    payment_intent: str | None = None
    metadata: dict[str, str] | None = None
    failure_reason: str | None = None


class _WireObject(msgspec.Struct):
    id: str


class _WireData(msgspec.Struct):
    object: _WireObject


class _WireEvent(msgspec.Struct):
    id: str
    type: str
    data: _WireData
    livemode: bool = False


_INTENT_STATUS = {
    "requires_payment_method": IntentStatus.REQUIRES_PAYMENT,
    "requires_confirmation": IntentStatus.REQUIRES_PAYMENT,
    "requires_action": IntentStatus.REQUIRES_PAYMENT,
    "processing": IntentStatus.PROCESSING,
    "requires_capture": IntentStatus.PROCESSING,
    "succeeded": IntentStatus.SUCCEEDED,
    "canceled": IntentStatus.CANCELED,
}
_REFUND_STATUS = {
    "pending": ProcessorRefundStatus.PENDING,
    "requires_action": ProcessorRefundStatus.PENDING,
    "succeeded": ProcessorRefundStatus.SUCCEEDED,
    "failed": ProcessorRefundStatus.FAILED,
    "canceled": ProcessorRefundStatus.FAILED,
}


class StripePayments:
    """Stripe by its official client.

    `sandbox_pages` is the public address whose `/sandbox/pay/…` page takes the place of Stripe's form; None
    when Stripe itself is at the other end. `retries` are the library's own, under one idempotency key.
    """

    name = "stripe"

    def __init__(
        self,
        *,
        url: str,
        secret_key: str,
        publishable_key: str,
        webhook_secrets: tuple[str, ...],
        sandbox_pages: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        retries: int = 2,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = httpx.AsyncClient(transport=transport, timeout=_TIMEOUT_SECONDS)
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": url.rstrip("/")},
            max_network_retries=retries,
            http_client=HttpxClient(self._http, pause),
        )
        self._publishable_key = publishable_key
        self._webhook_secrets = webhook_secrets
        self._sandbox_pages = sandbox_pages

    @classmethod
    def from_settings(cls, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> "StripePayments":
        # Another peer of Stripe's shape may be set in sandbox mode; our pay page knows nothing of its intents.
        own_sandbox = settings.mode is Mode.SANDBOX and settings.stripe_url.rstrip("/").endswith("/sandbox/stripe")
        return cls(
            url=settings.stripe_url,
            secret_key=settings.stripe_secret_key,
            publishable_key=settings.stripe_publishable_key,
            webhook_secrets=settings.webhook_secrets,
            sandbox_pages=settings.public_url if own_sandbox else None,
            transport=transport,
        )

    async def create_intent(
        self, *, key: str, amount_minor: int, currency: str, payment_id: UUID, appointment_id: UUID
    ) -> Intent:
        if currency.upper() in _NOT_IN_ISO_UNITS:
            raise GatewayRefusedError(self.name, "currency_not_supported", f"{currency} is counted differently here")
        answer = await self._call(
            lambda: self._client.v1.payment_intents.create_async(
                {
                    "amount": amount_minor,
                    "currency": currency.lower(),
                    "automatic_payment_methods": {"enabled": True},
                    "metadata": {"payment_id": str(payment_id), "appointment_id": str(appointment_id)},
                },
                {"idempotency_key": key},
            ),
            _WireIntent,
            writes=True,
        )
        return _intent(answer)

    async def retrieve_intent(self, intent_id: str) -> Intent:
        answer = await self._call(
            lambda: self._client.v1.payment_intents.retrieve_async(intent_id), _WireIntent, writes=False
        )
        return _intent(answer)

    async def cancel_intent(self, intent_id: str) -> Intent:
        try:
            answer = await self._call(
                lambda: self._client.v1.payment_intents.cancel_async(intent_id, {"cancellation_reason": "abandoned"}),
                _WireIntent,
                writes=True,
            )
        except GatewayRefusedError as refused:
            if refused.code != "payment_intent_unexpected_state":
                raise
            return await self.retrieve_intent(intent_id)
        return _intent(answer)

    async def create_refund(self, *, key: str, intent_id: str, amount_minor: int, refund_id: UUID) -> ProcessorRefund:
        answer = await self._call(
            lambda: self._client.v1.refunds.create_async(
                {"payment_intent": intent_id, "amount": amount_minor, "metadata": {"refund_id": str(refund_id)}},
                {"idempotency_key": key},
            ),
            _WireRefund,
            writes=True,
        )
        return _refund(answer)

    async def retrieve_refund(self, refund_id: str) -> ProcessorRefund:
        answer = await self._call(lambda: self._client.v1.refunds.retrieve_async(refund_id), _WireRefund, writes=False)
        return _refund(answer)

    def next_step(self, intent: Intent, *, return_url: str) -> PaymentStep:
        if self._sandbox_pages is not None:
            return PaymentStep(
                kind=NextStep.REDIRECT,
                url=f"{self._sandbox_pages}/sandbox/pay/{intent.id}?return_url={quote(return_url, safe='')}",
                amount_minor=intent.amount_minor,
                currency=intent.currency,
            )
        return PaymentStep(
            kind=NextStep.STRIPE_ELEMENTS,
            publishable_key=self._publishable_key,
            client_secret=intent.client_secret,
            amount_minor=intent.amount_minor,
            currency=intent.currency,
        )

    def read_event(self, body: bytes, signature: str) -> ProcessorEvent:
        if not any(_signed(body, signature, secret) for secret in self._webhook_secrets):
            raise BadSignatureError("no secret of ours made this signature, or it is too old")
        try:
            event = msgspec.json.decode(body, type=_WireEvent)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadSignatureError(f"not an event: {error}") from error
        return ProcessorEvent(id=event.id, kind=event.type, object_id=event.data.object.id, livemode=event.livemode)

    async def close(self) -> None:
        await self._http.aclose()

    async def _call(self, ask: Callable[[], Awaitable[stripe.StripeObject]], wire: type[_W], *, writes: bool) -> _W:
        assert_no_open_transaction()
        with watching_for_lost_answers() as lost:
            try:
                return msgspec.convert((await ask()).to_dict(), wire)
            except stripe.StripeError as error:
                _raise_mapped(error, writes=writes, lost=bool(lost))
            except msgspec.ValidationError as error:
                kind = OutcomeUnknownError if writes else GatewayUnavailableError
                raise kind("stripe", "unreadable_answer", str(error)) from error


def _raise_mapped(error: stripe.StripeError, *, writes: bool, lost: bool) -> NoReturn:
    status = error.http_status or 0
    code = error.code or (error.error.type if error.error is not None else None) or type(error).__name__
    detail = error.user_message or "no message"
    if isinstance(error, stripe.APIConnectionError):
        code = "connection_lost" if lost else "connection_failed"
    never_begun = isinstance(
        error, stripe.APIConnectionError | stripe.RateLimitError | stripe.AuthenticationError | stripe.PermissionError
    )
    # 409: another request of ours with this key is being worked on right now. 0: no answer that can be read.
    maybe_done = status >= 500 or status in (0, 409)
    if writes and (lost if never_begun else maybe_done):
        raise OutcomeUnknownError("stripe", code, detail) from error
    if never_begun or maybe_done:
        raise GatewayUnavailableError("stripe", code, detail) from error
    raise GatewayRefusedError("stripe", code, detail) from error


def _signed(body: bytes, signature: str, secret: str) -> bool:
    # TypeError: a signature outside ASCII, which the library's comparison does not expect.
    with suppress(stripe.SignatureVerificationError, UnicodeDecodeError, TypeError):
        stripe.WebhookSignature.verify_header(body, signature, secret, _TOLERANCE_SECONDS)
        return True
    return False


def _intent(wire: _WireIntent) -> Intent:
    failure = wire.last_payment_error
    return Intent(
        id=wire.id,
        status=_known(_INTENT_STATUS, wire.status),
        amount_minor=wire.amount,
        received_minor=wire.amount_received,
        currency=wire.currency.upper(),
        client_secret=wire.client_secret or "",
        payment_id=_our_id((wire.metadata or {}).get("payment_id")),
        failure_code=(failure.decline_code or failure.code) if failure else None,
        livemode=wire.livemode,
    )


def _refund(wire: _WireRefund) -> ProcessorRefund:
    return ProcessorRefund(
        id=wire.id,
        intent_id=wire.payment_intent,
        status=_known(_REFUND_STATUS, wire.status or "pending"),
        amount_minor=wire.amount,
        currency=wire.currency.upper(),
        refund_id=_our_id((wire.metadata or {}).get("refund_id")),
        failure_code=wire.failure_reason,
    )


def _known(statuses: Mapping[str, _S], word: str) -> _S:
    """A status that we have never heard of is no answer: ask again later, decide nothing."""
    if word not in statuses:
        raise GatewayUnavailableError("stripe", "unknown_status", word)
    return statuses[word]


def _our_id(text: str | None) -> UUID | None:
    """None for what was made elsewhere, such as by hand in the processor's dashboard."""
    with suppress(ValueError, TypeError):
        return UUID(text)
    return None
