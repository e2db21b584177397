"""Shape operations on coverage arrays: grow, shrink, feather, smooth, holes, islands."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Final

import cv2
import numpy as np

from imgstudio.core.selection import Coverage

_HALF: Final = 128
_LARGEST_EXACT: Final = 40
"""Radius up to which growing keeps every shade; beyond it the half-covered line is moved instead."""
_SHARP_SIGMA: Final = 8.0
"""A wider blur is made on a smaller copy."""


def grown(coverage: Coverage, radius: int) -> Coverage:
    """Largest value within `radius` pixels; nothing lies outside the array."""
    if radius <= 0:
        return coverage
    if radius > _LARGEST_EXACT:
        distance = cv2.distanceTransform(_binary(coverage < _HALF), cv2.DIST_L2, 5)
        reached = np.clip((np.float32(radius + 1) - distance) * 255, 0, 255)
        return np.maximum(coverage, np.asarray(reached, np.float32).astype(np.uint8))
    return _dilated(coverage, radius)


def shrunk(coverage: Coverage, radius: int) -> Coverage:
    """Smallest value within `radius` pixels; what lies outside the array does not count."""
    return np.asarray(255 - grown(255 - coverage, radius), np.uint8)


def feathered(coverage: Coverage, radius: float) -> Coverage:
    """Gaussian blur; `radius` is where a straight edge has faded to about 2 %, twice its sigma."""
    sigma = radius / 2
    factor = max(1, int(sigma / _SHARP_SIGMA))
    if sigma <= 0 or coverage.size == 0:
        return coverage
    height, width = coverage.shape
    small = (ceil(width / factor), ceil(height / factor))
    reduced = coverage if factor == 1 else cv2.resize(coverage, small, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(reduced, (0, 0), sigma / factor, borderType=cv2.BORDER_REPLICATE)
    if factor > 1:
        blurred = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(blurred, np.uint8)


def smoothed(coverage: Coverage, radius: float) -> Coverage:
    """Round corners off and lose specks smaller than `radius`; the edge stays sharp."""
    if radius <= 0:
        return coverage
    blurred = feathered(coverage, 2 * radius).astype(np.float32)
    steepness = np.float32(max(1.0, radius * sqrt(2 * np.pi) / 1.5))
    return np.asarray(np.clip((blurred - 127.5) * steepness + 127.5, 0, 255), np.float32).astype(np.uint8)


def without_holes(coverage: Coverage) -> Coverage:
    """Cover what is enclosed: half-uncovered places that touch no border of the array."""
    height, width = coverage.shape
    open_ground = np.full((height + 2, width + 2), 255, np.uint8)
    open_ground[1:-1, 1:-1] = _binary(coverage < _HALF)
    cv2.floodFill(open_ground, None, (0, 0), 0)
    holes = open_ground[1:-1, 1:-1] > 0
    return np.where(holes, np.uint8(255), coverage)


def without_islands(coverage: Coverage, least: int) -> Coverage:
    """Drop separate parts of fewer than `least` pixels."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(_binary(coverage > 0), connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] < least
    small[0] = False
    return np.where(small[labels], np.uint8(0), coverage)


def _binary(where: np.ndarray[tuple[int, ...], np.dtype[np.bool]]) -> Coverage:
    return where.astype(np.uint8) * np.uint8(255)


def _dilated(coverage: Coverage, radius: int) -> Coverage:
    """Dilate by a disc: rows widened step by step, from the disc's tips to its middle."""
    out = coverage.copy()
    widened, reach = coverage, 0
    height = coverage.shape[0]
    for offset in range(radius, -1, -1):
        half = int(sqrt(radius * radius - offset * offset) + 0.5)
        if half > reach:
            line = np.ones((1, 2 * (half - reach) + 1), np.uint8)
            widened, reach = np.asarray(cv2.dilate(widened, line), np.uint8), half
        if offset < height:
            cv2.max(out[offset:], widened[: height - offset], dst=out[offset:])
            cv2.max(out[: height - offset], widened[offset:], dst=out[: height - offset])
    return out
