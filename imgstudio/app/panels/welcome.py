"""What is seen while no picture is open: open one, try a sample, go on with a recent one."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QImage, QPixmap, QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.filejobs import SampleJob, SamplePreviewsJob, ThumbnailsJob
from imgstudio.app.i18n import tr
from imgstudio.app.panels.tile import Tile
from imgstudio.core.pixels import Array
from imgstudio.core.samples import SAMPLES, Sample

LARGE: Final = QSize(212, 176)
SMALL: Final = QSize(155, 136)
GAP: Final = 12
RECENT_COLUMNS: Final = 4
MOST_RECENT: Final = 8
THUMBNAIL: Final = 320


class WelcomePage(QScrollArea):
    """Large tiles to begin with, recent files below."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("welcome")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._context = context
        self._samples: dict[str, Tile] = {}
        self._recent: dict[Path, Tile] = {}
        self._thumbnails: dict[Path, QPixmap] = {}
        self._has_previews = self._is_new = False
        self._recent_title = _heading(tr("Recent pictures"))
        self._recent_grid = QGridLayout()
        self._recent_grid.setSpacing(GAP)
        self._recent_grid.setAlignment(Qt.AlignmentFlag.AlignLeft)
        inner = QWidget()
        column = QVBoxLayout()
        column.setSpacing(GAP)
        self._fill(column)
        outer = QHBoxLayout(inner)
        outer.setContentsMargins(24, 24, 24, 24)
        outer.addStretch(1)
        outer.addLayout(column)
        outer.addStretch(1)
        self.setWidget(inner)
        inner.installEventFilter(self)
        context.settings.changed.connect(self._on_setting)
        self._show_recent()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._is_new = True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Paint and self._is_new:
            # Pictures come after the first frame, so that the window is there sooner.
            self._is_new = False
            QTimer.singleShot(0, self, self._fill_tiles)
        return super().eventFilter(watched, event)

    def _fill_tiles(self) -> None:
        self._draw_previews()
        self._read_thumbnails()

    def _fill(self, column: QVBoxLayout) -> None:
        title, line = QLabel("imgstudio"), QLabel(tr("Open a picture, or drop one anywhere in this window."))
        title.setProperty("role", "hero")
        line.setProperty("role", "dim")
        first = QHBoxLayout()
        first.setSpacing(GAP)
        open_tile = Tile(tr("Fix a photo"), tr("Open a picture from your disk"), "folder-open-outline", LARGE)
        open_tile.setObjectName("welcome.open")
        open_tile.clicked.connect(lambda: self._context.actions.run("file.open"))
        first.addWidget(open_tile)
        train_tile = Tile(tr("Train a model"), tr("Teach it with a folder of yours"), "school-outline", LARGE)
        train_tile.setObjectName("welcome.train")
        train_tile.clicked.connect(lambda: self._context.actions.run("workspace.train"))
        first.addWidget(train_tile)
        for sample in SAMPLES:
            tile = Tile(tr(sample.title), tr(sample.trouble), "image-outline", LARGE)
            tile.setObjectName(f"welcome.sample.{sample.id}")
            tile.clicked.connect(partial(self._open_sample, sample))
            first.addWidget(tile)
            self._samples[sample.id] = tile
        first.addStretch(1)
        column.addStretch(1)
        column.addWidget(title)
        column.addWidget(line)
        column.addSpacing(GAP)
        column.addLayout(first)
        column.addSpacing(GAP)
        column.addWidget(self._recent_title)
        column.addLayout(self._recent_grid)
        column.addStretch(2)

    def _open_sample(self, sample: Sample, *_: object) -> None:
        handle = self._context.jobs.start(SampleJob(sample), "io")
        handle.succeeded.connect(self._context.documents.add)
        handle.failed.connect(self._context.error)

    def _on_setting(self, name: str) -> None:
        if name == "recent_files":
            self._show_recent()
            if self.isVisible():
                self._read_thumbnails()

    def _show_recent(self) -> None:
        for tile in self._recent.values():
            self._recent_grid.removeWidget(tile)
            tile.deleteLater()
        self._recent = {}
        # Whether a file is still there is found out when its thumbnail is read, not on this thread.
        for index, text in enumerate(self._context.settings.recent_files[:MOST_RECENT]):
            path = Path(text)
            tile = Tile(path.name, str(path.parent), "image-outline", SMALL)
            tile.setObjectName(f"welcome.recent.{index}")
            tile.clicked.connect(lambda _=False, path=path: self._context.documents.open_paths([path]))
            tile.set_picture(self._thumbnails.get(path, QPixmap()))
            self._recent[path] = tile
            columns = self._columns()
            self._recent_grid.addWidget(tile, index // columns, index % columns)
        self._recent_title.setVisible(bool(self._recent))

    def _columns(self) -> int:
        return (4 * LARGE.width() + 3 * GAP + GAP) // (SMALL.width() + GAP)

    def _read_thumbnails(self) -> None:
        missing = tuple(path for path in self._recent if path not in self._thumbnails)
        if missing:
            handle = self._context.jobs.start(ThumbnailsJob(missing, THUMBNAIL), "io")
            handle.succeeded.connect(self._on_thumbnails)

    def _on_thumbnails(self, found: dict[Path, Array]) -> None:
        for path, picture in found.items():
            self._thumbnails[path] = pixmap_of(picture)
            if path in self._recent:
                self._recent[path].set_picture(self._thumbnails[path])

    def _draw_previews(self) -> None:
        if not self._has_previews:
            self._has_previews = True
            handle = self._context.jobs.start(SamplePreviewsJob(2 * LARGE.width()), "io")
            handle.succeeded.connect(self._on_previews)

    def _on_previews(self, found: dict[str, Array]) -> None:
        for name, picture in found.items():
            self._samples[name].set_picture(pixmap_of(picture))


def pixmap_of(picture: Array) -> QPixmap:
    """(height, width, 3 or 4) uint8 RGB or straight RGBA as Qt shows it."""
    pixels = np.ascontiguousarray(picture)
    height, width, channels = pixels.shape
    kind = QImage.Format.Format_RGBA8888 if channels == 4 else QImage.Format.Format_RGB888
    return QPixmap.fromImage(QImage(pixels.data, width, height, pixels.strides[0], kind))


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "title")
    return label
