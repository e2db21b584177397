"""Finds a learning rate by a short sweep over all sensible ones (Smith 2017); no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from imgstudio.core.jobs import Progress
from imgstudio.learn.reports import RatePoint, RateSweep, Watch

Spacing = Literal["exponential", "linear"]
Floats = npt.NDArray[np.float64]

MEMORY = 0.9
"""Of the running mean that tells divergence."""
WIDTH = 0.035
"""Of the kernel that smooths the curve, as a share of the sweep."""
GIVEN_BACK = 0.1
"""Share of the fall after whose loss the valley is over."""
MARGIN = 10.0
"""The suggestion is so many times smaller than the rate at the end of the valley.

Measured by training.benchmarks.schedules with Adam and AdamW; with SGD, which bears more, it is on the safe side.
"""
CLEAR = 0.4
"""Share of the deepest fall that makes a fall a valley."""
RISE = 3.0
"""Falls (or thirds of the first loss) above the lowest that count as divergence."""


def sweep_rates(lowest: float, highest: float, count: int, spacing: Spacing = "exponential") -> list[float]:
    """`count` rising rates from `lowest` to `highest`, in equal factors or equal steps."""
    if spacing == "linear":
        return np.linspace(lowest, highest, count).tolist()
    return np.geomspace(lowest, highest, count).tolist()


def sweep(
    advance: Callable[[float], float],
    rates: Sequence[float],
    progress: Progress,
    watch: Watch = lambda so_far: None,
) -> RateSweep:
    """Take one step with each of `rates` (rising) until the loss runs away, and read a suggestion off the curve.

    `advance` takes a step at a rate and returns the loss before it; `watch` is shown what is known after it.
    """
    losses: list[float] = []
    diverged = False
    for rate in progress.track(rates, "Finding the learning rate"):
        loss = advance(rate)
        if not math.isfinite(loss):
            diverged = True
            break
        losses.append(loss)
        if _has_run_away(losses):
            diverged = True
            break
        watch(found(rates, losses, is_over=False))
    return found(rates, losses, diverged=diverged)


def found(
    rates: Sequence[float], losses: Sequence[float], *, diverged: bool = False, is_over: bool = True
) -> RateSweep:
    """The result of a sweep that measured `losses` at the first of `rates`."""
    kept = np.asarray(rates[: len(losses)], np.float64)
    if len(losses) < 3:
        rate = float(rates[0])
        points = tuple(RatePoint(float(r), x, x) for r, x in zip(kept, losses, strict=True))
        return RateSweep(points, rate, rate, diverged, is_over)
    smooth = smoothed(losses, len(rates))
    triples = zip(kept.tolist(), losses, smooth.tolist(), strict=True)
    steepest, valley = suggestions(np.log(kept), smooth)
    points = tuple(RatePoint(*triple) for triple in triples)
    return RateSweep(points, steepest, valley, diverged, is_over)


def smoothed(losses: Sequence[float], count: int) -> Floats:
    """A Gaussian mean that, unlike a running one, does not lag behind; `count` is that of the whole sweep."""
    places = np.arange(len(losses))
    sigma = max(WIDTH * count, 0.5)
    weights = np.exp(-0.5 * ((places[:, None] - places) / sigma) ** 2)
    # Losses that shoot up at the end must not lift the curve before it.
    values = np.minimum(np.asarray(losses, np.float64), 2 * np.median(losses) - np.min(losses))
    return (weights @ values) / weights.sum(1)


def suggestions(places: Floats, smooth: Floats) -> tuple[float, float]:
    """Rates at the steepest place and a margin below the end of the valley; `places` are logarithms of rates.

    The valley ends where the loss, past its lowest, has given a share of its fall back.
    """
    start, lowest = _first_fall(smooth)
    if lowest <= start:
        return math.exp(places[0]), math.exp(places[0])
    slopes = np.gradient(smooth, places)
    steepest = start + int(np.argmin(slopes[start : lowest + 1]))
    has_risen = smooth[lowest:] > smooth[lowest] + GIVEN_BACK * (smooth[start] - smooth[lowest])
    end = lowest + int(np.argmax(has_risen)) if has_risen.any() else len(smooth) - 1
    return math.exp(places[steepest]), max(math.exp(places[end]) / MARGIN, math.exp(places[0]))


def _first_fall(smooth: Floats) -> tuple[int, int]:
    """From where to where the loss first falls for good, however it wobbles in between.

    Past the first clear valley a network often jumps up and learns again: such later falls, though they may be
    deeper, say nothing of the weights that the training starts from.
    """
    start, lowest = _deepest_fall(smooth)
    deepest = smooth[start] - smooth[lowest]
    for end in range(1, len(smooth)):
        first, low = _deepest_fall(smooth[: end + 1])
        fall = smooth[first] - smooth[low]
        if fall > CLEAR * deepest and smooth[end] > smooth[low] + fall / 2:
            return first, low
    return start, lowest


def _deepest_fall(smooth: Floats) -> tuple[int, int]:
    highest = np.maximum.accumulate(smooth)
    end = int(np.argmax(highest - smooth))
    start = int(np.argmax(smooth[: end + 1]))
    return start, end


def _has_run_away(losses: Sequence[float]) -> bool:
    mean = weight = 0.0
    lowest = math.inf
    for loss in losses:
        mean, weight = MEMORY * mean + (1 - MEMORY) * loss, MEMORY * weight + 1 - MEMORY
        lowest = min(lowest, mean / weight)
    first = losses[0]
    return mean / weight > lowest + RISE * max(abs(first - lowest), abs(first) / 3)
