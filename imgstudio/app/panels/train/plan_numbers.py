"""The numbers of a plan: those of the chosen phase, and folded below them those of the whole run."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from imgstudio.app.forms.fold import Fold
from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.phase_form import PhaseForm
from imgstudio.app.panels.train.plan_edits import with_phase
from imgstudio.app.panels.train.run_form import RunForm
from imgstudio.learn.gan_plan import CRITIC
from imgstudio.learn.plan import Phase, Plan

EDGE: Final = 12
LONGEST_NAME: Final = 80
NAME_WIDTH: Final = 320
MOST_WIDTH: Final = 1000
"""Sliders that are longer are harder to read, not easier."""


class PlanNumbers(QScrollArea):
    """Guards: only an edit by a person is told."""

    changed = Signal(object, str)
    """The plan, and what of it was changed: changes of the same thing in a row belong together."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plan: Plan | None = None
        self._index = 0
        self.phase, self.whole = PhaseForm(), RunForm()
        self.phase.changed.connect(self._on_phase)
        self.whole.changed.connect(lambda plan: self._tell(plan, "whole"))
        self._build()

    def show_plan(self, plan: Plan, index: int, *, can_edit: bool, begins: bool) -> None:
        """`begins`: phase or plan were not shown before, so that their arrows lead back to what is there now."""
        self._plan, self._index = plan, index
        phase = plan.phases[index]
        if begins:
            self.phase.begin(phase)
        self.phase.show_phase(phase)
        self.whole.show_plan(plan)
        self._place.setText(tr("Phase {n} of {count}").format(n=index + 1, count=len(plan.phases)))
        if self.name.text() != phase.name:
            self.name.setText(phase.name)
        is_critic = phase.name == CRITIC
        self.name.setReadOnly(is_critic)
        self.name.setToolTip(
            tr("The phase of this name is where the critic learns alone") if is_critic else ""
        )
        self._inner.setEnabled(can_edit)

    def preview(self, phase: Phase) -> None:
        """Show a phase while it is being stretched."""
        self.phase.show_phase(phase)

    def _build(self) -> None:
        self._place = QLabel()
        self._place.setProperty("role", "dim")
        self.name = QLineEdit()
        self.name.setObjectName("train.phase.name")
        self.name.setAccessibleName(tr("Name of the phase"))
        self.name.setMaxLength(LONGEST_NAME)
        self.name.setMaximumWidth(NAME_WIDTH)
        self.name.textEdited.connect(self._on_name)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._place)
        head.addWidget(self.name, 2)
        head.addStretch(1)
        self.fold = Fold(tr("Whole run"), "train.plan.whole")
        self.fold.content.addWidget(self.whole)
        rule = QFrame()
        rule.setProperty("role", "line")
        self._inner = QWidget()
        self._inner.setMaximumWidth(MOST_WIDTH)
        column = QVBoxLayout(self._inner)
        column.setContentsMargins(EDGE, EDGE, EDGE, EDGE)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.phase)
        column.addWidget(rule)
        column.addWidget(self.fold)
        column.addStretch(1)
        self.setWidget(self._inner)

    def _on_phase(self, phase: Phase) -> None:
        assert self._plan is not None
        self._tell(with_phase(self._plan, self._index, phase), f"phase {self._index}")

    def _on_name(self, name: str) -> None:
        assert self._plan is not None
        phase = replace(self._plan.phases[self._index], name=name)
        self._tell(with_phase(self._plan, self._index, phase), f"name {self._index}")

    def _tell(self, plan: Plan, what: str) -> None:
        self._plan = plan
        self.changed.emit(plan, what)
