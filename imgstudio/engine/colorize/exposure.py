"""How light a picture should look to a network that has learned from well exposed photos."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from imgstudio.core.pixels import Floats

_LOW: Final = 1.0
_HIGH: Final = 99.5
"""Percent of the pixels that are darker than what is taken for black, and for white."""
_BLACK: Final = 6.0
_WHITE: Final = 92.0
"""Lightness that these get at most."""
_DIM: Final = (75.0, 45.0)
"""Lightness of the white from which on a picture is brightened a little, and fully."""
_FLAT: Final = (45.0, 20.0)
"""Distance from black to white from which on a pale one gets more contrast, a little and fully."""
_BRIGHTER: Final = 8.0
_STEEPER: Final = 2.0
"""Most gain of the one and of the other: what would need more is noise."""
_NEAR: Final = 4.0
_TWO: Final = 0.97
"""Share of pixels that are near black or white in a picture of two tones."""
_SCREEN: Final = 0.006
"""Blur that makes greys of the dots of such a picture, of its longer side."""


def seen_lightness(lightness: Floats) -> Floats:
    """Lightness (h, w), 0..100, as the network should see it, in 0..100 too.

    Dark pictures are brightened and pale ones get more contrast, the more so the darker or paler they are; well
    exposed ones stay as they are. A picture of two tones, as of a copier, is softened to greys.
    """
    low, high = (float(level) for level in np.percentile(lightness, (_LOW, _HIGH)))
    seen = _softened(lightness, low, high)
    seen, low, high = _stretched(seen, low, high, _ramp(high, *_DIM), _BRIGHTER, _WHITE)
    middle = (low + high) / 2
    seen, _, _ = _stretched(seen, low, high, _ramp(high - low, *_FLAT), _STEEPER, middle + (high - low))
    return seen


def _stretched(
    lightness: Floats, low: float, high: float, amount: float, most: float, white: float
) -> tuple[Floats, float, float]:
    """With `high` at `white`, and what that makes of `low` and `high`; `amount` 0..1 of it, with a gain of `most`."""
    spread = high - low
    if amount == 0 or spread <= 0:
        return lightness, low, high
    white = min(white, _WHITE)
    gain = 1 + amount * (min(most, (_WHITE - _BLACK) / spread) - 1)
    white = high + amount * (white - high)
    black = max(white - gain * spread, min(low, _BLACK))
    gain = (white - black) / spread
    seen = np.clip(black + (lightness - low) * np.float32(gain), 0, 100).astype(np.float32)
    return seen, black, white


def _ramp(value: float, none: float, full: float) -> float:
    """0 from `none` upwards, 1 from `full` downwards."""
    return min(1.0, max(0.0, (none - value) / (none - full)))


def _softened(lightness: Floats, low: float, high: float) -> Floats:
    near = (np.abs(lightness - low) < _NEAR) | (np.abs(lightness - high) < _NEAR)
    if high - low < 4 * _NEAR or float(near.mean()) < _TWO:
        return lightness
    return np.asarray(
        cv2.GaussianBlur(lightness, (0, 0), max(0.8, _SCREEN * max(lightness.shape))), np.float32
    )
