"""The list of appointments: server-paged, always up to date, one of them selected."""

from uuid import UUID

from PySide6.QtCore import QItemSelection, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStackedWidget, QTableView, QVBoxLayout, QWidget

from desktop.errors import ApiError
from desktop.filters import AppointmentFilters
from desktop.store import Kind, Store
from desktop.tables import AppointmentTable, Column
from desktop.theme import Theme, tokens
from desktop.widgets.busy import BusyLine
from desktop.widgets.marks import mark_icon
from desktop.widgets.notice import Notice
from desktop.widgets.text import GRID, button, column, label, panel
from shared.schemas.appointments import AppointmentPage
from shared.schemas.enums import Verb

FRESH_MILLISECONDS = 4000
WIDTHS = {
    Column.DAY: 88,
    Column.TIME: 80,
    Column.STATUS: 144,
    Column.PAYMENT: 120,
    Column.REFERENCE: 88,
    Column.AMOUNT: 80,
}


class AppointmentsView(QWidget):
    """`selected(id)` when another appointment is chosen, None when none is; `booking_wanted` from the empty state."""

    selected = Signal(object)
    booking_wanted = Signal()
    clearing_wanted = Signal()
    loaded = Signal()

    def __init__(self, store: Store, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._stale = True
        self.reading = False
        self._selected_id: UUID | None = None
        self.model = AppointmentTable(
            lambda mark: mark_icon(mark.shape, theme.colours[mark.tone]), theme.colour, parent=self
        )
        self.table = self._make_table()
        self.notice = Notice()
        self.busy = BusyLine("Reading appointments")
        self._empty_heading = label(size="title")
        self._empty_detail = label(tone="muted", wraps=True)
        self.empty_action = button("Clear the filters")
        self._fresh = QTimer(self, singleShot=True, interval=FRESH_MILLISECONDS)
        self._lay_out()

        self.model.page_wanted.connect(self._read_page)
        self.table.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.notice.acted.connect(self.reload)
        self.empty_action.clicked.connect(self._on_empty_action)
        self._fresh.timeout.connect(lambda: self.model.mark_fresh(frozenset()))
        theme.changed.connect(self.model.repaint_all)
        store.filters_changed.connect(self._on_filters_changed)
        store.changed.connect(self._on_changed)

    @property
    def empty_text(self) -> str:
        """What the empty state says; "" while there are rows."""
        return "" if self._pages.currentIndex() == 0 else self._empty_heading.text()

    def forget(self) -> None:
        """Show nobody's appointments."""
        self._stale = True
        self._choose(None)
        self.model.start_over(AppointmentPage(items=[], next_cursor=None))

    def reload(self) -> None:
        """Read the list from its top with the filters in use."""
        if not self.isVisible() or self._store.user is None:
            self._stale = True
            return
        self._stale = False
        self.reading = True
        self.busy.begin()
        filters = self._store.filters
        self._store.read(self, "list", lambda api: api.appointments(filters), self._show_list, self._on_failed)

    def select(self, appointment_id: UUID) -> bool:
        """Select a row and scroll to it; False when it is not in the list as far as it is read."""
        row = self.model.row_of(appointment_id)
        if row is None:
            return False
        self.table.selectRow(row)
        self.table.scrollTo(self.model.index(row, 0))
        return True

    def follow(self, appointment_id: UUID) -> None:
        """Its details are shown already: select its row, now or when a refresh brings it."""
        self._selected_id = appointment_id
        self.table.clearSelection()
        self.select(appointment_id)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        if self._stale:
            self.reload()

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName("Appointments")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        # One row at a time: what is done to many is the server's business, and Ctrl+A on a long list would freeze.
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(tokens().row)
        header = table.horizontalHeader()
        header.setAccessibleName("Columns")
        header.setHighlightSections(False)
        header.setFixedHeight(tokens().row)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for at, width in WIDTHS.items():
            table.setColumnWidth(at, width)
        for at in (Column.PATIENT, Column.SERVICE, Column.PROVIDER):
            header.setSectionResizeMode(at, QHeaderView.ResizeMode.Stretch)
        return table

    def _lay_out(self) -> None:
        empty = QWidget()
        words = column(spacing=GRID, margin=GRID * 4)
        words.addStretch(2)
        for text in (self._empty_heading, self._empty_detail):
            text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            words.addWidget(text)
        words.addWidget(self.empty_action, 0, Qt.AlignmentFlag.AlignHCenter)
        words.addStretch(3)
        empty.setLayout(words)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.table)
        self._pages.addWidget(empty)
        frame = panel()
        inside = column(spacing=0, margin=1)
        inside.setContentsMargins(GRID, 1, 1, 1)
        inside.addWidget(self.busy)
        inside.addWidget(self._pages, 1)
        frame.setLayout(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.notice)
        layout.addWidget(frame, 1)

    # Reading

    def _refresh(self) -> None:
        if not self.isVisible() or self.reading:
            # A read under way may be too old already: the next one starts when it has answered.
            self._stale = True
            return
        self._stale = False
        self.reading = True
        filters, count = self._store.filters, self.model.rowCount()
        self._store.read(
            self, "list", lambda api: api.first_appointments(filters, count), self._show_refreshed, self._on_failed
        )

    def _read_page(self, cursor: str) -> None:
        self.busy.begin()
        filters = self._store.filters
        self._store.read(
            self,
            "page",
            lambda api: api.appointments(filters, cursor),
            lambda page: self._show_page(cursor, page),
            self._on_page_failed,
        )

    def _show_list(self, page: AppointmentPage) -> None:
        chosen = self._selected_id
        self.model.start_over(page)
        if chosen is None or not self.select(chosen):
            self._choose(None)
        self._settle()

    def _show_page(self, cursor: str, page: AppointmentPage) -> None:
        self.busy.end()
        self.model.append_page(cursor, page)

    def _show_refreshed(self, page: AppointmentPage) -> None:
        bar = self.table.verticalScrollBar()
        top = self.table.rowAt(0)
        top_id = self.model.appointment_at(top).id if bar.value() > 0 and top >= 0 else None
        chosen = self._selected_id
        arrived = self.model.refresh(page)
        if chosen is not None and not self.table.selectionModel().hasSelection():
            self.select(chosen)
        if top_id is not None and (row := self.model.row_of(top_id)) is not None:
            self.table.scrollTo(self.model.index(row, 0), QAbstractItemView.ScrollHint.PositionAtTop)
        if arrived:
            self.model.mark_fresh(frozenset(arrived))
            self._fresh.start()
        self._settle()

    def _settle(self) -> None:
        self.reading = False
        self.busy.end()
        self.notice.clear()
        self._pages.setCurrentIndex(0 if self.model.rowCount() else 1)
        narrowed = self._store.filters.narrowed
        self._empty_heading.setText("No appointment matches" if narrowed else "Nothing is booked in these days")
        self._empty_detail.setText(
            "Check the spelling, choose other days, or clear the filters."
            if narrowed
            else "Choose other days above, or book a caller in. Web bookings appear here by themselves."
        )
        self.empty_action.setText("Clear the filters" if narrowed else "Book a caller in")
        self.empty_action.setAccessibleName(self.empty_action.text())
        self.empty_action.setVisible(narrowed or self._store.may(Verb.BOOK_APPOINTMENT))
        self.loaded.emit()
        if self._stale:
            self._refresh()

    def _on_failed(self, error: ApiError) -> None:
        self.reading = False
        self._stale = True
        self.busy.end()
        self.notice.say("danger", f"The list is not up to date. {error.sentence}", error.next_step, "Try again")

    def _on_page_failed(self, error: ApiError) -> None:
        self.busy.end()
        self.model.page_failed()
        self.notice.say("danger", f"More rows could not be read. {error.sentence}", error.next_step, "Try again")

    # What happens elsewhere

    def _on_filters_changed(self, _: AppointmentFilters) -> None:
        self.reload()

    def _on_changed(self, kinds: frozenset[Kind], _: frozenset[UUID]) -> None:
        if kinds & {Kind.APPOINTMENTS, Kind.MONEY}:
            self._refresh()

    def _on_selection_changed(self, chosen: QItemSelection, _: QItemSelection) -> None:
        rows: list[QModelIndex] = chosen.indexes()
        if rows:
            self._choose(self.model.appointment_at(rows[0].row()).id)

    def _choose(self, appointment_id: UUID | None) -> None:
        if appointment_id != self._selected_id:
            self._selected_id = appointment_id
            self.selected.emit(appointment_id)

    def _on_empty_action(self) -> None:
        (self.clearing_wanted if self._store.filters.narrowed else self.booking_wanted).emit()
