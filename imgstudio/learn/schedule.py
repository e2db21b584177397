"""Learning rate and momentum over a run, as pure functions of how far the run is."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OneCycle:
    """A short climb to the highest rate, then a long cosine down (Smith 2018); momentum moves against it."""

    rate: float = 2e-3
    warm_up: float = 0.03
    """Share of the run spent climbing."""
    first: float = 0.04
    """Rate at the very start, as a share of `rate`."""
    last: float = 0.002
    """Rate at the very end, as a share of `rate`."""
    high_momentum: float = 0.9
    low_momentum: float = 0.9

    def rate_at(self, done: float) -> float:
        """Learning rate when the share `done`, 0..1, of the run is over."""
        return self.rate * self._between(done, self.first, 1.0, self.last)

    def momentum_at(self, done: float) -> float:
        return self._between(done, self.high_momentum, self.low_momentum, self.high_momentum)

    def _between(self, done: float, start: float, top: float, end: float) -> float:
        done = min(max(done, 0.0), 1.0)
        if done < self.warm_up:
            return top + (start - top) * _falling(done / self.warm_up)
        return end + (top - end) * _falling((done - self.warm_up) / (1 - self.warm_up))


def _falling(share: float) -> float:
    """Half a cosine from 1 at 0 to 0 at 1."""
    return (1 + math.cos(math.pi * share)) / 2
