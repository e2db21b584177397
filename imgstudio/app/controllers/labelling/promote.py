"""From labels to a network that labels: trained in a process of its own, it then labels the next pictures beforehand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from PySide6.QtCore import QObject, Qt, Signal

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.labelling.judging import Judging
from imgstudio.app.controllers.labelling.predicting import Predicting
from imgstudio.app.controllers.labelling.rounds import (
    Round,
    class_names,
    new_round,
    read_rounds,
    write_rounds,
)
from imgstudio.app.controllers.labelling.session import LabelSession
from imgstudio.app.i18n import tr
from imgstudio.core.errors import UserError

if TYPE_CHECKING:
    from imgstudio.app.controllers.training import Training
    from imgstudio.engine.manifest import ModelManifest
    from imgstudio.learn.runs.records import Status

MINUTES: Final = 15.0
RECIPE: Final = "segment_unet"
Phase = Literal["idle", "checking", "training"]


class Promotion(QObject):
    """Guards: each round learns from all labels that there are, anew unless told otherwise; one at a time."""

    changed = Signal()
    """Anything that is shown of it."""

    def __init__(self, context: AppContext, session: LabelSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context, self._session = context, session
        self.minutes = MINUTES
        self.goes_on = False
        """Whether the next round shall go on from the last model instead of learning anew."""
        self.rounds: tuple[Round, ...] = ()
        self.phase: Phase = "idle"
        self.problem: UserError | None = None
        """Why the last one did not begin, or failed."""
        self._training: Training | None = None
        self.predicting = Predicting(context, session, self)
        self._judging = Judging(context, session, lambda: 0 if self.last is None else self.last.number, self)
        self.predicting.changed.connect(self.changed)
        session.project_changed.connect(self._on_project)
        session.entries_changed.connect(lambda _: self.changed.emit())
        session.picture_changed.connect(lambda _: self.predicting.wake())
        self._on_project(session.project)

    @property
    def status(self) -> Status | None:
        """Of the training that is at work."""
        return (
            self._training.watch.status if self._training is not None and self.phase == "training" else None
        )

    @property
    def last(self) -> Round | None:
        """The last round that ended with a model."""
        return next((item for item in reversed(self.rounds) if item.is_over), None)

    @property
    def start_from(self) -> str:
        """Id of the model that a round can go on from: installed, of the last round, of the same classes; else ""."""
        last = self.last
        if last is None:
            return ""
        names = class_names(self._session.classes)
        known = (item for item in self._context.models().manifests("segment") if item.id == last.model)
        return next((item.id for item in known if item.classes == names), "")

    def start(self) -> None:
        """Look at the labels and train on them."""
        if self._session.project is None or self.phase != "idle":
            return
        self.phase, self.problem = "checking", None
        self._session.save_now()
        self.changed.emit()
        if self._session.saver.is_busy:
            once = Qt.ConnectionType(
                Qt.ConnectionType.QueuedConnection.value | Qt.ConnectionType.SingleShotConnection.value
            )
            self._session.saver.rested.connect(self._check, once)
        else:
            self._check()

    def stop(self) -> None:
        """End it, and keep the best model so far."""
        if self.phase == "training" and self._training is not None:
            self._training.send("stop")

    def cancel(self) -> None:
        """End it without a model."""
        if self.phase == "training" and self._training is not None:
            self._training.send("cancel")
        elif self.phase == "checking":
            self.phase = "idle"
            self.changed.emit()

    def _check(self) -> None:
        project = self._session.project
        if project is None or self.phase != "checking":
            return
        from imgstudio.learn.recipe import Request
        from imgstudio.learn.recipes import recipe_named

        draft, recipe = self._trainer().draft, recipe_named(RECIPE)
        draft.name = tr("{name}, round {n}").format(name=project.path.name, n=self._next_number())
        params = recipe.params(start_from=self.start_from if self.goes_on else "")
        draft.take(recipe, params, Request(minutes=self.minutes), project.path)

    def _trainer(self) -> Training:
        """Made when it is needed: recipes and records of trainings are loaded by then."""
        if self._training is None:
            from imgstudio.app.controllers.training import Training

            self._training = training = Training(self._context, self)
            training.draft.checked.connect(self._on_checked)
            training.watch.status_changed.connect(self._on_status)
            training.watch.ended.connect(self._on_ended)
            training.installed.connect(self._on_installed)
        return self._training

    def _on_checked(self) -> None:
        training, project = self._training, self._session.project
        if training is None or project is None or self.phase != "checking":
            return
        draft = training.draft
        if draft.folder != project.path:
            return
        if not draft.can_start:
            self._fail(draft.problem or _told(draft.report))
            return
        before = training.watch.run
        training.start()
        run = training.watch.run
        if run is None or run is before:  # another training is at work; that was told
            self._fail(None)
            return
        number, start_from = self._next_number(), draft.params.start_from
        entries = project.entries()
        fresh = new_round(number, run.path, project.classes, self.minutes, entries, start_from=start_from)
        self._keep((*(item for item in self.rounds if item.is_over), fresh))
        self.phase = "training"
        self.changed.emit()

    def _on_status(self, status: Status) -> None:
        self.changed.emit()

    def _on_ended(self, status: Status) -> None:
        """With a model, `_on_installed` was told first."""
        if self.phase != "training":
            return
        error = status.error
        self._fail(None if error is None else UserError(error.what, error.why, error.what_to_do))

    def _on_installed(self, manifest: ModelManifest) -> None:
        training = self._training
        if training is None or not self.rounds or self.rounds[-1].is_over:
            return
        run, status = training.watch.run, training.watch.status
        if run is None or run.path.name != self.rounds[-1].run:
            return
        self.phase = "idle"
        self._complete(manifest.id, status)

    def _complete(self, model: str, status: Status) -> None:
        """The last round has its model."""
        over = replace(
            self.rounds[-1],
            model=model,
            score=None if status.best is None else status.best.score,
            goal="" if status.goal is None else status.goal.name,
            created=datetime.now().astimezone().isoformat(timespec="seconds"),
        )
        self.goes_on = False
        self._keep((*self.rounds[:-1], over))
        self._predict()
        self.changed.emit()

    def _on_project(self, project: Any) -> None:
        if self._training is not None:
            self._training.watch.open(None)
        self.rounds = () if project is None else read_rounds(project.path)
        self.phase, self.problem, self.goes_on = "idle", None, False
        if self.rounds and not self.rounds[-1].is_over:
            self._go_on_with(self.rounds[-1])
        self._predict()
        self.changed.emit()

    def _go_on_with(self, unfinished: Round) -> None:
        """A training outlives its window: watch it, or take over what came of it meanwhile."""
        from imgstudio.learn.runs.folder import RunFolder

        training = self._trainer()
        run = RunFolder(training.parent_folder / unfinished.run)
        status = run.status()
        if run.is_alive:
            self.phase = "training"
            training.watch.open(run)
        elif status.installed:
            self._complete(status.installed, status)
        else:
            self.rounds = tuple(item for item in self.rounds if item.is_over)

    def _predict(self) -> None:
        """Label with the model of the last round, if it is still installed."""
        last = self.last
        models = {manifest.id for manifest in self._context.models().manifests()} if last is not None else ()
        if last is None or last.model not in models:
            self.predicting.use("", {}, 0.0)
        else:
            self.predicting.use(last.model, last.values, datetime.fromisoformat(last.created).timestamp())

    def _next_number(self) -> int:
        return max((item.number for item in self.rounds if item.is_over), default=0) + 1

    def _keep(self, rounds: tuple[Round, ...]) -> None:
        self.rounds = rounds
        project = self._session.project
        if project is not None:
            try:
                write_rounds(project.path, rounds)
            except UserError as error:
                self._context.error.emit(error)

    def _fail(self, problem: UserError | None) -> None:
        self.phase, self.problem = "idle", problem
        self.changed.emit()


def _told(report: Any) -> UserError:
    """The first thing that is wrong with the labels."""
    if report is not None and report.errors:
        return UserError(report.errors[0].what, "", report.errors[0].what_to_do)
    return UserError(tr("There is too little to learn from"), "", tr("Label a few more pictures."))
