"""The hand: move the view."""

from __future__ import annotations

from imgstudio.app.canvas.tools.base import EVERY_TARGET, Pointer, Tool, ToolState


class HandTool(Tool):
    """Keeps the grasped place of the picture under the pointer."""

    id = "hand"
    name = "Hand"
    icon = "mdi6.hand-back-right-outline"
    key = "H"
    help = "Drag to move the view. Space or the middle button does so with any tool."
    cursor = "open hand"
    works_on = EVERY_TARGET

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self._grasped: Pointer | None = None

    @property
    def is_busy(self) -> bool:
        return self._grasped is not None

    def press(self, event: Pointer) -> None:
        self._grasped = event

    def move(self, event: Pointer) -> None:
        # after each pan the pointer is over the grasped place again, so this is the whole way left
        if self._grasped is not None:
            dx, dy = event.x - self._grasped.x, event.y - self._grasped.y
            self.state.pan_by(dx * event.scale, dy * event.scale)

    def release(self, event: Pointer) -> None:
        self.move(event)
        self._grasped = None

    def cancel(self) -> None:
        self._grasped = None
