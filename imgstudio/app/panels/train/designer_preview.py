"""What a mix of damage does to the user's own pictures: each clean above, spoiled below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from imgstudio.app.i18n import tr
from imgstudio.app.jobs import JobHandle, JobService
from imgstudio.app.theme import SMALL_POINTS, current_tokens, interface_font
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array
from imgstudio.learn.degrade.stack import Degradation, preview

COLUMNS: Final = 3
SIDE: Final = 256
"""Pixels of the squares that are spoiled: about what the network sees at once."""
LARGEST: Final = 1024
"""Photos are reduced to this longer side first, as for the training."""
GAP: Final = 8
TITLE: Final = 20
NAME: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class Cutting:
    """Loads some pictures and cuts a square out of each; what cannot be read is left out."""

    paths: tuple[Path, ...]
    title: str = "Loading pictures"
    quiet: bool = True

    def run(self, progress: Progress) -> list[tuple[str, Array]]:
        made = []
        for number, path in enumerate(self.paths):
            progress.update(number / len(self.paths))
            square = square_of(path)
            if square is not None:
                made.append((path.name, square))
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Spoiling:
    """Applies a mix to some squares."""

    squares: tuple[Array, ...]
    mix: Degradation
    seed: int
    title: str = "Spoiling pictures"
    quiet: bool = True

    def run(self, progress: Progress) -> tuple[Array, ...]:
        progress.update(0.0)
        return preview(self.squares, self.mix, self.seed)


def square_of(path: Path) -> Array | None:
    """The middle of a picture, (side, side, 3) uint8; None for what cannot be read."""
    try:
        with Image.open(path) as opened:
            opened.draft("RGB", (LARGEST, LARGEST))
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError):
        return None
    picture.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    side = min(SIDE, *picture.size)
    left, top = ((length - side) // 2 for length in picture.size)
    return np.asarray(picture.crop((left, top, left + side, top + side)))


class DamagePreview(QWidget):
    """Guards: what is shown belongs to the newest mix and throw; older answers are dropped."""

    def __init__(self, jobs: JobService) -> None:
        super().__init__()
        self.setObjectName("train.designer.preview")
        self.setAccessibleName(tr("Before and after"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(COLUMNS * 128, 2 * 128 + TITLE * 2 + NAME)
        self.setToolTip(tr("Press on a spoiled picture to see the clean one in its place"))
        self._jobs = jobs
        self._loading: JobHandle | None = None
        self._spoiling: JobHandle | None = None
        self._mix, self._seed = Degradation(), 0
        self.names: list[str] = []
        self.before: list[Array] = []
        self.after: list[Array] = []
        self._clean: list[QPixmap] = []
        self._spoiled: list[QPixmap] = []
        self._pressed: int | None = None
        self._is_read = False

    def show_pictures(self, paths: Sequence[Path]) -> None:
        """Cut squares out of other pictures."""
        self._is_read = False
        self._loading = handle = self._jobs.start(Cutting(tuple(paths)), "io", replaces=self._loading)
        handle.is_told_elsewhere = True
        handle.succeeded.connect(self._on_loaded)

    def show_mix(self, mix: Degradation, seed: int) -> None:
        """Spoil the same squares otherwise."""
        self._mix, self._seed = mix, seed
        self._spoil()

    def sizeHint(self) -> QSize:
        return QSize(COLUMNS * 232 + 2 * GAP, 2 * (232 + TITLE) + NAME)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for column in range(len(self.before)):
            if self._place(column, 1).contains(event.position().toPoint()):
                self._pressed = column
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), current_tokens()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(interface_font(SMALL_POINTS))
        painter.setPen(QColor(look.dim))
        if not self.before:
            text = tr("None of these pictures can be read") if self._is_read else tr("Loading pictures …")
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, text)
            return
        for row, title in enumerate((tr("Before"), tr("After"))):
            place = self._place(0, row)
            line = QRectF(place.left(), place.top() - TITLE, place.width(), TITLE - 4)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, title)
        for column, name in enumerate(self.names):
            self._paint_column(painter, column, name)

    def _paint_column(self, painter: QPainter, column: int, name: str) -> None:
        below = self._clean if column == self._pressed else self._spoiled
        for row, pictures in enumerate((self._clean, below)):
            place = self._place(column, row)
            if column < len(pictures):
                painter.drawPixmap(place, pictures[column])
            else:
                painter.fillRect(place, QColor(current_tokens().raised))
        place = self._place(column, 1)
        line = QRectF(place.left(), place.bottom() + 1, place.width(), NAME)
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, place.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, shown)

    def _place(self, column: int, row: int) -> QRect:
        """Of one picture, in widget pixels."""
        wide = (self.width() - (COLUMNS - 1) * GAP) // COLUMNS
        side = max(1, min(wide, (self.height() - 2 * TITLE - NAME) // 2))
        left = (self.width() - COLUMNS * side - (COLUMNS - 1) * GAP) // 2
        return QRect(left + column * (side + GAP), TITLE + row * (side + TITLE), side, side)

    def _on_loaded(self, made: list[tuple[str, Array]]) -> None:
        self._is_read = True
        self.names = [name for name, _ in made]
        self.before = [square for _, square in made]
        self._clean = [_pixmap(square) for square in self.before]
        self.after, self._spoiled = [], []
        self.update()
        self._spoil()

    def _spoil(self) -> None:
        if not self.before:
            return
        job = Spoiling(tuple(self.before), self._mix, self._seed)
        self._spoiling = handle = self._jobs.start(job, "edit", replaces=self._spoiling)
        handle.is_told_elsewhere = True
        handle.succeeded.connect(self._on_spoiled)

    def _on_spoiled(self, after: tuple[Array, ...]) -> None:
        self.after = list(after)
        self._spoiled = [_pixmap(picture) for picture in after]
        self.update()


def _pixmap(picture: Array) -> QPixmap:
    height, width = picture.shape[:2]
    data = np.ascontiguousarray(picture).tobytes()
    image = QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image.copy())
