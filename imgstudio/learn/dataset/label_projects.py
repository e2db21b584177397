"""Learn from a label project: exactly the pictures that a person labelled, with its classes in their order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from imgstudio.core.errors import UserError
from imgstudio.core.labelformats.class_lists import NamedClass
from imgstudio.core.labelproject import header
from imgstudio.core.labelproject.entries import Entry
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import BACKGROUND, UNSEEN, class_colour
from imgstudio.learn.dataset.coding import Coding
from imgstudio.learn.dataset.findings import counted
from imgstudio.learn.dataset.places import place_of
from imgstudio.learn.dataset.report import Finding, Sample, Side

BACKGROUND_NAME: Final = "background"


@dataclass(frozen=True, slots=True)
class LabelledPictures:
    """What a training learns from a project."""

    samples: tuple[Sample, ...]
    sides: tuple[Side | None, ...]
    coding: Coding
    findings: tuple[Finding, ...]


def labelled_pictures(folder: Path) -> LabelledPictures | None:
    """Labelled pictures of a project, partly labelled ones too; None where `folder` is no project.

    What nobody looked at (255) counts neither way. Raises UserError for a project that cannot be opened.
    """
    if not ProjectFolder.is_project(folder):
        return None
    project = ProjectFolder.open(folder)
    findings = [Finding("warning", problem) for problem in project.problems]
    entries = [_measured(project, entry, findings) for entry in project.entries()]
    labelled = [entry for entry in entries if entry.is_labelled]
    findings += _left_out(entries, len(labelled))
    samples = tuple(_sample(project, entry) for entry in labelled)
    return LabelledPictures(
        samples, tuple(_side(entry) for entry in labelled), _coding(project), tuple(findings)
    )


def _measured(project: ProjectFolder, entry: Entry, findings: list[Finding]) -> Entry:
    try:
        return project.measured(entry)
    except UserError as error:
        findings.append(Finding("warning", f"{entry.name} is left out: {error}"))
        return entry


def _left_out(entries: list[Entry], labelled: int) -> list[Finding]:
    if not labelled:
        return [
            Finding("error", "No picture of the project is labelled yet.", "Label at least two pictures.")
        ]
    predicted = sum(entry.state == "predicted" for entry in entries)
    others = len(entries) - labelled - predicted
    out = list[Finding]()
    if others:
        out.append(Finding("note", f"{counted(others, 'pictures')} left out: nothing in them is labelled."))
    if predicted:
        what = f"{counted(predicted, 'pictures')} left out: only the model labelled them, and nobody looked."
        out.append(Finding("note", what, "Accept or correct what the model says."))
    return out


def _sample(project: ProjectFolder, entry: Entry) -> Sample:
    scene = "/".join(place_of(PurePosixPath(entry.name).parent).scene)
    target = header.place(project.path, header.LABELS, entry.name)
    return Sample(project.picture(entry.name), target, group=scene)


def _side(entry: Entry) -> Side | None:
    side = place_of(PurePosixPath(entry.name).parent).side
    return None if side == "test" else side


def _coding(project: ProjectFolder) -> Coding:
    classes = (
        NamedClass(BACKGROUND_NAME, BACKGROUND, class_colour(BACKGROUND)),
        *(NamedClass(known.name, known.value, known.colour) for known in project.classes),
    )
    return Coding("classes", classes, UNSEEN)
