"""The zoom tool: click to come nearer, drag to go in and out."""

from __future__ import annotations

from imgstudio.app.canvas.tools.base import EVERY_TARGET, Pointer, Tool, ToolState

_STEP = 2.0
_PER_PIXEL = 1.01
"""Enlargement for each screen pixel dragged to the right."""
_CLICK = 4.0


class ZoomTool(Tool):
    """The pressed place of the picture stays where it is on the screen."""

    id = "zoom"
    name = "Zoom"
    icon = "mdi6.magnify"
    key = "Z"
    help = "Click to zoom in, Alt-click to zoom out, drag right or left to zoom smoothly."
    works_on = EVERY_TARGET

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self._start: Pointer | None = None
        self._zoomed = 1.0
        self._is_drag = False

    @property
    def is_busy(self) -> bool:
        return self._start is not None

    def press(self, event: Pointer) -> None:
        self._start, self._zoomed, self._is_drag = event, 1.0, False

    def move(self, event: Pointer) -> None:
        if self._start is None:
            return
        dragged = (event.x - self._start.x) * event.scale
        self._is_drag |= abs(dragged) > _CLICK
        if self._is_drag:
            wanted = _PER_PIXEL**dragged
            self.state.zoom_at(wanted / self._zoomed, self._start)
            self._zoomed = wanted

    def release(self, event: Pointer) -> None:
        if self._start is not None and not self._is_drag:
            out = event.alt or event.button == "right"
            self.state.zoom_at(1 / _STEP if out else _STEP, event)
        self._start = None

    def cancel(self) -> None:
        self._start = None
