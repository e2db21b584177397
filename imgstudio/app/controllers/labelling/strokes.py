"""Tells when a stroke on labels has ended, also one that is undone or redone, and when other rules are painted by."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from imgstudio.core.document import Document
from imgstudio.core.geometry import EMPTY, Rect


class StrokeWatch(QObject):
    """Guards: one document at most is listened to; one step is told once, when the hands that made it are free."""

    ended = Signal(object, bool)
    """Rect that changed, and whether it is a new step (else it was undone or redone)."""
    proposed = Signal()
    """What a model says came, changed or went."""
    ruled = Signal(object)
    """The PaintRules that a tool has set."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document: Document | None = None
        self._edited, self._newest = EMPTY, 0
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._tell)

    @property
    def is_pending(self) -> bool:
        """Whether a step is not told yet."""
        return self._later.isActive()

    def follow(self, document: Document | None) -> None:
        """Listen to a document with labels, and no more to the one before."""
        before, self._document = self._document, document
        self._later.stop()
        self._edited = EMPTY
        if before is not None and before.labels is not None:
            before.labels_changed.disconnect(self._on_labels)
            before.labels.changed.disconnect(self._on_rules)
            before.labels.prediction_changed.disconnect(self._on_prediction)
            before.history.changed.disconnect(self._on_history)
        if document is not None and document.labels is not None:
            self._newest = document.history.state
            document.labels_changed.connect(self._on_labels)
            document.labels.changed.connect(self._on_rules)
            document.labels.prediction_changed.connect(self._on_prediction)
            document.history.changed.connect(self._on_history)

    def flush(self) -> None:
        """Tell at once what is not told yet."""
        if self.is_pending:
            self._later.stop()
            self._tell()

    def _on_labels(self, rect: Rect) -> None:
        self._edited = self._edited.united(rect)

    def _on_history(self) -> None:
        self._later.start()

    def _on_prediction(self, rect: Rect) -> None:
        self.proposed.emit()

    def _on_rules(self) -> None:
        if self._document is not None and self._document.labels is not None:
            self.ruled.emit(self._document.labels.rules)

    def _tell(self) -> None:
        edited, self._edited = self._edited, EMPTY
        if edited.is_empty or self._document is None:
            return
        state = self._document.history.state
        is_new, self._newest = state > self._newest, max(self._newest, state)
        self.ended.emit(edited.intersect(self._document.bounds), is_new)
