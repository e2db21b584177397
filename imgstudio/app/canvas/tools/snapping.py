"""Lines that a dragged object catches on: edges and middle of the picture, and edges of other layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.layers import Layer
from imgstudio.core.transforming import shown_bounds

CATCH: Final = 6.0
"""Screen pixels."""
_MOST_LAYERS: Final = 40
"""Of which the edges are looked for, so that a drag begins at once."""


@dataclass(frozen=True, slots=True)
class Caught:
    """How far to move so that a line is met, and the lines that are met then."""

    dx: float = 0.0
    dy: float = 0.0
    x: float | None = None
    """Of the upright line."""
    y: float | None = None
    """Of the level line."""

    def lines(self, bounds: Rect) -> list[tuple[Point, Point]]:
        """The lines across the picture."""
        made = []
        if self.x is not None:
            made.append((Point(self.x, bounds.y), Point(self.x, bounds.bottom)))
        if self.y is not None:
            made.append((Point(bounds.x, self.y), Point(bounds.right, self.y)))
        return made


@dataclass(frozen=True, slots=True)
class SnapLines:
    """Upright lines at `xs` and level lines at `ys`, in document pixels."""

    xs: tuple[float, ...] = ()
    ys: tuple[float, ...] = ()

    def catch(self, xs: Iterable[float], ys: Iterable[float], scale: float) -> Caught:
        """The least move that brings one of `xs` and one of `ys` to a line, within `CATCH` on the screen."""
        across = _nearest(self.xs, xs, CATCH / scale)
        down = _nearest(self.ys, ys, CATCH / scale)
        return Caught(
            0.0 if across is None else across[0],
            0.0 if down is None else down[0],
            None if across is None else across[1],
            None if down is None else down[1],
        )


def lines_of(document: Document, moving: Sequence[Layer]) -> SnapLines:
    """Edges and middle of the picture; edges of every visible layer that is not among `moving`."""
    bounds = document.bounds
    xs = {float(bounds.x), bounds.x + bounds.width / 2, float(bounds.right)}
    ys = {float(bounds.y), bounds.y + bounds.height / 2, float(bounds.bottom)}
    taken = {layer.id for layer in moving}
    others = [layer for layer in _visible(document.layers.root) if layer.id not in taken]
    for layer in others[-_MOST_LAYERS:]:
        box = shown_bounds(layer).intersect(bounds)
        if not box.is_empty:
            xs |= {float(box.x), float(box.right)}
            ys |= {float(box.y), float(box.bottom)}
    return SnapLines(tuple(sorted(xs)), tuple(sorted(ys)))


def _visible(layers: Iterable[Layer]) -> list[Layer]:
    """Pixel layers that are shown, those in groups too."""
    found: list[Layer] = []
    for layer in layers:
        if layer.visible and layer.children is not None:
            found += _visible(layer.children)
        elif layer.visible and not layer.pixels.is_empty:
            found.append(layer)
    return found


def _nearest(lines: Iterable[float], places: Iterable[float], reach: float) -> tuple[float, float] | None:
    """(way, line) of the place that is nearest to a line."""
    ways = [(line - place, line) for line in lines for place in places]
    way, line = min(ways, key=lambda found: abs(found[0]), default=(reach + 1, 0.0))
    return (way, line) if abs(way) <= reach else None
