"""A contact sheet of a filter: several settings, each run on a small copy of the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from imgstudio.core import params as declared
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Point, Rect, Transform
from imgstudio.core.imagefile import JpegInfo
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array, from_float, premultiply, resized, to_float, unpremultiply
from imgstudio.filters.base import AnyFilter, FilterInput, FloatImage, SessionFilter
from imgstudio.filters.direct import run_on
from imgstudio.filters.models import use_threads
from imgstudio.filters.objects import ObjectSource, capture_object, seen_reduced
from imgstudio.filters.runner import RunSettings
from imgstudio.filters.session import CONTEXT
from imgstudio.filters.source import Source, capture_source, shrink
from imgstudio.filters.variations import NOW, SIDE, Variation, quick, shows_detail

READ_AT_ONCE: Final = 2048
"""Longer side of a box that is read in one piece (pixels); larger ones are reduced strip by strip."""

Answer = Array | UserError
"""(height, width, 4) straight RGBA of 8 bits, or why these settings cannot be used."""


@dataclass(slots=True, eq=False)
class SheetJob:
    """A complete order for a sheet; owns copies of all it needs."""

    title: str
    filter: AnyFilter
    variations: Sequence[Variation]
    source: Source | ObjectSource
    box: Rect
    """What the pictures show, document coordinates."""
    side: int
    """Longer side of the pictures, at most (pixels)."""
    how: RunSettings
    on_cell: Callable[[int, Answer], None] = lambda index, answer: None
    """Called on the worker for each picture as it gets done."""

    def run(self, progress: Progress) -> list[Answer]:
        """One after another; raises Cancelled, and the UserError of the present settings if they cannot be used."""
        if self.filter.models:
            use_threads(self.how.threads)
        small, alpha = self._small(progress.part(0.0, 0.0))
        made: list[Answer] = []
        for index, variation in enumerate(self.variations):
            part = progress.part(index / len(self.variations), (index + 1) / len(self.variations))
            part.update(0.0, variation.label)
            try:
                answer: Answer = self._picture(small, alpha, variation, part)
            except UserError as error:
                if variation.label == NOW:
                    raise
                answer = error
            if made and self.variations[0].label == NOW and _same(answer, made[0]):
                answer = UserError("It makes no difference here")
            made.append(answer)
            self.on_cell(index, answer)
        return made

    def _picture(
        self, small: FilterInput, alpha: FloatImage, variation: Variation, progress: Progress
    ) -> Array:
        params = quick(variation.params, self.side)
        image = replace(small, seed=variation.seed)
        out = run_on(self.filter, image, params, self.how.finish, progress)
        if out.shape[2] == 4:  # the fourth plane is what stays
            stays = out[..., 3] if small.mask is None else 1 - (1 - out[..., 3]) * small.mask
            out, alpha = small.pixels, alpha * stays
        return from_float(np.dstack([out, alpha]).astype(np.float32), np.uint8)

    def _small(self, progress: Progress) -> tuple[FilterInput, FloatImage]:
        """What the filter sees of the box, and its alpha."""
        progress.update(0.0, "Looking at the picture")
        if isinstance(self.source, ObjectSource):
            return self._small_object(self.source)
        rgba, coverage = self._read(self.source)
        height, width = rgba.shape[:2]
        factor = self.side / max(height, width)
        if factor < 1:
            width, height = max(1, round(width * factor)), max(1, round(height * factor))
            rgba = unpremultiply(np.asarray(resized(premultiply(rgba), width, height), np.float32))
            coverage = None if coverage is None else resized(coverage, width, height)
        whole, box = Rect(0, 0, width, height), self.box
        enlarging = Transform(box.width / width, 0, 0, box.height / height, box.x, box.y)
        image = FilterInput(
            np.ascontiguousarray(rgba[..., :3]),
            None,
            None if coverage is None else to_float(coverage),
            whole,
            whole,
            jpeg=self._jpeg() if factor >= 1 else None,
            device=self.how.device,
            to_document=enlarging,
        )
        return image, np.ascontiguousarray(rgba[..., 3])

    def _small_object(self, source: ObjectSource) -> tuple[FilterInput, FloatImage]:
        """The object with its surroundings, which are opaque."""
        factor = min(1.0, self.side / max(self.box.width, self.box.height))
        image = seen_reduced(source, factor, device=self.how.device)
        return image, np.ones(image.pixels.shape[:2], np.float32)

    def _read(self, source: Source) -> tuple[FloatImage, Array | None]:
        longest = max(self.box.width, self.box.height)
        if longest <= READ_AT_ONCE:
            return to_float(source.read(self.box)), source.mask(self.box)
        factor = longest // self.side
        small = shrink(source, factor)
        box = Rect(*(value // factor for value in self.box.covering_multiple(factor))).intersect(small.bounds)
        return to_float(small.read(box)), small.mask(box)

    def _jpeg(self) -> JpegInfo | None:
        """The tables, whose grid is counted from the corner of the box."""
        jpeg = self.source.jpeg
        if jpeg is None:
            return None
        return replace(jpeg, grid=((jpeg.grid[0] - self.box.x) % 8, (jpeg.grid[1] - self.box.y) % 8))


def capture_sheet(
    document: Document,
    layer: Layer,
    item: AnyFilter,
    wanted: Sequence[Variation],
    how: RunSettings,
    *,
    side: int = SIDE,
    look_at: Point | None = None,
) -> SheetJob:
    """Order a sheet for a layer; call it on the thread that owns the document. Raises UserError.

    Filters that look at each pixel's neighbours are shown at full size round `look_at`; all others, and sessions, on
    a small copy of what they work on.
    """
    for variation in wanted:
        declared.check(variation.params)
    if isinstance(item, SessionFilter) and item.reads == "object":
        seen = capture_object(document, layer, how.selection, around=item.around(wanted[0].params))
        return SheetJob(f"{item.name}: contact sheet", item, tuple(wanted), seen, seen.region, side, how)
    source = capture_source(document, layer, None, how.selection)
    box = source.region.expanded(CONTEXT if source.selection is not None else 0).intersect(source.bounds)
    if shows_detail(item, wanted[0].params):
        box = _square(box, look_at, side)
    return SheetJob(f"{item.name}: contact sheet", item, tuple(wanted), source, box, side, how)


def _same(one: Answer, other: Answer) -> bool:
    return isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and np.array_equal(one, other)


def _square(area: Rect, at: Point | None, side: int) -> Rect:
    """A square of `side` pixels in `area`, as near to `at` as it may lie; without it in the middle."""
    x = area.x + area.width / 2 if at is None else at.x
    y = area.y + area.height / 2 if at is None else at.y
    width, height = min(side, area.width), min(side, area.height)
    left = min(max(round(x - width / 2), area.x), area.right - width)
    top = min(max(round(y - height / 2), area.y), area.bottom - height)
    return Rect(left, top, width, height)
