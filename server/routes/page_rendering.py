"""Makes the booking page: template, data block and headers, for a visitor of a clinic or for a reader who is lost.

Nothing here reads or writes; what the templates are given is worked out in `page_views.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response
from litestar.exceptions import HTTPException
from markupsafe import Markup

from server.domain.errors import DomainError, TooManyRequestsError
from server.routes.errors import STATUS
from server.routes.page_files import WIDGET, files_address, page_modules
from server.routes.page_views import Context, ended_words, visit_context, visit_step
from server.routes.page_words import Words, chosen_language, page_strings
from shared.schemas.booking import ClinicProfile, VisitView

HTML = "text/html"
PATIENCE = 2
"""How often a page without script asks again before it believes a failure on record."""
STAGES = {"pick": 0, "details": 1, "pay": 2, "confirming": 2, "done": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads a page: the language they read and how they came. A page of errors knows no more than that."""

    words: Words
    now: datetime
    asked_language: str = ""
    embedded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor(Reader):
    """A reader who came to a clinic. `origins` are the websites that may frame what they see."""

    clinic: ClinicProfile
    origins: list[str]

    @property
    def base(self) -> str:
        return f"/book/{self.clinic.slug}"


def visit_address(visitor: Visitor, token: str, **asked: object) -> str:
    return f"{visitor.base}/visit/{token}{ask(visitor, **asked)}"


def ask(visitor: Reader, **asked: object) -> str:
    query = {key: str(value) for key, value in asked.items() if value}
    if visitor.asked_language:
        query["lang"] = visitor.asked_language
    return f"?{urlencode(query)}" if query else ""


def rendered_visit(
    visitor: Visitor,
    visit: VisitView,
    token: str,
    *,
    step: str = "",
    returned: int = 0,
    notice: str = "",
    alert: str = "",
    typed: Mapping[str, str] | None = None,
    wrongs: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    words = visitor.words
    step = "details" if wrongs else step or visit_step(visit, visitor.now, returned=returned > 0)
    context = visit_context(visit, words)
    heading = {
        "details": "details",
        "pay": "pay",
        "confirming": "confirming",
        "done": "done",
    }.get(step, "")
    context |= {
        "token": token,
        "again": visit_address(visitor, token, returned=returned + 1 if 0 < returned < PATIENCE else 0),
        "notice": notice,
        "alert": alert or (words("declined_plain") if context["failed"] else ""),
        "typed": typed or {},
        "wrongs": wrongs or {},
        "problems": [{"field": field, "message": message} for field, message in (wrongs or {}).items()],
        "hint": "",
    }
    title = words(heading) if heading else ""
    if step == "ended":
        title, context["hint"] = ended_words(visit, words)
    elif step == "done" and visit.end <= visitor.now:
        title = words("past")
    data = {"view": visit, "token": token, "today": words.local(visitor.now).date()}
    return rendered_page(visitor, step, title, context, data=data, status=status)


@cache
def _templates() -> Environment:
    loader = FileSystemLoader(WIDGET)
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def rendered_page(
    reader: Reader,
    step: str,
    heading: str,
    context: Context,
    *,
    data: Mapping[str, Any] | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    words = reader.words
    visitor = reader if isinstance(reader, Visitor) else None
    base, origins = (visitor.base, visitor.origins) if visitor else ("/book", [])
    page_data = ""
    if visitor and data is not None:
        everything = dict(data) | {
            "base": base,
            "step": step,
            "clinic": visitor.clinic,
            "origins": origins,
            "words": page_strings(words.language),
            "language": words.language,
            "locale": words.locale,
            "ask": ask(visitor),
            "now": visitor.now,
        }
        # A `<` inside a data block could end it; in JSON it may always be written as an escape.
        page_data = msgspec.json.encode(everything).decode().replace("<", "\\u003c")
    context |= {
        "w": words,
        "words": words.strings,
        "lang": words.language,
        "dir": words.direction,
        "clinic": visitor.clinic if visitor else None,
        "here": base,
        "ask": lambda: ask(reader),
        "step": step,
        "part": step,
        "stage": STAGES.get(step),
        "heading": heading,
        "embedded": reader.embedded,
        "files": files_address(),
        "modules": page_modules(),
        "page_data": Markup(page_data),  # noqa: S704 (escaped above, where it is made)
        "zone_note": words.zone_words("zone", words.local(reader.now)),
    }
    content = _templates().get_template("page.html").render(context)
    return Response(
        content,
        status_code=status,
        media_type=HTML,
        headers=_headers(origins) | dict(headers or {}),
    )


def _headers(origins: list[str]) -> dict[str, str]:
    """Strict about scripts and styles; only the clinic's registered websites may frame the page."""
    policy = (
        "default-src 'none'; script-src 'self' https://js.stripe.com; style-src 'self'; font-src 'self'; "
        "img-src 'self' data:; connect-src 'self' https://api.stripe.com; "
        "frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com; "
        "form-action 'self'; base-uri 'none'; " + " ".join(["frame-ancestors 'self'", *origins])
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Sec-Fetch-Dest, Accept-Language",
        "Cache-Control": "no-store",
    }


# Errors ---------------------------------------------------------------------------------------------------------


def domain_error_page(request: Request[Any, Any, Any], error: DomainError) -> Response[str]:
    """A rule was broken outside what a form can show beside its fields."""
    headers = {"Retry-After": str(error.retry_after_seconds)} if isinstance(error, TooManyRequestsError) else {}
    return _error_page(request, STATUS.get(error.code, 400), error, headers)


def http_error_page(request: Request[Any, Any, Any], error: HTTPException) -> Response[str]:
    """The request itself could not be read: method, size, parameters."""
    return _error_page(request, error.status_code, None, error.headers or {})


def _error_page(
    request: Request[Any, Any, Any],
    status: int,
    error: DomainError | None,
    headers: Mapping[str, str],
) -> Response[str]:
    reader: Reader | None = request.state.get("visitor")
    if reader is None:
        language = chosen_language(
            request.query_params.get("lang"),
            request.headers.get("accept-language", ""),
            ("en", "es"),
        )
        reader = Reader(words=Words(language, None), now=datetime.now(UTC))
    words = reader.words
    heading, hint = words("unclear" if status < 500 else "busy"), ""
    if status == 404:
        heading, hint = words("missing"), words("missing_hint")
    elif error is not None:
        heading, hint = error.detail, error.next_step
    context = {"hint": hint, "visit": None, "refunded": ""}
    return rendered_page(reader, "ended", heading, context, status=status, headers=headers)
