"""Bars a day with pyqtgraph. Import this module only when the chart is first opened: it costs 300 ms of start-up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pyqtgraph
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.formats import short_day
from desktop.theme import font


@dataclass(frozen=True, slots=True)
class Bar:
    """Amounts in the currency's main unit; `refunds` is positive and drawn below the line."""

    day: date
    gross: float
    refunds: float


class DailyChart(QWidget):
    """Gross as bars above the zero line, refunds below it: told apart by place, not only by colour."""

    def __init__(self, colour: Callable[[str], QColor], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour = colour
        self._bars: list[Bar] = []
        self._plot = pyqtgraph.PlotWidget()
        self._plot.setMenuEnabled(False)
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.hideButtons()
        self._plot.setAccessibleName("Sales by day")
        self._gross = pyqtgraph.BarGraphItem(x=[], height=[], width=0.7)
        self._refunds = pyqtgraph.BarGraphItem(x=[], height=[], width=0.7)
        self._zero = pyqtgraph.InfiniteLine(pos=0, angle=0)
        for item in (self._gross, self._refunds, self._zero):
            self._plot.addItem(item)
        for side in ("left", "bottom"):
            self._plot.getAxis(side).setStyle(tickFont=font("small"), tickLength=0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self.recolour()

    def show_bars(self, bars: Sequence[Bar], first_day: date | None = None, end_day: date | None = None) -> None:
        """Replace the bars, from `first_day` to before `end_day` (None: where the bars begin and end).

        Days without money may be absent and stay empty.
        """
        self._bars = sorted(bars, key=lambda bar: bar.day)
        days = [bar.day.toordinal() for bar in self._bars]
        self._gross.setOpts(x=days, height=[bar.gross for bar in self._bars])
        self._refunds.setOpts(x=days, height=[-bar.refunds for bar in self._bars])
        if days:
            first = first_day.toordinal() if first_day else days[0]
            last = end_day.toordinal() - 1 if end_day else days[-1]
            step = max(1, round((last - first + 1) / 8))
            ticks = [(day, short_day(date.min + timedelta(days=day - 1))) for day in range(first, last + 1, step)]
            self._plot.getAxis("bottom").setTicks([ticks])
            self._plot.setXRange(first - 0.6, last + 0.6, padding=0.01)
            self._plot.enableAutoRange(axis="y")
        total = sum(bar.gross for bar in self._bars)
        self._plot.setAccessibleDescription(f"{len(self._bars)} days, {total:,.2f} in all")

    def days(self) -> list[date]:
        return [bar.day for bar in self._bars]

    def recolour(self) -> None:
        """The theme has changed."""
        self._plot.setBackground(self._colour("panel"))
        self._gross.setOpts(brush=self._colour("accent"), pen=None)
        self._refunds.setOpts(brush=self._colour("warning"), pen=None)
        self._zero.setPen(pyqtgraph.mkPen(self._colour("line_strong"), width=1))
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(pyqtgraph.mkPen(self._colour("line")))
            axis.setTextPen(self._colour("text_muted"))
