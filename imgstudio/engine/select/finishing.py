"""From the coarse map that the network gives to a mask: pieces, edges, and marks obeyed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.geometry import Rect
from imgstudio.core.pixels import Array, Floats, from_float, to_float
from imgstudio.engine.matting_fit import colour_fit, fitted
from imgstudio.engine.select.prompts import Mark
from imgstudio.engine.select.sight import Pyramid, resampled

Booleans = npt.NDArray[np.bool_]

FITTED: Final = 512
"""Longer side at which coverage is fitted to the colours (pixels); larger parts take over what is found there."""
RADIUS: Final = 0.008
"""In which it is fitted, as a share of that side."""
VARIANCE: Final = 1e-3
"""Of colours (0..1, squared): smaller differences are no edges."""
DECIDED: Final = 12.0
"""How much steeper coverage crosses one half than the network's map, which is often unsure of all of a thing."""
STEEP: Final = 2.0
"""How much steeper it crosses one half than the fit to the colours."""
BLOCK: Final = 256
"""Side of the pieces in which edges of large pictures are worked out (pixels)."""
FADE: Final = 0.06
"""Share of a part in which it goes over into what was selected around it."""
SPOT: Final = 0.004
"""Radius of what a disobeyed click changes, as a share of the picture's longer side."""
FAINT: Final = 0.2
"""Most coverage that a map has where nothing is meant to be; it ends as none."""
NEAR: Final = 9
"""Width of the strip round a difference, and round a mark, that belongs to it (cells of the map)."""
MUCH: Final = 0.015
"""Half the width of differences that are meant wherever they are, as a share of the root of the mask's area."""


def pointed_at(found: Floats, planted: Array) -> Floats:
    """Without the pieces of (h, w), 0..1, that hold nothing of what is `planted` (h, w; bytes); all if none does."""
    shape = found > 0.5
    count, labels = cv2.connectedComponents(shape.astype(np.uint8), connectivity=8)
    kept = np.bincount(labels[(planted > 0) & shape], minlength=count) > 0
    if not kept.any():
        return found
    kept[0] = True
    return np.where(kept[labels], found, np.minimum(found, FAINT)).astype(np.float32)


def settled(found: Floats, known: Floats, planted: Array) -> Booleans:
    """Where the mask `known` gives way to `found`; (h, w) each.

    That is where they differ at a new mark (`planted`, bytes), and where much differs: little differences elsewhere
    are details of the mask that somebody made, which a coarse map does not know.
    """
    differs = ((found > 0.5) != (known > 0.5)).astype(np.uint8)
    count, labels = cv2.connectedComponents(differs, connectivity=8)
    near = cv2.dilate(planted, np.ones((NEAR, NEAR), np.uint8)) > 0
    kept = np.bincount(labels[near], minlength=count) > 0
    depth = np.zeros(count, np.float32)
    np.maximum.at(depth, labels, cv2.distanceTransform(differs, cv2.DIST_L2, 3))
    kept |= depth >= MUCH * math.sqrt(int((known > 0.5).sum()))
    kept[0] = False
    grown = cv2.dilate(kept[labels].astype(np.uint8), np.ones((NEAR, NEAR), np.uint8))
    return np.asarray(grown > 0)


def edged(picture: Pyramid, view: Rect, coarse: Floats) -> Array:
    """Coverage, bytes, of the part `view` of the document, with the edges that its colours have.

    `coarse`, of any size, is its map. A guided filter with a colour guide (He, Sun & Tang 2013), computed small;
    in large parts its lines are applied to the full colours near the edge.
    """
    width, height = view.width, view.height
    factor = min(1.0, FITTED / max(width, height))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    seen = to_float(picture.part(view, size))
    large = _steeper(np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.float32), DECIDED)
    radius = max(1, round(RADIUS * max(size)))
    fit = colour_fit(large, seen, radius, VARIANCE)
    small = from_float(_steeper(fitted(fit, seen), STEEP))
    if size == (width, height):
        return small
    whole = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))
    lines = np.dstack((fit.slope, fit.level)).astype(np.float32)
    unsure = cv2.dilate(((small > 8) & (small < 247)).astype(np.uint8), np.ones((3, 3), np.uint8))
    for top in range(0, height, BLOCK):
        for left in range(0, width, BLOCK):
            block = Rect(left, top, min(BLOCK, width - left), min(BLOCK, height - top))
            _sharpen(whole, picture, view, block, lines, unsure)
    return whole


def joined(before: Array, after: Array, is_open: tuple[bool, bool, bool, bool]) -> Array:
    """The coverage `after`, which fades into the one before towards its open sides: left, top, right, bottom."""
    for index, is_faded in enumerate(is_open):
        old, turned = (plane.T if index % 2 else plane for plane in (before, after))
        strip = max(1, round(FADE * turned.shape[1]))
        columns = slice(0, strip) if index < 2 else slice(turned.shape[1] - strip, None)
        if is_faded and old[:, columns].any():
            weight = np.linspace(0, 1, strip + 1, dtype=np.float32)[:-1]
            weight = weight if index < 2 else weight[::-1]
            start = old[:, columns].astype(np.float32)
            turned[:, columns] = np.rint(start + weight * (turned[:, columns] - start))
    return after


def obeyed(coverage: Array, place: Rect, marks: Iterable[Mark], longer: int) -> None:
    """Change the coverage of `place` (bytes) where it is not what the marks say; the later mark wins.

    Only pixels under a stroke change; for a click a spot whose size goes with the `longer` side of the picture.
    """
    for mark in marks:
        if mark.bounds().intersect(place).is_empty:
            continue  # nothing is selected there
        reach = mark.radius or max(1.0, SPOT * longer)
        touched = mark._replace(radius=reach).bounds().intersect(place)
        part = coverage[touched.translated(-place.x, -place.y).slices()]
        points = (np.array(mark.points) - touched[:2]).astype(np.float32)
        if mark.radius == 0:
            column, row = points[0].astype(int)
            if (part[row, column] >= 128) == mark.is_inside:
                continue
        under = np.zeros(part.shape, np.uint8)
        corners = np.floor(points).astype(np.int32)
        for corner in corners:
            cv2.circle(under, corner.tolist(), round(reach), 1, -1)
        if len(corners) > 1:
            cv2.polylines(under, [corners], isClosed=False, color=1, thickness=max(1, round(2 * reach)))
        wrong = (under > 0) & ((part >= 128) != mark.is_inside)
        part[wrong] = 255 if mark.is_inside else 0


def _sharpen(whole: Array, picture: Pyramid, view: Rect, block: Rect, lines: Floats, unsure: Array) -> None:
    """Apply the fitted lines to the full colours of a block, where it has an edge."""
    across, down = unsure.shape[1] / view.width, unsure.shape[0] / view.height
    rows = slice(int(block.y * down), int(np.ceil(block.bottom * down)))
    columns = slice(int(block.x * across), int(np.ceil(block.right * across)))
    if not unsure[rows, columns].any():
        return
    # One map from places of the block to cells, so that neighbouring blocks agree.
    turn = np.array(
        [
            [across, 0, (block.x + 0.5) * across - 0.5],
            [0, down, (block.y + 0.5) * down - 0.5],
        ]
    )
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = block.width, block.height
    near = cv2.warpAffine(lines, turn, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    is_edge = cv2.warpAffine(unsure, turn, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP) > 0
    colours = to_float(picture.part(block.translated(view.x, view.y), size))
    # The sum over three colours; three times as quick as numpy's.
    share = cv2.transform(near[..., :3] * colours, np.ones((1, 3), np.float32)).reshape(is_edge.shape)
    found = from_float(_steeper(share + near[..., 3], STEEP))
    part = whole[block.slices()]
    part[is_edge] = found[is_edge]


def _steeper(coverage: Floats, factor: float) -> Floats:
    return np.asarray(((coverage - 0.5) * factor + 0.5).clip(0, 1), np.float32)


def seeds(inside: Iterable[Mark], view: Rect, size: tuple[int, int]) -> Array:
    """(h, w) bytes: not 0 where one of these marks lies in `view`, stretched to (width, height)."""
    plane = np.zeros(size[::-1], np.uint8)
    scale = np.array([size[0] / view.width, size[1] / view.height])
    for mark in inside:
        places = np.floor((np.array(mark.points) - view[:2]) * scale).astype(np.int32)
        for place in places:
            cv2.circle(plane, place.tolist(), 1, 1, -1)
        if len(places) > 1:
            cv2.polylines(plane, [places], isClosed=False, color=1, thickness=3)
    return plane


def within(found: Floats, known: Floats, view: Rect, allowed: Rect) -> Floats:
    """`found` in the part `allowed` of the document, and nowhere else more than the mask `known` before."""
    across, down = found.shape[1] / view.width, found.shape[0] / view.height
    rows = slice(max(0, round((allowed.y - view.y) * down)), max(0, round((allowed.bottom - view.y) * down)))
    columns = slice(
        max(0, round((allowed.x - view.x) * across)), max(0, round((allowed.right - view.x) * across))
    )
    kept = np.where(known > 0.5, known, np.minimum(found, FAINT))
    kept[rows, columns] = found[rows, columns]
    return np.asarray(kept, np.float32)


def shrunk(coverage: Array, place: Rect, view: Rect, size: tuple[int, int]) -> Floats:
    """The mask `coverage` of `place`, 0 elsewhere, as `view` shows it at this (width, height): 0..1."""
    whole = np.zeros((view.height, view.width), np.uint8)
    inner = place.intersect(view)
    if not inner.is_empty:
        whole[inner.translated(-view.x, -view.y).slices()] = coverage[
            inner.translated(-place.x, -place.y).slices()
        ]
    return to_float(resampled(whole, size))
