"""Where names of classes lie, and how much each class of a segmentation counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from imgstudio.learn.dataset.report import ClassShare

NAME_FILES: Final = (
    "codes.txt", "classes.txt", "labels.txt", "class_names.txt", "label_names.txt", "names.txt",
    "label_colors.txt", "labelmap.txt",
)  # fmt: skip
_HEAVIEST: Final = 8.0
"""A class this many times rarer than the mean counts no more than this many times as much."""


def class_weights(classes: Sequence[ClassShare]) -> npt.NDArray[np.float32]:
    """(classes,) weights for a loss: square root of the inverse share, 1 on the average pixel.

    The root tames what plain inverse frequency does to rare classes; no weight is more than 8 times another
    class's mean. Classes that never occur get 0.
    """
    shares = np.array([known.share for known in classes], np.float64)
    present = shares > 0
    if not present.any():
        return np.ones(len(shares), np.float32)
    weights = np.zeros_like(shares)
    weights[present] = 1 / np.sqrt(shares[present])
    weights /= (weights * shares).sum() / shares.sum()
    return np.minimum(weights, _HEAVIEST).astype(np.float32)
