"""The query parameters that list, sales and export share."""

import unicodedata
from datetime import date
from typing import Annotated, TypeVar
from uuid import UUID

from litestar.params import QueryParameter

from server.db.reads.filters import Filters
from server.domain.errors import InvalidInputError
from shared.schemas.enums import AppointmentStatus, PaymentStatus

LONGEST_TEXT = 100

Word = TypeVar("Word", AppointmentStatus, PaymentStatus)


def provide_filters(
    from_day: Annotated[date | None, QueryParameter(name="from")] = None,
    to_day: Annotated[date | None, QueryParameter(name="to")] = None,
    clinic_id: Annotated[UUID | None, QueryParameter(name="clinic_id")] = None,
    service_id: Annotated[UUID | None, QueryParameter(name="service_id")] = None,
    provider_id: Annotated[UUID | None, QueryParameter(name="provider_id")] = None,
    payment_status: Annotated[list[str] | None, QueryParameter(name="payment_status")] = None,
    status: Annotated[list[str] | None, QueryParameter(name="status")] = None,
    q: Annotated[str | None, QueryParameter(name="q")] = None,
) -> Filters:
    """Raises InvalidInputError naming the parameter. `status=rescheduled` and `payment_status=none` are no statuses
    but can be asked for like one."""
    text = unicodedata.normalize("NFC", q or "")  # as names are kept
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise InvalidInputError(
            "The text to look for is too long, or holds characters that nothing can be found by.",
            next_step=f"Use at most {LONGEST_TEXT} printable characters.",
            field="q",
        )
    statuses, payments = status or [], payment_status or []
    return Filters(
        from_day=from_day,
        to_day=to_day,
        clinic_id=clinic_id,
        service_id=service_id,
        provider_id=provider_id,
        payment_statuses=tuple(
            _one_of(PaymentStatus, value, "payment_status") for value in payments if value != "none"
        ),
        unpaid="none" in payments,
        statuses=tuple(_one_of(AppointmentStatus, value, "status") for value in statuses if value != "rescheduled"),
        rescheduled="rescheduled" in statuses,
        q=text,
    )


def _one_of(words: type[Word], value: str, field: str) -> Word:
    try:
        return words(value)
    except ValueError:
        raise InvalidInputError(
            f"{value!r} is not a {field.replace('_', ' ')}.",
            next_step=f"Use one of: {', '.join(words)}.",
            field=field,
        ) from None
