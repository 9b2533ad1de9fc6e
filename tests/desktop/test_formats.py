"""How money, times and statuses are written."""

from datetime import UTC, datetime

import pytest
from PySide6.QtWidgets import QApplication

from desktop import formats
from desktop.formats import age, money, visit_time, zone_label
from desktop.theme import Theme, font, tokens
from desktop.widgets.marks import mark_pixmap
from shared.schemas.enums import (
    AppointmentStatus,
    EventKind,
    MessageKind,
    MessageStatus,
    PaymentStatus,
    RefundStatus,
    Role,
    VisitMode,
)


@pytest.mark.parametrize(
    ("minor", "exponent", "currency", "written"),
    [
        (0, 2, "USD", "$0.00"),
        (5, 2, "EUR", "€0.05"),
        (123456789, 2, "USD", "$1,234,567.89"),
        (-12050, 2, "GBP", "−£120.50"),
        (1200, 0, "JPY", "¥1,200"),
        (1234, 3, "KWD", "KWD\N{NO-BREAK SPACE}1.234"),
    ],
)
def test_money_shows_its_currency_and_its_decimals(minor: int, exponent: int, currency: str, written: str) -> None:
    assert money(minor, exponent, currency) == written


def test_a_zone_is_named_by_its_letters_as_they_are_at_that_moment() -> None:
    winter, summer = datetime(2026, 1, 5, 15, tzinfo=UTC), datetime(2026, 7, 5, 15, tzinfo=UTC)

    assert zone_label(winter, "America/New_York") == "EST"
    assert zone_label(summer, "America/New_York") == "EDT"


def test_a_zone_without_letters_is_named_by_its_offset() -> None:
    assert zone_label(datetime(2026, 1, 5, tzinfo=UTC), "America/Sao_Paulo") == "UTC−03:00"
    assert zone_label(datetime(2026, 1, 5, tzinfo=UTC), "Asia/Kathmandu") == "UTC+05:45"


def test_a_visits_time_is_the_clinics() -> None:
    start, end = datetime(2026, 11, 24, 2, tzinfo=UTC), datetime(2026, 11, 24, 2, 45, tzinfo=UTC)

    assert visit_time(start, end, "America/New_York") == "Monday 23 November 2026, 21:00 to 21:45 EST"


@pytest.mark.parametrize(("seconds", "said"), [(0, "now"), (40, "40 s"), (200, "3 min"), (7300, "2 h")])
def test_an_age_is_said_roughly(seconds: float, said: str) -> None:
    assert age(seconds) == said


@pytest.mark.parametrize(
    ("table", "kinds"),
    [
        (formats.APPOINTMENT_MARKS, AppointmentStatus),
        (formats.PAYMENT_MARKS, PaymentStatus),
        (formats.REFUND_MARKS, RefundStatus),
        (formats.MESSAGE_MARKS, MessageStatus),
        (formats.MESSAGE_KINDS, MessageKind),
        (formats.MODES, VisitMode),
        (formats.ROLES, Role),
    ],
)
def test_every_value_that_can_cross_the_wire_has_its_words(table: dict[object, object], kinds: type) -> None:
    assert set(table) == set(kinds)


def test_every_kind_of_event_can_be_said() -> None:
    assert all(formats.activity(kind.value) for kind in EventKind)
    assert formats.activity("robot_arrived") == "Robot arrived"


def test_statuses_of_one_kind_are_told_apart_by_shape_or_word() -> None:
    for table in (formats.APPOINTMENT_MARKS, formats.PAYMENT_MARKS, formats.MESSAGE_MARKS):
        assert len({mark.word for mark in table.values()}) == len(table)


def test_every_shape_can_be_drawn_and_looks_like_no_other(qapp: QApplication) -> None:
    drawn = {mark_pixmap(shape, "#000000").toImage().bits().tobytes() for shape in formats.Shape}

    assert len(drawn) == len(formats.Shape)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_every_text_colour_can_be_read_on_every_ground_it_stands_on(name: str) -> None:
    colours = getattr(tokens(), name)
    pairs = [
        (text, ground)
        for text in ("text", "text_muted", "accent", "success", "warning", "danger")
        for ground in ("surface", "panel", "raised", "selection", "accent_soft")
    ]
    pairs += [(tone, f"{tone}_soft") for tone in ("success", "warning", "danger")]
    pairs += [("text", f"{tone}_soft") for tone in ("success", "warning", "danger")]
    pairs += [("on_accent", "accent"), ("on_accent", "accent_hover")]

    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}

    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}
    assert contrast(colours["line_strong"], colours["panel"]) >= 3


def test_both_themes_name_the_same_tokens() -> None:
    assert tokens().light.keys() == tokens().dark.keys()


def test_switching_the_theme_leaves_no_token_unfilled(qapp: QApplication, theme: Theme) -> None:
    for name in ("dark", "light"):
        theme.use(name)

        assert "@" not in qapp.styleSheet().split("*/", 1)[1]
        assert qapp.palette().window().color() == theme.colour("surface")


def test_the_bundled_font_is_used_and_its_figures_are_equally_wide(theme: Theme) -> None:
    from PySide6.QtGui import QFontInfo, QFontMetricsF

    metrics = QFontMetricsF(font())

    assert QFontInfo(font()).family() == "Inter"
    assert len({round(metrics.horizontalAdvance(digit), 3) for digit in "0123456789"}) == 1
