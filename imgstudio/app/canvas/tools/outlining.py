"""What the tools share that draw an outline from click to click: how it is closed, and how the last click is taken back."""

from __future__ import annotations

from typing import Final

from imgstudio.app.canvas.tools.base import Pointer
from imgstudio.app.canvas.tools.selecting import SelectingTool

NEAR: Final = 8.0
"""Screen pixels from the first corner at which a click closes the outline."""
SAME: Final = 3.0
"""Screen pixels within which a second click means the same corner, as in a double click."""


class OutliningTool(SelectingTool):
    """The outline stays open between clicks, until it is closed or dropped."""

    def close_outline(self) -> None:
        """Select what the outline encloses."""
        raise NotImplementedError

    def drop_last(self) -> None:
        """Take the last click back."""
        raise NotImplementedError

    def move(self, event: Pointer) -> None:
        self.hover(event)

    def double_click(self, event: Pointer) -> None:
        if self.is_busy:
            self.close_outline()

    def key_press(self, key: str) -> bool:
        if not self.is_busy:
            return False
        if key in ("Return", "Enter"):
            self.close_outline()
        elif key == "Backspace":
            self.drop_last()
        else:
            return self.cancels(key)
        return True
