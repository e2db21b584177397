"""The exact compositor: what a stack of layers looks like, for export and merged reads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imgstudio.core.blendmodes import BLEND_MODES, blended
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.layers import BlendMode, Layer
from imgstudio.core.pixels import Array, Floats, from_float, to_depth, to_float, top
from imgstudio.core.snapshot import DocumentSnapshot
from imgstudio.core.tiles import TileStore
from imgstudio.core.warping import blocks, turned, warped

__all__ = ["BLEND_MODES", "composite", "flatten", "render_layer"]

_NOTHING: Final = np.float32(0)
_WORTH_THREADS: Final = 16
"""Blocks from which on threads pay."""


class Paint(NamedTuple):
    """Straight colour (3, height, width) and alpha (height, width), float32 in 0..1.

    Pixels of alpha 0 keep their colour, so that erased pixels survive a flattening.
    """

    colour: Floats
    alpha: Floats

    def fading(self, opacity: float) -> Paint:
        return self if opacity >= 1 else Paint(self.colour, self.alpha * np.float32(max(opacity, 0.0)))


@dataclass(frozen=True, slots=True)
class Run:
    """A layer and the layers clipped to it, all visible."""

    base: Layer
    clipped: tuple[Layer, ...]


def flatten(document: Document | DocumentSnapshot, rect: Rect | None = None) -> Array:
    """What the document shows in `rect` (default: all of it): straight RGBA of the document's depth."""
    return composite(document.layers.root, document.bounds if rect is None else rect, document.dtype)


def composite(layers: Sequence[Layer], rect: Rect, dtype: npt.DTypeLike) -> Array:
    """Blend `layers`, bottom first, over nothing: (height, width, 4) straight RGBA of `dtype`.

    Follows W3C Compositing and Blending Level 1 in float32, a block at a time; a crop of a larger `rect`
    is bit-identical. Clipped layers paint on their base as source-atop; groups are isolated.
    """

    def block_of(block: Rect) -> Array:
        runs = _runs_above_the_topmost_cover(visible_runs(layers, block), block)
        if len(runs) == 1 and _is_plain(runs[0]):
            return to_depth(_exact(runs[0].base.pixels, runs[0].base.transform, block), dtype)
        return _stored(_painted(runs, block), dtype)

    return _assembled(block_of, rect, dtype)


def render_layer(layer: Layer, rect: Rect, dtype: npt.DTypeLike) -> Array:
    """One layer or group alone: (height, width, 4) straight RGBA, transform and mask applied, opacity not."""
    is_exact = not layer.is_group and _active_mask(layer) is None and layer.transform.keeps_pixels

    def block_of(block: Rect) -> Array:
        if is_exact:
            return to_depth(_exact(layer.pixels, layer.transform, block), dtype)
        return _stored(_rendered(layer, block), dtype)

    return _assembled(block_of, rect, dtype)


def _assembled(block_of: Callable[[Rect], Array], rect: Rect, dtype: npt.DTypeLike) -> Array:
    """Put together what `block_of` gives for the blocks of `rect`, on several threads when it is large."""
    out = np.zeros((max(0, rect.height), max(0, rect.width), 4), dtype)

    def place(block: Rect) -> None:
        out[block.translated(-rect.x, -rect.y).slices()] = block_of(block)

    parts = list(blocks(rect))
    if len(parts) < _WORTH_THREADS:
        for part in parts:
            place(part)
    else:
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            deque(pool.map(place, parts), maxlen=0)
    return out


def visible_runs(layers: Sequence[Layer], rect: Rect) -> list[Run]:
    """The bases that may show in `rect`, bottom first, each with the layers clipped to it.

    A hidden base hides what is clipped to it; a clipped layer with nothing below it is a base.
    """
    runs: list[tuple[Layer, list[Layer]]] = []
    for layer in layers:
        if layer.clip and runs:
            if _shows(layer, rect):
                runs[-1][1].append(layer)
        else:
            runs.append((layer, []))
    return [Run(base, tuple(clipped)) for base, clipped in runs if _shows(base, rect)]


def _shows(layer: Layer, rect: Rect) -> bool:
    return layer.visible and layer.opacity > 0 and not layer.bounds().intersect(rect).is_empty


def _is_plain(run: Run) -> bool:
    """Whether the run, alone over nothing, shows exactly the pixels of its base."""
    base = run.base
    simple = not run.clipped and not base.is_group and base.opacity >= 1
    return simple and _active_mask(base) is None and base.transform.keeps_pixels


def _runs_above_the_topmost_cover(runs: list[Run], rect: Rect) -> list[Run]:
    """Leave out what an opaque layer hides completely."""
    for index in range(len(runs) - 1, 0, -1):
        base = runs[index].base
        if base.blend == "normal" and _is_plain(runs[index]):
            alpha = _exact(base.pixels, base.transform, rect)[..., 3]
            if alpha.min() == top(alpha.dtype):
                return runs[index:]
    return runs


def _painted(runs: Sequence[Run], rect: Rect) -> Paint:
    """Blend runs over nothing."""
    below: Paint | None = None
    for run in runs:
        source = _rendered(run.base, rect)
        for layer in run.clipped:
            above = _rendered(layer, rect).fading(layer.opacity)
            source = _clipped(layer.blend, source, above)
        source = source.fading(run.base.opacity)
        below = source if below is None else _over(run.base.blend, below, source)
    return _planes(np.zeros((rect.height, rect.width, 4), np.uint8)) if below is None else below


def _over(mode: BlendMode, below: Paint, above: Paint) -> Paint:
    """Source-over with blending (sections 5.1, 10), in straight colour.

    Exact at both ends: alpha 0 above leaves `below` bit for bit, alpha 1 in normal mode replaces it.
    """
    colour, alpha = below
    if alpha.min() >= 1:  # the same bits as below, sooner
        return Paint(_atop(mode, colour, above), alpha)
    if mode == "plus":
        out_alpha = np.minimum(alpha + above.alpha, 1)
        total = _quotient(alpha, out_alpha) * colour + _quotient(above.alpha, out_alpha) * above.colour
        return _keeping_hidden_colour(below, above, Paint(np.minimum(total, 1), out_alpha))
    out_alpha = np.maximum(alpha + above.alpha * (1 - alpha), above.alpha)
    share = np.minimum(_quotient(above.alpha, out_alpha), 1)
    mixed = above.colour
    if mode != "normal":
        mixed = (1 - alpha) * mixed + alpha * blended(mode, colour, mixed)
    out = Paint(np.asarray(share * mixed + (1 - share) * colour, np.float32), out_alpha)
    return _keeping_hidden_colour(below, above, out)


def _clipped(mode: BlendMode, base: Paint, above: Paint) -> Paint:
    """A base under a clipped layer, which says nothing where the base is not: not even a hidden colour."""
    colour = _atop(mode, base.colour, above)
    hidden = base.alpha <= 0
    if hidden.any():
        np.copyto(colour, base.colour, where=hidden)
    return Paint(colour, base.alpha)


def _atop(mode: BlendMode, colour: Floats, above: Paint) -> Floats:
    """Colour of a base under a clipped layer (source-atop); the base's alpha stays as it is."""
    if mode == "plus":
        return np.minimum(colour + above.alpha * above.colour, 1)
    return above.alpha * blended(mode, colour, above.colour) + (1 - above.alpha) * colour


def _keeping_hidden_colour(below: Paint, above: Paint, out: Paint) -> Paint:
    hidden = out.alpha <= 0
    if hidden.any():
        np.copyto(out.colour, np.maximum(below.colour, above.colour), where=hidden)
    return out


def _quotient(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(whole.shape, np.float32), where=whole > 0)


def _rendered(layer: Layer, rect: Rect) -> Paint:
    """A layer or group by itself, transform and mask applied."""
    mask = _active_mask(layer)
    if layer.children is not None:
        paint = _painted(visible_runs(layer.children, rect), rect)
        return paint if mask is None else _masked(paint, to_float(mask.read(rect)[..., 0]))
    if layer.transform.keeps_pixels:
        paint = _planes(_exact(layer.pixels, layer.transform, rect))
        return (
            paint if mask is None else _masked(paint, to_float(_exact(mask, layer.transform, rect)[..., 0]))
        )

    def read(part: Rect) -> Floats:
        pixels = to_float(layer.pixels.read(part))
        if mask is not None:
            pixels[..., 3:] *= to_float(mask.read(part))
        pixels[..., :3] *= pixels[..., 3:]
        return pixels

    flat = warped(read, layer.pixels.bounds(), layer.transform, rect).transpose(2, 0, 1)
    alpha = np.ascontiguousarray(flat[3])
    colour = _quotient(flat[:3], np.broadcast_to(alpha, (3, *alpha.shape)))
    return Paint(np.minimum(colour, 1), alpha)


def _masked(paint: Paint, coverage: Floats) -> Paint:
    # Where the mask is 0 the layer says nothing at all, not even a hidden colour.
    return Paint(np.where(coverage > 0, paint.colour, _NOTHING), paint.alpha * coverage)


def _active_mask(layer: Layer) -> TileStore | None:
    return layer.mask if layer.mask_enabled else None


def _exact(store: TileStore, transform: Transform, rect: Rect) -> Array:
    """Pixels under a transform that needs no resampling."""
    if transform.is_translation:
        dx, dy = transform.offset
        return store.read(rect.translated(-dx, -dy))
    return turned(store.read(transform.inverted().bounds_of(rect)), transform)


def _planes(pixels: Array) -> Paint:
    planes = to_float(np.ascontiguousarray(pixels.transpose(2, 0, 1)))
    return Paint(planes[:3], planes[3])


def _stored(paint: Paint, dtype: npt.DTypeLike) -> Array:
    out = np.empty((*paint.alpha.shape, 4), dtype)
    out[..., :3] = from_float(paint.colour, dtype).transpose(1, 2, 0)
    out[..., 3] = from_float(paint.alpha, dtype)
    return out
