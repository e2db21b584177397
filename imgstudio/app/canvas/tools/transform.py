"""The transform tool: move, scale, turn, skew and bend the active layer with handles or numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from imgstudio.app.canvas.tools.base import Cursor, Outline, OverlayItem, Pointer, Tool, ToolButton, ToolState
from imgstudio.app.canvas.tools.painting_target import problem_of_layer
from imgstudio.app.canvas.tools.snapping import Caught
from imgstudio.app.canvas.tools.transform_drag import ARROWS, Drag, Hold
from imgstudio.app.canvas.tools.transform_frame import about, turned_about
from imgstudio.app.canvas.tools.transform_numbers import (
    TransformOptions,
    map_to,
    numbers_of,
    with_ratio_kept,
)
from imgstudio.core.document import Document
from imgstudio.core.geometry import IDENTITY, Transform
from imgstudio.core.transforming import Held

_FAR = 10
_HINT = "Ctrl bends corners and skews sides, Shift frees the shape, Alt holds the middle"


@dataclass(slots=True)
class _Session:
    """What the tool has in hand, and the one undo step that all it does to it becomes."""

    hold: Hold | None = None
    step: int | None = None
    """State of the history after the step that still grows."""
    refused: tuple[object, ...] = ()
    """What was refused last, so that the reason is said once."""
    caught: Caught = field(default_factory=Caught)


Taking = Callable[[Document], tuple[Hold | None, str]]


def active_layer_taken(document: Document) -> tuple[Hold | None, str]:
    """The active layer in hand, or why it cannot be."""
    layer = document.active
    problem = problem_of_layer(document, layer)
    if problem or layer is None:
        return None, problem
    hold = Hold(Held(document, layer), document.history.state)
    if hold.frame.box.is_empty:
        return None, f"“{layer.name}” is empty: there is nothing to transform"
    if not hold.frame.is_sound():
        return None, f"“{layer.name}” has been squeezed to nothing: undo that first"
    return hold, ""


class TransformTool(Tool):
    """Pixels stay as they are: only the layer's map to the document changes.

    Every gesture is in the history at once, joined to one step until it is applied.
    """

    id = "transform"
    name = "Transform"
    icon = "mdi6.move-resize"
    key = "Ctrl+T"
    action_id = "edit.transform"
    help = (
        "Drag inside to move, handles to scale, outside a corner to turn. Ctrl bends a corner or skews "
        "a side; Enter applies, Esc gives back."
    )
    options_type = TransformOptions
    cursor: Cursor = "arrow"

    def __init__(self, state: ToolState, taken: Taking = active_layer_taken) -> None:
        """`taken` takes what is transformed in hand, or says why nothing can be."""
        super().__init__(state)
        self._taken = taken
        self._session = _Session()
        self._drag: Drag | None = None
        self._scale = 1.0

    @property
    def is_busy(self) -> bool:
        """Whether there is something to apply or to give back."""
        return self._drag is not None or self._has_step

    def enter(self) -> None:
        if self._hold() is not None:
            self.state.say(_HINT)

    def leave(self) -> None:
        """What was done stays done."""
        self._drop_drag()
        self._session = _Session()

    def press(self, event: Pointer) -> None:
        if event.button != "left" or self._drag is not None:
            return
        self._scale = event.scale
        self._session.refused = ()
        hold = self._hold()
        grip = None if hold is None else hold.frame.grip_at(event.point, event.scale)
        if hold is not None and grip is not None:
            linked = cast(TransformOptions, self.options).linked
            self._drag = Drag(hold, hold.frame, grip, event, linked)
            hold.held.begin_drag()

    def move(self, event: Pointer) -> None:
        drag = self._drag
        if drag is None:
            return
        self._scale = event.scale
        through = drag.through(event)
        if through is not None:
            drag.hold.show(through)
            self._publish(drag.hold)
        self._session.caught = drag.caught
        self.state.redraw()

    def release(self, event: Pointer) -> None:
        self.move(event)
        drag, self._drag = self._drag, None
        self._session.caught = Caught()
        if drag is None:
            return
        self._keep(drag.hold, drag.hold.shown)
        drag.hold.held.end_drag()
        self.hover(event)
        self.state.redraw()

    def hover(self, event: Pointer) -> None:
        hold = self._hold()
        if self._scale != event.scale:
            self._scale = event.scale
            self.state.redraw()
        if hold is None:
            self.cursor = "arrow"
            return
        frame = hold.frame
        self.cursor = frame.cursor_for(frame.grip_at(event.point, event.scale), bends=event.ctrl)

    def double_click(self, event: Pointer) -> None:
        inside = self._drag is not None and self._drag.grip.part == "inside"
        self._drop_drag()
        if inside:
            self.apply()

    def key_press(self, key: str) -> bool:
        *modifiers, name = key.split("+")
        if name in ARROWS and self._drag is None:
            hold = self._hold()
            if hold is None:
                return self.document is not None
            step = _FAR if "Shift" in modifiers else 1
            dx, dy = ARROWS[name]
            self._change(hold, Transform(e=float(dx * step), f=float(dy * step)))
            return True
        if not self.is_busy or key not in ("Return", "Enter", "Escape"):
            return False
        if key == "Escape":
            self.cancel()
        else:
            self.apply()
        return True

    def cancel(self) -> None:
        """Take back the drag under way, else all that was done since the layer was taken."""
        document = self.document
        if self._drag is not None:
            self._drop_drag()
        elif document is not None and self._has_step:
            self._session.step = None
            document.history.undo()
        self._follow()

    def apply(self) -> None:
        """Let the next change be a step of its own."""
        self._drop_drag()
        self._session = _Session()
        self._follow()

    def options_edited(self, options: object) -> None:
        before, wanted = cast(TransformOptions, self.options), cast(TransformOptions, options)
        hold = self._hold()
        if hold is None or self._drag is not None:
            self.state.options_changed(self.id)
            return
        self.state.options[self.id] = wanted
        try:
            through = map_to(hold.frame, before, with_ratio_kept(before, wanted))
        except ValueError:  # a side of no length
            through = IDENTITY
        self._change(hold, through)

    def buttons(self) -> tuple[ToolButton, ...]:
        across, down = Transform(a=-1.0), Transform(d=-1.0)
        flip = self._about_the_middle
        return (
            ToolButton("flip_horizontal", "Flip horizontally", "flip-horizontal", lambda: flip(across)),
            ToolButton("flip_vertical", "Flip vertically", "flip-vertical", lambda: flip(down)),
            ToolButton("turn_left", "Turn 90° left", "rotate-left", lambda: self._turn(-90)),
            ToolButton("turn_right", "Turn 90° right", "rotate-right", lambda: self._turn(90)),
            ToolButton("reset", "Back to its own size and shape", "restore", self._reset),
            ToolButton("give_back", "Give back (Esc)", "close", self.cancel, separator=True),
            ToolButton("apply", "Apply (Enter)", "check", self.apply),
        )

    def overlay(self) -> list[OverlayItem]:
        hold = self._hold()
        if hold is None:
            return []
        frame, bounds = hold.frame, hold.held.document.bounds
        lines = [Outline(line, style="snap") for line in self._session.caught.lines(bounds)]
        return [
            *lines,
            Outline(frame.corners, closed=True),
            Outline((frame.middle,), style="pivot"),
            Outline(frame.handles(self._scale), style="handle"),
        ]

    @property
    def _has_step(self) -> bool:
        hold, document = self._session.hold, self.document
        fits = hold is not None and document is not None and hold.fits(document)
        return fits and hold is not None and self._session.step == hold.state

    def _hold(self) -> Hold | None:
        """What is in hand: the active layer, taken anew when something else changed it; None after saying why."""
        document = self.document
        if self._drag is not None:
            return self._drag.hold
        if document is None:
            return None
        session, layer = self._session, document.active
        if session.hold is not None and session.hold.fits(document):
            return session.hold
        wanted = (document, layer, document.history.state)
        session.hold = session.step = None
        if session.refused == wanted:
            return None
        hold, problem = self._taken(document)
        if hold is None:
            session.refused = wanted
            self.state.say(problem)
            return None
        session.hold = hold
        self._publish(hold)
        return hold

    def _turn(self, degrees: int) -> None:
        hold = self._hold()
        if hold is not None:
            turn = turned_about(hold.frame.center, degrees)
            self._change(hold, turn._replace(e=float(round(turn.e)), f=float(round(turn.f))))

    def _about_the_middle(self, linear: Transform) -> None:
        hold = self._hold()
        if hold is not None:
            self._change(hold, about(hold.frame.center, linear))

    def _reset(self) -> None:
        hold = self._hold()
        if hold is not None:
            self._keep(hold, hold.as_it_is_stored())
            self._follow()

    def _change(self, hold: Hold, through: Transform) -> None:
        """Carry out a map of the document at once."""
        wanted = hold.through.then(through)
        if hold.is_sound(wanted):
            self._keep(hold, wanted)
        self._follow()

    def _keep(self, hold: Hold, through: Transform) -> None:
        if through != hold.through:
            hold.keep(through, self.name, merge=self._has_step)
            self._session.step = hold.state

    def _drop_drag(self) -> None:
        drag, self._drag = self._drag, None
        self._session.caught = Caught()
        if drag is not None:
            drag.hold.show(drag.hold.through)
            drag.hold.held.end_drag()

    def _follow(self) -> None:
        """Numbers and handles show what is there now."""
        hold = self._hold()
        if hold is not None:
            self._publish(hold)
        self.state.redraw()

    def _publish(self, hold: Hold) -> None:
        linked = cast(TransformOptions, self.options).linked
        self.state.options[self.id] = numbers_of(hold.frame, linked=linked)
        self.state.options_changed(self.id)
