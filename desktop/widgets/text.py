"""Labels, rules and panels in the theme's sizes and tones."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from desktop.theme import tokens

GRID = tokens().grid


def label(
    text: str = "",
    *,
    size: str = "body",
    tone: str = "",
    strong: bool = False,
    wraps: bool = False,
    selectable: bool = False,
) -> QLabel:
    """A label of plain text: what comes from the server is never read as markup."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    # "size" itself is a property that every widget has.
    made.setProperty("textSize", size)
    made.setProperty("tone", tone)
    made.setProperty("weight", "strong" if strong else "")
    if wraps:
        made.setWordWrap(True)
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    if selectable:
        made.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        # Reachable by Tab would put a dozen stops between two buttons; a click still allows the keyboard.
        made.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        made.setAccessibleName(text or "Value")
    return made


def button(text: str, kind: str = "", name: str = "") -> QPushButton:
    """A push button; `kind` is "", `primary`, `danger`, `quiet`, `link` or `slot`; `name` is read out instead of the text."""
    made = QPushButton(text)
    made.setProperty("kind", kind)
    made.setAccessibleName(name or text.replace("&", ""))
    made.setAutoDefault(False)
    return made


def rule() -> QFrame:
    made = QFrame()
    made.setProperty("role", "rule")
    return made


def panel() -> QFrame:
    """A framed surface on which content lies."""
    made = QFrame()
    made.setProperty("role", "panel")
    return made


def column(*, spacing: int = GRID, margin: int = 0) -> QVBoxLayout:
    made = QVBoxLayout()
    made.setSpacing(spacing)
    made.setContentsMargins(margin, margin, margin, margin)
    return made


def side_by_side(*parts: QWidget) -> QHBoxLayout:
    """A row of equal columns, aligned at the top."""
    row = QHBoxLayout()
    row.setSpacing(GRID)
    for part in parts:
        row.addWidget(part, 1, Qt.AlignmentFlag.AlignTop)
    return row


def set_property(widget: QWidget, name: str, value: object) -> None:
    """Change a property that the style sheet selects by, and show it at once."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
