"""The state machines, told a second time and differently: for each verb where it may happen and where it leads."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from server.domain.errors import WrongStateError
from server.domain.transitions import (
    APPOINTMENT,
    MESSAGE,
    PAYMENT,
    REFUND,
    AppointmentVerb,
    MessageVerb,
    PaymentVerb,
    RefundVerb,
    move,
    sources,
)
from shared.schemas.enums import AppointmentStatus, MessageStatus, PaymentStatus, RefundStatus

Table = dict[tuple[StrEnum, StrEnum], StrEnum]
Told = Mapping[StrEnum, tuple[str, str]]
"""verb → (the statuses in which it may happen, the status it leads to)"""

MACHINES: dict[str, tuple[Any, type[StrEnum], type[StrEnum], Told]] = {
    "appointment": (
        APPOINTMENT,
        AppointmentStatus,
        AppointmentVerb,
        {
            AppointmentVerb.DETAIL: ("draft pending_payment", "pending_payment"),
            AppointmentVerb.CONFIRM: ("pending_payment", "confirmed"),
            AppointmentVerb.EXPIRE: ("draft pending_payment", "canceled"),
            AppointmentVerb.RELEASE: ("draft pending_payment", "canceled"),
            AppointmentVerb.CANCEL: ("draft pending_payment confirmed", "canceled"),
            AppointmentVerb.RECLAIM: ("canceled", "confirmed"),
            AppointmentVerb.START: ("confirmed", "in_progress"),
            AppointmentVerb.COMPLETE: ("confirmed in_progress", "completed"),
            AppointmentVerb.MISS: ("confirmed", "no_show"),
        },
    ),
    "payment": (
        PAYMENT,
        PaymentStatus,
        PaymentVerb,
        {
            PaymentVerb.PROCESS: ("initiated failed", "processing"),
            PaymentVerb.DECLINE: ("initiated processing failed", "failed"),
            PaymentVerb.SUCCEED: ("initiated processing failed", "succeeded"),
            PaymentVerb.CANCEL: ("initiated processing failed", "canceled"),
            PaymentVerb.REFUND_PART: ("succeeded partially_refunded", "partially_refunded"),
            PaymentVerb.REFUND_ALL: ("succeeded partially_refunded", "refunded"),
            PaymentVerb.RETURN_PART: ("partially_refunded refunded", "partially_refunded"),
            PaymentVerb.RETURN_ALL: ("partially_refunded refunded", "succeeded"),
        },
    ),
    "refund": (
        REFUND,
        RefundStatus,
        RefundVerb,
        {
            RefundVerb.SUCCEED: ("pending", "succeeded"),
            RefundVerb.FAIL: ("pending succeeded", "failed"),
        },
    ),
    "message": (
        MESSAGE,
        MessageStatus,
        MessageVerb,
        {
            MessageVerb.CLAIM: ("queued sending", "sending"),
            MessageVerb.ACCEPT: ("sending unknown", "sent"),
            MessageVerb.DELIVER: ("sending sent unknown", "delivered"),
            MessageVerb.RETRY: ("sending", "queued"),
            MessageVerb.FAIL: ("sending sent unknown", "failed"),
            MessageVerb.SUPPRESS: ("queued sending", "suppressed"),
            MessageVerb.LOSE: ("sending", "unknown"),
        },
    ),
}
EVERY_PAIR = [
    pytest.param(machine, status, verb, id=f"{machine}: {status.value}, {verb.value}")
    for machine, (_, statuses, verbs, _) in MACHINES.items()
    for status in statuses
    for verb in verbs
]


@pytest.mark.parametrize(("machine", "status", "verb"), EVERY_PAIR)
def test_every_pair_moves_as_told_or_is_refused(machine: str, status: StrEnum, verb: StrEnum) -> None:
    table, statuses, _, told = MACHINES[machine]
    possible, target = told[verb]

    if status.value in possible.split():
        assert move(table, status, verb) is statuses(target)
    else:
        with pytest.raises(WrongStateError) as refused:
            move(table, status, verb)
        assert refused.value.code == "wrong_state"
        assert status.value.replace("_", " ") in refused.value.detail


@pytest.mark.parametrize("machine", MACHINES)
def test_the_sources_of_a_verb_are_the_where_of_its_update(machine: str) -> None:
    table, statuses, verbs, told = MACHINES[machine]

    for verb in verbs:
        assert sorted(sources(table, verb)) == sorted(statuses(word) for word in told[verb][0].split())


@pytest.mark.parametrize(
    ("machine", "begin", "ends", "apart"),
    [
        ("appointment", "draft", "completed no_show", ""),
        # A dispute is the bank's doing; what follows from it is not written yet.
        ("payment", "initiated", "canceled", "disputed"),
        ("refund", "pending", "failed", ""),
        ("message", "queued", "delivered failed suppressed", ""),
    ],
)
def test_every_status_can_be_reached_and_the_ends_are_ends(machine: str, begin: str, ends: str, apart: str) -> None:
    table, statuses, _, _ = MACHINES[machine]

    reached = {statuses(begin)}
    for _ in statuses:
        reached |= {target for (status, _), target in table.items() if status in reached}

    assert {status.value for status in statuses} - {status.value for status in reached} == set(apart.split())
    without_way_out = {status for status in reached if not any(source is status for source, _ in table)}
    assert sorted(status.value for status in without_way_out) == ends.split()
