"""How the shown run goes, as curves: loss, scores, rate, and the sweep that finds a rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from imgstudio.app import icons
from imgstudio.app.controllers.training import Training
from imgstudio.app.forms.segmented import SegmentedButtons
from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.colours import RunColours
from imgstudio.app.panels.train.curves import By, RunCurves
from imgstudio.app.panels.train.curves_page import CurvesPage
from imgstudio.app.panels.train.empty import Empty
from imgstudio.app.panels.train.plot_pages import (
    Compared,
    Shown,
    loss_lines,
    phase_marks,
    rate_lines,
    score_lines,
)
from imgstudio.app.panels.train.sweep_page import SweepPage
from imgstudio.core.errors import UserError
from imgstudio.learn.reports import RateSweep
from imgstudio.learn.runs.folder import RunFolder
from imgstudio.learn.runs.records import Status, StepRow, ValidationRow

LOSS, SCORES, RATE, SWEEP = range(4)
NAMES: Final = ("Loss", "Scores", "Rate", "Find rate")
BY: Final[dict[By, str]] = {"step": "Steps", "epoch": "Epochs", "minutes": "Minutes"}
TAB_WIDTH: Final = 76
BY_WIDTH: Final = 66
LEAST_WIDTH: Final = 440


class Plots(QWidget):
    """Guards: only the page that is in sight is drawn; the others are when they come into sight."""

    def __init__(self, training: Training, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.plots")
        self.setMinimumWidth(LEAST_WIDTH)
        self._training, self._watch = training, training.watch
        self._colours = RunColours.of(training)
        self._runs: Sequence[RunFolder] = ()
        self.shown = Shown()
        self.loss = CurvesPage("train.loss", Empty("chart-line", "Curves appear with the first step."))
        self.scores = CurvesPage(
            "train.scores", Empty("chart-line", "Scores appear with the first validation."), charts=2
        )
        self.rate = CurvesPage(
            "train.rate", Empty("chart-line", "Curves appear with the first step."), charts=2
        )
        self.sweep = SweepPage()
        self._pages = QStackedWidget()
        for page in (self.loss, self.scores, self.rate, self.sweep):
            self._pages.addWidget(page)
        for page in (self.loss, self.scores, self.rate):
            page.redraw = self._draw
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head())
        column.addWidget(self._pages, 1)
        self._connect()
        self._on_opened(self._watch.run)

    def set_compared(self, runs: list[RunFolder]) -> None:
        """Lay the curves of these runs over those of the shown one."""
        self._runs = list(runs)
        self._colours.keep([run.path for run in runs])
        shown = self._watch.run
        others = [run for run in runs if shown is None or run.path != shown.path]
        self.shown.compared = [self._compared(run) for run in others]
        self._draw()

    def show_tab(self, tab: int) -> None:
        """LOSS, SCORES, RATE or SWEEP."""
        self.tabs.set_index(tab)
        self._pages.setCurrentIndex(tab)
        for widget in (self.by, self.logarithmic, self.whole):
            widget.setVisible(tab != SWEEP)
        self.logarithmic.setEnabled(tab != SCORES)
        self._draw()

    def show_by(self, index: int) -> None:
        """What lies along the bottom: the index of a unit in BY."""
        self.by.set_index(index)
        self.shown.by = list(BY)[index]
        self._on_whole()
        self._draw()

    def _head(self) -> QHBoxLayout:
        self.tabs = SegmentedButtons([tr(name) for name in NAMES], "train.plots.tabs")
        self.tabs.setMaximumWidth(TAB_WIDTH * len(NAMES))
        self.tabs.chosen.connect(self.show_tab)
        self.by = SegmentedButtons([tr(name) for name in BY.values()], "train.plots.by")
        self.by.setMaximumWidth(BY_WIDTH * len(BY))
        self.by.chosen.connect(self.show_by)
        self.logarithmic = _button("math-log", "train.plots.log", "Logarithmic scale")
        self.logarithmic.setCheckable(True)
        self.logarithmic.toggled.connect(self._draw)
        self.whole = _button(
            "arrow-expand-horizontal", "train.plots.whole", "Show the whole run (double click)"
        )
        self.whole.setEnabled(False)
        self.whole.clicked.connect(self._on_whole)
        row = QHBoxLayout()
        row.setContentsMargins(12, 8, 8, 4)
        row.setSpacing(4)
        row.addWidget(self.tabs, 4)
        row.addStretch(1)
        for widget in (self.by, self.logarithmic, self.whole):
            row.addWidget(widget)
        return row

    def _connect(self) -> None:
        watch = self._watch
        watch.opened.connect(self._on_opened)
        watch.status_changed.connect(self._on_status)
        watch.steps_added.connect(self._on_steps)
        watch.validated.connect(self._on_validated)
        watch.swept.connect(self._on_swept)
        for page in (self.loss, self.scores, self.rate):
            page.charts[0].zoomed.connect(self.whole.setEnabled)
        self.sweep.taken.connect(self._training.use_rate)
        self.sweep.wanted.connect(lambda: self._training.start(find_rate=True))
        self._training.draft.changed.connect(self._show_possible)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "tabs"):
            for page in (self.loss, self.scores, self.rate, self.sweep):
                page.repaint_theme()
            self._draw()

    def showEvent(self, event: object) -> None:
        self._draw()

    def _draw(self, *_: object) -> None:
        if not self.isVisible():
            return
        tab, by = self._pages.currentIndex(), self.shown.by
        log = self.logarithmic.isChecked()
        if tab == LOSS:
            self.loss.draw(loss_lines(self.shown), by=by, log_y=log, marks=[phase_marks(self.shown)])
        elif tab == SCORES:
            lines, spots = score_lines(self.shown)
            self.scores.draw(lines, by=by, spots=spots)
        elif tab == RATE:
            lines, marks = rate_lines(self.shown)
            plain = [replace(mark, name="") for mark in marks]
            self.rate.draw(lines, by=by, log_y=log, marks=[marks, plain])
        else:
            self.sweep.redraw()

    def _on_opened(self, run: RunFolder | None) -> None:
        self.shown = Shown(by=self.shown.by)
        self.sweep.show_sweep(None)
        if run is not None:
            try:
                self.shown.phases = [tr(phase.name) for phase in run.plan().phases]
                self.shown.classes = [kind.name for kind in run.report().classes]
            except UserError:
                self.shown.phases = self.shown.classes = ()  # the curves can do without names
        if self._pages.currentIndex() == SWEEP:
            self.show_tab(LOSS)  # a sweep that there is, or that begins, is shown when it is told of
        self._show_possible()
        self.set_compared(list(self._runs))
        self._on_whole()

    def _on_status(self, status: Status) -> None:
        if status.goal != self.shown.goal:
            self.shown.goal = status.goal
            self._draw()
        if status.state == "finding rate" and self._pages.currentIndex() != SWEEP:
            self.show_tab(SWEEP)
        self._show_possible()

    def _on_steps(self, rows: list[StepRow]) -> None:
        if not len(self.shown.curves) and self._pages.currentIndex() == SWEEP:
            self.show_tab(LOSS)
        self.shown.curves.add(rows)
        self._draw()

    def _on_validated(self, rows: list[ValidationRow]) -> None:
        self.shown.curves.validations = rows
        self._draw()

    def _on_swept(self, sweep: RateSweep) -> None:
        self.sweep.show_sweep(sweep)
        if not len(self.shown.curves):
            self.show_tab(SWEEP)

    def _on_whole(self) -> None:
        for page in (self.loss, self.scores, self.rate):
            page.show_all()

    def _show_possible(self) -> None:
        self.sweep.set_can_take(self._training.can_use_rate)
        self.sweep.start.setEnabled(self._training.draft.can_start)
        self.sweep.start.setVisible(not self._watch.is_alive)

    def _compared(self, run: RunFolder) -> Compared:
        number = self._colours.number(run.path)
        assert number is not None
        try:
            name = run.facts().name
        except UserError:
            name = run.path.name  # deleted since
        return Compared(str(run.path), name, number, RunCurves.of(run), run.status().goal)


def _button(glyph: str, name: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName(name)
    button.setIcon(icons.icon(glyph))
    button.setIconSize(QSize(18, 18))
    button.setFixedSize(28, 28)
    button.setToolTip(tr(tip))
    return button
