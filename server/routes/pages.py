"""The booking page: one address that is the embed, the hosted page, and the whole flow for a browser without script.

The JSON twin of every form here is in `routes/booking.py`. An edited address gets a kind page, never a 5xx: what
cannot be read is passed over, what does not exist is a 404 page in the reader's language.
"""

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.config.compression import CompressionConfig
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.middleware.compression import CompressionMiddleware
from litestar.params import FromPath, SkipValidation

from server.actions import detailing, holding, messaging, paying
from server.config import Settings
from server.db.reads import booking as booking_reads
from server.db.reads import visits as visit_reads
from server.db.session import Database
from server.db.unit_of_work import PATIENT
from server.domain.errors import (
    DomainError,
    HoldExpiredError,
    InvalidInputError,
    NotFoundError,
    PaymentUnavailableError,
    SlotTakenError,
    WrongStateError,
)
from server.domain.links import Links
from server.gateways.payments import PaymentProcessor
from server.routes.idempotency import once
from server.routes.page_files import file_handlers
from server.routes.page_rendering import (
    Visitor,
    ask,
    domain_error_page,
    http_error_page,
    rendered_page,
    rendered_visit,
    visit_address,
)
from server.routes.page_theme import stylesheet
from server.routes.page_views import (
    DAYS_SHOWN,
    chosen,
    pick_context,
)
from server.routes.page_words import Words, chosen_language
from server.routes.rate_limit import limited
from shared.schemas.booking import (
    DetailsRequest,
    HoldRequest,
    SlotList,
    VisitView,
)
from shared.schemas.enums import NextStep

FIRST_SERIAL = 0
RETURNS = frozenset("12")

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-]+(:\d{1,5})?")
_FIELD_OF_CODE = {
    "invalid_mobile": "mobile",
    "invalid_email": "email",
    "consent_required": "sms_consent",
}
_WORD_OF_FIELD = {
    "email": "err_email",
    "mobile": "err_mobile",
    "sms_consent": "err_consent",
}
_TYPED_FIELDS = ("first_name", "last_name", "email", "mobile", "note")


# What our own providers made needs no second look by the framework.
ForVisitor = NamedDependency[SkipValidation[Visitor]]
ForVisit = NamedDependency[SkipValidation[VisitView]]
ForPayments = NamedDependency[SkipValidation[PaymentProcessor]]
ForLinks = NamedDependency[SkipValidation[Links]]
ForDatabase = NamedDependency[SkipValidation[Database]]
ForSettings = NamedDependency[SkipValidation[Settings]]


class BadFormError(InvalidInputError):
    """A form that cannot be read at all."""


@get("/book/{clinic:str}", include_in_schema=False, guards=[limited("reads")])
async def booking_page(request: Request[Any, Any, Any], visitor: ForVisitor, db: ForDatabase) -> Response[str]:
    return await _pick_page(visitor, db, dict(request.query_params))


@get("/book/{clinic:str}/theme.css", include_in_schema=False, guards=[limited("reads")])
async def clinic_theme(visitor: ForVisitor) -> Response[str]:
    headers = {
        "Cache-Control": "public, max-age=60",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(stylesheet(visitor.clinic.theme), media_type="text/css", headers=headers)


@post("/book/{clinic:str}/hold", include_in_schema=False, guards=[limited("writes")])
async def hold_form(
    request: Request[Any, Any, Any],
    visitor: ForVisitor,
    db: ForDatabase,
    payments: ForPayments,
    links: ForLinks,
) -> Response[str]:
    form = await _form(request)
    asked = {
        "service": form.get("service_id", ""),
        "provider": form.get("provider_id", ""),
    }
    typed = {name: form.get(name) or None for name in ("service_id", "provider_id", "start")}
    try:
        wanted = msgspec.convert(typed, HoldRequest, strict=False)
    except msgspec.ValidationError:
        return await _pick_page(visitor, db, asked, alert=visitor.words("unclear"), status=400)
    # A double tap sends the form twice; the page's own key makes both mean the same hold.
    tap = once(f"hold:{visitor.clinic.slug}", f"{form['key']}:{form['start']}", wanted) if form.get("key") else None
    try:
        held = await holding.hold_slot(
            db, payments, visitor.clinic.slug, wanted, actor=PATIENT, minutes=visitor.clinic.hold_minutes, once=tap
        )
    except SlotTakenError as taken:
        return await _pick_page(visitor, db, asked, taken=taken, status=409)
    return _see_other(visit_address(visitor, links.token(held.appointment_id, FIRST_SERIAL)))


@get("/book/{clinic:str}/visit/{token:str}", include_in_schema=False, guards=[limited("reads")])
async def visit_page(
    request: Request[Any, Any, Any],
    visitor: ForVisitor,
    visit: ForVisit,
    token: FromPath[str],
) -> Response[str]:
    notice = visitor.words("resent") if request.query_params.get("sent") else ""
    counted = request.query_params.get("returned", "")
    returned = int(counted) if counted in RETURNS else 0
    return rendered_visit(visitor, visit, token, notice=notice, returned=returned)


@post("/book/{clinic:str}/visit/{token:str}/details", include_in_schema=False, guards=[limited("writes")])
async def details_form(
    request: Request[Any, Any, Any],
    visitor: ForVisitor,
    visit: ForVisit,
    token: FromPath[str],
    db: ForDatabase,
) -> Response[str]:
    form = await _form(request)
    details, wrongs = _details(form, visitor)
    if details is not None:
        try:
            await detailing.give_details(db, visit.appointment_id, details)
        except (HoldExpiredError, WrongStateError):
            pass  # the page that follows shows where the visit stands now
        except DomainError as error:
            field = error.field or _FIELD_OF_CODE.get(error.code, "")
            wrongs = {field: visitor.words(_WORD_OF_FIELD[field]) if field in _WORD_OF_FIELD else error.detail}
    if wrongs:
        return rendered_visit(visitor, visit, token, typed=form, wrongs=wrongs, status=400)
    return _see_other(visit_address(visitor, token))


@post("/book/{clinic:str}/visit/{token:str}/payment", include_in_schema=False, guards=[limited("writes")])
async def payment_form(
    visitor: ForVisitor,
    visit: ForVisit,
    token: FromPath[str],
    db: ForDatabase,
    payments: ForPayments,
    links: ForLinks,
) -> Response[str]:
    back = visit_address(visitor, token)
    returned = f"{links.public_url}{visit_address(visitor, token, returned=1)}"
    try:
        step = await paying.start_payment(db, payments, visit.appointment_id, return_url=returned)
    except (HoldExpiredError, WrongStateError):
        return _see_other(back)
    except PaymentUnavailableError as error:
        return rendered_visit(visitor, visit, token, alert=error.detail, step="pay", status=503)
    if step.kind is NextStep.REDIRECT and step.url:
        return _see_other(step.url)
    if step.kind is NextStep.STRIPE_ELEMENTS:
        alert = visitor.words("card_needs_script", phone=visit.clinic_phone)
        return rendered_visit(visitor, visit, token, alert=alert, step="pay")
    return _see_other(back)


@post("/book/{clinic:str}/visit/{token:str}/release", include_in_schema=False, guards=[limited("writes")])
async def release_form(
    visitor: ForVisitor,
    visit: ForVisit,
    db: ForDatabase,
    payments: ForPayments,
) -> Response[str]:
    await holding.release_hold(db, payments, visit.appointment_id, PATIENT)
    return _see_other(f"{visitor.base}{ask(visitor, service=visit.service_id)}")


@post("/book/{clinic:str}/visit/{token:str}/resend", include_in_schema=False, guards=[limited("writes")])
async def resend_form(
    visitor: ForVisitor,
    visit: ForVisit,
    token: FromPath[str],
    db: ForDatabase,
) -> Response[str]:
    await messaging.resend_by_patient(db, visit.appointment_id)
    return _see_other(visit_address(visitor, token, sent=1))


# What every handler needs ---------------------------------------------------------------------------------------


async def provide_visitor(
    request: Request[Any, Any, Any],
    clinic: FromPath[str],
    db: ForDatabase,
    settings: ForSettings,
) -> Visitor:
    """Raises NotFoundError for a clinic that is not there."""
    if not _SLUG.fullmatch(clinic):
        raise NotFoundError
    profile = await booking_reads.clinic_profile(db, clinic, hold_minutes=settings.hold_minutes)
    origins = [origin for origin in await booking_reads.clinic_origins(db, clinic) if _ORIGIN.fullmatch(origin)]
    asked = request.query_params.get("lang", "")
    language = chosen_language(asked, request.headers.get("accept-language", ""), profile.languages)
    visitor = Visitor(
        clinic=profile,
        origins=origins,
        words=Words(language, profile),
        asked_language=language if asked else "",
        embedded=request.headers.get("sec-fetch-dest") == "iframe",
        now=await db.now(),
    )
    request.state.visitor = visitor  # for the page of errors
    return visitor


async def provide_visit(
    visitor: ForVisitor,
    token: FromPath[str],
    db: ForDatabase,
    links: ForLinks,
) -> VisitView:
    """Raises NotFoundError for a token that is not ours, was revoked, or belongs to another clinic's visit."""
    visit = await visit_reads.visit_view(db, links, await visit_reads.appointment_of(db, links, token))
    if visit.clinic_slug != visitor.clinic.slug:
        raise NotFoundError
    return visit


async def _form(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The first value of each field. Raises BadFormError for a body that is not a plain form in UTF-8."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise BadFormError
    try:
        pairs = parse_qsl(
            (await request.body()).decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=20,
        )
    except ValueError:
        raise BadFormError from None
    return {name: value.replace("\r\n", "\n") for name, value in reversed(pairs)}


def _details(form: Mapping[str, str], visitor: Visitor) -> tuple[DetailsRequest | None, dict[str, str]]:
    """The request, or what is wrong by field."""
    words = visitor.words
    wrongs: dict[str, str] = {}
    values: dict[str, Any] = {
        "sms_consent": "sms_consent" in form,
        "language": words.language,
    }
    if "sms_consent" in form:
        values["consent_version"] = visitor.clinic.consent_version
    types = {field.name: field.type for field in msgspec.structs.fields(DetailsRequest)}
    for name in _TYPED_FIELDS:
        value = form.get(name, "").strip()
        if not value and name == "note":
            continue
        try:
            values[name] = msgspec.convert(value, types[name])
        except msgspec.ValidationError:
            wrongs[name] = (
                words(_WORD_OF_FIELD.get(name, "err_long")) if value else words("err_required", field=words(name))
            )
    return (None, wrongs) if wrongs else (msgspec.convert(values, DetailsRequest), {})


def _see_other(address: str) -> Response[str]:
    return Response("", status_code=303, headers={"Location": address, "Cache-Control": "no-store"})


# Pages ----------------------------------------------------------------------------------------------------------


async def _pick_page(
    visitor: Visitor,
    db: Database,
    asked: Mapping[str, str],
    *,
    taken: SlotTakenError | None = None,
    alert: str = "",
    status: int = 200,
) -> Response[str]:
    clinic, words = visitor.clinic, visitor.words
    today = words.local(visitor.now).date()
    choice = chosen(clinic, asked, today)
    to_day = choice.first_day + timedelta(days=DAYS_SHOWN)
    slots = SlotList(time_zone=clinic.time_zone, slots=[])
    if choice.service:
        slots = await booking_reads.open_slots(
            db,
            clinic.slug,
            service_id=choice.service.id,
            provider_id=choice.provider_id,
            from_day=choice.first_day,
            to_day=to_day,
        )
    context = pick_context(
        clinic,
        words,
        choice,
        slots,
        today=today,
        base=visitor.base,
        language=visitor.asked_language,
        alternatives=taken.alternatives if taken else (),
    )
    context["key"] = secrets.token_urlsafe(12)
    context["alert"] = words("taken") if taken else alert
    context["alert_hint"] = words("expired_plain") if taken else ""
    data = {
        "service_id": choice.service.id if choice.service else None,
        "provider_id": choice.provider_id,
        "from": choice.first_day,
        "today": today,
        "settled": choice.explicit,
    }
    return rendered_page(visitor, "pick", words("title"), context, data=data, status=status)


router = Router(
    path="/",
    route_handlers=[
        booking_page,
        clinic_theme,
        hold_form,
        visit_page,
        details_form,
        payment_form,
        release_form,
        resend_form,
        *file_handlers,
    ],
    dependencies={"visitor": Provide(provide_visitor), "visit": Provide(provide_visit)},
    middleware=[DefineMiddleware(CompressionMiddleware, config=CompressionConfig(backend="gzip"))],
    exception_handlers={DomainError: domain_error_page, HTTPException: http_error_page},
)
