"""Signing in and out, and a session that ends."""

from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from desktop.views.main_window import MainWindow
from tests.desktop.conftest import sign_in
from tests.desktop.factories import a_row, a_user
from tests.desktop.scripted_server import PASSWORD, ScriptedServer


def test_signing_in_shows_the_workspace_and_who_is_signed_in(window: MainWindow, qtbot: QtBot) -> None:
    sign_in(window, qtbot)

    assert window.workspace.isVisible()
    assert "Dana Desk, front desk" in window.who.text()
    assert window.settings.value("server") == window.store.server


def test_a_wrong_password_says_so_and_keeps_what_was_typed(window: MainWindow, qtbot: QtBot) -> None:
    window.sign_in.password.setText("wrong")

    window.sign_in.enter.click()
    qtbot.waitUntil(lambda: bool(window.sign_in.notice.text))

    assert window.sign_in.notice.text == "The e-mail or the password is wrong. Try again."
    assert window.sign_in.email.text() == "desk@demo.test"
    assert window.sign_in.enter.isEnabled()


def test_an_empty_field_is_asked_for_and_nothing_is_sent(window: MainWindow, server: ScriptedServer) -> None:
    window.sign_in.email.clear()
    window.sign_in.password.setText(PASSWORD)

    window.sign_in.enter.click()

    assert window.sign_in.fields[1].error == "Needed to sign in."
    assert server.asked == []


def test_a_server_that_is_not_there_is_named_with_the_next_step(window: MainWindow, qtbot: QtBot) -> None:
    window.sign_in.server.setText("http://127.0.0.1:1")
    window.sign_in.password.setText(PASSWORD)

    window.sign_in.enter.click()
    qtbot.waitUntil(lambda: bool(window.sign_in.notice.text))

    assert "No answer from http://127.0.0.1:1." in window.sign_in.notice.text
    assert "Check the network connection" in window.sign_in.notice.text


def test_an_address_that_cannot_be_one_is_refused_politely(window: MainWindow, qtbot: QtBot) -> None:
    window.sign_in.server.setText("http://[not an address")
    window.sign_in.password.setText(PASSWORD)

    window.sign_in.enter.click()
    qtbot.waitUntil(lambda: bool(window.sign_in.notice.text))

    assert "No answer from" in window.sign_in.notice.text


def test_a_password_is_never_shown_and_never_remembered(window: MainWindow, qtbot: QtBot) -> None:
    sign_in(window, qtbot)
    window.settings.sync()

    assert window.sign_in.password.echoMode() is QLineEdit.EchoMode.Password
    assert window.sign_in.password.text() == ""
    assert not any(PASSWORD in str(window.settings.value(key)) for key in window.settings.allKeys())


def test_signing_out_tells_the_server_and_forgets_the_patients(
    desk: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    server.put(a_row())
    desk.workspace.refresh()
    qtbot.waitUntil(lambda: desk.workspace.appointments.model.rowCount() == 1)

    desk.action_set["sign_out"].trigger()
    qtbot.waitUntil(lambda: bool(server.requests("DELETE", "/api/session")))

    assert desk.sign_in.isVisible()
    assert desk.workspace.appointments.model.rowCount() == 0
    assert desk.workspace.detail.detail is None


def test_a_session_that_ends_asks_to_sign_in_and_keeps_the_form(
    desk: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    desk.action_set["book"].trigger()
    desk.workspace.booking.last_name.setText("Petrova")
    server.token = "another-token"

    desk.workspace.refresh()
    qtbot.waitUntil(desk.sign_in.isVisible)

    assert "Your session has ended." in desk.sign_in.notice.text
    sign_in(desk, qtbot)
    assert desk.workspace.booking.last_name.text() == "Petrova"


def test_another_person_at_the_desk_does_not_find_the_last_ones_form(
    desk: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    desk.workspace.booking.last_name.setText("Petrova")
    server.token, server.user = "another-token", a_user("Robin Relief")
    desk.workspace.refresh()
    qtbot.waitUntil(desk.sign_in.isVisible)

    sign_in(desk, qtbot)

    assert desk.workspace.booking.last_name.text() == ""


def test_the_sandbox_is_announced_and_a_live_clinic_is_not(
    window: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    sign_in(window, qtbot)
    assert window.workspace.sandbox.isVisible()

    server.environment = "live"
    window.action_set["sign_out"].trigger()
    sign_in(window, qtbot)

    assert not window.workspace.sandbox.isVisible()
