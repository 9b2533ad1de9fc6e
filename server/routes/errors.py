"""The one table from what went wrong to what is answered: problem+json with a code, a sentence, and what to do."""

from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    NotFoundException,
    SerializationException,
    ValidationException,
)
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from server.db.reads.booking import as_slot
from server.domain.errors import DomainError, SlotTakenError, TooManyRequestsError
from shared.schemas.problems import FieldProblem, Problem

log = structlog.get_logger()

AnyRequest = Request[Any, Any, Any]

STATUS: dict[str, int] = {
    "not_found": 404,
    "invalid_input": 400,
    "invalid_mobile": 400,
    "invalid_email": 400,
    "invalid_signature": 400,
    "consent_required": 400,
    "unauthenticated": 401,
    "invalid_credentials": 401,
    "forbidden": 403,
    "slot_taken": 409,
    "slot_not_offered": 409,
    "hold_expired": 409,
    "wrong_state": 409,
    "refund_too_large": 409,
    "unsupported_media_type": 415,
    "idempotency_key_reused": 422,
    "too_many_requests": 429,
    "payment_unavailable": 503,
    "unavailable": 503,
}

_UNAVAILABLE = "The service is busy or restarting. Nothing was changed."
_SENTENCES = {
    401: "You are not signed in, or your session has ended.",
    403: "Your role does not allow this.",
    405: "This address does not take this method.",
}
_TRY_AGAIN = "Try again in a moment."


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    next_step: str = "",
    fields: list[FieldProblem] | None = None,
    alternatives: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """A problem+json answer."""
    body = Problem(
        type=f"urn:frontdesk:{code}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        code=code,
        detail=detail,
        next_step=next_step,
        fields=fields or [],
        alternatives=alternatives or [],
    )
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type="application/problem+json",
        headers=headers or {},
    )


def on_domain_error(_: AnyRequest, error: DomainError) -> Response[bytes]:
    headers = {}
    alternatives = None
    if isinstance(error, TooManyRequestsError):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, SlotTakenError):
        alternatives = [msgspec.to_builtins(as_slot(slot)) for slot in error.alternatives]
    if error.code == "unauthenticated":
        headers["WWW-Authenticate"] = "Bearer"
    return problem(
        STATUS[error.code],
        error.code,
        error.detail,
        next_step=error.next_step,
        fields=[FieldProblem(field=error.field, message=error.detail)] if error.field else None,
        alternatives=alternatives,
        headers=headers,
    )


def on_invalid(_: AnyRequest, error: ValidationException) -> Response[bytes]:
    extra = error.extra if isinstance(error.extra, list) else []
    fields = [
        FieldProblem(field=str(item.get("key", "")), message=str(item.get("message", "")))
        for item in extra
        if isinstance(item, dict)
    ]
    named = ", ".join(field.field for field in fields if field.field)
    return problem(
        400,
        "invalid_input",
        f"This is not acceptable: {named}." if named else "The request is not acceptable.",
        next_step="Correct what is named and send it again; nothing was changed.",
        fields=fields,
    )


def on_unreadable(_: AnyRequest, error: Exception) -> Response[bytes]:
    """A body that is no JSON, no UTF-8, or nested beyond reason."""
    return problem(
        400,
        "invalid_input",
        "The body of the request cannot be read.",
        next_step="Send valid JSON in UTF-8; nothing was changed.",
    )


def on_http_error(_: AnyRequest, error: HTTPException) -> Response[bytes]:
    if error.status_code == HTTP_413_REQUEST_ENTITY_TOO_LARGE:
        return problem(
            413,
            "body_too_large",
            "The request is too large.",
            next_step="Send less at once.",
        )
    if isinstance(error, NotFoundException):
        return problem(
            404,
            "not_found",
            "There is nothing at this address.",
            next_step="Check the address.",
        )
    code = {401: "unauthenticated", 403: "forbidden", 405: "method_not_allowed"}
    return problem(
        error.status_code,
        code.get(
            error.status_code,
            "invalid_input" if error.status_code < 500 else "internal",
        ),
        _SENTENCES.get(error.status_code, "The request cannot be carried out as it is.")
        if error.status_code < 500
        else "Something went wrong on our side.",
        headers=dict(error.headers or {}),
    )


def on_database_trouble(request: AnyRequest, error: Exception) -> Response[bytes]:
    """The database is gone, or every connection is in use: say so at once, rather than hang."""
    if isinstance(error, DBAPIError) and not (
        isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    ):
        return on_anything(request, error)
    log.error("database_unavailable", error=type(error).__name__)
    return problem(
        503,
        "unavailable",
        _UNAVAILABLE,
        next_step=_TRY_AGAIN,
        headers={"Retry-After": "2"},
    )


def on_anything(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Our own fault. The log gets the trace, the client a sentence."""
    log.error("unexpected_error", path=request.url.path, error=repr(error), exc_info=error)
    return problem(
        500,
        "internal",
        "Something went wrong on our side.",
        next_step="Try again; if it stays, tell the clinic.",
    )


Handler = Callable[[Any, Any], Response[bytes]]

HANDLERS: dict[int | type[Exception], Handler] = {
    DomainError: on_domain_error,
    ValidationException: on_invalid,
    SerializationException: on_unreadable,
    msgspec.DecodeError: on_unreadable,
    UnicodeDecodeError: on_unreadable,
    RecursionError: on_unreadable,
    HTTPException: on_http_error,
    DBAPIError: on_database_trouble,
    PoolTimeoutError: on_database_trouble,
    ConnectionError: on_database_trouble,
    Exception: on_anything,
}
