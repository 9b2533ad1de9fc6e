"""What can go wrong by the rules: each has its own code, a sentence, and what to do next."""

import inspect

import pytest

from server.domain import errors
from server.domain.boundary import VendorCallInTransactionError, assert_no_open_transaction, transaction_open
from server.domain.errors import DomainError, InvalidInputError, SlotNotOfferedError, SlotTakenError
from tests.domain.factories import an_alternative, utc

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, DomainError) and kind is not DomainError
]


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in KINDS]

    assert len(codes) == len(set(codes))
    assert DomainError.code not in codes, "every error says more than that there is one"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_an_error_is_a_sentence_and_a_next_step(kind: type[DomainError]) -> None:
    # A value that is not acceptable says at its own place what to do about it.
    assert kind.detail.endswith(".")
    assert kind.next_step.endswith(".") or kind is InvalidInputError
    assert kind.code == kind.code.lower().strip()


def test_words_given_on_the_spot_replace_the_usual_ones() -> None:
    usual, special = InvalidInputError(), InvalidInputError("Too long.", next_step="Shorten it.", field="note")

    assert (usual.detail, usual.next_step, usual.field) == ("A value is not acceptable.", "", None)
    assert (special.detail, special.next_step, special.field) == ("Too long.", "Shorten it.", "note")
    assert str(special) == "Too long."


def test_a_lost_slot_brings_its_alternatives() -> None:
    slot = an_alternative(utc("2026-11-23T14:00"))

    taken, not_offered = SlotTakenError([slot]), SlotNotOfferedError()

    assert taken.alternatives == (slot,)
    assert not_offered.alternatives == ()
    assert isinstance(not_offered, SlotTakenError)
    assert not_offered.code == "slot_not_offered"


def test_a_vendor_call_is_refused_exactly_while_a_transaction_is_open() -> None:
    assert_no_open_transaction()

    flag = transaction_open.set(True)
    try:
        with pytest.raises(VendorCallInTransactionError):
            assert_no_open_transaction()
    finally:
        transaction_open.reset(flag)
    assert_no_open_transaction()
