"""Labels of pictures: classes, outlined or painted regions, and the index mask that they make."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from imgstudio.core.geometry import Point, Rect
from imgstudio.core.shapes import polygon_coverage

BACKGROUND: Final = 0
"""Label value of what belongs to no class."""
UNSEEN: Final = 255
"""Label value where nobody looked or nobody can tell; it counts neither way."""
MOST_CLASSES: Final = UNSEEN

IndexMask: TypeAlias = npt.NDArray[np.uint8]
"""(h, w) label values: 0 background, 1..254 classes, 255 unseen."""
ObjectMask: TypeAlias = npt.NDArray[np.uint16]
"""(h, w) object numbers from 1; 0 where there is none."""
Bools: TypeAlias = npt.NDArray[np.bool_]
Ring: TypeAlias = npt.NDArray[np.float64]
"""(n, 2) x, y of a closed outline; the middle of the first pixel is (0.5, 0.5)."""


@dataclass(frozen=True, slots=True)
class LabelClass:
    """A kind of thing that is labelled."""

    value: int
    """In an index mask; 0 is background, 255 unseen."""
    name: str
    colour: tuple[int, int, int]
    """8-bit sRGB of its overlay and of a written palette."""
    key: str = ""
    """Shortcut that selects it, such as "3"."""


@dataclass(frozen=True, eq=False, slots=True)
class Outline:
    """Polygons: what any ring of `rings` holds, without what any of `holes` holds."""

    rings: tuple[Ring, ...]
    holes: tuple[Ring, ...] = ()

    def bounds(self) -> Rect:
        points = np.concatenate(self.rings) if self.rings else np.zeros((1, 2))
        left, top = np.floor(points.min(0)).astype(int)
        right, bottom = np.ceil(points.max(0)).astype(int)
        return Rect(int(left), int(top), int(right - left), int(bottom - top))

    def painted(self, limit: Rect) -> tuple[Rect, Bools]:
        """Box and (height, width) of the pixels that are covered by half or more."""
        box = self.bounds().intersect(limit)
        out = np.zeros((box.height, box.width), np.bool_)
        for rings, value in ((self.rings, True), (self.holes, False)):
            for ring in rings:
                part, coverage = polygon_coverage([Point(float(x), float(y)) for x, y in ring], box)
                _put(out, box, part, coverage >= 128, int(value))
        return box, out


@dataclass(frozen=True, eq=False, slots=True)
class Patch:
    """A painted region: exact, with any number of parts and holes."""

    x: int
    y: int
    pixels: Bools
    """(height, width); its upper left pixel lies at `x`, `y`."""

    def bounds(self) -> Rect:
        return Rect(self.x, self.y, self.pixels.shape[1], self.pixels.shape[0])

    def painted(self, limit: Rect) -> tuple[Rect, Bools]:
        box = self.bounds().intersect(limit)
        top, left = max(box.y - self.y, 0), max(box.x - self.x, 0)
        return box, self.pixels[top : top + box.height, left : left + box.width]


Shape: TypeAlias = Outline | Patch


@dataclass(frozen=True, eq=False, slots=True)
class Region:
    """One labelled thing, or one part of it."""

    label: str
    """Name of its class."""
    shape: Shape
    number: int | None = None
    """Regions of one picture with the same label and number are parts of one object."""
    is_crowd: bool = False
    """Many objects that nobody told apart."""
    is_box: bool = False
    """Only a rectangle around the thing, not its outline."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled point."""

    label: str
    x: float
    y: float


@dataclass(frozen=True, eq=False, slots=True)
class LabelledImage:
    """What a label file says about one picture, in pixels of the picture as shown (EXIF turned)."""

    path: Path
    """Of the picture; it need not exist."""
    width: int
    height: int
    """0 where the file does not tell."""
    regions: tuple[Region, ...] = ()
    """In the order in which they are painted."""
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences on what could not be read."""

    def sized(self, width: int, height: int) -> LabelledImage:
        """The same for a picture of that size, where the file did not tell one."""
        if self.width and self.height:
            return self
        return LabelledImage(self.path, width, height, self.regions, self.marks, self.notes)


@dataclass(frozen=True, eq=False, slots=True)
class LabelProject:
    """Pictures with their labels, and the classes that occur."""

    classes: tuple[LabelClass, ...]
    images: tuple[LabelledImage, ...]
    notes: tuple[str, ...] = ()
    """Sentences on what could not be read."""

    def values(self) -> dict[str, int]:
        return {known.name: known.value for known in self.classes}


def index_mask(image: LabelledImage, values: Mapping[str, int], *, unlabelled: int = BACKGROUND) -> IndexMask:
    """(height, width) label values; later regions cover earlier ones, labels that `values` lacks are left out.

    The size of `image` must be known.
    """
    whole = Rect(0, 0, image.width, image.height)
    out = np.full((image.height, image.width), unlabelled, np.uint8)
    for region in image.regions:
        value = values.get(region.label)
        if value is not None:
            _put(out, whole, *region.shape.painted(whole), value)
    return out


def object_mask(image: LabelledImage) -> ObjectMask:
    """(height, width) object numbers from 1; regions with the same label and number are one object."""
    whole = Rect(0, 0, image.width, image.height)
    out = np.zeros((image.height, image.width), np.uint16)
    numbers: dict[tuple[str, int], int] = {}
    count = 0
    for region in image.regions:
        key = (region.label, -1 if region.number is None else region.number)
        number = None if region.number is None else numbers.get(key)
        if number is None:
            count += 1
            number = numbers[key] = count
        _put(out, whole, *region.shape.painted(whole), number)
    return out


def class_colour(value: int) -> tuple[int, int, int]:
    """A colour for a class: black for background, light grey for unseen, else far from the earlier ones."""
    if value == BACKGROUND:
        return (0, 0, 0)
    if value == UNSEEN:
        return (224, 224, 224)
    hue = (0.02 + (value - 1) * 0.618034) % 1.0  # the golden ratio spreads any number of hues evenly
    lightness = (0.55, 0.68, 0.42)[(value - 1) // 8 % 3]
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, 0.75)
    return (round(red * 255), round(green * 255), round(blue * 255))


def classes_named(names: Iterable[str]) -> tuple[LabelClass, ...]:
    """Classes 1, 2, ... with colours of their own; digits select the first nine."""
    return tuple(
        LabelClass(value, name, class_colour(value), str(value) if value < 10 else "")
        for value, name in enumerate(names, start=1)
    )


def _put(out: npt.NDArray[Any], outer: Rect, box: Rect, pixels: Bools, value: int) -> None:
    """Write `value` where `pixels` (of `box`) are set, into an array that covers `outer`."""
    if not box.is_empty:
        top, left = box.y - outer.y, box.x - outer.x
        out[top : top + box.height, left : left + box.width][pixels] = value
