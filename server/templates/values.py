"""What a message may speak of, ready to be put into a sentence: times with their zone named, money with its sign."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_currency

from server.domain.policies import policy_sentence, tiers_from


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitValues:
    """One appointment as messages see it. `patient_time_zone` only for remote visits, `join_url` too."""

    reference: str
    clinic_name: str
    clinic_phone: str
    clinic_address: str
    service_name: str
    provider_name: str
    first_name: str
    last_name: str
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime | None
    time_zone: str
    patient_time_zone: str | None
    currency: str
    currency_exponent: int
    total_minor: int
    paid_minor: int
    refunded_minor: int
    refunding_minor: int
    refund_tiers: Sequence[dict[str, int]]
    visit_url: str
    book_url: str
    join_url: str | None
    host_url: str | None

    def words(self, language: str) -> dict[str, str]:
        """The values as words of one language, by the names that templates use."""
        here = self.starts_at.astimezone(ZoneInfo(self.time_zone))
        there = _elsewhere(here, self.patient_time_zone)
        return {
            "reference": self.reference,
            "clinic": self.clinic_name,
            "clinic_phone": self.clinic_phone,
            "clinic_address": self.clinic_address,
            "service": self.service_name,
            "provider": self.provider_name,
            "first_name": self.first_name,
            "patient": f"{self.first_name} {self.last_name}".strip(),
            "when": long_time(self.starts_at, self.time_zone, language),
            "when_short": short_time(self.starts_at, self.time_zone, language),
            "when_yours": long_time(there, str(there.tzinfo), language) if there else "",
            "when_short_yours": _beside(there, here, language) if there else "",
            "until": short_time(self.expires_at, self.time_zone, language) if self.expires_at else "",
            "total": money(self.total_minor, self.currency, self.currency_exponent, language),
            "paid": money(self.paid_minor, self.currency, self.currency_exponent, language) if self.paid_minor else "",
            "refunded": money(self.refunded_minor, self.currency, self.currency_exponent, language),
            "refunding": (
                money(
                    self.refunding_minor,
                    self.currency,
                    self.currency_exponent,
                    language,
                )
                if self.refunding_minor
                else ""
            ),
            "policy": policy_sentence(tiers_from(self.refund_tiers)),
            "visit_url": self.visit_url,
            "book_url": self.book_url,
            "join_url": self.join_url or "",
            "host_url": self.host_url or "",
        }


def long_time(moment: datetime, zone: str, language: str) -> str:
    """For example `Tuesday, November 24, 2026, 9:00 AM (Eastern Standard Time)`."""
    local = moment.astimezone(ZoneInfo(zone))
    name = get_timezone_name(local, width="long", locale=language)
    return f"{format_date(local, 'full', locale=language)}, {_clock(local, language)} ({name})"


def short_time(moment: datetime, zone: str, language: str) -> str:
    """For example `Tue, Nov 24, 9:00 AM EST`: for texts, where every character counts."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{format_date(local, 'EEE, MMM d', locale=language)}, {_clock(local, language)} {_zone_letters(local)}"


def _beside(there: datetime, here: datetime, language: str) -> str:
    """The same moment elsewhere, as short as it can be said: `2:00 PM GMT`, or `Wed 1:00 AM UTC+11:00`."""
    weekday = f"{format_date(there, 'EEE', locale=language)} " if there.date() != here.date() else ""
    return f"{weekday}{_clock(there, language)} {_zone_letters(there)}"


def _elsewhere(here: datetime, zone: str | None) -> datetime | None:
    """The moment in the patient's zone, where clocks show something else. A zone that nobody knows says nothing."""
    if zone is None:
        return None
    try:
        there = here.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        return None
    return there if there.utcoffset() != here.utcoffset() else None


def _zone_letters(local: datetime) -> str:
    """`EST`; where a zone has no letters, its offset as people write it: `UTC+05:45`."""
    letters = local.tzname() or ""
    return letters if letters.isalpha() else f"UTC{local.isoformat()[-6:]}"


def _clock(local: datetime, language: str) -> str:
    return _plain_spaces(format_time(local, "short", locale=language))


def _plain_spaces(text: str) -> str:
    # CLDR puts no-break spaces before AM and between sign and amount; one such character makes a text cost double.
    return text.replace("\u202f", " ").replace("\xa0", " ")


def money(minor: int, currency: str, exponent: int, language: str) -> str:
    """`12500`, USD, 2 → `$125.00`. The clinic's exponent counts: CLDR shows some currencies without their decimals."""
    pattern = Locale.parse(language).currency_formats["standard"].pattern
    pattern = pattern.replace(".00", f".{'0' * exponent}" if exponent else "")
    amount = Decimal(minor).scaleb(-exponent)
    text = format_currency(amount, currency, pattern, locale=language, currency_digits=False)
    return _plain_spaces(re.sub(rf"\b{currency}(?=\d)", f"{currency} ", text))
