"""The plan of a training: its timeline, the numbers of the chosen phase, and what holds for the whole run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec

from PySide6.QtCore import QPoint
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.controllers.training import Training
from imgstudio.app.forms.segmented import SegmentedButtons
from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.empty import Empty
from imgstudio.app.panels.train.plan_edits import (
    added,
    duplicated,
    laid_out,
    layout_named,
    moved,
    without,
)
from imgstudio.app.panels.train.plan_layout import stripes_of
from imgstudio.app.panels.train.plan_numbers import PlanNumbers
from imgstudio.app.panels.train.plan_past import PlanPast
from imgstudio.app.panels.train.plan_texts import plan_sentence
from imgstudio.app.panels.train.plan_timeline import Timeline
from imgstudio.app.panels.train.plan_tools import PlanLegend, PlanTools
from imgstudio.core.errors import UserError
from imgstudio.core.paths import file_errors, write_atomically
from imgstudio.learn.plan import Plan, plan_from_json
from imgstudio.learn.runs.folder import RunFolder
from imgstudio.learn.runs.records import Status

P = ParamSpec("P")
EDGE: Final = 12
NOTHING: Final = "Choose on the left what to train and on which folder: the plan appears here."
TIMELINE_SHARE: Final = 0.3
LEAST_TIMELINE, MOST_TIMELINE = 208, 400
DRAFT, RUN = 0, 1
EMPTY, CONTENT = 0, 1


class PlanView(QWidget):
    """Shows the plan of the draft, to be changed, or that of the run at work, to be looked at.

    Guards: the draft is the only holder of the plan; every change goes there and comes back from there.
    """

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.plan")
        self._draft, self._watch = training.draft, training.watch
        self._past = PlanPast()
        self._mine: Plan | None = None
        """The plan of the draft as it was shown last."""
        self._run_plan: tuple[Path, Plan, int] | None = None
        """Of the run that is watched: folder, plan, pictures that it learns from."""
        self._begun: tuple[object, ...] = ()
        """Which plan and phase the numbers belong to."""
        self._build()
        self._connect()
        self._show()

    @property
    def plan(self) -> Plan | None:
        """The plan that is shown."""
        if not self.can_edit:
            return None if self._run_plan is None else self._run_plan[1]
        return self._draft.plan

    @property
    def can_edit(self) -> bool:
        return not (self._watch.is_alive and self.which.index == RUN)

    def resizeEvent(self, event: QResizeEvent) -> None:
        height = round(TIMELINE_SHARE * event.size().height())
        self.timeline.setFixedHeight(min(max(height, LEAST_TIMELINE), MOST_TIMELINE))

    def load(self, path: Path) -> None:
        """Take a plan that was saved."""
        try:
            with file_errors(path):
                text = path.read_bytes().decode("utf-8", errors="replace")
            plan = plan_from_json(text)
        except UserError as error:
            self._tell(error)
            return
        self._begun = ()
        self._change(plan)

    def save(self, path: Path) -> None:
        if self.plan is None:
            return
        try:
            write_atomically(path if path.suffix else path.with_suffix(".json"), self.plan.to_json())
        except UserError as error:
            self._tell(error)

    def _build(self) -> None:
        self.tools, self.timeline, self.legend = PlanTools(), Timeline(), PlanLegend()
        self.numbers = PlanNumbers()
        self.which = SegmentedButtons([tr("Next run"), tr("Run at work")], "train.plan.which")
        self._notice = QLabel()
        self._notice.setObjectName("train.plan.notice")
        self._notice.setWordWrap(True)
        self._notice.hide()
        under = QHBoxLayout()
        under.addWidget(self.legend, 1)
        under.addWidget(self.which)
        top = QVBoxLayout()
        top.setContentsMargins(EDGE, 8, EDGE, 4)
        top.setSpacing(8)
        top.addWidget(self.tools)
        top.addWidget(self._notice)
        top.addLayout(under)
        top.addWidget(self.timeline)
        line = QFrame()
        line.setProperty("role", "line")
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(line)
        column.addWidget(self.numbers, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(Empty("chart-timeline-variant", NOTHING))
        self._pages.addWidget(content)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._pages)

    def _connect(self) -> None:
        self._draft.changed.connect(self._show)
        self._watch.opened.connect(self._on_opened)
        self._watch.status_changed.connect(self._on_status)
        self.which.chosen.connect(self._show)
        line, tools = self.timeline, self.tools
        line.edited.connect(self._change)
        line.stretching.connect(lambda plan: self.numbers.preview(plan.phases[line.selected]))
        line.chosen.connect(self._show)
        line.menu_wanted.connect(self._on_menu)
        self.numbers.changed.connect(self._change)
        tools.undo.connect(self._on_undo)
        tools.propose.connect(self._on_propose)
        tools.duplicate.connect(self._on_duplicate)
        tools.remove.connect(lambda: self._edit(without, line.selected))
        tools.shift.connect(self._on_shift)
        tools.add.connect(lambda name: self._edit(added, line.selected, layout_named(name)))
        tools.lay_out.connect(lambda name: self._edit(laid_out, layout_named(name), self._train_count))
        tools.log_toggled.connect(line.set_log)
        tools.load.connect(self._on_load)
        tools.save.connect(self._on_save)

    @property
    def _train_count(self) -> int:
        if not self.can_edit and self._run_plan is not None:
            return self._run_plan[2]
        return 1 if self._draft.report is None else max(1, len(self._draft.report.split.train))

    def _show(self, *_: object) -> None:
        self._notice_change()
        self.which.setVisible(self._watch.is_alive)
        plan, can_edit = self.plan, self.can_edit
        self._pages.setCurrentIndex(EMPTY if plan is None else CONTENT)
        if plan is None:
            return
        line = self.timeline
        line.show_plan(plan, self._train_count, can_edit=can_edit)
        line.set_done(None if can_edit else self._watch.status.done)
        self.legend.set_layers(stripes_of(plan) > 0)
        self.tools.summary.setText(plan_sentence(plan, self._train_count))
        self.tools.show_state(
            can_edit=can_edit,
            can_undo=bool(self._past),
            is_own=self._draft.is_own_plan,
            count=len(plan.phases),
        )
        shown = (can_edit, line.selected, len(plan.phases), id(self._draft.report))
        self.numbers.show_plan(plan, line.selected, can_edit=can_edit, begins=shown != self._begun)
        self._begun = shown

    def _notice_change(self) -> None:
        """Somebody else may have changed the plan of the draft: the rate from a sweep, or another folder."""
        plan = self._draft.plan
        if plan == self._mine:
            return
        if plan is not None and self._mine is not None and self._draft.is_own_plan:
            self._past.keep(self._mine)
        else:
            self._past.forget()
            self._begun = ()
        self._mine = plan
        self._notice.hide()

    def _change(self, plan: Plan, what: str = "") -> None:
        """Give the draft another plan, as a person wants it."""
        if self._draft.plan is None or plan == self._draft.plan:
            return
        self._past.keep(self._draft.plan, what)
        self._mine = plan
        self._notice.hide()
        self._draft.set_plan(plan)

    def _edit(self, how: Callable[Concatenate[Plan, P], Plan], *args: P.args, **kwargs: P.kwargs) -> None:
        if self._draft.plan is not None and self.can_edit:
            self._change(how(self._draft.plan, *args, **kwargs))

    def _on_opened(self, run: RunFolder | None) -> None:
        self._run_plan = None
        if run is not None:
            try:
                self._run_plan = (run.path, run.plan(), len(run.report().split.train))
            except UserError:
                self._run_plan = None  # a folder that is damaged: the page of progress says so
        self.which.set_index(RUN if self._run_plan is not None else DRAFT)
        self._show()

    def _on_status(self, status: Status) -> None:
        """Twice a second: nothing that a person may be typing into is touched."""
        if self.which.isVisibleTo(self) != self._watch.is_alive:
            self._show()
        else:
            self.timeline.set_done(None if self.can_edit else status.done)

    def _on_undo(self) -> None:
        self._mine = self._past.take_back()
        self._draft.set_plan(self._mine)

    def _on_propose(self) -> None:
        before = self._draft.plan
        self._begun = ()
        self._draft.propose_again()
        if before is not None:
            self._past.keep(before)
        self._show()

    def _on_duplicate(self) -> None:
        index = self.timeline.selected
        self._edit(duplicated, index)
        self.timeline.select(index + 1)
        self._show()

    def _on_shift(self, step: int) -> None:
        source = self.timeline.selected
        self._edit(moved, source, source + step)
        self.timeline.select(source + step)
        self._show()

    def _on_menu(self, position: QPoint) -> None:
        if self.plan is not None and self.can_edit:
            self.tools.phase_menu(self.timeline.selected, len(self.plan.phases)).popup(position)

    def _on_load(self) -> None:
        dialog = self._chooser(tr("Load a plan"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.load(Path(name)))
        dialog.open()

    def _on_save(self) -> None:
        dialog = self._chooser(tr("Save the plan"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.selectFile("plan.json")
        dialog.fileSelected.connect(lambda name: self.save(Path(name)))
        dialog.open()

    def _chooser(self, title: str) -> QFileDialog:
        kinds = f"{tr('Plans')} (*.json);;{tr('All files')} (*)"
        dialog = QFileDialog(self.window(), title, str(Path.home()), kinds)
        dialog.setObjectName("train.plan.chooser")
        return dialog

    def _tell(self, error: UserError) -> None:
        """What went wrong with a file, until the next change."""
        parts: list[Any] = [error.what, error.why, error.what_to_do]
        self._notice.setText(". ".join(part.rstrip(".") for part in parts if part) + ".")
        self._notice.show()
