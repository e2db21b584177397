"""The transform tool for the selection: its outline moves, and the picture stays."""

from __future__ import annotations

from collections.abc import Callable

from imgstudio.app.canvas.tools.base import Outline, OverlayItem, Pointer, ToolButton, ToolState
from imgstudio.app.canvas.tools.transform import TransformTool
from imgstudio.app.canvas.tools.transform_drag import Hold
from imgstudio.core.document import Document
from imgstudio.core.selection_moving import HeldSelection


def selection_taken(document: Document) -> tuple[Hold | None, str]:
    """The selection in hand, or why it cannot be."""
    if document.selection.bounds().is_empty:
        return None, "Nothing is selected: there is nothing to transform"
    return Hold(HeldSelection(document), document.history.state), ""


class TransformSelectionTool(TransformTool):
    """In hand until it is applied or given back."""

    id = "transform_selection"
    name = "Transform selection"
    icon = "mdi6.selection-drag"
    key = ""
    help = "Drag the selection, its handles or outside a corner; Enter applies, Esc gives back."

    def __init__(self, state: ToolState, ended: Callable[[], None]) -> None:
        super().__init__(state, selection_taken)
        self._ended = ended

    @property
    def is_busy(self) -> bool:
        """Enter and Escape are for it even before the first change."""
        return True

    def take_back(self) -> bool:
        """Its steps are in the history: an undo takes the last one, and the drag under way if there is one."""
        is_dragging = self._drag is not None
        if is_dragging:
            self._drop_drag()
            self.state.redraw()
        return is_dragging

    def key_press(self, key: str) -> bool:
        if key in ("Return", "Enter"):
            self._finish()
        elif key == "Escape":
            self._give_back()
        else:
            return super().key_press(key)
        return True

    def buttons(self) -> tuple[ToolButton, ...]:
        return (
            *super().buttons()[:-2],
            ToolButton("give_back", "Give back (Esc)", "close", self._give_back, separator=True),
            ToolButton("apply", "Apply (Enter)", "check", self._finish),
        )

    def leave(self) -> None:
        super().leave()
        self._ended()

    def double_click(self, event: Pointer) -> None:
        inside = self._drag is not None and self._drag.grip.part == "inside"
        super().double_click(event)
        if inside:
            self._ended()

    def overlay(self) -> list[OverlayItem]:
        hold = self._hold()
        if hold is None or not isinstance(hold.held, HeldSelection):
            return []
        shown = hold.shown
        lines: list[OverlayItem] = [
            Outline(tuple(shown.apply(*point) for point in line), closed=True, style="ants")
            for line in hold.held.lines
        ]
        return [*lines, *super().overlay()]

    def _finish(self) -> None:
        self.apply()
        self._ended()

    def _give_back(self) -> None:
        """The drag under way, else all, and the tool with it."""
        is_dragging = self._drag is not None
        self.cancel()
        if not is_dragging:
            self._ended()
