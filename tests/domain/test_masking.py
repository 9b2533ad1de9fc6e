"""Contacts as they may be shown: recognisable to their owner, useless to anybody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.masking import masked_email, masked_mobile


@pytest.mark.parametrize(
    ("email", "masked"),
    [
        ("maria@example.org", "m…@example.org"),
        ("m@example.org", "m…@example.org"),
        ("ñandú@example.org", "ñ…@example.org"),
    ],
)
def test_of_an_email_the_first_letter_and_the_domain_are_left(email: str, masked: str) -> None:
    assert masked_email(email) == masked


@pytest.mark.parametrize(("mobile", "masked"), [("+14155550132", "+1 … 32"), ("+447400123456", "+4 … 56")])
def test_of_a_mobile_four_characters_are_left(mobile: str, masked: str) -> None:
    assert masked_mobile(mobile) == masked


@given(st.from_regex(r"[a-z]{2,30}", fullmatch=True), st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True))
def test_neither_can_be_reached_by_what_is_shown(name: str, mobile: str) -> None:
    assert name not in masked_email(f"{name}@example.org").partition("@")[0]
    assert len([character for character in masked_mobile(mobile) if character.isdigit()]) == 3
