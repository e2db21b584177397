"""The command palette: type a few letters, find any action or filter, press Return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.i18n import tr
from imgstudio.app.panels.fuzzy import score
from imgstudio.app.theme import current_tokens

WIDTH: Final = 520
ROW: Final = 28
MOST_ROWS: Final = 12
MOST_FOUND: Final = 50
ENTRY_ROLE: Final = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be found."""

    id: str
    text: str
    where: str
    """Its menu, "Image > Rotate"."""
    keys: str
    enabled: bool


class Palette(QFrame):
    """A search field over a list; closes when it loses the focus."""

    chosen = Signal(str)
    """The id of an entry."""

    def __init__(self, entries: list[Entry], recent: list[str], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("palette")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "card")
        self._entries, self._recent = entries, recent
        self.search, self.list = QLineEdit(), QListWidget()
        self.search.setObjectName("palette.search")
        self.search.setPlaceholderText(tr("Find any action or filter"))
        self.search.setFixedHeight(32)
        self.list.setObjectName("palette.list")
        self.list.setItemDelegate(_EntryDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self.search)
        column.addWidget(self.list)
        self.setFixedWidth(WIDTH)
        self.search.installEventFilter(self)
        self.search.textChanged.connect(self._show)
        self.search.returnPressed.connect(self._accept)
        self.list.itemClicked.connect(self._accept)
        self._show("")
        self.search.setFocus()

    def open_over(self, window: QWidget) -> None:
        """Show it at the upper middle of the window."""
        corner = window.mapToGlobal(window.rect().topLeft())
        self.move(corner.x() + (window.width() - self.width()) // 2, corner.y() + 72)
        self.show()
        self.search.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {
                Qt.Key.Key_Down: 1,
                Qt.Key.Key_Up: -1,
                Qt.Key.Key_PageDown: MOST_ROWS,
                Qt.Key.Key_PageUp: -MOST_ROWS,
            }
            step = steps.get(Qt.Key(event.key()))
            if step is not None and self.list.count():
                row = max(0, min(self.list.count() - 1, self.list.currentRow() + step))
                self.list.setCurrentRow(row)
                return True
        return super().eventFilter(watched, event)

    def found(self, query: str) -> list[Entry]:
        """The entries that fit, best first; usable ones and recent ones before the others."""
        fits: list[tuple[float, Entry]] = []
        for entry in self._entries:
            by_name = score(query, entry.text)
            by_place = score(query, f"{entry.where} {entry.text}")
            best = max(
                (s for s in (by_name, None if by_place is None else by_place - 4) if s is not None),
                default=None,
            )
            if best is not None:
                fits.append((best + self._bonus(entry), entry))
        return [entry for _, entry in sorted(fits, key=lambda fit: -fit[0])][:MOST_FOUND]

    def _bonus(self, entry: Entry) -> float:
        recent = len(self._recent) - self._recent.index(entry.id) if entry.id in self._recent else 0
        return (0 if entry.enabled else -6) + min(recent, 5) * 0.5

    def _show(self, query: str) -> None:
        self.list.clear()
        for entry in self.found(query):
            item = QListWidgetItem(entry.text)
            item.setData(ENTRY_ROLE, entry)
            if not entry.enabled:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        rows = max(1, min(self.list.count(), MOST_ROWS))
        self.list.setFixedHeight(rows * ROW)
        self.adjustSize()

    def _accept(self, *_: object) -> None:
        item = self.list.currentItem()
        if self.list.count() and Qt.ItemFlag.ItemIsEnabled in item.flags():
            entry: Entry = item.data(ENTRY_ROLE)
            self.close()
            self.chosen.emit(entry.id)


class _EntryDelegate(QStyledItemDelegate):
    """Name, its menu in grey behind it, its key at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(WIDTH - 16, ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        entry: Entry = index.data(ENTRY_ROLE)
        look = current_tokens()
        painter.save()
        box = QRect(option.rect)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, QColor(look.chosen))
        box.adjust(8, 0, -8, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        metrics = painter.fontMetrics()
        painter.setPen(QColor(look.dim if entry.enabled else look.off))
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, entry.keys)
        box.setRight(box.right() - metrics.horizontalAdvance(entry.keys) - 16)
        name = metrics.elidedText(entry.text, Qt.TextElideMode.ElideRight, box.width())
        where = QRect(box)
        where.setLeft(box.left() + metrics.horizontalAdvance(name) + 12)
        if where.width() > 40:
            text = metrics.elidedText(entry.where, Qt.TextElideMode.ElideRight, where.width())
            painter.drawText(where, middle | Qt.AlignmentFlag.AlignLeft, text)
        painter.setPen(QColor(look.text if entry.enabled else look.off))
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignLeft, name)
        painter.restore()
