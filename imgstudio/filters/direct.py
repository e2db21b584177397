"""Runs a filter on an array, for scripts: no document, no layers, no rounding to bytes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from imgstudio.core import params as declared
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import to_linear, to_srgb
from imgstudio.filters.base import (
    AnyFilter,
    Filter,
    FilterInput,
    FilterRegistry,
    Finish,
    FloatImage,
    Frame,
    SessionFilter,
)
from imgstudio.filters.budget import TILE
from imgstudio.filters.registry import load_filters
from imgstudio.filters.runner import blend_finish


def run_filter(
    filter_id: str,
    pixels: FloatImage,
    *,
    mask: FloatImage | None,
    seed: int,
    device: str,
    params: dict[str, Any],
) -> FloatImage:
    """See imgstudio.run_filter."""
    item = _filters().find(filter_id)
    if item is None:
        raise UserError(f"There is no filter “{filter_id}”", "", "See: imgstudio filters")
    own = {p.name for p in declared.describe(item.params)}
    backdrop = params.pop("background") if isinstance(params.get("background"), np.ndarray) else None
    finish = Finish(
        **{
            name: float(params.pop(name))
            for name in ("strength", "detail")
            if name in params and name not in own
        }
    )
    values = declared.from_json(item.params, params)
    image = _image_of(pixels, mask, seed, device)
    if backdrop is not None:
        image = replace(image, backdrop=_checked_backdrop(item, backdrop, image.pixels))
    return run_on(item, image, values, finish, Progress())


def run(
    item: AnyFilter,
    pixels: FloatImage,
    values: Any,
    *,
    mask: FloatImage | None = None,
    finish: Finish | None = None,
    seed: int = 0,
    device: str = "auto",
) -> FloatImage:
    """Run a filter object on (height, width, 3) float32 in 0..1; where `mask` is 0 nothing changes."""
    return run_on(item, _image_of(pixels, mask, seed, device), values, finish or Finish(), Progress())


def run_on(
    item: AnyFilter, image: FilterInput, values: Any, finish: Finish, progress: Progress
) -> FloatImage:
    """The same on an input that is all there is; (height, width, 4) where the filter cuts.

    The mask of a filter of objects is the object's coverage: its result fades out a little beyond. Raises Cancelled.
    """
    source, coverage = image.pixels, image.mask
    if isinstance(item, SessionFilter):
        last = _last_frame(item, image, values, progress)
        out = last.pixels
        if item.reads == "object":
            coverage = last.alpha
    else:
        out = _tiled(item, image, values, progress)
    if out.shape != source.shape:
        return out
    out = blend_finish(source, out, finish)
    if coverage is None:
        return out
    blended = source + (out - source) * coverage[..., None]
    return np.where(coverage[..., None] > 0, blended, source).astype(np.float32)


def _last_frame(item: SessionFilter[Any], image: FilterInput, values: Any, progress: Progress) -> Frame:
    last = Frame(image.pixels, 0, 0)
    for frame in item.start(image, values, progress).frames():
        progress.update(frame.iteration / max(1, frame.total), frame.note)
        last = frame
    return last


def _tiled(item: Filter[Any], image: FilterInput, values: Any, progress: Progress) -> FloatImage:
    margin = item.margin(values)
    encoded = to_linear(image.pixels) if item.space == "linear" else image.pixels

    def part(rect: Rect, shared: Any) -> FilterInput:
        where = rect.slices()
        mask = None if image.mask is None else image.mask[where]
        return FilterInput(
            encoded[where].copy(),
            None,
            mask,
            rect,
            image.whole,
            image.seed,
            image.jpeg,
            shared=shared,
            look=lambda box: encoded[box.slices()],
            device=image.device,
            to_document=image.to_document,
            warn=image.warn,
        )

    first, rest = progress.part(0.0, 0.5), progress.part(0.5, 1.0)
    shared = None if item.prepare is None else item.prepare(part(image.whole, None), values, first)
    if margin is None:
        out = item.run(part(image.whole, shared), values, rest)
    else:
        out = np.empty((*encoded.shape[:2], 4 if item.cuts(values) else 3), np.float32)
        for inner in rest.track(list(image.whole.on_grid(TILE))):
            outer = inner.expanded(margin).covering_multiple(item.align).intersect(image.whole)
            keep = inner.translated(-outer.x, -outer.y).slices()
            out[inner.slices()] = item.run(part(outer, shared), values, Progress(token=progress.token))[keep]
    return np.clip(to_srgb(out) if item.space == "linear" else out, 0, 1).astype(np.float32)


def _image_of(pixels: npt.NDArray[Any], mask: npt.NDArray[Any] | None, seed: int, device: str) -> FilterInput:
    source = _checked(pixels)
    coverage = None if mask is None else _checked_mask(mask, source)
    whole = Rect(0, 0, source.shape[1], source.shape[0])
    return FilterInput(source, None, coverage, whole, whole, seed, device=device)


def _checked(pixels: npt.NDArray[Any]) -> FloatImage:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or min(pixels.shape[:2]) < 1:
        raise UserError(f"Pixels of shape {pixels.shape} cannot be used", "", "Give (height, width, 3)")
    if not np.issubdtype(pixels.dtype, np.floating) or not np.isfinite(pixels).all():
        raise UserError("The pixels are not usable numbers", "", "Give float32 in 0..1")
    return np.ascontiguousarray(pixels, np.float32)


def _checked_mask(mask: npt.NDArray[Any], pixels: FloatImage) -> FloatImage:
    if mask.shape != pixels.shape[:2]:
        raise UserError(
            "The mask has another size", f"{mask.shape} for {pixels.shape[:2]}", "Give (height, width)"
        )
    return np.clip(np.asarray(mask, np.float32), 0, 1)


def _checked_backdrop(item: AnyFilter, backdrop: npt.NDArray[Any], pixels: FloatImage) -> FloatImage:
    if not isinstance(item, SessionFilter) or item.reads != "object":
        raise UserError(f"“{item.id}” takes no background", "It changes a picture by itself", "Leave it out")
    if backdrop.shape != pixels.shape:
        raise UserError(
            "The background has another size",
            f"{backdrop.shape} for {pixels.shape}",
            "Give the picture without the object",
        )
    return _checked(backdrop)


@cache
def _filters() -> FilterRegistry:
    return load_filters()
