"""Blur: Gaussian, box or motion, in linear light where bright things glow as they should."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import Filter, FilterInput, FloatImage


@dataclass(frozen=True, slots=True)
class BlurParams:
    radius: Annotated[
        float, Number(0, 200, 0.1, soft_max=40, unit="px"), Ui(help="How far light spreads.")
    ] = 4.0
    kind: Annotated[Literal["gaussian", "box", "motion"], Ui()] = "gaussian"
    angle: Annotated[
        float,
        Number(-180, 180, 1, unit="°"),
        Ui(help="Direction of the motion.", visible_if=("kind", "motion")),
    ] = 0.0


def blur(image: FilterInput, params: BlurParams, progress: Progress) -> FloatImage:
    if params.radius == 0:
        return image.pixels
    if image.alpha is None:
        return _spread(image.pixels, params)
    weighted = _spread(image.pixels * image.alpha[..., None], params)
    weight = _spread(image.alpha, params)[..., None]
    return np.where(weight > 1e-4, weighted / np.maximum(weight, 1e-4), image.pixels).astype(np.float32)


def _spread(pixels: FloatImage, params: BlurParams) -> FloatImage:
    edge = cv2.BORDER_REPLICATE
    if params.kind == "gaussian":
        size = 2 * _reach(params) + 1
        out = cv2.GaussianBlur(pixels, (size, size), params.radius / 2, borderType=edge)
    elif params.kind == "box":
        size = 2 * math.ceil(params.radius) + 1
        out = cv2.blur(pixels, (size, size), borderType=edge)
    else:
        out = cv2.filter2D(pixels, -1, _line(params), borderType=edge)
    return np.asarray(out, np.float32)


def _line(params: BlurParams) -> FloatImage:
    """An anti-aliased line through the centre of a square kernel, sum 1."""
    reach = _reach(params)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    x = params.radius * math.cos(math.radians(params.angle))
    y = params.radius * math.sin(math.radians(params.angle))
    ends = [
        (round((reach - x) * 256), round((reach + y) * 256)),
        (round((reach + x) * 256), round((reach - y) * 256)),
    ]
    canvas = np.zeros(kernel.shape, np.uint8)
    cv2.line(canvas, ends[0], ends[1], 255, 1, cv2.LINE_AA, 8)
    kernel[:] = canvas
    return np.asarray(kernel / kernel.sum(), np.float32)


def _reach(params: BlurParams) -> int:
    return math.ceil(params.radius * (2 if params.kind == "gaussian" else 1)) + 1


FILTER = Filter(
    id="blur",
    name="Blur",
    category="Sharpen and blur",
    help="Soften the picture or the selection.",
    params=BlurParams,
    run=blur,
    margin=_reach,
    space="linear",
)
