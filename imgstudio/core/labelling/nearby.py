"""What lies near each pixel of a large mask, looked for only round the places that matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import ceil
from typing import Final, TypeAlias, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.geometry import Rect
from imgstudio.core.labels import Bools, IndexMask
from imgstudio.core.tiles import box_of

Scalar = TypeVar("Scalar", bound=np.generic)

Check: TypeAlias = Callable[[], None]
"""Raises an exception when nobody wants the work any more; asked several times a second."""

_FINE: Final = 5
"""Size of the mask that distances are measured with."""
_CELL: Final = 512
_KNIGHT: Final = 2
"""How far one step of that measure goes: nothing jumps over a rim so wide."""


def at_ease() -> None:
    """The check of work that nobody stops."""


def near(places: Bools, reach: float, check: Check = at_ease) -> Bools:
    """(h, w) where one of `places` is at most `reach` pixels away."""
    out = np.zeros(places.shape, np.bool_)
    for cell, domain in _cells(places.shape, ceil(reach), check):
        there = places[domain.slices()]
        if places[cell.slices()].all():
            out[cell.slices()] = True
        elif there.any():
            away = np.asarray(cv2.distanceTransform(as_bytes(~there), cv2.DIST_L2, _FINE))
            out[cell.slices()] = away[_within(cell, domain)] <= reach
    return out


def spread(
    planes: Sequence[npt.NDArray[Scalar]], places: Bools, wanted: Bools, reach: int, check: Check = at_ease
) -> list[npt.NDArray[Scalar]]:
    """Copies of (h, w) planes in which wanted pixels have what the nearest of `places` has.

    For each of them that must lie within `reach` rows and columns.
    """
    made = [plane.copy() for plane in planes]
    for cell, _ in _cells(places.shape, reach, check):
        here = box_of(wanted[cell.slices()])
        if here.is_empty:
            continue
        here = here.translated(cell.x, cell.y)
        domain = here.expanded(reach + _KNIGHT).intersect(_whole(places.shape))
        there = places[domain.slices()]
        nearest = nearest_of(there)
        asked = wanted[here.slices()]
        numbers = nearest[_within(here, domain)][asked]
        for plane, out in zip(planes, made, strict=True):
            out[here.slices()][asked] = told_by(nearest, there, plane[domain.slices()])[numbers]
    return made


def small_parts(mask: IndexMask, least: int, *, unless: int, check: Check = at_ease) -> Bools:
    """(h, w) parts of one value with fewer than `least` pixels, joined by sides or corners; not of `unless`."""
    out = np.zeros(mask.shape, np.bool_)
    # A part that goes on beyond the rim has more pixels than the rim is wide.
    for cell, domain in _cells(mask.shape, least, check):
        there, inner = mask[domain.slices()], _within(cell, domain)
        values = values_in(there[inner])
        if len(values) == 1 and domain.width * domain.height >= least and (there == values[0]).all():
            continue
        for value in values:
            if value != unless:
                out[cell.slices()] |= _small(there == value, least)[inner]
    return out


def values_in(mask: IndexMask) -> list[int]:
    """The values that occur, from the least on."""
    counts = np.zeros(256, np.int64)
    for row in range(0, mask.shape[0], _CELL):
        counts += np.bincount(mask[row : row + _CELL].ravel(), minlength=256)
    return [int(value) for value in counts.nonzero()[0]]


def nearest_of(places: Bools) -> npt.NDArray[np.int32]:
    """(h, w) which of `places` is nearest, by a number that each has for itself; there must be one."""
    _, nearest = cv2.distanceTransformWithLabels(
        as_bytes(~places), cv2.DIST_L2, _FINE, labelType=cv2.DIST_LABEL_PIXEL
    )
    return np.asarray(nearest, np.int32)


def told_by(nearest: npt.NDArray[np.int32], places: Bools, plane: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """(n,) what a plane holds at each of `places`, by the numbers that `nearest_of` gave them."""
    out = np.zeros(int(nearest.max()) + 1, plane.dtype)
    out[nearest[places]] = plane[places]
    return out


def signed_distance(inside: Bools, where: Bools) -> npt.NDArray[np.float32]:
    """(n,) pixels to the outline at the n places of `where`, positive inside; the sides of the array are no outline."""
    longest = float(sum(inside.shape))
    box, whole = box_of(inside), _whole(inside.shape)
    if box.is_empty or inside.all():
        return np.full(np.count_nonzero(where), -longest if box.is_empty else longest, np.float32)
    asked = box_of(where).united(box)
    away = cv2.distanceTransform(as_bytes(~inside[asked.slices()]), cv2.DIST_L2, _FINE)
    out = -np.asarray(away, np.float32)[where[asked.slices()]]
    # The way out of what is inside ends at the rim of its box at the latest.
    around = box.expanded(_KNIGHT).intersect(whole)
    held = where & inside
    if held.any():
        away = cv2.distanceTransform(as_bytes(inside[around.slices()]), cv2.DIST_L2, _FINE)
        out[inside[where]] = np.asarray(away, np.float32)[held[around.slices()]]
    return out


def largest_extent(wanted: Bools) -> int:
    """Rows or columns of the widest part that hangs together by sides or corners."""
    box = box_of(wanted)
    _, _, stats, _ = cv2.connectedComponentsWithStats(as_bytes(wanted[box.slices()]), connectivity=8)
    sides = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    return int(sides.max(initial=0))


def as_bytes(where: Bools) -> npt.NDArray[np.uint8]:
    """0 and 255, as OpenCV wants it."""
    return np.asarray(where, np.uint8) * np.uint8(255)


def _small(inside: Bools, least: int) -> Bools:
    out = np.zeros(inside.shape, np.bool_)
    box = box_of(inside).slices()
    _, parts, stats, _ = cv2.connectedComponentsWithStats(as_bytes(inside[box]), connectivity=8)
    is_small = stats[:, cv2.CC_STAT_AREA] < least
    is_small[0] = False
    if is_small.any():
        out[box] = is_small[parts]
    return out


def _cells(shape: tuple[int, ...], reach: int, check: Check) -> Iterator[tuple[Rect, Rect]]:
    """Cells of a picture, each with what lies within `reach` rows and columns of it."""
    whole = _whole(shape)
    for cell in whole.on_grid(max(_CELL, 4 * reach)):
        check()
        yield cell, cell.expanded(reach + _KNIGHT).intersect(whole)


def _whole(shape: tuple[int, ...]) -> Rect:
    return Rect(0, 0, shape[1], shape[0])


def _within(rect: Rect, domain: Rect) -> tuple[slice, slice]:
    return rect.translated(-domain.x, -domain.y).slices()
