"""Blur: a lens out of focus or a hand that moved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import numpy as np

from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import Floats
from imgstudio.learn.degrade.base import Degrader, clipped, drawn


@dataclass(frozen=True, slots=True)
class BlurParams:
    least: Annotated[float, Number(0, 20, 0.1, unit="px"), Ui(label="Least radius")] = 0.3
    most: Annotated[float, Number(0, 20, 0.1, unit="px"), Ui(label="Most radius")] = 1.6
    kind: Annotated[
        Literal["round", "uneven", "motion", "any"],
        Ui(help="Round: focus. Uneven: wider in one direction. Motion: along a line."),
    ] = "any"


def blur(picture: Floats, params: BlurParams, random: np.random.Generator) -> Floats:
    radius = drawn(params.least, params.most, random)
    kind = params.kind if params.kind != "any" else str(random.choice(["round", "uneven", "motion"]))
    if radius < 0.05:
        return picture
    if kind == "round":
        out = cv2.GaussianBlur(picture, (0, 0), radius, borderType=cv2.BORDER_REFLECT_101)
        return clipped(np.asarray(out, np.float32))
    angle = drawn(0, math.pi, random)
    narrow = radius * drawn(0.3, 1.0, random) if kind == "uneven" else 0.3
    kernel = leaning_kernel(radius, narrow, angle)
    out = cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
    return clipped(np.asarray(out, np.float32))


def leaning_kernel(along: float, across: float, angle: float) -> Floats:
    """An elliptic Gaussian, sum 1: deviations in pixels along a direction (radians) and across it."""
    reach = max(1, math.ceil(3 * max(along, across)))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    forward = x * math.cos(angle) + y * math.sin(angle)
    sideways = y * math.cos(angle) - x * math.sin(angle)
    kernel = np.exp(-0.5 * ((forward / along) ** 2 + (sideways / across) ** 2))
    return np.asarray(kernel / kernel.sum(), np.float32)


DEGRADER = Degrader("blur", "Blur", "A lens out of focus, or a hand that moved.", BlurParams, blur, stage=20)
