"""What vendors tell us. Verified on the raw bytes, stored, and answered at once; jobs act on it."""

from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Request, Response, Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from server.actions import receiving
from server.config import Mode, Settings
from server.db.session import Database
from server.domain.errors import InvalidSignatureError
from server.gateways.errors import BadSignatureError
from server.gateways.payments import PaymentProcessor
from server.gateways.texts import TextSender

Db = NamedDependency[SkipValidation[Database]]
Config = NamedDependency[SkipValidation[Settings]]
Texts = NamedDependency[SkipValidation[TextSender]]

_EMPTY_REPLY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@post("/stripe", status_code=200)
async def stripe(
    request: Request[Any, Any, Any],
    db: Db,
    settings: Config,
    payments: NamedDependency[SkipValidation[PaymentProcessor]],
) -> dict[str, str]:
    body = await request.body()
    try:
        event = payments.read_event(body, request.headers.get("stripe-signature", ""))
    except BadSignatureError:
        raise InvalidSignatureError from None
    if event.livemode != (settings.mode is Mode.LIVE):
        return {"result": "ignored: the event is of the other mode"}
    stored = await receiving.take_in(db, payments.name, event, body)
    return {"result": "stored" if stored else "known"}


@post("/twilio/status/{message_id:uuid}", status_code=204)
async def text_status(
    message_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    db: Db,
    settings: Config,
    texts: Texts,
) -> None:
    form, url, signature = await _signed_form(request, settings)
    try:
        told = texts.read_status(url=url, form=form, signature=signature)
    except BadSignatureError:
        raise InvalidSignatureError from None
    await receiving.note_text_status(db, message_id, told)


@post("/twilio/inbound", status_code=200)
async def inbound_text(request: Request[Any, Any, Any], db: Db, settings: Config, texts: Texts) -> Response[str]:
    form, url, signature = await _signed_form(request, settings)
    try:
        text = texts.read_inbound(url=url, form=form, signature=signature)
    except BadSignatureError:
        raise InvalidSignatureError from None
    await receiving.take_inbound_text(db, text)
    return Response(_EMPTY_REPLY, media_type="text/xml")


async def _signed_form(request: Request[Any, Any, Any], settings: Settings) -> tuple[dict[str, str], str, str]:
    """(form, public address, signature). The vendor signed the address that it was given: ours as the public
    knows it, which behind a proxy is not what this request says of itself."""
    raw = (await request.body()).decode("utf-8")
    query = request.url.query
    url = f"{settings.public_url}{request.url.path}" + (f"?{query}" if query else "")
    return (
        dict(parse_qsl(raw, keep_blank_values=True)),
        url,
        request.headers.get("x-twilio-signature", ""),
    )


router = Router(
    path="/webhooks",
    route_handlers=[stripe, text_status, inbound_text],
    tags=["webhooks"],
)
