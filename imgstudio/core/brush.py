"""Brush strokes: pointer events become evenly spaced dabs, and dabs a coverage that ink is put through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot
from typing import Annotated, Final, NamedTuple, Protocol

import numpy as np

from imgstudio.core.dabs import Dab, DabCache, pixel_dab
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.params import Curve, Number, Ui
from imgstudio.core.pixels import Floats
from imgstudio.core.tiles import TILE, Index, tiles_under

LARGEST: Final = 2000
_PRESSURE_LEVELS: Final = 64
"""Sizes that pressure can give, so that a stroke needs few stamps."""
_TIE: Final = 1e-6
_FINEST_GAP: Final = 0.5
_MOST_PIECES: Final = 24
"""Straight pieces that one curve is drawn with."""

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class BrushSettings:
    """How a brush paints; shared by all tools that paint."""

    size: Annotated[
        float, Number(1, LARGEST, soft_max=500, unit="px", log=True), Ui(help="Diameter. Keys [ and ]")
    ] = 30.0
    hardness: Annotated[
        float, Number(0, 1, step=0.01), Ui(help="How far the edge stays sharp. Shift+[ and Shift+]")
    ] = 0.8
    opacity: Annotated[
        float, Number(0, 1, step=0.01), Ui(help="Most that one stroke can cover. Digit keys")
    ] = 1.0
    flow: Annotated[
        float,
        Number(0.01, 1, step=0.01),
        Ui(help="How fast a stroke builds up to its opacity", advanced=True),
    ] = 1.0
    spacing: Annotated[
        float, Number(0.02, 2, step=0.01), Ui(help="Distance of the dabs, in diameters", advanced=True)
    ] = 0.1
    smoothing: Annotated[
        bool, Ui("Smooth curves", help="Round the corners between the pointer's positions", advanced=True)
    ] = True
    pressure_size: Annotated[
        bool, Ui("Pressure: size", help="Pressing harder makes the brush larger", advanced=True)
    ] = False
    pressure_opacity: Annotated[
        bool, Ui("Pressure: opacity", help="Pressing harder covers more", advanced=True)
    ] = False
    pressure_minimum: Annotated[
        float, Number(0, 1, step=0.01), Ui("Least pressure", help="Share left at no pressure", advanced=True)
    ] = 0.0
    pressure_curve: Annotated[
        Points, Curve(), Ui("Pressure curve", help="From the pen's pressure to the brush's", advanced=True)
    ] = ((0.0, 0.0), (1.0, 1.0))

    def response(self, pressure: float) -> float:
        """Share of size or opacity that a pressure of 0..1 gives."""
        xs, ys = zip(*self.pressure_curve, strict=True)
        shaped = float(np.interp(pressure, xs, ys))
        return self.pressure_minimum + (1 - self.pressure_minimum) * shaped


class Mirror(NamedTuple):
    """Axes of symmetry in the store's coordinates; None where there is none."""

    x: float | None = None
    """Left and right of this vertical line look alike."""
    y: float | None = None

    def images(self, x: float, y: float) -> Iterator[tuple[float, float]]:
        """The point and its reflections, each once."""
        xs = (x,) if self.x is None else (x, 2 * self.x - x)
        ys = (y,) if self.y is None else (y, 2 * self.y - y)
        yield from {(px, py): None for py in ys for px in xs}


class Painter(Protocol):
    """Puts what a stroke covers into the tiles of a store."""

    limit: Rect
    """Where it may paint, in the store's coordinates."""

    def paint(self, index: Index, inner: tuple[slice, slice], coverage: Floats) -> bool:
        """Set one box of a tile by `coverage` (0..1), which never falls within a stroke; False: nothing to do."""
        ...


class _Sample(NamedTuple):
    x: float
    y: float
    pressure: float


class Stroke:
    """One stroke: `begin`, `to` for every event, `end`; each returns the box that changed.

    Flow builds coverage up inside the stroke and opacity is its ceiling, however often it crosses itself.
    Guards: the store always holds what was there before, blended with the ink once by that coverage.
    """

    def __init__(
        self,
        painter: Painter,
        settings: BrushSettings,
        *,
        dabs: DabCache | None = None,
        mirror: Mirror = Mirror(),  # noqa: B008 - immutable
    ) -> None:
        self._painter, self._settings, self._mirror = painter, settings, mirror
        self._dabs = dabs or DabCache()
        self._coverage: dict[Index, Floats] = {}
        self._dirty: dict[Index, Rect] = {}
        self._scratch = np.empty((TILE, TILE), np.float32)
        self._last = self._event = _Sample(0.0, 0.0, 0.0)
        """How far it is drawn, and the last event; smoothing draws only halfway to that."""
        self._until = 0.0
        """Way left to the next dab."""

    def begin(self, x: float, y: float, pressure: float = 1.0) -> Rect:
        """Put the first dab."""
        self._last = self._event = _Sample(x, y, pressure)
        self._until = self._put(self._last)
        return self._show()

    def to(self, x: float, y: float, pressure: float = 1.0) -> Rect:
        """Go on towards (x, y); the dabs' spacing carries over from one event to the next."""
        corner, self._event = self._event, _Sample(x, y, pressure)
        if self._settings.smoothing:
            for sample in _curve(self._last, corner, _between(corner, self._event, 0.5)):
                self._go(sample)
        else:
            self._go(self._event)
        return self._show()

    def end(self) -> Rect:
        """Draw the rest of the way to the last event; a brush of one pixel reaches it exactly."""
        self._go(self._event)
        if self._settings.size <= 1:
            self._put(self._last)
        return self._show()

    def _go(self, end: _Sample) -> None:
        """Put dabs along a straight line."""
        start, self._last = self._last, end
        length = hypot(end.x - start.x, end.y - start.y)
        while self._until <= length + _TIE:
            share = self._until / length if length else 1.0
            self._until += self._put(_between(start, end, share))
        self._until -= length

    def _put(self, at: _Sample) -> float:
        """Add one dab and its reflections; return the way to the next."""
        settings = self._settings
        response = settings.response(at.pressure)
        share = round(response * _PRESSURE_LEVELS) / _PRESSURE_LEVELS if settings.pressure_size else 1.0
        ceiling = settings.opacity * (response if settings.pressure_opacity else 1.0)
        diameter = settings.size * share
        if diameter > 0 and ceiling > 0:
            for x, y in self._mirror.images(at.x, at.y):
                self._add(self._dab(x, y, diameter), ceiling)
        least = 1.0 if settings.size <= 1 else _FINEST_GAP
        return max(settings.spacing * diameter, least)

    def _dab(self, x: float, y: float, diameter: float) -> Dab:
        settings = self._settings
        if settings.size <= 1:
            return pixel_dab(x, y, settings.flow)
        return self._dabs.dab(x, y, diameter, settings.hardness, settings.flow)

    def _add(self, dab: Dab, ceiling: float) -> None:
        """Bring coverage nearer to the ceiling; where it is above already, it stays."""
        inside = dab.rect.intersect(self._painter.limit)
        stamp = dab.coverage[inside.translated(-dab.rect.x, -dab.rect.y).slices()]
        varies = self._settings.pressure_opacity
        for index, inner, outer in tiles_under(inside):
            if index not in self._coverage:
                self._coverage[index] = np.zeros((TILE, TILE), np.float32)
            covered, room = self._coverage[index][inner], self._scratch[inner]
            np.subtract(np.float32(ceiling), covered, out=room)
            if varies:  # only then can coverage lie above this dab's ceiling
                np.maximum(room, 0, out=room)
            np.multiply(room, stamp[outer], out=room)
            np.add(covered, room, out=covered)
            rows, columns = inner
            box = Rect(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
            self._dirty[index] = box.united(self._dirty.get(index, EMPTY))

    def _show(self) -> Rect:
        """Blend what the new dabs covered; return its box."""
        changed = EMPTY
        for index, box in self._dirty.items():
            inner = box.slices()
            if self._painter.paint(index, inner, self._coverage[index][inner]):
                changed = changed.united(box.translated(index[0] * TILE, index[1] * TILE))
        self._dirty.clear()
        return changed


def _curve(start: _Sample, corner: _Sample, end: _Sample) -> Iterator[_Sample]:
    """Points along the quadratic curve that leaves towards `corner` and arrives from it."""
    bend = hypot(start.x - 2 * corner.x + end.x, start.y - 2 * corner.y + end.y)
    count = min(1 + int((2 * bend) ** 0.5), _MOST_PIECES)
    for step in range(1, count):
        share = step / count
        yield _between(_between(start, corner, share), _between(corner, end, share), share)
    yield end


def _between(start: _Sample, end: _Sample, share: float) -> _Sample:
    return _Sample(
        start.x + (end.x - start.x) * share,
        start.y + (end.y - start.y) * share,
        start.pressure + (end.pressure - start.pressure) * share,
    )
