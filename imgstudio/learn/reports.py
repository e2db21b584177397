"""What a training tells while it runs: steps, validations and previews, as plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Goal:
    """The score by which runs and checkpoints are compared."""

    name: str
    """A key of `Validation.scores`."""
    larger_is_better: bool = True

    def is_better(self, new: float, old: float | None, margin: float = 0.0) -> bool:
        if old is None:
            return True
        return new > old + margin if self.larger_is_better else new < old - margin


@dataclass(frozen=True, eq=False, slots=True)
class Validation:
    """How good the network (with its averaged weights, where there are any) is on pictures it never trained on."""

    loss: float
    scores: dict[str, float]
    """By name, such as "accuracy", "mean IoU", "IoU road", "PSNR"."""
    confusion: npt.NDArray[np.int64] | None = None
    """(classes, classes) pixels: row = truth, column = prediction."""
    pictures: tuple[tuple[str, float], ...] = ()
    """File and score of every validation picture, worst first."""


@dataclass(frozen=True, eq=False, slots=True)
class StepReport:
    """One optimisation step as seen from outside."""

    step: int
    """Counted from 1, over all sittings."""
    loss: float
    terms: dict[str, float] = field(default_factory=dict)
    """Parts of the loss and other figures worth drawing, by name."""
    done: float = 0.0
    """Share of the run that is over, 0..1."""
    epoch: float = 0.0
    phase: int = 0
    """Index into the plan's phases."""
    rate: float = 0.0
    momentum: float = 0.0
    images: int = 0
    """Pictures (crops) seen in this step."""
    seconds: float = 0.0
    """Time spent on this step, without validation."""
    validation: Validation | None = None
    """Present when the step ended with one."""
    note: str = ""
    """A sentence for the user, such as "Batch halved to 4: out of memory."."""


@dataclass(frozen=True, eq=False, slots=True)
class PreviewRow:
    """One fixed validation picture: what goes in, what comes out, what should come out."""

    name: str
    input: Bytes
    output: Bytes
    truth: Bytes | None = None
    """(h, w, 3) each; of equal size."""


@dataclass(frozen=True, slots=True)
class RatePoint:
    """A point of the learning-rate finder's sweep."""

    rate: float
    loss: float
    smoothed: float


@dataclass(frozen=True, slots=True)
class RateSweep:
    """Result of a learning-rate sweep (Smith 2017)."""

    points: tuple[RatePoint, ...]
    steepest: float
    """Rate where the smoothed loss falls fastest."""
    valley: float
    """A tenth of where the loss begins to rise again after its lowest: the suggestion for the top of a one-cycle."""
    diverged: bool = False
    is_over: bool = True
    """Whether all of it was swept: else it is what is known so far."""

    def to_values(self) -> dict[str, Any]:
        return {
            "points": [[point.rate, point.loss, point.smoothed] for point in self.points],
            "steepest": self.steepest,
            "valley": self.valley,
            "diverged": self.diverged,
            "is_over": self.is_over,
        }


Watch = Callable[[RateSweep], None]
"""Is shown a sweep while it grows."""
