"""What the desk does: cancel, refund, send again, export, and who may do which."""

from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from desktop.filters import AppointmentFilters
from desktop.views.dialogs import CancelDialog, RefundDialog, ResendDialog
from desktop.views.main_window import MainWindow
from shared.schemas.enums import AppointmentStatus, Role, Verb
from tests.desktop.conftest import sign_in
from tests.desktop.factories import FRONT_DESK, MANAGER, a_busy_fortnight, a_row, a_user, today
from tests.desktop.scripted_server import ScriptedServer

ROW = a_row()


@pytest.fixture
def chosen(window: MainWindow, server: ScriptedServer, qtbot: QtBot) -> MainWindow:
    """The console with one paid visit, selected."""
    server.put(ROW)
    sign_in(window, qtbot)
    window.workspace.appointments.table.selectRow(0)
    qtbot.waitUntil(lambda: window.workspace.detail.detail is not None)
    return window


def open_dialog(window: MainWindow, action: str) -> QDialog:
    window.action_set[action].trigger()
    return next(dialog for dialog in window.findChildren(QDialog) if dialog.isVisible())


def test_canceling_with_the_money_back_sends_reason_and_amount(
    chosen: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    dialog = open_dialog(chosen, "cancel")
    assert isinstance(dialog, CancelDialog)
    dialog.reason.line.setText("Caller is ill")

    dialog.confirm.click()
    qtbot.waitUntil(lambda: chosen.workspace.appointments.model.appointment_at(0).status is AppointmentStatus.CANCELED)

    sent = server.requests("POST", f"/api/appointments/{ROW.id}/cancel")[0][1]
    assert sent == {"reason": "Caller is ill", "refund_minor": 12000}


def test_canceling_can_keep_the_money(chosen: MainWindow, server: ScriptedServer, qtbot: QtBot) -> None:
    dialog = open_dialog(chosen, "cancel")
    assert isinstance(dialog, CancelDialog)
    dialog.reason.line.setText("Too late to cancel free")
    dialog.keep.setChecked(True)

    with qtbot.waitSignal(dialog.accepted):
        dialog.confirm.click()

    assert server.requests("POST", f"/api/appointments/{ROW.id}/cancel")[0][1]["refund_minor"] == 0


def test_canceling_without_a_reason_asks_for_one_and_sends_nothing(chosen: MainWindow, server: ScriptedServer) -> None:
    dialog = open_dialog(chosen, "cancel")
    assert isinstance(dialog, CancelDialog)

    dialog.confirm.click()

    assert dialog.reason.error.startswith("A reason is needed")
    assert server.requests("POST", f"/api/appointments/{ROW.id}/cancel") == []
    dialog.reject()


def test_a_refused_cancellation_stays_open_with_what_was_typed(
    chosen: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    server.fail(f"/api/appointments/{ROW.id}/cancel", 409, "wrong_state", "The visit has already begun.")
    dialog = open_dialog(chosen, "cancel")
    assert isinstance(dialog, CancelDialog)
    dialog.reason.line.setText("Caller is ill")

    dialog.confirm.click()
    qtbot.waitUntil(lambda: bool(dialog.notice.text))

    assert dialog.notice.text == "The visit has already begun."
    assert dialog.reason.line.text() == "Caller is ill"
    assert dialog.confirm.isEnabled()
    dialog.reject()


@pytest.mark.parametrize("typed", ["", "abc", "0", "120.001", "120.01", "-5", "1e2", "١٢"])
def test_an_amount_that_cannot_be_given_back_is_refused_beside_it(
    chosen: MainWindow, server: ScriptedServer, typed: str
) -> None:
    dialog = open_dialog(chosen, "refund")
    assert isinstance(dialog, RefundDialog)
    dialog.reason.line.setText("Goodwill")
    dialog.amount.edit.setText(typed)

    dialog.confirm.click()

    assert dialog.amount.error
    assert server.requests("POST", f"/api/appointments/{ROW.id}/refunds") == []
    dialog.reject()


def test_a_part_refund_is_sent_in_minor_units(chosen: MainWindow, server: ScriptedServer, qtbot: QtBot) -> None:
    dialog = open_dialog(chosen, "refund")
    assert isinstance(dialog, RefundDialog)
    dialog.reason.line.setText("Goodwill")
    dialog.amount.edit.setText("19,9")

    with qtbot.waitSignal(dialog.accepted):
        dialog.confirm.click()

    headers, body = server.requests("POST", f"/api/appointments/{ROW.id}/refunds")[0]
    assert body == {"amount_minor": 1990, "reason": "Goodwill"}
    assert headers["idempotency-key"]


def test_a_refund_tried_again_after_a_failure_keeps_its_key(
    chosen: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    path = f"/api/appointments/{ROW.id}/refunds"
    server.fail(path, 503, "payment_unavailable")
    dialog = open_dialog(chosen, "refund")
    assert isinstance(dialog, RefundDialog)
    dialog.reason.line.setText("Goodwill")
    dialog.confirm.click()
    qtbot.waitUntil(lambda: bool(dialog.notice.text))

    with qtbot.waitSignal(dialog.accepted):
        dialog.confirm.click()

    keys = [headers["idempotency-key"] for headers, _ in server.requests("POST", path)]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_messages_are_sent_again_by_the_chosen_channels(
    chosen: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    dialog = open_dialog(chosen, "resend")
    assert isinstance(dialog, ResendDialog)
    dialog.text.setChecked(False)

    with qtbot.waitSignal(dialog.accepted):
        dialog.confirm.click()

    assert server.requests("POST", f"/api/appointments/{ROW.id}/resend")[0][1] == {"channels": ["email"]}


def test_actions_follow_the_selected_visit_and_the_permissions(chosen: MainWindow) -> None:
    enabled = {name for name in ("cancel", "refund", "resend", "export", "book") if chosen.action_set[name].isEnabled()}

    assert enabled == {"cancel", "refund", "resend", "book"}


def test_without_permissions_nothing_can_be_done(window: MainWindow, server: ScriptedServer, qtbot: QtBot) -> None:
    server.put(ROW)
    server.user = a_user("Pat Provider", Role.PROVIDER, (Verb.VIEW_SCHEDULE, Verb.VIEW_APPOINTMENT))
    sign_in(window, qtbot)
    window.workspace.appointments.table.selectRow(0)
    qtbot.waitUntil(lambda: window.workspace.detail.detail is not None)

    assert not any(window.action_set[name].isEnabled() for name in ("cancel", "refund", "resend", "export", "book"))
    assert not window.workspace.book.isVisible()
    assert not window.workspace.sales.isVisible()


def test_a_desk_that_may_not_refund_can_only_keep_the_money(
    window: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    server.put(ROW)
    server.user = a_user(may=tuple(verb for verb in FRONT_DESK if verb is not Verb.REFUND_PAYMENT))
    sign_in(window, qtbot)
    window.workspace.appointments.table.selectRow(0)
    qtbot.waitUntil(lambda: window.workspace.detail.detail is not None)

    dialog = open_dialog(window, "cancel")

    assert isinstance(dialog, CancelDialog)
    assert dialog.keep.isChecked()
    assert not dialog.give_back.isEnabled()
    dialog.reject()


def test_whoever_is_told_nothing_of_payments_is_not_told_that_there_are_none(
    window: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    server.put(ROW)
    server.user = a_user("Paula Provider", Role.PROVIDER, (Verb.VIEW_SCHEDULE, Verb.VIEW_APPOINTMENT))
    sign_in(window, qtbot)

    window.workspace.appointments.table.selectRow(0)
    qtbot.waitUntil(lambda: window.workspace.detail.detail is not None)

    assert window.workspace.detail.messages.isVisible()
    assert not window.workspace.detail.payments.isVisible()


def test_the_front_desk_sees_todays_sales_only(window: MainWindow, server: ScriptedServer, qtbot: QtBot) -> None:
    sign_in(window, qtbot)
    sales = window.workspace.sales
    qtbot.waitUntil(lambda: bool(sales.strip.texts()))

    query = server.requests("GET", "/api/sales/summary")[-1][1]

    assert (query["from"], sales.scope.text()) == (str(today()), "Sales today")
    assert not sales.open_chart.isVisible()


def test_a_manager_sees_sales_of_the_chosen_days_per_currency_and_by_day(
    window: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    server.rows = a_busy_fortnight(60)
    server.user = a_user("Morgan Manager", Role.MANAGER, MANAGER)
    sign_in(window, qtbot)
    window.store.set_filters(AppointmentFilters())
    sales = window.workspace.sales
    qtbot.waitUntil(lambda: len(sales.strip.texts()) == 2)

    sales.open_chart.click()
    qtbot.waitUntil(lambda: sales.chart is not None and bool(sales.chart.days()))

    assert [row[0][0] for row in sales.strip.texts()] == ["€", "$"]
    assert sales.currency.isVisible()


def test_while_the_list_lies_ahead_a_manager_sees_the_money_of_the_last_two_weeks(
    window: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    server.user = a_user("Morgan Manager", Role.MANAGER, MANAGER)
    sign_in(window, qtbot)
    sales = window.workspace.sales
    qtbot.waitUntil(lambda: bool(sales.strip.texts()))

    listed = server.requests("GET", "/api/appointments")[-1][1]
    summed = server.requests("GET", "/api/sales/summary")[-1][1]

    assert (listed["from"], listed["order"]) == (str(today()), "soonest_first")
    assert (summed["from"], summed["to"]) == (str(today() - timedelta(days=13)), str(today() + timedelta(days=1)))
    assert sales.scope.text() == "Sales of the last 14 days"


def test_the_list_is_exported_with_the_filters_in_use(
    window: MainWindow, server: ScriptedServer, qtbot: QtBot, tmp_path: Path
) -> None:
    server.rows = [a_row("Mira Halloran"), a_row("Jonas Weil")]
    server.user = a_user("Morgan Manager", Role.MANAGER, MANAGER)
    sign_in(window, qtbot)
    window.workspace.filters.search.setText("jonas")
    window.workspace.filters.apply()
    target = tmp_path / "list.csv"

    window.export(target)
    qtbot.waitUntil(target.exists)

    assert "Jonas Weil" in target.read_text()

    assert "Mira" not in target.read_text()
