"""Choices: a combo box that remembers what it stands for, and a grid of buttons of which one is pressed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QGridLayout, QSizePolicy, QWidget

from desktop.widgets.text import button


class Choice(QComboBox):
    """Offers (value, text) pairs and keeps the chosen value when they are replaced, where it is still offered."""

    chosen = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.view().setAccessibleName(f"{name}: choices")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setMaxVisibleItems(20)
        self.currentIndexChanged.connect(lambda _: self.chosen.emit())

    @property
    def value(self) -> Any:
        return self.currentData()

    def offer(self, pairs: Sequence[tuple[Any, str]]) -> None:
        """Replace the choices; emits `chosen` only when the chosen value changes by it."""
        before = self.value
        with QSignalBlocker(self):
            self.clear()
            for value, text in pairs:
                self.addItem(text, value)
            self._pick(before)
        if self.value != before:
            self.chosen.emit()

    def choose(self, value: Any) -> None:
        """Choose a value that is offered; another one is ignored."""
        self._pick(value)

    def _pick(self, value: Any) -> None:
        for at in range(self.count()):
            if self.itemData(at) == value:
                self.setCurrentIndex(at)
                return


@dataclass(frozen=True, slots=True)
class GridChoice:
    """`name` is what a screen reader says; `key` is handed back."""

    key: object
    text: str
    name: str


class ChoiceGrid(QWidget):
    """Buttons in columns, of which at most one is pressed. `picked(key)` when a person presses one."""

    picked = Signal(object)

    def __init__(self, columns: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns = columns
        self._group = QButtonGroup(self)
        self._keys: list[object] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        for at in range(columns):
            self._grid.setColumnStretch(at, 1)
        self._group.idClicked.connect(lambda number: self.picked.emit(self._keys[number]))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    @property
    def key(self) -> object | None:
        """The pressed choice's key, or None."""
        number = self._group.checkedId()
        return self._keys[number] if number >= 0 else None

    def offer(self, choices: Sequence[GridChoice], keep: object | None = None, columns: int | None = None) -> None:
        """Replace the buttons; the one whose key equals `keep` is pressed, if it is still offered."""
        across = columns or self._columns
        for old in self._group.buttons():
            self._group.removeButton(old)
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._keys = [choice.key for choice in choices]
        for number, choice in enumerate(choices):
            made = button(choice.text, "slot", choice.name)
            made.setCheckable(True)
            made.setChecked(keep is not None and choice.key == keep)
            self._group.addButton(made, number)
            self._grid.addWidget(made, number // across, number % across, Qt.AlignmentFlag.AlignTop)
        self.updateGeometry()

    def texts(self) -> list[str]:
        return [made.text() for made in self._group.buttons()]

    def focus_first(self) -> None:
        """Put the keyboard on the first choice."""
        if self._keys:
            self._group.button(0).setFocus()

    def press(self, number: int) -> None:
        """Press a button as a person would."""
        self._group.button(number).click()
