"""The list of appointments as a table model over the server's cursor pages, with rows kept as ready-made text.

A live refresh changes only what changed, so selection and scroll position survive. The model never asks the
server: it says `page_wanted` and is given pages.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QIcon

from desktop.formats import APPOINTMENT_MARKS, Mark, clock_time, money, payment_mark, short_day, zone_label
from shared.schemas.appointments import AppointmentPage, AppointmentRow
from shared.schemas.enums import AppointmentStatus

Index = QModelIndex | QPersistentModelIndex

NO_NAME = "No name yet"


class Column(IntEnum):
    DAY = 0
    TIME = 1
    PATIENT = 2
    SERVICE = 3
    PROVIDER = 4
    STATUS = 5
    PAYMENT = 6
    REFERENCE = 7
    AMOUNT = 8


HEADINGS = {
    Column.DAY: "Day",
    Column.TIME: "Clinic time",
    Column.PATIENT: "Patient",
    Column.SERVICE: "Service",
    Column.PROVIDER: "Provider",
    Column.STATUS: "Status",
    Column.PAYMENT: "Payment",
    Column.REFERENCE: "Reference",
    Column.AMOUNT: "Amount",
}
_QUIET = (AppointmentStatus.CANCELED, AppointmentStatus.DRAFT)
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class _Line:
    row: AppointmentRow
    texts: tuple[str, ...]
    status: Mark
    payment: Mark


def _line(row: AppointmentRow) -> _Line:
    status, payment = APPOINTMENT_MARKS[row.status], payment_mark(row.payment_status)
    return _Line(
        row=row,
        texts=(
            short_day(row.day),
            f"{clock_time(row.start, row.time_zone)} {zone_label(row.start, row.time_zone)}",
            row.patient_name or NO_NAME,
            row.service_name,
            row.provider_name,
            f"{status.word}, moved" if row.rescheduled else status.word,
            payment.word,
            row.reference,
            money(row.total_minor, row.currency_exponent, row.currency),
        ),
        status=status,
        payment=payment,
    )


class AppointmentTable(QAbstractTableModel):
    """`page_wanted(cursor)` when the view has scrolled to the end of what is here."""

    page_wanted = Signal(str)

    def __init__(
        self, mark_icon: Callable[[Mark], QIcon], colour: Callable[[str], QColor], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._mark_icon = mark_icon
        self._colour = colour
        self._lines: list[_Line] = []
        self._next_cursor: str | None = None
        self._asked_for: str | None = None
        self._fresh: frozenset[UUID] = frozenset()

    # What the view asks

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        line = self._lines[index.row()]
        found: object = None
        if role == Qt.ItemDataRole.DisplayRole:
            found = line.texts[index.column()]
        elif role == Qt.ItemDataRole.DecorationRole:
            found = self._decoration(line, index.column())
        elif role == Qt.ItemDataRole.TextAlignmentRole:
            found = _RIGHT if index.column() == Column.AMOUNT else None
        elif role == Qt.ItemDataRole.ForegroundRole:
            found = self._colour("text_muted") if line.row.status in _QUIET else None
        elif role == Qt.ItemDataRole.BackgroundRole:
            found = self._colour("accent_soft") if line.row.id in self._fresh else None
        elif role == Qt.ItemDataRole.ToolTipRole:
            # Names can be longer than their column.
            found = line.texts[index.column()]
        elif role == Qt.ItemDataRole.AccessibleTextRole:
            found = f"{HEADINGS[Column(index.column())]}: {line.texts[index.column()]}"
        return found

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # noqa: N802
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[Column(section)]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if section == Column.AMOUNT else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def canFetchMore(self, parent: Index) -> bool:  # noqa: N802
        return not parent.isValid() and self._next_cursor is not None and self._next_cursor != self._asked_for

    def fetchMore(self, parent: Index) -> None:  # noqa: N802
        if self.canFetchMore(parent) and self._next_cursor is not None:
            self._asked_for = self._next_cursor
            self.page_wanted.emit(self._next_cursor)

    # What is shown

    @property
    def complete(self) -> bool:
        """True when the server has no more pages."""
        return self._next_cursor is None

    def appointment_at(self, row: int) -> AppointmentRow:
        return self._lines[row].row

    def row_of(self, appointment_id: UUID) -> int | None:
        return next((at for at, line in enumerate(self._lines) if line.row.id == appointment_id), None)

    def ids(self) -> list[UUID]:
        return [line.row.id for line in self._lines]

    # What the server said

    def start_over(self, page: AppointmentPage) -> None:
        """Show another list: its first page."""
        self.beginResetModel()
        self._lines = [_line(row) for row in page.items]
        self._next_cursor, self._asked_for = page.next_cursor, None
        self._fresh = frozenset()
        self.endResetModel()

    def append_page(self, cursor: str, page: AppointmentPage) -> None:
        """Add the page that was asked for with `cursor`; an answer that has been overtaken is dropped."""
        if cursor != self._next_cursor:
            return
        known = set(self.ids())
        added = [_line(row) for row in page.items if row.id not in known]
        self._next_cursor, self._asked_for = page.next_cursor, None
        if added:
            self.beginInsertRows(QModelIndex(), len(self._lines), len(self._lines) + len(added) - 1)
            self._lines += added
            self.endInsertRows()

    def page_failed(self) -> None:
        """The page that was asked for will not come; asking again is allowed."""
        self._asked_for = None

    def refresh(self, page: AppointmentPage) -> list[UUID]:
        """Bring the same list up to date with as many rows as were read anew. Returns the ids that are new.

        Rows that left or moved are removed, new and moved ones inserted, changed ones repainted: what is not
        concerned keeps its index, so the view keeps its selection and its place.
        """
        # Pages read one after another can hold a row twice when it moved in between.
        lines = [_line(row) for row in {row.id: row for row in page.items}.values()]
        before = {line.row.id: line for line in self._lines}
        kept = {
            line.row.id for line in lines if line.row.id in before and before[line.row.id].row.start == line.row.start
        }
        for at in range(len(self._lines) - 1, -1, -1):
            if self._lines[at].row.id not in kept:
                self.beginRemoveRows(QModelIndex(), at, at)
                del self._lines[at]
                self.endRemoveRows()
        for at, line in enumerate(lines):
            if line.row.id not in kept:
                self.beginInsertRows(QModelIndex(), at, at)
                self._lines.insert(at, line)
                self.endInsertRows()
            elif line != self._lines[at]:
                self._lines[at] = line
                self._repaint(at, at)
        self._next_cursor, self._asked_for = page.next_cursor, None
        return [line.row.id for line in lines if line.row.id not in before]

    def mark_fresh(self, ids: frozenset[UUID]) -> None:
        """Tint rows that have just arrived; an empty set ends it."""
        self._fresh = ids
        self.repaint_all()

    def repaint_all(self) -> None:
        """The colours have changed."""
        if self._lines:
            self._repaint(0, len(self._lines) - 1)

    def _repaint(self, first: int, last: int) -> None:
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(Column) - 1))

    def _decoration(self, line: _Line, column: int) -> QIcon | None:
        if column == Column.STATUS:
            return self._mark_icon(line.status)
        if column == Column.PAYMENT:
            return self._mark_icon(line.payment)
        return None
