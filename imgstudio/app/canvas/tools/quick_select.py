"""The quick-select brush: paint over part of something to select all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, cast

from imgstudio.app.canvas.tools.base import EVERY_TARGET, Circle, OverlayItem, Pointer, Tool, ToolState
from imgstudio.app.canvas.tools.label_target import class_colour_of, label_target
from imgstudio.core.params import Number, Ui

if TYPE_CHECKING:
    from imgstudio.app.canvas.tools.quick_stroke import QuickStroke


@dataclass(frozen=True, slots=True)
class QuickSelectOptions:
    """How a stroke grows."""

    mode: Annotated[
        Literal["add", "subtract"],
        Ui(help="Whether strokes take in or take away. Alt and the right button take away"),
    ] = "add"
    size: Annotated[
        float,
        Number(1, 500, soft_max=200, unit="px"),
        Ui(help="Diameter on the screen: a larger brush takes more at once; zoom in for details"),
    ] = 40.0
    edges: Annotated[
        bool, Ui("Fine edge", help="Move the outline to the edges of the picture after a stroke")
    ] = True
    all_layers: Annotated[bool, Ui("All layers", help="Look at the whole picture, not one layer")] = True


class QuickSelectTool(Tool):
    """What a stroke takes is shown while it is drawn; the stroke is one undo step."""

    id = "quick_select"
    name = "Quick select"
    icon = "mdi6.selection-ellipse-arrow-inside"
    key = "Shift+W"
    help = "Paint over a part of something to select all of it. Alt or the right button takes away."
    options_type = QuickSelectOptions
    cursor = "none"
    shows_mask = True
    works_on = EVERY_TARGET

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self._stroke: QuickStroke | None = None
        self._pointer: Pointer | None = None

    def enter(self) -> None:
        _strokes()  # so that the first stroke does not wait

    @property
    def is_busy(self) -> bool:
        return self._stroke is not None

    def press(self, event: Pointer) -> None:
        document, options = self.document, cast(QuickSelectOptions, self.options)
        if document is None or self.is_busy:
            return
        wants_less = options.mode == "subtract" and not event.shift
        takes_away = wants_less or event.alt or event.button == "right" or event.eraser
        on_labels = self.state.target == "labels"
        if on_labels:
            if label_target(self.state) is None:
                return
            takes_away = takes_away != self.state.erasing
        elif takes_away and document.selection.is_empty:
            self.state.say("Nothing is selected yet: there is nothing to take away")
            return
        self._stroke = _strokes()(
            document,
            self.name,
            radius=self._radius(event),
            takes_away=takes_away,
            merged=options.all_layers,
            on_labels=on_labels,
        )
        self.move(event)

    def move(self, event: Pointer) -> None:
        self._pointer = event
        if self._stroke is not None:
            self._stroke.to(event.point)
        self.state.redraw()

    def release(self, event: Pointer) -> None:
        self.move(event)
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            stroke.finish(at_edges=cast(QuickSelectOptions, self.options).edges)

    def hover(self, event: Pointer) -> None:
        self._pointer = event
        self.state.redraw()

    def key_press(self, key: str) -> bool:
        return self.cancels(key)

    def cancel(self) -> None:
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            stroke.abandon()
        self.state.redraw()

    def leave(self) -> None:
        self.cancel()
        self._pointer = None

    def overlay(self) -> list[OverlayItem]:
        if self._pointer is None or self.document is None:
            return []
        fill = class_colour_of(self.state, erases=self.state.erasing)
        return [Circle(self._pointer.point, self._radius(self._pointer), fill=fill)]

    def _radius(self, event: Pointer) -> float:
        """Pixels of the picture."""
        return cast(QuickSelectOptions, self.options).size / 2 / event.scale


def _strokes() -> type[QuickStroke]:
    """What makes a stroke, with the sparse matrices it needs, which take long to import."""
    from imgstudio.app.canvas.tools.quick_stroke import QuickStroke

    return QuickStroke
