"""A place to drop a folder on, or to choose one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QFileDialog, QSizePolicy, QWidget

from imgstudio.app import icons
from imgstudio.app.i18n import tr

HEIGHT: Final = 56
ICON: Final = 24


class FolderField(QWidget):
    """Shows the folder's name and where it lies; a click or Enter opens the chooser."""

    chosen = Signal(Path)
    """A person gave this folder."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.path: Path | None = None
        self._is_hovered = False

    def set_path(self, path: Path | None) -> None:
        self.path = path
        self.setToolTip(str(path) if path else tr("Choose a folder"))
        self.update()

    def browse(self) -> None:
        dialog = QFileDialog(self.window(), tr("Folder to learn from"), str(self.path or Path.home()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, on=True)
        dialog.fileSelected.connect(lambda name: self.chosen.emit(Path(name)))
        dialog.open()

    def sizeHint(self) -> QSize:
        return QSize(200, HEIGHT)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _folder_of(event) is not None:
            self._is_hovered = True
            event.acceptProposedAction()
            self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._is_hovered = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._is_hovered = False
        folder = _folder_of(event)
        if folder is not None:
            event.acceptProposedAction()
            self.chosen.emit(folder)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.browse()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.browse()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = self._is_hovered or self.hasFocus()
        colours = self.palette()
        edge = colours.highlight().color() if lit else colours.mid().color()
        painter.setPen(QPen(edge, 1, Qt.PenStyle.SolidLine if self.path else Qt.PenStyle.DashLine))
        painter.setBrush(colours.base())
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        inner = self.rect().adjusted(12, 8, -12, -8)
        place = QRect(inner.x(), inner.center().y() - ICON // 2 + 1, ICON, ICON)
        icons.icon("folder-image", "dim").paint(painter, place)
        inner.setLeft(inner.x() + ICON + 12)
        self._paint_text(painter, inner.x(), inner.width())

    def _paint_text(self, painter: QPainter, left: int, width: int) -> None:
        metrics, colours = painter.fontMetrics(), self.palette()
        middle = self.height() // 2
        if self.path is None:
            painter.setPen(colours.placeholderText().color())
            text = metrics.elidedText(
                tr("Drop a folder here, or click to choose"), Qt.TextElideMode.ElideRight, width
            )
            painter.drawText(left, middle + metrics.ascent() // 2 - 1, text)
            return
        painter.setPen(colours.text().color())
        name = metrics.elidedText(self.path.name, Qt.TextElideMode.ElideMiddle, width)
        painter.drawText(left, middle - 3, name)
        painter.setPen(colours.placeholderText().color())
        place = metrics.elidedText(str(self.path.parent), Qt.TextElideMode.ElideMiddle, width)
        painter.drawText(left, middle + metrics.ascent() + 2, place)


def _folder_of(event: QDropEvent) -> Path | None:
    urls = event.mimeData().urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if path.is_dir() else None
