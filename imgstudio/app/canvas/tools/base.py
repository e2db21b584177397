"""What a tool is. Tools see document coordinates and core objects only, so tests need no widget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect

Button = Literal["left", "right"]
Target = Literal["pixels", "mask", "labels"]
Rgb = tuple[int, int, int]
Cursor = Literal[
    "arrow",
    "cross",
    "none",
    "open hand",
    "text",
    "move",
    "turn",
    "scale horizontal",
    "scale falling",
    "scale vertical",
    "scale rising",
]
"""Falling goes from the upper left to the lower right."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """One mouse, pen or touch event."""

    x: float
    """Document pixels; pixel centres lie at .5."""
    y: float
    pressure: float = 1.0
    """0..1; a mouse always presses with 1."""
    button: Button = "left"
    shift: bool = False
    alt: bool = False
    ctrl: bool = False
    eraser: bool = False
    """Whether the eraser end of a pen is used."""
    scale: float = 1.0
    """Screen pixels per document pixel, so that handles keep their size on the screen."""
    time: float = 0.0
    """Seconds, only differences matter."""

    @property
    def point(self) -> Point:
        return Point(self.x, self.y)


@dataclass(frozen=True, slots=True)
class Outline:
    """A line drawn over the picture, in document coordinates, thin on the screen at any zoom."""

    points: tuple[Point, ...]
    closed: bool = False
    style: Literal["ants", "plain", "guide", "handle", "pivot", "snap"] = "plain"
    """ants: moving dashes; handle, pivot: a small sign on the screen at each point; snap: a line met."""


@dataclass(frozen=True, slots=True)
class Circle:
    """The brush outline."""

    center: Point
    radius: float
    """Document pixels."""
    inner: float = 0.0
    """Radius of the hard core, 0 for none."""
    fill: Rgb | None = None
    """What it is faintly filled with."""


@dataclass(frozen=True, slots=True)
class Swath:
    """What a brush has gone over, tinted."""

    points: tuple[Point, ...]
    width: float
    """Document pixels."""
    wanted: bool | None = None
    """Whether it says what belongs to what is wanted, or what does not; None: neither."""
    colour: Rgb | None = None
    """The colour it is painted in, instead of a tint that says what it means."""


@dataclass(frozen=True, slots=True)
class Shade:
    """Everything outside `keep` is darkened (crop)."""

    keep: Rect


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that was said to belong to what is wanted, or not to."""

    at: Point
    wanted: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A small disc in a colour, seen on any ground; crossed out where the colour that is there stays."""

    at: Point
    colour: Rgb | None
    """None: the colour that is there."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The outline of what a round brush has gone over."""

    points: tuple[Point, ...]
    width: float
    """Document pixels."""


OverlayItem = Outline | Circle | Swath | Shade | Spot | Mark | Edge


def at_once(title: str, make: Callable[[], Any], take: Callable[[Any], None]) -> Callable[[], None]:
    """How a tool's work is done where there are no workers."""
    take(make())
    return lambda: None


@dataclass(slots=True)
class ToolState:
    """What all tools share, handed to every tool. The app makes one for the window."""

    document: Document | None = None
    foreground: Rgb = (0, 0, 0)
    background: Rgb = (255, 255, 255)
    target: Target = "pixels"
    """What tools change: the active layer's pixels or its mask, or the labels of the picture and nothing else."""
    erasing: bool = False
    """X on a mask or on labels swaps painting and erasing."""
    options: dict[str, Any] = field(default_factory=dict)
    """Tool id -> its options object (a frozen parameter class)."""
    say: Callable[[str], None] = lambda message: None
    """Show a short hint in the status bar."""
    options_changed: Callable[[str], None] = lambda tool_id: None
    """A tool changed its own options (a key changed the brush size): the options bar follows."""
    colours_changed: Callable[[], None] = lambda: None
    redraw: Callable[[], None] = lambda: None
    """The overlay must be drawn again."""
    marks: tuple[OverlayItem, ...] = ()
    """What lies over the picture whatever tool is in hand, below what the tool draws."""
    marks_changed: Callable[[], None] = lambda: None
    """The marks must be drawn again."""
    pan_by: Callable[[float, float], None] = lambda dx, dy: None
    """Move the picture on the screen by so many screen pixels."""
    edit: Callable[[Document, str, Callable[[Document], object]], object] = lambda document, title, do: do(
        document
    )
    """Carry out one undo step that may take long: at once, or on a copy on a worker where it would."""
    work: Callable[[str, Callable[[], Any], Callable[[Any], None]], Callable[[], None]] = at_once
    """Work something out that touches no document, and hand it over: at once, or a moment later on this thread.

    None is handed over where it came to nothing. What is returned gives it up: nothing is handed over then.
    """
    zoom_at: Callable[[float, Pointer], None] = lambda factor, event: None
    """Enlarge the picture on the screen; the pointer's place in it stays where it is."""


@dataclass(frozen=True, slots=True)
class ToolButton:
    """Something that a tool does at once, as a button behind its options."""

    id: str
    text: str
    icon: str
    """mdi6 name."""
    run: Callable[[], object]
    separator: bool = False
    """Whether a line stands before it."""


EVERY_TARGET: Final[tuple[Target, ...]] = ("pixels", "mask", "labels")


class Tool:
    """Base of all tools: a drag is press, move..., release; `cancel` takes the drag back.

    Subclasses set the class variables and override what they need. `Tool.options` are declared with
    core.params, so the options bar is generated.
    """

    id: ClassVar[str] = ""
    name: ClassVar[str] = ""
    icon: ClassVar[str] = ""
    """qtawesome name, family mdi6."""
    key: ClassVar[str] = ""
    help: ClassVar[str] = ""
    options_type: ClassVar[type | None] = None
    action_id: ClassVar[str] = ""
    """The action that takes it in hand, where that is not one of its own."""
    cursor: Cursor = "cross"
    shows_mask: ClassVar[bool] = False
    """Whether the selection is shown as a coloured overlay while this tool is used."""
    works_on: ClassVar[tuple[Target, ...]] = ("pixels", "mask")
    """The targets that it has a use for."""
    idle_options: ClassVar[Mapping[Target, Set[str]]] = {}
    """Names of the options that change nothing on a target: nobody is offered them there."""
    help_on: ClassVar[Mapping[Target, str]] = {}
    """What is said in the place of `help` on a target."""
    takes_right: ClassVar[bool] = False
    """Whether the right button is the tool's, and opens no menu."""

    def __init__(self, state: ToolState) -> None:
        self.state = state
        if self.options_type is not None and self.id not in state.options:
            state.options[self.id] = self.options_type()

    @property
    def options(self) -> Any:
        return self.state.options.get(self.id)

    @property
    def document(self) -> Document | None:
        return self.state.document

    def enter(self) -> None:
        """It was taken in hand."""

    def options_edited(self, options: Any) -> None:
        """A person changed its options."""
        self.state.options[self.id] = options

    def buttons(self) -> tuple[ToolButton, ...]:
        """What it can do at once."""
        return ()

    def press(self, event: Pointer) -> None:
        """A button went down."""

    def move(self, event: Pointer) -> None:
        """The pointer moved with the button down."""

    def release(self, event: Pointer) -> None:
        """The button came up."""

    def hover(self, event: Pointer) -> None:
        """The pointer moved with no button down."""

    def double_click(self, event: Pointer) -> None:
        """A second press right after the first (a press came before it)."""

    def key_press(self, key: str) -> bool:
        """A key such as "Return", "Escape", "Backspace", "Left"; True when the tool used it."""
        return False

    def cancels(self, key: str) -> bool:
        """Take back what is under way if the key is Escape; True when it was used."""
        is_used = key == "Escape" and self.is_busy
        if is_used:
            self.cancel()
        return is_used

    def digit(self, digit: int) -> bool:
        """A digit key was pressed; True when the tool has a use for it."""
        return False

    def swap(self) -> bool:
        """The key that swaps colours was pressed; True when the tool swaps something else."""
        if self.state.target != "labels":
            return False
        self.state.erasing = not self.state.erasing
        self.state.say("Erasing" if self.state.erasing else "Painting")
        self.state.redraw()
        return True

    def control_released(self) -> None:
        """The Ctrl key came up, or the keyboard went elsewhere."""

    @property
    def can_take_back(self) -> bool:
        """Whether `take_back` would do something."""
        return self.is_busy

    def take_back(self) -> bool:
        """Undo within what is under way; False when nothing is."""
        is_busy = self.is_busy
        if is_busy:
            self.cancel()
        return is_busy

    def cancel(self) -> None:
        """Take back what is under way."""

    def leave(self) -> None:
        """Another tool takes over: finish or drop what is under way."""
        self.cancel()

    @property
    def is_busy(self) -> bool:
        """Whether a drag or a path is under way."""
        return False

    def overlay(self) -> list[OverlayItem]:
        """What to draw over the picture now."""
        return []
