"""How well soft maps of what stands out agree with outlined things: the measures of the field."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.pixels import Floats

BETA_SQUARED: Final = 0.3
"""Precision counts more than recall (Achanta 2009)."""
LEVELS: Final = 256


class SaliencyScores:
    """Sums up pictures one by one."""

    def __init__(self) -> None:
        self._curves: list[npt.NDArray[np.float64]] = []
        self._errors: list[float] = []

    def add(self, found: Floats, truth: npt.NDArray[np.bool_]) -> float:
        """Count a picture: (h, w) in 0..1 against (h, w). Returns its mean absolute error."""
        error = float(np.abs(found - truth).mean())
        self._errors.append(error)
        levels = (found.clip(0, 1) * (LEVELS - 1)).round().astype(np.int64)
        inside = np.bincount(levels[truth], minlength=LEVELS)[::-1].cumsum()[::-1]
        outside = np.bincount(levels[~truth], minlength=LEVELS)[::-1].cumsum()[::-1]
        precision = inside / np.maximum(inside + outside, 1)
        recall = inside / max(1, int(truth.sum()))
        self._curves.append(np.stack((precision, recall)))
        return error

    @property
    def mae(self) -> float:
        """Mean absolute error, 0..1."""
        return float(np.mean(self._errors))

    @property
    def max_f(self) -> float:
        """Largest F measure over all thresholds, of precision and recall averaged over the pictures."""
        precision, recall = np.mean(self._curves, 0)
        bottom = BETA_SQUARED * precision + recall
        f = (1 + BETA_SQUARED) * precision * recall / np.maximum(bottom, 1e-12)
        return float(f.max())


def boundary_f(found: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_], radius: int = 3) -> float:
    """F measure of the outline: what of either outline lies within `radius` pixels of the other (Perazzi 2016)."""
    ours, theirs = _outline(found), _outline(truth)
    if not ours.any() or not theirs.any():
        return float(ours.any() == theirs.any())
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    near_theirs = cv2.dilate(theirs.astype(np.uint8), kernel).astype(bool)
    near_ours = cv2.dilate(ours.astype(np.uint8), kernel).astype(bool)
    precision = float(near_theirs[ours].mean())
    recall = float(near_ours[theirs].mean())
    return 2 * precision * recall / max(precision + recall, 1e-12)


def _outline(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Pixels of the mask that touch what is outside of it; the edge of the picture is no outline."""
    inner = cv2.erode(
        mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1
    )
    return np.asarray(mask & ~inner.astype(bool))
