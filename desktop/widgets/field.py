"""A form's field: caption above, control, and the error beside its cause."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.widgets.text import label, set_property


class Field(QWidget):
    """Gives its control a caption (buddy and accessible name), and shows an error under it until the next try."""

    def __init__(self, caption: str, control: QWidget, parent: QWidget | None = None, hint: str = "") -> None:
        super().__init__(parent)
        self.control = control
        self._name = caption.replace("&", "")
        self._hint = hint
        heading = label(caption, size="small", tone="muted")
        heading.setBuddy(control)
        self._below = label(hint, size="small", tone="muted", wraps=True)
        self._below.setVisible(bool(hint))
        control.setAccessibleName(self._name)
        control.setAccessibleDescription(hint)
        self.setFocusProxy(control)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(heading)
        layout.addWidget(control)
        layout.addWidget(self._below)

    @property
    def error(self) -> str:
        return self._below.text() if self.control.property("refused") else ""

    def set_error(self, message: str) -> None:
        """Show what is wrong with this field; an empty message clears it."""
        set_property(self.control, "refused", bool(message))
        set_property(self._below, "tone", "danger" if message else "muted")
        self._below.setText(message or self._hint)
        self._below.setVisible(bool(message or self._hint))
        self.control.setAccessibleDescription(message or self._hint)
