"""The server-rendered page's language: which one, its words, and dates, times and money as its readers write them.

The words themselves live in `booking_widget/strings/`; the page's scripts use the same file and `Intl`.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from shared.schemas.booking import ClinicProfile

STRINGS = Path(__file__).resolve().parents[2] / "booking_widget" / "strings"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})

_TWELVE_HOURS = frozenset({"US", "CA", "AU", "NZ", "PH", "IN"})
_SYMBOLS = {
    "USD": "$",
    "GBP": "£",
    "EUR": "€",
    "CAD": "CA$",
    "AUD": "A$",
    "JPY": "¥",
    "NGN": "₦",
    "INR": "₹",
}


@cache
def known_languages() -> frozenset[str]:
    """Every language that has a strings file."""
    return frozenset(file.stem for file in STRINGS.glob("*.json"))


@cache
def strings(language: str) -> dict[str, Any]:
    """The whole file, the server's own part included. `language` must be a known one."""
    words: dict[str, Any] = json.loads((STRINGS / f"{language}.json").read_text("utf-8"))
    return words


@cache
def page_strings(language: str) -> dict[str, Any]:
    """What the page's scripts get: the file without the server's own part."""
    return {key: text for key, text in strings(language).items() if key != "server"}


def chosen_language(asked: str | None, accept_language: str, offered: Sequence[str]) -> str:
    """The language asked for in the address, else the browser's first that the clinic offers, else the clinic's own.

    Anything unknown is passed over, never an error.
    """
    available = [language for language in offered if language in known_languages()] or ["en"]
    ranked: list[tuple[float, str]] = []
    for entry in accept_language.split(",")[:20]:
        tag, _, parameters = entry.strip().partition(";")
        try:
            weight = float(parameters.strip().removeprefix("q=")) if parameters else 1.0
        except ValueError:
            weight = 0.0
        ranked.append((-weight, tag.split("-")[0].lower()))
    wanted = [
        (asked or "").split("-")[0].lower(),
        *(tag for _, tag in sorted(ranked, key=lambda item: item[0])),
    ]
    return next((language for language in wanted if language in available), available[0])


class Words:
    """The words of one language for one clinic: call it with a key, or ask it for a date, a time, an amount."""

    def __init__(self, language: str, clinic: ClinicProfile | None) -> None:
        self.language = language
        self.direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
        self.strings = strings(language)
        self.country = clinic.country if clinic else "US"
        self.currency = clinic.currency if clinic else "USD"
        self.exponent = clinic.currency_exponent if clinic else 2
        self.zone = ZoneInfo(clinic.time_zone if clinic else "UTC")
        self.own: dict[str, Any] = self.strings["server"]

    @property
    def locale(self) -> str:
        """For `Intl`: language and the clinic's country."""
        return f"{self.language}-{self.country}"

    def __call__(self, key: str, **values: object) -> str:
        text: str = self.strings[key] if key in self.strings else self.own[key]
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def count(self, key: str, number: int) -> str:
        return self(f"{key}_{'one' if number == 1 else 'other'}", n=number)

    def money(self, minor: int, *, exact: bool = True) -> str:
        """`exact=False` drops a fraction of nothing but zeros, for lists of prices."""
        whole, fraction = divmod(abs(minor), 10**self.exponent)
        amount = f"{whole:,}"
        if self.exponent and (exact or fraction):
            amount += f".{fraction:0{self.exponent}}"
        symbol = _SYMBOLS.get(self.currency, f"{self.currency} ")
        return f"{'-' if minor < 0 else ''}{symbol}{amount}"

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone)

    def time(self, moment: datetime) -> str:
        """Of a moment that is already in the zone it is shown in."""
        if self.country in _TWELVE_HOURS and self.language == "en":
            return f"{moment.hour % 12 or 12}:{moment:%M} {'AM' if moment.hour < 12 else 'PM'}"
        return f"{moment:%H:%M}"

    def weekday(self, day: date, *, short: bool = False) -> str:
        name: str = self.own["weekdays"][day.weekday()]
        return name[:3] if short else name

    def day(self, day: date, *, short: bool = False) -> str:
        month: str = self.own["months"][day.month - 1]
        return self._ordered(self.weekday(day, short=short), str(day.day), month[:3] if short else month)

    def month_day(self, day: date) -> str:
        month = str(self.own["months"][day.month - 1])[:3]
        return f"{month} {day.day}" if self._month_first else f"{day.day} {month}"

    def near_day(self, day: date, today: date) -> str:
        if (day - today).days in (0, 1):
            return self("today" if day == today else "tomorrow")
        return self.day(day, short=True)

    def moment(self, moment: datetime) -> str:
        return f"{self.day(moment.date())}, {self.time(moment)}"

    def zone_words(self, key: str, moment: datetime) -> str:
        """Names the zone of `moment` as people say it: its city and the abbreviation in force."""
        name = moment.tzname() or ""
        abbreviation = f"GMT{name}" if name[:1] in "+-" else name
        return self(key, city=city(str(moment.tzinfo)), zone=abbreviation)

    @property
    def _month_first(self) -> bool:
        return self.language == "en" and self.country == "US"

    def _ordered(self, weekday: str, day: str, month: str) -> str:
        if self._month_first:
            return f"{weekday}, {month} {day}"
        return self("date", weekday=weekday, day=day, month=month)


def city(zone: str) -> str:
    """`America/New_York` → `New York`"""
    return zone.rsplit("/", 1)[-1].replace("_", " ")
