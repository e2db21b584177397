"""Look at the labels of many pictures on a worker: shares, islands, what the model says otherwise, doubles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.labelling.comparing import Comparison, compare
from imgstudio.core.labelling.statistics import (
    Agreement,
    Island,
    Shares,
    class_shares,
    compared,
    islands,
)
from imgstudio.core.labelproject import header
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import UNSEEN, IndexMask
from imgstudio.core.tiles import TileSnapshot

MOST_ISLANDS = 1000
"""Of one picture that are kept; a mask of noise must not fill the memory."""


@dataclass(frozen=True, slots=True)
class PictureLook:
    """What one look at the labels of a picture tells."""

    shares: Shares
    islands: tuple[Island, ...]
    """Pieces below `least`, the smallest first."""
    island_count: int
    least: int
    against: Agreement | None = None
    """With what the model says; None where it says nothing."""
    stamp: tuple[int, int] = (0, 0)
    """When mask and prediction were written; another one means that it must be looked at again."""

    @property
    def difference(self) -> float | None:
        """Share of labelled pixels that the model says otherwise, 0..1."""
        return self.against.share if self.against is not None and self.against.compared else None


def look_at(
    mask: IndexMask, predicted: IndexMask | None, least: int, stamp: tuple[int, int] = (0, 0)
) -> PictureLook:
    found = islands(mask, least)
    has_said = predicted is not None and predicted.shape == mask.shape
    against = compared(mask, predicted) if has_said and predicted is not None else None
    return PictureLook(class_shares(mask), found[:MOST_ISLANDS], len(found), least, against, stamp)


@dataclass(frozen=True, slots=True, eq=False)
class LookAtPicture:
    """Looks at the labels on the screen, from a snapshot of them."""

    labels: TileSnapshot
    prediction: TileSnapshot | None
    size: tuple[int, int]
    least: int
    quiet: bool = True
    title: str = "Looking at the labels"

    def run(self, progress: Progress) -> PictureLook:
        progress.update(0.0)
        whole = Rect(0, 0, self.size[1], self.size[0])
        mask = self.labels.read(whole)[..., 0]
        progress.update(0.3)
        predicted = None if self.prediction is None else self.prediction.read(whole)[..., 0]
        return look_at(np.ascontiguousarray(mask), predicted, self.least)


@dataclass(frozen=True, slots=True, eq=False)
class LookAtProject:
    """Looks at all labelled pictures; those that were looked at and have not changed since are passed over."""

    project: ProjectFolder
    known: Mapping[str, PictureLook]
    least: int
    quiet: bool = True
    title: str = "Looking at all labels"

    def run(self, progress: Progress) -> dict[str, PictureLook]:
        out: dict[str, PictureLook] = {}
        entries = [entry for entry in self.project.entries() if entry.is_labelled]
        for entry in progress.track(entries):
            stamp = _stamp(self.project, entry.name)
            before = self.known.get(entry.name)
            if before is not None and before.stamp == stamp and before.least == self.least:
                out[entry.name] = before
                continue
            try:
                mask = self.project.labels(entry.name)
            except UserError:  # told by the check of the project
                continue
            said = self.project.prediction(entry.name)
            if mask is not None and (mask != UNSEEN).any():
                out[entry.name] = look_at(mask, None if said is None else said.mask, self.least, stamp)
        return out


def _stamp(project: ProjectFolder, name: str) -> tuple[int, int]:
    """When mask and prediction were written; 0 for what is not there."""
    mask, said = (header.place(project.path, kind, name) for kind in (header.LABELS, header.PREDICTIONS))
    return _changed(mask), _changed(said)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@dataclass(frozen=True, slots=True, eq=False)
class CompareLabels:
    """Compares the labels with those in another folder."""

    project: ProjectFolder
    other: Path
    quiet: bool = True
    title: str = "Comparing labels"

    def run(self, progress: Progress) -> Comparison:
        return compare(self.project, self.other, progress)


@dataclass(frozen=True, slots=True, eq=False)
class FindDoubles:
    """Finds pictures that are the same or nearly so; groups of names."""

    project: ProjectFolder
    quiet: bool = True
    title: str = "Looking for doubles"

    def run(self, progress: Progress) -> tuple[tuple[str, ...], ...]:
        from imgstudio.learn.dataset.likeness import groups_of, near_pairs, same_files
        from imgstudio.learn.dataset.looking import looked_at
        from imgstudio.learn.dataset.pictures import picture_facts

        names = [entry.name for entry in self.project.entries()]
        paths = [self.project.picture(name) for name in names]
        facts = looked_at(paths, picture_facts, progress, "Looking at the pictures")
        good = [number for number, fact in enumerate(facts) if not fact.problem]
        chosen = [facts[number] for number in good]
        pairs = near_pairs(chosen) if len(chosen) > 1 else []
        pairs += [(group[0], other) for group in same_files(chosen) for other in group[1:]]
        groups = groups_of(len(chosen), pairs)
        return tuple(tuple(names[good[member]] for member in group) for group in groups)


@dataclass(frozen=True, slots=True)
class Sides:
    """Which labelled pictures a training learns from, and which only judge it."""

    learning: int
    judging: tuple[str, ...]
    by: str
    """How scenes were found, as a sentence."""


@dataclass(frozen=True, slots=True, eq=False)
class FindSides:
    """Splits the labelled pictures as a training would."""

    project: ProjectFolder
    quiet: bool = True
    title: str = "Looking for scenes"

    def run(self, progress: Progress) -> Sides:
        from imgstudio.learn.dataset.check import check_segmentation

        report = check_segmentation(self.project.path, progress)
        names = {self.project.picture(entry.name): entry.name for entry in self.project.entries()}
        judging = tuple(names[sample.image] for sample in report.side("valid") if sample.image in names)
        return Sides(len(report.split.train), judging, report.split.by)
