"""Paintings, photos and objects drawn by numbers, for the tests of harmonization."""

import cv2
import numpy as np

from imgstudio.core.pixels import Floats


def disc(height: int, width: int, radius: float, softness: float = 1.0) -> Floats:
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    away = np.hypot(columns - width / 2, rows - height / 2) - radius
    return np.clip(0.5 - away / softness, 0, 1).astype(np.float32)


def waves(height: int, width: int, colour: tuple[float, float, float], depth: float = 0.15) -> Floats:
    """Soft light and dark of about one colour."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    light = 1 + depth * np.sin(rows / 9) * np.cos(columns / 13)
    return np.clip(light[..., None] * np.array(colour, np.float32), 0, 1).astype(np.float32)


def noise(height: int, width: int, deviation: float, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(0, deviation, (height, width, 1)).astype(np.float32)


def strokes(height: int, width: int, deviation: float) -> Floats:
    """Grain drawn out across: what a brush does that goes from left to right."""
    drawn = cv2.GaussianBlur(noise(height, width, 1.0)[..., 0], (0, 0), sigmaX=3, sigmaY=0.6)
    return np.asarray(deviation * drawn / drawn.std(), np.float32)[..., None]


def pasted(own: Floats, below: Floats, mask: Floats) -> Floats:
    return np.asarray(below + mask[..., None] * (own - below), np.float32)
