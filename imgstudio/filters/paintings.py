"""Pictures whose style is taken over: opened, checked, and recoloured where the photo's colours are to stay."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from imgstudio.core import imagefile
from imgstudio.core.errors import UserError
from imgstudio.core.pixels import luma, to_float
from imgstudio.engine.style.wishes import resized
from imgstudio.filters.base import FloatImage

LARGEST: Final = 2048
"""Longer side that is kept (pixels): finer strokes than these are never painted."""
LEAST: Final = 24
"""Shorter side (pixels) in which there may be strokes."""
FLAT: Final = 2 / 255
"""Deviation of a picture in which there is nothing to be seen."""


def painting(path: Path | None) -> FloatImage:
    """(h, w, 3) in 0..1, at most LARGEST; transparent places have the mean colour of the rest. Raises UserError."""
    if path is None:
        raise UserError("No painting is chosen", "", "Choose the picture whose style is taken over.")
    rgba = to_float(imagefile.read(path).pixels)
    height, width = rgba.shape[:2]
    if min(height, width) < LEAST:
        raise UserError(
            f"“{path.name}” is too small",
            f"It has {width} x {height} pixels: its strokes cannot be seen.",
            "Choose a larger picture of it.",
        )
    factor = LARGEST / max(height, width)
    if factor < 1:
        size = (max(1, round(height * factor)), max(1, round(width * factor)))
        rgba = resized(rgba, size)
    colour, alpha = rgba[..., :3], rgba[..., 3:]
    there = float(alpha.sum())
    if there < LEAST:
        raise UserError(f"“{path.name}” is transparent", "There is nothing in it.", "Choose another picture.")
    mean = (colour * alpha).sum((0, 1)) / there
    whole = np.asarray(colour * alpha + mean * (1 - alpha), np.float32)
    if float(whole.std((0, 1)).max()) < FLAT:
        raise UserError(
            f"“{path.name}” has one colour only",
            "There are no strokes in it.",
            "Choose a picture with something in it.",
        )
    return whole


def stretched(path: Path, size: tuple[int, int]) -> FloatImage:
    """A picture stretched to (height, width, 3) of `size`; transparent places are black. Raises UserError."""
    rgba = to_float(imagefile.read(path).pixels)
    return np.clip(resized(rgba[..., :3] * rgba[..., 3:], size), 0, 1)


def region_map(path: Path, size: tuple[int, int]) -> FloatImage:
    """(height, width) 0..1: how light a picture is, stretched to `size`; transparent places are 0. Raises UserError."""
    rgba = to_float(imagefile.read(path).pixels)
    return np.clip(resized(luma(rgba[..., :3]) * rgba[..., 3], size), 0, 1)


def in_colours_of(photo: FloatImage, made: FloatImage) -> FloatImage:
    """The light of `made` with the colours of `photo`; both (h, w, 3), may leave 0..1."""
    return np.asarray(photo + (luma(made) - luma(photo))[..., None], np.float32)


def recoloured(picture: FloatImage, like: FloatImage) -> FloatImage:
    """`picture` with the mean and the covariance of the colours of `like` (Gatys 2017, "Controlling").

    Both (h, w, 3) in 0..1; may leave that range a little.
    """
    own, own_spread = _colours(picture)
    wanted, wanted_spread = _colours(like)
    turn = _root(wanted_spread) @ np.linalg.inv(_root(own_spread))
    return np.asarray((picture - own) @ turn.T + wanted, np.float32)


def _colours(picture: FloatImage) -> tuple[FloatImage, FloatImage]:
    flat = picture.reshape(-1, 3).astype(np.float64)
    spread = np.cov(flat, rowvar=False) + 1e-6 * np.eye(3)
    return flat.mean(0).astype(np.float32), spread.astype(np.float32)


def _root(spread: FloatImage) -> FloatImage:
    values, vectors = np.linalg.eigh(spread.astype(np.float64))
    return np.asarray((vectors * np.sqrt(np.maximum(values, 1e-9))) @ vectors.T, np.float32)
