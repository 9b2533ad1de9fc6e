"""Status marks: a drawn shape beside a word, so that a status is told without colour."""

from collections.abc import Callable
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from desktop.formats import Mark, Shape
from desktop.widgets.text import label

SIZE = 14


@lru_cache(maxsize=256)
def mark_pixmap(shape: Shape, colour: str, ratio: float = 2.0) -> QPixmap:
    """The shape in a colour ("#rrggbb"), SIZE pixels wide at a device pixel ratio of `ratio`."""
    pixmap = QPixmap(round(SIZE * ratio), round(SIZE * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(QColor(colour), 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    _DRAW[shape](painter, pen)
    painter.end()
    return pixmap


@lru_cache(maxsize=256)
def mark_icon(shape: Shape, colour: str) -> QIcon:
    """The shape for a table's cell; it keeps its colour in a selected row, where Qt would pale it."""
    icon = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected, QIcon.Mode.Disabled):
        icon.addPixmap(mark_pixmap(shape, colour), mode)
    return icon


def _filled(painter: QPainter) -> None:
    painter.setBrush(QBrush(painter.pen().color()))


def _ring(painter: QPainter, _: QPen) -> None:
    painter.drawEllipse(QPointF(7, 7), 4.6, 4.6)


def _dotted(painter: QPainter, pen: QPen) -> None:
    pen.setDashPattern([0.4, 2.0])
    painter.setPen(pen)
    painter.drawEllipse(QPointF(7, 7), 4.6, 4.6)


def _half(painter: QPainter, _: QPen) -> None:
    painter.drawEllipse(QPointF(7, 7), 4.6, 4.6)
    _filled(painter)
    painter.drawChord(QRectF(2.4, 2.4, 9.2, 9.2), 90 * 16, 180 * 16)


def _disc(painter: QPainter, _: QPen) -> None:
    _filled(painter)
    painter.drawEllipse(QPointF(7, 7), 4.6, 4.6)


def _play(painter: QPainter, _: QPen) -> None:
    _filled(painter)
    painter.drawPolygon(QPolygonF([QPointF(4, 2.6), QPointF(11.4, 7), QPointF(4, 11.4)]))


def _check(painter: QPainter, pen: QPen) -> None:
    pen.setWidthF(2)
    painter.setPen(pen)
    painter.drawPolyline(QPolygonF([QPointF(2.6, 7.4), QPointF(5.6, 10.4), QPointF(11.4, 3.6)]))


def _diamond(painter: QPainter, _: QPen) -> None:
    painter.drawPolygon(QPolygonF([QPointF(7, 1.8), QPointF(12.2, 7), QPointF(7, 12.2), QPointF(1.8, 7)]))


def _cross(painter: QPainter, _: QPen) -> None:
    painter.drawLine(QPointF(3.2, 3.2), QPointF(10.8, 10.8))
    painter.drawLine(QPointF(10.8, 3.2), QPointF(3.2, 10.8))


def _dash(painter: QPainter, _: QPen) -> None:
    painter.drawLine(QPointF(3.5, 7), QPointF(10.5, 7))


def _back(painter: QPainter, _: QPen) -> None:
    path = QPainterPath(QPointF(2.6, 5.2))
    path.lineTo(8.2, 5.2)
    path.arcTo(QRectF(5.2, 5.2, 6, 6), 90, -180)
    path.lineTo(5, 11.2)
    painter.drawPath(path)
    painter.drawPolyline(QPolygonF([QPointF(5.2, 2.4), QPointF(2.4, 5.2), QPointF(5.2, 8)]))


def _alert(painter: QPainter, _: QPen) -> None:
    painter.drawPolygon(QPolygonF([QPointF(7, 2), QPointF(12.6, 11.8), QPointF(1.4, 11.8)]))
    painter.drawLine(QPointF(7, 5.8), QPointF(7, 8))
    painter.drawPoint(QPointF(7, 10))


_DRAW: dict[Shape, Callable[[QPainter, QPen], None]] = {
    Shape.RING: _ring,
    Shape.DOTTED: _dotted,
    Shape.HALF: _half,
    Shape.DISC: _disc,
    Shape.PLAY: _play,
    Shape.CHECK: _check,
    Shape.DIAMOND: _diamond,
    Shape.CROSS: _cross,
    Shape.DASH: _dash,
    Shape.BACK: _back,
    Shape.ALERT: _alert,
}


class MarkLabel(QWidget):
    """A mark as shape and word. `colour` gives a token's colour in the theme in use."""

    def __init__(self, colour: Callable[[str], QColor], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour = colour
        self._mark: Mark | None = None
        self._shape = QLabel()
        self._word = label()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._shape)
        layout.addWidget(self._word)
        layout.addStretch(1)

    def show_mark(self, mark: Mark, word: str = "") -> None:
        """Show a mark; `word` replaces its own word."""
        self._mark = mark
        self._word.setText(word or mark.word)
        self.setAccessibleName(self._word.text())
        self.recolour()

    def recolour(self) -> None:
        """The theme has changed."""
        if self._mark is not None:
            self._shape.setPixmap(mark_pixmap(self._mark.shape, self._colour(self._mark.tone).name()))
