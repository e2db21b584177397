"""Labels of one picture help with the next: copied over, or filled in between two of a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.labelling.proposal import show_predictions
from imgstudio.app.i18n import tr
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.labelling import operations
from imgstudio.core.labelling.between import Between
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import UNSEEN, IndexMask, ObjectMask

if TYPE_CHECKING:
    from imgstudio.app.controllers.labelling.session import LabelSession

FARTHEST: Final = 200
"""Pictures between two that are labelled, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class FillBetween:
    """Proposes labels for pictures between two that are labelled; returns their names."""

    project: ProjectFolder
    first: IndexMask
    last: IndexMask
    names: tuple[str, ...]
    """Of those in between, in their order."""

    @property
    def title(self) -> str:
        return tr("Filling in {n} pictures").format(n=len(self.names))

    def run(self, progress: Progress) -> list[str]:
        count, height, width = len(self.names), *self.first.shape
        between, told = Between(self.first, self.last), list[str]()
        for number, name in enumerate(progress.track(self.names), start=1):
            if self.project.size(name) != (width, height):
                continue
            share = number / (count + 1)
            mask = between.at(share, progress.token.check)
            farness = 1 - abs(2 * share - 1)  # surest beside those that are labelled
            unsure = np.full(mask.shape, round(255 * 0.5 * farness), np.uint8)
            self.project.write_prediction(name, mask, unsure)
            told.append(name)
        return told


def copy_previous(session: LabelSession) -> None:
    """Take over labels of the picture before where nothing is labelled here. Raises UserError."""
    document, names = session.document, _names(session)
    place = names.index(session.name) if session.name in names else 0
    if document is None or place == 0:
        raise UserError(tr("There is no picture before this one"), "", "")
    mask, objects = _labels_of(session, names[place - 1])
    if mask is None or not (mask != UNSEEN).any():
        raise UserError(tr("Nothing is labelled on the picture before"), names[place - 1], "")
    operations.copy_labels(document, mask, objects, only_unlabelled=True, label=tr("Copy labels"))


def interpolate(context: AppContext, session: LabelSession) -> None:
    """Propose labels for the pictures between the last labelled one and this one. Raises UserError."""
    project, names = session.project, _names(session)
    assert project is not None
    place = names.index(session.name)
    before = [n for n in range(max(0, place - FARTHEST), place) if project.entry(names[n]).is_labelled]
    between = tuple(names[before[-1] + 1 : place]) if before else ()
    if not between:
        raise UserError(
            tr("There is nothing to fill in"),
            tr("No unlabelled pictures lie between this one and one that is labelled before it."),
            tr("Label a picture, go on a few, label one more, then fill in between."),
        )
    first, last = _labels_of(session, names[before[-1]])[0], _labels_of(session, session.name)[0]
    if first is None or last is None or not (last != UNSEEN).any():
        raise UserError(tr("Nothing is labelled on this picture yet"), "", tr("Label it first."))
    if first.shape != last.shape:
        raise UserError(
            tr("The two pictures have different sizes"), "", tr("Fill in between pictures of one size.")
        )

    def show(filled: list[str]) -> None:
        show_predictions(session, filled)
        context.message.emit(tr("{n} pictures have a proposal now").format(n=len(filled)))

    context.jobs.start(FillBetween(project, first, last, between), "compute").succeeded.connect(show)


def _names(session: LabelSession) -> list[str]:
    return [] if session.project is None else [entry.name for entry in session.project.entries()]


def _labels_of(session: LabelSession, name: str) -> tuple[IndexMask | None, ObjectMask | None]:
    """As they are in memory, else on the disk."""
    document, project = session.shelf.documents.get(name), session.project
    if document is not None and document.labels is not None:
        return document.labels.mask(document.bounds), document.labels.object_mask(document.bounds)
    assert project is not None
    return project.labels(name), project.objects(name)
