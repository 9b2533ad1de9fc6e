"""The table model: pages, live refresh, and what a screen shows and says."""

from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QIcon
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from desktop.tables import HEADINGS, AppointmentTable, Column
from shared.schemas.appointments import AppointmentPage, AppointmentRow
from shared.schemas.enums import AppointmentStatus, PaymentStatus
from tests.desktop.factories import CLINICS, a_busy_fortnight, a_row, an_instant, today

WORD = Qt.ItemDataRole.DisplayRole


def a_table(*rows: AppointmentRow, next_cursor: str | None = None, tested: bool = True) -> AppointmentTable:
    """A table whose every change is checked by Qt's own model tester, which also fetches what there is to fetch."""
    table = AppointmentTable(lambda _: QIcon(), lambda _: QColor("#000000"))
    if tested:
        QAbstractItemModelTester(table, QAbstractItemModelTester.FailureReportingMode.Fatal, table)
    table.start_over(a_page(*rows, next_cursor=next_cursor))
    return table


def a_page(*rows: AppointmentRow, next_cursor: str | None = None) -> AppointmentPage:
    ordered = sorted(rows, key=lambda row: (row.start, row.id), reverse=True)
    return AppointmentPage(items=ordered, next_cursor=next_cursor)


def text(table: QAbstractItemModel, row: int, column: Column) -> str:
    return str(table.data(table.index(row, column), WORD))


def test_the_model_keeps_qts_rules_through_a_lively_life(qtbot: QtBot) -> None:
    rows = a_busy_fortnight(60)
    table = a_table(*rows[:20], next_cursor="c")

    table.append_page("c", AppointmentPage(items=rows[40:], next_cursor=None))
    table.refresh(a_page(*rows[10:50]))
    table.refresh(a_page())
    table.refresh(a_page(*rows))

    assert table.rowCount() == 60


def test_a_row_says_time_and_zone_money_and_status_in_words(qtbot: QtBot) -> None:
    start = an_instant(today(), 14, 30, CLINICS[1].time_zone)
    table = a_table(a_row(start=start, clinic=CLINICS[1], total=123450, payment_status=PaymentStatus.DISPUTED))

    assert text(table, 0, Column.TIME) in {"14:30 CET", "14:30 CEST"}
    assert text(table, 0, Column.AMOUNT) == "€1,234.50"
    assert text(table, 0, Column.STATUS) == "Confirmed"
    assert text(table, 0, Column.PAYMENT) == "Disputed"
    assert table.data(table.index(0, Column.PAYMENT), Qt.ItemDataRole.AccessibleTextRole) == "Payment: Disputed"


def test_amounts_and_their_heading_stand_on_the_right(qtbot: QtBot) -> None:
    table = a_table(a_row())

    cell = table.data(table.index(0, Column.AMOUNT), Qt.ItemDataRole.TextAlignmentRole)
    heading = table.headerData(Column.AMOUNT, Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole)

    assert cell == heading
    assert cell & Qt.AlignmentFlag.AlignRight


def test_a_hold_without_a_name_says_so(qtbot: QtBot) -> None:
    table = a_table(a_row(patient_name="", status=AppointmentStatus.DRAFT))

    assert text(table, 0, Column.PATIENT) == "No name yet"


def test_every_column_has_a_heading(qtbot: QtBot) -> None:
    assert set(HEADINGS) == set(Column)


def test_the_next_page_is_wanted_once_and_appended(qtbot: QtBot) -> None:
    rows = a_busy_fortnight(30)
    table = a_table(*rows[:10], next_cursor="c1", tested=False)
    wanted: list[str] = []
    table.page_wanted.connect(wanted.append)

    for _ in range(3):
        if table.canFetchMore(QModelIndex()):
            table.fetchMore(QModelIndex())
    table.append_page("c1", AppointmentPage(items=rows[10:], next_cursor=None))

    assert wanted == ["c1"]
    assert table.rowCount() == 30
    assert table.complete
    assert not table.canFetchMore(QModelIndex())


def test_a_page_that_failed_can_be_asked_for_again(qtbot: QtBot) -> None:
    table = a_table(a_row(), next_cursor="c1", tested=False)
    table.fetchMore(QModelIndex())

    table.page_failed()

    assert table.canFetchMore(QModelIndex())


def test_a_page_of_an_overtaken_list_is_dropped(qtbot: QtBot) -> None:
    table = a_table(a_row(), next_cursor="old")

    table.start_over(a_page(next_cursor="new"))
    table.append_page("old", AppointmentPage(items=[a_row("Stale")], next_cursor=None))

    assert table.rowCount() == 0


def test_a_refresh_keeps_the_index_of_rows_that_it_does_not_concern(qtbot: QtBot) -> None:
    rows = a_busy_fortnight(20)
    table = a_table(*rows)
    kept = table.appointment_at(12).id
    index = QPersistentModelIndex(table.index(12, 0))
    arrived = a_row("Wanda Webb", start=an_instant(today(), 23, 30))

    new = table.refresh(a_page(*rows[:], arrived))

    assert new == [arrived.id]
    assert index.isValid()
    assert table.appointment_at(index.row()).id == kept


def test_a_refresh_shows_a_changed_status_in_place(qtbot: QtBot) -> None:
    row = a_row()
    table = a_table(row)
    index = QPersistentModelIndex(table.index(0, 0))

    table.refresh(a_page(msgspec.structs.replace(row, status=AppointmentStatus.CANCELED)))

    assert text(table, 0, Column.STATUS) == "Canceled"
    assert index.isValid()


def test_a_moved_visit_goes_to_its_new_place(qtbot: QtBot) -> None:
    early, late = a_row("Early", start=an_instant(None, 9)), a_row("Late", start=an_instant(None, 15))
    table = a_table(early, late)
    moved = msgspec.structs.replace(early, start=an_instant(None, 17), rescheduled=True)

    table.refresh(a_page(moved, late))

    assert [text(table, at, Column.PATIENT) for at in (0, 1)] == ["Early", "Late"]


ROWS = {row.id: row for row in a_busy_fortnight(24)}


@settings(deadline=None)
@given(before=st.sets(st.sampled_from(sorted(ROWS))), after=st.sets(st.sampled_from(sorted(ROWS))), moved=st.data())
@pytest.mark.usefixtures("qapp")
def test_after_any_refresh_the_table_is_what_the_server_said(
    before: set[UUID], after: set[UUID], moved: st.DataObject
) -> None:
    table = a_table(*(ROWS[one] for one in before))
    target = [
        msgspec.structs.replace(ROWS[one], start=an_instant(today(), moved.draw(st.integers(0, 23))))
        if moved.draw(st.booleans())
        else ROWS[one]
        for one in after
    ]

    new = table.refresh(a_page(*target))

    assert [table.appointment_at(at) for at in range(table.rowCount())] == a_page(*target).items
    assert set(new) == after - before
