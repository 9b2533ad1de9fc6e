"""What a text costs: at most two segments, however long the names are."""

from datetime import UTC, datetime
from itertools import product

import pytest
from babel import Locale

from server.domain.outreach import AUDIENCES
from server.templates.render import render
from server.templates.values import VisitValues
from shared.schemas.enums import Audience, Channel, MessageKind
from tests.templates.factories import in_person, some_values
from tests.templates.segments import alphabet, segments

MESSAGES = [(kind, audience) for kind, audiences in AUDIENCES.items() for audience in audiences]
FORTY_LETTERS = "Dr. Alexandrina Wolfeschlegelsteinhausen"
# A Wednesday in September at half past twelve: as long as a date gets.
LONG_AFTERNOON = datetime(2026, 9, 30, 16, 30, tzinfo=UTC)
LONG = {
    "first_name": "Maximiliana-Theodora",
    "last_name": "Featherstonehaugh-X",
    "provider_name": FORTY_LETTERS,
    "clinic_name": "Riverside Women's Health Clinic",
    "starts_at": LONG_AFTERNOON,
    "expires_at": LONG_AFTERNOON,
    **dict.fromkeys(("total_minor", "paid_minor", "refunded_minor", "refunding_minor"), 1_234_567),
}


def a_text(kind: MessageKind, audience: Audience, values: VisitValues) -> str:
    return render(kind, audience, Channel.TEXT, "en", values).text


@pytest.mark.parametrize(
    ("text", "coding", "count"),
    [
        ("", "gsm", 1),
        ("a" * 160, "gsm", 1),
        ("a" * 161, "gsm", 2),
        ("a" * 306, "gsm", 2),
        ("a" * 307, "gsm", 3),
        ("€" * 80, "gsm", 1),
        ("€" * 81, "gsm", 2),
        # 152 + an escape that does not fit any more: the pair moves on.
        ("a" * 152 + "€" + "a" * 152, "gsm", 3),
        ("ë" + "a" * 69, "ucs2", 1),
        ("ë" + "a" * 70, "ucs2", 2),
        ("ë" + "a" * 134, "ucs2", 3),
        ("\U0001f600" * 35, "ucs2", 1),
        ("\U0001f600" * 36, "ucs2", 2),
        ("`", "ucs2", 1),
        ("é£¥ñÅ@_{}[]~", "gsm", 1),
    ],
)
def test_segments_are_counted_as_carriers_do(text: str, coding: str, count: int) -> None:
    assert alphabet(text) == coding
    assert segments(text) == count


@pytest.mark.parametrize(("kind", "audience"), MESSAGES)
def test_a_text_with_long_names_is_at_most_two_segments(kind: MessageKind, audience: Audience) -> None:
    assert len(FORTY_LETTERS) == len(f"{LONG['first_name']} {LONG['last_name']}") == 40
    for values, zone in product((some_values, in_person), (None, "Australia/Lord_Howe")):
        text = a_text(kind, audience, values(**LONG, patient_time_zone=zone))

        assert alphabet(text) == "gsm", text
        assert segments(text) <= 2, f"{len(text)} characters: {text}"


@pytest.mark.parametrize(("kind", "audience"), MESSAGES)
def test_typography_in_a_clinics_name_does_not_double_the_cost(kind: MessageKind, audience: Audience) -> None:
    values = some_values(clinic_name="Women’s “Health” – Riverside…", provider_name="Dr. Siobhán O’Brien")

    text = a_text(kind, audience, values)

    assert set("’“”–…").isdisjoint(text)


@pytest.mark.parametrize("currency", sorted(Locale("en").currency_symbols))
def test_no_currency_makes_a_text_cost_double(currency: str) -> None:
    text = a_text(MessageKind.PAY_LINK, Audience.PATIENT, some_values(currency=currency))

    assert alphabet(text) == "gsm", text
    assert "125.00" in text
