"""Tells when a document has become another: its pixels, its layers, what is selected; once for many changes."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from imgstudio.core.document import Document

REST_MS: Final = 60
"""How long a document must be left alone before it is told."""


class DocumentWatch(QObject):
    """Guards: one document at most is listened to."""

    changed = Signal()
    """Its picture, its selection or its active layer, after a rest."""
    resized = Signal()
    """It has another size; told at once."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document: Document | None = None
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self.changed)

    def follow(self, document: Document | None) -> None:
        """Listen to a document, and no more to the one before."""
        before, self.document = self.document, document
        self._rest.stop()
        if before is not None:
            for signal in _signals_of(before):
                signal.disconnect(self._on_changed)
            before.resized.disconnect(self._on_resized)
        if document is not None:
            for signal in _signals_of(document):
                signal.connect(self._on_changed)
            document.resized.connect(self._on_resized)

    def _on_changed(self, *_: object) -> None:
        self._rest.start()

    def _on_resized(self) -> None:
        self.resized.emit()


def _signals_of(document: Document) -> tuple[Any, ...]:
    return (document.damaged, document.selection_changed, document.active_changed, document.layers_changed)
