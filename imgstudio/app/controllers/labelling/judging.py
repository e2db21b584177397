"""When a picture is left that a model labelled beforehand: how much of that was kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.labelling.predicting import Judged, judged
from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.core.jobs import Progress
from imgstudio.core.labelproject.entries import Entry
from imgstudio.core.labelproject.folder import ProjectFolder


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Compares what is on the disk."""

    project: ProjectFolder
    name: str
    title: str = "Comparing labels and prediction"
    quiet: bool = True

    def run(self, progress: Progress) -> Judged:
        progress.update(0.0)
        said, labels = self.project.prediction(self.name), self.project.labels(self.name)
        return Judged(None) if said is None or labels is None else judged(said.mask, labels)


class Judging(QObject):
    """Guards: a picture is judged after its labels are written, and only if something was painted on it.

    It counts for a round only if it was bare when that round's model labelled it: a model has learned from labels.
    """

    def __init__(
        self,
        context: AppContext,
        session: LabelSession,
        round_of: Callable[[], int],
        parent: QObject | None = None,
    ) -> None:
        """`round_of`: number of the round whose model predicts now, 0 for none."""
        super().__init__(parent)
        self._context, self._session, self._round_of = context, session, round_of
        self._name, self._strokes = "", 0
        self._is_own = False
        """Whether a person had labelled the picture before any model did."""
        self._waiting: set[tuple[str, bool]] = set()
        """Names of pictures that are to be judged, and whether they are a person's own."""
        session.document_changed.connect(self._on_document)
        session.picture_changed.connect(self._on_left)
        session.saver.rested.connect(self._judge_waiting)

    def _on_document(self, document: object) -> None:
        session = self._session
        self._name, self._strokes = session.shown, session.meter.effort.strokes
        entry = None if session.project is None or not self._name else session.project.entry(self._name)
        self._is_own = entry is not None and entry.is_labelled and not entry.effort.round

    def _on_left(self, entry: Entry | None) -> None:
        name, session = self._name, self._session
        if not name or name != session.shown or session.project is None:
            return
        was_predicted = session.project.entry(name).unsure is not None
        if was_predicted and session.meter.effort.strokes > self._strokes:
            self._waiting.add((name, self._is_own))
            if not session.saver.is_busy:
                self._judge_waiting()

    def _judge_waiting(self) -> None:
        project, waiting = self._session.project, sorted(self._waiting)
        self._waiting.clear()
        if project is None:
            return
        for name, is_own in waiting:
            handle = self._context.jobs.start(Judge(project, name), "io")
            number = None if is_own else self._round_of()
            handle.succeeded.connect(partial(self._on_judged, name, number))

    def _on_judged(self, name: str, number: int | None, outcome: Judged) -> None:
        """`number` of the round whose model labelled it, None where that was a person."""

        def told(entry: Entry) -> Entry:
            effort = entry.effort
            if number is not None and effort.round in (0, number):
                effort = replace(effort, round=number, agreed=outcome.agreed, iou=outcome.iou)
            return replace(entry, effort=effort, disagreement=outcome.disagreement)

        if outcome.agreed is not None:
            self._session.change(name, told)
