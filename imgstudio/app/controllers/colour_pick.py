"""The eyedropper of a filter's colours: the next press in the picture gives the colour."""

from __future__ import annotations

from collections.abc import Callable
from math import floor
from typing import TYPE_CHECKING, ClassVar, Final

from PySide6.QtCore import QObject, Signal

from imgstudio.app.canvas.tools.base import Pointer, Rgb, Tool, ToolState
from imgstudio.app.canvas.tools.sampling import mean_colour
from imgstudio.app.controllers.canvas_port import canvas_in
from imgstudio.app.controllers.guest_tool import GuestTool
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.layers import Layer
from imgstudio.core.selection import Selection
from imgstudio.filters.source import capture_source

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

TOOL_ID: Final = "pipette"
AROUND: Final = 1
"""Pixels to each side that are averaged, so that noise does not decide."""


class PipetteTool(Tool):
    """Takes the colour while the button is down; letting go or Escape ends it."""

    id: ClassVar[str] = TOOL_ID
    name: ClassVar[str] = "Pick a colour"
    icon: ClassVar[str] = "mdi6.eyedropper"
    help: ClassVar[str] = "Click a colour in the picture; Esc ends."
    cursor = "cross"

    def __init__(
        self,
        state: ToolState,
        read: Callable[[Point], Rgb | None],
        taken: Callable[[Rgb], None],
        ended: Callable[[], None],
    ) -> None:
        super().__init__(state)
        self._read, self._taken, self._ended = read, taken, ended
        self._pressed = False

    @property
    def is_busy(self) -> bool:
        return self._pressed

    def press(self, event: Pointer) -> None:
        self._pressed = True
        self.move(event)

    def move(self, event: Pointer) -> None:
        colour = self._read(event.point)
        if colour is None:
            self.state.say("There is no colour here")
        else:
            self.state.say("")
            self._taken(colour)

    def release(self, event: Pointer) -> None:
        self._pressed = False
        self._ended()

    def key_press(self, key: str) -> bool:
        if key == "Escape":
            self._ended()
        return key == "Escape"

    def cancel(self) -> None:
        self._pressed = False

    def leave(self) -> None:
        self._ended()


class ColourPick(QObject):
    """At most one colour is being picked. Guards: the tool before comes back whatever ends it."""

    ended = Signal()

    def __init__(self, context: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._guest: GuestTool | None = None

    @property
    def is_active(self) -> bool:
        return self._guest is not None

    def start(
        self, source: Callable[[], tuple[Document, Layer] | None], taken: Callable[[str], None]
    ) -> None:
        """Let a person click; `source` is what the filter reads, `taken` gets "#rrggbb"."""
        self.stop()
        tool = PipetteTool(
            self._context.tool_state,
            lambda point: _colour_of(source(), point),
            lambda rgb: taken("#{:02x}{:02x}{:02x}".format(*rgb)),
            self.stop,
        )
        self._guest = GuestTool(self._context.tools, tool)
        self._context.tool_state.say(tool.help)
        canvas = canvas_in(self._context)
        if canvas is not None:
            canvas.setFocus()

    def stop(self) -> None:
        """Back to the tool before."""
        guest, self._guest = self._guest, None
        if guest is not None:
            guest.put_down()
            self._context.tool_state.say("")
            self.ended.emit()


def _colour_of(source: tuple[Document, Layer] | None, point: Point) -> Rgb | None:
    """The colour that the filter sees there, without what lies above and without its own preview."""
    if source is None or not source[0].bounds.contains(point.x, point.y):
        return None
    document, layer = source
    here = Rect(floor(point.x), floor(point.y), 1, 1).expanded(AROUND).intersect(document.bounds)
    try:
        seen = capture_source(document, layer, here, Selection())
    except UserError:
        return None
    return mean_colour(seen.read(here))
