"""Undo and redo, bounded by memory rather than by count."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol

from psygnal import Signal

FEWEST_STEPS: Final = 50
"""Steps kept whatever they cost, so that strokes can always be taken back."""
HARD_FACTOR: Final = 4
"""Even the fewest steps are dropped beyond this many budgets."""


class Command(Protocol):
    """A reversible change, complete when it is made: redo() and undo() only apply it."""

    @property
    def label(self) -> str: ...

    @property
    def cost(self) -> int:
        """Bytes kept alive only for this command."""
        ...

    def redo(self) -> None: ...

    def undo(self) -> None: ...

    def merged(self, newer: Command) -> Command | None:
        """Return one command standing for both, or None to keep them apart."""
        ...


@dataclass(frozen=True, slots=True)
class _Step:
    command: Command
    state: int
    """Identifies the document as it is after this step."""
    cost: int
    """What the command held when it was made: asked later it may have grown, and the sum would drift."""


class History:
    """What was done, what was undone, and whether the saved state is current."""

    changed = Signal()

    def __init__(self, budget: int = 1 << 30) -> None:
        self._budget = budget
        self._done: deque[_Step] = deque()
        self._undone: list[_Step] = []
        self._cost = 0
        self._next = 1
        self._base = 0
        self._saved: int | None = 0

    @property
    def budget(self) -> int:
        """Bytes that past steps may hold."""
        return self._budget

    @budget.setter
    def budget(self, budget: int) -> None:
        self._budget = budget
        self._trim()

    def push(self, command: Command, *, merge: bool = False) -> None:
        """Carry out `command` and remember it; `merge` lets it join the step before (slider drags)."""
        command.redo()
        self._undone.clear()
        if merge and self._done and self._done[-1].state != self._saved:
            merged = self._done[-1].command.merged(command)
            if merged is not None:
                self._cost -= self._done.pop().cost
                command = merged
        step = _Step(command, self._next, command.cost)
        self._done.append(step)
        self._next += 1
        self._cost += step.cost
        self._trim()
        self.changed.emit()

    def undo(self) -> None:
        if not self._done:
            return
        step = self._done.pop()
        step.command.undo()
        self._undone.append(step)
        self._cost -= step.cost
        self.changed.emit()

    def redo(self) -> None:
        if not self._undone:
            return
        step = self._undone.pop()
        step.command.redo()
        self._done.append(step)
        self._cost += step.cost
        self.changed.emit()

    def go_to(self, position: int) -> None:
        """Undo or redo until `position` steps are done (0 = as opened)."""
        while len(self._done) > max(0, position):
            self.undo()
        while len(self._done) < position and self._undone:
            self.redo()

    @property
    def labels(self) -> list[str]:
        """Labels of all steps, oldest first, undone ones at the end."""
        return [s.command.label for s in self._done] + [s.command.label for s in reversed(self._undone)]

    @property
    def position(self) -> int:
        """How many of `labels` are done."""
        return len(self._done)

    @property
    def cost(self) -> int:
        """Bytes that the done steps hold."""
        return self._cost

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    @property
    def undo_label(self) -> str:
        return self._done[-1].command.label if self._done else ""

    @property
    def redo_label(self) -> str:
        return self._undone[-1].command.label if self._undone else ""

    @property
    def state(self) -> int:
        """Number that names the present state; equal numbers, equal document."""
        return self._done[-1].state if self._done else self._base

    @property
    def is_clean(self) -> bool:
        return self.state == self._saved

    def mark_clean(self, state: int | None = None) -> None:
        """Remember `state` (default: the present one) as what the file holds."""
        self._saved = self.state if state is None else state
        self.changed.emit()

    def mark_dirty(self) -> None:
        """No state is saved, as after recovery."""
        self._saved = None
        self.changed.emit()

    def clear(self) -> None:
        """Forget every step; the present state stays what it is."""
        self._base = self.state
        self._done.clear()
        self._undone.clear()
        self._cost = 0
        self.changed.emit()

    def _trim(self) -> None:
        while len(self._done) > 1 and (
            (self._cost > self._budget and len(self._done) > FEWEST_STEPS)
            or self._cost > self._budget * HARD_FACTOR
        ):
            step = self._done.popleft()
            self._cost -= step.cost
            self._base = step.state
