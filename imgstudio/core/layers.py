"""Layers and the tree they form. Plain data: change it only through commands."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from imgstudio.core.geometry import EMPTY, IDENTITY, Rect, Transform
from imgstudio.core.recipe import Recipe
from imgstudio.core.tiles import TileStore

if TYPE_CHECKING:
    from imgstudio.core.imagefile import JpegInfo

BlendMode = Literal[
    "normal",
    "multiply",
    "screen",
    "overlay",
    "darken",
    "lighten",
    "color-dodge",
    "color-burn",
    "hard-light",
    "soft-light",
    "difference",
    "plus",
    "hue",
    "saturation",
    "color",
    "luminosity",
    "color-lab",
]
"""W3C Compositing and Blending Level 1 names; "plus" is its additive operator (lighter).

"color-lab" is not the W3C's: a and b of CIE Lab come from the layer, the lightness stays.
"""


@dataclass(slots=True, eq=False)
class Layer:
    """One row of the layers panel: pixels, or a group of layers."""

    name: str
    pixels: TileStore = field(default_factory=lambda: TileStore(4))
    """Straight RGBA in the layer's own coordinates; unused in a group."""
    children: list[Layer] | None = None
    """Layers of a group, bottom first; None for a pixel layer."""
    mask: TileStore | None = None
    """uint8 coverage in the same coordinates as `pixels` (a group: document), fill 255; None shows all."""
    mask_enabled: bool = True
    visible: bool = True
    opacity: float = 1.0
    blend: BlendMode = "normal"
    clip: bool = False
    """Paint only on the layer below it (its base): its alpha never changes the base's alpha."""
    locked: bool = False
    transform: Transform = IDENTITY
    """From layer to document coordinates."""
    recipe: Recipe | None = None
    """How an AI layer was made; None for other layers."""
    jpeg: JpegInfo | None = None
    """Quantisation tables of the JPEG file these pixels came from, while they are still those pixels."""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def is_group(self) -> bool:
        return self.children is not None

    @property
    def is_ai(self) -> bool:
        return self.recipe is not None

    @property
    def object_id(self) -> str:
        """Of what a filter made of one layer over those below it: the id of that layer; "" for all others."""
        steps = self.recipe.steps if self.recipe is not None else ()
        return str(steps[-1].made_of.get("layer", "")) if steps else ""

    def bounds(self) -> Rect:
        """Box of what the layer may show, in document pixels."""
        if self.children is None:
            return self.transform.reach_of(self.pixels.bounds())
        box = EMPTY
        for child in self.children:
            box = box.united(child.bounds())
        return box

    def duplicate(self) -> Layer:
        """A copy with new ids that shares tiles until either is painted on."""
        return Layer(
            name=self.name,
            pixels=self.pixels.copy(),
            children=None if self.children is None else [child.duplicate() for child in self.children],
            mask=None if self.mask is None else self.mask.copy(),
            mask_enabled=self.mask_enabled,
            visible=self.visible,
            opacity=self.opacity,
            blend=self.blend,
            clip=self.clip,
            transform=self.transform,
            recipe=self.recipe,
            jpeg=self.jpeg,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a layer stands: group id ("" = top level) and index from the bottom."""

    group: str
    index: int


class LayerStack:
    """The tree of layers, bottom first. Guards: every id is there once."""

    def __init__(self) -> None:
        self.root: list[Layer] = []

    def __iter__(self) -> Iterator[Layer]:
        """Top-level layers, bottom first."""
        return iter(self.root)

    def __len__(self) -> int:
        return len(self.root)

    def all(self) -> Iterator[Layer]:
        """Every layer, bottom first, a group after its children."""
        return _walk(self.root)

    def find(self, layer_id: str) -> Layer | None:
        return next((layer for layer in self.all() if layer.id == layer_id), None)

    def place_of(self, layer: Layer) -> Place:
        """Raises KeyError when the layer is not in the tree."""
        for group, siblings in self._lists():
            for index, item in enumerate(siblings):
                if item is layer:
                    return Place(group, index)
        raise KeyError(layer.name)

    def siblings(self, group: str) -> list[Layer]:
        """The list of layers in a group; raises KeyError when there is no such group."""
        for name, layers in self._lists():
            if name == group:
                return layers
        raise KeyError(group)

    def insert(self, layer: Layer, place: Place) -> None:
        if any(self.find(item.id) is not None for item in _walk([layer])):
            raise ValueError(f"layer is already there: {layer.name}")
        self.siblings(place.group).insert(place.index, layer)

    def remove(self, layer: Layer) -> Place:
        """Take a layer out and say where it was."""
        place = self.place_of(layer)
        del self.siblings(place.group)[place.index]
        return place

    def base_of(self, layer: Layer) -> Layer | None:
        """The layer that a clipped layer paints on; None when there is none below."""
        place = self.place_of(layer)
        siblings = self.siblings(place.group)
        return next((item for item in reversed(siblings[: place.index]) if not item.clip), None)

    def owner_of(self, store: TileStore) -> Layer | None:
        """The layer whose pixels or mask `store` is."""
        return next((layer for layer in self.all() if store is layer.pixels or store is layer.mask), None)

    def _lists(self) -> Iterator[tuple[str, list[Layer]]]:
        yield "", self.root
        for layer in self.all():
            if layer.children is not None:
                yield layer.id, layer.children


def _walk(layers: list[Layer]) -> Iterator[Layer]:
    for layer in layers:
        if layer.children is not None:
            yield from _walk(layer.children)
        yield layer
