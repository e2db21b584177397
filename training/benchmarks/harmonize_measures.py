"""What makes a pasted object stand out of a painting, in numbers: statistics, grain, seam, content, likeness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from torch import Tensor

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array, Floats
from imgstudio.engine.device import autocast
from imgstudio.engine.features import Features
from imgstudio.engine.harmonize.matching import matched, refined, used
from imgstudio.engine.harmonize.targets import at
from imgstudio.engine.style.statistics import LayerStatistics, statistics_distance, sums_of
from imgstudio.engine.style.targets import tensor_of

CPU: Final = torch.device("cpu")
REFERENCE: Final = 3
"""Layer whose match is carried to the finer ones, where matching each by itself would take minutes."""
SEARCHED: Final = 2
"""Finest layer that is matched by itself."""
WINDOW: Final = 32
"""Side of the squares whose spectrum is taken (pixels)."""
STRIDE: Final = 8
LOWEST: Final = 1 / 16
"""Cycles per pixel from which on structure counts as grain."""
FLOOR: Final = 1e-4
"""Added to a power spectrum: a deviation of a hundredth of a level of 255 is no grain."""
RING: Final = 1.5
"""Half the width of a ring (pixels)."""
OFF: Final = 8.0
"""Distance of the rings that the seam is compared with."""
EDGE_BLUR: Final = 3.0
"""Sigma of the blur before edges: strokes are not content."""
STEADY: Final = 0.03**2
"""Steadies the structural similarity where there is nothing (Wang 2004)."""


@dataclass(frozen=True, eq=False, slots=True)
class Judge:
    """Judges pictures of one composition by one network. All pictures are (h, w, 3) in 0..1 of one size."""

    features: Features
    mask: Floats
    """(h, w) in 0..1: the object."""
    wanted: Sequence[LayerStatistics]
    """Of the painting's patches that the naive composite is most like."""
    published: Sequence[Tensor]

    def style_distance(self, picture: Floats) -> float:
        """Of the object's statistics from those of the painting's matched patches, mean over layers."""
        layers, place = layers_of(self.features, picture), tensor_of(self.mask, CPU)
        with torch.no_grad():
            apart = [
                statistics_distance(sums_of(layer, at(place, layer)).statistics(), target)
                for layer, target in zip(layers, self.wanted, strict=True)
            ]
        return float(torch.stack(apart).mean())

    def likeness_distance(self, picture: Floats) -> float:
        """Of the object's features from the published result's, relative to their size, mean over layers."""
        place = tensor_of(self.mask, CPU)
        apart = []
        for layer, other in zip(layers_of(self.features, picture), self.published, strict=True):
            here = at(place, layer)
            apart.append(float((here * (layer - other).square()).sum() / (here * other.square()).sum()))
        return float(np.mean(apart))


def judge_of(features: Features, naive: Floats, painting: Floats, published: Floats, mask: Floats) -> Judge:
    """Match the naive composite with the painting once, for all that is judged."""
    own, theirs = layers_of(features, naive), layers_of(features, painting)
    return Judge(features, mask, matched_statistics(own, theirs, mask), layers_of(features, published))


def matched_statistics(
    own: Sequence[Tensor], theirs: Sequence[Tensor], mask: Floats
) -> list[LayerStatistics]:
    """For each layer, those of the painting's patches that the object is most like."""
    place, check = tensor_of(mask, CPU), Progress().token.check
    reference = min(REFERENCE, len(own) - 1)
    cover = at(place, own[reference])
    field = matched(own[reference], theirs[reference], cover[0, 0] > 0, check)
    carried = used(refined(field, theirs[reference], check))
    made = []
    for index, (mine, other) in enumerate(zip(own, theirs, strict=True)):
        if index < min(SEARCHED, reference):
            counted = torch.nn.functional.interpolate(carried, other.shape[2:], mode="nearest")
            made.append(sums_of(other, counted).statistics())
            continue
        here = at(place, mine)
        found = matched(mine, other, here[0, 0] > 0, check)
        values = other[0].flatten(1)[:, found.found]
        weight = here.flatten()[found.places]
        made.append(sums_of(values[None, :, None], weight[None, None, None]).statistics())
    return made


def layers_of(features: Features, picture: Floats) -> list[Tensor]:
    with torch.no_grad(), autocast(CPU):
        return [layer.float() for layer in features(tensor_of(picture, CPU)).values()]


def spectrum_distance(picture: Floats, inside: Floats, outside: Floats) -> float:
    """Mean absolute difference of the logarithms (base 10) of two radial power spectra, of grain and strokes.

    `inside` and `outside` (h, w) in 0..1 say where each is taken; 0.0 where a place is too small for a spectrum.
    """
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) * 255, np.float32)
    one, two = (radial_spectrum(grey, place) for place in (inside, outside))
    if one is None or two is None:
        return 0.0
    return float(np.abs(np.log10(one + FLOOR) - np.log10(two + FLOOR)).mean())


def radial_spectrum(grey: Floats, place: Floats) -> Floats | None:
    """Mean power by frequency of the squares that lie in a place, or of those that lie in it most."""
    if min(grey.shape) < WINDOW:
        return None
    squares = _squares(grey)
    share = _squares(place).mean((1, 2))
    if share.max() < 0.2:
        return None
    chosen = squares[share >= min(0.95, 0.9 * share.max())]
    bell = np.outer(np.hanning(WINDOW), np.hanning(WINDOW))
    bell /= np.sqrt((bell * bell).sum())
    middle = chosen.mean((1, 2), keepdims=True)
    power = (np.abs(np.fft.fft2((chosen - middle) * bell)) ** 2).mean(0)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(WINDOW), np.fft.fftfreq(WINDOW)))
    bins = np.rint(frequency * WINDOW).astype(int)
    counts = np.maximum(np.bincount(bins.ravel()), 1)
    radial = np.bincount(bins.ravel(), power.ravel()) / counts
    return np.asarray(radial[round(LOWEST * WINDOW) : WINDOW // 2 + 1], np.float32)


def boundary_excess(picture: Floats, mask: Floats) -> float:
    """Mean gradient on the 3 px around the object's outline / on rings 8 px inside and outside of it."""
    gradient, away = gradient_of(picture), signed_distance(mask)
    seam = np.abs(away) <= RING
    rings = np.abs(np.abs(away) - OFF) <= RING
    if not seam.any() or not rings.any():
        return 1.0
    return float(gradient[seam].mean() / max(float(gradient[rings].mean()), 1e-6))


def edge_similarity(picture: Floats, composite: Floats, mask: Floats) -> float:
    """Structural similarity (Wang 2004) of the edges of two pictures on the object, whether it is still what it was.

    Each picture's edges are taken relative to their own strength: paler is not other.
    """
    place = mask > 0.5

    def edges_of(given: Floats) -> Floats:
        edges = gradient_of(np.asarray(cv2.GaussianBlur(given, (0, 0), EDGE_BLUR), np.float32))
        return np.asarray(edges / max(float(edges[place].mean()), 1e-6) / 4, np.float32)

    def mean(values: Floats) -> Floats:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), 3.0), np.float32)

    one, two = edges_of(picture), edges_of(composite)
    first, second = mean(one), mean(two)
    spread = mean(one * one) - first * first + mean(two * two) - second * second
    shared = mean(one * two) - first * second
    similar = (2 * first * second + STEADY) * (2 * shared + STEADY)
    similar /= (first * first + second * second + STEADY) * (spread + STEADY)
    return float(similar[place].mean())


def gradient_of(picture: Floats) -> Floats:
    """(h, w): length of the gradient of the light."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *axes, scale=1 / 8) for axes in ((1, 0), (0, 1)))
    return np.hypot(across, down).astype(np.float32)


def signed_distance(mask: Floats) -> Floats:
    """(h, w): pixels to the outline of the object, negative inside; places at the border of the picture are far."""
    inside = (mask > 0.5).astype(np.uint8)
    away = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    deep = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.where(inside > 0, 0.5 - deep, away - 0.5).astype(np.float32)


def sums_of_normalised(methods: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """For each method the sum of its measures (less is better), each divided by its mean over all methods."""
    names = next(iter(methods.values())).keys()
    means = {name: float(np.mean([measures[name] for measures in methods.values()])) for name in names}
    return {
        method: sum(value / max(means[name], 1e-9) for name, value in measures.items())
        for method, measures in methods.items()
    }


def _squares(plane: Floats) -> Array:
    """(n, WINDOW, WINDOW) of (h, w), STRIDE apart."""
    windows = np.lib.stride_tricks.sliding_window_view(plane, (WINDOW, WINDOW))[::STRIDE, ::STRIDE]
    return windows.reshape(-1, WINDOW, WINDOW)
