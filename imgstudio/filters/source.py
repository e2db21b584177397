"""What a filter run reads: one layer as it was when the run was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.blend import composite, render_layer
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.imagefile import JpegInfo
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array, from_float, premultiply, to_float, top, unpremultiply
from imgstudio.core.selection import Selection
from imgstudio.core.tiles import TileSnapshot


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Frozen pixels of a layer (and what is clipped to it), the selection, and where they lie.

    Safe on a worker: it shares tiles that the document copies before writing.
    """

    run: tuple[Layer, ...]
    """A base layer and the clipped layers over it, private copies, bottom first."""
    selection: TileSnapshot | None
    """Coverage of the selection; None when everything is selected."""
    bounds: Rect
    """The document's bounds."""
    region: Rect
    """Where the result is wanted."""
    dtype: np.dtype[np.generic]
    jpeg: JpegInfo | None
    """Tables with the grid relative to document (0, 0)."""

    def read(self, rect: Rect) -> Array:
        """Straight RGBA of `rect` in document coordinates."""
        base = self.run[0]
        if len(self.run) > 1 or base.is_group:
            return composite(self.run, rect, self.dtype)
        if base.transform.is_translation:
            dx, dy = base.transform.offset
            return base.pixels.read(rect.translated(-dx, -dy))
        return render_layer(base, rect, self.dtype)

    def mask(self, rect: Rect) -> npt.NDArray[np.uint8] | None:
        """Coverage of the selection over `rect`; None when everything is selected."""
        return None if self.selection is None else self.selection.read(rect)[..., 0]


@dataclass(frozen=True, slots=True, eq=False)
class SmallSource:
    """A source reduced by a whole factor, for previews at screen size."""

    pixels: Array
    coverage: npt.NDArray[np.uint8] | None
    bounds: Rect
    region: Rect
    dtype: np.dtype[np.generic]
    jpeg: JpegInfo | None = None

    def read(self, rect: Rect) -> Array:
        return self.pixels[rect.slices()].copy()

    def mask(self, rect: Rect) -> npt.NDArray[np.uint8] | None:
        return None if self.coverage is None else self.coverage[rect.slices()]


AnySource = Source | SmallSource


def capture_source(
    document: Document, layer: Layer, region: Rect | None = None, selection: Selection | None = None
) -> Source:
    """Freeze what a filter on `layer` reads; call it on the thread that owns the document.

    `region` limits the result further than the selection does; `selection` stands in for the document's
    (a layer that is made again keeps its own). A clipped or AI layer stands for the
    picture seen through it: its base and everything clipped up to it. Raises UserError when nothing is there.
    """
    run = _run_of(document, layer)
    wanted = document.bounds.intersect(run[0].bounds())
    chosen = document.selection if selection is None else selection
    if not chosen.is_empty:
        wanted = wanted.intersect(chosen.bounds())
    if region is not None:
        wanted = wanted.intersect(region)
    if wanted.is_empty:
        raise UserError(
            "There is nothing to work on",
            f"The layer “{layer.name}” has no pixels inside the selection",
            "Choose another layer, or deselect with Ctrl+D",
        )
    coverage = None if chosen.is_empty else chosen.store.snapshot()
    copies = tuple(_bare(item, is_base=item is run[0]) for item in run)
    return Source(copies, coverage, document.bounds, wanted, document.dtype, _grid_in_document(run))


def base_of(document: Document, layer: Layer) -> Layer:
    """The layer that a result for `layer` is clipped to."""
    return _run_of(document, layer)[0]


def shrink(source: Source, factor: int) -> SmallSource:
    """Reduce the whole picture by area averaging; done on the worker, strip by strip."""
    width, height = -(-source.bounds.width // factor), -(-source.bounds.height // factor)
    pixels = np.empty((height, width, 4), source.dtype)
    coverage = None if source.selection is None else np.empty((height, width), np.uint8)
    rows = max(1, 256 // factor)
    for first in range(0, height, rows):
        last = min(height, first + rows)
        strip = Rect(0, first * factor, width * factor, (last - first) * factor).intersect(source.bounds)
        size = (width, last - first)
        pixels[first:last] = _averaged(source.read(strip), size)
        mask = source.mask(strip)
        if mask is not None and coverage is not None:
            coverage[first:last] = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    bounds = Rect(0, 0, width, height)
    return SmallSource(pixels, coverage, bounds, reduced_box(source.region, factor, bounds), source.dtype)


def reduced_box(region: Rect, factor: int, bounds: Rect) -> Rect:
    """The box of reduced pixels that covers `region`, inside the reduced `bounds`."""
    return Rect(*(value // factor for value in region.covering_multiple(factor))).intersect(bounds)


def _averaged(rgba: Array, size: tuple[int, int]) -> Array:
    """Area averages of straight RGBA; opaque pixels, the usual case, need no detour by floats."""
    if (rgba[..., 3] == top(rgba.dtype)).all():
        return np.asarray(cv2.resize(rgba, size, interpolation=cv2.INTER_AREA), rgba.dtype)
    small = cv2.resize(premultiply(to_float(rgba)), size, interpolation=cv2.INTER_AREA)
    return from_float(unpremultiply(np.asarray(small, np.float32)), rgba.dtype)


def _run_of(document: Document, layer: Layer) -> Sequence[Layer]:
    """A base layer and what is clipped to it, up to and including `layer`."""
    if not layer.clip:
        return [layer]
    place = document.layers.place_of(layer)
    siblings = document.layers.siblings(place.group)
    base = document.layers.base_of(layer)
    if base is None:
        return [layer]
    first = siblings.index(base)
    between = siblings[first + 1 : place.index]
    return [base, *(item for item in between if item.visible), layer]


def _bare(layer: Layer, *, is_base: bool) -> Layer:
    """A private copy; a base is read as if it lay alone, fully opaque and unmasked."""
    copy = layer.duplicate()
    if not is_base:
        return copy
    return replace(copy, mask=None, opacity=1.0, blend="normal", visible=True, clip=False)


def _grid_in_document(run: Sequence[Layer]) -> JpegInfo | None:
    base = run[0]
    if base.jpeg is None or len(run) > 1 or not base.transform.is_translation:
        return None
    (dx, dy), (gx, gy) = base.transform.offset, base.jpeg.grid
    return replace(base.jpeg, grid=((gx + dx) % 8, (gy + dy) % 8))
