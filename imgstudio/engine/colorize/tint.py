"""What the picture to be coloured is: grey, of one tint, or coloured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.lab import lab_of, recoloured
from imgstudio.core.pixels import Floats
from imgstudio.engine.colorize.borders import borders

Kind: TypeAlias = Literal["grey", "tinted", "coloured"]
Bools: TypeAlias = npt.NDArray[np.bool_]

_SIDE: Final = 128
"""Longer side (pixels) at which colours are looked at: grain and noise of compression are gone."""
_SMOOTHING: Final = 1.5
_DARK: Final = 8.0
_LIGHT: Final = 97.0
"""Lightness from where to where colours can be told."""
_LEVELS: Final = 24
"""Equal shares of the pixels, by lightness, whose tint is found each for itself."""
_REACH: Final = 2
"""Levels each way that a level is compared with."""
_FAR: Final = 3.0
"""Lab units from the tint of its lightness from which on a pixel has a colour of its own."""
_PALE: Final = 3.5
"""Chroma up to which a tint is that of a grey scan."""
_STAINED: Final = 0.6
"""Share by which a tint may be stronger or weaker here and there, as of paper that yellowed unevenly."""
_TURNS: Final = 1.5
"""Lab units by which the tint of some lightness may leave the common hue."""
_DUOTONE_TURNS: Final = 3.2
"""The same where no pixel leaves the tint of its lightness: two inks, one for shadows and one for lights."""
_NONE: Final = 0.001
"""Share of coloured pixels that is none."""
_GRID: Final = 4
_SOME: Final = 0.02
"""Share of coloured pixels from which on a cell of the grid, and a picture, has colours."""
_CELLS: Final = 5
"""Cells with colours that make a picture coloured: a stamp or a strip at one edge touches fewer."""
_MUCH: Final = 0.2
"""Share of coloured pixels that do so wherever they lie."""
_STRONGEST: Final = {"warm": 45.0, "cold": 35.0, "other": 8.0}
"""Most chroma of a tint: sepia, cyanotype and other hues, of which there are no strong ones."""


@dataclass(frozen=True, slots=True)
class Tint:
    """What colours a picture has."""

    kind: Kind
    """A tint is one hue all over, as sepia; it may depend on lightness and be uneven as old paper is."""
    colour: tuple[float, float, float]
    """The tint in the middle of the scale of lightness, sRGB in 0..1; a grey for a picture that has none."""
    share: float
    """Of the pixels, those that have a colour of their own (0..1)."""


def kind_of(pixels: Floats) -> Tint:
    """Tell it of a picture (h, w, 3), 0..1 sRGB, of any size; a small view is enough.

    A pixel has a colour of its own where it is far from the median of those that are as light as it is, in another
    way than uneven paper explains. A small place, such as a stamp or a strip of a scanner, makes no picture coloured.
    """
    lab = _looked_at(pixels)
    lab, noise = _smoothed(np.ascontiguousarray(lab[borders(lab[..., 0]).slices()]))
    seen = (lab[..., 0] > _DARK) & (lab[..., 0] < _LIGHT)
    if seen.mean() < 0.01:
        seen[:] = True
    tints, usual = _tints(lab[seen])
    is_own = np.zeros(seen.shape, bool)
    is_own[seen] = _leaves(lab[seen][:, 1:] - usual, usual, max(_FAR, noise))
    share = float(is_own[seen].mean())
    middle = np.median(tints, 0)
    has_colours = share > _MUCH or (share > _SOME and _cells(is_own) >= _CELLS)
    kind: Kind = "coloured" if has_colours or not _is_tint(tints, share) else "tinted"
    if kind == "tinted" and float(np.hypot(*middle)) <= _PALE:
        kind = "grey"
    red, green, blue = recoloured(
        np.full((1, 1), 60, np.float32), np.asarray(middle, np.float32).reshape(1, 1, 2)
    )[0, 0].tolist()
    return Tint(kind, (red, green, blue), share)


def _looked_at(pixels: Floats) -> Floats:
    """Lab (h, w, 3), small."""
    height, width = pixels.shape[:2]
    factor = _SIDE / max(height, width)
    if factor < 1:
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
    return lab_of(np.ascontiguousarray(pixels))


def _tints(lab: Floats) -> tuple[Floats, Floats]:
    """Median ab of each level of lightness, (n, 2), and the tint that pixels (m, 3) should then have, (m, 2)."""
    parts = np.array_split(np.argsort(lab[:, 0], kind="stable"), min(_LEVELS, len(lab)))
    medians = np.array([np.median(lab[part], 0) for part in parts], np.float32)
    levels, first = np.unique(medians[:, 0], return_index=True)
    tints = _without_spots(medians[first, 1:])
    usual = [np.interp(lab[:, 0], levels, tints[:, plane]) for plane in (0, 1)]
    return tints, np.stack(usual, 1).astype(np.float32)


def _without_spots(tints: Floats) -> Floats:
    """(n, 2): where a level or two differ from those on either side, one spot in the picture has just that lightness."""
    if len(tints) <= 2 * _REACH:
        return tints
    padded = np.pad(tints, ((_REACH, _REACH), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _REACH + 1, axis=0)
    return np.asarray(np.median(windows, axis=-1), np.float32)


def _leaves(off: Floats, usual: Floats, far: float) -> Bools:
    """Which colours lie far from the usual tint; both (n, 2). What is but a stronger or weaker tint does not."""
    chroma = np.hypot(usual[:, 0], usual[:, 1])
    hue = usual / np.maximum(chroma, 1e-6)[:, None]
    along = (off * hue).sum(1)
    across = off - along[:, None] * hue
    beyond = np.maximum(np.abs(along) - _STAINED * chroma, 0)
    stained = np.hypot(np.hypot(across[:, 0], across[:, 1]), beyond)
    distance = np.where(chroma > _PALE, stained, np.hypot(off[:, 0], off[:, 1]))
    return np.asarray(distance > far, np.bool_)


def _smoothed(lab: Floats) -> tuple[Floats, float]:
    """With smooth colours, and how far noise alone may still take them from their tint (Lab units)."""
    smooth = lab.copy()
    smooth[..., 1:] = cv2.GaussianBlur(lab[..., 1:], (0, 0), _SMOOTHING).reshape(*lab.shape[:2], 2)
    spread = 1.48 * float(np.median(np.abs(lab - smooth)[..., 1:]))
    return smooth, 4 * spread / (2 * math.sqrt(math.pi) * _SMOOTHING)


def _is_tint(tints: Floats, share: float) -> bool:
    """Whether the tints of all levels of lightness have one hue, and one that papers and toners have."""
    middle = np.median(tints, 0)
    chroma = float(np.hypot(*middle))
    hue = middle / max(chroma, 1e-6)
    across = np.abs(tints @ np.array([-hue[1], hue[0]]))
    degrees = float(np.degrees(np.arctan2(hue[1], hue[0])))
    family = "warm" if -20 <= degrees <= 110 else "cold" if -160 <= degrees <= -60 else "other"
    turns = _DUOTONE_TURNS if share <= _NONE else _TURNS
    return bool(np.percentile(across, 80) <= turns) and chroma <= _STRONGEST[family]


def _cells(is_own: Bools) -> int:
    """In how many cells of the grid there are colours."""
    size = (_GRID, _GRID)
    shares = cv2.resize(is_own.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return int((shares > _SOME).sum())
