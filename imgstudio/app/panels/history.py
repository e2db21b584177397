"""The history panel: every step, a click goes there; named snapshots to come back to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app import icons
from imgstudio.app.controllers.snapshots import SavedState, restore_state, save_state
from imgstudio.app.theme import current_tokens
from imgstudio.core.document import Document

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

ROW: Final = 24
MOST_SHOWN_SNAPSHOTS: Final = 4
OPENED: Final = "As opened"


class StepList(QListWidget):
    """Rows of a fixed height; Delete asks to remove the chosen one."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setUniformItemSizes(True)
        self.setIconSize(QSize(16, 16))
        self.setStyleSheet("QListView::item { padding-left: 8px; }")
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.delete_row: Callable[[int], None] = lambda row: None

    def add(self, text: str, icon: str = "") -> QListWidgetItem:
        item = QListWidgetItem(text, self)
        item.setSizeHint(QSize(0, ROW))
        item.setToolTip(text)
        if icon:
            item.setIcon(icons.icon(icon, "dim"))
        return item

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.currentRow() >= 0:
            self.delete_row(self.currentRow())
        else:
            super().keyPressEvent(event)


class HistoryPanel(QWidget):
    """Row 0 is the document as it was opened; the row of the present state is chosen."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("history")
        self._document: Document | None = None
        self._saved: WeakKeyDictionary[Document, list[SavedState]] = WeakKeyDictionary()
        self._build()
        context.documents.current_changed.connect(self.set_document)
        self.set_document(context.documents.current)

    def set_document(self, document: Document | None) -> None:
        if self._document is not None:
            self._document.history.changed.disconnect(self._show)
        self._document = document
        if document is not None:
            document.history.changed.connect(self._show)
        with QSignalBlocker(self.steps):  # rows that go would be taken for rows that a person chose
            self.steps.clear()
        self._show()
        self._show_snapshots()

    def save_snapshot(self) -> None:
        """Keep the present state under a name that can be edited."""
        if self._document is None:
            return
        kept = self._saved.setdefault(self._document, [])
        numbers = {state.name for state in kept}
        number = next(n for n in range(1, len(kept) + 2) if f"Snapshot {n}" not in numbers)
        kept.append(save_state(self._document, f"Snapshot {number}"))
        self._show_snapshots()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.snapshots = StepList("history.snapshots", self)
        self.snapshots.itemActivated.connect(self._on_snapshot)
        self.snapshots.itemClicked.connect(self._on_snapshot)
        self.snapshots.delete_row = self._delete_snapshot
        self.steps = StepList("history.steps", self)
        self.steps.currentRowChanged.connect(self._on_row)
        for widget in (self.snapshots, _line(self), self.steps, _line(self)):
            column.addWidget(widget, 1 if widget is self.steps else 0)
        column.addLayout(self._foot())

    def _foot(self) -> QHBoxLayout:
        self.summary = QLabel(self)
        self.summary.setObjectName("history.summary")
        self.summary.setProperty("role", "small")
        self.keep = QToolButton(self)
        self.keep.setObjectName("history.keep")
        self.keep.setIcon(icons.icon("camera-plus-outline"))
        self.keep.setIconSize(QSize(18, 18))
        self.keep.setFixedSize(28, 28)
        self.keep.setToolTip("Keep a snapshot of this state; Delete removes one")
        self.keep.clicked.connect(self.save_snapshot)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 4, 8, 4)
        foot.addWidget(self.summary, 1)
        foot.addWidget(self.keep)
        return foot

    def _show(self) -> None:
        document = self._document
        labels = [] if document is None else [OPENED, *document.history.labels]
        with QSignalBlocker(self.steps):
            while self.steps.count() > len(labels):
                self.steps.takeItem(self.steps.count() - 1)
            while self.steps.count() < len(labels):
                self.steps.add("")
            self._fill(labels, 0 if document is None else document.history.position)
        self.keep.setEnabled(document is not None)
        self.summary.setText("" if document is None else _summary(document))

    def _fill(self, labels: list[str], position: int) -> None:
        look = current_tokens()
        for row, label in enumerate(labels):
            item = self.steps.item(row)
            if item.text() != label:
                item.setText(label)
                item.setToolTip(label)
            item.setForeground(QColor(look.text if row <= position else look.off))
        if labels:
            self.steps.setCurrentRow(position)
            self.steps.scrollToItem(self.steps.item(position))

    def _show_snapshots(self) -> None:
        kept = self._saved.get(self._document, []) if self._document is not None else []
        self.snapshots.clear()
        for state in kept:
            self.snapshots.add(state.name, "camera-outline")
        self.snapshots.setFixedHeight(ROW * min(len(kept), MOST_SHOWN_SNAPSHOTS) + 2)
        self.snapshots.setVisible(bool(kept))

    def _on_row(self, row: int) -> None:
        if self._document is not None and row >= 0:
            self._document.history.go_to(row)

    def _on_snapshot(self, item: QListWidgetItem) -> None:
        if self._document is not None:
            restore_state(self._document, self._saved[self._document][self.snapshots.row(item)])

    def _delete_snapshot(self, row: int) -> None:
        if self._document is not None:
            del self._saved[self._document][row]
            self._show_snapshots()


def _line(parent: QWidget) -> QFrame:
    line = QFrame(parent)
    line.setProperty("role", "line")
    return line


def _summary(document: Document) -> str:
    steps = document.history.position
    return f"{steps} step{'' if steps == 1 else 's'} · {round(document.history.cost / 2**20)} MB"
