"""A person who selects, simulated: where the next click goes, and masks that need correcting."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.pixels import Floats
from imgstudio.engine.select.prompts import Click, Mark

Booleans = npt.NDArray[np.bool_]
TRIES: Final = 30


def overlap(found: Booleans, truth: Booleans) -> float:
    """Intersection over union; 1 where both are empty."""
    either = int((found | truth).sum())
    return int((found & truth).sum()) / either if either else 1.0


def next_click(found: Booleans, truth: Booleans, random: np.random.Generator | None = None) -> Click | None:
    """Where a person would click to correct `found`: the middle of the largest error; None: there is none.

    The largest error is the one with the place furthest from its border, as in the benchmarks of interactive
    segmentation (Sofiiuk, Petrov & Konushin 2021). With `random` any place at least half as far from the border.
    """
    missing, wrong = (depth(error) for error in (truth & ~found, found & ~truth))
    is_inside = bool(missing.max() > wrong.max())
    place = missing if is_inside else wrong
    deepest = float(place.max())
    if deepest == 0:
        return None
    if random is None:
        row, column = np.unravel_index(int(place.argmax()), place.shape)
    else:
        rows, columns = np.nonzero(place >= deepest / 2)
        chosen = int(random.integers(len(rows)))
        row, column = rows[chosen], columns[chosen]
    return float(column), float(row), is_inside


def depth(shape: Booleans) -> Floats:
    """Distance of each pixel of (h, w) from the border of the shape or the picture; 0 outside."""
    padded = np.pad(shape.astype(np.uint8), 1)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1], np.float32)


def stroke(shape: Booleans, random: np.random.Generator) -> Mark | None:
    """A line of a brush inside the shape; None where it is too thin."""
    inside = depth(shape)
    side = max(shape.shape)
    radius = side * random.uniform(0.008, 0.035)
    rows, columns = np.nonzero(inside > radius)
    if len(rows) == 0:
        return None
    chosen = random.integers(len(rows), size=int(random.integers(2, 5)))
    points = [(float(columns[chosen[0]]), float(rows[chosen[0]]))]
    for index in chosen[1:]:
        # Towards another place inside, as far as the way stays inside.
        way = np.linspace(points[-1], (columns[index], rows[index]), 24)
        free = inside[way[:, 1].astype(int), way[:, 0].astype(int)] > 0
        last = int(free.argmin()) - 1 if not free.all() else len(way) - 1
        if last > 0:
            points.append((float(way[last, 0]), float(way[last, 1])))
    return Mark(tuple((x + 0.5, y + 0.5) for x, y in points), radius, is_inside=True)


def corrupted(truth: Booleans, random: np.random.Generator, least: float, most: float) -> Booleans:
    """A mask whose overlap with `truth` lies between the two, by the mistakes that selections have.

    Edges that wander, parts that are missing, pieces of the surroundings, as in the masks of DAVIS-585 (Chen et al.
    2022). The nearest that was found where none is between.
    """
    middle = (least + most) / 2
    best, nearest = truth, 1.0
    for _ in range(TRIES):
        made = truth
        for _ in range(int(random.integers(1, 4))):
            made = _spoiled(made, truth, random)
        score = overlap(made, truth)
        if abs(score - middle) < abs(nearest - middle):
            best, nearest = made, score
        if least <= score <= most:
            break
    return best


def _spoiled(mask: Booleans, truth: Booleans, random: np.random.Generator) -> Booleans:
    size = max(4.0, float(np.sqrt(truth.sum())))
    kind = random.random()
    if kind < 0.3:
        return _wandering(mask, size, random)
    if kind < 0.45:
        reach = 1 + round(size * random.uniform(0.01, 0.1))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        change = cv2.erode if random.random() < 0.5 else cv2.dilate
        return change(mask.astype(np.uint8), kernel) > 0
    blob = _blob(mask, size, random)
    return mask & ~blob if kind < 0.72 else mask | blob


def _wandering(mask: Booleans, size: float, random: np.random.Generator) -> Booleans:
    """With an outline that swings to and fro."""
    width = max(1.5, size * random.uniform(0.03, 0.12))
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), width)
    cells = max(2, round(max(mask.shape) / (width * random.uniform(1, 4))))
    noise = random.normal(0, 1, (min(cells, 64), min(cells, 64))).astype(np.float32)
    large = cv2.resize(noise, mask.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(soft + 0.17 * large > 0.5)


def _blob(mask: Booleans, size: float, random: np.random.Generator) -> Booleans:
    """A lump somewhere on the outline."""
    outline = mask & (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    rows, columns = np.nonzero(outline if outline.any() else ~mask)
    lump = np.zeros(mask.shape, np.uint8)
    if len(rows) == 0:
        return lump > 0
    chosen = int(random.integers(len(rows)))
    centre = np.array([columns[chosen], rows[chosen]]) + random.normal(0, 0.1 * size, 2)
    axes = size * random.uniform(0.06, 0.4, 2)
    turn = float(random.uniform(0, 180))
    cv2.ellipse(lump, (tuple(centre.tolist()), tuple((2 * axes).tolist()), turn), 1, -1)
    return _wandering(lump > 0, float(axes.mean()), random)
