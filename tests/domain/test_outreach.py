"""Who is told what, and what must not leave any more."""

from itertools import product

import pytest

from server.domain.outreach import (
    AUDIENCES,
    RETRY_SECONDS,
    TRUE_WHILE,
    Contact,
    Planned,
    next_attempt_in,
    planned,
    reason_to_suppress,
)
from shared.schemas.enums import AppointmentStatus, Audience, Channel, MessageKind

PATIENT, PROVIDER = Audience.PATIENT, Audience.PROVIDER
EMAIL, TEXT = Channel.EMAIL, Channel.TEXT


def a_contact(
    audience: Audience = PATIENT,
    *,
    email: str | None = "mara@example.com",
    mobile: str | None = "+12125550123",
    texts_allowed: bool = True,
) -> Contact:
    return Contact(audience, email, mobile, texts_allowed)


BOTH = (a_contact(), a_contact(PROVIDER, email="ann@demo.test", mobile="+12125550101"))


def reason(
    kind: MessageKind,
    status: AppointmentStatus,
    *,
    revision: int = 0,
    current_revision: int = 0,
    channel: Channel = EMAIL,
    consent: bool = True,
    opted_out: bool = False,
) -> str | None:
    return reason_to_suppress(
        kind,
        status,
        revision=revision,
        current_revision=current_revision,
        channel=channel,
        consent=consent,
        opted_out=opted_out,
    )


# Planning


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("confirmation", {PATIENT, PROVIDER}),
        ("cancellation", {PATIENT, PROVIDER}),
        ("refund", {PATIENT}),
        ("late_refund", {PATIENT}),
        ("payment_failed", {PATIENT}),
        ("pay_link", {PATIENT}),
    ],
)
def test_each_kind_is_told_to_its_audiences_over_every_channel(kind: str, told: set[Audience]) -> None:
    messages = planned(MessageKind(kind), BOTH)

    assert {(item.audience, item.channel) for item in messages} == set(product(told, Channel))
    assert len(messages) == len(told) * 2
    assert all(item.suppressed is None for item in messages)


def test_whoever_cannot_be_reached_on_a_channel_gets_nothing_there() -> None:
    contacts = (a_contact(email=None), a_contact(PROVIDER, mobile=None))

    messages = planned(MessageKind.CONFIRMATION, contacts)

    assert [(item.audience, item.channel) for item in messages] == [(PATIENT, TEXT), (PROVIDER, EMAIL)]
    assert planned(MessageKind.CONFIRMATION, [a_contact(email=None, mobile=None)]) == []


def test_without_consent_the_text_is_written_down_with_the_reason_it_stays() -> None:
    messages = planned(MessageKind.CONFIRMATION, [a_contact(texts_allowed=False)])

    assert messages == [
        Planned(PATIENT, EMAIL, "mara@example.com", None),
        Planned(PATIENT, TEXT, "+12125550123", "There is no consent to texts for this appointment."),
    ]


@pytest.mark.parametrize("channels", [(), (EMAIL,), (TEXT,), (EMAIL, TEXT)])
def test_only_the_channels_asked_for_are_used(channels: tuple[Channel, ...]) -> None:
    messages = planned(MessageKind.REFUND, BOTH, channels)

    assert [item.channel for item in messages] == list(channels)


# Leaving


TRUE = {
    "confirmation": "confirmed in_progress",
    "cancellation": "canceled",
    "refund": "draft pending_payment confirmed in_progress completed no_show canceled",
    "late_refund": "canceled",
    "payment_failed": "pending_payment",
    "pay_link": "pending_payment",
}


@pytest.mark.parametrize(("kind", "status"), list(product(TRUE, AppointmentStatus)))
def test_a_message_leaves_only_while_it_is_true(kind: str, status: AppointmentStatus) -> None:
    explanation = reason(MessageKind(kind), status)

    if status.value in TRUE[kind].split():
        assert explanation is None
    else:
        assert explanation == f"The appointment is {status.value.replace('_', ' ')} by now."


def test_every_kind_that_is_told_to_somebody_says_while_it_is_true() -> None:
    assert AUDIENCES.keys() == TRUE_WHILE.keys()
    assert all(AUDIENCES.values())
    # What staff write by hand comes with its own screen.
    assert set(MessageKind) - AUDIENCES.keys() == {MessageKind.MANUAL}


@pytest.mark.parametrize("revisions", [(0, 1), (1, 0), (2, 3)])
def test_a_message_about_an_earlier_time_stays(revisions: tuple[int, int]) -> None:
    told, current = revisions

    explanation = reason(MessageKind.CONFIRMATION, AppointmentStatus.CONFIRMED, revision=told, current_revision=current)

    assert explanation is not None
    assert "moved" in explanation


@pytest.mark.parametrize(
    ("channel", "consent", "opted_out", "explanation"),
    [
        (TEXT, True, False, None),
        (TEXT, False, False, "There is no consent to texts for this appointment."),
        (TEXT, True, True, "This number has answered STOP."),
        (TEXT, False, True, "This number has answered STOP."),
        (EMAIL, False, True, None),
    ],
)
def test_stop_and_missing_consent_hold_back_texts_and_only_texts(
    channel: Channel, consent: bool, opted_out: bool, explanation: str | None
) -> None:
    found = reason(
        MessageKind.CONFIRMATION, AppointmentStatus.CONFIRMED, channel=channel, consent=consent, opted_out=opted_out
    )

    assert found == explanation


def test_a_message_is_tried_five_times_with_growing_pauses_and_then_given_up() -> None:
    pauses = [next_attempt_in(attempts) for attempts in range(1, 8)]

    assert pauses == [5, 30, 120, 600, None, None, None]
    assert list(RETRY_SECONDS) == sorted(RETRY_SECONDS)
