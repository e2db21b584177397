"""One tab for every open document."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QTabBar, QToolButton, QWidget

from imgstudio.app.context import AppContext
from imgstudio.app.i18n import tr
from imgstudio.app.icons import icon
from imgstudio.core.document import Document

LONGEST: Final = 220
UNSAVED: Final = "●"


class DocumentTabs(QTabBar):
    """Follows the open documents; a dot marks unsaved ones, long names are elided in the middle."""

    close_wanted = Signal(object)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("document_tabs")
        self._context = context
        self._documents: list[Document] = []
        self.setExpanding(False)
        self.setMovable(True)
        self.setDrawBase(False)
        self.setUsesScrollButtons(True)
        self.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        documents = context.documents
        documents.opened.connect(self._on_opened)
        documents.closed.connect(self._on_closed)
        documents.changed.connect(self._on_changed)
        documents.current_changed.connect(self._on_current)
        self.currentChanged.connect(self._on_tab)
        self.tabMoved.connect(self._on_tab_moved)
        self.hide()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self.tabAt(event.position().toPoint())
        if event.button() is Qt.MouseButton.MiddleButton and index >= 0:
            self.close_wanted.emit(self._documents[index])
        else:
            super().mouseReleaseEvent(event)

    def _on_opened(self, document: Document) -> None:
        self._documents.append(document)
        with QSignalBlocker(self):
            index = self.addTab("")
        button = QToolButton()
        button.setIcon(icon("close", "dim"))
        button.setFixedSize(18, 18)
        button.setToolTip(tr("Close"))
        button.clicked.connect(lambda: self.close_wanted.emit(document))
        self.setTabButton(index, QTabBar.ButtonPosition.RightSide, button)
        self._on_changed(document)
        self.show()

    def _on_closed(self, document: Document) -> None:
        if document not in self._documents:
            return
        index = self._documents.index(document)
        del self._documents[index]
        with QSignalBlocker(self):
            self.removeTab(index)
        self.setVisible(bool(self._documents))

    def _on_changed(self, document: Document) -> None:
        if document not in self._documents:
            return
        index = self._documents.index(document)
        metrics = self.fontMetrics()
        name = metrics.elidedText(document.name, Qt.TextElideMode.ElideMiddle, LONGEST)
        name = name.replace("&", "&&")  # else it would mark a key
        self.setTabText(index, name if document.history.is_clean else f"{name}  {UNSAVED}")
        where = str(document.path) if document.path is not None else tr("Not saved yet")
        self.setTabToolTip(index, f"<b>{document.name}</b><br>{where}")

    def _on_current(self, document: Document | None) -> None:
        if document in self._documents:
            self.setCurrentIndex(self._documents.index(document))

    def _on_tab(self, index: int) -> None:
        if 0 <= index < len(self._documents):
            self._context.documents.show(self._documents[index])

    def _on_tab_moved(self, start: int, end: int) -> None:
        self._documents.insert(end, self._documents.pop(start))
