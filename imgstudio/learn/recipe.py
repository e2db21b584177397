"""What can be trained: a recipe makes a session, a session is a generator of steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from imgstudio.core.jobs import Progress
from imgstudio.engine.manifest import ModelManifest

D = TypeVar("D")
P = TypeVar("P")


class Diverged(Exception):
    """The loss is no longer a number."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """One optimisation step as seen from outside."""

    step: int
    """Counted from 1."""
    loss: float
    terms: dict[str, float] = field(default_factory=dict)
    """Parts of the loss and other figures worth drawing, by name."""
    done: float = 0.0
    """Share of the run that is over, 0..1."""


class TrainSession(Protocol):
    """A run in progress. Whoever drives it decides when to stop."""

    total_steps: int

    def steps(self) -> Iterator[StepReport]:
        """Do one optimisation step per item; stopping between items is always safe."""
        ...

    def scores(self) -> dict[str, float]:
        """How good the network is now, by name; larger is better."""
        ...

    def preview(self) -> npt.NDArray[np.uint8]:
        """(h, w, 3) picture of what the network does now."""
        ...

    def export(self, folder: Path) -> ModelManifest:
        """Write a model folder that the registry can load."""
        ...


@dataclass(frozen=True, slots=True)
class Recipe(Generic[D, P]):
    """A kind of training that is offered: what it is called, what it needs, how it starts."""

    id: str
    name: str
    params: type[P]
    problems: Callable[[D], list[str]]
    """Why training cannot start yet, in the user's words; empty when it can."""
    start: Callable[[D, P], TrainSession]


@dataclass(frozen=True, slots=True)
class TrainJob:
    """Drives a session as an ordinary job: progress, cancel, export at the end.

    Raises Diverged as soon as the loss is not a number; nothing is exported then.
    """

    title: str
    session: TrainSession
    folder: Path
    listen: Callable[[StepReport], None] = lambda report: None

    def run(self, progress: Progress) -> ModelManifest:
        for report in self.session.steps():
            if not math.isfinite(report.loss):
                raise Diverged(f"training diverged at step {report.step}")
            progress.update(report.step / self.session.total_steps, f"Loss {report.loss:.4f}")
            self.listen(report)
        return self.session.export(self.folder)
