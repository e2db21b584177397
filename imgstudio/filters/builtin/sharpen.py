"""Sharpen: an unsharp mask on luminance that spares noise and keeps halos small."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import luma
from imgstudio.filters.base import Filter, FilterInput, FloatImage


@dataclass(frozen=True, slots=True)
class SharpenParams:
    amount: Annotated[float, Number(0, 500, 1, soft_max=200, unit="%"), Ui(help="How strong.")] = 80.0
    radius: Annotated[
        float, Number(0.3, 50, 0.1, soft_max=5, unit="px"), Ui(help="Size of the detail that is raised.")
    ] = 1.0
    threshold: Annotated[
        float, Number(0, 50, 0.5, unit="levels"), Ui(help="Differences below this stay, so noise is spared.")
    ] = 2.0
    halo: Annotated[
        float,
        Number(0, 100, 1, unit="%"),
        Ui(label="Halo limit", help="How far a pixel may go beyond its neighbours.", advanced=True),
    ] = 20.0


def sharpen(image: FilterInput, params: SharpenParams, progress: Progress) -> FloatImage:
    grey = luma(image.pixels)
    size = 2 * math.ceil(3 * params.radius) + 1
    soft = cv2.GaussianBlur(grey, (size, size), params.radius, borderType=cv2.BORDER_REPLICATE)
    detail = grey - soft
    limit = params.threshold / 255
    detail = np.sign(detail) * np.maximum(np.abs(detail) - limit, 0)
    wanted = grey + np.float32(params.amount / 100) * detail
    around = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(grey, around), cv2.dilate(grey, around)
    room = (high - low) * np.float32(params.halo / 100) + np.float32(1 / 255)
    wanted = np.clip(wanted, low - room, high + room)
    return np.asarray(image.pixels + (wanted - grey)[..., None], np.float32)


FILTER = Filter(
    id="sharpen",
    name="Sharpen",
    category="Sharpen and blur",
    help="Raise fine detail without colour fringes.",
    params=SharpenParams,
    run=sharpen,
    margin=lambda params: math.ceil(3 * params.radius) + 2,
)
