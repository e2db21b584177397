"""A large button with a picture, a title and a second line."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QWidget

from imgstudio.app.icons import icon
from imgstudio.app.theme import SMALL_POINTS, current_tokens, interface_font

PADDING: Final = 8
TEXT_HEIGHT: Final = 40
RADIUS: Final = 6
SIGN: Final = 32


class Tile(QAbstractButton):
    """Shows a cropped thumbnail, or an icon while there is none. Long names are elided in the middle."""

    def __init__(self, title: str, note: str, sign: str, size: QSize, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._note, self._sign = title, note, icon(sign)
        self._picture = QPixmap()
        self.setFixedSize(size)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"{title}. {note}")
        self.setToolTip(f"<b>{title}</b><br>{note}" if note else title)

    def set_picture(self, picture: QPixmap) -> None:
        self._picture = picture
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        look = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(
            QPen(QColor(look.accent if self.hasFocus() else look.line), 2 if self.hasFocus() else 1)
        )
        painter.setBrush(QColor(look.hover if self.underMouse() else look.raised))
        painter.drawRoundedRect(box, RADIUS, RADIUS)
        view = self.rect().adjusted(PADDING, PADDING, -PADDING, -TEXT_HEIGHT - PADDING)
        if self._picture.isNull():
            self._sign.paint(
                painter, QRect(view.center().x() - SIGN // 2, view.center().y() - SIGN // 2, SIGN, SIGN)
            )
        else:
            self._draw_picture(painter, view)
        self._draw_words(painter)

    def _draw_picture(self, painter: QPainter, view: QRect) -> None:
        painter.save()
        clip = QPainterPath()
        clip.addRoundedRect(QRectF(view), 3, 3)
        painter.setClipPath(clip)
        size = self._picture.size().scaled(view.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
        target = QRect(0, 0, size.width(), size.height())
        target.moveCenter(view.center())
        painter.drawPixmap(target, self._picture)
        painter.restore()

    def _draw_words(self, painter: QPainter) -> None:
        look = current_tokens()
        room = self.width() - 2 * PADDING - 4
        line = QRect(PADDING + 2, self.height() - TEXT_HEIGHT - 2, room, 18)
        self._draw_line(painter, line, self._title, look.text)
        painter.setFont(interface_font(SMALL_POINTS))
        self._draw_line(painter, line.translated(0, 18), self._note, look.dim)

    def _draw_line(self, painter: QPainter, line: QRect, text: str, colour: str) -> None:
        painter.setPen(QColor(colour))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def enterEvent(self, event: object) -> None:
        self.update()

    def leaveEvent(self, event: object) -> None:
        self.update()
