"""What a filter of objects reads: one layer over all that lies below it; and how its result finds it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from imgstudio.core import transforming
from imgstudio.core.blend import composite
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import EMPTY, IDENTITY, Rect, Transform
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array, resized, to_float, top
from imgstudio.core.selection import Selection
from imgstudio.core.tiles import TileSnapshot, box_of, box_where
from imgstudio.filters.base import FilterInput, FloatImage
from imgstudio.filters.shrinking import Shrinking, step_for

OBJECT: Final = "object"
"""The region of a recipe's step whose filter read an object."""
FAINT: Final = 0.05
"""Coverage below which a pixel is not the object's: compressed masks are never quite black."""
LEAST_MARGIN: Final = 64
"""Pixels around a small object."""


@dataclass(frozen=True, slots=True, eq=False)
class ObjectSource:
    """Frozen layers up to an object. Safe on a worker: it shares tiles that the document copies before writing."""

    scene: tuple[Layer, ...]
    """Private copies of all that lies below, and of the object; bottom first."""
    below: tuple[Layer, ...]
    """The same without the object."""
    alone: tuple[Layer, ...]
    """The object by itself."""
    selection: TileSnapshot | None
    """Coverage of the selection; None when everything is selected."""
    bounds: Rect
    """The document's bounds."""
    region: Rect
    """The object's box with what a result may need around it."""
    dtype: np.dtype[np.generic]
    made_of: dict[str, Any]
    """Of the recipe's step: which layer it was, and where that lay."""
    jpeg: None = None
    _read: dict[str, tuple[Rect, Array]] = field(default_factory=dict)
    """What was read last, since results are blended with it again and again."""

    def read(self, rect: Rect) -> Array:
        """Straight RGBA of the object over what lies below, in document coordinates."""
        known = self._read.get("scene")
        if known is None or known[0].intersect(rect) != rect:
            box = self.region if self.region.intersect(rect) == rect else rect
            known = self._read["scene"] = (box, composite(self.scene, box, self.dtype))
        return known[1][rect.translated(-known[0].x, -known[0].y).slices()].copy()

    def below_at(self, rect: Rect) -> Array:
        """Straight RGBA of what lies below the object."""
        return composite(self.below, rect, self.dtype)

    def coverage(self, rect: Rect) -> FloatImage:
        """(height, width) in 0..1: the object's own alpha, masks, opacity, and the selection."""
        seen = to_float(composite(self.alone, rect, self.dtype)[..., 3])
        if self.selection is not None:
            seen = seen * to_float(self.selection.read(rect)[..., 0])
        return np.where(seen < FAINT, np.float32(0), seen).astype(np.float32)

    def shrunk(self, step: int) -> ObjectSource:
        """The same in a document made smaller by a power of two."""
        small = Shrinking(step)
        bounds = small.box(self.bounds)
        return replace(
            self,
            scene=small.layers(self.scene),
            below=small.layers(self.below),
            alone=small.layers(self.alone),
            selection=None if self.selection is None else small.store(self.selection).snapshot(),
            bounds=bounds,
            region=small.box(self.region).intersect(bounds),
            _read={},
        )

    def mask(self, rect: Rect) -> npt.NDArray[np.uint8]:
        """The same in 0..255."""
        return np.rint(self.coverage(rect) * 255).astype(np.uint8)


def capture_object(
    document: Document, layer: Layer, selection: Selection | None = None, *, around: float = 0.25
) -> ObjectSource:
    """Freeze a layer, what is clipped to it, and all below it; call it on the thread that owns the document.

    The result of such a filter stands for the object that it was made of. `selection` stands in for the
    document's; `around` is a share of the object's longer side. Raises UserError where there is no object in the picture.
    """
    item = object_of(document, layer)
    _check_visible(document, item)
    chosen = document.selection if selection is None else selection
    coverage = None if chosen.is_empty else chosen.store.snapshot()
    own = shown_box(item)
    if own.is_empty:
        raise UserError(
            f"“{item.name}” is transparent", "There is nothing of it to be seen", "Choose another layer"
        )
    box = own.intersect(document.bounds)
    if box.is_empty:
        raise UserError(f"“{item.name}” lies outside the picture", "", "Move it back with the Move tool (V)")
    if coverage is not None:
        box = box.intersect(_solid_box(coverage))
        if box.is_empty:
            raise UserError(
                f"“{item.name}” has no pixels inside the selection", "", "Deselect with Ctrl+D, or select it"
            )
    copies = _Copies()
    return ObjectSource(
        scene=copies.up_to(document, item, below=True, itself=True),
        below=copies.up_to(document, item, below=True, itself=False),
        alone=copies.up_to(document, item, below=False, itself=True),
        selection=coverage,
        bounds=document.bounds,
        region=with_margin(box, document.bounds, around),
        dtype=document.dtype,
        made_of=made_of(item, selected=coverage is not None),
    )


def seen_object(source: ObjectSource, box: Rect, *, seed: int = 0, device: str = "auto") -> FilterInput:
    """What a filter sees of an object in `box`; its `look` reads the whole backdrop."""

    def look(rect: Rect) -> FloatImage:
        return solid(source.below_at(rect))

    below = source.below_at(box)
    return FilterInput(
        pixels=solid(source.read(box)),
        alpha=None,
        mask=source.coverage(box),
        origin=box,
        whole=source.bounds,
        seed=seed,
        look=look,
        device=device,
        backdrop=solid(below) if below[..., 3].any() else None,
    )


def seen_reduced(source: ObjectSource, factor: float, *, seed: int = 0, device: str = "auto") -> FilterInput:
    """The object with what is around it in a document made smaller, for a preview; `factor` is at most 1."""
    step = step_for(factor)
    small = source if step == 1 else source.shrunk(step)
    image = seen_object(small, small.region, seed=seed, device=device)
    rest = factor * step
    return image if rest >= 1 else _resized(image, rest)


def with_margin(box: Rect, bounds: Rect, around: float) -> Rect:
    """An object's box with what lies around it, inside the document."""
    return box.expanded(max(LEAST_MARGIN, round(around * max(box.width, box.height)))).intersect(bounds)


def covered_box(coverage: FloatImage) -> Rect:
    """Where an object's coverage (height, width) is not faint; EMPTY where there is none."""
    return box_of(coverage >= FAINT)


def made_of(item: Layer, *, selected: bool = False) -> dict[str, Any]:
    """What the recipe of a result remembers of its object."""
    return {"layer": item.id, "pose": pose_of(item), "selected": selected}


def pose_of(layer: Layer) -> list[float]:
    """Numbers that change when the layer, or something in the group, is moved, scaled, turned or mirrored."""
    return [float(number) for leaf in leaves_of(layer) for number in leaf.transform]


def lies_at(layer: Layer) -> Transform:
    """The map by which a layer, or the first one of a group, is shown: two of them tell how it was moved between."""
    return next((leaf.transform for leaf in leaves_of(layer)), IDENTITY)


def is_result(layer: Layer) -> bool:
    """Whether a filter of objects made it."""
    return layer.recipe is not None and bool(layer.recipe.steps) and layer.recipe.steps[-1].region == OBJECT


def was_selected(result: Layer) -> bool:
    """Whether the object of a result was what was selected of a layer."""
    return result.recipe is not None and bool(result.recipe.steps[-1].made_of.get("selected"))


def object_of(document: Document, layer: Layer) -> Layer:
    """The object that a layer stands for: that of a result, the base of a clipped layer, or the layer itself.

    An object that was replaced is the next layer below. Raises UserError where there is none.
    """
    if is_result(layer):
        known = document.layers.find(layer.object_id)
        if known is not None:
            return known
        place = document.layers.place_of(layer)
        under = reversed(document.layers.siblings(place.group)[: place.index])
        found = next((item for item in under if not item.clip and not is_result(item)), None)
        if found is None:
            raise UserError(
                f"The object of “{layer.name}” is gone",
                "It was deleted or merged",
                "Undo that, or choose another",
            )
        return found
    return document.layers.base_of(layer) or layer if layer.clip else layer


def results_of(document: Document, item: Layer) -> list[Layer]:
    """The layers that filters made of an object, bottom first."""
    return [layer for layer in document.layers.all() if layer.object_id == item.id]


def has_moved(document: Document, result: Layer) -> bool:
    """Whether the object of a result lies elsewhere than when that was made, seen from the result."""
    assert result.recipe is not None
    step = result.recipe.steps[-1]
    item = document.layers.find(result.object_id)
    if item is None:
        return False
    then, now = step.made_of.get("pose"), _pose_from(result, item)
    return (
        not isinstance(then, list)
        or len(then) != len(now)
        or not np.allclose(then, now, rtol=1e-6, atol=1e-6)
    )


def _pose_from(result: Layer, item: Layer) -> list[float]:
    """The object's pose, as seen from a result that may have been moved itself, as by a crop."""
    try:
        back = result.transform.inverted()
    except ValueError:
        return []
    return [float(number) for leaf in leaves_of(item) for number in leaf.transform.then(back)]


def leaves_of(layer: Layer) -> Iterator[Layer]:
    """The layers with pixels: the layer itself, or those in the group."""
    if layer.children is None:
        yield layer
        return
    for child in layer.children:
        yield from leaves_of(child)


class _Copies:
    """Private copies of layers. Guards: one layer is copied once, so that all trees share its tiles."""

    def __init__(self) -> None:
        self._known: dict[str, Layer] = {}

    def up_to(self, document: Document, item: Layer, *, below: bool, itself: bool) -> tuple[Layer, ...]:
        found = self._up_to(document.layers.root, item, below=below, itself=itself)
        return () if found is None else tuple(found)

    def _up_to(
        self, layers: Sequence[Layer], item: Layer, *, below: bool, itself: bool
    ) -> list[Layer] | None:
        """The list that holds the object, cut off above it; None where it is not."""
        for index, layer in enumerate(layers):
            under = [self._of(one) for one in layers[:index]] if below else []
            if layer is item:
                return under + ([self._of(one) for one in _run(layers, index)] if itself else [])
            if layer.children is not None:
                inside = self._up_to(layer.children, item, below=below, itself=itself)
                if inside is not None:
                    return [*under, replace(self._of(layer), children=inside)]
        return None

    def _of(self, layer: Layer) -> Layer:
        if layer.id not in self._known:
            self._known[layer.id] = layer.duplicate()
        return self._known[layer.id]


def _resized(image: FilterInput, factor: float) -> FilterInput:
    """The same input in a document made smaller."""
    whole = _scaled(image.whole, factor)
    origin = _scaled(image.origin, factor).intersect(whole)
    before = image.look
    assert before is not None
    assert image.mask is not None

    def reduced(part: FloatImage) -> FloatImage:
        return np.asarray(resized(part, origin.width, origin.height), np.float32)

    def look(rect: Rect) -> FloatImage:
        there = _scaled(rect, 1 / factor).intersect(image.whole)
        return np.asarray(resized(before(there), rect.width, rect.height), np.float32)

    return replace(
        image,
        pixels=reduced(image.pixels),
        mask=reduced(image.mask),
        origin=origin,
        whole=whole,
        look=look,
        backdrop=None if image.backdrop is None else reduced(image.backdrop),
    )


def _scaled(box: Rect, factor: float) -> Rect:
    """The nearest box of whole pixels, at least one each way."""
    x, y = round(box.x * factor), round(box.y * factor)
    right, bottom = round(box.right * factor), round(box.bottom * factor)
    return Rect(x, y, max(1, right - x), max(1, bottom - y))


def _run(layers: Sequence[Layer], index: int) -> list[Layer]:
    """A base and the layers clipped to it."""
    end = index + 1
    while end < len(layers) and layers[end].clip:
        end += 1
    return list(layers[index:end])


def _check_visible(document: Document, item: Layer) -> None:
    layer: Layer | None = item
    while layer is not None:
        if not layer.visible or layer.opacity <= 0:
            raise UserError(
                f"“{layer.name}” is hidden", "So there is nothing of it to be seen", "Show it first"
            )
        layer = document.layers.find(document.layers.place_of(layer).group)


def shown_box(layer: Layer) -> Rect:
    """The box of what is not faint, in document coordinates; that of what a map may show where it is resampled."""
    if layer.children is not None:
        box = EMPTY
        for child in layer.children:
            if child.visible and child.opacity > 0:
                box = box.united(shown_box(child))
        if layer.mask is not None and layer.mask_enabled and layer.mask.fill == 0:
            box = box.intersect(_solid_box(layer.mask.snapshot()))
        return box
    return layer.transform.reach_of(transforming.shown_box(layer, FAINT))


def _solid_box(coverage: TileSnapshot) -> Rect:
    """Smallest box of what is not faint in coverage."""
    return box_where(coverage.tiles, lambda index, tile: tile[..., 0] >= FAINT * top(tile.dtype))


def solid(rgba: Array) -> FloatImage:
    """(height, width, 3): transparent places have the mean colour of the rest."""
    pixels = to_float(rgba)
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    if float(alpha.min()) >= 1:
        return np.ascontiguousarray(colour)
    there = float(alpha.sum())
    mean = (colour * alpha).sum((0, 1)) / there if there > 0 else np.zeros(3, np.float32)
    return np.asarray(colour * alpha + mean * (1 - alpha), np.float32)
