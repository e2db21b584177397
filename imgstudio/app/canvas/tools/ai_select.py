"""Select what is pointed at: a network finds the thing from clicks, a box or strokes, and corrections follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Protocol, cast
from weakref import WeakKeyDictionary

from imgstudio.app.canvas.tools.ai_select_prompt import Box, Click, Prompt, Scribble, Step
from imgstudio.app.canvas.tools.base import (
    Circle,
    Outline,
    OverlayItem,
    Pointer,
    Swath,
    ToolButton,
    ToolState,
)
from imgstudio.app.canvas.tools.selecting import SelectingTool, SelectOptions, is_click
from imgstudio.core.brush import LARGEST as LARGEST_BRUSH
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.params import Number, Ui
from imgstudio.core.tiles import TileStore


@dataclass(frozen=True, slots=True)
class AiSelectOptions(SelectOptions):
    """What a drag means, and what is begun with."""

    mode: Annotated[
        Literal["new", "add", "subtract", "intersect"],
        Ui(help="How what was found joins the selection", visible_if=("refine", False)),
    ] = "new"
    feather: Annotated[
        float, Number(0, 500, soft_max=50, unit="px"), Ui(help="Fade of the edge", advanced=True)
    ] = 0.0
    drag: Annotated[
        Literal["box", "scribble"],
        Ui(help="Drag a box around it, or a stroke over it. Alt-drag does the other one"),
    ] = "box"
    size: Annotated[
        float,
        Number(1, LARGEST_BRUSH, soft_max=400, unit="px", log=True, decimals=0),
        Ui("Brush", help="Width of the stroke", bare=True, visible_if=("drag", "scribble")),
    ] = 40.0
    refine: Annotated[
        bool, Ui("From the selection", help="Begin with what is selected, and correct it by clicks")
    ] = False


class FindsThings(Protocol):
    """Looks at pictures behind the tool."""

    def entered(self) -> None:
        """The tool was taken in hand."""

    def left(self) -> None:
        """Another tool is taken in hand."""

    def asked(self, document: Document, prompt: Prompt) -> None:
        """Find what was pointed at, and show it."""

    def cleared(self, document: Document) -> None:
        """Forget what was found."""

    def accepted(self, document: Document) -> None:
        """Select what was found, as soon as it is."""

    def subject(self, document: Document) -> None:
        """Begin with what stands out."""

    def has_found(self, document: Document) -> bool:
        """Whether anything was found or is being looked for."""


class AiSelectTool(SelectingTool):
    """Guards: what a person pointed at stays with its document until it is accepted or cleared.

    A press that does not move is a place, a drag a box or a stroke; Shift or the right button say what is not
    wanted. While Ctrl is held nothing is looked for. Taking another tool in hand accepts what was found.
    """

    id = "ai_select"
    name = "AI select"
    icon = "mdi6.creation"
    key = "A"
    help = (
        "Click a thing, or drag a box around it; Shift- or right-click what does not belong to it. "
        "Enter selects it, Backspace takes the last point back, Esc clears."
    )
    options_type = AiSelectOptions
    idle_options: ClassVar = {"labels": {"feather", "refine"}}
    takes_right = True

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self.finder: FindsThings | None = None
        self._prompts: WeakKeyDictionary[Document, Prompt] = WeakKeyDictionary()
        self._press: Pointer | None = None
        self._way: list[Point] = []
        """Where the drag under way has been, once it is one."""
        self._waits = False
        """Whether Ctrl held back what was pointed at last."""
        self._pointer: Point | None = None

    @property
    def settings(self) -> AiSelectOptions:
        return cast(AiSelectOptions, self.options)

    @property
    def begins_anew(self) -> bool:
        """Whether what was found takes the place of the selection."""
        if self.state.target == "labels":
            return False
        return self.settings.refine or self.settings.mode == "new"

    @property
    def prompt(self) -> Prompt:
        """What was pointed at in the document that is shown."""
        return Prompt() if self.document is None else self._prompts.get(self.document, Prompt())

    @property
    def is_busy(self) -> bool:
        document, finder = self.document, self.finder
        has_found = document is not None and finder is not None and finder.has_found(document)
        return self._press is not None or bool(self.prompt.steps) or has_found

    def enter(self) -> None:
        self.state.say("Click what you want, or drag a box around it; Shift- or right-click what you do not")
        if self.finder is not None:
            self.finder.entered()

    def buttons(self) -> tuple[ToolButton, ...]:
        return (
            ToolButton(
                "subject",
                "Select subject: begin with what stands out",
                "account-box-outline",
                self._on_subject,
            ),
            ToolButton("apply", "Select what was found (Enter)", "check", self.apply, separator=True),
            ToolButton("clear", "Clear (Esc)", "close", self.clear),
        )

    def press(self, event: Pointer) -> None:
        if self.document is not None and self._press is None:
            self._press, self._way = event, []

    def move(self, event: Pointer) -> None:
        self._pointer = event.point
        start = self._press
        if start is None:
            return
        if self._way or not is_click(start, event):
            self._way = [*self._way, event.point] if self._way else [start.point, event.point]
        self.state.redraw()

    def release(self, event: Pointer) -> None:
        self.move(event)
        start, step = self._press, self._step()
        self._press, self._way = None, []
        if start is not None and step is not None:
            self._set(self.prompt.with_step(step))
            self._waits = event.ctrl
            if not self._waits:
                self._ask()
        self.state.redraw()

    def hover(self, event: Pointer) -> None:
        self._pointer = event.point
        if self._waits and not event.ctrl:
            self.control_released()
        if self.settings.drag == "scribble":
            self.state.redraw()

    def key_press(self, key: str) -> bool:
        does: dict[str, Callable[[], object]] = {
            "Return": self.apply,
            "Enter": self.apply,
            "Backspace": self.take_back,
            "Escape": self.clear,
        }
        if key not in does or not self.is_busy:
            return False
        does[key]()
        return True

    def control_released(self) -> None:
        if self._waits:
            self._waits = False
            self._ask()

    def take_back(self) -> bool:
        """Drop the drag under way, or else the last step."""
        if self._press is not None:
            self.cancel()
            return True
        prompt = self.prompt
        if not prompt.steps:
            was_busy = self.is_busy
            self.clear()
            return was_busy
        self._set(prompt.without_last())
        self._ask()
        return True

    def apply(self) -> None:
        """Select what was found."""
        document = self.document
        if document is not None and self.finder is not None and self.is_busy:
            self.control_released()
            self.finder.accepted(document)

    def select(self, document: Document, found: TileStore, box: Rect) -> None:
        """Join coverage, which is 0 outside of `box`, with the selection or the labels: one undo step."""
        starts_new = self.begins_anew or self.settings.refine
        self._mode = "new" if starts_new else self.settings.mode
        self.join(document, box, found.read(box)[..., 0])

    def clear(self) -> None:
        """Forget what was pointed at and found."""
        document = self.document
        self.cancel()
        if document is not None:
            self.forget(document)
            if self.finder is not None:
                self.finder.cleared(document)

    def forget(self, document: Document) -> None:
        """What was pointed at in a document is dealt with."""
        self._prompts.pop(document, None)
        self._waits = False
        self.state.redraw()

    def cancel(self) -> None:
        """Take the drag under way back; the places stay."""
        self._press, self._way = None, []
        self.state.redraw()

    def leave(self) -> None:
        self.cancel()
        self._pointer = None
        if self.finder is not None:
            self.apply()
            self.finder.left()

    def overlay(self) -> list[OverlayItem]:
        items = self.prompt.overlay()
        step = self._step() if self._way else None
        if isinstance(step, Box):
            items.append(Outline(step.corners, closed=True, style="ants"))
        elif isinstance(step, Scribble):
            items.append(Swath(step.points, 2 * step.radius, step.wanted))
        if self.settings.drag == "scribble" and self._pointer is not None:
            items.append(Circle(self._pointer, self.settings.size / 2))
        return items

    def _step(self) -> Step | None:
        """What the drag under way says; None for one that says nothing."""
        start = self._press
        if start is None or self.document is None:
            return None
        wanted = not (start.shift or start.button == "right")
        if not self._way:
            return Click(start.point, wanted) if self.document.bounds.contains(start.x, start.y) else None
        scribbles = (self.settings.drag == "scribble") != start.alt
        if scribbles or not wanted:  # a box around what is not wanted says little
            return Scribble(tuple(self._way), self.settings.size / 2, wanted)
        return _box(self._way[0], self._way[-1], self.document)

    def _set(self, prompt: Prompt) -> None:
        assert self.document is not None
        self._prompts[self.document] = prompt
        self.state.redraw()

    def _ask(self) -> None:
        if self.document is not None and self.finder is not None:
            self.finder.asked(self.document, self.prompt)

    def _on_subject(self) -> None:
        if self.document is not None and self.finder is not None:
            self.finder.subject(self.document)


def _box(start: Point, end: Point, document: Document) -> Box | None:
    """The dragged box, inside the picture; None where nothing of it is."""
    limit = document.bounds
    left, right = (min(max(x, 0.0), float(limit.right)) for x in sorted((start.x, end.x)))
    top, bottom = (min(max(y, 0.0), float(limit.bottom)) for y in sorted((start.y, end.y)))
    return Box(Point(left, top), Point(right, bottom)) if right - left >= 1 and bottom - top >= 1 else None
