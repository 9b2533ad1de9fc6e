"""A thin line that moves while something is under way, and only when it takes long enough to be noticed."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QProgressBar, QWidget

# Shorter waits feel like none; a flash of "busy" would only make them visible.
DELAY_MILLISECONDS = 150


class BusyLine(QProgressBar):
    """`begin()` and `end()`; keeps its three pixels when idle, so that nothing jumps."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setTextVisible(False)
        self.setRange(0, 1)
        self._delay = QTimer(self, singleShot=True, interval=DELAY_MILLISECONDS)
        self._delay.timeout.connect(self._appear)

    @property
    def waiting(self) -> bool:
        """True between `begin` and `end`, whether or not the line is already seen."""
        return self._delay.isActive() or self.maximum() == 0

    def begin(self) -> None:
        if not self.waiting:
            self._delay.start()

    def end(self) -> None:
        self._delay.stop()
        self.setRange(0, 1)
        self.reset()

    def _appear(self) -> None:
        self.setRange(0, 0)
