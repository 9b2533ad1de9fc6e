"""A message inside the page: what happened, the next step, and at most one button. Read out when it appears."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.widgets.text import GRID, button, label, set_property

_SIGNS = {"danger": "▲", "warning": "▲", "success": "✓", "": "•"}


class Notice(QFrame):
    """Hidden until `say` is called. Tones: "", `success`, `warning`, `danger`."""

    acted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "notice")
        self._sign = label(strong=True)
        self._heading = label(strong=True, wraps=True)
        self._detail = label(wraps=True)
        self._action = button("Try again")
        self._action.clicked.connect(self.acted)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._heading)
        words.addWidget(self._detail)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID * 3 // 2, GRID, GRID, GRID)
        layout.setSpacing(GRID)
        layout.addWidget(self._sign)
        layout.addLayout(words, 1)
        layout.addWidget(self._action)
        self.hide()

    @property
    def text(self) -> str:
        """What is shown now, heading and detail; "" when hidden."""
        return "" if self.isHidden() else f"{self._heading.text()} {self._detail.text()}".strip()

    def say(self, tone: str, heading: str, detail: str = "", action: str = "") -> None:
        """Show a message. `action` is the button's text; its click is `acted`."""
        set_property(self, "tone", tone)
        self._sign.setText(_SIGNS[tone])
        self._heading.setText(heading)
        self._detail.setText(detail)
        self._detail.setVisible(bool(detail))
        self._action.setText(action)
        self._action.setAccessibleName(action or "No action")
        self._action.setVisible(bool(action))
        for part in (self._sign, self._heading):
            part.style().unpolish(part)
            part.style().polish(part)
        self.setAccessibleName(f"{heading} {detail}".strip())
        self.show()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self.accessibleName()))

    def clear(self) -> None:
        self.hide()
