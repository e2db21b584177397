"""The crop tool: drag a box, adjust it, Enter cuts the picture to it; Ctrl-drag levels the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, degrees, floor
from typing import Annotated, cast

from imgstudio.app.canvas.tools.base import Outline, OverlayItem, Pointer, Shade, Tool, ToolState
from imgstudio.app.canvas.tools.cropbox import Grip, Ratio, dragged, grip_at, handles, moved, shape_of
from imgstudio.app.canvas.tools.selecting import is_click
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.operations import crop, straighten
from imgstudio.core.params import Ui


@dataclass(frozen=True, slots=True)
class CropOptions:
    """Shape and guides of the box."""

    ratio: Annotated[Ratio, Ui(help="Width to height; draw it standing for the upright form")] = "free"
    thirds: Annotated[bool, Ui("Rule of thirds", help="Lines that divide the box in nine")] = True
    delete_outside: Annotated[
        bool, Ui("Delete outside", help="Throw away what lies outside; else layers keep it")
    ] = False


@dataclass(frozen=True, slots=True)
class _Drag:
    start: Pointer
    before: Rect | None
    """The box to go back to."""
    box: Rect
    grip: Grip


class CropTool(Tool):
    """The box stays until it is applied or dropped; what lies outside it is shown darker."""

    id = "crop"
    name = "Crop"
    icon = "mdi6.crop"
    key = "C"
    help = "Drag a box and its handles; Enter crops, Esc drops it. Ctrl-drag along the horizon levels the picture."
    options_type = CropOptions

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self.box: Rect | None = None
        """What will be kept, in document pixels."""
        self._drag: _Drag | None = None
        self._horizon: tuple[Pointer, Pointer] | None = None

    @property
    def is_busy(self) -> bool:
        return self.box is not None or self._horizon is not None

    def press(self, event: Pointer) -> None:
        document = self.document
        if event.button != "left" or document is None or self._drag is not None:
            return
        if event.ctrl:
            self._horizon = (event, event)
            return
        grip = None if self.box is None else grip_at(self.box, event.point, event.scale)
        if self.box is not None and grip is not None:
            self._drag = _Drag(event, self.box, self.box, grip)
            return
        bounds = document.bounds
        x = min(max(floor(event.x + 0.5), bounds.x), bounds.right)
        y = min(max(floor(event.y + 0.5), bounds.y), bounds.bottom)
        self._drag = _Drag(event, self.box, Rect(x, y, 0, 0), Grip(1, 1))

    def move(self, event: Pointer) -> None:
        drag, document = self._drag, self.document
        if self._horizon is not None:
            self._horizon = (self._horizon[0], event)
            self.state.redraw()
        if drag is None or document is None:
            return
        if drag.grip.is_inside:
            dx, dy = event.x - drag.start.x, event.y - drag.start.y
            self.box = moved(drag.box, dx, dy, document.bounds)
        else:
            shape = shape_of(cast(CropOptions, self.options).ratio, document.bounds)
            self.box = dragged(drag.box, drag.grip, event.point, shape, document.bounds)
        self.state.redraw()

    def release(self, event: Pointer) -> None:
        drag, horizon = self._drag, self._horizon
        if horizon is not None:
            self._level(horizon[0], event)
        if drag is None:
            return
        self.move(event)
        self._drag = None
        if self.box is None or self.box.is_empty or (drag.box.is_empty and is_click(drag.start, event)):
            self.box = drag.before
        self.state.redraw()

    def double_click(self, event: Pointer) -> None:
        self._drag = None
        if self.box is not None and self.box.contains(event.x, event.y):
            self.apply()

    def key_press(self, key: str) -> bool:
        if not self.is_busy and self._drag is None:
            return False
        if key in ("Return", "Enter"):
            self.apply()
        elif key == "Escape":
            self.cancel()
        else:
            return False
        return True

    def apply(self) -> None:
        """Cut the document to the box, as one undo step."""
        box, document = self.box, self.document
        self.cancel()
        if box is None or document is None:
            return
        box = box.intersect(document.bounds)
        if not box.is_empty and box != document.bounds:
            crop(document, box, delete_outside=cast(CropOptions, self.options).delete_outside)

    def cancel(self) -> None:
        self.box = self._drag = self._horizon = None
        self.state.redraw()

    def _level(self, start: Pointer, end: Pointer) -> None:
        """Turn the picture so that the drawn line lies level, or upright if it is nearer to that."""
        self.cancel()
        slope = degrees(atan2(end.y - start.y, end.x - start.x))
        angle = (slope + 45) % 90 - 45
        if self.document is not None and not is_click(start, end) and angle:
            straighten(self.document, -angle)

    def overlay(self) -> list[OverlayItem]:
        if self._horizon is not None:
            return [Outline((self._horizon[0].point, self._horizon[1].point))]
        box = self.box
        if box is None or box.is_empty:
            return []
        corners = (
            Point(box.x, box.y),
            Point(box.right, box.y),
            Point(box.right, box.bottom),
            Point(box.x, box.bottom),
        )
        items: list[OverlayItem] = [Shade(box)]
        if cast(CropOptions, self.options).thirds:
            items += _thirds(box)
        return [*items, Outline(corners, closed=True), Outline(handles(box), style="handle")]


def _thirds(box: Rect) -> list[OverlayItem]:
    lines: list[OverlayItem] = []
    for part in (1 / 3, 2 / 3):
        x, y = box.x + box.width * part, box.y + box.height * part
        lines.append(Outline((Point(x, box.y), Point(x, box.bottom)), style="guide"))
        lines.append(Outline((Point(box.x, y), Point(box.right, y)), style="guide"))
    return lines
