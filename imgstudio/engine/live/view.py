"""A picture, or the part of one that is seen, cut into patches with what is known of each before anything is taught."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array, Floats, to_float
from imgstudio.engine.live.eye import Eye
from imgstudio.engine.superpixels import patches

AREA: Final = 1 << 18
"""Pixels at which views are looked at: larger ones are reduced, smaller ones enlarged at most `_LARGER` times."""
SPACING: Final = 4
"""Of the patches (pixels at that size)."""
_LARGER: Final = 2.0
_ALIKE: Final = 16.0
"""How far apart the colours of neighbours are before they hardly count as one thing (Lab, as 8 bits hold it)."""

Integers = npt.NDArray[np.int64]


class View(NamedTuple):
    """What was seen, in n patches."""

    colours: Floats
    """(h, w, 3) in 0..1, as it was given."""
    patch: npt.NDArray[np.int32]
    """(h, w): 0..n - 1."""
    sizes: Integers
    """(n,) pixels of those (h, w); 0 where the picture was reduced and a patch has none left."""
    features: npt.NDArray[np.float16]
    """(n, numbers)."""
    style: Floats
    """(2 numbers,): means and deviations of the features, by which pictures that look alike are found."""
    pairs: Integers
    """(m, 2) of patches that touch."""
    bonds: Floats
    """(m,): how much they belong together."""

    @property
    def nbytes(self) -> int:
        return sum(part.nbytes for part in self)


def looked(eye: Eye, pixels: Array, progress: Progress) -> View:
    """See (h, w, 3) bytes, sRGB. Raises Cancelled, OutOfMemory."""
    height, width = pixels.shape[:2]
    factor = min(_LARGER, (AREA / (width * height)) ** 0.5)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    seen = np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)
    progress.update(0.0, "Looking")
    cut = patches(seen, SPACING)
    progress.update(0.4)
    features = eye.features(seen, cut)
    progress.update(0.9)
    patch = np.asarray(cv2.resize(cut.labels, (width, height), interpolation=cv2.INTER_NEAREST), np.int32)
    apart = ((cut.colours[cut.pairs[:, 0]] - cut.colours[cut.pairs[:, 1]]) ** 2).sum(1)
    bonds = cut.lengths / SPACING * np.exp(-apart / (2 * _ALIKE**2))
    wide = features.astype(np.float32)
    return View(
        to_float(pixels),
        patch,
        np.bincount(patch.ravel(), minlength=len(cut.sizes)),
        features,
        np.concatenate((wide.mean(0), wide.std(0))),
        cut.pairs,
        np.asarray(bonds, np.float32),
    )
