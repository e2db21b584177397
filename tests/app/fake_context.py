"""A context for panel tests: real documents and filters, nothing else of the window."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from imgstudio.app.canvas.tools.base import ToolState
from imgstudio.core.document import Document
from imgstudio.core.settings import Settings
from imgstudio.filters.base import FilterRegistry


class FakeDocuments(QObject):
    opened = Signal(object)
    closed = Signal(object)
    current_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Document] = []
        self.guests: list[Document] = []
        self.current: Document | None = None

    def show(self, document: Document | None) -> None:
        if document is not None and document not in self.all:
            self.all.append(document)
        self.current = document
        self.current_changed.emit(document)

    def close(self, document: Document) -> None:
        self.all.remove(document)
        self.closed.emit(document)
        self.show(self.all[-1] if self.all else None)


class FakeContext(QObject):
    message = Signal(str)
    done = Signal(str)
    error = Signal(object)
    filters_changed = Signal()

    def __init__(self, jobs: Any = None) -> None:
        super().__init__()
        self.settings = Settings(None)
        self.documents = FakeDocuments()
        self.tool_state = ToolState()
        self.filters = FilterRegistry()
        self.jobs = jobs
        self.filter_panel: Any = None
        self.canvas: Any = None
        self.actions: Any = None
        self.tools: Any = None
        self.said: list[str] = []
        self.failed: list[Any] = []
        self.message.connect(self.said.append)
        self.done.connect(self.said.append)
        self.error.connect(self.failed.append)
