"""Diffusion fill: colours flow from the edge of the selection inwards until they rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

import cv2
import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import FilterInput, FloatImage, Frame, SessionFilter, Steer

RELAXATION: Final = 1.9
"""Over-relaxation factor (Young 1954), below 2."""
COARSEST: Final = 16


@dataclass(frozen=True, slots=True)
class DiffusionParams:
    iterations: Annotated[
        int, Number(10, 2000, 10, soft_max=400), Ui(help="Steps at full size after the coarse start.")
    ] = 120
    start_grey: Annotated[
        bool,
        Ui(label="Start from grey", help="Show the whole way instead of starting from a coarse solution."),
    ] = False


class DiffusionRun:
    """Solves Laplace's equation inside the mask; pulled places keep the colour they were given."""

    def __init__(self, image: FilterInput, params: DiffusionParams) -> None:
        mask = np.ones(image.pixels.shape[:2], np.float32) if image.mask is None else image.mask
        self._before = image.pixels
        self._hole = mask > 0
        self._fixed = ~self._hole
        self._total = params.iterations
        self._iteration = 0
        self._board = _checkerboard(self._hole.shape)
        grey = np.where(self._hole[..., None], np.float32(0.5), image.pixels)
        self._now = grey if params.start_grey else _coarse(image.pixels, self._hole)

    def frames(self) -> Iterator[Frame]:
        """One red-black sweep an item."""
        while self._iteration < self._total:
            change = self._sweep()
            self._iteration += 1
            yield Frame(self._now.copy(), self._iteration, self._total, f"change {change * 255:.2f}")

    def steer(self, stroke: Steer) -> None:
        """Pull fixes a colour under the stroke, protect brings the original back, release frees both."""
        under = stroke.coverage > 0.5
        if stroke.action == "pull" and stroke.colour is not None:
            self._now[under & self._hole] = stroke.colour
            self._fixed |= under
        elif stroke.action == "protect":
            self._now[under] = self._before[under]
            self._fixed |= under
        elif stroke.action == "release":
            self._fixed &= ~(under & self._hole)

    def restart_from(self, pixels: FloatImage, iteration: int) -> None:
        self._now = pixels.copy()
        self._iteration = iteration

    def _sweep(self) -> float:
        """Gauss-Seidel with over-relaxation on the two colours of a chessboard; returns the largest change."""
        largest = 0.0
        for field in self._board:
            free = field & ~self._fixed
            around = cv2.filter2D(self._now, -1, _CROSS, borderType=cv2.BORDER_REPLICATE)
            step = np.where(free[..., None], np.float32(RELAXATION) * (around - self._now), np.float32(0))
            self._now = np.asarray(self._now + step, np.float32)
            largest = max(largest, float(np.abs(step).max()))
        return largest


_CROSS: Final = np.array([[0, 0.25, 0], [0.25, 0, 0.25], [0, 0.25, 0]], np.float32)


def start(image: FilterInput, params: DiffusionParams, progress: Progress) -> DiffusionRun:
    return DiffusionRun(image, params)


def _checkerboard(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.indices(shape)
    red = (rows + columns) % 2 == 0
    return red, ~red


def _coarse(pixels: FloatImage, hole: np.ndarray) -> FloatImage:
    """Fill the hole from ever smaller copies of the surroundings (push-pull, Gortler and others 1996)."""
    known = (~hole).astype(np.float32)
    return np.where(hole[..., None], _push_pull(pixels * known[..., None], known), pixels).astype(np.float32)


def _push_pull(weighted: FloatImage, weight: FloatImage) -> FloatImage:
    height, width = weight.shape
    own = weighted / np.maximum(weight, 1e-6)[..., None]
    if weight.min() > 0.5 or min(height, width) <= 1:
        return np.asarray(own, np.float32)
    half = (max(1, width // 2), max(1, height // 2))
    below = _push_pull(
        np.asarray(cv2.resize(weighted, half, interpolation=cv2.INTER_AREA), np.float32),
        np.asarray(cv2.resize(weight, half, interpolation=cv2.INTER_AREA), np.float32),
    )
    grown = cv2.resize(below, (width, height), interpolation=cv2.INTER_LINEAR)
    trust = np.clip(weight, 0, 1)[..., None]
    return np.asarray(trust * own + (1 - trust) * grown, np.float32)


FILTER = SessionFilter(
    id="diffusion-fill",
    name="Diffusion fill",
    category="Repair",
    help="Fill the selection smoothly from its surroundings; brush colours in while it runs.",
    params=DiffusionParams,
    start=start,
    steering=("pull", "protect", "release"),
    needs_mask=True,
    seeded=False,
)
