"""Brings what a classifier says of patches to the edges of the picture: neighbours agree, and pixels follow colours."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from imgstudio.core.labels import IndexMask
from imgstudio.core.pixels import Floats
from imgstudio.engine.live.classifier import Integers, softmax
from imgstudio.engine.live.view import View
from imgstudio.engine.matting_fit import colour_fit, fitted

TRUST: Final = 2.5
"""Score that a class gains in a patch where another model is sure of it everywhere."""
_ROUNDS: Final = 6
_TIE: Final = 2.0
"""How much a neighbour of the same colour along a whole side counts, beside a log share of 1."""
_RADIUS: Final = 6
"""Of the windows in which pixels follow colours (pixels)."""
_VARIANCE: Final = 3e-4


def hearsay(view: View, mask: IndexMask, unsure: npt.NDArray[np.uint8], values: tuple[int, ...]) -> Floats:
    """(n, classes) to add to the scores of patches, from what another model says of the pixels, (h, w) each."""
    sure = 1 - unsure.astype(np.float32) / 255
    gains = [
        np.bincount(view.patch.ravel(), ((mask == value) * sure).ravel(), len(view.sizes)) for value in values
    ]
    shares = np.stack(gains, 1) / np.maximum(view.sizes, 1)[:, None]
    return np.asarray(TRUST * shares, np.float32)


def agreed(view: View, shares: Floats, rows: Integers, classes: Integers) -> Floats:
    """(n, classes) of patches after their neighbours were heard; patches `rows` are of the `classes` that were told.

    Mean field of a Potts model on the patches (Koltun & Kraehenbuehl 2011 on pixels).
    """
    from scipy.sparse import csr_array

    one, other = view.pairs[:, 0], view.pairs[:, 1]
    count = len(shares)
    places = (np.concatenate((one, other)), np.concatenate((other, one)))
    ties = csr_array((np.float32(_TIE) * np.tile(view.bonds, 2), places), shape=(count, count))
    own = np.log(np.maximum(shares, 1e-6))
    heard = shares
    for _ in range(_ROUNDS):
        heard = softmax(own + ties @ heard)
        heard[rows] = 0
        heard[rows, classes] = 1
    return heard


def on_pixels(view: View, shares: Floats) -> Floats:
    """(h, w, classes) from those of patches, as a function of the colours around (guided filter)."""
    out = np.empty((*view.patch.shape, shares.shape[1]), np.float32)
    for index in range(shares.shape[1] - 1):
        plane = shares[view.patch, index]
        out[..., index] = fitted(colour_fit(plane, view.colours, _RADIUS, _VARIANCE), view.colours)
    out[..., -1] = (1 - out[..., :-1].sum(2)).clip(0, 1)  # the filter is linear: the last is what is left
    return out
