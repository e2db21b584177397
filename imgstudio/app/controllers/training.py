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
        self._workers: list[subprocess.Popen[bytes]] = []
        self._awaited: set[Path] = set()
        """Runs started here whose model becomes a filter when they end."""
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
        if draft.report is None or draft.plan is None:
            return
        if self.watch.is_alive:
            self._context.error.emit(
                UserError(
                    tr("A training is at work"),
                    tr("Two at once would take each other the processor."),
                    tr("Stop it, or wait until it ends."),
                )
            )
            return
        name = draft.name.strip() or f"{draft.recipe.name} {draft.report.folder.name}"
        try:
            run = prepare(
                draft.recipe,
                draft.report,
                draft.params,
                draft.plan,
                draft.request,
                self.parent_folder,
                name,
            )
            self._begin(run, *(["--find-rate"] if find_rate else []))
        except UserError as error:
            self._context.error.emit(error)
            return
        if not find_rate:
            self._awaited.add(run.path)
        self.watch.open(run)
        self.runs_changed.emit()

    def resume(self) -> None:
        """Go on with the run that is shown, where its last checkpoint is."""
        run = self.watch.run
        if run is None or run.is_alive:
            return
        try:
            self._begin(run, *(["--resume"] if run.has_started else []))
        except UserError as error:
            self._context.error.emit(error)
            return
        self._awaited.add(run.path)
        self.watch.open(run)

    def send(self, command: Command) -> None:
        """Pause, resume, stop (keeps the best) or cancel the run that is shown."""
        if self.watch.run is None:
            return
        try:
            self.watch.run.send(command)
        except UserError as error:
            self._context.error.emit(error)

    def use_rate(self, rate: float) -> None:
        """Take a rate from the sweep into the plan of the draft."""
        if self.draft.plan is not None:
            self.draft.set_plan(at_rate(self.draft.plan, rate))

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

    def _begin(self, run: RunFolder, *extra: str) -> None:
        self._workers.append(start_worker(run, *extra))
        self._burials.start()

    def _bury(self) -> None:
        self._workers = [worker for worker in self._workers if worker.poll() is None]
        if not self._workers:
            self._burials.stop()

    def _on_ended(self, status: Status) -> None:
        run = self.watch.run
        self.runs_changed.emit()
        if run is None or run.path not in self._awaited:
            return
        self._awaited.discard(run.path)
        if status.state in ("finished", "stopped") and run.model is not None:
            self.install()

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
