"""Charts one above the other with the legend that names their curves and tells their values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from imgstudio.app.i18n import tr
from imgstudio.app.panels.train.chart import Chart, Line, Mark, Spot
from imgstudio.app.panels.train.curves import By, nearest, number_text, time_text
from imgstudio.app.panels.train.empty import Empty
from imgstudio.app.panels.train.legend import Entry, Legend

PLACES: Final[dict[By, str]] = {"step": "Step {x:,.0f}", "epoch": "Epoch {x:.2f}", "minutes": "{time}"}


class CurvesPage(QWidget):
    """Guards: what a person hid stays hidden while new values come."""

    def __init__(self, name: str, empty: Empty, charts: int = 1, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._lines: Sequence[Line] = ()
        self._switched: dict[str, bool] = {}
        """What a person showed or hid, by the key of the legend's row."""
        self._by: By = "step"
        self.redraw: Callable[[], None] = lambda: None
        """Draws the page anew after a click on the legend."""
        self.charts = [Chart(f"{name}.chart{index or ''}") for index in range(charts)]
        self.legend = Legend(f"{name}.legend")
        self.legend.toggled.connect(self._on_toggled)
        for chart in self.charts:
            chart.hovered.connect(self._on_hovered)
            if chart is not self.charts[0]:
                chart.link(self.charts[0])
        self._pages = QStackedWidget()
        self._pages.addWidget(self._plots())
        self._pages.addWidget(empty)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._pages)

    @property
    def is_empty(self) -> bool:
        return self._pages.currentIndex() == 1

    def is_on(self, line: Line) -> bool:
        return self._switched.get(line.switch, not line.is_quiet)

    def draw(
        self,
        lines: Sequence[Line],
        *,
        by: By = "step",
        marks: Sequence[Sequence[Mark]] = (),
        spots: Sequence[Spot] = (),
        log_y: bool = False,
    ) -> None:
        """Show these curves; `marks` of each chart, `spots` all in the first one."""
        self._lines, self._by = lines, by
        has_any = any(len(line.x) for line in lines)
        self._pages.setCurrentIndex(0 if has_any else 1)
        if not has_any:
            return
        shown = [line for line in lines if self.is_on(line)]
        last = max(line.chart for line in lines)
        for index, chart in enumerate(self.charts):
            chart.show_places(shown=index == last)
            own = [line for line in shown if line.chart == index]
            chart.setVisible(index == 0 or any(line.chart == index for line in lines))
            chart.draw(
                own,
                marks=marks[index] if index < len(marks) else (),
                spots=spots if index == 0 else (),
                log_y=log_y and index == 0,
            )
        rows = {line.switch: line for line in reversed(lines)}
        named = [line for line in lines if rows[line.switch] is line]
        self.legend.show_entries([Entry(ln.switch, ln.name, ln.ink, self.is_on(ln)) for ln in named])
        self._tell(None)

    def repaint_theme(self) -> None:
        for chart in self.charts:
            chart.repaint_theme()

    def show_all(self) -> None:
        for chart in self.charts:
            chart.show_all()

    def _plots(self) -> QWidget:
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        for index, chart in enumerate(self.charts):
            self._splitter.addWidget(chart)
            self._splitter.setStretchFactor(index, 1 if index else 2)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._splitter, 1)
        row.addWidget(self.legend)
        return both

    def _on_toggled(self, key: str) -> None:
        line = next(line for line in self._lines if line.switch == key)
        self._switched[key] = not self.is_on(line)
        self.redraw()

    def _on_hovered(self, x: float | None) -> None:
        for chart in self.charts:
            chart.show_cursor(x)
        self._tell(x)

    def _tell(self, x: float | None) -> None:
        values: dict[str, str] = {}
        for line in self._lines:
            if len(line.x) and line.switch not in values and self.is_on(line):
                index = _last_number(line) if x is None else nearest(line.x, x)
                values[line.switch] = number_text(float(line.y[index]))
        self.legend.show_values(tr("Latest") if x is None else self._place(x), values)

    def _place(self, x: float) -> str:
        return tr(PLACES[self._by]).format(x=max(x, 0.0), time=time_text(max(x, 0.0)))


def _last_number(line: Line) -> int:
    found = np.flatnonzero(np.isfinite(line.y))
    return int(found[-1]) if len(found) else -1
