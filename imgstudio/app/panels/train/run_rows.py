"""The runs as rows of a list: what each is called, how it stands, how good it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.curves import number_text
from imgstudio.core.errors import UserError
from imgstudio.learn.recipes import recipe_named
from imgstudio.learn.runs.folder import RunFolder
from imgstudio.learn.runs.records import State, Status

Index: TypeAlias = QModelIndex | QPersistentModelIndex
ROW: Final = Qt.ItemDataRole.UserRole
STATES: Final[dict[State, str]] = {
    "preparing": "Starting",
    "checking": "Looking at the data",
    "finding rate": "Finding the rate",
    "running": "Training",
    "held": "Waiting",
    "paused": "Paused",
    "stopping": "Stopping",
    "finished": "",
    "stopped": "Stopped",
    "failed": "Failed",
}
MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


@dataclass(frozen=True, eq=False, slots=True)
class RunRow:
    """What one row tells."""

    run: RunFolder
    name: str
    recipe: str
    state: str
    """In words; "" of a run that ended well."""
    is_alive: bool
    has_failed: bool
    score: str
    """The best one, "" while there is none."""
    goal: str
    steps: int
    when: str

    @classmethod
    def of(cls, run: RunFolder) -> RunRow:
        """Read a run; raises UserError where there is none any more."""
        facts, status = run.facts(), run.status()
        is_alive = run.is_alive
        return cls(
            run=run,
            name=facts.name,
            recipe=_recipe_name(facts.recipe),
            state=_state(run, status, is_alive=is_alive),
            is_alive=is_alive,
            has_failed=status.state == "failed",
            score="" if status.best is None else number_text(status.best.score),
            goal="" if status.goal is None else status.goal.name,
            steps=status.step,
            when=when_text(facts.created),
        )

    @property
    def details(self) -> str:
        """The second line."""
        steps = tr("{count:,} steps").format(count=self.steps) if self.steps else ""
        return "  ·  ".join(part for part in (self.state, self.when, self.recipe, steps) if part)

    @property
    def tip(self) -> str:
        score = tr("Best {goal}: {score}").format(goal=self.goal, score=self.score) if self.score else ""
        return "\n".join(part for part in (self.name, self.details, score, str(self.run.path)) if part)


class RunRows(QAbstractListModel):
    """Newest first; rows keep their identity as long as their run is there."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.rows: list[RunRow] = []

    def show_runs(self, runs: Sequence[RunFolder]) -> None:
        """List these runs."""
        self.beginResetModel()
        self.rows = []
        for run in runs:
            try:
                self.rows.append(RunRow.of(run))
            except UserError:
                continue  # deleted meanwhile
        self.endResetModel()

    def refresh(self, run: RunFolder) -> None:
        """Read one of the runs again."""
        for number, row in enumerate(self.rows):
            if row.run.path == run.path:
                try:
                    self.rows[number] = RunRow.of(run)
                except UserError:
                    return
                self.dataChanged.emit(self.index(number), self.index(number))

    def index_of(self, run: RunFolder | None) -> QModelIndex:
        found = [n for n, row in enumerate(self.rows) if run is not None and row.run.path == run.path]
        return self.index(found[0]) if found else QModelIndex()

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt names it
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        told = {Qt.ItemDataRole.DisplayRole: row.name, Qt.ItemDataRole.ToolTipRole: row.tip, ROW: row}
        return told.get(Qt.ItemDataRole(role))


def when_text(created: str, now: datetime | None = None) -> str:
    """How long ago, in few words; the date of what is older than a week."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return ""
    seconds = ((now or datetime.now(UTC)) - moment.astimezone(UTC)).total_seconds()
    if seconds < MINUTE:
        return tr("just now")
    if seconds < HOUR:
        return tr("{n} min ago").format(n=int(seconds // MINUTE))
    if seconds < DAY:
        return tr("{n} h ago").format(n=int(seconds // HOUR))
    if seconds < 7 * DAY:
        days = int(seconds // DAY)
        return tr("yesterday") if days == 1 else tr("{n} days ago").format(n=days)
    return moment.strftime("%Y-%m-%d")


def _recipe_name(recipe: str) -> str:
    try:
        return tr(recipe_named(recipe).name)
    except UserError:
        return recipe


def _state(run: RunFolder, status: Status, *, is_alive: bool) -> str:
    if not is_alive and not status.is_over:
        return tr("Interrupted") if status.pid else tr("Prepared")
    if status.state == "running":
        return tr("Training, {percent:.0f} %").format(percent=100 * status.done)
    told = STATES[status.state]
    return tr(told) if told else ""
