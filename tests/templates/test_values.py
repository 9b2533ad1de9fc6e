"""Times that name their zone, and money as its currency is written."""

from datetime import UTC, datetime

import pytest

from server.templates.values import long_time, money, short_time

NOVEMBER, JULY = datetime(2026, 11, 24, 14, tzinfo=UTC), datetime(2026, 7, 1, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "moment", "short", "long"),
    [
        (
            "America/New_York",
            NOVEMBER,
            "Tue, Nov 24, 9:00 AM EST",
            "Tuesday, November 24, 2026, 9:00 AM (Eastern Standard Time)",
        ),
        (
            "America/New_York",
            JULY,
            "Wed, Jul 1, 10:00 AM EDT",
            "Wednesday, July 1, 2026, 10:00 AM (Eastern Daylight Time)",
        ),
        (
            "Europe/London",
            NOVEMBER,
            "Tue, Nov 24, 2:00 PM GMT",
            "Tuesday, November 24, 2026, 2:00 PM (Greenwich Mean Time)",
        ),
        ("Europe/London", JULY, "Wed, Jul 1, 3:00 PM BST", "Wednesday, July 1, 2026, 3:00 PM (British Summer Time)"),
        (
            "Australia/Lord_Howe",
            JULY,
            "Thu, Jul 2, 12:30 AM UTC+10:30",
            "Thursday, July 2, 2026, 12:30 AM (Lord Howe Standard Time)",
        ),
        (
            "Asia/Kathmandu",
            NOVEMBER,
            "Tue, Nov 24, 7:45 PM UTC+05:45",
            "Tuesday, November 24, 2026, 7:45 PM (GMT+05:45)",
        ),
        (
            "America/Sao_Paulo",
            JULY,
            "Wed, Jul 1, 11:00 AM UTC-03:00",
            "Wednesday, July 1, 2026, 11:00 AM (Brasilia Standard Time)",
        ),
    ],
)
def test_a_time_names_the_zone_it_is_in(zone: str, moment: datetime, short: str, long: str) -> None:
    assert short_time(moment, zone, "en") == short
    assert long_time(moment, zone, "en") == long


def test_the_two_passes_of_an_hour_that_comes_twice_read_differently() -> None:
    first, second = datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)

    assert short_time(first, "America/New_York", "en") == "Sun, Nov 1, 1:30 AM EDT"
    assert short_time(second, "America/New_York", "en") == "Sun, Nov 1, 1:30 AM EST"
    assert long_time(first, "America/New_York", "en").endswith("1:30 AM (Eastern Daylight Time)")
    assert long_time(second, "America/New_York", "en").endswith("1:30 AM (Eastern Standard Time)")


def test_another_language_has_its_own_days_and_clocks() -> None:
    assert (
        long_time(NOVEMBER, "America/New_York", "es")
        == "martes, 24 de noviembre de 2026, 9:00 (hora estándar oriental)"
    )


@pytest.mark.parametrize(
    ("minor", "currency", "exponent", "text"),
    [
        (12_500, "USD", 2, "$125.00"),
        (5, "USD", 2, "$0.05"),
        (0, "USD", 2, "$0.00"),
        (-12_500, "USD", 2, "-$125.00"),
        (123_456_789, "USD", 2, "$1,234,567.89"),
        (12_500, "GBP", 2, "£125.00"),
        (12_500, "JPY", 0, "¥12,500"),
        (12_500, "KWD", 3, "KWD 12.500"),
        (-500, "KWD", 3, "-KWD 0.500"),
        # The currencies that CLDR shows without the decimals that they have.
        (12_550, "RSD", 2, "RSD 125.50"),
        (12_500, "IQD", 3, "IQD 12.500"),
        (500, "ISK", 0, "ISK 500"),
    ],
)
def test_money_shows_every_minor_unit(minor: int, currency: str, exponent: int, text: str) -> None:
    assert money(minor, currency, exponent, "en") == text


@pytest.mark.parametrize(("language", "text"), [("es", "1.234,50 GBP"), ("de", "1.234,50 £"), ("fr", "1 234,50 £GB")])
def test_money_follows_the_language(language: str, text: str) -> None:
    assert money(123_450, "GBP", 2, language) == text
