"""The brush that paints wishes for a session under way onto the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.app.canvas.tools.base import Circle, OverlayItem, Pointer, Swath, Tool, ToolState
from imgstudio.app.canvas.tools.toolbox import Toolbox
from imgstudio.app.controllers.guest_tool import GuestTool
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import Steer

TOOL_ID: Final = "steering"
_FINE: Final = 4
"""Binary places of a pixel that OpenCV draws to."""


@dataclass(frozen=True)
class SteeringOptions:
    size: Annotated[
        float,
        Number(1, 2000, soft_max=400, unit="px", log=True, decimals=0),
        Ui(help="Width of the brush in pixels of the picture."),
    ] = 60.0


class SteeringTool(Tool):
    """A stroke becomes coverage over the session's box; the document is never touched."""

    id: ClassVar[str] = TOOL_ID
    name: ClassVar[str] = "Steer"
    icon: ClassVar[str] = "mdi6.brush"
    help: ClassVar[str] = "Paint where the running filter shall act otherwise."
    options_type: ClassVar[type | None] = SteeringOptions
    cursor = "none"

    def __init__(self, state: ToolState, box: Rect, send: Callable[[Steer], None]) -> None:
        super().__init__(state)
        self._box, self._send = box, send
        self.wish = ""
        self._points: list[Point] = []
        self._coverage: npt.NDArray[np.uint8] | None = None
        self._at: Point | None = None

    @property
    def is_busy(self) -> bool:
        return self._coverage is not None

    def press(self, event: Pointer) -> None:
        self._coverage = np.zeros((self._box.height, self._box.width), np.uint8)
        self._points = [event.point]
        self._draw(event.point, event.point)

    def move(self, event: Pointer) -> None:
        self.hover(event)
        if self._points:
            self._draw(self._points[-1], event.point)
            self._points.append(event.point)

    def release(self, event: Pointer) -> None:
        self.move(event)
        coverage = self._coverage
        self.cancel()
        if coverage is not None and coverage.any():
            red, green, blue = (value / 255 for value in self.state.foreground)
            self._send(Steer(coverage.astype(np.float32) / np.float32(255), self.wish, (red, green, blue)))

    def hover(self, event: Pointer) -> None:
        self._at = event.point
        self.state.redraw()

    def cancel(self) -> None:
        self._coverage, self._points = None, []
        self.state.redraw()

    def key_press(self, key: str) -> bool:
        factor = {"[": 1 / 1.25, "]": 1.25}.get(key)
        if factor is None:
            return False
        size = min(2000.0, max(1.0, self.options.size * factor))
        self.state.options[self.id] = SteeringOptions(size)
        self.state.options_changed(self.id)
        self.state.redraw()
        return True

    def overlay(self) -> list[OverlayItem]:
        items: list[OverlayItem] = []
        if self._points:
            items.append(Swath(tuple(self._points), self.options.size))
        if self._at is not None:
            items.append(Circle(self._at, self.options.size / 2))
        return items

    def _draw(self, start: Point, end: Point) -> None:
        if self._coverage is None:
            return
        thickness = max(1, round(self.options.size))
        ends = [self._fixed(point) for point in (start, end)]
        cv2.line(self._coverage, ends[0], ends[1], 255, thickness, cv2.LINE_AA, _FINE)
        self.state.redraw()

    def _fixed(self, point: Point) -> tuple[int, int]:
        scale = 1 << _FINE
        return round((point.x - 0.5 - self._box.x) * scale), round((point.y - 0.5 - self._box.y) * scale)


class SteeringHand:
    """Puts the steering tool into the toolbox for a while. Guards: the tool before comes back."""

    def __init__(self, tools: Toolbox, tool: SteeringTool) -> None:
        self._guest, self.tool = GuestTool(tools, tool), tool

    def take(self, action: str) -> None:
        """Paint this wish from now on."""
        self.tool.wish = action
        self._guest.take()

    def put_down(self) -> None:
        self._guest.put_down()
