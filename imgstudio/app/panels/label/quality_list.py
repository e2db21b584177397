"""A short list of places or pictures; a click goes there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from imgstudio.app.i18n import tr
from imgstudio.app.panels.label.class_chip import paint_swatch

ROW: Final = 24
MOST_ROWS: Final = 6
"""That are seen without scrolling."""
MOST: Final = 500
"""That are listed."""
_TARGET: Final = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it says, a number, and where a click goes."""

    text: str
    number: str
    target: Any = None
    colour: tuple[int, int, int] | None = None
    tip: str = ""


class QualityList(QTreeWidget):
    """As high as its rows, up to a few. Keys go through it too."""

    chosen = Signal(object)
    """The target of the row that a person went to."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setIconSize(QSize(12, 12))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        font = self.font()
        font.setFeature(QFont.Tag("tnum"), 1)
        self.setFont(font)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.rows: tuple[Row, ...] = ()
        self.itemClicked.connect(self._go)
        self.itemActivated.connect(self._go)
        self.show_rows(())

    def show_rows(self, rows: Sequence[Row]) -> None:
        if tuple(rows) == self.rows and self.topLevelItemCount():
            return
        self.rows = tuple(rows)
        self.clear()
        for row in self.rows[:MOST]:
            item = QTreeWidgetItem([row.text, row.number])
            item.setData(0, _TARGET, row.target)
            item.setToolTip(0, row.tip or row.text)
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setSizeHint(0, QSize(0, ROW))
            if row.colour is not None:
                item.setIcon(0, _swatch(row.colour))
            self.addTopLevelItem(item)
        if len(rows) > MOST:
            more = QTreeWidgetItem([tr("… and {count} more").format(count=len(rows) - MOST), ""])
            more.setFlags(Qt.ItemFlag.NoItemFlags)
            self.addTopLevelItem(more)
        self.setFixedHeight(ROW * min(MOST_ROWS, self.topLevelItemCount()) + 2)
        self.setVisible(bool(rows))

    def _go(self, item: QTreeWidgetItem) -> None:
        target = item.data(0, _TARGET)
        if target is not None:
            self.chosen.emit(target)


def _swatch(colour: tuple[int, int, int]) -> QIcon:
    picture = QPixmap(24, 24)
    picture.setDevicePixelRatio(2.0)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_swatch(painter, QRect(0, 0, 12, 12), QColor(*colour))
    painter.end()
    return QIcon(picture)
