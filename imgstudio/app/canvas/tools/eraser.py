"""The eraser: takes alpha away, or hides on a layer mask."""

from __future__ import annotations

from imgstudio.app.canvas.tools.painting import PaintTool
from imgstudio.app.canvas.tools.painting_target import PaintTarget, layer_target
from imgstudio.core.paint import Ink


class EraserTool(PaintTool):
    """On a layer mask it hides, and shows while X has swapped the two."""

    id = "eraser"
    name = "Eraser"
    icon = "mdi6.eraser"
    key = "E"
    only_erases = True
    help = "Make the layer transparent. Shift-click erases along a straight line."

    def target(self) -> PaintTarget | None:
        return layer_target(self.state)

    def ink(self, target: PaintTarget, *, erasing: bool) -> Ink:
        if target.store.channels == 1:
            return Ink((1.0,) if self.state.erasing else (0.0,))
        return Ink(erases=True)
