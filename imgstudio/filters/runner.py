"""Runs a filter over a captured layer, tile by tile, and makes the AI layer that shows the result."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core import params as declared
from imgstudio.core.document import Document
from imgstudio.core.geometry import IDENTITY, Rect, Transform
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import BlendMode, Layer
from imgstudio.core.pixels import Array, from_float, from_linear, linear_of, luma, to_float, top
from imgstudio.core.recipe import Recipe, RecipeStep
from imgstudio.core.selection import Selection
from imgstudio.core.tiles import TileStore
from imgstudio.core.version import __version__
from imgstudio.filters.base import AnyFilter, CutInto, Filter, FilterInput, Finish, FloatImage
from imgstudio.filters.budget import SMALLEST_TILE, TILE, tile_side
from imgstudio.filters.models import sha256_of, use_threads
from imgstudio.filters.objects import OBJECT, ObjectSource
from imgstudio.filters.source import AnySource, SmallSource, Source, capture_source, reduced_box, shrink

log = logging.getLogger(__name__)

OVERVIEW: Final = 1024
"""Longest side of the picture that Filter.prepare sees."""
FLAT: Final = 0.1
"""Spread of a tile from which on a flat result is not believed."""
DETAIL_SIGMA: Final = 1.5
DETAIL_MARGIN: Final = 6
_SQUARE: Final = 8
"""Side of the squares that stand for transparency (pixels of the document)."""
_SHADES: Final = (0.6, 0.8)


@dataclass(frozen=True, slots=True, eq=False)
class FilterResult:
    """What a run made, in document coordinates (reduced ones after a reduced run)."""

    pixels: TileStore
    """RGBA of the document's depth over `region`; alpha is full wherever the filter ran, and of an object how much
    of the result shows.

    With `cuts` it shows how transparency looks, and its alpha is what goes."""
    raw: TileStore
    """The same before strength and detail; shares tiles with `pixels` when they change nothing."""
    source: AnySource | ObjectSource
    region: Rect
    step: RecipeStep
    reduce: int = 1
    """How many document pixels one result pixel stands for, each way."""
    warnings: tuple[str, ...] = ()
    cuts: bool = False
    """It takes away what its alpha covers (see filters/cutting.py), and is no layer to be added."""
    into: CutInto = "mask"
    """What becomes of it then."""
    colours: TileStore | None = None
    """RGBA of what stays and has got other colours, which replace the layer's by their alpha; None: nothing has."""
    blend: BlendMode = "normal"
    """Of the layer that shows it."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How to run a filter, apart from its own parameters."""

    finish: Finish = field(default_factory=Finish)
    seed: int = 0
    device: str = "auto"
    region: Rect | None = None
    """Limits the run to a box (a preview); None: the selection, or the whole layer."""
    reduce: int = 1
    """Work on the picture made smaller by this factor (a preview at screen size)."""
    selection: Selection | None = None
    """Stands in for the document's selection, when a masked layer is made again."""
    threads: int = 0
    """Cores that networks may use; 0: all but one, so that the window stays quick."""
    memory: int = 0
    """Bytes that the filter may use; 0: no limit but what there is."""


@dataclass(slots=True, eq=False)
class FilterJob:
    """A complete order for one filter run; owns copies of all it needs."""

    title: str
    filter: Filter[Any]
    params: Any
    source: Source
    how: RunSettings
    tile: int = TILE
    small: SmallSource | None = None
    """The reduced source of an earlier run over the same pixels, to spare reducing it again."""
    _warnings: list[str] = field(default_factory=list)
    _colours: TileStore | None = None

    def run(self, progress: Progress) -> FilterResult:
        """Run the filter over the region; raises Cancelled between tiles."""
        source = self._source_at_size()
        raw = self._run_within_memory(source, progress.part(0.0, 0.97))
        step = step_of(self.filter, self.params, self.how.finish, self.how.seed, source=self.source)
        made = FilterResult(
            raw,
            raw,
            source,
            source.region,
            step,
            self.how.reduce,
            tuple(self._warnings),
            self.filter.cuts(self.params),
            self.filter.into(self.params),
            self._colours,
            self.filter.blend,
        )
        return refinish(made, self.how.finish, progress.part(0.97, 1.0))

    def _source_at_size(self) -> AnySource:
        if self.how.reduce == 1:
            return self.source
        if self.small is None:
            return shrink(self.source, self.how.reduce)
        return replace(self.small, region=reduced_box(self.source.region, self.how.reduce, self.small.bounds))

    def _run_within_memory(self, source: AnySource, progress: Progress) -> TileStore:
        """When memory runs out, start again with tiles of half the side, at last on the CPU."""
        devices = (
            [self.how.device]
            if not self.filter.models or self.how.device == "cpu"
            else [self.how.device, "cpu"]
        )
        for device in devices:
            self.how = replace(self.how, device=device)
            tile = self.tile
            while tile >= SMALLEST_TILE:
                try:
                    shared = self._prepare(source, progress.part(0.0, 0.05))
                    return self._run_tiles(source, shared, tile, progress.part(0.05, 1.0))
                except MemoryError:
                    tile = 0 if self.filter.margin(self.params) is None else tile // 2
                    log.info("%s: not enough memory on %s, next tile %s", self.title, device, tile)
        raise MemoryError(self.title)

    def _prepare(self, source: AnySource, progress: Progress) -> Any:
        if self.filter.models:
            use_threads(self.how.threads)
        if self.filter.prepare is None:
            return None
        factor = max(1, -(-max(source.bounds.width, source.bounds.height) // OVERVIEW))
        seen: AnySource = shrink(source, factor) if isinstance(source, Source) and factor > 1 else source
        overview = replace(
            self._input(seen, seen.bounds),
            whole=source.bounds,
            look=lambda rect: self._input(source, rect).pixels,
        )
        return self.filter.prepare(overview, self.params, progress)

    def _run_tiles(self, source: AnySource, shared: Any, tile: int, progress: Progress) -> TileStore:
        raw, self._colours = TileStore(4, source.dtype), None
        margin = self.filter.margin(self.params)
        inners = [source.region] if margin is None else list(source.region.on_grid(tile))
        for inner in progress.track(inners, self.title):
            mask = source.mask(inner)
            if mask is None or mask.any():
                outer = source.bounds if margin is None else self._outer(inner, margin, source.bounds)
                raw.write(inner, self._run_one(source, shared, inner, outer, progress))
        return raw

    def _outer(self, inner: Rect, margin: int, bounds: Rect) -> Rect:
        return inner.expanded(margin).covering_multiple(self.filter.align).intersect(bounds)

    def _run_one(self, source: AnySource, shared: Any, inner: Rect, outer: Rect, progress: Progress) -> Array:
        image = self._input(source, outer, shared)
        quiet = Progress(token=progress.token) if outer != source.bounds else progress
        keep = inner.translated(-outer.x, -outer.y).slices()
        before, result = image.pixels[keep], self._filtered(image, quiet)[keep]
        if self._is_broken(result, before):
            result = self._filtered(replace(image, precise=True), quiet)[keep]
        if self._is_broken(result, before):
            self._warn("The filter made invalid numbers in a part of the picture, which was left as it is")
            result = before
        if self.filter.cuts(self.params):
            self._keep_colours(before, result, inner, source.dtype)
            return from_float(_gone(result, inner), source.dtype)
        encode = from_linear if self.filter.space == "linear" else from_float
        return _opaque(encode(result, source.dtype))

    def _keep_colours(
        self, before: FloatImage, result: FloatImage, inner: Rect, dtype: npt.DTypeLike
    ) -> None:
        changed = (result[..., :3] != before).any(2)
        if changed.any():
            self._colours = self._colours or TileStore(4, dtype)
            self._colours.write(inner, from_float(np.dstack((result[..., :3], changed)), dtype))

    def _filtered(self, image: FilterInput, progress: Progress) -> FloatImage:
        out = self.filter.run(image, self.params, progress)
        if out.shape != (*image.pixels.shape[:2], 4 if self.filter.cuts(self.params) else 3):
            raise ValueError(f"{self.filter.id} returned {out.shape} for {image.pixels.shape}")
        return out

    def _is_broken(self, result: FloatImage, before: FloatImage) -> bool:
        """Not numbers, or from a network one flat colour where there was a picture."""
        if not np.isfinite(result).all():
            return True
        if not self.filter.models or self.filter.may_be_flat:
            return False
        return bool(np.ptp(result) == 0) and bool(np.ptp(before) > FLAT)

    def _input(self, source: AnySource, rect: Rect, shared: Any = None) -> FilterInput:
        rgba = source.read(rect)
        decode = linear_of if self.filter.space == "linear" else to_float
        coverage = source.mask(rect)
        return FilterInput(
            pixels=decode(rgba[..., :3]),
            alpha=None if (rgba[..., 3] == top(rgba.dtype)).all() else to_float(rgba[..., 3]),
            mask=None if coverage is None else to_float(coverage),
            origin=rect,
            whole=source.bounds,
            seed=self.how.seed,
            jpeg=source.jpeg,
            shared=shared,
            device=self.how.device,
            to_document=_enlarging(self.how.reduce),
            warn=self._warn,
        )

    def _warn(self, message: str) -> None:
        if message not in self._warnings:
            self._warnings.append(message)


def capture(
    document: Document, layer: Layer, item: Filter[Any], params: Any, how: RunSettings | None = None
) -> FilterJob:
    """Order a run of a filter on a layer; call it on the thread that owns the document.

    Raises UserError on a parameter out of range or when there is nothing to work on.
    """
    declared.check(params)
    how = how or RunSettings()
    source = capture_source(document, layer, how.region, how.selection)
    return FilterJob(item.name, item, params, source, how, tile_side(how.memory))


def refinish(result: FilterResult, finish: Finish, progress: Progress | None = None) -> FilterResult:
    """Blend the same model result with another strength and detail, without running the model again."""
    step = replace(result.step, strength=finish.strength, detail=finish.detail)
    if finish == Finish():
        return replace(result, pixels=result.raw, step=step)
    made = TileStore(4, result.raw.dtype)
    report = progress or Progress()
    for inner in report.track(list(result.region.on_grid(TILE)), "Blending"):
        made.write(inner, _finished(result, inner, finish))
    return replace(result, pixels=made, step=step)


def _finished(result: FilterResult, inner: Rect, finish: Finish) -> Array:
    if result.cuts:
        rgba = to_float(result.raw.read(inner))
        rgba[..., 3] *= finish.strength
        return from_float(rgba, result.raw.dtype)
    if finish.detail == 0:
        before, after = result.source.read(inner), result.raw.read(inner)
        mixed = cv2.addWeighted(after, finish.strength, before, 1 - finish.strength, 0)
        return _showing(np.asarray(mixed, result.raw.dtype)[..., :3], result, after)
    outer = inner.expanded(DETAIL_MARGIN).intersect(result.source.bounds)
    before = to_float(result.source.read(outer))[..., :3]
    rgba = to_float(result.raw.read(outer))
    after = np.where(rgba[..., 3:] > 0, rgba[..., :3], before)
    keep = inner.translated(-outer.x, -outer.y).slices()
    made = from_float(blend_finish(before, after, finish)[keep], result.raw.dtype)
    return _showing(made, result, result.raw.read(inner))


def blend_finish(before: FloatImage, after: FloatImage, finish: Finish) -> FloatImage:
    """Apply strength and detail to (height, width, 3) pictures in 0..1.

    Detail gives back the original's luminance above a Gaussian of 1.5 px that the result lost.
    """
    lost = luma(before) - luma(after)
    fine = lost - cv2.GaussianBlur(lost, (0, 0), DETAIL_SIGMA)
    out = after + np.float32(finish.detail) * fine[..., None]
    return np.asarray(before + np.float32(finish.strength) * (out - before), np.float32)


def result_layer(result: FilterResult, name: str) -> Layer:
    """The AI layer that shows a result; put it directly above the layer that was filtered."""
    is_clipped = not isinstance(result.source, ObjectSource)
    transform, recipe = _enlarging(result.reduce), Recipe((result.step,))
    layer = Layer(
        name, result.pixels, blend=result.blend, clip=is_clipped, transform=transform, recipe=recipe
    )
    if isinstance(result.source, Source) and result.source.selection is not None:
        layer.mask = TileStore(1)
        layer.mask.restore(result.source.selection)
    elif isinstance(result.source, SmallSource) and result.source.coverage is not None:
        layer.mask = TileStore.from_array(result.source.coverage[..., None])
    return layer


def _enlarging(reduce: int) -> Transform:
    """From the pixels of a reduced run to the document's."""
    return IDENTITY if reduce == 1 else Transform(reduce, 0.0, 0.0, reduce, 0.0, 0.0)


def step_of(
    item: AnyFilter, params: Any, finish: Finish, seed: int, *, source: Source | ObjectSource
) -> RecipeStep:
    """The recipe step that repeats a run."""
    is_object = isinstance(source, ObjectSource)
    return RecipeStep(
        filter=item.id,
        version=item.version,
        params=declared.to_json(params),
        strength=finish.strength,
        detail=finish.detail,
        seed=seed,
        models=_hashes(_used(item, params)),
        region=OBJECT if is_object else "all" if source.selection is None else "mask",
        made_of=source.made_of if isinstance(source, ObjectSource) else {},
        program=f"imgstudio {__version__}",
    )


def _used(item: AnyFilter, params: Any) -> tuple[str, ...]:
    if isinstance(item, Filter) and item.chosen_models is not None:
        return item.chosen_models(params)
    return item.models


def _hashes(models: tuple[str, ...]) -> dict[str, str]:
    if not models:
        return {}
    return {model: sha256_of(model) for model in models}


def _opaque(rgb: Array) -> Array:
    out = np.full((*rgb.shape[:2], 4), top(rgb.dtype), rgb.dtype)
    out[..., :3] = rgb
    return out


def _showing(rgb: Array, result: FilterResult, raw: Array) -> Array:
    """With the alpha of what the filter made (height, width, 4), which is full but for objects."""
    out = _opaque(rgb)
    if isinstance(result.source, ObjectSource):
        out[..., 3] = raw[..., 3]
    return out


def _gone(kept: FloatImage, place: Rect) -> FloatImage:
    """What covers the picture in a preview: (h, w, 4) with what stays last in, squares with what goes last out."""
    rows, columns = (
        np.arange(start, stop) // _SQUARE for start, stop in ((place.y, place.bottom), (place.x, place.right))
    )
    shade = np.where((rows[:, None] + columns[None]) % 2, *_SHADES)
    return np.dstack([shade, shade, shade, 1 - kept[..., 3]]).astype(np.float32)
