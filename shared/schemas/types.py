"""Bounded building blocks of the structs: no unbounded string, no naive instant, no NUL, no integer past int4.

PostgreSQL cannot store NUL, and control characters forge lines in logs, mails and calendars, so both
are refused where text enters. A line break is allowed only in `Note`.
"""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

# `$` alone would let a line break at the very end through (Python's, unlike ECMA's, which the schema is read by).
_END = r"$(?!\n)"
_LINE = r"^[^\x00-\x1f\x7f]*" + _END
_PARAGRAPHS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*" + _END

Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=_LINE)]
Line = Annotated[str, Meta(max_length=200, pattern=_LINE)]
Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=_LINE)]
Mobile = Annotated[str, Meta(min_length=4, max_length=32, pattern=_LINE)]
Note = Annotated[str, Meta(max_length=2000, pattern=_PARAGRAPHS)]
Password = Annotated[str, Meta(min_length=1, max_length=256, pattern=_LINE)]
ZoneName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+\-/]+" + _END)]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2}(-[A-Z]{2})?" + _END)]

Instant = Annotated[datetime, Meta(tz=True)]
"""An instant with an offset (RFC 3339). A naive time is refused: it could mean two moments."""

Day = date
"""A calendar day in the zone of the clinic it is asked of."""

MinorUnits = Annotated[int, Meta(ge=-2_147_483_648, le=2_147_483_647)]
"""Money in the currency's smallest unit; the currency and its exponent stand beside it."""


class Wire(Struct):
    """Parent of what we answer. Lenient when read: an older desktop must be able to read a newer server."""


class Asked(Struct, forbid_unknown_fields=True):
    """Parent of what we are asked. Strict: a misspelt field is an error, not a silence."""
