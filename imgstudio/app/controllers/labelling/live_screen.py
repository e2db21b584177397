"""Which part of the picture in hand is on the screen, and when that has become another one."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, QTimer, Signal

from imgstudio.app.canvas.canvas import Canvas
from imgstudio.app.controllers.labelling.live_parts import Part, PartsInSight, part_of
from imgstudio.core.document import Document
from imgstudio.core.geometry import EMPTY, Rect

WATCH_MS: Final = 400
"""Between two looks at where the view is."""


class PartOnScreen(QObject):
    """Guards: a part that was seen is used again while it shows what is on the screen and its pixels are the same."""

    moved = Signal()
    """The view is still, and shows what the last answer does not."""

    def __init__(self, canvas: Canvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._document: Document | None = None
        self._name = ""
        self._versions: WeakKeyDictionary[Document, int] = WeakKeyDictionary()
        self.seen = PartsInSight()
        self.answered: Part | None = None
        """The part of the last answer for the picture in hand."""
        self._visible = EMPTY
        self._watch = QTimer(self, interval=WATCH_MS)
        self._watch.timeout.connect(self._look)

    def follow(self, name: str, document: Document | None) -> None:
        """Another picture is in hand."""
        if self._document is not None:
            self._document.damaged.disconnect(self._on_damaged)
        self._name, self._document, self.answered = name, document, None
        if document is not None:
            document.damaged.connect(self._on_damaged)

    def set_watching(self, watching: bool) -> None:
        """Tell of moves, or do not."""
        if watching != self._watch.isActive():
            self._watch.start() if watching else self._watch.stop()

    def version(self, document: Document) -> int:
        """How often its pixels changed while it was in hand."""
        return self._versions.get(document, 0)

    def whole(self, name: str, document: Document) -> Part:
        """All of any picture."""
        return part_of(name, self.version(document), document.bounds, EMPTY)

    def part(self, document: Document) -> Part:
        """What is on the screen of the document in hand: the newest part that shows it, else another one."""
        visible, version = self._visible_of(document), self.version(document)
        return self.seen.serving(self._name, version, visible) or part_of(
            self._name, version, document.bounds, visible
        )

    def is_shown_by(self, part: Part | None) -> bool:
        """Whether a part shows well enough what is on the screen."""
        document = self._document
        if part is None or document is None:
            return False
        return part.serves(self._name, self.version(document), self._visible_of(document))

    def _visible_of(self, document: Document) -> Rect:
        return self._canvas.visible_rect().intersect(document.bounds)

    def _look(self) -> None:
        if self._document is None or self.answered is None:
            return
        visible = self._visible_of(self._document)
        if visible == self._visible and not self.is_shown_by(self.answered):
            self.moved.emit()
        self._visible = visible

    def _on_damaged(self, rect: Rect) -> None:
        if self._document is not None:
            self._versions[self._document] = self.version(self._document) + 1
