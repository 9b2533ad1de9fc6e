"""The console without a mouse and without eyes: names, focus order, keys."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from desktop.actions import ACTIONS
from desktop.views.main_window import MainWindow
from shared.schemas.enums import Role
from tests.desktop.conftest import sign_in
from tests.desktop.factories import MANAGER, a_row, a_user
from tests.desktop.scripted_server import ScriptedServer


def nameless(root: QWidget) -> list[str]:
    """Controls inside `root` that Tab can reach and that say nothing to a screen reader."""
    return [
        f"{type(control).__name__} in {type(control.parent()).__name__}"
        for control in root.findChildren(QWidget)
        if control.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not control.objectName().startswith("qt_")
        and not control.isHidden()
        and not control.accessibleName()
        and control.focusProxy() is None
    ]


def tab_order(start: QWidget, count: int) -> list[QWidget]:
    """The controls that Tab reaches after `start`."""
    reached, at = [], start
    while len(reached) < count:
        at = at.nextInFocusChain()
        if at.focusPolicy() & Qt.FocusPolicy.TabFocus and at.isVisible() and at.isEnabled() and at.focusProxy() is None:
            reached.append(at)
    return reached


def test_every_control_of_every_view_has_a_name(window: MainWindow, server: ScriptedServer, qtbot: QtBot) -> None:
    server.user = a_user("Morgan Manager", Role.MANAGER, MANAGER)
    server.put(a_row())
    assert nameless(window) == []
    sign_in(window, qtbot)
    window.workspace.appointments.table.selectRow(0)
    qtbot.waitUntil(lambda: window.workspace.detail.detail is not None)
    window.workspace.sales.open_chart.click()

    for action in ("cancel", "refund", "resend", "shortcuts"):
        window.action_set[action].trigger()
        dialog = next(one for one in window.findChildren(QDialog) if one.isVisible())
        assert nameless(dialog) == []
        dialog.reject()
    window.action_set["book"].trigger()

    assert nameless(window) == []


def test_tab_goes_through_the_booking_form_in_reading_order(desk: MainWindow, qtbot: QtBot) -> None:
    desk.action_set["book"].trigger()
    form = desk.workspace.booking
    qtbot.waitUntil(lambda: form.picker.profile is not None and form.picker.next_day.isVisible())

    order = tab_order(form.picker.clinic, 12)

    assert order == [
        form.picker.service,
        form.picker.provider,
        form.picker.day,
        form.picker.next_day,
        form.first_name,
        form.last_name,
        form.mobile,
        form.email,
        form.note,
        form.consent,
        form.at_clinic,
        form.pay_link,
    ]


def test_tab_goes_through_the_sign_in_form_in_reading_order(window: MainWindow) -> None:
    form = window.sign_in

    assert tab_order(form.server, 3) == [form.email, form.password, form.enter]


def test_signing_in_needs_no_mouse(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClicks(window.sign_in.password, "frontdesk-demo")
    qtbot.keyClick(window.sign_in.password, Qt.Key.Key_Return)

    qtbot.waitUntil(window.workspace.isVisible)
    assert QApplication.focusWidget() is window.workspace.appointments.table


def test_ctrl_f_searches(desk: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(desk, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)

    assert QApplication.focusWidget() is desk.workspace.filters.search


def test_no_two_actions_share_an_id_or_a_key() -> None:
    assert len({action.id for action in ACTIONS}) == len({action.key for action in ACTIONS}) == len(ACTIONS)


def test_before_sign_in_only_what_makes_sense_is_enabled(window: MainWindow) -> None:
    enabled = {action.id for action in ACTIONS if window.action_set[action.id].isEnabled()}

    assert enabled == {"theme", "shortcuts", "quit"}


def test_the_cheat_sheet_names_every_action(desk: MainWindow) -> None:
    from PySide6.QtWidgets import QLabel

    desk.action_set["shortcuts"].trigger()
    dialog = next(one for one in desk.findChildren(QDialog) if one.isVisible())
    words = {label.text() for label in dialog.findChildren(QLabel)}
    dialog.reject()

    assert {action.key for action in ACTIONS} <= words


def test_the_theme_switches_at_run_time_and_is_remembered(desk: MainWindow) -> None:
    desk.action_set["theme"].trigger()

    assert desk.settings.value("theme") == "dark"
    assert QApplication.palette().window().color().lightness() < 60
    desk.action_set["theme"].trigger()
