"""Holes: parts that are simply gone, torn out or painted over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import numpy as np

from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import Floats
from imgstudio.learn.degrade.base import Degrader, clipped, drawn


@dataclass(frozen=True, slots=True)
class HolesParams:
    least: Annotated[int, Number(0, 30), Ui(label="Fewest holes")] = 1
    most: Annotated[int, Number(0, 30), Ui(label="Most holes")] = 3
    size: Annotated[float, Number(1, 80, 1, unit="%"), Ui(label="Largest", help="Of the picture's side.")] = (
        25.0
    )
    filled: Annotated[Literal["white", "black", "grey", "any colour"], Ui(help="What is seen in them.")] = (
        "white"
    )


def holes(picture: Floats, params: HolesParams, random: np.random.Generator) -> Floats:
    out = picture.copy()
    fewest, most = sorted((params.least, params.most))
    for _ in range(int(random.integers(fewest, most + 1))):
        colour = _colour(params, random)
        cover = _torn(picture.shape[:2], params.size / 100, random)[..., None]
        out += cover * (colour - out)
    return clipped(out)


def _colour(params: HolesParams, random: np.random.Generator) -> Floats:
    if params.filled == "any colour":
        return random.random(3, np.float32)
    return np.full(3, {"white": 1.0, "grey": 0.5, "black": 0.0}[params.filled], np.float32)


def _torn(shape: tuple[int, ...], largest: float, random: np.random.Generator) -> Floats:
    """Coverage (h, w) of a blob with an uneven edge."""
    height, width = shape[:2]
    radius = max(1.0, drawn(0.1, 0.5, random) * largest * min(height, width))
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    uneven = random.normal(0, 0.3, 24)
    ragged = radius * np.exp((np.roll(uneven, 1) + uneven + np.roll(uneven, -1)) / 3)
    stretch = np.exp(random.normal(0, 0.3))
    x = drawn(0, width, random) + np.cos(angles) * ragged * stretch
    y = drawn(0, height, random) + np.sin(angles) * ragged / stretch
    canvas = np.zeros((height, width), np.uint8)
    points = np.rint(np.stack([x, y], 1) * 16).astype(np.int32)[:, None]
    cv2.fillPoly(canvas, [points], 255, lineType=cv2.LINE_AA, shift=4)
    return np.asarray(canvas / np.float32(255), np.float32)


DEGRADER = Degrader("holes", "Holes", "Parts that are gone.", HolesParams, holes, stage=55)
