"""What was found in a folder: samples, findings in the user's words, and the split by group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
Side = Literal["train", "valid"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture and, where the task has one, its target."""

    image: Path
    target: Path | None = None
    """Mask, clean version or points file."""
    width: int = 0
    height: int = 0
    """Pixels as shown (EXIF turned)."""
    sha256: str = ""
    """Of the picture's file."""
    group: str = ""
    """Pictures of one group (a scene, a patient, a sequence) never stand on both sides of the split."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What else a task reads, such as {"points": [[x, y], ...]}."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the data that the user should know."""

    severity: Severity
    what: str
    what_to_do: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """Which samples (indices) train and which only judge."""

    train: tuple[int, ...]
    valid: tuple[int, ...]
    by: str = ""
    """How groups were found, as a sentence."""


@dataclass(frozen=True, slots=True)
class ClassShare:
    """One class of a segmentation."""

    name: str
    value: int
    """Of its pixels in the mask file."""
    share: float
    """Of all labelled pixels, 0..1."""
    pictures: int
    """That contain it."""
    colour: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """Everything the check found out; also what a run folder keeps as its data manifest."""

    folder: Path
    samples: tuple[Sample, ...]
    split: Split
    findings: tuple[Finding, ...] = ()
    classes: tuple[ClassShare, ...] = ()
    """In the order of the network's output; empty for tasks without classes."""
    ignored: int | None = None
    """Mask value that counts neither way (void)."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def can_start(self) -> bool:
        return not self.errors and bool(self.split.train)

    def side(self, side: Side) -> tuple[Sample, ...]:
        """The samples of one side of the split."""
        indices: Iterable[int] = self.split.train if side == "train" else self.split.valid
        return tuple(self.samples[index] for index in indices)
