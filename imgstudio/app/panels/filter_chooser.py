"""The list of filters by category, with a search; what the filter panel shows first."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from imgstudio.app import icons
from imgstudio.filters.base import AnyFilter, FilterRegistry

ORDER: Final = ("Repair", "Adjust", "Colour", "Sharpen and blur", "Style", "Cut out", "Size", "Other")
ID: Final = Qt.ItemDataRole.UserRole
TEACH: Final = "Choose a filter. Its result becomes a layer of its own, which you can fade, mask or delete."


class FilterChooser(QWidget):
    """Emits the id of the filter that a person chose."""

    chosen = Signal(str)

    def __init__(self, filters: FilterRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filters = filters
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 0)
        column.setSpacing(8)
        self.search = QLineEdit(self)
        self.search.setObjectName("filter.search")
        self.search.setPlaceholderText("Search filters")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icons.icon("magnify", "dim"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self.show_matches)
        self.search.installEventFilter(self)
        self.tree = self._make_tree()
        self.nothing = QLabel(self)
        self.nothing.setProperty("role", "dim")
        self.nothing.setWordWrap(True)
        teach = QLabel(TEACH, self)
        teach.setObjectName("filter.teach")
        teach.setProperty("role", "dim")
        teach.setWordWrap(True)
        for widget in (teach, self.search, self.nothing):
            column.addWidget(widget)
        column.addWidget(self.tree, 1)
        self.show_matches("")

    def refresh(self) -> None:
        """Filters came or went."""
        self.show_matches(self.search.text())

    def show_matches(self, text: str) -> None:
        """Show the filters whose name, category or help holds all words of `text`."""
        words = text.casefold().split()
        self.tree.clear()
        for category in ORDER:
            matching = [f for f in self._filters if f.category == category and _matches(f, words)]
            if matching:
                self._add(category, sorted(matching, key=lambda f: f.name.casefold()))
        is_empty = self.tree.topLevelItemCount() == 0
        self.nothing.setText(f"No filter matches “{text}”" if words else "No filters are installed")
        self.nothing.setVisible(is_empty)
        self.tree.setVisible(not is_empty)
        heading = self.tree.topLevelItem(0)
        first = None if heading is None else heading.child(0)
        if words and first is not None:
            self.tree.setCurrentItem(first)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt names it
        """Up, down and Return in the search field act on the list."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self.tree.setFocus()
                return self.tree.event(event)
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._on_item(self.tree.currentItem())
                return True
        return False

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget(self)
        tree.setObjectName("filter.list")
        tree.setAccessibleName("Filters")
        tree.setHeaderHidden(True)
        tree.setRootIsDecorated(False)
        tree.setIndentation(0)
        tree.setIconSize(QSize(16, 16))
        tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        tree.itemActivated.connect(self._on_item)
        tree.itemClicked.connect(self._on_item)
        return tree

    def _add(self, category: str, filters: list[AnyFilter]) -> None:
        heading = QTreeWidgetItem(self.tree, [category])
        heading.setFlags(Qt.ItemFlag.ItemIsEnabled)
        heading.setForeground(0, self.palette().placeholderText())
        heading.setSizeHint(0, QSize(0, 28))
        for item in filters:
            row = QTreeWidgetItem(heading, [item.name])
            row.setData(0, ID, item.id)
            row.setToolTip(0, f"<b>{item.name}</b><br>{item.help}")
            row.setSizeHint(0, QSize(0, 24))
        heading.setExpanded(True)

    def _on_item(self, item: QTreeWidgetItem | None) -> None:
        filter_id = None if item is None else item.data(0, ID)
        if filter_id:
            self.chosen.emit(filter_id)


def _matches(item: AnyFilter, words: list[str]) -> bool:
    where = f"{item.name} {item.category} {item.help} {item.id}".casefold()
    return all(word in where for word in words)
