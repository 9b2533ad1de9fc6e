"""Prices, refunds by policy, and double entry."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain import ledger
from server.domain.ledger import Account, EntryKind
from server.domain.policies import RefundTier, policy_sentence, refund_due, tiers_from
from server.domain.pricing import Price, refundable
from tests.domain.factories import utc

START = utc("2026-11-24T14:00")
TIERS = tiers_from([{"hours_before": 4, "percent": 50}, {"hours_before": 24, "percent": 100}])
AMOUNTS = st.integers(0, 2_147_483_647)


# Prices


@pytest.mark.parametrize(
    ("price", "discount", "tax", "total"),
    [(12_500, 0, 0, 12_500), (12_500, 2_500, 0, 10_000), (10_000, 0, 825, 10_825), (5_000, 5_000, 0, 0), (0, 0, 0, 0)],
)
def test_a_total_is_price_less_discount_plus_tax(price: int, discount: int, tax: int, total: int) -> None:
    assert Price(price, discount, tax).total_minor == total


@pytest.mark.parametrize(
    ("captured", "refunded", "pending", "left"),
    [(0, 0, 0, 0), (100, 0, 0, 100), (100, 40, 0, 60), (100, 40, 60, 0), (100, 0, 100, 0), (100, 80, 40, 0)],
)
def test_refunds_on_their_way_count_as_gone(captured: int, refunded: int, pending: int, left: int) -> None:
    assert refundable(captured, refunded, pending) == left


# Refunds by policy


@pytest.mark.parametrize(
    ("before", "due"),
    [
        (timedelta(days=30), 12_501),
        (timedelta(hours=24), 12_501),
        (timedelta(hours=24) - timedelta(microseconds=1), 6_251),
        (timedelta(hours=4), 6_251),
        (timedelta(hours=4) - timedelta(seconds=1), 0),
        (timedelta(0), 0),
        (timedelta(hours=-1), 0),
    ],
)
def test_the_longer_before_the_visit_the_more_comes_back(before: timedelta, due: int) -> None:
    assert refund_due(TIERS, 12_501, START, START - before) == due


def test_tiers_are_read_longest_notice_first_whatever_order_they_were_stored_in() -> None:
    assert list(TIERS) == [RefundTier(24, 100), RefundTier(4, 50)]


def test_without_tiers_nothing_comes_back() -> None:
    assert refund_due((), 12_500, START, START - timedelta(days=300)) == 0


@pytest.mark.parametrize(
    ("paid", "percent", "due"), [(1, 50, 1), (3, 50, 2), (101, 33, 33), (150, 33, 50), (99, 0, 0), (7, 100, 7)]
)
def test_half_a_unit_is_rounded_up_for_the_patient(paid: int, percent: int, due: int) -> None:
    assert refund_due([RefundTier(0, percent)], paid, START, START) == due


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 100)), max_size=4),
    AMOUNTS,
    st.integers(-100, 300),
)
def test_never_more_comes_back_than_was_paid(stored: list[tuple[int, int]], paid: int, hours: int) -> None:
    tiers = tiers_from([{"hours_before": before, "percent": percent} for before, percent in stored])

    due = refund_due(tiers, paid, START, START - timedelta(hours=hours))

    assert 0 <= due <= paid


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        ([], "Payments for this service are not refunded."),
        (
            [(24, 100), (4, 50)],
            (
                "Canceled 24 hours or more before the visit: full refund."
                " Canceled 4 hours or more before the visit: 50% back."
                " Later than that, or missed: no refund."
            ),
        ),
        (
            [(1, 100)],
            "Canceled 1 hour or more before the visit: full refund. Later than that, or missed: no refund.",
        ),
        (
            [(48, 100), (0, 25)],
            (
                "Canceled 48 hours or more before the visit: full refund."
                " Canceled before the visit: 25% back. Missed: no refund."
            ),
        ),
        (
            [(48, 80), (0, 0)],
            "Canceled 48 hours or more before the visit: 80% back. Later than that, or missed: no refund.",
        ),
        ([(0, 0)], "Payments for this service are not refunded."),
        (
            [(48, 0), (24, 50)],
            (
                "Canceled 48 hours or more before the visit: 0% back."
                " Canceled 24 hours or more before the visit: 50% back."
                " Later than that, or missed: no refund."
            ),
        ),
    ],
)
def test_the_policy_is_said_in_plain_sentences(stored: list[tuple[int, int]], sentence: str) -> None:
    tiers = tiers_from([{"hours_before": before, "percent": percent} for before, percent in stored])

    assert policy_sentence(tiers) == sentence


# The ledger


@given(st.lists(st.tuples(st.sampled_from([ledger.charge, ledger.refund]), st.integers(-(10**12), 10**12))))
def test_the_lines_of_each_transaction_sum_to_zero(movements: list[tuple[object, int]]) -> None:
    for post, amount in movements:
        lines = post(amount)  # type: ignore[operator]

        assert sum(line.amount_minor for line in lines) == 0
        assert {line.account for line in lines} == set(Account)


def test_a_charge_fills_the_processor_and_a_refund_takes_it_back() -> None:
    charged = {line.account: line.amount_minor for line in ledger.charge(12_500)}
    refunded = {line.account: line.amount_minor for line in ledger.refund(2_500)}

    assert charged == {Account.PROCESSOR: 12_500, Account.SALES: -12_500}
    assert refunded == {Account.PROCESSOR: -2_500, Account.SALES: 2_500}
    assert {kind.value for kind in EntryKind} == {"charge", "refund"}
