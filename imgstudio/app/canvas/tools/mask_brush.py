"""The mask brush: paints the selection, which is shown as a coloured overlay."""

from __future__ import annotations

from imgstudio.app.canvas.tools.painting import PaintTool
from imgstudio.app.canvas.tools.painting_target import PaintTarget, selection_target
from imgstudio.core.paint import Ink


class MaskBrushTool(PaintTool):
    """Right button, Alt, the pen's eraser or X take away from the selection."""

    id = "mask_brush"
    name = "Mask brush"
    icon = "mdi6.brush-variant"
    key = "K"
    help = "Paint what is selected. The right button or X erases, Shift-click draws a straight line."
    shows_mask = True
    works_on = ("pixels", "mask")
    erases_on_right = True

    def target(self) -> PaintTarget | None:
        if self.document is None:
            self.state.say("Open a picture first")
            return None
        return selection_target(self.document)

    def ink(self, target: PaintTarget, *, erasing: bool) -> Ink:
        takes_away = erasing != self.state.erasing
        if takes_away and target.document.selection.is_empty:
            self.state.say("Nothing is selected yet: there is nothing to erase")
        return Ink((0.0,) if takes_away else (1.0,))
