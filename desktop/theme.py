"""The look: tokens from `tokens.json` turned into Fusion, a palette, fonts and a small style sheet.

Tokens are the only place with a colour or a size. `QTableView::item` must never be styled here: it makes
tables three times slower to paint.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Tokens:
    """Sizes in pixels; `grid` is the unit that every distance is a multiple (or half) of."""

    family: str
    small: int
    body: int
    title: int
    strong: int
    grid: int
    radius: int
    control: int
    row: int
    light: dict[str, str]
    dark: dict[str, str]


@cache
def tokens() -> Tokens:
    read: dict[str, Any] = json.loads((FOLDER / "tokens.json").read_text("utf-8"))
    font = read["font"]
    return Tokens(
        family=font["family"],
        small=font["small"],
        body=font["body"],
        title=font["title"],
        strong=font["strong"],
        grid=read["grid"],
        radius=read["radius"],
        control=read["control"],
        row=read["row"],
        light=read["light"],
        dark=read["dark"],
    )


class Theme(QObject):
    """The theme in use; `changed` after every switch, for what paints itself."""

    changed = Signal()

    def __init__(self, application: QApplication, name: str = "light") -> None:
        super().__init__(application)
        self._application = application
        self.name = name
        for file in sorted((FOLDER / "fonts").glob("*.otf")):
            if QFontDatabase.addApplicationFont(str(file)) < 0:
                raise RuntimeError(f"the font {file} cannot be loaded: install the package again")
        application.setStyle("Fusion")
        application.setFont(font())
        self.use(name)

    def use(self, name: str) -> None:
        """Switch to `light` or `dark`; takes effect at once everywhere."""
        self.name = name
        self._application.setPalette(self._palette())
        self._application.setStyleSheet(self._style_sheet())
        self.changed.emit()

    def toggle(self) -> None:
        self.use("light" if self.name == "dark" else "dark")

    @property
    def colours(self) -> dict[str, str]:
        return tokens().dark if self.name == "dark" else tokens().light

    def colour(self, token: str) -> QColor:
        return QColor(self.colours[token])

    def _palette(self) -> QPalette:
        role = QPalette.ColorRole
        palette = QPalette()
        for part, token in {
            role.Window: "surface",
            role.WindowText: "text",
            role.Base: "panel",
            role.AlternateBase: "raised",
            role.Text: "text",
            role.PlaceholderText: "text_muted",
            role.Button: "raised",
            role.ButtonText: "text",
            role.BrightText: "danger",
            role.Highlight: "selection",
            role.HighlightedText: "text",
            role.Accent: "accent",
            role.Link: "accent",
            role.LinkVisited: "accent",
            role.ToolTipBase: "raised",
            role.ToolTipText: "text",
            role.Light: "raised",
            role.Midlight: "line",
            role.Mid: "line",
            role.Dark: "line_strong",
            role.Shadow: "line_strong",
        }.items():
            palette.setColor(part, self.colour(token))
        for part in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, part, self.colour("line_strong"))
        return palette

    def _style_sheet(self) -> str:
        look = tokens()
        sizes = {name: f"{getattr(look, name)}px" for name in ("small", "body", "title", "radius")}
        # The frame of one pixel on either side is not part of a control's inner height.
        sizes["inner"] = f"{look.control - 2}px"
        icons = (FOLDER / "icons").as_posix()
        sheet = (FOLDER / "theme.qss").read_text("utf-8")
        for name, value in {**self.colours, **sizes, "icons": icons, "theme": self.name}.items():
            sheet = sheet.replace(f"@{name}@", value)
        return sheet


def font(size: str = "body", strong: bool = False) -> QFont:
    """The bundled font in one of the three sizes (`small`, `body`, `title`), with figures of equal width."""
    look = tokens()
    made = QFont(look.family)
    made.setPixelSize(getattr(look, size))
    if strong:
        made.setWeight(QFont.Weight(look.strong))
    made.setFeature(QFont.Tag("tnum"), 1)
    return made
