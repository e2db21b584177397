"""Where the picture stands on the screen: pure maths of zoom and pan, in device pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, log2
from typing import Final, NamedTuple

from imgstudio.core.geometry import Point, Rect, Size

SMALLEST: Final = 1 / 64
LARGEST: Final = 64.0
LEVELS: Final = 6
"""Halvings kept at most; the smallest zoom uses the last one."""
NEAREST_FROM: Final = 2.0
"""Above this zoom, pixels are shown as squares."""
GRID_FROM: Final = 8.0
MARGIN: Final = 16
"""Screen pixels left free round a fitted picture."""
HOLD: Final = 32
"""Screen pixels of the picture that can never be dragged away."""

_POINT: Final = Size(1, 1)
STEPS: Final = (
    *(1 / 64, 1 / 48, 1 / 32, 1 / 24, 1 / 16, 1 / 12, 1 / 8, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3),
    *(1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0),
)


class Place(NamedTuple):
    """Zoom and position, to come back to."""

    zoom: float
    left: float
    top: float
    fitted: bool


@dataclass(slots=True)
class View:
    """Guards: zoom stays in range, and the picture never leaves the window entirely.

    100 % is one picture pixel on one device pixel. Positions on the screen are device pixels from the
    widget's corner; `origin` is rounded, so that pixels are crisp.
    """

    document: Size = _POINT
    window: Size = _POINT
    zoom: float = 1.0
    left: float = 0.0
    """Screen position of the document's corner."""
    top: float = 0.0
    fitted: bool = True
    """Whether the picture follows the window's size."""
    enlarges: bool = False
    """Whether a small one is then shown as large as it goes."""
    changed: Callable[[], None] = lambda: None

    @property
    def origin(self) -> tuple[int, int]:
        return round(self.left), round(self.top)

    def to_document(self, x: float, y: float) -> Point:
        left, top = self.origin
        return Point((x - left) / self.zoom, (y - top) / self.zoom)

    def to_screen(self, x: float, y: float) -> Point:
        left, top = self.origin
        return Point(x * self.zoom + left, y * self.zoom + top)

    def screen_rect(self, rect: Rect, margin: int = 0) -> Rect:
        """Smallest screen box that holds a document rectangle, grown by `margin`."""
        (x0, y0), (x1, y1) = self.to_screen(rect.x, rect.y), self.to_screen(rect.right, rect.bottom)
        x, y = floor(x0), floor(y0)
        return Rect(x, y, ceil(x1) - x, ceil(y1) - y).expanded(margin)

    def document_rect(self, rect: Rect) -> Rect:
        """Smallest document box that holds a screen rectangle, inside the document."""
        (x0, y0), (x1, y1) = self.to_document(rect.x, rect.y), self.to_document(rect.right, rect.bottom)
        x, y = floor(x0), floor(y0)
        return Rect(x, y, ceil(x1) - x, ceil(y1) - y).intersect(Rect(0, 0, *self.document))

    def visible(self) -> Rect:
        return self.document_rect(Rect(0, 0, *self.window))

    @property
    def level(self) -> int:
        """The halved picture to draw from: the smallest that is not magnified."""
        return min(LEVELS, max(0, floor(log2(1 / self.zoom) + 1e-9)))

    @property
    def is_smooth(self) -> bool:
        return self.zoom <= NEAREST_FROM and self.zoom * 2**self.level != 1

    def resize(self, window: Size) -> None:
        """Keep the middle of the window where it was, or the picture fitted."""
        before, self.window = self.window, window
        if self.fitted:
            self.fit(enlarge=self.enlarges)
            return
        self.left += (window.width - before.width) / 2
        self.top += (window.height - before.height) / 2
        self._settle()

    def set_document(self, document: Size, *, enlarge: bool = False) -> None:
        """Take another picture size and fit it: at most at 100 %, or as large as it goes."""
        self.document, self.enlarges = document, enlarge
        self.fit(enlarge=enlarge)

    @property
    def place(self) -> Place:
        return Place(self.zoom, self.left, self.top, self.fitted)

    def go_to(self, place: Place) -> None:
        """Come back to a place that was seen before; the window may have another size since."""
        if place.fitted:
            self.fit(enlarge=self.enlarges)
            return
        self.zoom, self.left, self.top, self.fitted = place
        self._settle()

    def fit(self, *, enlarge: bool = True) -> None:
        """Show the whole picture, as large as it goes."""
        width, height = (max(1, side - 2 * MARGIN) for side in self.window)
        zoom = min(width / self.document.width, height / self.document.height)
        self.zoom = _in_range(zoom if enlarge else min(zoom, 1.0))
        self._centre()
        self.fitted = True
        self._settle()

    def actual_size(self) -> None:
        """100 % round the middle of the window."""
        self.zoom_to(1.0, self.window.width / 2, self.window.height / 2)

    def zoom_at(self, factor: float, x: float, y: float) -> None:
        """Multiply the zoom; the document point at screen (x, y) stays there."""
        self.zoom_to(self.zoom * factor, x, y)

    def zoom_to(self, zoom: float, x: float, y: float) -> None:
        """Set the zoom; the document point at screen (x, y) stays there."""
        point = self.to_document(x, y)
        self.zoom = _in_range(zoom)
        self.left, self.top = x - point.x * self.zoom, y - point.y * self.zoom
        self.fitted = False
        self._settle()

    def step(self, direction: int, x: float, y: float) -> None:
        """Go to the next round zoom up (+1) or down (-1)."""
        if direction > 0:
            zoom = next((step for step in STEPS if step > self.zoom * 1.001), LARGEST)
        else:
            zoom = next((step for step in reversed(STEPS) if step < self.zoom * 0.999), SMALLEST)
        self.zoom_to(zoom, x, y)

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the picture by screen pixels."""
        self.left += dx
        self.top += dy
        self.fitted = False
        self._settle()

    def _centre(self) -> None:
        self.left = (self.window.width - self.document.width * self.zoom) / 2
        self.top = (self.window.height - self.document.height * self.zoom) / 2

    def _settle(self) -> None:
        self.left = _held(self.left, self.document.width * self.zoom, self.window.width)
        self.top = _held(self.top, self.document.height * self.zoom, self.window.height)
        self.changed()


def _in_range(zoom: float) -> float:
    return min(LARGEST, max(SMALLEST, zoom))


def _held(start: float, length: float, window: float) -> float:
    hold = min(HOLD, window / 2)
    return max(hold - length, min(start, window - hold))
