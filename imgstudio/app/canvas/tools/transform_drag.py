"""A layer held by the transform tool, and what one drag of its frame makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from imgstudio.app.canvas.tools.base import Pointer
from imgstudio.app.canvas.tools.snapping import Caught, SnapLines, lines_of
from imgstudio.app.canvas.tools.transform_frame import (
    STEP,
    Frame,
    Grip,
    bent,
    onto_line,
    scaled,
    skewed,
    turned,
    turned_about,
)
from imgstudio.app.canvas.tools.transform_numbers import angle_of
from imgstudio.core.document import Document
from imgstudio.core.geometry import IDENTITY, Point, Transform
from imgstudio.core.transforming import Holds

ARROWS: Final = {"Left": (-1, 0), "Right": (1, 0), "Up": (0, -1), "Down": (0, 1)}


@dataclass(slots=True)
class Hold:
    """Guards: what is shown is `shown`, and `through` is what the history knows."""

    held: Holds
    state: int
    """Of the history, after the last change that was made through this hold."""
    through: Transform = IDENTITY
    """From where the layer was taken to where it is, in the document."""
    shown: Transform = IDENTITY

    @property
    def frame(self) -> Frame:
        return self._frame(self.shown)

    def fits(self, document: Document) -> bool:
        """Whether it is still what is active there, and nobody else has changed anything since."""
        same = self.held.document is document and self.held.is_current
        return same and self.state == document.history.state

    def is_sound(self, through: Transform) -> bool:
        return self._frame(through).is_sound()

    def show(self, through: Transform) -> None:
        """Show it elsewhere; the history does not know."""
        if through != self.shown:
            self.shown = through
            self.held.put(through)

    def keep(self, through: Transform, label: str, *, merge: bool) -> None:
        self.held.keep(through, label, merge=merge)
        self.through = self.shown = through
        self.state = self.held.document.history.state

    def as_it_is_stored(self) -> Transform:
        """Where the layer is not scaled, turned or bent, with its middle where it is now; a group as taken."""
        if not self.held.has_own_size:
            return IDENTITY
        frame, start = self.frame, self.held.frame[1]
        middle, stored = frame.middle, frame.local(0, 0)
        shift = Transform(e=float(round(middle.x - stored.x)), f=float(round(middle.y - stored.y)))
        return start.inverted().then(shift)

    def _frame(self, through: Transform) -> Frame:
        box, start = self.held.frame
        return Frame(box, start.then(through).rounded())


@dataclass
class Drag:
    """One press of the pointer."""

    hold: Hold
    frame: Frame
    """As it was when it was grasped."""
    grip: Grip
    start: Pointer
    linked: bool
    """Whether a corner keeps the shape unless Shift is held."""
    caught: Caught = field(default_factory=Caught)

    def through(self, event: Pointer) -> Transform | None:
        """Where the layer goes from where it was taken; None where the frame cannot go."""
        try:
            through = self.hold.through.then(self._change(event))
        except ValueError:  # beyond the horizon
            return None
        return through if self.hold.is_sound(through) else None

    @cached_property
    def _lines(self) -> SnapLines:
        return lines_of(self.hold.held.document, self.hold.held.layers)

    def _change(self, event: Pointer) -> Transform:
        """The map of the document since the press."""
        grip, frame = self.grip, self.frame
        self.caught = Caught()
        if grip.part == "inside":
            return self._moved(event)
        if grip.part == "outside":
            return self._turned(event)
        at = frame.at(grip.across, grip.down)
        to = Point(at.x + event.x - self.start.x, at.y + event.y - self.start.y)
        if event.ctrl and grip.part == "corner":
            made = bent(frame, grip, to, evenly=event.shift)
        elif event.ctrl:
            made = skewed(frame, grip, to, from_middle=event.alt)
        else:
            keeps_shape = event.shift
            if grip.part == "corner":
                keeps_shape = self.linked != event.shift
            to = self._aimed(event, to, keeps_shape=keeps_shape)
            made = scaled(frame, grip, to, keeps_shape=keeps_shape, from_middle=event.alt)
        return frame.to_document.inverted().then(made)

    def _moved(self, event: Pointer) -> Transform:
        dx, dy = event.x - self.start.x, event.y - self.start.y
        if event.shift:
            dx, dy = (dx, 0) if abs(dx) >= abs(dy) else (0, dy)
        if not event.ctrl:
            xs = _ends_and_middle([corner.x + dx for corner in self.frame.corners])
            ys = _ends_and_middle([corner.y + dy for corner in self.frame.corners])
            self.caught = self._lines.catch(
                xs if dx or not event.shift else (), ys if dy or not event.shift else (), event.scale
            )
            dx, dy = dx + self.caught.dx, dy + self.caught.dy
        return Transform(e=float(round(dx)), f=float(round(dy)))

    def _turned(self, event: Pointer) -> Transform:
        angle = turned(self.frame, self.start.point, event.point)
        if event.shift:
            before = angle_of(self.frame)
            angle = round((before + angle) / STEP) * STEP - before
        return turned_about(self.frame.middle, angle)

    def _aimed(self, event: Pointer, to: Point, *, keeps_shape: bool) -> Point:
        """Where a handle of an upright frame goes: to a line that it catches on, else to whole pixels."""
        grip, frame = self.grip, self.frame
        if not frame.is_upright:
            return to
        at = frame.at(grip.across, grip.down)
        fixed = frame.middle if event.alt else frame.at(-grip.across, -grip.down)
        is_diagonal = grip.part == "corner" and keeps_shape
        if is_diagonal:
            to = onto_line(fixed, at, to)
        wide, high = abs(at.x - fixed.x) > 1e-6, abs(at.y - fixed.y) > 1e-6
        caught = self._lines.catch((to.x,) if wide else (), (to.y,) if high else (), event.scale)
        x = round(to.x) if caught.x is None else caught.x
        y = round(to.y) if caught.y is None else caught.y
        if not is_diagonal:
            self.caught = caught
            return Point(x if wide else to.x, y if high else to.y)
        by_y = caught.y is not None and (caught.x is None or abs(caught.dy) < abs(caught.dx))
        self.caught = Caught(y=caught.y) if by_y else Caught(x=caught.x)
        share = (y - fixed.y) / (at.y - fixed.y) if by_y else (x - fixed.x) / (at.x - fixed.x)
        return Point(fixed.x + share * (at.x - fixed.x), fixed.y + share * (at.y - fixed.y))


def _ends_and_middle(places: list[float]) -> tuple[float, float, float]:
    low, high = min(places), max(places)
    return low, (low + high) / 2, high
