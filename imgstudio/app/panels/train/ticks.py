"""Round numbers for the axes of a plot: as many as are easy to read, no more."""

from __future__ import annotations

import math
from typing import Final

ROUND: Final = (1.0, 2.0, 5.0, 10.0)
FINE: Final = (1, 2, 5)
FINER: Final = (1, 1.5, 2, 3, 4, 5, 7)
"""Within a decade of a logarithmic axis, where there is room."""


def even_ticks(low: float, high: float, most: int) -> list[float]:
    """At most about `most` multiples of 1, 2 or 5 times a power of ten."""
    span = high - low
    if not span > 0 or not math.isfinite(span):
        return []
    rough = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(factor for factor in ROUND if factor * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # Steps about as fine as numbers are would round to beyond the axis.
    return [min(max(number * step, low), high) for number in range(first, last + 1)]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """For an axis of powers of ten: exponents of some round numbers of each decade, or of every n-th decade alone."""
    if not high > low or not math.isfinite(high - low):
        return []
    decades = high - low
    if decades * len(FINE) <= most:
        powers = range(math.floor(low), math.ceil(high) + 1)
        factors = FINER if decades * len(FINER) <= most else FINE
        ticks = [power + math.log10(factor) for power in powers for factor in factors]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) > 2:
            return inside
        return [math.log10(tick) for tick in even_ticks(10.0**low, 10.0**high, most) if tick > 0]
    step = max(1, math.ceil(decades / max(most, 1)))
    return [float(power) for power in range(math.ceil(low), math.floor(high) + 1) if power % step == 0]
