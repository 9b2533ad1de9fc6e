"""The pretended Stripe's HTTP: keys checked, idempotency kept, forms in, objects out."""

import hashlib
from base64 import b64decode
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.db.tables.sandbox import SandboxStripeKey
from server.sandbox.state import Sandbox, moment
from server.sandbox.stripe.account import Account
from server.sandbox.stripe.objects import API_VERSION, Body, new_id
from server.sandbox.stripe.wire import Params, Refusal, decoded, invalid

Anything = Request[Any, Any, Any]
Work = Callable[[Account, Params], Awaitable[Body | tuple[int, Body]]]

_KEY_LIVES = timedelta(hours=24)


async def _answered(sandbox: Sandbox, request: Anything, work: Work, *, by_patient: bool = False) -> Response[Body]:
    """Do `work` in one transaction and answer as the vendor would. `by_patient`: the publishable key will do."""
    headers = {"request-id": new_id("req"), "stripe-version": API_VERSION}
    try:
        params = decoded(await request.body() if request.method == "POST" else request.scope["query_string"])
        trusted = _holds_secret_key(sandbox, request, by_patient=by_patient)
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is not None and (not 1 <= len(key) <= 255 or "\x00" in key):
            raise Refusal("Idempotency keys have 1 to 255 characters.")
        async with sandbox.db.write.begin() as connection:
            if key is None:
                account = Account(sandbox, connection, await moment(connection), trusted=trusted)
                status, body = await _worked(account, params, work)
            else:
                status, body, replayed = await _once(sandbox, connection, request, params, key, work, trusted)
                if replayed:
                    headers["idempotent-replayed"] = "true"
    except Refusal as refusal:
        status, body = refusal.status, refusal.body
    return Response(body, status_code=status, headers=headers)


async def _worked(account: Account, params: Params, work: Work) -> tuple[int, Body]:
    done = await work(account, params)
    status, body = done if isinstance(done, tuple) else (200, done)
    return (status, await account.expanded(body, params.texts("expand"))) if status == 200 else (status, body)


async def _once(
    sandbox: Sandbox,
    connection: AsyncConnection,
    request: Anything,
    params: Params,
    key: str,
    work: Work,
    trusted: bool,
) -> tuple[int, Body, bool]:
    """The answer that this key has or now gets, and whether it is a repetition."""
    rows = SandboxStripeKey
    now = await moment(connection)
    asked = hashlib.sha256(request.url.path.encode() + b"?" + await request.body()).hexdigest()
    await connection.execute(delete(rows).where(rows.key == key, rows.created_at < now - _KEY_LIVES))
    # Of two at once the second waits here for the first, and then finds its answer.
    fresh = postgres_insert(rows).values(key=key, fingerprint=asked).on_conflict_do_nothing().returning(rows.key)
    if (await connection.execute(fresh)).first() is None:
        row = (await connection.execute(select(rows).where(rows.key == key))).one()
        if row.fingerprint != asked:
            raise Refusal(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request.",
                kind="idempotency_error",
            )
        return row.status, row.body, True
    try:
        status, body = await _worked(Account(sandbox, connection, now, key=key, trusted=trusted), params, work)
    except Refusal as refusal:
        if refusal.validation:
            raise
        status, body = refusal.status, refusal.body
    await connection.execute(update(rows).where(rows.key == key).values(status=status, body=body))
    return status, body, False


def _holds_secret_key(sandbox: Sandbox, request: Anything, *, by_patient: bool) -> bool:
    """False for the publishable key, where that will do. Raises Refusal for any other."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        with suppress(ValueError):
            given = b64decode(given, validate=True).decode().partition(":")[0]
    settings = sandbox.settings
    allowed = {settings.stripe_secret_key} | ({settings.stripe_publishable_key} if by_patient else set())
    if scheme.lower() not in ("bearer", "basic") or given not in allowed:
        raise Refusal("Invalid API Key provided", status=401)
    return given == settings.stripe_secret_key


def _check_client_secret(account: Account, intent: Body, params: Params) -> None:
    """With the publishable key only the holder of the client secret may see or pay an intent."""
    secret = params.text("client_secret")
    if secret != intent["client_secret"] and not (secret is None and account.trusted):
        raise Refusal("The client_secret provided does not match.", param="client_secret", status=404)


@post("/payment_intents", status_code=200)
async def create_intent(request: Anything, sandbox: NamedDependency[Sandbox]) -> Response[Body]:
    async def work(account: Account, params: Params) -> Body | tuple[int, Body]:
        params.only(
            "amount", "currency", "automatic_payment_methods", "metadata", "description", "capture_method",
            "allowed_payment_method_types", "excluded_payment_method_types", "receipt_email", "customer",
            "statement_descriptor_suffix", "setup_future_usage", "confirm", "payment_method", "return_url",
        )  # fmt: skip
        params.needed("amount")
        amount, method, confirm = (params.integer("amount"), params.text("payment_method"), params.flag("confirm"))
        if params.text("capture_method") not in (None, "automatic", "automatic_async"):
            raise invalid("This sandbox captures at once.", "capture_method")
        if confirm and method is None:
            raise invalid("A payment method is needed to confirm.", "payment_method", "parameter_missing")
        intent = await account.create_intent(
            amount=amount or 0,
            currency=params.needed("currency"),
            metadata=params.metadata(),
            description=params.text("description", most=1000),
        )
        if confirm and method is not None:
            return await account.confirm(intent, method, params.text("return_url"))
        return intent

    return await _answered(sandbox, request, work)


@get("/payment_intents/{intent_id:str}")
async def retrieve_intent(
    intent_id: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]
) -> Response[Body]:
    async def work(account: Account, params: Params) -> Body:
        intent = await account.get("payment_intent", intent_id, param="intent")
        _check_client_secret(account, intent, params.only("client_secret"))
        return intent

    return await _answered(sandbox, request, work, by_patient=True)


@get("/payment_intents")
async def list_intents(request: Anything, sandbox: NamedDependency[Sandbox]) -> Response[Body]:
    return await _answered(sandbox, request, _listing("payment_intent"))


@post("/payment_intents/{intent_id:str}/confirm", status_code=200)
async def confirm_intent(
    intent_id: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]
) -> Response[Body]:
    async def work(account: Account, params: Params) -> tuple[int, Body]:
        params.only("payment_method", "return_url", "client_secret", "receipt_email", "off_session")
        intent = await account.get("payment_intent", intent_id, param="intent")
        _check_client_secret(account, intent, params)
        return await account.confirm(intent, params.needed("payment_method"), params.text("return_url"))

    return await _answered(sandbox, request, work, by_patient=True)


@post("/payment_intents/{intent_id:str}/cancel", status_code=200)
async def cancel_intent(
    intent_id: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]
) -> Response[Body]:
    async def work(account: Account, params: Params) -> Body:
        reason = params.only("cancellation_reason").text("cancellation_reason")
        if reason not in (None, "duplicate", "fraudulent", "requested_by_customer", "abandoned"):
            raise invalid("Invalid cancellation_reason", "cancellation_reason")
        return await account.cancel(await account.get("payment_intent", intent_id, param="intent"), reason)

    return await _answered(sandbox, request, work)


@post("/refunds", status_code=200)
async def create_refund(request: Anything, sandbox: NamedDependency[Sandbox]) -> Response[Body]:
    async def work(account: Account, params: Params) -> Body:
        params.only("payment_intent", "charge", "amount", "reason", "metadata")
        reason = params.text("reason")
        if reason not in (None, "duplicate", "fraudulent", "requested_by_customer"):
            raise invalid("Invalid reason", "reason")
        return await account.refund(
            intent_id=params.text("payment_intent"),
            charge_id=params.text("charge"),
            amount=params.integer("amount"),
            reason=reason,
            metadata=params.metadata(),
        )

    return await _answered(sandbox, request, work)


@get("/refunds")
async def list_refunds(request: Anything, sandbox: NamedDependency[Sandbox]) -> Response[Body]:
    return await _answered(sandbox, request, _listing("refund", "payment_intent", "charge"))


@get("/refunds/{refund_id:str}")
async def retrieve_refund(
    refund_id: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]
) -> Response[Body]:
    return await _answered(sandbox, request, _reading("refund", refund_id))


@get("/charges/{charge_id:str}")
async def retrieve_charge(
    charge_id: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]
) -> Response[Body]:
    return await _answered(sandbox, request, _reading("charge", charge_id))


@get("/balance_transactions")
async def list_balance(request: Anything, sandbox: NamedDependency[Sandbox]) -> Response[Body]:
    return await _answered(sandbox, request, _listing("balance_transaction", "source", "type"))


@get("/balance_transactions/{transaction_id:str}")
async def retrieve_balance(
    transaction_id: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]
) -> Response[Body]:
    return await _answered(sandbox, request, _reading("balance_transaction", transaction_id))


@get("/events")
async def list_events(request: Anything, sandbox: NamedDependency[Sandbox]) -> Response[Body]:
    return await _answered(sandbox, request, _listing("event", "type", "types"))


@get("/events/{event_id:str}")
async def retrieve_event(
    event_id: FromPath[str], request: Anything, sandbox: NamedDependency[Sandbox]
) -> Response[Body]:
    return await _answered(sandbox, request, _reading("event", event_id))


def _reading(kind: str, named: str) -> Work:
    async def work(account: Account, params: Params) -> Body:
        params.only()
        return await account.get(kind, named)

    return work


def _listing(kind: str, *filters: str) -> Work:
    async def work(account: Account, params: Params) -> Body:
        params.only("limit", "starting_after", *filters)
        words = {name: [value] for name in filters if name != "types" and (value := params.text(name))}
        if "types" in filters and (types := params.texts("types")):
            words["type"] = types
        return await account.listed(kind, limit=params.limit(), after=params.text("starting_after"), words=words)

    return work


router = Router(
    path="/sandbox/stripe/v1",
    include_in_schema=False,
    route_handlers=[
        create_intent,
        retrieve_intent,
        list_intents,
        confirm_intent,
        cancel_intent,
        create_refund,
        list_refunds,
        retrieve_refund,
        retrieve_charge,
        list_balance,
        retrieve_balance,
        list_events,
        retrieve_event,
    ],
)
