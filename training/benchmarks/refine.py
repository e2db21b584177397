"""Measures "Select and mask": `python -m training.benchmarks.refine --data ../shared/data`.

Things with hair whose coverage is known, selected roughly; and the time that pictures of several sizes take.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np

from imgstudio.core.geometry import Point, Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats
from imgstudio.core.selection import Coverage
from imgstudio.core.tiles import TileStore
from imgstudio.engine.refine import EdgeParams, Refiner
from imgstudio.engine.refine_finish import Cleaner, finished
from imgstudio.engine.refine_ground import EdgeStroke
from imgstudio.learn.data import pictures_in
from training.benchmarks.known_alpha import Composite, composites
from training.benchmarks.scores import Means, markdown
from training.defaults.cutout_data import split

LOOKED_AT: Final = 60
"""Pixels from the outline within which errors count."""
HAIR: Final = 26.0
"""Radius of the brush that goes along the outline (pixels)."""
SIDES: Final = (1200, 3500, 5000, 10000)


class Way(NamedTuple):
    name: str
    params: EdgeParams
    brushed: bool = False


WAYS: Final = (
    Way("radius 5", EdgeParams(radius=5)),
    Way("radius 20", EdgeParams(radius=20)),
    Way("radius 20, smart", EdgeParams(radius=20, smart=True)),
    Way("radius 40", EdgeParams(radius=40)),
    Way("radius 5, and the refine brush along the outline", EdgeParams(radius=5), brushed=True),
)


def rough(alpha: Floats) -> Coverage:
    """A selection without hairs, its corners cut, two pixels off."""
    whole = (alpha > 0.5).astype(np.uint8)
    body = cv2.morphologyEx(whole, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (25, 25)))
    moved = cv2.warpAffine(body, np.array([[1.0, 0, 2], [0, 1, -2]]), body.shape[::-1])
    return np.asarray(moved * np.uint8(255), np.uint8)


def along(shape: Coverage) -> tuple[EdgeStroke, ...]:
    """Strokes over the outlines of a selection."""
    found, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    lines = [contour[::8, 0].tolist() for contour in found if len(contour) > 80]
    return tuple(EdgeStroke(tuple(Point(x, y) for x, y in line), HAIR, "refine") for line in lines)


def refiner_of(pixels: Floats, shape: Coverage) -> Refiner:
    store = TileStore.from_array(shape[..., None])
    store.drop_plain_tiles()
    bounds = Rect(0, 0, shape.shape[1], shape.shape[0])
    return Refiner(bounds, store, lambda rect: np.ascontiguousarray(pixels[rect.slices()]))


def errors(one: Composite, way: Way | None, shape: Coverage) -> dict[str, float]:
    """Of coverage and of cleaned colours; None: of the rough selection itself."""
    made = refiner_of(one.pixels, shape)
    params = EdgeParams(radius=0) if way is None else way.params
    edge = made.edge(params, along(shape) if way and way.brushed else (), Progress(), exact=True)
    found = edge.coverage.read(made.bounds)[..., 0] / 255
    sure = (one.alpha > 0.5).astype(np.uint8)
    near = cv2.dilate(sure, np.ones((3, 3), np.uint8), iterations=LOOKED_AT) > 0
    near &= cv2.erode(sure, np.ones((3, 3), np.uint8), iterations=LOOKED_AT) == 0
    off = np.abs(found - one.alpha)
    soft = (one.alpha > 0.1) & (one.alpha < 0.95)
    cleaned = Cleaner(made, edge, Progress()).clean(one.pixels, made.bounds)
    return {
        "mean": 100 * float(off[near].mean()),
        "sum": float(off.sum()) / 1000,
        "colours": 255 * float(np.abs(cleaned - one.colours)[soft].mean()),
        "mixed": 255 * float(np.abs(one.pixels - one.colours)[soft].mean()),
    }


def quality(data: Path, count: int) -> str:
    held_out = split(data / "masks" / "ecssd")[1]
    backgrounds = pictures_in(data / "photos" / "large_crops")
    ways: list[Way | None] = [None, *WAYS]
    means = {way: Means() for way in ways}
    for one in composites(held_out, backgrounds, count):
        shape = rough(one.alpha)
        for way in ways:
            means[way].add(errors(one, way, shape))
    rows = [
        (
            "as selected" if way is None else way.name,
            *(means[way].mean(name) for name in ("mean", "sum", "colours")),
        )
        for way in ways
    ]
    mixed = means[None].mean("mixed")
    head = ("", "mean error, %", "sum of errors, 1000 px", "colour error, levels")
    return (
        markdown(head, rows)
        + f"\n\nColours of the soft edge before they are cleaned: {mixed:.2f} levels off."
    )


def times(one: Composite) -> str:
    """Seconds of the processor, for one thing enlarged to several sizes."""
    rows = []
    for side in SIDES:
        factor = side / max(one.alpha.shape)
        pixels = cv2.resize(one.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC).clip(0, 1)
        shape = cv2.resize(rough(one.alpha), pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        made = refiner_of(np.asarray(pixels, np.float32), np.asarray(shape, np.uint8))
        params = EdgeParams(radius=5 * max(1.0, side / 2400))
        start = time.process_time()
        made.edge(params, (), Progress(), exact=False)
        rough_done = time.process_time()
        edge = made.edge(params, (), Progress(), exact=True)
        exact_done = time.process_time()
        finished(edge, EdgeParams(feather=4, contrast=20), made.bounds, Progress())
        spent = rough_done - start, exact_done - rough_done, time.process_time() - exact_done
        rows.append((f"{shape.size / 1e6:.1f}", f"{params.radius:.1f}", *spent))
    return markdown(("megapixels", "radius, px", "preview, s", "exact, s", "feather and contrast, s"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--count", type=int, default=12, help="things that are cut out")
    order = parser.parse_args()
    print(quality(order.data, order.count), end="\n\n", flush=True)
    held_out = split(order.data / "masks" / "ecssd")[1]
    print(times(next(composites(held_out, pictures_in(order.data / "photos" / "large_crops"), 1))))


if __name__ == "__main__":
    main()
