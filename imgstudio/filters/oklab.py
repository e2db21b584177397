"""sRGB to Oklab and back (Ottosson 2020, https://bottosson.github.io/posts/oklab/)."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from imgstudio.core.pixels import to_linear, to_srgb
from imgstudio.filters.base import FloatImage

_LMS: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_LAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)
_RGB_OF_LMS: Final = np.linalg.inv(_LMS.astype(np.float64)).astype(np.float32)
_LMS_OF_LAB: Final = np.linalg.inv(_LAB.astype(np.float64)).astype(np.float32)


def to_oklab(rgb: FloatImage) -> FloatImage:
    """(height, width, 3) sRGB-encoded 0..1 to L 0..1, a, b about -0.4..0.4."""
    light = np.maximum(cv2.transform(to_linear(rgb), _LMS), 0)
    return np.asarray(cv2.transform(cv2.pow(light, 1 / 3), _LAB), np.float32)


def from_oklab(lab: FloatImage) -> FloatImage:
    """Oklab to sRGB-encoded values; colours outside sRGB leave 0..1."""
    roots = np.asarray(cv2.transform(lab, _LMS_OF_LAB), np.float32)
    return to_srgb(np.asarray(cv2.transform(roots * roots * roots, _RGB_OF_LMS), np.float32))
