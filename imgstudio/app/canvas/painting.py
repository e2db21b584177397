"""Paints the picture into the widget: surround, checkerboard, pixels, grid, edge. All in device pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRect, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QTransform

from imgstudio.app.canvas.view import GRID_FROM, View
from imgstudio.app.theme import surround
from imgstudio.core.geometry import Rect
from imgstudio.core.settings import Settings

SQUARE: Final = 8
"""Side of a checkerboard square in logical pixels; it stays put on the screen."""
_SQUARES: Final = {"dark": ("#5c5c5c", "#484848"), "light": ("#ffffff", "#dadada")}
_EDGES: Final = {"dark": "#1c1c1c", "light": "#8a8a8a"}
_GRID: Final = QColor(128, 128, 128, 110)


@dataclass(frozen=True, slots=True)
class Backdrop:
    """Colours round and under the picture."""

    surround: QColor
    edge: QColor
    squares: QBrush

    @classmethod
    def of(cls, settings: Settings, ratio: float) -> Backdrop:
        """From the user's settings, for `ratio` device pixels to a logical one."""
        return cls(
            QColor(surround(settings)),
            QColor(_EDGES[settings.theme]),
            _checkerboard(*_SQUARES[settings.theme], side=max(1, round(SQUARE * ratio))),
        )


def qrect(rect: Rect) -> QRect:
    return QRect(*rect)


def paint_surround(painter: QPainter, view: View, backdrop: Backdrop, exposed: Rect) -> None:
    """Fill what the picture does not cover, and draw the line round it."""
    picture = picture_box(view)
    if picture.intersect(exposed) != exposed:
        painter.fillRect(qrect(exposed), backdrop.surround)
        painter.setPen(backdrop.edge)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRect(picture.x - 1, picture.y - 1, picture.width + 1, picture.height + 1))


def paint_picture(
    painter: QPainter, view: View, image: QImage, exposed: Rect, squares: QBrush | None
) -> None:
    """Draw a level of the picture; `squares` goes under a picture that is not opaque."""
    box = picture_box(view).intersect(exposed)
    if box.is_empty:
        return
    painter.save()
    painter.setClipRect(qrect(box), Qt.ClipOperation.IntersectClip)
    if squares is not None:
        painter.fillRect(qrect(box), squares)
    # Always the same transform and the whole image, so that a part painted alone matches its surroundings.
    scale = view.zoom * 2**view.level
    x, y = view.origin
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, view.is_smooth)
    painter.setTransform(QTransform(scale, 0, 0, scale, x, y), combine=True)
    painter.drawImage(QPointF(0, 0), image)
    painter.restore()


def paint_grid(painter: QPainter, view: View, exposed: Rect) -> None:
    """Lines between pixels, from 800 % on."""
    if view.zoom < GRID_FROM:
        return
    box = picture_box(view).intersect(exposed)
    part = view.document_rect(box)
    painter.setPen(QPen(_GRID, 1))
    lines = []
    for x in range(part.x + 1, part.right):
        at = round(view.to_screen(x, 0).x)
        lines.append(QLineF(at, box.y, at, box.bottom - 1))
    for y in range(part.y + 1, part.bottom):
        at = round(view.to_screen(0, y).y)
        lines.append(QLineF(box.x, at, box.right - 1, at))
    painter.drawLines(lines)


def picture_box(view: View) -> Rect:
    """Where the document lies on the screen."""
    left, top = view.origin
    right, bottom = view.to_screen(*view.document)
    return Rect(left, top, max(1, round(right) - left), max(1, round(bottom) - top))


def _checkerboard(light: str, dark: str, side: int) -> QBrush:
    tile = QImage(2 * side, 2 * side, QImage.Format.Format_RGB32)
    tile.fill(QColor(light))
    painter = QPainter(tile)
    painter.fillRect(side, 0, side, side, QColor(dark))
    painter.fillRect(0, side, side, side, QColor(dark))
    painter.end()
    return QBrush(tile)
