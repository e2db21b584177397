"""Write the labels of a project as another program keeps them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Cancelled, Progress
from imgstudio.core.labelformats.base import Format, Options, Picture, Target
from imgstudio.core.labelproject.checking import Problem
from imgstudio.core.labelproject.entries import Entry
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import UNSEEN


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    folder: Path
    pictures: int
    files: int
    problems: tuple[Problem, ...]
    """Pictures that were left out, and why."""


def export(
    project: ProjectFolder, label_format: Format, options: Any, folder: Path, progress: Progress
) -> Exported:
    """Write into a new or empty folder. A picture that cannot be exported is told, the others are written.

    Raises UserError, and Cancelled; then what was written is removed.
    """
    entries = selected(project, options)
    ids = export_ids([entry.name for entry in entries])
    target = Target(folder, tuple(ids.values()), copies=options.copy)
    problems = list[Problem]()
    count = 0
    try:
        writer = label_format.writer(target, project.classes, options)
        for picture in pictures(project, entries, ids, progress, problems):
            try:
                writer.add(picture)
                count += 1
            except UserError as error:
                problems.append(Problem(picture.name, str(error)))
        writer.finish()
    except (UserError, Cancelled):
        target.remove_all()
        raise
    return Exported(target.folder, count, len(target.files), tuple(problems))


def selected(project: ProjectFolder, options: Options) -> list[Entry]:
    """Entries of the pictures that an export takes; raises UserError where there are none."""
    entries = list[Entry]()
    for entry in project.entries():
        try:
            entries.append(project.measured(entry))
        except UserError:  # told when its mask is read
            entries.append(entry)
    if options.which == "done":
        chosen = [entry for entry in entries if entry.state == "done"]
    else:
        chosen = [entry for entry in entries if options.which == "all" or entry.is_labelled]
    if not chosen:
        what = "is marked as done" if options.which == "done" else "is labelled yet"
        raise UserError(f"There is nothing to export: no picture {what}", "", "Label a picture first")
    return chosen


def export_ids(names: Sequence[str]) -> dict[str, str]:
    """Name -> path without a suffix that no other picture has: a.jpg and a.png become a_jpg and a_png."""
    counts = Counter(_stem(name).lower() for name in names)
    taken = {stem for stem, count in counts.items() if count == 1}
    out: dict[str, str] = {}
    for name in names:
        found = _stem(name)
        if counts[found.lower()] > 1:
            found = f"{found}_{name.rpartition('.')[2]}"
            while found.lower() in taken:
                found += "_"
            taken.add(found.lower())
        out[name] = found
    return out


def _stem(name: str) -> str:
    folder, slash, last = name.rpartition("/")
    return folder + slash + (last.rpartition(".")[0] or last)


def pictures(
    project: ProjectFolder,
    entries: Sequence[Entry],
    ids: dict[str, str],
    progress: Progress,
    problems: list[Problem],
    message: str = "Exporting",
) -> Iterator[Picture]:
    """The pictures with their masks, one at a time; those that cannot be read are added to `problems`."""
    for entry in progress.track(entries, message):
        try:
            yield _picture(project, entry, ids[entry.name], progress.token.check)
        except UserError as error:
            problems.append(Problem(entry.name, str(error)))


def _picture(project: ProjectFolder, entry: Entry, export_id: str, check: Callable[[], None]) -> Picture:
    width, height = project.size(entry.name)
    mask, objects = project.labels(entry.name), project.objects(entry.name)
    if mask is None:
        mask = np.full((height, width), UNSEEN, np.uint8)
    for what, found in (("mask", mask), ("mask of objects", objects)):
        if found is not None and found.shape != (height, width):
            raise UserError(
                f"The {what} has {found.shape[1]} x {found.shape[0]} pixels, the picture {width} x {height}",
                "Nobody can tell where the labels belong.",
                "Label the picture again, or bring its old version back",
            )
    is_empty = objects is not None and not objects.any()
    return Picture(
        entry.name, export_id, project.picture(entry.name), mask, None if is_empty else objects, entry, check
    )
