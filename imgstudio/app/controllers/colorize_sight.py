"""What the Colorize page knows about a photo: whether it is grey, and which colours are likely at a place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from imgstudio.app.canvas.tools.base import Rgb
from imgstudio.app.controllers.filter_preview import BlendJob
from imgstudio.app.jobs import JobHandle, Lane
from imgstudio.core.colour_hints import Hints
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Point, Size
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Floats, over_grey
from imgstudio.core.selection import Selection
from imgstudio.filters.runner import OVERVIEW
from imgstudio.filters.source import Source, capture_source, shrink

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

COUNT: Final = 6
"""Likely colours that are shown."""
REST_MS: Final = 160
"""How long the pointer must rest before its place is looked at; one on its way to the panel does not."""
From = Callable[[], tuple[Document, Layer] | None]
"""The photo that is coloured; None while there is none."""


class Likely(NamedTuple):
    """A colour that things like this one often have."""

    colour: Rgb
    share: float
    """0..1: how often."""


class Nature(NamedTuple):
    """What a photo is that shall be coloured."""

    kind: Literal["grey", "tinted", "coloured"]
    tint: Rgb
    """Of a tinted one."""


class KnowsColours(Protocol):
    """What looks at photos; called on a worker."""

    def nature_of(self, pixels: Floats) -> Nature:
        """Of (h, w, 3) in 0..1."""
        ...

    def likely(self, pixels: Floats, whole: Size, at: Point, hints: Hints, count: int) -> Sequence[Likely]:
        """Colours that are likely at a place of a document, the likeliest first; `pixels` is a reduced view of it."""
        ...


class BundledEyes:
    """The networks that come with the program; the engine is imported when they are asked, on a worker."""

    def __init__(self, device: Callable[[], str]) -> None:
        self._device = device

    def nature_of(self, pixels: Floats) -> Nature:
        from imgstudio.engine.colorize.tint import kind_of

        found = kind_of(pixels)
        red, green, blue = (round(255 * level) for level in found.colour)
        return Nature(found.kind, (red, green, blue))

    def likely(self, pixels: Floats, whole: Size, at: Point, hints: Hints, count: int) -> Sequence[Likely]:
        from imgstudio.filters.colorizing import suggestions

        found = suggestions(pixels, whole, at.x, at.y, count, hints, self._device())
        return [Likely((round(s.red), round(s.green), round(s.blue)), s.share) for s in found]


class _Key(NamedTuple):
    """Equal keys, equal pixels."""

    layer: str
    state: int


@dataclass(slots=True, eq=False)
class Photo:
    """A photo as it was, reduced when it is first looked at."""

    key: _Key
    source: Source
    small: Floats | None = None

    @property
    def whole(self) -> Size:
        return Size(self.source.bounds.width, self.source.bounds.height)

    def pixels(self) -> Floats:
        """(h, w, 3) in 0..1, its longest side at most OVERVIEW."""
        if self.small is None:
            factor = max(1, -(-max(self.whole) // OVERVIEW))
            whole = self.source.bounds
            rgba = shrink(self.source, factor).pixels if factor > 1 else self.source.read(whole)
            self.small = over_grey(rgba)
        return self.small


@dataclass(frozen=True, slots=True, eq=False)
class NatureJob:
    """Says whether it is a black-and-white photo."""

    knows: KnowsColours
    photo: Photo
    title: str = "Looking at the photo"
    quiet: bool = True

    def run(self, progress: Progress) -> Nature:
        return self.knows.nature_of(self.photo.pixels())


@dataclass(frozen=True, slots=True, eq=False)
class LikelyJob:
    """Says which colours are likely at a place."""

    knows: KnowsColours
    photo: Photo
    at: Point
    hints: Hints
    """Those that are painted make others likely."""
    title: str = "Likely colours"
    quiet: bool = True

    def run(self, progress: Progress) -> tuple[Likely, ...]:
        photo = self.photo
        return tuple(self.knows.likely(photo.pixels(), photo.whole, self.at, self.hints, COUNT))


class ColorizeSight(QObject):
    """Guards: what is told answers the newest question; nobody is told anything after `stop`.

    Likely colours are looked for only while nothing else is: what was painted is seen first.
    """

    nature_found = Signal(object)
    likely_found = Signal(object)
    """A tuple of `Likely`."""

    def __init__(self, context: AppContext, knows: KnowsColours, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context, self.knows = context, knows
        self._source: From = lambda: None
        self._hints: Callable[[], Hints] = tuple
        self._is_painting: Callable[[], bool] = bool
        self._photo: Photo | None = None
        self._at: Point | None = None
        self._is_broken = False
        """Whether it is told already that nobody knows what is likely."""
        self._runs: dict[type, JobHandle] = {}
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._look_there)

    def begin(self, source: From, hints: Callable[[], Hints], is_painting: Callable[[], bool]) -> None:
        """Look at a photo from now on, and at the hints that are painted on it."""
        self._source, self._hints, self._is_painting = source, hints, is_painting
        self._is_broken = False
        self.look()

    def stop(self) -> None:
        self._rest.stop()
        self._source, self._photo, self._at = (lambda: None), None, None
        for run in self._runs.values():
            run.cancel()
        self._runs.clear()

    def look(self) -> None:
        """The photo may be another: say of which kind it is."""
        before, photo = self._photo, self._seen()
        if photo is not None and photo is not before:
            self._start(NatureJob(self.knows, photo), self.nature_found)

    def point(self, at: Point, *, held: bool) -> None:
        """The pointer is somewhere; nothing is looked for while it is `held`."""
        if held:
            self._rest.stop()
        elif at != self._at:
            self._at = at
            self._rest.start()

    def _look_there(self) -> None:
        photo, at = self._seen(), self._at
        if photo is None or at is None or self._is_broken:
            return
        if self._is_painting() or self._is_crowded():
            self._rest.start()
        elif photo.source.bounds.contains(at.x, at.y):
            self._start(LikelyJob(self.knows, photo, at, self._hints()), self.likely_found)

    def _is_crowded(self) -> bool:
        """Whether something else is computed, or about to be seen."""
        own = self._runs.get(LikelyJob)
        others = [run for run in self._context.jobs.handles if run is not own and not run.is_finished]
        return any(run.lane == "compute" or isinstance(run.job, BlendJob) for run in others)

    def _seen(self) -> Photo | None:
        """The photo as it is now."""
        found = self._source()
        if found is None:
            self._photo = None
            return None
        document, layer = found
        key = _Key(layer.id, document.history.state)
        if self._photo is None or self._photo.key != key:
            try:
                self._photo = Photo(key, capture_source(document, layer, None, Selection()))
            except UserError:
                self._photo = None
        return self._photo

    def _start(self, job: NatureJob | LikelyJob, told: object) -> None:
        kind = type(job)
        lane: Lane = "io" if kind is NatureJob else "compute"
        handle = self._context.jobs.start(job, lane, replaces=self._runs.get(kind))
        handle.is_told_elsewhere = True
        self._runs[kind] = handle
        handle.succeeded.connect(partial(self._on_found, handle, told))
        handle.failed.connect(partial(self._on_failed, handle))

    def _on_failed(self, handle: JobHandle, error: Exception) -> None:
        if self._runs.get(type(handle.job)) is handle:
            self._is_broken = True
            self._context.error.emit(error)

    def _on_found(self, handle: JobHandle, told: object, answer: object) -> None:
        if self._runs.get(type(handle.job)) is handle:
            told.emit(answer)  # type: ignore[attr-defined]  # a bound signal, which has no public type
