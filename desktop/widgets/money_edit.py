"""An amount of money as a line of text, read strictly: digits and at most one decimal sign."""

import re
from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget


class MoneyEdit(QLineEdit):
    """Amounts of a currency with `exponent` decimals; `most` is in minor units."""

    def __init__(self, exponent: int, most: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._exponent = exponent
        self._most = most
        self.setText(f"{Decimal(most).scaleb(-exponent):.{exponent}f}")
        self.setAlignment(Qt.AlignmentFlag.AlignRight)

    @property
    def minor(self) -> int | None:
        """The amount in minor units; None when it cannot be read, is zero, or is more than there is."""
        match = re.fullmatch(r"([0-9]+)(?:[.,]([0-9]+))?", self.text().strip())
        if match is None or len(match[2] or "") > self._exponent:
            return None
        minor = int(match[1] + (match[2] or "").ljust(self._exponent, "0"))
        return minor if 0 < minor <= self._most else None
