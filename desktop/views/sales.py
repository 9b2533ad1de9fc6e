"""Sales: gross, refunds, net, count and average of what the filters let through, and bars by day when opened."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.errors import ApiError
from desktop.filters import AppointmentFilters
from desktop.formats import money
from desktop.store import Kind, Store
from desktop.theme import Theme
from desktop.widgets.busy import BusyLine
from desktop.widgets.choices import Choice
from desktop.widgets.figures import FigureStrip
from desktop.widgets.text import GRID, button, column, label, panel
from shared.schemas.enums import Verb
from shared.schemas.sales import SalesDays, SalesSummary

if TYPE_CHECKING:  # pyqtgraph costs 300 ms of start-up
    from desktop.widgets.daily_chart import DailyChart

CAPTIONS = ("Gross", "Refunds", "Net", "Paid visits", "Average")
PAST_DAYS = 14
CHART_HEIGHT = 200


class SalesView(QWidget):
    """Who may see only the day's sales gets today's figures, whatever days the filters name."""

    loaded = Signal()

    def __init__(self, store: Store, theme: Theme, today: Callable[[], date], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._theme = theme
        self._today = today
        self._reading = False
        self._stale = False
        self._days: SalesDays | None = None
        self.chart: DailyChart | None = None
        self.strip = FigureStrip(CAPTIONS)
        self.scope = label(size="small", tone="muted")
        self.problem = label(tone="danger", wraps=True)
        self.problem.hide()
        self.open_chart = button("Sales by day", name="Show sales by day")
        self.open_chart.setCheckable(True)
        self.currency = Choice("Currency of the chart")
        self.busy = BusyLine("Reading sales")
        self._lay_out()
        self.open_chart.toggled.connect(self._on_chart_toggled)
        self.currency.chosen.connect(self._show_chart)
        theme.changed.connect(self._recolour)
        store.filters_changed.connect(self._on_filters_changed)
        store.changed.connect(self._on_changed)

    @property
    def allowed(self) -> bool:
        return self._store.may(Verb.VIEW_SALES) or self._store.may(Verb.VIEW_DAY_SALES)

    def reload(self) -> None:
        """Read the figures, and the days when the chart is open; when hidden, once this is shown."""
        self._stale = True
        self.open_chart.setVisible(self._store.may(Verb.VIEW_SALES))
        self.setVisible(self.allowed)
        if self._stale and self.isVisible():
            self._read()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        if self._stale:
            self._read()

    def _show_scope(self) -> None:
        if not self._store.may(Verb.VIEW_SALES):
            self.scope.setText("Sales today")
        elif self.open_chart.isChecked():
            self.scope.setText(f"{self._days_in_words()}: gross above the line, refunds below it")
        else:
            self.scope.setText(self._days_in_words())

    def _days_in_words(self) -> str:
        return (
            f"Sales of the last {PAST_DAYS} days" if self._store.filters.soonest_first else "Sales in the chosen days"
        )

    def _read(self) -> None:
        self._show_scope()
        filters = self._filters()
        self.busy.begin()
        self._reading, self._stale = True, False
        self._store.read(self, "summary", lambda api: api.sales_summary(filters), self._show_summary, self._on_failed)
        if self.open_chart.isChecked() and self._store.may(Verb.VIEW_SALES):
            self._store.read(self, "days", lambda api: api.sales_daily(filters), self._show_days, self._on_failed)

    def _filters(self) -> AppointmentFilters:
        if self._store.may(Verb.VIEW_SALES):
            return self._past_days()
        today = self._today()
        return replace(self._store.filters, first_day=today, end_day=today + timedelta(days=1))

    def _past_days(self) -> AppointmentFilters:
        """The days of the list, or, while the list shows what lies ahead, the last two weeks: no money has moved yet
        on a day to come."""
        chosen = self._store.filters
        if not chosen.soonest_first:
            return chosen
        today = self._today()
        return replace(chosen, first_day=today - timedelta(days=PAST_DAYS - 1), end_day=today + timedelta(days=1))

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(GRID * 2, GRID, GRID * 2, GRID)
        row.setSpacing(GRID * 3)
        row.addWidget(self.strip, 1)
        row.addWidget(self.problem, 1)
        row.addWidget(self.scope)
        row.addWidget(self.currency)
        row.addWidget(self.open_chart)
        self._chart_frame = QFrame()
        self._chart_layout = column(spacing=GRID, margin=GRID)
        self._chart_frame.setLayout(self._chart_layout)
        self._chart_frame.setFixedHeight(CHART_HEIGHT)
        self._chart_frame.hide()
        self.currency.hide()
        frame = panel()
        inside = column(spacing=0, margin=1)
        inside.addWidget(self.busy)
        inside.addLayout(row)
        inside.addWidget(self._chart_frame)
        frame.setLayout(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(frame)

    def _show_summary(self, summary: SalesSummary) -> None:
        self.busy.end()
        self.problem.hide()
        rows = []
        for one in summary.totals:
            amounts = [
                money(minor, one.currency_exponent, one.currency)
                for minor in (one.gross_minor, -one.refunds_minor, one.net_minor, one.average_minor)
            ]
            rows.append([*amounts[:3], str(one.paid_count), amounts[3]])
        self.strip.show_rows(rows or [["0", "0", "0", "0", "0"]])
        self.strip.show()
        self._reading = False
        self.loaded.emit()
        if self._stale:
            self.reload()

    def _show_days(self, days: SalesDays) -> None:
        self._days = days
        self.currency.offer([(code, code) for code in sorted({one.currency for one in days.days})])
        self.currency.setVisible(self.currency.count() > 1 and self.open_chart.isChecked())
        self._show_chart()

    def _show_chart(self) -> None:
        if self._days is None or self.chart is None:
            return
        from desktop.widgets.daily_chart import Bar

        shown = self._filters()
        self.chart.show_bars(
            [
                Bar(one.day, one.gross_minor / 10**one.currency_exponent, one.refunds_minor / 10**one.currency_exponent)
                for one in self._days.days
                if one.currency == self.currency.value
            ],
            shown.first_day,
            shown.end_day,
        )

    def _on_chart_toggled(self, opened: bool) -> None:
        if opened and self.chart is None:
            from desktop.widgets.daily_chart import DailyChart

            self.chart = DailyChart(self._theme.colour)
            self._chart_layout.addWidget(self.chart, 1)
        self._chart_frame.setVisible(opened)
        self.currency.setVisible(opened and self.currency.count() > 1)
        self._show_scope()
        if opened:
            self.reload()

    def _on_filters_changed(self, _: AppointmentFilters) -> None:
        self.reload()

    def _on_changed(self, kinds: frozenset[Kind], _: frozenset[UUID]) -> None:
        if Kind.MONEY not in kinds:
            return
        if self._reading:
            self._stale = True
        else:
            self.reload()

    def _on_failed(self, error: ApiError) -> None:
        self.busy.end()
        self._reading = False
        self.strip.hide()
        self.problem.setText(f"Sales could not be read. {error.sentence} {error.next_step}".strip())
        self.problem.show()

    def _recolour(self) -> None:
        if self.chart is not None:
            self.chart.recolour()
