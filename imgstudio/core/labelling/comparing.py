"""Compare two labellings of the same pictures: another project, or any folder of labels that can be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.labelformats.base import Found, Reading
from imgstudio.core.labelformats.matching import fitting, found_in_project, matched
from imgstudio.core.labelformats.registry import formats, recognised
from imgstudio.core.labelling.statistics import Agreement, agreement, confusion
from imgstudio.core.labelproject.checking import Problem
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import BACKGROUND, UNSEEN, IndexMask


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far two labellings agree, where both say something."""

    whole: Agreement
    """Of all pictures together, in the values of the project."""
    pictures: tuple[tuple[str, Agreement], ...]
    """Those that both labelled, the one that differs most first."""
    problems: tuple[Problem, ...]
    """What could not be compared, and why."""


def compare(project: ProjectFolder, other: Path, progress: Progress) -> Comparison:
    """Compare the labels of a project with those in another folder or file, class by class of the same name.

    What is no class here counts neither way. Raises UserError where `other` cannot be read, and Cancelled.
    """
    found = _found(other, progress.part(0.0, 0.2))
    problems = [Problem("", note) for note in found.notes]
    table = _table(project, found, problems)
    total = np.zeros((256, 256), np.int64)
    pictures = list[tuple[str, Agreement]]()
    for name, item in progress.part(0.2, 1.0).track(matched(project, found.items, problems), "Comparing"):
        try:
            own = project.labels(name)
            if own is None:
                continue
            theirs = table[fitting(project, name, item, Reading()).mask]
        except UserError as error:
            problems.append(Problem(name, str(error)))
            continue
        if own.shape != theirs.shape:
            problems.append(Problem(name, "The mask has another size than the picture."))
            continue
        counts = confusion(own, theirs)
        told = agreement(counts)
        if told.compared:
            total += counts
            pictures.append((name, told))
    pictures.sort(key=lambda item: -item[1].share)
    return Comparison(agreement(total), tuple(pictures), tuple(problems))


def _found(other: Path, progress: Progress) -> Found:
    if ProjectFolder.is_project(other):
        return found_in_project(ProjectFolder.open(other))
    chosen = recognised(other)
    if chosen is None:
        names = ", ".join(known.name for known in formats().values())
        raise UserError(
            f"There are no labels in “{other.name or other}”",
            f"It is neither a label project nor of a known format ({names}).",
            "Choose a folder with labels.",
        )
    return chosen.read(other, progress)


def _table(project: ProjectFolder, found: Found, problems: list[Problem]) -> IndexMask:
    """(256,) values of the project for those of the other labelling."""
    by_name = {known.name.lower(): known.value for known in project.classes}
    table = np.full(256, UNSEEN, np.uint8)
    table[BACKGROUND] = BACKGROUND
    for known in found.classes:
        value = by_name.get(known.name.lower())
        if value is None:
            problems.append(
                Problem("", f"The class “{known.name}” is not in this project; it is passed over.")
            )
        else:
            table[known.value] = value
    return table
