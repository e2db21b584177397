"""Remembers the best score and how long nothing has improved; no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from imgstudio.learn.plan import EarlyStop
from imgstudio.learn.reports import Goal, Validation


@dataclass(slots=True)
class Patience:
    """Guards that `best` is the best of all scores heard, and `stale` counts those since one improved."""

    goal: Goal
    rule: EarlyStop | None = None
    best: tuple[float, int] | None = None
    """Score and the step that had it."""
    stale: int = 0

    def hear(self, validation: Validation, step: int) -> bool:
        """Take note of a validation; True when it is the best so far."""
        score = validation.scores.get(self.goal.name, math.nan)
        old = None if self.best is None else self.best[0]
        margin = self.rule.margin if self.rule is not None else 0.0
        is_finite = math.isfinite(score)
        self.stale = 0 if is_finite and self.goal.is_better(score, old, margin) else self.stale + 1
        if not is_finite or not self.goal.is_better(score, old):
            return False
        self.best = (score, step)
        return True

    def start_again(self) -> None:
        """A new phase is a new chance."""
        self.stale = 0

    @property
    def is_out(self) -> bool:
        return self.rule is not None and self.stale >= self.rule.patience

    def sentence(self) -> str:
        """Why the run ends, for the user."""
        found = f" since step {self.best[1]} ({self.goal.name} {self.best[0]:.4g})" if self.best else ""
        return f"No improvement{found} in {self.stale} validations: landing."
