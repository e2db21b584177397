"""Trains from the window: starts and steers workers, takes their models over as filters, keeps the list of runs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.training_draft import TrainingDraft
from imgstudio.app.controllers.training_watch import RunWatch
from imgstudio.app.i18n import tr
from imgstudio.core import params as declared
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Job, Progress
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.recipes import recipe_named, recipes
from imgstudio.learn.runs.folder import RunFolder, runs_folder, runs_in
from imgstudio.learn.runs.launch import start_worker
from imgstudio.learn.runs.prepare import at_rate, prepare
from imgstudio.learn.runs.records import Command, Status

if TYPE_CHECKING:
    from imgstudio.engine.manifest import ModelManifest

FIRST_RECIPE: Final = "segment_unet"
BURY_MS: Final = 2000
"""Between looks at workers that may have ended."""


@dataclass(frozen=True, slots=True, eq=False)
class KeepModel:
    """Makes the model of a run, or of one of its checkpoints, one of the user's own."""

    run_folder: Path
    which: str
    """"" for the model that the run kept, else "best", "last" or a step."""
    name: str
    title: str

    def run(self, progress: Progress) -> ModelManifest:
        from imgstudio.learn.runs.exporting import export_checkpoint
        from imgstudio.learn.runs.install import install

        progress.update(0.0)
        run = RunFolder(self.run_folder)
        if not self.which and run.model is not None:
            return install(run.model, self.name)
        from imgstudio.core.paths import ensured, models_folder

        return export_checkpoint(run, self.which or "best", ensured(models_folder()), self.name)[0]


@dataclass(frozen=True, slots=True, eq=False)
class ExportModel:
    """Writes a model folder, or an ONNX file, wherever the user wants it; returns where."""

    run_folder: Path
    which: str
    target: Path
    """A folder, or a file that ends in .onnx."""
    title: str

    def run(self, progress: Progress) -> Path:
        import tempfile

        from imgstudio.learn.runs.exporting import export_checkpoint

        progress.update(0.0)
        run = RunFolder(self.run_folder)
        if self.target.suffix.lower() != ".onnx":
            return export_checkpoint(run, self.which, self.target)[1]
        from imgstudio.learn.runs.onnx import write_onnx

        with tempfile.TemporaryDirectory(prefix="imgstudio-") as draft:
            _, folder = export_checkpoint(run, self.which, Path(draft))
            progress.update(0.5)
            write_onnx(folder, self.target)
        return self.target


class Training(QObject):
    """Guards: a worker started here is buried when it ends; a run is changed only through its letterbox."""

    runs_changed = Signal()
    """There are more or fewer runs."""
    installed = Signal(object)
    """The ModelManifest of a model that became a filter."""

    def __init__(self, context: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.recipes = recipes()
        first = next((recipe for recipe in self.recipes if recipe.id == FIRST_RECIPE), self.recipes[0])
        self.draft = TrainingDraft(context.jobs, first, self)
        self.watch = RunWatch(context.jobs, self)
        self.watch.ended.connect(self._on_ended)
        self.parent_folder = runs_folder()
        self._workers: list[tuple[Path, subprocess.Popen[bytes]]] = []
        """With the run that they work at."""
        self._burials = QTimer(self, interval=BURY_MS)
        self._burials.timeout.connect(self._bury)

    def runs(self) -> list[RunFolder]:
        """Newest first."""
        return runs_in(self.parent_folder) if self.parent_folder.is_dir() else []

    def attach(self) -> None:
        """Show the run that is at work, or the newest one: also after the window crashed."""
        if self.watch.run is not None:
            return
        runs = self.runs()
        alive = [run for run in runs if run.is_alive]
        if alive or runs:
            self.watch.open((alive or runs)[0])

    def start(self, *, find_rate: bool = False) -> None:
        """Train by the draft, or only sweep the rate, in a process of its own."""
        draft = self.draft
        if draft.report is None or draft.plan is None or self._is_busy():
            return
        try:
            run = self.drafted()
            if run is None:
                run = prepare(
                    draft.recipe,
                    draft.report,
                    draft.params,
                    draft.plan,
                    draft.request,
                    self.parent_folder,
                    self.name,
                )
            else:
                run.change_plan(draft.plan)
            self._begin(run, "--find-rate" if find_rate else "--install")
        except UserError as error:
            self._context.error.emit(error)

    def resume(self) -> None:
        """Go on with the run that is shown, where its last checkpoint is."""
        run = self.watch.run
        if run is None or self._is_busy():
            return
        try:
            self._begin(run, "--install", *(["--resume"] if run.has_started else []))
        except UserError as error:
            self._context.error.emit(error)

    @property
    def name(self) -> str:
        """What a run of the draft is called."""
        draft = self.draft
        folder = "" if draft.folder is None else draft.folder.name
        return draft.name.strip() or f"{draft.recipe.name} {folder}".strip()

    def drafted(self) -> RunFolder | None:
        """The run that is shown, when it is this draft and nothing but its rate was looked for yet."""
        run, draft = self.watch.run, self.draft
        if run is None or self.watch.is_alive or draft.report is None or run.has_started:
            return None
        try:
            facts, report = run.facts(), run.report()
        except UserError:
            return None
        told = (facts.recipe, dict(facts.params), facts.request, facts.name)
        wanted = (draft.recipe.id, declared.to_json(draft.params), draft.request, self.name)
        return run if told == wanted and _pictures(report) == _pictures(draft.report) else None

    def send(self, command: Command) -> None:
        """Pause, resume, stop (keeps the best) or cancel the run that is shown."""
        if self.watch.run is None:
            return
        try:
            self.watch.run.send(command)
        except UserError as error:
            self._context.error.emit(error)

    def use_rate(self, rate: float) -> None:
        """Take a rate from the sweep into the plan of the draft, or of the run where nothing is drafted."""
        run = self.watch.run
        if self.draft.plan is not None:
            self.draft.set_plan(at_rate(self.draft.plan, rate))
        elif run is not None and self.can_use_rate:
            try:
                run.change_plan(at_rate(run.plan(), rate))
            except UserError as error:
                self._context.error.emit(error)

    @property
    def can_use_rate(self) -> bool:
        """Whether there is a plan that has not begun."""
        run = self.watch.run
        is_fresh = self.watch.status.state == "preparing" and not self.watch.is_alive
        is_waiting = run is not None and is_fresh and not run.has_started
        return self.draft.plan is not None or is_waiting

    def repeat(self, run: RunFolder) -> None:
        """Fill the draft with what a run was started with."""
        try:
            facts, report = run.facts(), run.report()
            recipe = recipe_named(facts.recipe)
            params = declared.from_json(recipe.params, dict(facts.params))
        except UserError as error:
            self._context.error.emit(error)
            return
        self.draft.take(recipe, params, facts.request, report.folder)

    def delete(self, run: RunFolder) -> None:
        try:
            run.delete()
        except UserError as error:
            self._context.error.emit(error)
            return
        if self.watch.run is not None and self.watch.run.path == run.path:
            self.watch.open(None)
        self.runs_changed.emit()

    def install(self, which: str = "", *, then: Callable[[ModelManifest], None] | None = None) -> None:
        """Make a filter of the run that is shown: of its kept model, or of the checkpoint `which`."""
        run = self.watch.run
        if run is None:
            return
        name = run.facts().name
        shown = f"{name}, {which}" if which and which not in ("best", "last") else name
        job = KeepModel(run.path, which, shown, tr("Making a filter of “{name}”").format(name=shown))

        def take_over(manifest: ModelManifest) -> None:
            self._take_over(manifest)
            if then is not None:
                then(manifest)

        self._do(job, take_over)

    def try_out(self, which: str = "") -> None:
        """Open the filter of the run's model on the current document."""
        self.install(which, then=self._open_filter)

    def export(self, which: str, target: Path) -> None:
        run = self.watch.run
        if run is None:
            return
        job = ExportModel(run.path, which, target, tr("Exporting the model"))
        self._do(job, lambda path: self._context.message.emit(tr("Wrote {path}").format(path=path)))

    def _is_busy(self) -> bool:
        """Whether one is at work already; then it says so."""
        if not self.watch.is_alive and not any(run.is_alive for run in self.runs()):
            return False
        self._context.error.emit(
            UserError(
                tr("A training is at work"),
                tr("Two at once would take each other the processor."),
                tr("Stop it, or wait until it ends."),
            )
        )
        return True

    def _begin(self, run: RunFolder, *extra: str) -> None:
        worker = start_worker(run, *extra)
        self._workers.append((run.path, worker))
        self._burials.start()
        self.watch.open(run, worker)
        self.runs_changed.emit()

    def _bury(self) -> None:
        ended = [path for path, worker in self._workers if worker.poll() is not None]
        self._workers = [(path, worker) for path, worker in self._workers if worker.returncode is None]
        for path in ended:
            if self.watch.run is None or self.watch.run.path != path:  # else the watch tells
                self._on_ended(RunFolder(path).status())
        if not self._workers:
            self._burials.stop()

    def _on_ended(self, status: Status) -> None:
        self.runs_changed.emit()
        if not status.installed:
            return
        models = self._context.models()
        models.refresh()
        manifest = next((one for one in models.manifests() if one.id == status.installed), None)
        if manifest is not None:
            self._take_over(manifest)

    def _take_over(self, manifest: ModelManifest) -> None:
        self._context.models().refresh()
        self._context.message.emit(
            tr("“{name}” is a filter now: Filter menu, or Ctrl+K").format(name=manifest.name)
        )
        self.installed.emit(manifest)

    def _open_filter(self, manifest: ModelManifest) -> None:
        from imgstudio.filters.learned.kind import filter_id

        self._context.window.workspaces.show("edit")
        self._context.filter_panel.open(filter_id(manifest.id))

    def _do(self, job: Job[Any], then: Callable[[Any], None]) -> None:
        handle = self._context.jobs.start(job, "compute")
        handle.succeeded.connect(then)


def _pictures(report: DatasetReport) -> tuple[object, ...]:
    return report.split, *(sample.image for sample in report.samples)
