"""Brush dabs: round anti-aliased stamps with a soft edge, placed between pixels and remembered."""

from __future__ import annotations

from collections import OrderedDict
from math import ceil, floor
from typing import Final, NamedTuple

import numpy as np

from imgstudio.core.geometry import Rect
from imgstudio.core.pixels import Floats

_SUPERSAMPLED_BELOW: Final = 8.0
"""Dabs of a smaller diameter are measured by sampling: the distance rule is too coarse for them."""
_SAMPLES: Final = 16
_TIE: Final = 1e-6
"""Keeps a position that rounding moved by a hair in the same place."""


class Dab(NamedTuple):
    """A stamp and where it lies."""

    rect: Rect
    coverage: Floats
    """(height, width) of `rect`, 0..1; shared, never written to."""


class DabCache:
    """Remembers stamps, so that a stroke makes few. Guards: holds no more than `budget` bytes."""

    def __init__(self, budget: int = 48 << 20) -> None:
        self._budget = budget
        self._stamps: OrderedDict[tuple[float, float, float, int, int, int], Floats] = OrderedDict()
        self._held = 0

    def dab(self, x: float, y: float, diameter: float, hardness: float, flow: float = 1.0) -> Dab:
        """A dab centred at (x, y), its coverage times `flow`; less than a pixel covers its share."""
        steps = _steps_for(diameter)
        column, across = _placed(x, steps)
        row, down = _placed(y, steps)
        stamp = self._stamp((round(diameter, 3), round(hardness, 3), flow, steps, across, down))
        half = stamp.shape[0] // 2
        return Dab(Rect(column - half, row - half, stamp.shape[1], stamp.shape[0]), stamp)

    def _stamp(self, key: tuple[float, float, float, int, int, int]) -> Floats:
        stamp = self._stamps.pop(key, None)
        if stamp is None:
            diameter, hardness, flow, steps, across, down = key
            middle = 0.5 if steps == 1 else 0.0
            stamp = make_stamp(diameter, hardness, middle + across / steps, middle + down / steps)
            stamp *= np.float32(flow)
            self._held += stamp.nbytes
        self._stamps[key] = stamp
        while self._held > self._budget and len(self._stamps) > 1:
            self._held -= self._stamps.popitem(last=False)[1].nbytes
        return stamp


def pixel_dab(x: float, y: float, flow: float = 1.0) -> Dab:
    """The one whole pixel that (x, y) lies in."""
    return Dab(Rect(floor(x + _TIE), floor(y + _TIE), 1, 1), np.full((1, 1), flow, np.float32))


def make_stamp(diameter: float, hardness: float, across: float = 0.5, down: float = 0.5) -> Floats:
    """Coverage (n, n), n odd, of a disc whose centre lies at (across, down), 0..1, in the middle pixel.

    Inside `hardness` times the radius it is 1; from there it falls smoothly to 0 at the rim.
    """
    half = ceil(diameter / 2 + 0.5)
    if diameter >= _SUPERSAMPLED_BELOW:
        ticks = np.arange(-half, half + 1, dtype=np.float32) + np.float32(0.5)
        return _profile(ticks - np.float32(across), ticks - np.float32(down), diameter, hardness, 0.5)
    side = 2 * half + 1
    fine = ((np.arange(side * _SAMPLES) + 0.5) / _SAMPLES - half).astype(np.float32)
    dense = _profile(fine - np.float32(across), fine - np.float32(down), diameter, hardness, 0.5 / _SAMPLES)
    return np.asarray(dense.reshape(side, _SAMPLES, side, _SAMPLES).mean((1, 3)), np.float32)


def _profile(x: Floats, y: Floats, diameter: float, hardness: float, feather: float) -> Floats:
    """Coverage over a grid; the rim is blurred by `feather` (half a sample) on each side."""
    radius = diameter / 2
    soft = (1 - hardness) * radius
    distance: Floats = np.sqrt(np.square(x)[None, :] + np.square(y)[:, None])
    width = max(soft, 2 * feather)
    rise: Floats = np.subtract(np.float32(radius + feather), distance, out=distance)
    rise *= np.float32(1 / width)
    np.clip(rise, 0, 1, out=rise)
    smooth = np.float32(min(max(soft / (2 * feather) - 1, 0.0), 1.0))
    if smooth:
        eased = rise * rise * (3 - 2 * rise)
        rise += smooth * (eased - rise)
    return rise


def _steps_for(diameter: float) -> int:
    """Positions inside a pixel: a large dab needs fewer."""
    return 4 if diameter < 64 else 2 if diameter < 256 else 1


def _placed(value: float, steps: int) -> tuple[int, int]:
    """Whole pixel and the nearest step inside it; a single step stands for the pixel's middle."""
    fine = floor(value * steps + (_TIE if steps == 1 else 0.5 + _TIE))
    return fine // steps, fine % steps
