"""The list and the details: live, filtered, paged, with the selection kept."""

import msgspec
from PySide6.QtCore import QDate
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop.tables import Column
from desktop.views.main_window import MainWindow
from shared.schemas.enums import AppointmentStatus, EventKind, PaymentStatus
from tests.desktop.conftest import sign_in
from tests.desktop.factories import CLINICS, PROVIDERS, SERVICES, a_busy_fortnight, a_detail, a_row, an_instant, today
from tests.desktop.scripted_server import ScriptedServer


def names(window: MainWindow) -> list[str]:
    model = window.workspace.appointments.model
    return [str(model.index(row, Column.PATIENT).data()) for row in range(model.rowCount())]


def test_a_booking_made_elsewhere_appears_without_a_click(
    desk: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    row = a_row("Wanda Webb")

    server.put(row)
    server.tell(EventKind.APPOINTMENT_CREATED, row.id)

    qtbot.waitUntil(lambda: names(desk) == ["Wanda Webb"])


def test_a_payment_elsewhere_changes_row_and_details_and_keeps_the_selection(
    window: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    row = a_row(status=AppointmentStatus.PENDING_PAYMENT, payment_status=PaymentStatus.PROCESSING)
    server.put(row)
    sign_in(window, qtbot)
    appointments, detail = window.workspace.appointments, window.workspace.detail
    appointments.table.selectRow(0)
    qtbot.waitUntil(lambda: detail.detail is not None)

    server.put(a_row())
    server.put(a_row("Earlier", start=an_instant(None, 1)))
    server.tell(EventKind.APPOINTMENT_PAID, row.id)
    qtbot.waitUntil(lambda: detail.detail is not None and detail.detail.row.status is AppointmentStatus.CONFIRMED)
    qtbot.waitUntil(lambda: appointments.model.rowCount() == 2)

    assert appointments.table.currentIndex().row() == appointments.model.row_of(row.id) == 1


def test_a_live_refresh_keeps_the_place_in_a_long_list(
    window: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    server.rows = a_busy_fortnight(80)
    sign_in(window, qtbot)
    appointments = window.workspace.appointments
    appointments.table.scrollTo(appointments.model.index(40, 0), appointments.table.ScrollHint.PositionAtTop)
    top = appointments.model.appointment_at(appointments.table.rowAt(0)).id
    newcomer = a_row("Wanda Webb", start=an_instant(today(), 0, 5))

    late = msgspec.structs.replace(newcomer, start=max(row.start for row in server.rows))
    server.put(late)
    server.tell(EventKind.APPOINTMENT_CREATED, late.id)
    qtbot.waitUntil(lambda: appointments.model.rowCount() == 81)

    assert appointments.model.appointment_at(appointments.table.rowAt(0)).id == top


def test_scrolling_to_the_end_reads_the_next_page(window: MainWindow, server: ScriptedServer, qtbot: QtBot) -> None:
    server.rows = a_busy_fortnight(500)
    sign_in(window, qtbot)
    appointments = window.workspace.appointments
    # The first hello asks to read everything anew, in pages of 200.
    qtbot.waitUntil(lambda: appointments.model.rowCount() == 200)

    appointments.table.scrollToBottom()

    qtbot.waitUntil(lambda: appointments.model.rowCount() == 300)


def test_events_while_a_read_is_under_way_are_not_forgotten(
    desk: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    first, second = a_row("First"), a_row("Second", start=an_instant(None, 12))
    server.put(first)
    server.gate.clear()
    server.tell(EventKind.APPOINTMENT_CREATED, first.id)
    qtbot.waitUntil(lambda: desk.workspace.appointments.reading)

    server.tell(EventKind.APPOINTMENT_CREATED, second.id)
    server.gate.set()
    server.put(second)

    qtbot.waitUntil(lambda: names(desk) == ["First", "Second"])


def test_each_filter_narrows_the_list_and_clearing_brings_it_back(
    window: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    server.rows = a_busy_fortnight(60)
    sign_in(window, qtbot)
    bar, model = window.workspace.filters, window.workspace.appointments.model

    for choice, value, kept in (
        (bar.clinic, CLINICS[1].id, lambda row: row.clinic_id == CLINICS[1].id),
        (bar.service, SERVICES[1].id, lambda row: row.service_id == SERVICES[1].id),
        (bar.provider, PROVIDERS[2].id, lambda row: row.provider_id == PROVIDERS[2].id),
        (bar.status, "canceled", lambda row: row.status is AppointmentStatus.CANCELED),
        (bar.status, "rescheduled", lambda row: row.rescheduled),
        (bar.payment, "none", lambda row: row.payment_status is None),
    ):
        expected = {row.id for row in server.rows if kept(row)}
        choice.choose(value)
        qtbot.waitUntil(lambda expected=expected: set(model.ids()) == expected)

        bar.clear.click()
        qtbot.waitUntil(lambda: model.rowCount() == 60)


def test_searching_finds_by_name(window: MainWindow, server: ScriptedServer, qtbot: QtBot) -> None:
    server.rows = [a_row("Mira Halloran"), a_row("Jonas Weil")]
    sign_in(window, qtbot)

    qtbot.keyClicks(window.workspace.filters.search, "jonas")

    qtbot.waitUntil(lambda: names(window) == ["Jonas Weil"])


def test_own_dates_start_from_the_days_that_were_shown(desk: MainWindow, server: ScriptedServer, qtbot: QtBot) -> None:
    bar = desk.workspace.filters

    bar.days.choose("Choose dates")
    bar.last_day.setDate(QDate(today().year, today().month, today().day).addDays(2))

    filters = desk.store.filters
    assert filters.first_day == today()
    assert filters.end_day is not None
    assert (filters.end_day - today()).days == 3


def test_an_empty_list_says_what_to_do(desk: MainWindow, qtbot: QtBot) -> None:
    appointments = desk.workspace.appointments

    assert appointments.empty_text == "Nothing is booked in these days"
    desk.workspace.filters.search.setText("nobody")
    qtbot.waitUntil(lambda: appointments.empty_text == "No appointment matches")
    appointments.empty_action.click()
    qtbot.waitUntil(lambda: appointments.empty_text == "Nothing is booked in these days")


def test_a_list_that_cannot_be_read_says_so_beside_it_and_can_be_tried_again(
    desk: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    server.put(a_row())
    server.fail("/api/appointments", 503, "unavailable", "The database is resting.", next_step="Try again in a minute.")
    notice = desk.workspace.appointments.notice

    desk.action_set["refresh"].trigger()
    qtbot.waitUntil(lambda: bool(notice.text))
    assert notice.text == "The list is not up to date. The database is resting. Try again in a minute."

    notice.acted.emit()
    qtbot.waitUntil(lambda: names(desk) == ["Mira Halloran"])
    assert notice.text == ""


def test_the_details_show_contact_money_messages_and_activity(
    window: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    server.put(a_row(refunded_minor=4000, payment_status=PaymentStatus.PARTIALLY_REFUNDED))
    sign_in(window, qtbot)
    detail = window.workspace.detail

    window.workspace.appointments.table.selectRow(0)
    qtbot.waitUntil(lambda: detail.detail is not None)

    assert "E-mail: mira@example.test" in detail.contact.texts()
    assert detail.money.texts() == ["Price: $120.00", "Total: $120.00", "Paid: $120.00", "Refunded: −$40.00"]
    assert detail.payments.texts() == ["Part refunded: $120.00", "Refunded: −$40.00"]
    assert "Failed: Confirmation, text to patient" in detail.messages.texts()
    assert detail.activity.texts()[0] == "Message delivered, System"


def test_a_lost_stream_is_told_with_its_age_and_mends_itself(
    desk: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    states: list[str] = []
    desk.store.stream_changed.connect(lambda status: states.append(status.state))

    server.drop_streams()
    qtbot.waitUntil(lambda: states[-2:] == ["stale", "live"], timeout=10_000)

    assert desk.stream.accessibleName().startswith("Live")


def test_a_long_link_does_not_push_the_money_out_of_sight_and_can_be_copied(
    window: MainWindow, server: ScriptedServer, qtbot: QtBot
) -> None:
    link = "http://127.0.0.1:8100/book/harbor/visit/" + "AaH1aZXgcDW12B4R" * 8
    row = a_row()
    server.put(row)
    sign_in(window, qtbot)
    detail = window.workspace.detail

    detail.show_detail(a_detail(row, manage_url=link))
    copy = next(one for one in detail.findChildren(QPushButton) if one.accessibleName() == "Copy manage link")
    copy.click()

    page = detail.money.parentWidget()
    assert page is not None
    assert page.minimumSizeHint().width() <= detail.width()
    assert QGuiApplication.clipboard().text() == link
