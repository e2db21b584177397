"""A training that is being set up: recipe, folder and wishes; the check of the data and the plan follow from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from imgstudio.app.jobs import JobHandle, JobService
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.plan import Plan
from imgstudio.learn.recipe import AnyRecipe, Request

SETTLE_MS: Final = 250
"""After the last change of a number before the data are looked at again."""


@dataclass(frozen=True, slots=True, eq=False)
class CheckData:
    """Looks at the folder as the recipe does, and proposes a plan."""

    recipe: AnyRecipe
    folder: Path
    params: Any
    request: Request
    title: str = "Looking at the data"
    quiet: bool = True

    def run(self, progress: Progress) -> tuple[DatasetReport, Plan | None]:
        report = self.recipe.check(self.folder, self.params, progress)
        plan = self.recipe.plan(report, self.params, self.request) if report.can_start else None
        return report, plan


class TrainingDraft(QObject):
    """Guards: `report` and `plan` belong to the present recipe, folder and parameters, or are None."""

    changed = Signal()
    """Recipe, folder, parameters, request or plan are others now."""
    checking = Signal(float, str)
    """Progress of the check, 0..1."""
    checked = Signal()
    """`report` is there, or `problem` says why not."""

    def __init__(self, jobs: JobService, recipe: AnyRecipe, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.recipe = recipe
        self.params: Any = recipe.params()
        self.folder: Path | None = None
        self.request = Request()
        self.name = ""
        self.report: DatasetReport | None = None
        self.plan: Plan | None = None
        self.problem: UserError | None = None
        self.is_own_plan = False
        """Whether a person changed the proposed plan."""
        self._check: JobHandle | None = None
        self._later = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._later.timeout.connect(self._look)

    @property
    def is_checking(self) -> bool:
        return self._later.isActive() or (self._check is not None and not self._check.is_finished)

    @property
    def can_start(self) -> bool:
        return self.plan is not None and self.report is not None and self.report.can_start

    def set_recipe(self, recipe: AnyRecipe) -> None:
        if recipe.id != self.recipe.id:
            self.recipe, self.params = recipe, recipe.params()
            self._start_over()

    def set_folder(self, folder: Path | None) -> None:
        """Also looks again at the folder that is chosen already."""
        self.folder = folder
        self._start_over()

    def set_params(self, params: Any) -> None:
        if params != self.params:
            self.params = params
            self._start_over()

    def set_request(self, request: Request) -> None:
        """Another budget makes another plan; the data stay as they are."""
        if request == self.request:
            return
        self.request = request
        self.is_own_plan = False
        self._propose()
        self.changed.emit()

    def set_plan(self, plan: Plan) -> None:
        """As a person edited it."""
        if plan != self.plan:
            self.plan, self.is_own_plan = plan, True
            self.changed.emit()

    def propose_again(self) -> None:
        """Back to the recipe's own plan."""
        self.is_own_plan = False
        self._propose()
        self.changed.emit()

    def take(self, recipe: AnyRecipe, params: Any, request: Request, folder: Path) -> None:
        """Start from what an earlier run was started with."""
        self.recipe, self.params, self.request, self.folder = recipe, params, request, folder
        self._start_over()

    def _start_over(self) -> None:
        self.report = self.plan = self.problem = None
        self.is_own_plan = False
        if self._check is not None and not self._check.is_finished:
            self._check.cancel()
        if self.folder is not None:
            self._later.start()
        self.changed.emit()

    def _propose(self) -> None:
        if self.report is None or not self.report.can_start:
            return
        try:
            self.plan = self.recipe.plan(self.report, self.params, self.request)
        except UserError as error:
            self.plan, self.problem = None, error

    def _look(self) -> None:
        if self.folder is None:
            return
        job = CheckData(self.recipe, self.folder, self.params, self.request)
        handle = self._check = self._jobs.start(job, "io")
        handle.is_told_elsewhere = True
        handle.progressed.connect(self.checking)
        handle.succeeded.connect(self._unless_stale(handle, partial(self._on_checked, request=self.request)))
        handle.failed.connect(self._unless_stale(handle, self._on_failed))

    def _unless_stale(self, handle: JobHandle, then: Callable[[Any], None]) -> Callable[[Any], None]:
        return lambda outcome: then(outcome) if handle is self._check else None

    def _on_checked(self, outcome: tuple[DatasetReport, Plan | None], request: Request) -> None:
        self.report, self.plan = outcome
        if request != self.request:  # another budget was set in the meantime
            self._propose()
        self.checked.emit()
        self.changed.emit()

    def _on_failed(self, error: Exception) -> None:
        self.problem = (
            error
            if isinstance(error, UserError)
            else UserError("The folder could not be looked at", str(error), "Choose another folder.")
        )
        self.checked.emit()
        self.changed.emit()
