"""The colours of labels: a tint and lines for each class, tones that tell objects apart, stripes of what is predicted."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.app.canvas.label_look import LabelLook
from imgstudio.app.canvas.label_screen import Packed
from imgstudio.core.labels import BACKGROUND, UNSEEN

Values = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint16]
Codes = npt.NDArray[np.uint16]
Bools = npt.NDArray[np.bool_]

_TONES: Final = (0.0, 0.30, -0.26, 0.15, -0.13)
"""How far objects one after another lie from the colour of their class, towards white or black."""
_BACKGROUND: Final = 0.45
"""Background is tinted so much less than a class: the picture must be seen, and that somebody looked at it."""
_CRISP: Final = 0.4
"""Lines along borders cover so much more than tints."""
_OUTER: Final = 0.5
"""Strength of a line on the side that is no class: dark, so that the border is seen on any ground."""
_PALE: Final = 0.8
"""Strength of the stripes of what is predicted, against what is labelled."""
_PALER: Final = 0.5
"""The same beside mere outlines."""
_BETWEEN: Final = 40 / 255
"""What is left of it between the stripes."""
_STRIPE: Final = 8
"""Logical pixels from one stripe to the next."""

_LINES: Final = 256 * len(_TONES)
_STRIPES: Final = _LINES + 256
_GAPS: Final = _STRIPES + 256


class Planes(NamedTuple):
    """What there is at the pixels of a part of the screen, and of a rim round it."""

    values: Values
    numbers: Numbers | None
    """Objects."""
    inner: tuple[slice, slice]
    """Where the part lies in both."""
    guess: Values | None
    """(h, w) of the part: label values that are predicted."""


class LabelColours:
    """The colours of one look; a table by label value and what is shown of it, so that all is coloured at once."""

    def __init__(self, colour_of: Callable[[int], tuple[int, int, int]], look: LabelLook) -> None:
        colours = np.array([colour_of(value) for value in range(256)], np.float32)
        tint = look.opacity if look.style == "tint" else 0.0
        strong = np.float32(min(1.0, look.opacity + _CRISP) if look.opacity else 0.0)
        shares = np.full(256, 1.0, np.float32)
        shares[[UNSEEN, *look.hidden]] = 0
        lines = shares.copy()
        shares[BACKGROUND] *= _BACKGROUND
        lines[[BACKGROUND, UNSEEN]] = _OUTER
        lines[[*look.hidden]] = 0
        inks = _toned(colours, 0.2)
        inks[[BACKGROUND, UNSEEN]] = 0
        pale = np.float32((_PALE if look.style == "tint" else _PALER) * look.opacity**0.5)
        self.table = np.concatenate(
            [
                *(packed(_toned(colours, tone), shares * tint) for tone in _TONES),
                packed(inks, lines * strong),
                packed(colours, shares * pale),
                packed(colours, shares * pale * np.float32(_BETWEEN)),
            ]
        )
        """Read by code: 256 * tone + value, and `_LINES`, `_STRIPES` and `_GAPS` + value."""
        self.width = 3 if look.style == "outline" else 1
        """Of lines on either side of a border, in logical pixels."""


def painted(planes: Planes, colours: LabelColours, width: int, corner: int, ratio: int) -> Packed:
    """(h, w) colours of a part of the screen, with lines of `width` pixels along borders.

    `corner` is the sum of its place from the document's corner, where stripes begin.
    """
    values = planes.values[planes.inner]
    codes = values.astype(np.uint16)
    if planes.numbers is not None:
        codes += _tones()[planes.numbers[planes.inner]]
    if planes.guess is not None:
        np.copyto(codes, planes.guess + _striped(values.shape, corner, ratio), where=values == UNSEEN)
    edge = borders(planes.values, planes.numbers, width)[planes.inner]
    if edge.any():
        np.copyto(codes, values + np.uint16(_LINES), where=edge)
    return colours.table.take(codes)


def borders(values: Values, numbers: Numbers | None, width: int) -> Bools:
    """(h, w) where another class or object lies within `width` pixels by sides; nothing lies outside."""
    edge = np.zeros(values.shape, np.uint8)
    for plane in (values,) if numbers is None else (values, numbers):
        across, down = plane[:, 1:] != plane[:, :-1], plane[1:] != plane[:-1]
        edge[:, 1:] |= across.view(np.uint8)
        edge[:, :-1] |= across.view(np.uint8)
        edge[1:] |= down.view(np.uint8)
        edge[:-1] |= down.view(np.uint8)
    if width > 1 and edge.any():
        side = 2 * width - 1
        edge = np.asarray(cv2.dilate(edge, np.ones((side, side), np.uint8)), np.uint8)
    return edge.view(np.bool_)


def packed(colours: npt.NDArray[np.float32], alphas: npt.NDArray[np.float32]) -> Packed:
    """(n, 3) 0..255 and (n,) 0..1 as premultiplied ARGB."""
    rounded = np.rint(np.clip(colours, 0, 255) * alphas[:, None]).astype(np.uint32)
    alpha = np.rint(alphas * 255).astype(np.uint32)
    made: Packed = (alpha << 24) | (rounded[:, 0] << 16) | (rounded[:, 1] << 8) | rounded[:, 2]
    return made


@cache
def heat() -> Packed:
    """(256,) the colour of each uncertainty: nothing, then amber, then a strong magenta."""
    share = np.linspace(0, 1, 256, dtype=np.float32)
    stops = np.array(((255, 214, 64), (255, 120, 40), (232, 30, 120)), np.float32)
    colours = np.stack([np.interp(share, (0, 0.5, 1), stops[:, plane]) for plane in range(3)], 1)
    return packed(np.asarray(colours, np.float32), np.clip((share - 0.08) / 0.72, 0, 1) * np.float32(0.85))


@cache
def _tones() -> Codes:
    """(65536,) what an object's number adds to the code of its class."""
    return np.asarray(np.arange(65536) % len(_TONES) * 256, np.uint16)


def _striped(shape: tuple[int, ...], corner: int, ratio: int) -> Codes:
    """(h, w) slanted stripes as wide at any zoom, so that what is predicted is never taken for labels."""
    height, width = shape
    side = _STRIPE * ratio
    way = (np.arange(height + width - 1) + corner) % side
    line = np.where(way < side // 2, np.uint16(_STRIPES), np.uint16(_GAPS))
    return np.lib.stride_tricks.sliding_window_view(line, width)


def _toned(colours: npt.NDArray[np.float32], tone: float) -> npt.NDArray[np.float32]:
    """Towards white by a share, or towards black by a negative one."""
    end = np.float32(255 if tone > 0 else 0)
    return np.asarray(colours + (end - colours) * np.float32(abs(tone)), np.float32)
