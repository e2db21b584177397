"""What a training will do, as an editable value: phases, each with its length, rate, sizes and frozen groups."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from typing import Any, Literal

from imgstudio.core.errors import UserError

CurveKind = Literal["constant", "linear", "cosine", "exponential", "polynomial"]
OptimiserKind = Literal["adam", "adamw", "muon", "sgd", "rmsprop"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]
Unit = Literal["epochs", "steps"]


@dataclass(frozen=True, slots=True)
class Curve:
    """How a number moves from `start` to `end` while a phase goes from 0 to 1."""

    kind: CurveKind = "constant"
    start: float = 1e-3
    end: float = 1e-3
    power: float = 2.0
    """Of "polynomial" only."""

    def at(self, share: float) -> float:
        """Value when the share 0..1 of the phase is over."""
        share = min(max(share, 0.0), 1.0)
        if self.kind == "constant":
            return self.start
        if self.kind == "exponential":
            return self.start * (self.end / self.start) ** share
        gone = {
            "linear": share,
            "cosine": (1 - math.cos(math.pi * share)) / 2,
            "polynomial": 1 - (1 - share) ** self.power,
        }[self.kind]
        return self.start + (self.end - self.start) * gone

    def scaled(self, factor: float) -> Curve:
        return dataclasses.replace(self, start=self.start * factor, end=self.end * factor)


@dataclass(frozen=True, slots=True)
class Optimiser:
    """Which rule turns gradients into steps; another one from phase to phase starts with an empty memory."""

    kind: OptimiserKind = "adamw"
    weight_decay: float = 0.0
    beta2: float = 0.99
    """Of Adam and AdamW; the smoothing of RMSprop."""
    eps: float = 1e-8
    nesterov: bool = False


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the training during which only rate and momentum move."""

    name: str
    length: float
    unit: Unit = "epochs"
    rate: Curve = field(default_factory=Curve)
    momentum: Curve = field(default_factory=lambda: Curve("constant", 0.9, 0.9))
    """Beta 1 of Adam."""
    optimiser: Optimiser = field(default_factory=Optimiser)
    size: int = 0
    """Longer side of the training pictures or crops in pixels; 0: as the task likes it."""
    batch: int = 8
    frozen: int = 0
    """How many layer groups, counted from the input, do not learn."""
    frozen_norms: bool = False
    """Whether normalisation layers of frozen groups rest too; usually they go on learning."""
    spread: float = 1.0
    """Rate of the first group that learns / rate of the last; between them geometric ("discriminative")."""
    averages: bool = False
    """Collect weights for stochastic weight averaging at the end of every epoch of this phase."""


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """Ends a run that no longer improves, by landing: the rate falls to its end first, nothing is truncated."""

    patience: int = 8
    """Validations without improvement."""
    margin: float = 0.0
    """Improvement that counts, in units of the score."""
    landing: float = 0.1
    """Share of the steps done so far that the landing takes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about how to train; with recipe, data and seed it determines the run."""

    phases: tuple[Phase, ...]
    minutes: float = 0.0
    """Time budget. 0: phases are as long as they say; else their lengths only tell their shares of the time."""
    seed: int = 0
    precision: Precision = "auto"
    accumulate: int = 1
    """Batches whose gradients are added before a step."""
    clip: float = 1.0
    """Longest gradient over all weights; 0: no limit."""
    average_decay: float = 0.99
    """Of the exponential moving average of the weights (EMA); 0: none."""
    early_stop: EarlyStop | None = None
    validate_every: float = 1.0
    """Epochs between validations; they also come at the end of each phase."""
    keep_every: int = 2
    """Validations between checkpoints to which one can go back, thinned out in long runs; 0: only best and last."""

    def __post_init__(self) -> None:
        if not self.phases:
            raise UserError(
                "The plan is empty", "It has no phase.", "Add a phase, or take the proposed plan."
            )

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2)


def plan_from_json(text: str) -> Plan:
    """Read `Plan.to_json`; raises UserError on anything that is not a plan."""
    try:
        return _plan_from(json.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(
            "The plan cannot be read", str(error), "Start again from the proposed plan."
        ) from error


def _plan_from(values: dict[str, Any]) -> Plan:
    phases = tuple(_phase_from(phase) for phase in values.pop("phases"))
    stop = values.pop("early_stop", None)
    return Plan(phases, early_stop=EarlyStop(**stop) if stop else None, **values)


def _phase_from(values: dict[str, Any]) -> Phase:
    values = dict(values)
    for name in ("rate", "momentum"):
        values[name] = Curve(**values[name])
    values["optimiser"] = Optimiser(**values["optimiser"])
    return Phase(**values)
