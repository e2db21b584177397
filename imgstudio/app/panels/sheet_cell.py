"""One picture of a contact sheet with what its settings are; a click takes them."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QEnterEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QWidget

from imgstudio.app.controllers.contact_sheet import Cell
from imgstudio.app.i18n import tr
from imgstudio.app.panels.layer_thumbnails import on_squares
from imgstudio.app.theme import current_tokens

CAPTION: Final = 24
"""Height of the line under a picture."""
RING: Final = 2
"""Room round a picture for the mark of the focus."""
BAR: Final = 3


class SheetCell(QAbstractButton):
    """Guards: it can be pressed once its picture is there, and not before."""

    def __init__(self, cell: Cell, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._cell, self._picture = cell, QPixmap()
        self._fraction: float | None = None
        """How far it is; None before its turn."""
        self.is_exact = False
        """Whether a pixel of it is one of the screen, even if only its middle has room then."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setText(cell.variation.label)
        self.setAccessibleName(cell.variation.label)
        self.refresh()

    def set_progress(self, fraction: float) -> None:
        """How far the picture is."""
        self._fraction = fraction
        self.update()

    def refresh(self) -> None:
        """Show the picture, if there is one by now."""
        cell, label = self._cell, self._cell.variation.label
        is_there = cell.picture is not None
        if cell.picture is not None and self._picture.isNull():
            self._picture = QPixmap.fromImage(on_squares(cell.picture))
        self.setEnabled(is_there)
        self.setCursor(Qt.CursorShape.PointingHandCursor if is_there else Qt.CursorShape.ArrowCursor)
        note = cell.problem or (tr("Take these settings") if is_there else tr("Not made yet"))
        self.setToolTip(f"<b>{label}</b><br>{note}")
        self.setAccessibleDescription(note)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, 120 + CAPTION)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        room = self.rect().adjusted(RING, RING, -RING, -RING - CAPTION)
        if self._picture.isNull():
            painter.fillRect(room, QColor(look.raised))
            self._paint_waiting(painter, room)
        else:
            place = self._paint_picture(painter, room)
            self._paint_ring(painter, place)
        painter.setPen(QColor(look.text if self.isEnabled() else look.dim))
        line = QRect(RING, self.height() - CAPTION, self.width() - 2 * RING, CAPTION)
        shown = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_picture(self, painter: QPainter, room: QRect) -> QRect:
        """Returns where it is."""
        whole, ratio = self._picture.size(), self.devicePixelRatioF()
        if self.is_exact:
            seen = (QSizeF(room.size()) * ratio).toSize().boundedTo(whole)
            size = (QSizeF(seen) / ratio).toSize()
        else:
            seen, size = whole, whole.scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place, part = QRect(0, 0, size.width(), size.height()), QRect(0, 0, seen.width(), seen.height())
        place.moveCenter(room.center())
        part.moveCenter(QRect(0, 0, whole.width(), whole.height()).center())
        painter.drawPixmap(place, self._picture, part)
        return place

    def _paint_waiting(self, painter: QPainter, room: QRect) -> None:
        look = current_tokens()
        if self._cell.problem:
            painter.setPen(QColor(look.dim))
            words = room.adjusted(8, 4, -8, -4)
            painter.drawText(
                words, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._cell.problem
            )
        elif self._fraction is not None:
            bar = QRect(room.left(), room.bottom() - BAR + 1, room.width(), BAR)
            painter.fillRect(bar, QColor(look.line))
            bar.setWidth(round(room.width() * self._fraction))
            painter.fillRect(bar, QColor(look.accent))

    def _paint_ring(self, painter: QPainter, place: QRect) -> None:
        """Accent where the focus is, a light line under the mouse."""
        look = current_tokens()
        if not self.hasFocus() and not self.underMouse():
            return
        width = RING if self.hasFocus() else 1
        painter.setPen(QPen(QColor(look.accent if self.hasFocus() else look.dim), width))
        half = width / 2
        painter.drawRect(QRectF(place).adjusted(-half, -half, half, half))

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()
