"""Mark the points that a trained network finds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import cv2
import numpy as np

from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Colour, Number, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage
from imgstudio.filters.learned.kind import LearnedKind, filter_id
from imgstudio.filters.reducing import reduced

if TYPE_CHECKING:
    from imgstudio.engine.manifest import ModelManifest
    from imgstudio.engine.registry import ModelRegistry

SUBPIXELS: Final = 4
"""Binary digits behind the point that OpenCV draws with."""


@dataclass(frozen=True, slots=True)
class PointsFilterParams:
    radius: Annotated[
        float,
        Number(0.2, 20, 0.1, soft_max=5, unit="%"),
        Ui(help="Of the rings, in parts of the longer side."),
    ] = 2.0
    colour: Annotated[str, Colour(), Ui(help="Of the rings.")] = "#e8504c"
    certainty: Annotated[
        float,
        Number(0, 1, 0.05, decimals=2),
        Ui(help="Points of which the network is less sure than this are not marked.", advanced=True),
    ] = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Rings in document coordinates."""

    centres: tuple[tuple[float, float], ...]
    radius: float


def prepare(
    registry: ModelRegistry, model_id: str, image: FilterInput, params: PointsFilterParams, progress: Progress
) -> Marks:
    from imgstudio.engine.device import guard, pick_device
    from imgstudio.engine.points import find_points

    assert image.look is not None
    whole, side = image.whole, int(registry.manifest(model_id).card["points"]["side"])
    small = reduced(image.look, whole, 2 * side, progress.part(0.0, 0.5))
    with guard():
        places, sure = find_points(registry.load(model_id, pick_device(image.device)), small, side)
    centres = tuple(
        (whole.x + float(x) * whole.width, whole.y + float(y) * whole.height)
        for (x, y), certainty in zip(places, sure, strict=True)
        if certainty >= params.certainty
    )
    return Marks(centres, params.radius / 100 * max(whole.width, whole.height))


def mark(image: FilterInput, params: PointsFilterParams, progress: Progress) -> FloatImage:
    """(h, w, 3) with a ring and a dot at every point."""
    marks: Marks = image.shared
    share = coverage(marks, image.origin)[..., None]
    rings = np.array([int(params.colour[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)
    return np.asarray(image.pixels + share * (rings - image.pixels), np.float32)


def coverage(marks: Marks, box: Rect) -> FloatImage:
    """(h, w) how much of each pixel of a box the marks cover, 0..1."""
    drawn = np.zeros((box.height, box.width), np.uint8)
    unit = 1 << SUBPIXELS
    width = max(1, round(marks.radius / 6))
    for x, y in marks.centres:
        centre = (round((x - box.x - 0.5) * unit), round((y - box.y - 0.5) * unit))
        for radius, thickness in ((marks.radius, width), (marks.radius / 6, -1)):
            cv2.circle(drawn, centre, round(radius * unit), 255, thickness, cv2.LINE_AA, SUBPIXELS)
    return np.asarray(drawn / np.float32(255), np.float32)


def make(registry: ModelRegistry, manifest: ModelManifest) -> Filter[PointsFilterParams]:
    """The filter of one trained network."""
    return Filter(
        id=filter_id(manifest.id),
        name=manifest.name,
        category="Other",
        help=f"Mark what “{manifest.name}” finds: {', '.join(manifest.classes)}.",
        params=PointsFilterParams,
        run=mark,
        prepare=partial(prepare, registry, manifest.id),
        margin=lambda params: 0,
        models=(manifest.id,),
        preview="live",
        version=manifest.version,
    )


KIND = LearnedKind("points", make)
