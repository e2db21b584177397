"""Works for the Colorize page: takes the strokes of its brush, undoes them, marks them on the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QObject, Signal

from imgstudio.app.canvas.tools.base import Rgb
from imgstudio.app.canvas.tools.colour_hints import ColourHintsTool, Does
from imgstudio.app.controllers.canvas_port import canvas_in
from imgstudio.app.controllers.colorize_drafts import Drafts
from imgstudio.app.controllers.colorize_marks import HintMarks
from imgstudio.app.controllers.colorize_sight import ColorizeSight, From, KnowsColours, Likely
from imgstudio.app.controllers.colorize_steps import StrokeSteps
from imgstudio.app.i18n import tr
from imgstudio.core.colour_hints import KEEP
from imgstudio.core.colour_text import code_of, colour_of
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.hint_strokes import Levels, Strokes, erased, flat, laid

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

GREY: Final = 12
"""Least difference of two levels of a colour; below it says nothing about colours."""
KEPT: Final[Levels] = (KEEP, KEEP, KEEP)


class Colorize(QObject):
    """Guards: strokes belong to one document, which is never touched; the colours and the tool before come back."""

    changed = Signal()
    """Other strokes."""
    colour_changed = Signal()
    likely_changed = Signal()
    wanted = Signal()
    """The brush was taken in hand though the page is not open."""
    apply_wanted = Signal()

    def __init__(self, context: AppContext, knows: KnowsColours, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context, self._state = context, context.tool_state
        tool = context.tools.tools[ColourHintsTool.id]
        assert isinstance(tool, ColourHintsTool)
        self.tool = tool
        self.sight = ColorizeSight(context, knows, self)
        self.sight.likely_found.connect(self._on_likely)
        self.drafts = Drafts(context)
        self.document: Document | None = None
        """None while no page is open, or no picture."""
        self.steps = StrokeSteps()
        self.likely: tuple[Likely, ...] = ()
        self.is_held = False
        """Whether the strokes are being applied, so that no other may come."""
        self.marks = HintMarks(context.tool_state)
        self._before = context.tools.current.id
        """The tool that comes back."""
        self._colours: tuple[Rgb, Any] | None = None
        """The foreground colour that comes back, and who is told of another."""
        context.tools.changed.connect(self._on_tool)
        tool.taker = self

    @property
    def is_open(self) -> bool:
        return self.document is not None

    @property
    def strokes(self) -> Strokes:
        return self.steps.strokes

    @property
    def colour(self) -> Rgb:
        """What is painted with: the foreground colour, while the page is open."""
        return self._state.foreground

    def begin(self, document: Document | None, source: From, steps: StrokeSteps) -> None:
        """A page is open for a document: take the brush in hand."""
        self.document, self.steps, self.likely = document, steps, ()
        self.marks.point_out(None)
        if document is None:
            return
        if self._colours is None:
            self._colours = self._state.foreground, self._state.colours_changed
            self._state.colours_changed = self._on_colours
            if max(self.colour) - min(self.colour) < GREY:
                self.choose(colour_of(self._context.settings.hint_colour) or self.colour)
        self.sight.begin(source, lambda: flat(self.strokes), lambda: self.tool.is_busy)
        self._context.tools.activate(self.tool.id)
        self._told()

    def end(self) -> None:
        """The page is closed, or another document is shown."""
        if self._colours is not None:
            self._context.settings.set("hint_colour", code_of(self.colour))
            self._state.foreground, self._state.colours_changed = self._colours
            self._colours = None
            self._state.colours_changed()
        self.document, self.steps, self.likely, self.is_held = None, StrokeSteps(), (), False
        self.sight.stop()
        if self._context.tools.current is self.tool:
            self._context.tools.activate(self._before)
        self._told()

    def choose(self, colour: Rgb) -> None:
        """Paint with a colour from now on."""
        if self.tool.settings.does != "colour" and self.is_open:
            self.tool.choose("colour")
        self._state.foreground = colour
        self._state.colours_changed()

    def change(self, strokes: Strokes, label: str) -> None:
        """Strokes became others by somebody's hand: one step."""
        if self.document is not None and strokes != self.strokes:
            self.steps.push(strokes, label, self.document.history.position)
            self._told()

    def holds(self, document: Document) -> bool:
        """Whether something is painted on a document that would be lost with it."""
        if document is self.document:
            return self.steps.is_changed
        return self.drafts.latest(document) is not None

    @property
    def undo_label(self) -> str:
        """What an undo takes back here; "" for nothing."""
        document = self.document
        if document is None or self.is_held:
            return ""
        return self.steps.undo_label(document.history.position)

    @property
    def redo_label(self) -> str:
        document = self.document
        if document is None or self.is_held:
            return ""
        return self.steps.redo_label(document.history.position, others=document.history.can_redo)

    def undo(self) -> None:
        self.steps.undo()
        self._told()

    def redo(self) -> None:
        self.steps.redo()
        self._told()

    def entered(self) -> None:
        if not self.is_open:
            self.wanted.emit()

    def add_stroke(self, way: tuple[Point, ...], radius: float, does: Does) -> None:
        if self.document is None:
            return
        if self.is_held:
            self._state.say(tr("The colours are being applied: strokes cannot be changed now"))
        elif does == "erase":
            self.change(erased(self.strokes, way, radius), tr("Erase hints"))
        elif not any(_meets(point, radius, self.document.bounds) for point in way):
            self._state.say(tr("Paint on the picture"))
        else:
            red, green, blue = self.colour
            levels = KEPT if does == "keep" else (float(red), float(green), float(blue))
            self.change((*self.strokes, laid(way, radius, levels)), tr("Colour stroke"))

    def pick(self, at: Point) -> None:
        canvas = canvas_in(self._context)
        if canvas is None or self.document is None:
            return
        seen = [canvas.renderer.colour_at(at.x + dx, at.y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
        there = np.array([pixel[:3] for pixel in seen if pixel[3] > 0], np.float64)
        if len(there) == 0:
            self._state.say(tr("There is no colour here"))
            return
        red, green, blue = (round(float(level)) for level in there.mean(0))
        self.choose((red, green, blue))

    def pointed(self, at: Point, *, held: bool) -> None:
        if self.is_open:
            self.sight.point(at, held=held)

    def take_likely(self, index: int) -> bool:
        if not self.is_open or not 0 <= index < len(self.likely):
            return False
        self.choose(self.likely[index].colour)
        return True

    def apply(self) -> None:
        self.apply_wanted.emit()

    def _told(self) -> None:
        self.marks.follow(self.strokes)
        self.changed.emit()

    def _on_likely(self, found: tuple[Likely, ...]) -> None:
        self.likely = found
        self.likely_changed.emit()

    def _on_colours(self) -> None:
        if self._colours is not None:
            self._colours[1]()
        self._state.redraw()
        self.colour_changed.emit()

    def _on_tool(self) -> None:
        current = self._context.tools.current
        if current is not self.tool:
            self._before = current.id


def _meets(point: Point, radius: float, bounds: Rect) -> bool:
    """Whether a disc reaches into a box (its square does: it is about strokes far outside)."""
    inside_x = bounds.x - radius < point.x < bounds.right + radius
    return inside_x and bounds.y - radius < point.y < bounds.bottom + radius
