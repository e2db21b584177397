"""What can be trained: a recipe checks a folder, proposes a plan and starts a session; a session yields steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from imgstudio.core.jobs import Progress
from imgstudio.engine.manifest import ModelManifest
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.plan import Plan
from imgstudio.learn.reports import Goal, PreviewRow, RateSweep, StepReport, Watch

P = TypeVar("P")


class Diverged(Exception):
    """The loss is no longer a number, again and again."""


class TrainSession(Protocol):
    """A run in progress. Whoever drives it decides when to stop; between two items that is always safe."""

    goal: Goal

    @property
    def total_steps(self) -> int:
        """As far as known: with a time budget it is estimated from measured steps."""
        ...

    def steps(self) -> Iterator[StepReport]:
        """One optimisation step an item, validations in between; raises Diverged."""
        ...

    def find_rate(self, progress: Progress, *, watch: Watch = ...) -> RateSweep:
        """Sweep the learning rate; weights and everything else are as before afterwards.

        `watch` is shown after every step what is known so far.
        """
        ...

    def previews(self) -> Sequence[PreviewRow]:
        """What the network does now to a few fixed validation pictures."""
        ...

    def save(self, folder: Path) -> None:
        """Write a checkpoint from which `restore` goes on exactly; a crash leaves the previous one whole."""
        ...

    def restore(self, folder: Path) -> None:
        """Go on from a checkpoint; raises UserError when it belongs to another network or plan."""
        ...

    def export(self, folder: Path, name: str) -> ModelManifest:
        """Write the present (averaged) weights as a model folder that the registry can load.

        `name` is what the user calls it; the folder's name becomes the id.
        """
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What the user of a recipe asks for, apart from its own parameters: the beginner's page."""

    minutes: float = 20.0
    quality: float = 0.5
    """0: fastest network and smallest pictures .. 1: best."""


@dataclass(frozen=True, eq=False, slots=True)
class Setup(Generic[P]):
    """All that a session is made from."""

    report: DatasetReport
    """Files and their split."""
    params: P
    plan: Plan
    request: Request
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Recipe(Generic[P]):
    """A kind of training that is offered. Files in `recipes/` end in RECIPE and import no torch at import."""

    id: str
    name: str
    help: str
    """One sentence: what comes out."""
    data: str
    """One sentence: which folder or files it wants."""
    params: type[P]
    """Frozen dataclass of declared parameters (`core.params`), all with defaults."""
    task: str
    """Of the manifests that it exports: segment, restore, upscale, style, ..."""
    check: Callable[[Path, P, Progress], DatasetReport]
    """Look at the data before step 1; findings of severity "error" forbid the start."""
    plan: Callable[[DatasetReport, P, Request], Plan]
    """Propose a plan for what was found and asked."""
    start: Callable[[Setup[P]], TrainSession]
    is_offered: bool = True
    """False: used by other recipes only."""


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
            progress.update(report.done, f"Loss {report.loss:.4f}")
            self.listen(report)
        return self.session.export(self.folder, self.title)


AnyRecipe = Recipe[Any]
