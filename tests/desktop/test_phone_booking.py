"""Booking a caller in: open times, missing and refused fields, a taken slot, a lost answer."""

from datetime import timedelta

import msgspec
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.views.main_window import MainWindow
from shared.schemas.enums import EventKind
from tests.desktop.factories import CLINICS, PROVIDERS, SERVICES, a_row, a_slot, an_instant, today
from tests.desktop.scripted_server import ScriptedServer

PATH = "/api/appointments"


@pytest.fixture
def booking(desk: MainWindow, qtbot: QtBot) -> MainWindow:
    """The form, open on tomorrow with three open times."""
    desk.action_set["book"].trigger()
    picker = desk.workspace.booking.picker
    qtbot.waitUntil(lambda: picker.profile is not None and bool(picker.note.text()))
    picker.next_day.click()
    qtbot.waitUntil(lambda: picker.times.texts() == ["09:00", "10:00", "11:00"])
    return desk


def fill_in(window: MainWindow) -> None:
    form = window.workspace.booking
    form.picker.times.press(1)
    form.first_name.setText("Nadia")
    form.last_name.setText("Petrova")
    form.mobile.setText("212 555 0147")
    form.consent.setChecked(True)


def test_a_caller_is_booked_in_and_shown_in_list_and_details(
    booking: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    fill_in(booking)
    booking.workspace.booking.pay_link.setChecked(True)

    booking.workspace.booking.book.click()
    # The live event may come before the answer does.
    qtbot.waitUntil(lambda: booking.workspace.detail.detail is not None)
    qtbot.waitUntil(lambda: booking.workspace.appointments.table.selectionModel().hasSelection())

    headers, body = server.requests("POST", PATH)[0]
    assert headers["idempotency-key"]
    assert body["clinic"] == CLINICS[0].slug
    assert body["service_id"] == str(SERVICES[0].id)
    assert body["provider_id"] is None
    assert body["sms_consent"] is True
    assert body["payment"] == "pay_link"
    assert (body["email"], body["note"]) == (None, None)
    assert booking.workspace.detail.detail is not None
    assert booking.workspace.detail.detail.row.patient_name == "Nadia Petrova"
    assert booking.workspace.booking.last_name.text() == ""


def test_what_is_missing_is_said_beside_it_and_nothing_is_sent(booking: MainWindow, server: ScriptedServer) -> None:
    form = booking.workspace.booking

    form.book.click()

    assert form.fields["first_name"].error == "The first name is needed."
    assert form.fields["mobile"].error == "A mobile number is needed."
    assert form.picker.note.text() == "Choose one of the open times."
    assert server.requests("POST", PATH) == []


def test_a_field_that_the_server_refuses_is_marked_and_what_was_typed_stays(
    booking: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    fill_in(booking)
    form = booking.workspace.booking
    refused = [{"field": "mobile", "message": "Not a number in the United States."}]
    server.fail(PATH, 400, "invalid_mobile", fields=refused)

    form.book.click()
    qtbot.waitUntil(lambda: bool(form.fields["mobile"].error))

    assert form.fields["mobile"].error == "Not a number in the United States."
    assert form.mobile.text() == "212 555 0147"
    assert form.picker.slot is not None
    assert QApplication.focusWidget() is form.mobile


def test_a_taken_time_offers_the_alternatives_as_buttons(
    booking: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    fill_in(booking)
    form = booking.workspace.booking
    later = a_slot(an_instant(today() + timedelta(days=3), 15))
    server.slots = [later]
    server.fail(PATH, 409, "slot_taken", "This time has just been taken.", alternatives=[msgspec.to_builtins(later)])
    form.book.click()
    qtbot.waitUntil(lambda: len(form.alternatives.texts()) == 1)
    assert "This time has just been taken." in form.notice.text

    form.alternatives.press(0)
    qtbot.waitUntil(lambda: form.picker.times.texts() == ["15:00"])
    form.book.click()
    qtbot.waitUntil(lambda: len(server.requests("POST", PATH)) == 2)

    first, second = server.requests("POST", PATH)
    assert second[1]["start"] != first[1]["start"]
    assert second[1]["last_name"] == "Petrova"
    assert second[0]["idempotency-key"] != first[0]["idempotency-key"]


def test_pressing_book_again_after_a_failure_cannot_book_twice(
    booking: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    fill_in(booking)
    form = booking.workspace.booking
    server.fail(PATH, 503, "unavailable")
    form.book.click()
    qtbot.waitUntil(lambda: bool(form.notice.text))

    form.book.click()
    qtbot.waitUntil(lambda: len(server.requests("POST", PATH)) == 2)

    first, second = server.requests("POST", PATH)
    assert first[0]["idempotency-key"] == second[0]["idempotency-key"]


def test_the_same_caller_booked_twice_on_purpose_is_two_bookings(
    booking: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    for _ in range(2):
        qtbot.waitUntil(booking.workspace.booking.book.isEnabled)
        booking.action_set["book"].trigger()
        qtbot.waitUntil(lambda: len(booking.workspace.booking.picker.times.texts()) == 3)
        fill_in(booking)
        asked = len(server.requests("POST", PATH))
        booking.workspace.booking.book.click()
        qtbot.waitUntil(lambda asked=asked: len(server.requests("POST", PATH)) == asked + 1)
        qtbot.waitUntil(lambda: booking.workspace.booking.last_name.text() == "")

    first, second = server.requests("POST", PATH)
    assert first[0]["idempotency-key"] != second[0]["idempotency-key"]


def test_a_time_that_somebody_else_takes_disappears_and_a_chosen_one_says_so(
    booking: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    fill_in(booking)
    picker = booking.workspace.booking.picker

    del server.slots[1]
    server.tell(EventKind.APPOINTMENT_CREATED, a_row().id)
    qtbot.waitUntil(lambda: picker.times.texts() == ["09:00", "11:00"])

    assert picker.slot is None
    assert picker.note.text() == "The chosen time is no longer open. Choose another one."


def test_a_chosen_provider_limits_the_times(booking: MainWindow, server: ScriptedServer, qtbot: QtBot) -> None:
    server.slots.append(a_slot(an_instant(None, 16), PROVIDERS[2]))
    picker = booking.workspace.booking.picker

    picker.provider.choose(PROVIDERS[2].id)

    qtbot.waitUntil(lambda: picker.times.texts() == ["16:00"])


def test_a_day_without_open_times_says_what_to_do(booking: MainWindow, qtbot: QtBot) -> None:
    picker = booking.workspace.booking.picker

    picker.day.setDate(picker.day.date().addDays(40))
    qtbot.waitUntil(lambda: picker.note.text().startswith("Nothing is open"))

    assert picker.next_day.isVisible()
    assert picker.times.texts() == []
