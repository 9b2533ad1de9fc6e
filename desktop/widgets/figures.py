"""A strip of figures: caption above, value below, the value in tabular figures."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from desktop.widgets.text import GRID, label


class FigureStrip(QWidget):
    """One line of values a row; the captions stand once, above the first."""

    def __init__(self, captions: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._captions = list(captions)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GRID * 4)
        self._grid.setVerticalSpacing(2)
        for at, caption in enumerate(self._captions):
            heading = label(caption, size="small", tone="muted")
            heading.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(heading, 0, at)
        self._grid.setColumnStretch(len(self._captions), 1)
        self._rows: list[list[str]] = []
        self._values: list[QLabel] = []

    def show_rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Replace the values; every row has one text a caption."""
        self._rows = [list(row) for row in rows]
        for old in self._values:
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._values = []
        for line, row in enumerate(self._rows, start=1):
            for at, text in enumerate(row):
                value = label(text, size="title" if len(self._rows) == 1 else "body", strong=True)
                value.setAlignment(Qt.AlignmentFlag.AlignRight)
                value.setAccessibleName(f"{self._captions[at]}: {text}")
                self._grid.addWidget(value, line, at)
                self._values.append(value)

    def texts(self) -> list[list[str]]:
        return self._rows
