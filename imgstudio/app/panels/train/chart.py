"""One plot in the look of the program: thin curves on a dim grid, zoomed along x alone, without menus."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import pyqtgraph
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from imgstudio.app.panels.train.colours import Ink
from imgstudio.app.panels.train.curves import Numbers, nearest, number_text
from imgstudio.app.panels.train.mark_names import shortened
from imgstudio.app.panels.train.ticks import even_ticks, log_ticks
from imgstudio.app.theme import SMALL_POINTS, current_tokens, interface_font

AXIS_WIDTH: Final = 52
LEAST_HEIGHT: Final = 96
CURSOR_DOT: Final = 6
RING: Final = 9
GROUND_ALPHA: Final = 190
"""Of 255: behind words that stand among curves."""
ABOVE_CURVES: Final = 10
POINTS_A_PIXEL: Final = 2.0
"""Of a long run; peaks are kept."""
BEHIND_CURVES: Final = -10
TICK_ROOM: Final = {"left": 44, "bottom": 72}
"""Screen pixels from one number to the next, at least about."""


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """A curve as the chart shall show it."""

    key: str
    name: str
    x: Numbers
    y: Numbers
    ink: Ink
    row: str = ""
    """Key of the legend's row that switches it; "" for one of its own."""
    chart: int = 0
    """Which of the charts of a page."""
    bounds: bool = True
    """Whether the chart makes room for all of it."""
    is_quiet: bool = False
    """Hidden until somebody asks for it."""

    @property
    def switch(self) -> str:
        return self.row or self.key


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line with a name at its top."""

    x: float
    name: str = ""
    colour: str = "dim"
    is_dashed: bool = True
    has_line: bool = True
    is_left: bool = False
    """Whether its name stands left of it."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A ring round one point, with a word."""

    x: float
    y: float
    text: str
    ink: Ink


class Chart(QWidget):
    """Guards: what is drawn is exactly what `draw` was last given, in the colours of now."""

    hovered = Signal(object)
    """The place along x, or None when the pointer left."""
    clicked = Signal(float)
    """The place along x."""
    zoomed = Signal(bool)
    """Whether only a part is shown."""

    def __init__(self, name: str, *, log_x: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setMinimumHeight(LEAST_HEIGHT)
        self._log_x, self._log_y = log_x, False
        self._curves: dict[str, Any] = {}
        self._extras: list[Any] = []
        self.lines: Sequence[Line] = ()
        self._ends = (0.0, 1.0)
        """Of all curves along x, as the axis counts."""
        self.view = pyqtgraph.PlotWidget(self, background=None, enableMenu=False)
        self._plot = self.view.getPlotItem()
        self._cursor = pyqtgraph.InfiniteLine(angle=90, movable=False)
        self._dots = pyqtgraph.ScatterPlotItem(size=CURSOR_DOT, pen=None)
        self._set_up()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)

    def draw(
        self,
        lines: Sequence[Line],
        *,
        marks: Iterable[Mark] = (),
        spots: Iterable[Spot] = (),
        log_y: bool = False,
        y_range: tuple[float, float] | None = None,
    ) -> None:
        """Show these curves instead of the last ones; `y_range` instead of all that there is to see."""
        self._log_y = log_y
        self._plot.setLogMode(x=self._log_x, y=log_y)
        self.lines = lines
        for key in set(self._curves) - {line.key for line in lines}:
            self._plot.removeItem(self._curves.pop(key))
        for line in lines:
            self._draw_line(line)
        for item in self._extras:
            self._plot.removeItem(item)
        self._extras = []
        self._set_limits()
        placed = [(self._along(mark.x), mark) for mark in marks]
        for mark in _with_room(placed, self._ends, self._plot.getViewBox().width()):
            self._add_mark(mark)
        for spot in spots:
            self._add_spot(spot)
        if y_range is not None:
            low, high = (self._up(value) for value in y_range)
            self._plot.setYRange(low, high, padding=0.04)

    def show_cursor(self, x: float | None) -> None:
        """A line at a place along x, and a dot on every curve where it is nearest to it."""
        self._cursor.setVisible(x is not None)
        if x is None:
            self._dots.setData([])
            return
        self._cursor.setPos(self._along(x))
        dots = []
        for line in self.lines:
            if len(line.x) and line.bounds:
                index = nearest(line.x, x)
                place = (self._along(float(line.x[index])), self._up(float(line.y[index])))
                if all(map(math.isfinite, place)):
                    dots.append({"pos": place, "brush": line.ink.qcolor})
        self._dots.setData(dots)

    def show_all(self) -> None:
        """Zoom out."""
        # By hand first: pyqtgraph looks for the ends in what it draws, and it draws only what is in sight.
        self._plot.setXRange(*self._ends, padding=0)
        self._plot.enableAutoRange()
        self.zoomed.emit(False)  # noqa: FBT003 - Qt's signature

    def show_places(self, *, shown: bool) -> None:
        """Whether numbers stand below; not where another chart with the same ones follows."""
        self._plot.getAxis("bottom").setStyle(showValues=shown)

    def link(self, other: Chart) -> None:
        """Show the same part along x as another chart."""
        self._plot.setXLink(other._plot)

    def repaint_theme(self) -> None:
        """Take the colours of now; curves get theirs when they are drawn."""
        look = current_tokens()
        font = interface_font(SMALL_POINTS)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setTickFont(font)
            axis.setTextPen(QColor(look.dim))
            axis.setPen(QColor(look.line) if side == "bottom" else QColor(Qt.GlobalColor.transparent))
            axis.setTickPen(QColor(look.line))
        self._cursor.setPen(QPen(_faint(look.text, 140), 0))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt names it
        if event.type() == QEvent.Type.Leave:
            self.hovered.emit(None)
        return False

    def _set_up(self) -> None:
        plot, box = self._plot, self._plot.getViewBox()
        self.view.setAntialiasing(True)
        self.view.setFrameStyle(0)
        plot.hideButtons()
        plot.showGrid(x=False, y=True, alpha=1.0)
        plot.layout.setContentsMargins(0, 8, 8, 0)
        plot.setDownsampling(auto=True, mode="peak")
        plot.setClipToView(True)
        box.setMouseEnabled(x=True, y=False)
        box.setAutoVisible(y=True)
        box.setDefaultPadding(0.03)
        for side, ticks in (("left", self._up_texts), ("bottom", self._along_texts)):
            axis = plot.getAxis(side)
            axis.enableAutoSIPrefix(False)  # noqa: FBT003
            axis.setStyle(tickLength=0, tickTextOffset=6, hideOverlappingLabels=True)
            axis.tickStrings = ticks
            axis.tickValues = partial(self._tick_places, side)
            axis.setZValue(BEHIND_CURVES)
        plot.getAxis("left").setWidth(AXIS_WIDTH)
        for item in (self._cursor, self._dots):
            item.setZValue(ABOVE_CURVES)
            plot.addItem(item, ignoreBounds=True)
        self._cursor.hide()
        self.view.viewport().installEventFilter(self)
        self.view.scene().sigMouseMoved.connect(self._on_moved)
        self.view.scene().sigMouseClicked.connect(self._on_clicked)
        box.sigRangeChangedManually.connect(lambda *_: self.zoomed.emit(True))  # noqa: FBT003
        self.repaint_theme()

    def _draw_line(self, line: Line) -> None:
        curve = self._curves.get(line.key)
        if curve is None:
            curve = self._curves[line.key] = pyqtgraph.PlotDataItem(connect="finite", antialias=True)
            curve.opts["autoDownsampleFactor"] = POINTS_A_PIXEL
            curve.setZValue(0 if line.bounds else -1)
            self._plot.addItem(curve, ignoreBounds=not line.bounds)
        x, y = line.x, line.y
        if self._log_y:
            y = np.where(y > 0, y, np.nan)
        curve.setPen(_pen(line.ink, self.devicePixelRatioF()) if line.ink.width else None)
        curve.setSymbol("o" if line.ink.dots else None)
        curve.setSymbolSize(line.ink.dots)
        curve.setSymbolPen(None)
        curve.setSymbolBrush(line.ink.qcolor)
        # A curve of nothing but gaps has no extent that pyqtgraph could find.
        curve.setData(x, y) if np.isfinite(y).any() else curve.setData([], [])

    def _set_limits(self) -> None:
        """Nobody gets lost beside the curves."""
        ends = [self._along(float(line.x[i])) for line in self.lines if len(line.x) for i in (0, -1)]
        if not ends:
            return
        low, high = self._ends = (min(ends), max(ends))
        room = 0.05 * (high - low) or 0.5
        self._plot.getViewBox().setLimits(xMin=low - room, xMax=high + room)

    def _add_mark(self, mark: Mark) -> None:
        colour = QColor(getattr(current_tokens(), mark.colour))
        style = Qt.PenStyle.DashLine if mark.is_dashed else Qt.PenStyle.SolidLine
        pen = QPen(
            colour,
            (1 if mark.is_dashed else 1.5) * self.devicePixelRatioF(),
            style if mark.has_line else Qt.PenStyle.NoPen,
        )
        pen.setCosmetic(True)
        anchor = (1 if mark.is_left else 0, 0.5)
        ground = _faint(current_tokens().base, GROUND_ALPHA)
        options = {"position": 0.95, "color": colour, "anchors": [anchor, anchor], "fill": ground}
        line = pyqtgraph.InfiniteLine(
            self._along(mark.x), angle=90, pen=pen, label=mark.name or None, labelOpts=options
        )
        if mark.name:
            line.label.setFont(interface_font(SMALL_POINTS))
        self._extras.append(line)
        self._plot.addItem(line, ignoreBounds=True)

    def _add_spot(self, spot: Spot) -> None:
        place = (self._along(spot.x), self._up(spot.y))
        ring = pyqtgraph.ScatterPlotItem(
            [{"pos": place}],
            size=RING,
            brush=QColor(current_tokens().base),
            pen=_pen(Ink(spot.ink.colour), self.devicePixelRatioF()),
        )
        low, high = self._plot.getViewBox().viewRange()[0]
        ground = _faint(current_tokens().base, GROUND_ALPHA)
        is_right = place[0] > (low + high) / 2
        text = pyqtgraph.TextItem(
            spot.text, color=spot.ink.qcolor, anchor=(1 if is_right else 0, 1.2), fill=ground
        )
        text.setFont(interface_font(SMALL_POINTS, strong=True))
        text.setPos(*place)
        for item in (ring, text):
            self._extras.append(item)
            self._plot.addItem(item, ignoreBounds=True)

    def _on_moved(self, place: QPointF) -> None:
        box = self._plot.getViewBox()
        if not box.sceneBoundingRect().contains(place):
            self.hovered.emit(None)
            return
        self.hovered.emit(self._back(box.mapSceneToView(place).x()))

    def _on_clicked(self, event: Any) -> None:
        box = self._plot.getViewBox()
        if event.button() != Qt.MouseButton.LeftButton or not box.sceneBoundingRect().contains(
            event.scenePos()
        ):
            return
        if event.double():
            self.show_all()
        else:
            self.clicked.emit(self._back(box.mapSceneToView(event.scenePos()).x()))

    def _along(self, x: float) -> float:
        return math.log10(x) if self._log_x and x > 0 else x

    def _back(self, x: float) -> float:
        return 10.0**x if self._log_x else x

    def _up(self, y: float) -> float:
        if not self._log_y:
            return y
        return math.log10(y) if y > 0 else math.nan

    def _tick_places(
        self, side: str, low: float, high: float, size: float
    ) -> list[tuple[float, list[float]]]:
        is_log = self._log_y if side == "left" else self._log_x
        ticks = (log_ticks if is_log else even_ticks)(low, high, max(2, int(size / TICK_ROOM[side])))
        return [(ticks[1] - ticks[0] if len(ticks) > 1 else 1.0, ticks)]

    def _along_texts(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [_tick_text(self._back(value)) for value in values]

    def _up_texts(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [_tick_text(10.0**value if self._log_y else value) for value in values]


def _with_room(placed: Sequence[tuple[float, Mark]], ends: tuple[float, float], width: float) -> list[Mark]:
    """Names that stand to the right of their marks do not run into each other or out of the plot."""
    marks, (low, high) = [mark for _, mark in placed], ends
    if any(mark.is_left for mark in marks) or high <= low or width < 2 * AXIS_WIDTH:
        return marks
    places = [width * (place - low) / (high - low) for place, _ in placed]
    metrics = QFontMetricsF(interface_font(SMALL_POINTS))
    names = shortened([mark.name for mark in marks], places, width, metrics)
    return [replace(mark, name=name) for mark, name in zip(marks, names, strict=True)]


def _tick_text(value: float) -> str:
    """As short as a number on an axis can be."""
    if 0 < abs(value) < 0.01:
        return number_text(value)
    if abs(value) >= 10_000:
        return f"{value / 1000:g}k"
    return f"{value:.4g}"


def _pen(ink: Ink, ratio: float) -> QPen:
    """`ratio`: pixels of the screen in one of the program, which cosmetic pens do not know."""
    style = Qt.PenStyle.DashLine if ink.is_dashed else Qt.PenStyle.SolidLine
    pen = QPen(ink.qcolor, ink.width * ratio, style)
    pen.setCosmetic(True)
    return pen


def _faint(colour: str, alpha: int) -> QColor:
    made = QColor(colour)
    made.setAlpha(alpha)
    return made
