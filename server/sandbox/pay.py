"""The page that stands in for the processor's payment form: one button for each named outcome.

What an outcome does to the intent lies in `stripe.account`; this file only shows and redirects.
"""

from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from server.sandbox.forms import FormError, fields_of
from server.sandbox.render import page, problem
from server.sandbox.state import Sandbox, moment
from server.sandbox.stripe.account import Account
from server.sandbox.stripe.objects import Body
from server.sandbox.stripe.wire import Refusal

Anything = Request[Any, Any, Any]
_LOST_WEBHOOK_SECONDS = 3
_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
# Minor digits other than two, of the currencies a clinic is likely to have.
_EXPONENTS = {"jpy": 0, "krw": 0, "vnd": 0, "clp": 0, "xof": 0, "xaf": 0} | dict.fromkeys(
    ("kwd", "bhd", "omr", "jod", "tnd"), 3
)


class Outcome(StrEnum):
    SUCCEED = "succeed"
    DECLINE = "decline"
    AUTHENTICATE = "authenticate"
    RESPONSE_LOST = "response_lost"
    SUCCEED_LATE = "succeed_late"
    WEBHOOK_TWICE = "webhook_twice"


BUTTONS = (
    (Outcome.SUCCEED, "Pay", "The card is charged at once."),
    (Outcome.DECLINE, "Decline", "The bank says no; another card can be tried."),
    (Outcome.AUTHENTICATE, "Ask for authentication", "The bank wants a second step (3-D Secure)."),
    (Outcome.RESPONSE_LOST, "Pay, but lose the connection", "Charged; the browser learns nothing, the webhook comes."),
    (Outcome.SUCCEED_LATE, "Pay ten minutes late", "Processing now, charged ten minutes later."),
    (Outcome.WEBHOOK_TWICE, "Pay, webhook sent twice", "Charged; the same events arrive two times at once."),
)


def amount_text(amount: int, currency: str) -> str:
    exponent = _EXPONENTS.get(currency, 2)
    whole, part = divmod(amount, 10**exponent)
    return f"{whole:,}{f'.{part:0{exponent}d}' if exponent else ''} {currency.upper()}"


@get("/{intent_id:str}")
async def show(
    intent_id: FromPath[str], sandbox: NamedDependency[Sandbox], return_url: FromQuery[str | None] = None
) -> Response[Any]:
    try:
        async with sandbox.db.write.begin() as connection:
            account = Account(sandbox, connection, await moment(connection))
            intent = await account.get("payment_intent", intent_id)
    except Refusal:
        return _unknown()
    return page(
        "pay.html",
        intent=intent,
        amount=amount_text(intent["amount"], intent["currency"]),
        buttons=BUTTONS,
        back=_safe_return(sandbox, return_url or _remembered(intent)),
        authenticating=intent["status"] == "requires_action",
        open=intent["status"] in _OPEN,
    )


@post("/{intent_id:str}", status_code=303)
async def pay(
    intent_id: FromPath[str],
    request: Anything,
    sandbox: NamedDependency[Sandbox],
    return_url: FromQuery[str | None] = None,
) -> Response[Any]:
    try:
        fields = await fields_of(request)
        outcome, completes = _choice(fields)
    except FormError as error:
        return problem(400, "invalid_input", error.detail, field=error.field, next_step="Use one of the buttons.")
    given = return_url or fields.get("return_url")
    try:
        async with sandbox.db.write.begin() as connection:
            account = Account(
                sandbox,
                connection,
                await moment(connection),
                delay=_LOST_WEBHOOK_SECONDS if outcome is Outcome.RESPONSE_LOST else 0,
                copies=2 if outcome is Outcome.WEBHOOK_TWICE else 1,
            )
            intent = await account.get("payment_intent", intent_id)
            back = _safe_return(sandbox, given or _remembered(intent))
            was_open = intent["status"] in _OPEN
            if completes is not None:
                await _authenticate(account, intent, completes)
            elif was_open:
                await _perform(account, intent, outcome, back)
    except Refusal:
        return _unknown()
    if was_open and outcome is Outcome.RESPONSE_LOST:
        return page("lost.html", status=502, back=back)
    if was_open and outcome is Outcome.AUTHENTICATE:
        # Relative: the page stays at the address where the patient sees it.
        return Redirect(
            f"/sandbox/pay/{intent_id}", query_params={"return_url": back} if back else None, status_code=303
        )
    return Redirect(back, status_code=303)


async def _perform(account: Account, intent: Body, outcome: Outcome | None, back: str | None) -> None:
    if outcome is Outcome.DECLINE:
        await account.decline(intent, "card_declined", "generic_decline", "pm_card_chargeDeclined")
    elif outcome is Outcome.AUTHENTICATE:
        await account.ask_for_authentication(intent, "pm_card_authenticationRequired", back)
    elif outcome is Outcome.SUCCEED_LATE:
        await account.succeed_late(intent)
    else:
        await account.succeed(intent)


async def _authenticate(account: Account, intent: Body, completes: bool) -> None:
    if intent["status"] != "requires_action":
        return
    if completes:
        await account.succeed(intent, intent["payment_method"])
    else:
        await account.fail_authentication(intent)


def _choice(fields: dict[str, str]) -> tuple[Outcome | None, bool | None]:
    """The outcome that was asked for, or whether the authentication was completed. Raises FormError."""
    if "authentication" in fields:
        if fields["authentication"] not in ("complete", "fail"):
            raise FormError("The authentication is either completed or failed.", "authentication")
        return None, fields["authentication"] == "complete"
    try:
        return Outcome(fields.get("outcome", "")), None
    except ValueError:
        raise FormError(f"The outcome is one of {', '.join(Outcome)}.", "outcome") from None


def _remembered(intent: Body) -> str | None:
    """The return address that an authentication was begun with."""
    action = intent["next_action"] or {}
    url: str | None = action.get("redirect_to_url", {}).get("return_url")
    return url


def _safe_return(sandbox: Sandbox, url: str | None) -> str:
    """`url` when it leads back to our own origin, else the booking page: this page is no open redirect."""
    if url and all("!" <= letter <= "~" and letter != "\\" for letter in url):
        try:
            address = urlsplit(url)
        except ValueError:
            return "/book"
        own = (address.scheme, address.netloc) == sandbox.origin
        if own or (not address.scheme and not address.netloc and url.startswith("/") and not url.startswith("//")):
            return url
    return "/book"


def _unknown() -> Response[Any]:
    return problem(404, "not_found", "There is no such payment here.", next_step="Start again from the booking page.")


router = Router(path="/sandbox/pay", include_in_schema=False, route_handlers=[show, pay])
