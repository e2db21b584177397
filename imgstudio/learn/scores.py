"""How near a picture comes to another: PSNR, SSIM and PSNR-B."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.float32] | npt.NDArray[np.float64]
Plane = npt.NDArray[np.float64]

BLOCK = 8


def luma(picture: Pixels) -> Plane:
    """(h, w) BT.601 brightness, 16..235, from (h, w, 3) in levels, 0..255: what papers call the Y channel."""
    return np.asarray(16 + picture @ np.array((65.481, 128.553, 24.966)) / 255)


def psnr(picture: Pixels, truth: Pixels) -> float:
    """Peak signal-to-noise ratio in dB; both in levels, 0..255; infinite when they are equal."""
    error = _mean_square(np.asarray(picture, np.float64), np.asarray(truth, np.float64))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def psnr_y(picture: Pixels, truth: Pixels) -> float:
    """PSNR of the brightness of two (h, w, 3) pictures."""
    return psnr(luma(picture), luma(truth))


def ssim(picture: Plane, truth: Plane) -> float:
    """Structural similarity of two planes in levels (Wang 2004: Gaussian of 11 x 11, sigma 1.5), -1..1.

    Only places where the whole window lies inside count.
    """
    dull, contrast = (0.01 * 255) ** 2, (0.03 * 255) ** 2

    def smooth(plane: Plane) -> Plane:
        return np.asarray(cv2.GaussianBlur(plane, (11, 11), 1.5)[5:-5, 5:-5])

    mean, true_mean = smooth(picture), smooth(truth)
    variance = smooth(picture * picture) - mean * mean
    true_variance = smooth(truth * truth) - true_mean * true_mean
    shared = smooth(picture * truth) - mean * true_mean
    top = (2 * mean * true_mean + dull) * (2 * shared + contrast)
    bottom = (mean * mean + true_mean * true_mean + dull) * (variance + true_variance + contrast)
    return float((top / bottom).mean())


def psnr_b(picture: Plane, truth: Plane) -> float:
    """PSNR lowered by the visible grid of 8 x 8 blocks (Yim and Bovik 2011); planes in levels.

    The grid must begin at the top left corner. The blocking effect factor is that of `picture` alone.
    """
    error = _mean_square(picture, truth) + blocking(picture)
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def blocking(picture: Plane) -> float:
    """How much more neighbours differ across edges of blocks than inside (the paper's BEF), squared levels."""
    height, width = picture.shape
    across, inside_across = _steps(picture)
    down, inside_down = _steps(picture.T)
    at_edges = np.concatenate((across.ravel(), down.ravel()))
    inside = np.concatenate((inside_across.ravel(), inside_down.ravel()))
    if at_edges.size == 0 or inside.size == 0:
        return 0.0
    excess = float(at_edges.mean() - inside.mean())
    return max(0.0, excess) * math.log2(BLOCK) / math.log2(min(height, width))


def _steps(picture: Plane) -> tuple[Plane, Plane]:
    """Squared differences of left and right neighbours: across edges of blocks, and all others."""
    squares = np.diff(picture, axis=1) ** 2
    is_edge = np.arange(squares.shape[1]) % BLOCK == BLOCK - 1
    return squares[:, is_edge], squares[:, ~is_edge]


def _mean_square(picture: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]) -> float:
    return float(np.mean((picture - truth) ** 2))
