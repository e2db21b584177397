"""Whose prediction is shown on the picture in hand: the live guess, what a trained model says, or none."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Signal

from imgstudio.app.controllers.labelling.live_sight import Answer, Said
from imgstudio.core.document import Document
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.labelled import Labelling
from imgstudio.core.tiles import TileStore


class ShownGuess(QObject):
    """Guards: what a trained model says of a picture is there again when the live guess is sent away."""

    changed = Signal()
    """Something else is shown."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._labels: Labelling | None = None
        self._said: WeakKeyDictionary[Labelling, Said] = WeakKeyDictionary()
        self._mine: WeakKeyDictionary[Labelling, TileStore] = WeakKeyDictionary()

    def follow(self, document: Document | None) -> None:
        """Another picture is in hand."""
        if self._labels is not None:
            self._labels.prediction_changed.disconnect(self._on_prediction)
        self._labels = None if document is None else document.labels
        if self._labels is not None:
            self._labels.prediction_changed.connect(self._on_prediction)
            self._on_prediction(EMPTY)

    @property
    def is_mine(self) -> bool:
        """Whether what is shown is the live guess."""
        labels = self._labels
        return labels is not None and labels in self._mine and labels.prediction is self._mine[labels]

    @property
    def said(self) -> Said | None:
        """What a trained model says of the picture."""
        return None if self._labels is None else self._said.get(self._labels)

    def copies(self) -> tuple[TileStore | None, TileStore | None]:
        """Prediction and uncertainty as they are shown, for another guess to be laid into."""
        labels = self._labels
        if labels is None or labels.prediction is None:
            return None, None
        return labels.prediction.copy(), None if labels.unsure is None else labels.unsure.copy()

    def put(self, document: Document, answer: Answer) -> None:
        """Show a guess."""
        if document.labels is not None and answer.prediction is not None:
            self._mine[document.labels] = answer.prediction
            document.labels.predict(answer.prediction, answer.unsure, answer.part.box)

    def take_back(self) -> None:
        """Show what was there without the live guess."""
        labels, said = self._labels, self.said
        if labels is not None and self._mine.pop(labels, None) is not None:
            labels.predict(*((None, None) if said is None else said))

    def _on_prediction(self, rect: Rect) -> None:
        labels = self._labels
        if labels is None:
            return
        if not self.is_mine:
            if labels.prediction is None:
                self._said.pop(labels, None)
            else:
                self._said[labels] = Said(labels.prediction, labels.unsure)
        self.changed.emit()
