"""The validation pictures, worst first; the marked one is shown larger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Final

from PySide6.QtCore import QRect, QSignalBlocker, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import (
    QHeaderView,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.forms.thumbnail import file_thumbnail
from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.curves import number_text
from imgstudio.app.theme import current_tokens

EDGE: Final = 12
LARGEST: Final = 768
"""Pixels that are decoded."""
PICTURE_HEIGHT: Final = 160
PATH_ROLE: Final = Qt.ItemDataRole.UserRole
MOST: Final = 200
"""Pictures that are listed."""


class WorstPictures(QWidget):
    """Guards: the marked picture stays marked while scores change."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.worst")
        self.list = QTreeWidget()
        self.list.setObjectName("train.worst.list")
        self.list.setAccessibleName(tr("Worst pictures"))
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setStyleSheet("QTreeView::item { padding: 0 9px; }")
        font = self.list.font()
        font.setFeature(QFont.Tag("tnum"), 1)
        self.list.setFont(font)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.currentItemChanged.connect(self._show_picture)
        self.picture = _Picture()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.list, 1)
        column.addWidget(self.picture)

    def show_pictures(
        self, pictures: Sequence[tuple[str, float]], places: Mapping[str, Path], worst: str = ""
    ) -> None:
        """Names with scores, worst first; `places` finds the file of what is only a name."""
        item = self.list.currentItem()
        marked = worst or ("" if item is None else item.text(0))
        with QSignalBlocker(self.list):
            self.list.clear()
            for name, score in pictures[:MOST]:
                item = QTreeWidgetItem([PurePath(name).name, number_text(score)])
                item.setToolTip(0, name)
                item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setData(0, PATH_ROLE, str(places.get(PurePath(name).name, name)))
                self.list.addTopLevelItem(item)
                if item.text(0) == marked:
                    self.list.setCurrentItem(item)
        self._show_picture()

    def _show_picture(self, *_: object) -> None:
        item = self.list.currentItem()
        self.picture.show_file(None if item is None else Path(item.data(0, PATH_ROLE)))


class _Picture(QWidget):
    """One file, as large as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("train.worst.picture")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(PICTURE_HEIGHT)
        self._path: Path | None = None
        self._pixels: QPixmap | None = None
        self.hide()

    def show_file(self, path: Path | None) -> None:
        """Show another file; nothing where there is none or it cannot be read."""
        if path != self._path:
            self._path = path
            self._pixels = None if path is None else file_thumbnail(path, LARGEST)
        self.setVisible(path is not None)
        self.setToolTip("" if path is None else str(path))
        self.update()

    @property
    def has_picture(self) -> bool:
        return self._pixels is not None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        look, room = current_tokens(), self.rect().adjusted(EDGE, 8, -EDGE, -EDGE)
        if self._pixels is None:
            painter.setPen(QColor(look.dim))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, tr("The file is not there any more"))
            return
        size = self._pixels.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(0, 0, size.width(), size.height())
        place.moveCenter(room.center())
        painter.drawPixmap(place, self._pixels)
