"""Every language says everything, with the same blanks to fill, and nothing that no page says."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.routes.page_words import Words, chosen_language, known_languages, page_strings, strings
from shared.schemas.booking import ClinicProfile, Theme

WIDGET = Path(__file__).resolve().parents[2] / "booking_widget"


def a_profile(**changes: Any) -> ClinicProfile:
    values: dict[str, Any] = {
        "slug": "quay", "name": "Quay", "address": "", "phone": "", "time_zone": "America/New_York", "country": "US",
        "currency": "USD", "currency_exponent": 2, "languages": ["en", "es"], "consent_text": "", "consent_version": "1",
        "hold_minutes": 10, "theme": Theme(accent="", surface="", text="", radius=0), "services": [], "providers": [],
    }  # fmt: skip
    return ClinicProfile(**{**values, **changes})


def blanks(text: Any) -> Any:
    if isinstance(text, dict):
        return {key: blanks(value) for key, value in text.items()}
    if isinstance(text, list):
        return len(text)
    return sorted(re.findall(r"\{(\w+)\}", text))


def test_every_language_has_the_same_words_and_blanks() -> None:
    english = blanks(strings("en"))

    assert known_languages() >= {"en", "es"}
    for language in known_languages():
        assert blanks(strings(language)) == english, language


def test_no_word_is_carried_that_no_page_says() -> None:
    files = [*WIDGET.glob("page/*.js"), *WIDGET.glob("steps/*.html"), WIDGET / "page.html"]
    files += Path(WIDGET.parent / "server" / "routes").glob("page*.py")
    said = "".join(file.read_text("utf-8") for file in files)

    unsaid = [key for key in page_strings("en") if not re.search(rf"\b{re.sub('_(one|other)$', '', key)}\b", said)]

    assert unsaid == []


@pytest.mark.parametrize(
    ("asked", "header", "language"),
    [
        (None, "", "en"),
        (None, "es-MX,es;q=0.9,en;q=0.8", "es"),
        (None, "fr, es;q=0.3, en;q=0.7", "en"),
        ("es", "en", "es"),
        ("es-419", "en", "es"),
        ("xx", "xx;q=what, ;;;,", "en"),
    ],
)
def test_the_readers_language_is_found(asked: str | None, header: str, language: str) -> None:
    assert chosen_language(asked, header, ["en", "es"]) == language


def test_times_dates_and_amounts_are_written_as_the_clinics_country_does() -> None:
    at = datetime(2026, 11, 23, 13, 5, tzinfo=ZoneInfo("America/New_York"))
    london = a_profile(country="GB", currency="GBP", time_zone="Europe/London")
    american, british, spanish = Words("en", a_profile()), Words("en", london), Words("es", a_profile())
    yen, dinar = (
        Words("en", a_profile(currency="JPY", currency_exponent=0)),
        Words("en", a_profile(currency="KWD", currency_exponent=3)),
    )

    assert american.moment(at) == "Monday, November 23, 1:05 PM"
    assert british.moment(british.local(at)) == "Monday 23 November, 18:05"
    assert spanish.moment(at) == "lunes, 23 de noviembre, 13:05"
    assert american.zone_words("zone_short", at) == "New York time (EST)"
    assert american.money(1_234_500) == "$12,345.00"
    assert british.money(9_500, exact=False) == "£95"
    assert (yen.money(500), dinar.money(1_250)) == ("¥500", "KWD 1.250")
