"""What was pointed at, drawn as planes that the network sees beside the picture."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from imgstudio.core.geometry import Rect
from imgstudio.core.pixels import Array, Floats
from imgstudio.engine.nets.clicknet import PLANES
from imgstudio.engine.select.prompts import Mark, Prompts

SIDE: Final = 320
"""Pixels each way at which the network sees a part of a picture, whatever its shape."""
DISK: Final = 0.02
"""Radius of a click as a share of the side; strokes have at least two thirds of it."""
INSIDE, OUTSIDE, PREVIOUS, BOX = range(PLANES)
_SHIFT: Final = 4
"""Binary digits behind the point in places that OpenCV draws."""


def guidance(prompts: Prompts, view: Rect, previous: Floats, side: int = SIDE) -> Floats:
    """(side, side, PLANES) of 0..1 of the part `view` of the document (pixels), stretched to a square.

    `previous` is the mask so far, (side, side).
    """
    inside, outside, box = (np.zeros((side, side), np.uint8) for _ in range(3))
    scale = np.array([side / view.width, side / view.height])
    for mark in prompts.marks:
        draw(mark, inside, outside, view)
    if prompts.box is not None:
        left, top = (np.array(prompts.box[:2]) - view[:2]) * scale
        right, bottom = (np.array([prompts.box.right, prompts.box.bottom]) - view[:2]) * scale
        rows, columns = (
            slice(max(0, round(start)), max(0, round(end))) for start, end in ((top, bottom), (left, right))
        )
        box[rows, columns] = 1
    planes = np.empty((side, side, PLANES), np.float32)
    planes[..., INSIDE], planes[..., OUTSIDE] = inside, outside
    planes[..., PREVIOUS], planes[..., BOX] = previous, box
    return planes


def draw(mark: Mark, inside: Array, outside: Array, view: Rect) -> None:
    """Put a mark, as a disk or a thick line, into its plane and take what it covers out of the other one.

    Both are (side, side) bytes, 0 or 1, and show `view`.
    """
    own, other = (inside, outside) if mark.is_inside else (outside, inside)
    _draw(own, mark, view, 1)
    _draw(other, mark, view, 0)


def _draw(plane: Array, mark: Mark, view: Rect, value: int) -> None:
    scale = np.array([len(plane) / view.width, len(plane) / view.height])
    side = len(plane)
    # OpenCV puts 0 on the centre of a pixel, documents on its edge.
    places = (np.array(mark.points) - view[:2]) * scale - 0.5
    if mark.radius == 0:
        radius = DISK * side
    else:
        radius = max(2 / 3 * DISK * side, mark.radius * float(np.sqrt(scale.prod())))
    fixed = (places.clip(-side, 2 * side) * (1 << _SHIFT)).round().astype(int)
    for place in fixed:
        cv2.circle(plane, place, round(radius * (1 << _SHIFT)), value, -1, cv2.LINE_8, _SHIFT)
    if len(fixed) > 1:
        cv2.polylines(
            plane,
            [fixed.astype(np.int32)],
            isClosed=False,
            color=value,
            thickness=max(1, round(2 * radius)),
            shift=_SHIFT,
        )
