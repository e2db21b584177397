"""White balance: temperature and tint, or grey found by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Colour, Number, Ui
from imgstudio.core.pixels import to_linear
from imgstudio.filters.base import Filter, FilterInput, FloatImage

LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
MINKOWSKI: Final = 6
"""Exponent of shades of grey (Finlayson and Trezzi 2004): between grey world and white patch."""


@dataclass(frozen=True, slots=True)
class WhiteBalanceParams:
    method: Annotated[
        Literal["manual", "automatic", "grey point"],
        Ui(help="Automatic finds the light's colour; grey point makes one colour neutral."),
    ] = "manual"
    temperature: Annotated[
        float, Number(-100, 100, 1), Ui(help="To the right warmer, to the left cooler.")
    ] = 0.0
    tint: Annotated[float, Number(-100, 100, 1), Ui(help="To the right magenta, to the left green.")] = 0.0
    grey: Annotated[
        str,
        Colour(),
        Ui(
            label="Grey point",
            help="A colour that should be neutral grey.",
            visible_if=("method", "grey point"),
        ),
    ] = "#808080"


def prepare(image: FilterInput, params: WhiteBalanceParams, progress: Progress) -> FloatImage:
    """Gains of red, green and blue in linear light; they keep luminance."""
    light = np.ones(3, np.float32)
    if params.method == "automatic":
        light = _light_of(image)
    elif params.method == "grey point":
        code = np.array([int(params.grey[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)
        light = np.maximum(to_linear(code), 1e-3)
    gain = 1 / light
    warm, magenta = params.temperature / 100, params.tint / 100
    gain = gain * np.exp2(np.array([0.6 * warm + 0.2 * magenta, -0.4 * magenta, -0.6 * warm + 0.2 * magenta]))
    return np.asarray(gain / (LUMINANCE @ (gain * light)) * (LUMINANCE @ light), np.float32)


def _light_of(image: FilterInput) -> FloatImage:
    """Colour of the light by shades of grey, over pixels that are neither clipped nor hidden."""
    flat = image.pixels.reshape(-1, 3)
    good = (flat.max(1) < 0.98) & (flat.max(1) > 0.02)
    if image.alpha is not None:
        good &= image.alpha.reshape(-1) > 0
    if good.sum() < 16:
        return np.ones(3, np.float32)
    power = np.mean(flat[good].astype(np.float64) ** MINKOWSKI, axis=0) ** (1 / MINKOWSKI)
    return np.asarray(power / power.mean(), np.float32)


def white_balance(image: FilterInput, params: WhiteBalanceParams, progress: Progress) -> FloatImage:
    return np.asarray(image.pixels * image.shared, np.float32)


FILTER = Filter(
    id="white-balance",
    name="White balance",
    category="Colour",
    help="Take a colour cast away, or give the light another warmth.",
    params=WhiteBalanceParams,
    run=white_balance,
    prepare=prepare,
    space="linear",
)
