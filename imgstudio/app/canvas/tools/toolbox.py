"""The tools of the window, in the order of the tool bar, and which one is in hand."""

from __future__ import annotations

from typing import Final

from psygnal import Signal

from imgstudio.app.canvas.tools.ai_select import AiSelectTool
from imgstudio.app.canvas.tools.base import Tool, ToolState
from imgstudio.app.canvas.tools.brush import BrushTool
from imgstudio.app.canvas.tools.colour_hints import ColourHintsTool
from imgstudio.app.canvas.tools.crop import CropTool
from imgstudio.app.canvas.tools.ellipse import EllipseTool
from imgstudio.app.canvas.tools.eraser import EraserTool
from imgstudio.app.canvas.tools.eyedropper import EyedropperTool
from imgstudio.app.canvas.tools.fill import FillTool
from imgstudio.app.canvas.tools.hand import HandTool
from imgstudio.app.canvas.tools.label_accept import LabelAcceptTool
from imgstudio.app.canvas.tools.label_objects import LabelObjectsTool
from imgstudio.app.canvas.tools.label_superpixels import LabelSuperpixelsTool
from imgstudio.app.canvas.tools.lasso import LassoTool
from imgstudio.app.canvas.tools.magnetic import MagneticTool
from imgstudio.app.canvas.tools.mask_brush import MaskBrushTool
from imgstudio.app.canvas.tools.move import MoveTool
from imgstudio.app.canvas.tools.polygon import PolygonTool
from imgstudio.app.canvas.tools.quick_select import QuickSelectTool
from imgstudio.app.canvas.tools.rectangle import RectangleTool
from imgstudio.app.canvas.tools.transform import TransformTool
from imgstudio.app.canvas.tools.wand import WandTool
from imgstudio.app.canvas.tools.zoom import ZoomTool

TOOLS: Final[tuple[type[Tool], ...]] = (
    MoveTool,
    TransformTool,
    CropTool,
    RectangleTool,
    EllipseTool,
    LassoTool,
    PolygonTool,
    MagneticTool,
    WandTool,
    QuickSelectTool,
    AiSelectTool,
    MaskBrushTool,
    BrushTool,
    EraserTool,
    FillTool,
    LabelSuperpixelsTool,
    LabelAcceptTool,
    LabelObjectsTool,
    ColourHintsTool,
    EyedropperTool,
    HandTool,
    ZoomTool,
)


class Toolbox:
    """Guards: exactly one tool is in hand, and the one put down has finished or dropped its gesture."""

    changed = Signal()
    """Another tool is in hand."""

    def __init__(self, state: ToolState) -> None:
        self.state = state
        self.tools: dict[str, Tool] = {kind.id: kind(state) for kind in TOOLS}
        self.current: Tool = self.tools[MoveTool.id]

    def activate(self, tool_id: str) -> None:
        """Take a tool in hand; raises KeyError for an unknown id."""
        tool = self.tools[tool_id]
        if tool is not self.current:
            self.current.leave()
            self.current = tool
            self.changed.emit()
            tool.enter()
            self.state.redraw()
