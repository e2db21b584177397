"""The sweep of learning rates: a click into it, or a button, takes a rate into the plan."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.chart import Chart, Line, Mark
from imgstudio.app.panels.train.colours import Ink
from imgstudio.app.panels.train.curves import nearest, number_text
from imgstudio.app.panels.train.empty import Empty
from imgstudio.app.panels.train.legend import WIDTH, Entry, Legend
from imgstudio.app.panels.train.plot_pages import RAW
from imgstudio.learn.reports import RateSweep

LEAST_SPAN: Final = 0.2
"""Of the losses shown, relative to the first."""
NO_SWEEP: Final = "Rising learning rates are tried for about a minute; here the loss shows which one suits."
TREND: Final = Ink("text", 1.6)
STEEPEST: Final = "steepest"
VALLEY: Final = "valley"


class SweepPage(QWidget):
    """Guards: the chosen rate is one that was tried."""

    taken = Signal(float)
    """A person wants this rate in the plan."""
    wanted = Signal()
    """A sweep should be made."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train.sweep")
        self.sweep: RateSweep | None = None
        self.chosen = math.nan
        self.can_take = True
        self._empty = Empty("chart-bell-curve-cumulative", NO_SWEEP)
        self.start = self._empty.add_button("Find rate", "train.sweep.start")
        self.start.clicked.connect(self.wanted)
        self.chart = Chart("train.sweep.chart", log_x=True)
        self.chart.view.viewport().setCursor(Qt.CursorShape.CrossCursor)
        self.chart.hovered.connect(self._on_hovered)
        self.chart.clicked.connect(self._on_clicked)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._content())
        self._pages.addWidget(self._empty)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._pages)
        self.show_sweep(None)

    def show_sweep(self, sweep: RateSweep | None) -> None:
        """Show another sweep; when it is over its valley is proposed."""
        self.sweep = sweep if sweep is not None and sweep.points else None
        self.chosen = self.sweep.valley if self.sweep is not None and self.sweep.is_over else math.nan
        self.note.setText("")
        self.redraw()

    def set_can_take(self, can_take: bool) -> None:
        """Whether there is a plan that can use a rate."""
        self.can_take = can_take
        self._show_button()

    def redraw(self) -> None:
        sweep = self.sweep
        self._pages.setCurrentIndex(1 if sweep is None else 0)
        if sweep is None:
            return
        rates = np.array([point.rate for point in sweep.points])
        raw = np.array([point.loss for point in sweep.points])
        trend = np.array([point.smoothed for point in sweep.points])
        found = [
            Mark(sweep.steepest, tr("steepest"), is_left=sweep.steepest <= sweep.valley),
            Mark(sweep.valley, tr("valley"), is_left=sweep.valley < sweep.steepest),
        ]
        found.append(Mark(self.chosen, "", "accent", is_dashed=False))
        self.chart.draw(
            [
                Line("raw", tr("Every step"), rates, raw, RAW, bounds=False),
                Line("trend", tr("Smoothed"), rates, trend, TREND),
            ],
            marks=found if sweep.is_over else (),  # they would jump about
            y_range=_worth_seeing(trend),
        )
        proposals = [
            Entry(VALLEY, tr("Valley"), Ink("dim")),
            Entry(STEEPEST, tr("Steepest"), Ink("dim")),
        ]
        told = [Entry("rate", tr("Rate"), Ink("accent")), Entry("loss", tr("Loss"), TREND)]
        self._legend.show_entries([*proposals, *told] if sweep.is_over else told)
        self._tell(None)
        self._show_button()

    def repaint_theme(self) -> None:
        self.chart.repaint_theme()

    def take(self, rate: float) -> None:
        """Choose a rate, and take it into the plan where there is one."""
        self.chosen = rate
        if self.can_take:
            self.taken.emit(rate)
            said = tr("The highest rate of the plan is {rate} now.")
            self.note.setText(said.format(rate=number_text(rate)))
        self.redraw()

    def _content(self) -> QWidget:
        self._legend = Legend("train.sweep.legend")
        self._legend.toggled.connect(self._on_named)
        self.use = QPushButton()
        self.use.setObjectName("train.sweep.use")
        self.use.clicked.connect(lambda: self.take(self.chosen))
        self.note = QLabel()
        self.note.setObjectName("train.sweep.note")
        self.note.setProperty("role", "small")
        self.note.setWordWrap(True)
        side = QVBoxLayout()
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(0)
        side.addWidget(self._legend, 1)
        below = QVBoxLayout()
        below.setContentsMargins(0, 8, 12, 12)
        below.setSpacing(8)
        below.addWidget(self.note)
        below.addWidget(self.use)
        side.addLayout(below)
        self._legend.setFixedWidth(WIDTH)
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.chart, 1)
        row.addLayout(side)
        return content

    def _show_button(self) -> None:
        known = math.isfinite(self.chosen)
        self.use.setEnabled(known and self.can_take)
        self.use.setText(tr("Use {rate}").format(rate=number_text(self.chosen)) if known else tr("Use"))
        self.use.setToolTip("" if self.can_take else tr("There is no plan yet: choose the data first"))

    def _on_hovered(self, x: float | None) -> None:
        if self.sweep is None:  # the pointer leaves a page that is empty by now
            return
        self.chart.show_cursor(x)
        self._tell(x)

    def _on_clicked(self, x: float) -> None:
        if self.sweep is None or not self.sweep.is_over:
            return
        rates = [point.rate for point in self.sweep.points]
        self.take(min(max(x, rates[0]), rates[-1]))

    def _on_named(self, key: str) -> None:
        if self.sweep is not None and self.sweep.is_over and key in (STEEPEST, VALLEY):
            self.take(self.sweep.steepest if key == STEEPEST else self.sweep.valley)

    def _tell(self, x: float | None) -> None:
        sweep = self.sweep
        assert sweep is not None
        points = sweep.points
        rate = x if x is not None else self.chosen if sweep.is_over else points[-1].rate
        loss = points[nearest(np.array([point.rate for point in points]), rate)].smoothed
        values = {"rate": number_text(rate), "loss": number_text(loss)}
        if sweep.is_over:
            values |= {STEEPEST: number_text(sweep.steepest), VALLEY: number_text(sweep.valley)}
        title = tr("At the pointer") if x is not None else tr("Chosen") if sweep.is_over else tr("Now")
        self._legend.show_values(title, values)


def _worth_seeing(trend: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float] | None:
    """From the least loss to somewhat more than in the beginning: the explosion at the end says nothing.

    At least a fifth of the loss is shown, or the noise of a beginning would look like mountains.
    """
    finite = trend[np.isfinite(trend)]
    if not len(finite):
        return None
    low = float(finite.min())
    start = float(finite[: max(1, len(finite) // 10)].max())
    wide = max(0.0, LEAST_SPAN * abs(start) - (start - low)) / 2
    return low - wide, start + wide + 0.35 * max(start - low, 1e-6)
