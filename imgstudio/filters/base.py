"""What a filter is: declared parameters and a function over tiles, or a session one can watch and steer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from imgstudio.core.geometry import IDENTITY, Rect, Size, Transform
from imgstudio.core.imagefile import JpegInfo
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import BlendMode

P_contra = TypeVar("P_contra", contravariant=True)
P = TypeVar("P")
FloatImage = npt.NDArray[np.float32]
Category = Literal["Repair", "Adjust", "Colour", "Sharpen and blur", "Style", "Cut out", "Size", "Other"]
CutInto = Literal["mask", "layer", "selection"]
"""What is cut out masks the layer; becomes a masked copy of it, which takes its place; or is selected."""
SourceType = Literal["minorHumanEdits", "algorithmicallyEnhanced", "compositeWithTrainedAlgorithmicMedia"]
"""IPTC digital source types (https://cv.iptc.org/newscodes/digitalsourcetype/), lowest claim first."""

API_VERSION: Final = 1
"""What a plug-in package must be made for."""


def says_nothing(message: str) -> None:
    """For runs whose warnings nobody would see."""


@dataclass(frozen=True, slots=True, eq=False)
class FilterInput:
    """Pixels captured on the GUI thread; the worker owns this copy."""

    pixels: FloatImage
    """(height, width, 3), 0..1, straight colour, encoded as Filter.space says."""
    alpha: FloatImage | None
    """(height, width), 0..1; None where the picture is opaque."""
    mask: FloatImage | None
    """(height, width) coverage of the selection in 0..1, or None for everything."""
    origin: Rect
    """Where `pixels` lies in the document."""
    whole: Rect
    """The whole document, so that a tile knows how it lies in it."""
    seed: int = 0
    jpeg: JpegInfo | None = None
    """Quantisation tables of the file these pixels came from, grid relative to document (0, 0)."""
    shared: Any = None
    """What Filter.prepare returned, the same for every tile."""
    look: Callable[[Rect], FloatImage] | None = None
    """Reads (height, width, 3) of any part of the whole picture at full resolution: in `prepare`, and for a session
    that reads an object, whose backdrop it reads."""
    backdrop: FloatImage | None = None
    """For a session that reads an object: what lies below it, (height, width, 3). `pixels` are the object over it
    and `mask` is the object's coverage. None where nothing lies below."""
    device: str = "auto"
    precise: bool = False
    """Compute in float32: the first try, in whatever is fast, gave invalid numbers."""
    is_alpha: bool = False
    """`pixels` are an alpha channel as three equal planes, to be resampled plainly; only where a filter changes
    the size. The run for the colours then has premultiplied pixels and `alpha`."""
    to_document: Transform = IDENTITY
    """From pixels of `whole` to those of the document, where parameters lie that name places: a preview is reduced, a
    contact sheet shows a part."""
    warn: Callable[[str], None] = says_nothing
    """Tells the user about this result, in a sentence without its full stop; the same one twice is told once."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something a filter can use but does not have yet, with what would meet it."""

    model: str
    """Model id in the registry."""
    required: bool = True
    only_if: tuple[str, Any] | None = None
    """Name of a parameter and the value with which alone it is used; None: always."""

    def is_used(self, params: Any) -> bool:
        """Whether a run with these parameters uses it."""
        return self.only_if is None or bool(getattr(params, self.only_if[0]) == self.only_if[1])


class RunFilter(Protocol[P_contra]):
    def __call__(self, image: FilterInput, params: P_contra, progress: Progress, /) -> FloatImage: ...


class PrepareFilter(Protocol[P_contra]):
    def __call__(self, image: FilterInput, params: P_contra, progress: Progress, /) -> Any: ...


def no_margin(params: Any) -> int:
    """Margin of a filter that looks at one pixel at a time."""
    return 0


def cuts_nothing(params: Any) -> bool:
    """Of a filter that leaves what is there."""
    return False


def a_mask(params: Any) -> CutInto:
    """Of a filter that masks the layer it cuts."""
    return "mask"


def a_quarter(params: Any) -> float:
    """Around an object."""
    return 0.25


def whole_picture(params: Any) -> None:
    """Margin of a filter that must see everything at once."""
    return


@dataclass(frozen=True, slots=True)
class Filter(Generic[P]):
    """A function over tiles. The runner gives tiles with their margin and keeps the inner part."""

    id: str
    name: str
    category: Category
    help: str
    params: type[P]
    run: RunFilter[P]
    margin: Callable[[P], int | None] = no_margin
    """Context in pixels that it needs, so that crop == whole; None: needs the whole picture."""
    prepare: PrepareFilter[P] | None = None
    """Called once on a reduced view of the whole picture (longest side <= 1024) before the tiles;
    what it returns comes back as FilterInput.shared."""
    size: Callable[[P, Size], Size] | None = None
    """Given when the result has another size; such a filter acts on the whole picture."""
    cuts: Callable[[P], bool] = cuts_nothing
    """Whether `run` returns a fourth plane: how much of each pixel stays. Colours that it changes, as of an edge where
    the background shines through, replace those of the layer."""
    into: Callable[[P], CutInto] = a_mask
    """What such a result becomes."""
    blend: BlendMode = "normal"
    """Of the layer that shows the result."""
    may_be_flat: bool = False
    """Whether one colour where there was a picture is a proper result, as of a mask, not a network's failure."""
    space: Literal["srgb", "linear"] = "srgb"
    align: int = 1
    """Tile windows start at multiples of this."""
    needs: tuple[Need, ...] = ()
    models: tuple[str, ...] = ()
    """Models that it uses, for the recipe."""
    chosen_models: Callable[[P], tuple[str, ...]] | None = None
    """Those of `models` that a run uses; None: all."""
    preview: Literal["live", "on request", "none"] = "live"
    seeded: bool = False
    """Whether the seed changes the result, so that the window shows it."""
    source_type: SourceType = "minorHumanEdits"
    version: str = "1"
    api: int = API_VERSION


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a session under way."""

    pixels: FloatImage
    """(height, width, 3), 0..1; same box as the session's input."""
    iteration: int
    total: int
    note: str = ""
    """A short measure, such as "loss 0.12"."""
    alpha: FloatImage | None = None
    """(height, width) 0..1: how much of `pixels` shows over the input, the same for every frame; None: all of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Steer:
    """A brush stroke that a running session takes into account."""

    coverage: FloatImage
    """(height, width) 0..1 over the session's input box."""
    action: str
    """One of SessionFilter.steering."""
    colour: tuple[float, float, float] | None = None
    """0..1, for actions that pull to a colour."""


class FilterRun(Protocol):
    """A session under way. The driver takes frames; stopping between two is always safe."""

    def frames(self) -> Iterator[Frame]:
        """Do one iteration per item; the last item is the result."""
        ...

    def steer(self, stroke: Steer) -> None:
        """Take a stroke into account from the next iteration on; called between frames."""
        ...

    def restart_from(self, pixels: FloatImage, iteration: int) -> None:
        """Go on from a kept frame (scrubbing back); called between frames."""
        ...


@dataclass(frozen=True, slots=True)
class SessionFilter(Generic[P]):
    """A filter that converges before one's eyes: paused, scrubbed and steered while it runs."""

    id: str
    name: str
    category: Category
    help: str
    params: type[P]
    start: Callable[[FilterInput, P, Progress], FilterRun]
    steering: tuple[str, ...] = ()
    """Brush actions it understands, such as ("more", "less", "protect")."""
    needs: tuple[Need, ...] = ()
    models: tuple[str, ...] = ()
    needs_mask: bool = False
    """Whether it works inside a selection only (a fill, a repair)."""
    reads: Literal["layer", "object"] = "layer"
    """What it sees: a layer by itself, or a layer over all that lies below it. The result of the latter is a layer
    above the object, which goes beyond its edge."""
    around: Callable[[P], float] = a_quarter
    """Of an object: how much it sees, and may change, around it, as a share of the object's longer side."""
    instant: Callable[[FilterInput, P, Progress], Frame] | None = None
    """A look at what it will make, within a second or so, that follows an object while it is moved."""
    seeded: bool = True
    source_type: SourceType = "algorithmicallyEnhanced"
    version: str = "1"
    api: int = API_VERSION


AnyFilter = Filter[Any] | SessionFilter[Any]


@dataclass(frozen=True, slots=True)
class Finish:
    """What is applied after the model, so that it is instant."""

    strength: float = 1.0
    """0..1, how much of the result is blended in."""
    detail: float = 0.0
    """0..1, how much fine luminance detail of the original is given back."""


@dataclass(frozen=True, slots=True)
class NoParams:
    """For filters without parameters."""


@dataclass(slots=True)
class Disabled:
    """A plug-in that was switched off, and why."""

    name: str
    reason: str


class FilterRegistry:
    """Every filter there is, by id. Guards: ids are unique, a refused filter changes nothing.

    What is listed at one time is never changed under whoever goes through it: models may come and go on a worker.
    """

    changed = Signal()
    """Filters came or went; emitted on the thread that changed them, maybe a worker."""

    def __init__(self) -> None:
        self._filters: dict[str, AnyFilter] = {}
        self._learned: dict[str, AnyFilter] = {}
        self._broken_plugins: list[Disabled] = []
        self._broken_models: list[Disabled] = []

    def add(self, item: AnyFilter) -> None:
        if item.id in self:
            raise ValueError(f"duplicate filter id: {item.id}")
        self._filters = self._filters | {item.id: item}

    def set_aside(self, plugin: Disabled) -> None:
        self._broken_plugins.append(plugin)

    def replace_learned(self, items: Iterable[AnyFilter], broken: Iterable[Disabled] = ()) -> None:
        """Make `items` the filters that are models; raises ValueError, and changes nothing, for an id that is taken."""
        learned: dict[str, AnyFilter] = {}
        for item in items:
            if item.id in self._filters or item.id in learned:
                raise ValueError(f"duplicate filter id: {item.id}")
            learned[item.id] = item
        self._learned, self._broken_models = learned, list(broken)
        self.changed.emit()

    @property
    def fixed(self) -> tuple[AnyFilter, ...]:
        """Those that are no models: built-in ones and plug-ins."""
        return tuple(self._filters.values())

    @property
    def disabled(self) -> list[Disabled]:
        """Plug-ins and models that could not be used; shown, never fatal."""
        return [*self._broken_plugins, *self._broken_models]

    def find(self, filter_id: str) -> AnyFilter | None:
        return self._filters.get(filter_id) or self._learned.get(filter_id)

    def __getitem__(self, filter_id: str) -> AnyFilter:
        found = self.find(filter_id)
        if found is None:
            raise KeyError(filter_id)
        return found

    def __contains__(self, filter_id: object) -> bool:
        return filter_id in self._filters or filter_id in self._learned

    def __iter__(self) -> Iterator[AnyFilter]:
        return iter((*self._filters.values(), *self._learned.values()))

    def __len__(self) -> int:
        return len(self._filters) + len(self._learned)
