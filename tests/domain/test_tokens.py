"""The patient's link: only what we signed is read, and each token has exactly one spelling."""

import base64
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.links import Links
from server.domain.tokens import read_visit_token, visit_token

OLD, NEW, FOREIGN = b"o" * 32, b"n" * 32, b"f" * 32
VISIT = UUID("0192f8a0-0000-7000-8000-000000000001")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.uuids(), st.integers(0, 65_535), st.lists(st.binary(min_size=32, max_size=64), min_size=1, max_size=3))
def test_a_token_is_read_back_as_it_was_made(visit: UUID, serial: int, keyring: list[bytes]) -> None:
    token = visit_token(keyring, visit, serial)

    assert read_visit_token(keyring, token) == (visit, serial)
    assert len(token) == 46
    assert set(token) <= set(ALPHABET), "it goes into addresses and texts as it is"


def test_a_token_with_any_character_changed_is_nothing() -> None:
    token = visit_token([NEW], VISIT, 3)

    for place, original in enumerate(token):
        for other in ALPHABET:
            changed = token[:place] + other + token[place + 1 :]
            assert (read_visit_token([NEW], changed) is not None) == (other == original), (place, other)


def test_a_token_with_any_bit_flipped_is_nothing() -> None:
    raw = base64.urlsafe_b64decode(visit_token([NEW], VISIT, 3) + "==")

    for place in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[place // 8] ^= 1 << place % 8
        token = base64.urlsafe_b64encode(bytes(flipped)).decode().rstrip("=")
        assert read_visit_token([NEW], token) is None, place


def test_one_token_has_one_spelling() -> None:
    # A serial chosen so that the token holds both of the characters that base64 spells in two ways.
    token = next(made for serial in range(65_536) if "-" in (made := visit_token([NEW], VISIT, serial)) and "_" in made)

    spellings = (f"{token}==", f"{token}=", f" {token}", f"{token}\n", token.replace("-", "+"), token.replace("_", "/"))

    for spelling in spellings:
        assert read_visit_token([NEW], spelling) is None, spelling


def test_after_a_rotation_old_tokens_are_read_and_new_ones_signed_with_the_new_key() -> None:
    before = visit_token([OLD], VISIT, 0)
    rotated = [NEW, OLD]

    after = visit_token(rotated, VISIT, 0)

    assert read_visit_token(rotated, before) == (VISIT, 0)
    assert read_visit_token([NEW], after) == (VISIT, 0)
    assert read_visit_token([NEW], before) is None, "once the old key is gone, so are its tokens"
    assert read_visit_token([FOREIGN], after) is None


def test_a_token_names_the_serial_it_was_made_for_so_that_raising_it_revokes() -> None:
    first, second = visit_token([NEW], VISIT, 0), visit_token([NEW], VISIT, 1)

    assert first != second
    assert read_visit_token([NEW], first) == (VISIT, 0)
    assert read_visit_token([NEW], second) == (VISIT, 1)


@pytest.mark.parametrize(
    "garbage",
    ["", "=", "a", "====", "A" * 45, "A" * 46, "A" * 47, "A" * 10_000, "é" * 46, "\x00" * 46, "../../etc/passwd"],
)
def test_garbage_is_nothing(garbage: str) -> None:
    assert read_visit_token([NEW], garbage) is None


@given(st.text(max_size=80))
def test_whatever_is_typed_never_raises(typed: str) -> None:
    assert read_visit_token([NEW, OLD], typed) is None


def test_links_are_on_our_own_address_and_the_hosts_carries_no_secret() -> None:
    links = Links("https://book.example.org", [NEW])
    token = visit_token([NEW], VISIT, 7)

    assert links.token(VISIT, 7) == token
    assert links.book("quay") == "https://book.example.org/book/quay"
    assert links.visit("quay", VISIT, 7) == f"https://book.example.org/book/quay/visit/{token}"
    assert links.join(VISIT, 7) == f"https://book.example.org/join/{token}"
    assert links.host(VISIT) == f"https://book.example.org/host/{VISIT}"
