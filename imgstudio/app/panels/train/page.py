"""The Train workspace: left what to train, in the middle the plan and how it goes, right the runs and what came out."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSplitter, QTabWidget, QVBoxLayout, QWidget

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.training import Training
from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.checkpoints import Checkpoints
from imgstudio.app.panels.train.designer import Designer
from imgstudio.app.panels.train.judgement import Judgement
from imgstudio.app.panels.train.plan_view import PlanView
from imgstudio.app.panels.train.plots import Plots
from imgstudio.app.panels.train.run_bar import RunBar
from imgstudio.app.panels.train.runs_view import RunsView
from imgstudio.app.panels.train.setup_column import SetupColumn
from imgstudio.app.panels.train.strip import Strip

LEFT, MIDDLE, RIGHT = 340, 780, 320
PLAN, PROGRESS = 0, 1
NARROWEST: Final = 260


class TrainPage(QWidget):
    """Places the parts; the controller joins them."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.page")
        self.training = Training(context, self)
        self.setup = SetupColumn(self.training)
        self.plan, self.plots = PlanView(self.training), Plots(self.training)
        self.strip, self.run_bar = Strip(self.training), RunBar(self.training)
        self.runs, self.checkpoints = RunsView(self.training), Checkpoints(self.training)
        self.judgement = Judgement(self.training)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setObjectName("train.columns")
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        for part in (self._left(), self._middle(), self._right()):
            splitter.addWidget(part)
        splitter.setSizes([LEFT, MIDDLE, RIGHT])
        splitter.setStretchFactor(1, 1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(splitter)
        self._connect()

    def enter(self) -> None:
        """Show the run that is at work, or the last one."""
        self.training.attach()
        if self.training.watch.run is None:
            self.tabs.setCurrentIndex(PLAN)

    def _left(self) -> QWidget:
        scroll = QScrollArea()
        scroll.setWidget(self.setup)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        line = QFrame()
        line.setProperty("role", "line")
        left = QWidget()
        left.setMinimumWidth(LEFT)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part, stretch in ((scroll, 1), (line, 0), (self.setup.foot, 0)):
            column.addWidget(part, stretch)
        return left

    def _middle(self) -> QWidget:
        progress = QSplitter(Qt.Orientation.Vertical)
        progress.setHandleWidth(1)
        progress.setChildrenCollapsible(False)
        progress.addWidget(self.plots)
        progress.addWidget(self.strip)
        progress.setSizes([420, 420])
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.run_bar)
        column.addWidget(progress, 1)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("train.tabs")
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.plan, tr("Plan"))
        self.tabs.addTab(below, tr("Progress"))
        return self.tabs

    def _right(self) -> QWidget:
        runs = QWidget()
        column = QVBoxLayout(runs)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.runs, 3)
        column.addWidget(self.checkpoints, 2)
        tabs = QTabWidget()
        tabs.setObjectName("train.results")
        tabs.setDocumentMode(True)
        tabs.setMinimumWidth(NARROWEST)
        tabs.addTab(runs, tr("Runs"))
        tabs.addTab(self.judgement, tr("Judgement"))
        return tabs

    def _connect(self) -> None:
        watch = self.training.watch
        watch.opened.connect(lambda run: self.tabs.setCurrentIndex(PLAN if run is None else PROGRESS))
        self.training.draft.checked.connect(self._on_checked)
        self.runs.compared_changed.connect(self.plots.set_compared)
        self.setup.design_wanted.connect(self._on_design)
        self.strip.step_chosen.connect(self.checkpoints.show_step)
        self.strip.step_chosen.connect(self.judgement.show_step)

    def _on_checked(self) -> None:
        """A new plan is worth a look, unless a training is being watched."""
        if not self.training.watch.is_alive:
            self.tabs.setCurrentIndex(PLAN)

    def _on_design(self) -> None:
        Designer(self.training, self).open()
