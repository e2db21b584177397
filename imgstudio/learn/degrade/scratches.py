"""Scratches and dust: thin lines, hairs and specks of a print that was not looked after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import Floats
from imgstudio.learn.degrade.base import Degrader, clipped, drawn

Points = npt.NDArray[np.float64]
Line = tuple[Points, float]
"""(n, 2) x and y of its points, and its width; pixels."""


@dataclass(frozen=True, slots=True)
class ScratchesParams:
    lines: Annotated[int, Number(0, 100), Ui(label="Most scratches", help="In a picture of 128 pixels.")] = 4
    specks: Annotated[int, Number(0, 500), Ui(label="Most specks", help="In a picture of 128 pixels.")] = 12
    width: Annotated[float, Number(0.5, 12, 0.1, unit="px"), Ui(label="Most width")] = 2.5
    dark: Annotated[
        float, Number(0, 100, 1, unit="%"), Ui(help="How many are dark; the others are light.")
    ] = 25.0


def scratches(picture: Floats, params: ScratchesParams, random: np.random.Generator) -> Floats:
    out = picture.copy()
    area = picture.shape[0] * picture.shape[1] / 128**2
    marks = (
        *[_scratch] * int(random.integers(0, max(1, round(params.lines * area)) + 1) if params.lines else 0),
        *[_speck] * int(random.integers(0, max(1, round(params.specks * area)) + 1) if params.specks else 0),
    )
    for mark in marks:
        points, width = mark(picture.shape[:2], params, random)
        shade = np.float32(drawn(0.4, 1.0, random))
        is_dark = random.random() < params.dark / 100
        colour = np.float32(drawn(0, 0.15, random) if is_dark else drawn(0.85, 1, random))
        _lay_line(out, points, width, colour, shade)
    return clipped(out)


def _scratch(shape: tuple[int, ...], params: ScratchesParams, random: np.random.Generator) -> Line:
    """A line that bends a little; most go from top to bottom, as on film."""
    height, width = shape[:2]
    length = drawn(0.1, 1.0, random) * max(height, width)
    angle = drawn(-0.25, 0.25, random) + (np.pi / 2 if random.random() < 0.7 else drawn(0, np.pi, random))
    along = np.linspace(-0.5, 0.5, 12)
    bend = np.cumsum(random.normal(0, 0.01, 12)) * length
    x = drawn(0, width, random) + along * length * np.cos(angle) - bend * np.sin(angle)
    y = drawn(0, height, random) + along * length * np.sin(angle) + bend * np.cos(angle)
    return np.stack([x, y], 1), drawn(0.5, params.width, random)


def _speck(shape: tuple[int, ...], params: ScratchesParams, random: np.random.Generator) -> Line:
    """A grain of dust: a very short crooked line."""
    start = random.random(2) * (shape[1], shape[0])
    points = start + np.cumsum(random.normal(0, 0.4 * params.width, (4, 2)), 0)
    return points, drawn(0.5, params.width, random)


def _lay_line(out: Floats, points: Points, width: float, colour: np.float32, shade: np.float32) -> None:
    """Blend an anti-aliased line into the picture; thinner than a pixel it is paler."""
    low = np.maximum(np.floor(points.min(0)).astype(int) - 2 - int(width), 0)
    high = np.minimum(np.ceil(points.max(0)).astype(int) + 3 + int(width), out.shape[1::-1])
    if (low >= high).any():
        return
    canvas = np.zeros((high - low)[::-1], np.uint8)
    fixed = np.rint((points - low) * 16).astype(np.int32)[:, None]
    thickness = max(1, round(width))
    cv2.polylines(
        canvas, [fixed], isClosed=False, color=255, thickness=thickness, lineType=cv2.LINE_AA, shift=4
    )
    cover = canvas[..., None] * (np.float32(min(1.0, width) / 255) * shade)
    part = out[low[1] : high[1], low[0] : high[0]]
    part += cover * (colour - part)


DEGRADER = Degrader(
    "scratches", "Scratches and dust", "Of prints and films.", ScratchesParams, scratches, stage=50
)
