"""Select by colour: click what is wanted, and see all that looks like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, cast

from imgstudio.app.canvas.tools.base import (
    EVERY_TARGET,
    OverlayItem,
    Pointer,
    Spot,
    Tool,
    ToolButton,
    ToolState,
)
from imgstudio.app.canvas.tools.sampling import colour_at
from imgstudio.core.colour_range import ColourRange, Pick
from imgstudio.core.document import Document
from imgstudio.core.params import Number, Ui

_AROUND = 3
"""Side of the square whose mean is picked, so that noise does not decide."""


@dataclass(frozen=True, slots=True)
class ColourRangeOptions:
    """What counts as alike."""

    mode: Annotated[
        Literal["new", "add", "subtract", "intersect"], Ui(help="How the colours join the selection")
    ] = "new"
    fuzziness: Annotated[
        float, Number(0, 255, soft_max=150), Ui(help="By how much a colour may differ; the outer half fades")
    ] = 40.0
    reach: Annotated[
        int,
        Number(1, 100, unit="%"),
        Ui(help="How far from its place a colour counts, of the picture's longer side; 100 %: everywhere"),
    ] = 100
    inverted: Annotated[bool, Ui("Invert", help="Select all but these colours")] = False


class UsesColours(Protocol):
    """Shows and selects what was picked."""

    def changed(self) -> None:
        """Other colours or options."""

    def accepted(self) -> None:
        """Select it."""

    def ended(self) -> None:
        """Select nothing, and take the tool before in hand."""


class ColourRangeTool(Tool):
    """A click picks a colour, Shift adds one, Alt leaves one out."""

    id = "colour_range"
    name = "Colour range"
    icon = "mdi6.palette-outline"
    help = (
        "Click a colour; Shift adds one, Alt leaves one out. Enter selects, Backspace takes back, Esc ends."
    )
    options_type = ColourRangeOptions
    works_on = EVERY_TARGET

    def __init__(self, state: ToolState, user: UsesColours) -> None:
        super().__init__(state)
        self._user = user
        self._picks: tuple[Pick, ...] = ()
        self._before: tuple[Pick, ...] | None = None
        """What there was before the press under way."""

    @property
    def is_busy(self) -> bool:
        """Enter, Backspace and Escape are for it from the start."""
        return True

    @property
    def has_colours(self) -> bool:
        return any(pick.adds for pick in self._picks)

    def wanted(self, document: Document) -> ColourRange:
        """What to select in a document."""
        options = cast(ColourRangeOptions, self.options)
        longest = max(document.bounds.width, document.bounds.height)
        reach = None if options.reach >= 100 else longest * options.reach / 100
        return ColourRange(self._picks, options.fuzziness, reach, options.inverted)

    def options_edited(self, options: object) -> None:
        super().options_edited(options)
        self._user.changed()

    def buttons(self) -> tuple[ToolButton, ...]:
        return (
            ToolButton("take_back", "Take the last colour back (Backspace)", "undo", self.take_back),
            ToolButton("give_up", "Select nothing (Esc)", "close", self._user.ended, separator=True),
            ToolButton("apply", "Select (Enter)", "check", self._accept),
        )

    def press(self, event: Pointer) -> None:
        if event.button != "left" or self.document is None:
            return
        if event.alt and not self.has_colours:
            self.state.say("Click a colour to select first; then Alt leaves others out")
            return
        self._before = self._picks if event.shift or event.alt else ()
        self._pick(event)

    def move(self, event: Pointer) -> None:
        if self._before is not None:
            self._pick(event)

    def release(self, event: Pointer) -> None:
        self._before = None

    def key_press(self, key: str) -> bool:
        if key in ("Return", "Enter"):
            self._accept()
        elif key == "Backspace":
            self.take_back()
        elif key == "Escape":
            self._user.ended()
        else:
            return False
        return True

    def take_back(self) -> bool:
        """Forget the colour that was picked last."""
        if not self._picks:
            return False
        self._put(self._picks[:-1])
        return True

    def cancel(self) -> None:
        """Another document is shown, or the drag was dropped: the colours picked so far stay."""
        self._before = None

    def leave(self) -> None:
        self._user.ended()

    def overlay(self) -> list[OverlayItem]:
        return [Spot(pick.place, pick.adds) for pick in self._picks]

    def _pick(self, event: Pointer) -> None:
        assert self.document is not None
        assert self._before is not None
        colour = colour_at(self.document, event.point, _AROUND, merged=True)
        if colour is None:
            self.state.say("There is no colour here")
            return
        self.state.say("")
        self._put((*self._before, Pick(colour, event.point, adds=not event.alt or event.shift)))

    def _put(self, picks: tuple[Pick, ...]) -> None:
        self._picks = picks
        self.state.redraw()
        self._user.changed()

    def _accept(self) -> None:
        if self.has_colours:
            self._user.accepted()
        else:
            self.state.say("Click a colour in the picture first")
