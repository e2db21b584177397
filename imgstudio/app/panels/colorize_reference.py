"""A picture whose colours are borrowed: shown in the page to pick from, or given to the filter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QCheckBox, QLabel, QSizePolicy, QVBoxLayout, QWidget

from imgstudio.app.forms.file_editor import DROP_HEIGHT, FileEditor
from imgstudio.app.forms.focus_shown import FocusShown
from imgstudio.app.i18n import tr
from imgstudio.app.jobs import JobHandle
from imgstudio.app.theme import current_tokens
from imgstudio.core import imagefile
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Param
from imgstudio.core.pixels import Array, over_grey

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

SIDE: Final = 1024
"""Longest side at which a reference is shown."""
TALLEST: Final = 1.25
"""Of a picture in the page, of its width: a narrow one does not push everything else away."""
NAME_HEIGHT: Final = 36
"""Of the drop target while the picture itself is shown below it (logical pixels)."""
AROUND: Final = 1
"""Pixels to each side that are averaged, so that noise does not decide."""


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceJob:
    """Reads a picture, reduced."""

    path: Path
    title: str = "Reading the reference"
    quiet: bool = True

    def run(self, progress: Progress) -> Array:
        """(h, w, 3) of bytes."""
        rgb = over_grey(imagefile.thumbnail(self.path, SIDE))
        return np.asarray(np.rint(rgb * 255), np.uint8)


class PickPicture(FocusShown):
    """A picture as wide as there is room; press anywhere, or move the cross with arrow keys, to take a colour."""

    picked = Signal(object)
    """The colour (red, green, blue)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixels: Array = np.zeros((1, 1, 3), np.uint8)
        self._image = QImage()
        self._at = (0.5, 0.5)
        """Where the cross is, as shares of the picture."""
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Reference picture"))
        self.setToolTip(tr("Click to paint with the colour that is there."))

    def show_pixels(self, pixels: Array) -> None:
        """Show (h, w, 3) of bytes."""
        self._pixels = np.ascontiguousarray(pixels)
        height, width = pixels.shape[:2]
        self._image = QImage(self._pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        self._at = (0.5, 0.5)
        self._fit()
        self.update()

    def picture_box(self) -> QRect:
        """Where the picture lies in the widget."""
        if self._tall <= TALLEST:
            return self.rect()
        width = round(self.height() / self._tall)
        return QRect((self.width() - width) // 2, 0, width, self.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._take(event.position().toPoint())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._take(event.position().toPoint())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        key, box = Qt.Key(event.key()), self.picture_box()
        if key in steps and not box.isEmpty():
            far = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 2
            (x, y), (dx, dy) = self._at, steps[key]
            self._at = _clip(x + far * dx / box.width()), _clip(y + far * dy / box.height())
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._tell()
        else:
            super().keyPressEvent(event)
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, box = QPainter(self), self.picture_box()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        clip = QPainterPath()
        clip.addRoundedRect(QRectF(box), 4, 4)
        painter.setClipPath(clip)
        painter.drawImage(box, self._image)
        painter.setClipping(False)
        if self.hasFocus():
            painter.setPen(QPen(QColor(current_tokens().accent), 2))
            painter.drawRoundedRect(QRectF(box).adjusted(1, 1, -1, -1), 4, 4)
            x = box.left() + self._at[0] * box.width()
            y = box.top() + self._at[1] * box.height()
            for colour, width in ((QColor(0, 0, 0, 200), 3.5), (QColor(255, 255, 255, 230), 1.5)):
                painter.setPen(QPen(colour, width))
                painter.drawEllipse(QRectF(x - 5, y - 5, 10, 10))

    def _fit(self) -> None:
        self.setFixedHeight(max(1, round(self.width() * min(self._tall, TALLEST))))

    @property
    def _tall(self) -> float:
        height, width = self._pixels.shape[:2]
        return float(height / width)

    def _take(self, at: QPoint) -> None:
        box = self.picture_box()
        if box.contains(at):
            self._at = (at.x() - box.x() + 0.5) / box.width(), (at.y() - box.y() + 0.5) / box.height()
            self._tell()
            self.update()

    def _tell(self) -> None:
        height, width = self._pixels.shape[:2]
        column, row = min(width - 1, int(self._at[0] * width)), min(height - 1, int(self._at[1] * height))
        near = self._pixels[
            max(0, row - AROUND) : row + AROUND + 1, max(0, column - AROUND) : column + AROUND + 1
        ]
        red, green, blue = (round(float(level)) for level in near.reshape(-1, 3).mean(0))
        self.picked.emit((red, green, blue))


class ReferenceBox(QWidget):
    """A drop target, the picture, and whether the filter takes colours from it. A file may be dropped anywhere on it."""

    picked = Signal(object)
    given = Signal(object)
    """The path that the filter takes colours from; None for none. Told of a person's edits only."""

    def __init__(self, context: AppContext, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._reading: JobHandle | None = None
        self.setObjectName("colorize.reference_box")
        self.setAcceptDrops(True)
        label = QLabel(tr("Reference picture"), self)
        label.setProperty("role", "dim")
        self.file = FileEditor(param, parent=self)
        self.file.setObjectName("colorize.reference")
        self.file.edited.connect(self._on_file)
        label.setBuddy(self.file)
        self.picture = PickPicture(self)
        self.picture.setObjectName("colorize.reference_picture")
        self.picture.picked.connect(self.picked)
        self.said = QLabel(self)
        self.said.setObjectName("colorize.reference_said")
        self.said.setProperty("role", "small")
        self.said.setWordWrap(True)
        self.gives = QCheckBox(tr("Take colours from it"), self)
        self.gives.setObjectName("colorize.reference_gives")
        self.gives.setToolTip(
            tr("Let the whole photo have the colours of what looks alike in the reference.")
        )
        self.gives.clicked.connect(self._tell)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for part in (label, self.file, self.picture, self.said, self.gives):
            column.addWidget(part)
        self._show(None)

    @property
    def path(self) -> Path | None:
        """The picture that is shown."""
        return self.file.value()

    @property
    def given_path(self) -> Path | None:
        """What the filter takes colours from."""
        return self.path if self.gives.isChecked() else None

    def show_path(self, path: Path | None, *, gives: bool) -> None:
        """Show a picture without telling of an edit."""
        self.file.set_value(path)
        self.gives.setChecked(gives and path is not None)
        self._read()

    def stop(self) -> None:
        """The page is closed: wait for nothing any more."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.file.target.dragEnterEvent(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.file.target.dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.file.target.dropEvent(event)

    def _on_file(self) -> None:
        self._read()
        self._tell()

    def _tell(self) -> None:
        self.given.emit(self.given_path)

    def _read(self) -> None:
        self.stop()
        path = self.path
        self._show(None)
        if path is None:
            self.gives.setChecked(False)
            return
        self._reading = handle = self._context.jobs.start(ReferenceJob(path), "io")
        handle.is_told_elsewhere = True
        handle.succeeded.connect(partial(self._on_read, handle))
        handle.failed.connect(partial(self._on_failed, handle))

    def _on_read(self, handle: JobHandle, pixels: Array) -> None:
        if handle is self._reading:
            self._show(pixels)

    def _on_failed(self, handle: JobHandle, error: Exception) -> None:
        if handle is not self._reading:
            return
        said = f"{error.what}. {error.why}" if isinstance(error, UserError) else str(error)
        self.said.setText(said)
        self.said.setVisible(True)
        self.gives.setChecked(False)
        self._tell()

    def _show(self, pixels: Array | None) -> None:
        self.said.setVisible(False)
        self.picture.setVisible(pixels is not None)
        self.gives.setVisible(pixels is not None)
        self.file.target.setFixedHeight(DROP_HEIGHT if pixels is None else NAME_HEIGHT)
        if pixels is not None:
            self.file.thumbnail = None
            self.picture.show_pixels(pixels)


def _clip(share: float) -> float:
    return min(max(share, 0.0), 1.0)
