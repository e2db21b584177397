"""What the files of a run folder say, as plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from imgstudio.core.errors import UserError
from imgstudio.learn.recipe import Request
from imgstudio.learn.reports import Goal

State = Literal[
    "preparing",
    "checking",
    "finding rate",
    "running",
    "held",
    "paused",
    "stopping",
    "finished",
    "stopped",
    "failed",
]
ENDED: Final = ("finished", "stopped", "failed")
"""States after which no worker is expected."""
Command = Literal["pause", "resume", "hold", "release", "stop", "cancel"]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run was started with; never changes."""

    name: str
    """As the user calls it; also the name of the model."""
    recipe: str
    params: Mapping[str, Any]
    """As `core.params.to_json` writes them."""
    request: Request
    created: str
    """ISO 8601 with time zone."""
    program: str
    """Version of imgstudio."""
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Best:
    """The validation that the kept model comes from."""

    score: float
    step: int


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run failed, in the user's words."""

    what: str
    why: str = ""
    what_to_do: str = ""
    details: str = ""
    """Traceback, for a report."""

    @classmethod
    def of(cls, error: UserError, details: str = "") -> RunError:
        return cls(error.what, error.why, error.what_to_do, details)


@dataclass(frozen=True, slots=True)
class Status:
    """How a run stands; replaced about twice a second while its worker lives."""

    state: State = "preparing"
    pid: int = 0
    """Of the worker; 0: there is none."""
    started: float = 0.0
    """time.time() when the worker began."""
    heartbeat: float = 0.0
    """time.time() of writing."""
    step: int = 0
    total_steps: int = 0
    done: float = 0.0
    """Share that is over, 0..1; of the sweep while the state is "finding rate"."""
    epoch: float = 0.0
    phase: int = 0
    elapsed_seconds: float = 0.0
    """Time at work over all sittings, with validations, without pauses."""
    eta_seconds: float | None = None
    """From measured steps and validations; None while that cannot be told."""
    images_per_second: float = 0.0
    loss: float | None = None
    """Of the last step."""
    score: float | None = None
    """The goal's, in the last validation of this sitting."""
    device: str = ""
    goal: Goal | None = None
    """Known as soon as the worker has built the network."""
    best: Best | None = None
    note: str = ""
    error: RunError | None = None
    model: str = ""
    """Name of the model's folder inside the run, "" while there is none."""
    installed: str = ""
    """Id of the model under which the worker installed it, "" if it did not."""

    @property
    def is_over(self) -> bool:
        return self.state in ENDED

    def to_values(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def status_from(values: Mapping[str, Any]) -> Status:
    """Read `Status.to_values`; unknown entries of newer versions are passed over. Raises ValueError, TypeError."""
    known = {field.name for field in dataclasses.fields(Status)}
    found = {name: value for name, value in values.items() if name in known}
    if found.get("state", "preparing") not in get_args(State):
        raise ValueError(f"unknown state: {found['state']!r}")
    makers: dict[str, type[Any]] = {"goal": Goal, "best": Best, "error": RunError}
    for name, make in makers.items():
        if found.get(name) is not None:
            found[name] = make(**found[name])
    return Status(**found)


@dataclass(frozen=True, slots=True)
class StepRow:
    """One line of steps.csv."""

    step: int
    seconds: float
    """At work since the start of the run, over all sittings."""
    epoch: float
    phase: int
    loss: float
    rate: float
    momentum: float
    images: int
    terms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class ValidationRow:
    """One line of validations.jsonl."""

    step: int
    epoch: float
    seconds: float
    """At work since the start of the run, over all sittings."""
    loss: float
    scores: Mapping[str, float]
    confusion: npt.NDArray[np.int64] | None = None
    """(classes, classes) pixels: row = truth, column = prediction."""
    pictures: tuple[tuple[str, float], ...] = ()
    """File and score, worst first."""


@dataclass(frozen=True, slots=True)
class PreviewFiles:
    """One fixed validation picture at one step."""

    name: str
    input: Path
    output: Path
    truth: Path | None


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """A state of the network that one can go back to."""

    name: str
    """"last", "best" or "step-00001234"."""
    folder: Path
    step: int | None
    """None where it is not known ("last" of a run that died)."""
