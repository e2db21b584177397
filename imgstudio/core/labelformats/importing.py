"""Bring the labels of another program into a project: what cannot be used is said, the rest is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.labelformats.base import Format, Masks, Reading
from imgstudio.core.labelformats.class_lists import unnamed
from imgstudio.core.labelformats.matching import fitting, matched
from imgstudio.core.labelproject.checking import Problem
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import BACKGROUND, UNSEEN, LabelClass
from imgstudio.core.params import Ui


@dataclass(frozen=True)
class ImportOptions:
    """What a person chooses for any import."""

    replace: Annotated[
        bool, Ui(label="Replace labels", help="Otherwise pictures that have labels already are left alone.")
    ] = False
    add_classes: Annotated[
        bool,
        Ui(label="Add classes", help="That the project does not know; otherwise their places stay unseen."),
    ] = True
    unlabelled: Annotated[
        Literal["background", "unseen"],
        Ui(
            label="Not outlined is",
            help="Formats of outlines do not tell background from what nobody looked at.",
        ),
    ] = "background"
    objects: Annotated[
        Literal["auto", "yes", "no"],
        Ui(label="Objects", help="Whether shapes are single objects. Auto: where the format says so."),
    ] = "auto"
    done: Annotated[bool, Ui(label="Mark as done", help="The pictures that get labels.")] = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    pictures: tuple[str, ...]
    """Names of those that got labels."""
    kept: tuple[str, ...]
    """That had labels already and were left alone."""
    new_classes: tuple[str, ...]
    problems: tuple[Problem, ...]
    """Sentences, with the picture or file they are about where it is one."""


def import_labels(
    project: ProjectFolder, label_format: Format, source: Path, options: ImportOptions, progress: Progress
) -> Imported:
    """Read a folder or file and write masks into the project; raises UserError, and Cancelled between pictures."""
    found = label_format.read(source, progress.part(0.0, 0.2))
    problems = [Problem("", note) for note in found.notes]
    values, new_classes = _values(project, found.classes, options, problems)
    fits = matched(project, found.items, problems)
    unlabelled = UNSEEN if options.unlabelled == "unseen" else BACKGROUND
    how = Reading(unlabelled, options.objects, progress.token.check)
    written, kept = list[str](), list[str]()
    for name, item in progress.part(0.2, 1.0).track(fits, "Importing"):
        try:
            if not options.replace and _has_labels(project, name):
                kept.append(name)
                continue
            masks = fitting(project, name, item, how)
            _write(project, name, masks, values, options)
        except UserError as error:
            problems.append(Problem(name, str(error)))
            continue
        problems += [Problem(name, note) for note in masks.notes]
        written.append(name)
    return Imported(tuple(written), tuple(kept), new_classes, tuple(problems))


def _values(
    project: ProjectFolder, classes: Sequence[LabelClass], options: ImportOptions, problems: list[Problem]
) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
    """(256,) values of the project for those of the file, and names of classes that were added."""
    by_name = {known.name: known.value for known in project.classes}
    by_lower = {known.name.lower(): known.value for known in reversed(project.classes)}
    taken = set(by_name.values())
    table = np.full(256, UNSEEN, np.uint8)
    table[BACKGROUND] = BACKGROUND
    added, left_out = list[LabelClass](), list[str]()
    for known in classes:
        value = by_name.get(known.name, by_lower.get(known.name.lower()))
        if value is None and known.name == unnamed(known.value) and known.value in by_name.values():
            value = known.value
        if value is None and options.add_classes:
            value = _free(known.value, taken)
            if value is not None:
                taken.add(value)
                added.append(replace(known, value=value, key=str(value) if value < 10 else ""))
        if value is None:
            left_out.append(known.name)
        else:
            table[known.value] = value
    if added:
        project.set_classes((*project.classes, *added))
    for name in left_out:
        why = "the project has 254 classes already" if options.add_classes else "the project does not have it"
        problems.append(Problem("", f"The class “{name}” is left out: {why}. Its places stay unseen."))
    return table, tuple(known.name for known in added)


def _free(wanted: int, taken: set[int]) -> int | None:
    return wanted if wanted not in taken else next((n for n in range(1, UNSEEN) if n not in taken), None)


def _has_labels(project: ProjectFolder, name: str) -> bool:
    entry = project.measured(project.entry(name))
    return entry.labelled > 0


def _write(
    project: ProjectFolder, name: str, masks: Masks, values: npt.NDArray[np.uint8], options: ImportOptions
) -> None:
    mask = values[masks.mask]
    objects = masks.objects if options.objects != "no" else None
    if objects is None:
        objects = np.zeros(mask.shape, np.uint16)
    else:
        objects = np.where((mask == UNSEEN) | (mask == BACKGROUND), 0, objects).astype(np.uint16)
    entry = project.write(name, mask, objects)
    state = "done" if options.done else entry.state
    if state != entry.state or masks.is_flagged:
        project.keep(replace(entry, state=state, is_flagged=entry.is_flagged or masks.is_flagged))
