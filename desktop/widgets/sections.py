"""The parts of a detail page: facts as caption and value, and lines that begin with a status mark."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from desktop.formats import Mark
from desktop.widgets.marks import MarkLabel
from desktop.widgets.text import GRID, button, label, rule

CAPTION_WIDTH = 96


class _Section(QWidget):
    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(GRID)
        outer.addWidget(rule())
        outer.addWidget(label(title, strong=True))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(GRID)
        self._grid.setVerticalSpacing(4)
        outer.addLayout(self._grid)
        self._shown: list[QWidget] = []
        self._lines: list[str] = []

    def texts(self) -> list[str]:
        """What is shown, one text a line."""
        return self._lines

    def _empty(self) -> None:
        for old in self._shown:
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._shown, self._lines = [], []

    def _put(self, widget: QWidget, row: int, at: int, span: int = 1) -> None:
        self._grid.addWidget(widget, row, at, 1, span, Qt.AlignmentFlag.AlignTop)
        self._shown.append(widget)


class Facts(_Section):
    """Pairs of caption and value; values can be selected and copied. `amounts` aligns the values right."""

    def __init__(self, title: str, parent: QWidget | None = None, amounts: bool = False) -> None:
        super().__init__(title, parent)
        self._amounts = amounts
        self._grid.setColumnMinimumWidth(0, CAPTION_WIDTH)
        self._grid.setColumnStretch(1, 1)

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        self._empty()
        for row, (caption, text) in enumerate(facts):
            self._put(label(caption, tone="muted"), row, 0)
            self._put(_link(caption, text) if text.startswith("http") else self._value(caption, text), row, 1)
            self._lines.append(f"{caption}: {text}")

    def _value(self, caption: str, text: str) -> QLabel:
        value = _narrow(label(text, wraps=not self._amounts, selectable=True))
        value.setAccessibleName(f"{caption}: {text}")
        if self._amounts:
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
        return value


def _narrow(made: QLabel) -> QLabel:
    """Allow a label to be narrower than its longest word, which would push the rest out of sight."""
    made.setMinimumWidth(1)
    return made


def _link(caption: str, address: str) -> QWidget:
    """An address as its beginning and a button that copies all of it."""
    made = QWidget()
    beginning = _narrow(label(address.partition("://")[2]))
    beginning.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    beginning.setToolTip(address)
    copy = button("Copy", "link", f"Copy {caption.lower()}")
    copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(address))
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GRID)
    row.addWidget(beginning, 1)
    row.addWidget(copy)
    return made


@dataclass(frozen=True, slots=True)
class MarkedLine:
    """`mark`, what it is about, something on the right (a time, an amount), and a remark below."""

    mark: Mark
    text: str
    right: str
    remark: str = ""
    remark_tone: str = "muted"


class MarkedLines(_Section):
    def __init__(self, title: str, empty: str, colour: Callable[[str], QColor], parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._empty_text = empty
        self._colour = colour
        self._marks: list[MarkLabel] = []
        self._grid.setColumnMinimumWidth(0, CAPTION_WIDTH)
        self._grid.setColumnStretch(1, 1)
        self.show_lines([])

    def show_lines(self, lines: Sequence[MarkedLine]) -> None:
        self._empty()
        self._marks = []
        row = 0
        for line in lines:
            mark = MarkLabel(self._colour)
            mark.show_mark(line.mark)
            self._marks.append(mark)
            right = label(line.right, size="small", tone="muted")
            right.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._put(mark, row, 0)
            self._put(_narrow(label(line.text, wraps=True)), row, 1)
            self._put(right, row, 2)
            row += 1
            if line.remark:
                self._put(_narrow(label(line.remark, size="small", tone=line.remark_tone, wraps=True)), row, 1, span=2)
                row += 1
            self._lines.append(f"{line.mark.word}: {line.text}")
        if not lines:
            self._put(label(self._empty_text, tone="muted", wraps=True), 0, 0, span=3)

    def recolour(self) -> None:
        """The theme has changed."""
        for mark in self._marks:
            mark.recolour()


class Log(_Section):
    """Moments: a time on the left, what happened and who did it on the right."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._grid.setColumnMinimumWidth(0, CAPTION_WIDTH)
        self._grid.setColumnStretch(1, 1)

    def show_moments(self, moments: Sequence[tuple[str, str, str]]) -> None:
        """(when, what, who), in the order of reading."""
        self._empty()
        for row, (when, what, who) in enumerate(moments):
            self._put(label(when, size="small", tone="muted"), row, 0)
            self._put(label(what, wraps=True), row, 1)
            self._put(label(who, size="small", tone="muted"), row, 2)
            self._lines.append(f"{what}, {who}")
