"""Look at every file of a project and say what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.labelproject.entries import Entry
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labelproject.header import and_more
from imgstudio.core.labelproject.masks import value_counts
from imgstudio.core.labels import BACKGROUND, UNSEEN, IndexMask, ObjectMask


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with one picture of a project, or with the project where `name` is empty."""

    name: str
    what: str
    """A sentence."""


def check(project: ProjectFolder, progress: Progress) -> tuple[Problem, ...]:
    """Everything that is wrong: damaged files, masks of another size than the picture, values that are no class.

    Raises Cancelled only.
    """
    out = [Problem("", what) for what in project.problems]
    for entry in progress.track(project.entries(), "Checking"):
        out += [Problem(entry.name, what) for what in _of_entry(project, entry)]
    return tuple(out)


def _of_entry(project: ProjectFolder, entry: Entry) -> list[str]:
    try:
        mask, objects = project.labels(entry.name), project.objects(entry.name)
        size = project.size(entry.name)
    except UserError as error:
        return [str(error)]
    if mask is None:
        return ["It is told to be labelled, but its mask is missing."] if entry.is_labelled else []
    out = list[str]()
    if (mask.shape[1], mask.shape[0]) != size:
        out.append(
            f"The mask has {mask.shape[1]} x {mask.shape[0]} pixels, the picture has {size[0]} x {size[1]}."
        )
    known = {BACKGROUND, UNSEEN, *(item.value for item in project.classes)}
    strange = [str(value) for value in np.flatnonzero(value_counts(mask)).tolist() if value not in known]
    if strange:
        out.append(f"The mask holds values that are no class: {and_more(strange)}.")
    return out if objects is None else out + _of_objects(mask, objects)


def _of_objects(mask: IndexMask, objects: ObjectMask) -> list[str]:
    if objects.shape != mask.shape:
        return [
            f"The mask of objects has {objects.shape[1]} x {objects.shape[0]} pixels, as no other mask has."
        ]
    pairs = np.unique(objects.astype(np.uint32) << 8 | mask)
    pairs = pairs[pairs >> 8 > 0]
    values, numbers = pairs & 255, pairs >> 8
    out = list[str]()
    if ((values == BACKGROUND) | (values == UNSEEN)).any():
        lost = np.unique(numbers[(values == BACKGROUND) | (values == UNSEEN)])
        out.append(f"{len(lost)} objects lie partly where no class is.")
    of_classes = numbers[(values != BACKGROUND) & (values != UNSEEN)]
    several = len(of_classes) - len(np.unique(of_classes))
    if several:
        out.append(f"{several} objects cover places of more than one class.")
    return out
