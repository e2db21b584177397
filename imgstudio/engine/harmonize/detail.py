"""Noise and sharpness of a photo's parts: measured, and given to an object that lacks them."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np

from imgstudio.core.pixels import Floats, luma

PROBE: Final = 1.0
"""Sigma by which edges are blurred again to see how blurred they were (pixels)."""
EDGES: Final = 0.02
"""Share of the pixels, those with the steepest slopes, that are looked at."""
FAINTEST: Final = 0.015
"""Slope of sRGB-encoded brightness, 0..1 a pixel, below which there is no edge."""
FEWEST: Final = 40
"""Pixels that are needed to say something."""
SHARPEST: Final = 0.25
"""Share of the edges that are sharper than what counts: a thing is as sharp as its sharpest edges."""
WIDEST: Final = 5.0
"""Blur beyond which a sigma is not told apart (pixels)."""
FLAT: Final = 0.4
"""Share of the pixels, those with the least slope, in which noise is measured."""
SAME: Final = 0.3
"""Sigma of a blur that nobody sees (pixels)."""
SMOOTHED: Final = 8.0
"""Sum of differences of the three channels up to which pixels are averaged / deviation of the noise."""
MOST_SHARPENED: Final = 0.8
NOISE_KERNEL: Final = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
"""Sees neither flat colours nor slopes nor straight edges (Immerkær 1996); noise of deviation 1 gives 1."""


class Noise(NamedTuple):
    """Standard deviation of what is random, sRGB-encoded, 0..1."""

    fine: float
    """Of brightness, at full size."""
    coarse: float
    """Of brightness, at half the size: compressed photos have clumps."""
    colour: float
    """Mean of red, green and blue, at full size."""

    @property
    def shared(self) -> float:
        """Share 0..1 of the variance that is the same in all channels."""
        ratio = (self.fine / max(self.colour, 1e-6)) ** 2
        return float(np.clip((ratio - _APART) / (1 - _APART), 0, 1))


_APART: Final = 0.299**2 + 0.587**2 + 0.114**2
"""Variance of brightness whose three channels are noisy each for itself."""


def blur_of(pixels: Floats, weights: Floats) -> float | None:
    """Sigma in pixels of the sharpest edges where (h, w) weights are above 0.5; None where there are no edges.

    Ratio of slopes before and after another blur (Zhuo and Sim 2011).
    """
    light = luma(pixels)
    before = _slope(light)
    after = _slope(np.asarray(cv2.GaussianBlur(light, (0, 0), PROBE), np.float32))
    inside = weights > 0.5
    if inside.sum() < FEWEST:
        return None
    limit = max(float(np.quantile(before[inside], 1 - EDGES)), FAINTEST)
    chosen = inside & (before >= limit)
    if chosen.sum() < FEWEST:
        return None
    ratios = before[chosen] / np.maximum(after[chosen], 1e-6)
    ratio = float(np.quantile(ratios, 1 - SHARPEST))
    return min(WIDEST, PROBE / float(np.sqrt(max(ratio * ratio - 1, 1e-4))))


def noise_of(pixels: Floats, weights: Floats) -> Noise | None:
    """Noise where (h, w) weights are above 0.5, measured in the flattest parts; None where there is too little."""
    light = luma(pixels)
    fine = _deviation(light, weights)
    colours = [_deviation(np.ascontiguousarray(pixels[..., index]), weights) for index in range(3)]
    half = (max(1, weights.shape[1] // 2), max(1, weights.shape[0] // 2))
    reduced, cover = (
        np.asarray(cv2.resize(part, half, interpolation=cv2.INTER_AREA), np.float32)
        for part in (light, weights)
    )
    coarse = _deviation(reduced, cover)
    if fine is None or coarse is None or None in colours:
        return None
    return Noise(fine, coarse, float(np.mean([part for part in colours if part is not None])))


def as_sharp(pixels: Floats, own: float, wanted: float, amount: float) -> Floats:
    """Bring (h, w, 3) with edges of blur `own` (sigma, pixels) to `wanted`, by `amount` 0..1."""
    if own < wanted:
        sigma = amount * float(np.sqrt(wanted * wanted - own * own))
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.float32) if sigma > SAME else pixels
    if own - wanted < SAME:
        return pixels
    strength = amount * min(MOST_SHARPENED, own / max(wanted, 0.4) - 1)
    soft = cv2.GaussianBlur(pixels, (0, 0), own)
    return np.asarray(pixels + strength * (pixels - soft), np.float32).clip(0, 1)


def as_noisy(pixels: Floats, own: Noise, wanted: Noise, amount: float, seed: int = 0) -> Floats:
    """Bring the noise of (h, w, 3) to what is wanted, by `amount` 0..1: more is added, too much is smoothed away."""
    if own.fine > 1.3 * wanted.fine and own.fine > 2 / 255:
        smooth = cv2.bilateralFilter(pixels, 5, SMOOTHED * own.colour, 2)
        return np.asarray(pixels + amount * (1 - wanted.fine / own.fine) * (smooth - pixels), np.float32)
    lacking = [max(0.0, there**2 - here**2) for there, here in zip(wanted[:2], own[:2], strict=True)]
    fine, coarse = np.sqrt(_octaves(*lacking)) * amount
    if max(fine, coarse) < 0.3 / 255:
        return pixels
    random = np.random.default_rng(seed)
    shape = pixels.shape[:2]
    together, apart = np.sqrt(wanted.shared), np.sqrt(1 - wanted.shared)
    grey = grain(shape, fine, coarse, random)
    # Brightness is to have the variance that was measured, however much of it the channels share.
    scale = 1 / np.sqrt(wanted.shared + (1 - wanted.shared) * _APART)
    planes = [together * grey + apart * grain(shape, fine, coarse, random) for _ in range(3)]
    return np.asarray((pixels + scale * np.stack(planes, -1)).clip(0, 1), np.float32)


def grain(shape: tuple[int, ...], fine: float, coarse: float, random: np.random.Generator) -> Floats:
    """Random (h, w): white noise, and white noise of half the size enlarged, of these deviations."""
    height, width = shape[:2]
    small = random.standard_normal((height // 2 + 1, width // 2 + 1), np.float32)
    large = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    return fine * random.standard_normal((height, width), np.float32) + coarse * large


def _octaves(fine: float, coarse: float) -> Floats:
    """Variances of the two parts of `grain` that are measured as these variances at full and at half size."""
    random = np.random.default_rng(0)
    everywhere = np.ones((128, 128), np.float32)
    columns = []
    for part in ((1.0, 0.0), (0.0, 1.0)):
        found = noise_of(np.repeat(grain((128, 128), *part, random)[..., None], 3, 2), everywhere)
        assert found is not None
        columns.append((found.fine**2, found.coarse**2))
    solved = np.linalg.solve(np.transpose(columns), np.array([fine, coarse]))
    if solved.min() < 0:  # not a mixture of both: the one that explains what is seen at full size
        solved = np.array([fine / columns[0][0], 0.0])
    return np.asarray(solved, np.float32)


def _slope(light: Floats) -> Floats:
    across, down = (cv2.Sobel(light, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(across, down), np.float32)


def _deviation(plane: Floats, weights: Floats) -> float | None:
    inside = weights > 0.5
    if inside.sum() < FEWEST:
        return None
    slope = _slope(np.asarray(cv2.GaussianBlur(plane, (0, 0), 2), np.float32))
    flat = inside & (slope <= np.quantile(slope[inside], FLAT))
    random = np.abs(cv2.filter2D(plane, cv2.CV_32F, NOISE_KERNEL)[flat])
    return float(1.4826 * np.median(random))
