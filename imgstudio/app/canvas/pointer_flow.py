"""What a pointer does on the canvas: it drives the tool, pans, or moves the before/after line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import hypot
from typing import Final, Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor

from imgstudio.app.canvas.cursors import cursor_of
from imgstudio.app.canvas.scene import Scene
from imgstudio.app.canvas.tools import Toolbox
from imgstudio.app.canvas.tools.base import Button, Circle, Pointer
from imgstudio.app.canvas.view import View
from imgstudio.core.geometry import Point

CLICK: Final = 4
"""Logical pixels that a pointer may move and still click."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A mouse, pen or touch event on the screen."""

    at: Point
    """Device pixels from the widget's corner."""
    button: Literal["left", "right", "middle"] = "left"
    pressure: float = 1.0
    eraser: bool = False
    shift: bool = False
    alt: bool = False
    ctrl: bool = False
    time: float = 0.0


@dataclass(slots=True)
class PointerFlow:
    """Guards: a tool that got a press gets its release or a cancel; one gesture at a time.

    A pan may come in the middle of a tool's drag: the tool then waits, and goes on after it.
    """

    view: View
    toolbox: Toolbox
    on_context_menu: Callable[[Point], None]
    """A right click without movement, at a screen position."""
    on_changed: Callable[[], None]
    """The cursor or the before/after line changed."""
    ratio: float = 1.0
    """Device pixels to a logical one."""
    scene: Scene | None = None
    space: bool = False
    _gesture: Literal["none", "tool", "right", "spent", "split"] = "none"
    _press: Contact = field(default_factory=lambda: Contact(Point(0, 0)))
    _last: Contact = field(default_factory=lambda: Contact(Point(0, 0)))
    _pan_with: Literal["", "left", "middle", "space"] = ""
    _turns: bool = False

    @property
    def is_dragging(self) -> bool:
        return self._gesture in ("tool", "split") or self.is_panning

    @property
    def is_panning(self) -> bool:
        return self._pan_with != ""

    def press(self, contact: Contact) -> None:
        before, self._last = self._last, contact
        if self.is_panning:
            return
        if contact.button == "middle" or (self.space and contact.button == "left"):
            self._pan_with = "middle" if contact.button == "middle" else "left"
            self.on_changed()
        elif self._gesture == "none" and self.scene is not None:
            self._press = contact
            self._begin(contact)
        else:
            self._last = before

    def double_click(self, contact: Contact) -> None:
        """Qt sends this instead of a second press, so it is one as well."""
        self.press(contact)
        if self._gesture == "tool" and contact.button == "left" and not self.is_panning:
            self.toolbox.current.double_click(self.pointer(contact))

    def move(self, contact: Contact) -> None:
        before, self._last = self._last, contact
        if self.is_panning:
            self.view.pan_by(contact.at.x - before.at.x, contact.at.y - before.at.y)
        elif self._gesture == "tool":
            self.toolbox.current.move(self.pointer(contact, self._press.button))
        elif self._gesture == "right":
            self._move_right(contact)
        elif self._gesture == "split":
            self._move_split(before, contact)
        elif self._gesture == "none" and self.scene is not None:
            self.toolbox.current.hover(self.pointer(contact))
            self.on_changed()

    def release(self, contact: Contact) -> None:
        self._last = contact
        if self.is_panning and contact.button == self._pan_with:
            self._end_pan()
            return
        if contact.button != self._press.button or self._gesture == "none":
            return
        gesture, self._gesture = self._gesture, "none"
        if self._pan_with == "space":
            self._end_pan()
        if gesture == "tool":
            self.toolbox.current.release(self.pointer(contact, self._press.button))
        elif gesture == "right":
            self.on_context_menu(contact.at)
        elif gesture == "split" and self.scene is not None and self._turns:
            self.scene.split = self.scene.split.snapped()
        self.on_changed()

    def set_space(self, held: bool) -> None:
        """The space bar pans, also in the middle of a drag."""
        self.space = held
        if held and self._gesture == "tool" and not self.is_panning:
            self._pan_with = "space"
        elif not held and self._pan_with == "space":
            self._pan_with = ""
        self.on_changed()

    def cancel(self) -> bool:
        """Take back the drag under way; False when there is none."""
        if self._gesture not in ("tool", "split"):
            return False
        if self._gesture == "tool":
            self.toolbox.current.cancel()
        self._gesture = "spent"
        self.on_changed()
        return True

    def drop(self) -> None:
        """Another tool was taken in hand in the middle of a drag: the rest of the drag is for nobody."""
        if self._gesture == "tool":
            self._gesture = "spent"

    def reset(self) -> None:
        """Forget all gestures, as when another document is shown or the keyboard is lost."""
        if self._gesture == "tool":
            self.toolbox.current.cancel()
        self._gesture, self._pan_with, self.space = "none", "", False

    def cursor(self) -> Qt.CursorShape | QCursor:
        """The shape that says what a press would do."""
        if self.is_panning:
            return Qt.CursorShape.ClosedHandCursor
        if self.space:
            return Qt.CursorShape.OpenHandCursor
        if self.scene is None:
            return Qt.CursorShape.ArrowCursor
        if self._gesture in ("none", "split"):
            part = self._split_part(self._last)
            if part is not None:
                turns = part == "end"
                return Qt.CursorShape.PointingHandCursor if turns else Qt.CursorShape.SizeAllCursor
        tool = self.toolbox.current
        # A brush draws its own outline; without one (nothing to paint on) an arrow must be seen.
        if tool.cursor == "none" and any(isinstance(item, Circle) for item in tool.overlay()):
            return Qt.CursorShape.BlankCursor
        return cursor_of(tool.cursor, self.ratio)

    def pointer(self, contact: Contact, button: str | None = None) -> Pointer:
        """The event as tools know it, in document pixels."""
        at = self.view.to_document(*contact.at)
        which: Button = "right" if (button or contact.button) == "right" else "left"
        return Pointer(
            x=at.x,
            y=at.y,
            pressure=contact.pressure,
            button=which,
            shift=contact.shift,
            alt=contact.alt,
            ctrl=contact.ctrl,
            eraser=contact.eraser,
            scale=self.view.zoom / self.ratio,
            time=contact.time,
        )

    def _begin(self, contact: Contact) -> None:
        if contact.button == "right" and not self.toolbox.current.takes_right:
            self._gesture = "right"
            return
        part = self._split_part(contact)
        if part is not None:
            self._gesture, self._turns = "split", part == "end"
        elif self._is_useless():
            self._gesture = "spent"
        else:
            self._gesture = "tool"
            self.toolbox.current.press(self.pointer(contact))
        self.on_changed()

    def _move_right(self, contact: Contact) -> None:
        """A drag with the right button belongs to the tool on masks and labels and with Alt, else to nobody."""
        start = self._press
        if hypot(contact.at.x - start.at.x, contact.at.y - start.at.y) <= CLICK * self.ratio:
            return
        tool = self.toolbox.current
        paints = self.toolbox.state.target != "pixels" or tool.shows_mask
        if self._is_useless() or not (paints or start.alt):
            self._gesture = "spent"
            return
        self._gesture = "tool"
        tool.press(self.pointer(start))
        tool.move(self.pointer(contact, "right"))

    def _is_useless(self) -> bool:
        """Whether the tool in hand has nothing to do on what is painted; then it is said."""
        tool, state = self.toolbox.current, self.toolbox.state
        if state.target in tool.works_on:
            return False
        state.say(
            f"{tool.name} does nothing to labels"
            if state.target == "labels"
            else f"{tool.name} is for labels"
        )
        return True

    def _move_split(self, before: Contact, contact: Contact) -> None:
        if self.scene is None:
            return
        split, window = self.scene.split, self.view.window
        if self._turns:
            self.scene.split = split.turned(before.at, contact.at, window)
        else:
            self.scene.split = split.moved(contact.at.x - before.at.x, contact.at.y - before.at.y, window)
        self.on_changed()

    def _split_part(self, contact: Contact) -> str | None:
        if self.scene is None or self.scene.comparing != "split":
            return None
        return self.scene.split.part_at(contact.at, self.view.window, self.ratio)

    def _end_pan(self) -> None:
        self._pan_with = ""
        self.on_changed()
