"""Undo and redo of the strokes on the Colorize page, in one line with the steps of the document."""

from __future__ import annotations

from dataclasses import dataclass

from imgstudio.core.hint_strokes import Strokes


@dataclass(frozen=True, slots=True)
class _Step:
    label: str
    before: Strokes
    after: Strokes
    at: int
    """How many steps of the document were done by then."""


class StrokeSteps:
    """Guards: what was done last is undone first, whether it was a stroke or a step of the document."""

    def __init__(self, strokes: Strokes = ()) -> None:
        self.first = self.strokes = strokes
        """As they were at the beginning, and as they are now."""
        self._done: list[_Step] = []
        self._undone: list[_Step] = []

    @property
    def is_changed(self) -> bool:
        """Whether anything would be lost without them."""
        return self.strokes != self.first

    def push(self, strokes: Strokes, label: str, at: int) -> None:
        """Strokes became others, with `at` steps of the document done."""
        self._done.append(_Step(label, self.strokes, strokes, at))
        self._undone.clear()
        self.strokes = strokes

    def undo_label(self, at: int) -> str:
        """What an undo takes back; "" where the document's last step is the newer one, or nothing is left."""
        return self._done[-1].label if self._done and at <= self._done[-1].at else ""

    def redo_label(self, at: int, *, others: bool) -> str:
        """What a redo brings back; "" where one of the document's steps (`others`: has it any?) comes before."""
        if not self._undone or (others and at < self._undone[-1].at):
            return ""
        return self._undone[-1].label

    def undo(self) -> None:
        """Take the last change back."""
        step = self._done.pop()
        self._undone.append(step)
        self.strokes = step.before

    def redo(self) -> None:
        step = self._undone.pop()
        self._done.append(step)
        self.strokes = step.after
