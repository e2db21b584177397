"""Names and values of the curves beside a plot; a click on a name shows or hides its curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent
from PySide6.QtWidgets import QHeaderView, QLabel, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from imgstudio.app.panels.train.colours import Ink, swatch
from imgstudio.app.theme import current_tokens

WIDTH: Final = 196
VALUE_WIDTH: Final = 60
KEY_ROLE: Final = Qt.ItemDataRole.UserRole
RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the legend."""

    key: str
    name: str
    ink: Ink
    is_on: bool = True


class _Rows(QTreeWidget):
    """Space and Return are clicks."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if item is not None and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return):
            self.itemClicked.emit(item, 0)
        else:
            super().keyPressEvent(event)


class Legend(QWidget):
    """Rows keep their places while values change."""

    toggled = Signal(str)
    """Key of the row that a person clicked."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(WIDTH)
        self.place = QLabel(self)
        self.place.setProperty("role", "small")
        self.place.setContentsMargins(6, 0, 0, 0)
        self.list = _Rows(self)
        self.list.setObjectName(name)
        self._set_up()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 8, 0)
        column.setSpacing(4)
        column.addWidget(self.place)
        column.addWidget(self.list, 1)
        self._entries: Sequence[Entry] = ()

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Show these rows, in this order."""
        self._entries = entries
        while self.list.topLevelItemCount() > len(entries):
            self.list.takeTopLevelItem(self.list.topLevelItemCount() - 1)
        while self.list.topLevelItemCount() < len(entries):
            self.list.addTopLevelItem(QTreeWidgetItem())
        look = current_tokens()
        for index, entry in enumerate(entries):
            item = self._item(index)
            item.setIcon(0, swatch(entry.ink, is_on=entry.is_on))
            item.setText(0, entry.name)
            item.setToolTip(0, entry.name)
            item.setData(0, KEY_ROLE, entry.key)
            item.setForeground(0, QColor(look.text if entry.is_on else look.dim))

    def show_values(self, place: str, values: Mapping[str, str]) -> None:
        """What the curves say at a place, which has a name of its own."""
        self.place.setText(place)
        for index, entry in enumerate(self._entries):
            self._item(index).setText(1, values.get(entry.key, ""))

    def value(self, key: str) -> str:
        """The text beside a name."""
        keys = [entry.key for entry in self._entries]
        return self._item(keys.index(key)).text(1)

    def _item(self, index: int) -> QTreeWidgetItem:
        item = self.list.topLevelItem(index)
        assert item is not None
        item.setTextAlignment(1, RIGHT)
        return item

    def _set_up(self) -> None:
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setIconSize(QSize(16, 16))
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(VALUE_WIDTH)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(1, VALUE_WIDTH)
        font = self.list.font()
        font.setFeature(QFont.Tag("tnum"), 1)
        self.list.setFont(font)
        self.list.itemClicked.connect(self._on_clicked)

    def _on_clicked(self, item: QTreeWidgetItem) -> None:
        self.toggled.emit(item.data(0, KEY_ROLE))
