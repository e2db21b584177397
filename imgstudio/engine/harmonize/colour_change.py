"""A smooth change of an object's colours, few numbers that hold at any resolution: exposure, white, mix, curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from imgstudio.core.pixels import Floats, luma, to_linear, to_srgb

KNOTS: Final = 6
"""Places on 0..1 at which the curves' slopes are told."""
COUNT: Final = 3 + 6 + 3 * KNOTS
"""Numbers that tell a change."""
STEPS: Final = 256
"""Cells of a curve's table on 0..1."""
TOP: Final = 1.5
"""Up to where curves go on: a gain may lift a colour beyond white before its curve brings it back."""


@dataclass(frozen=True, slots=True, eq=False)
class ColourChange:
    """Guards shapes. All zero changes nothing; halving every number halves the change.

    Linear light is multiplied by gains and mixed by a matrix that keeps grey, then each sRGB-encoded channel passes a
    rising curve that keeps the object's mean brightness.
    """

    gains: Floats
    """(3,) natural logarithms of the factors of linear red, green and blue."""
    mix: Floats
    """(3, 3): what is added to the unit matrix; rows sum to 0."""
    slopes: Floats
    """(3, KNOTS): natural logarithms of the curves' slopes at evenly spaced places of 0..1."""
    brightness: float
    """Mean brightness of the object before the change, sRGB-encoded 0..1: the curves turn round where it goes."""

    def __post_init__(self) -> None:
        if self.gains.shape != (3,) or self.mix.shape != (3, 3) or self.slopes.shape != (3, KNOTS):
            raise ValueError("a change has 3 gains, a 3 x 3 mix and 3 x KNOTS slopes")

    @property
    def pivot(self) -> float:
        """Encoded value that the curves keep."""
        light = to_linear(np.full((1, 1), self.brightness, np.float32)) * np.exp(self.gains.mean())
        return float(np.clip(to_srgb(np.asarray(light, np.float32)), 0.02, 0.98).item())

    def scaled(self, *, exposure: float = 1.0, colour: float = 1.0, contrast: float = 1.0) -> ColourChange:
        """Take only so much of each part, 0..1: brightness; white, saturation and hue; steepness of the curves."""
        level, steepness = self.gains.mean(), self.slopes.mean(0, keepdims=True)
        return ColourChange(
            exposure * level + colour * (self.gains - level),
            colour * self.mix,
            contrast * steepness + colour * (self.slopes - steepness),
            self.brightness,
        )

    def applied(self, pixels: Floats) -> Floats:
        """The pixels (h, w, 3), sRGB-encoded 0..1, changed; clipped to 0..1."""
        matrix = (np.eye(3, dtype=np.float32) + self.mix) * np.exp(self.gains)[None, :]
        light = np.maximum(cv2.transform(to_linear(pixels), np.asarray(matrix, np.float32)), 0)
        encoded = to_srgb(np.asarray(light, np.float32).reshape(pixels.shape))
        tables = self.tables()
        out = np.empty_like(encoded)
        places = np.minimum(encoded, TOP - 1e-4) * STEPS
        cells = places.astype(np.int32)
        places -= cells
        for channel in range(3):
            table, cell = tables[channel], cells[..., channel]
            out[..., channel] = table[cell] + places[..., channel] * (table[cell + 1] - table[cell])
        return np.clip(out, 0, 1, out=out)

    def tables(self) -> Floats:
        """(3, cells + 1) values of the curves on 0..TOP."""
        middles = (np.arange(round(TOP * STEPS)) + 0.5) / STEPS
        places = np.linspace(0, 1, KNOTS)
        slopes = np.stack([np.exp(np.interp(middles, places, row)) for row in self.slopes])
        rising = np.concatenate([np.zeros((3, 1)), np.cumsum(slopes, 1) / STEPS], 1)
        edges = np.arange(rising.shape[1]) / STEPS
        pivot = self.pivot
        kept = np.stack([np.interp(pivot, edges, row) for row in rising])
        return (rising - kept[:, None] + pivot).astype(np.float32)

    def numbers(self) -> Floats:
        """(COUNT,): gains, the mix but for its diagonal, slopes."""
        return np.concatenate([self.gains, self.mix[_ASIDE], self.slopes.ravel()]).astype(np.float32)


def change_of(numbers: Floats, brightness: float) -> ColourChange:
    """The change that (COUNT,) numbers tell; see `ColourChange.numbers`."""
    mix = np.zeros((3, 3), np.float32)
    mix[_ASIDE] = numbers[3:9]
    mix[np.diag_indices(3)] = -mix.sum(1)
    return ColourChange(
        numbers[:3].astype(np.float32), mix, numbers[9:].reshape(3, KNOTS).astype(np.float32), brightness
    )


def no_change(brightness: float) -> ColourChange:
    return change_of(np.zeros(COUNT, np.float32), brightness)


def saturation_mix(logarithm: float) -> Floats:
    """The mix, (3, 3), that multiplies saturation by the exponential of this."""
    factor = float(np.exp(logarithm))
    return ((factor - 1) * (np.eye(3) - np.tile(_LUMINANCE, (3, 1)))).astype(np.float32)


def mean_brightness(pixels: Floats, weights: Floats) -> float:
    """Weighted mean of sRGB-encoded luma; 0.5 where nothing weighs anything."""
    total = float(weights.sum())
    return float((luma(pixels) * weights).sum() / total) if total > 0 else 0.5


_ASIDE: Final = (np.array([0, 0, 1, 1, 2, 2]), np.array([1, 2, 0, 2, 0, 1]))
"""Places of the matrix off its diagonal."""
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722])
