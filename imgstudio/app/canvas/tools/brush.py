"""The brush: paints the foreground colour, or reveals on a layer mask."""

from __future__ import annotations

from imgstudio.app.canvas.tools.painting import PaintTool
from imgstudio.app.canvas.tools.painting_target import PaintTarget, layer_target
from imgstudio.core.paint import Ink


class BrushTool(PaintTool):
    """On a layer mask it shows, and hides while X has swapped the two."""

    id = "brush"
    name = "Brush"
    icon = "mdi6.brush"
    key = "B"
    help = "Paint. Shift-click draws a straight line, Alt-click picks a colour, Shift-drag changes the size."
    picks_colour = True

    def target(self) -> PaintTarget | None:
        return layer_target(self.state)

    def ink(self, target: PaintTarget, *, erasing: bool) -> Ink:
        if target.store.channels == 1:
            return Ink((0.0,) if erasing != self.state.erasing else (1.0,))
        return Ink(erases=True) if erasing else Ink(tuple(value / 255 for value in self.state.foreground))
