"""The picture as the AI select tool sees it, and what the network finds in it; all on worker threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import cv2
import numpy as np

from imgstudio.app.canvas.tools.ai_select_prompt import Prompt
from imgstudio.core.blend import flatten
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.jobs import Cancelled, Progress, holding
from imgstudio.core.layering import bands
from imgstudio.core.pixels import Array, from_float, to_depth
from imgstudio.core.snapshot import DocumentSnapshot
from imgstudio.core.tiles import TileStore

EMPTY_GREY: Final = 128
"""What is seen where the picture is transparent."""
LARGEST_SUBJECT: Final = 25_000_000
"""Pixels at which what stands out is looked for; larger pictures are reduced first."""


class Predicts(Protocol):
    """What is used of `imgstudio.engine.segment.Predictor`."""

    def set_image(self, pixels: Array, progress: Progress | None = None) -> None: ...

    def predict_patch(
        self,
        clicks: Any = (),
        box: Any = None,
        strokes: Any = None,
        previous: Array | None = None,
        progress: Progress | None = None,
    ) -> Any: ...


class Networks(Protocol):
    """Where networks come from; torch is imported when they are asked for, on a worker."""

    def predictor(self) -> Predicts: ...

    def subject(self, pixels: Array) -> Array:
        """How much each pixel of (h, w, 3) bytes belongs to what stands out: (h, w), 0..1."""
        ...


class BundledNetworks:
    """Those that come with the program."""

    def __init__(self, device: Callable[[], str]) -> None:
        self._device = device

    def predictor(self) -> Predicts:
        from imgstudio.engine.segment import Predictor

        return Predictor(self._device())

    def subject(self, pixels: Array) -> Array:
        from imgstudio.engine.segment import salient_mask

        return salient_mask(pixels)


class Seen(NamedTuple):
    """Which picture is meant. Equal, if nothing of it has changed."""

    document: int
    """A number of its own for each document."""
    changes: int


class Found(NamedTuple):
    """What was found."""

    coverage: TileStore
    """In document coordinates."""
    box: Rect
    """Outside of it nothing is covered."""


class Sight:
    """Guards: one thread at a time uses the network, and only on the picture that it means."""

    def __init__(self, networks: Networks) -> None:
        self.networks = networks
        self.seen: Seen | None = None
        """The picture that was looked at last."""
        self._lock = threading.Lock()
        self._predictor: Predicts | None = None
        self._pixels: Array | None = None

    @property
    def nbytes(self) -> int:
        """Size of the picture in sight."""
        pixels = self._pixels
        return 0 if pixels is None else pixels.nbytes

    def look(self, seen: Seen, pixels: Array, progress: Progress) -> None:
        """Take (h, w, 3) bytes as the picture from now on."""
        with holding(self._lock, progress.token):
            predictor = self._predictor or self.networks.predictor()
            self.seen = None
            predictor.set_image(pixels, progress)
            self._predictor, self._pixels, self.seen = predictor, pixels, seen

    def find(self, seen: Seen, prompt: Prompt, start: Array | None, progress: Progress) -> Found:
        with self._using(seen, progress) as (predictor, _):
            patch = predictor.predict_patch(prompt.clicks, prompt.box, prompt.strokes, start, progress)
            return found_in(patch.box, patch.coverage)

    def subject(self, seen: Seen, progress: Progress) -> Found:
        """What stands out. Raises UserError where nothing does."""
        with self._using(seen, progress) as (_, whole):
            height, width = whole.shape[:2]
            factor = (LARGEST_SUBJECT / (width * height)) ** 0.5
            size = max(1, round(width * factor)), max(1, round(height * factor))
            pixels = (
                whole if factor >= 1 else np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA))
            )
            progress.update(0.1)
            coverage = from_float(np.asarray(self.networks.subject(pixels), np.float32))
        if coverage.max() < EMPTY_GREY:
            raise UserError("Nothing stands out", "No clear subject was found", "Click what you want instead")
        if factor < 1:
            coverage = np.asarray(cv2.resize(coverage, (width, height), interpolation=cv2.INTER_LINEAR))
        return found_in(Rect(0, 0, width, height), coverage)

    def forget(self) -> None:
        """Free the memory of the picture; what runs still has it."""
        self.seen = self._pixels = self._predictor = None

    @contextmanager
    def _using(self, seen: Seen, progress: Progress) -> Iterator[tuple[Predicts, Array]]:
        with holding(self._lock, progress.token):
            predictor, pixels = self._predictor, self._pixels
            if self.seen != seen or predictor is None or pixels is None:
                raise Cancelled  # another picture came meanwhile
            yield predictor, pixels


def found_in(box: Rect, coverage: Array) -> Found:
    """(h, w) bytes that lie at `box`."""
    store = TileStore(1)
    if box.is_empty:
        return Found(store, EMPTY)
    store.write(box, np.ascontiguousarray(coverage)[..., None])
    store.drop_plain_tiles()
    return Found(store, box)


def seen_picture(snapshot: DocumentSnapshot, progress: Progress) -> Array:
    """All layers as (h, w, 3) bytes, over grey where they are transparent."""
    bounds = snapshot.bounds
    picture = np.empty((bounds.height, bounds.width, 3), np.uint8)
    for rect in progress.track(list(bands(bounds)), "Looking at the picture"):
        rgba = to_depth(flatten(snapshot, rect), np.uint8)
        rows = picture[rect.slices()]
        rows[:] = rgba[..., :3]
        alpha = rgba[..., 3]
        if alpha.min() < 255:
            share = alpha[..., None].astype(np.int32)
            rows[:] = (rows * share + EMPTY_GREY * (255 - share) + 127) // 255
    return picture


@dataclass(frozen=True, slots=True, eq=False)
class LookJob:
    """Shows the picture to the network."""

    sight: Sight
    seen: Seen
    snapshot: DocumentSnapshot
    title: str = "Looking at the picture"

    def run(self, progress: Progress) -> None:
        picture = seen_picture(self.snapshot, progress.part(0.0, 0.8))
        self.sight.look(self.seen, picture, progress.part(0.8, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class FindJob:
    """Finds what was pointed at."""

    sight: Sight
    seen: Seen
    prompt: Prompt
    start: TileStore | None
    """What is begun with, in document coordinates."""
    bounds: Rect
    title: str = "Selecting"
    quiet: bool = True

    def run(self, progress: Progress) -> Found:
        start = None if self.start is None else np.ascontiguousarray(self.start.read(self.bounds)[..., 0])
        return self.sight.find(self.seen, self.prompt, start, progress)


@dataclass(frozen=True, slots=True, eq=False)
class SubjectJob:
    """Finds what stands out."""

    sight: Sight
    seen: Seen
    title: str = "Looking for what stands out"

    def run(self, progress: Progress) -> Found:
        return self.sight.subject(self.seen, progress)
