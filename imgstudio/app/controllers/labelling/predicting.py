"""A trained model labels pictures beforehand, one at a time, the next ones first, while nothing else is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.labelling.order import following
from imgstudio.app.controllers.labelling.proposal import show_predictions
from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.jobs import JobHandle
from imgstudio.core import imagefile
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.labelling.statistics import compared
from imgstudio.core.labelproject import header
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import UNSEEN, IndexMask
from imgstudio.core.pixels import over_grey

REST_MS: Final = 60
"""Between two pictures, so that what a person asks for comes in between."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How a prediction compares with labels."""

    agreed: float | None
    """Share of what the model said that the labels say too, of what both say; None where they do not meet."""
    iou: float | None = None
    """Mean of the classes that either has there."""

    @property
    def disagreement(self) -> float | None:
        return None if self.agreed is None else 1 - self.agreed


@dataclass(frozen=True, slots=True)
class Predicted:
    """What one job did."""

    name: str
    """Of the picture that was labelled; "" when none was left."""
    fresh: tuple[str, ...] = ()
    """Pictures that the model had labelled before."""
    failed: tuple[str, ...] = ()
    judged: Judged = Judged(None)


@dataclass(frozen=True, slots=True, eq=False)
class PredictOne:
    """Labels the first of some pictures that the model has not labelled yet."""

    project: ProjectFolder
    names: tuple[str, ...]
    model: str
    values: Mapping[str, int]
    """Names of classes -> label values."""
    since: float
    """time.time() of the model: older predictions are those of another."""
    device: str = "auto"
    title: str = "Labelling beforehand"
    quiet: bool = True

    def run(self, progress: Progress) -> Predicted:
        fresh, failed = list[str](), list[str]()
        for name in self.names:
            progress.update(0.0)
            if is_fresh(self.project, name, self.since):
                fresh.append(name)
                continue
            try:
                judged = self._predict(name, progress)
            except UserError:  # a broken picture: it is told when somebody opens it
                failed.append(name)
                continue
            return Predicted(name, tuple(fresh), tuple(failed), judged)
        return Predicted("", tuple(fresh), tuple(failed))

    def _predict(self, name: str, progress: Progress) -> Judged:
        from imgstudio.engine.class_map import class_map
        from imgstudio.filters.models import models

        registry = models()
        pixels = over_grey(imagefile.read(self.project.picture(name)).pixels)
        found = class_map(registry, self.model, pixels, progress, self.device)
        names = registry.manifest(self.model).classes
        table = np.full(256, UNSEEN, np.uint8)
        table[: len(names)] = [self.values.get(known, UNSEEN) for known in names]
        mask = table[found.indices]
        self.project.write_prediction(name, mask, found.unsure)
        labels = self.project.labels(name)
        return Judged(None) if labels is None else judged(mask, labels)


def judged(prediction: IndexMask, labels: IndexMask) -> Judged:
    """Compare (h, w) values where both say something; masks of different sizes do not meet."""
    if prediction.shape != labels.shape:
        return Judged(None)
    told = compared(labels, prediction)
    return Judged(1 - told.share, told.mean_iou) if told.compared else Judged(None)


def is_fresh(project: ProjectFolder, name: str, since: float) -> bool:
    """Whether what is predicted of a picture is not older than a moment, time.time()."""
    try:
        return header.place(project.path, header.PREDICTIONS, name).stat().st_mtime >= since
    except OSError:
        return False


class Predicting(QObject):
    """Guards: at most one picture at a time, and it makes room for whatever else waits for the processor."""

    changed = Signal()

    def __init__(self, context: AppContext, session: LabelSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context, self._session = context, session
        self._model, self._since = "", 0.0
        self._values: Mapping[str, int] = {}
        self._known: set[str] = set()
        """Pictures that need no look any more."""
        self._handle: JobHandle | None = None
        self.is_wanted = True
        """What a person says."""
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._go_on)
        self._watch = QTimer(self, interval=REST_MS)
        self._watch.timeout.connect(self._make_room)

    @property
    def has_model(self) -> bool:
        return bool(self._model)

    @property
    def is_at_work(self) -> bool:
        return self._handle is not None or self._rest.isActive()

    @property
    def count(self) -> int:
        """Pictures that the model has labelled, or cannot."""
        return len(self._known)

    @property
    def total(self) -> int:
        project = self._session.project
        return 0 if project is None else len(project.entries())

    def use(self, model: str, values: Mapping[str, int], since: float) -> None:
        """Label with another model from now on, made at `since` (time.time()); "": with none."""
        self._model, self._values, self._since = model, values, since
        self._known.clear()
        self._rest.stop()
        if self._handle is not None:
            self._handle.cancel()
        self.wake()

    def set_wanted(self, wanted: bool) -> None:
        self.is_wanted = wanted
        self._rest.stop()
        if not wanted and self._handle is not None:
            self._handle.cancel()
        self.wake()

    def wake(self) -> None:
        """There may be something to do."""
        if self._model and self.is_wanted and self._session.project is not None:
            self._rest.start()
        self.changed.emit()

    def candidates(self) -> tuple[str, ...]:
        """Pictures that are not known to be labelled by the model: the next ones, others nobody labelled, the rest."""
        project = self._session.project
        if project is None:
            return ()
        entries = [entry for entry in project.entries() if entry.name not in self._known]
        names = {entry.name for entry in entries}
        order = self._session.order
        next_ones = [self._session.name, *following(order, self._session.name, 1, len(order))]
        bare = [entry.name for entry in entries if not entry.is_labelled]
        bare_names = set(bare)
        first = [name for name in next_ones if name in bare_names]
        rest = [entry.name for entry in entries if entry.is_labelled]
        return tuple(name for name in dict.fromkeys((*first, *bare, *rest)) if name in names)

    def _go_on(self) -> None:
        project, names = self._session.project, self.candidates()
        if project is None or not names or self._handle is not None:
            self.changed.emit()
            return
        if any(handle.lane == "compute" for handle in self._context.jobs.handles):
            self._rest.start(10 * REST_MS)
            return
        job = PredictOne(
            project, names, self._model, self._values, self._since, self._context.settings.device
        )
        self._handle = handle = self._context.jobs.start(job, "compute")
        handle.is_told_elsewhere = True
        handle.succeeded.connect(self._on_predicted)
        handle.failed.connect(self._on_failed)
        handle.finished.connect(self._on_finished)
        self._watch.start()

    def _on_predicted(self, outcome: Predicted) -> None:
        self._known.update((*outcome.fresh, *outcome.failed))
        if not outcome.name:
            return
        self._known.add(outcome.name)
        session = self._session
        if outcome.judged.agreed is not None:
            disagreement = outcome.judged.disagreement
            session.change(outcome.name, lambda entry: replace(entry, disagreement=disagreement))
        show_predictions(session, [outcome.name])

    def _on_failed(self, error: Exception) -> None:
        self._model = ""  # it would fail again
        self._context.error.emit(error)

    def _make_room(self) -> None:
        others = [handle for handle in self._context.jobs.handles if handle is not self._handle]
        if self._handle is not None and any(handle.lane == "compute" for handle in others):
            self._handle.cancel()

    def _on_finished(self) -> None:
        self._handle = None
        self._watch.stop()
        self.wake()
