"""How a number's range maps to slider positions, linearly or by ratio."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from imgstudio.core.params import Number

MOST_POSITIONS: Final = 4000
LOG_POSITIONS: Final = 1000


@dataclass(frozen=True, slots=True)
class NumberScale:
    """Position 0 is the least value, `positions` the greatest on the slider (its soft range)."""

    number: Number
    whole: bool = False
    """Values are integers."""

    @property
    def top(self) -> float:
        return self.number.max if self.number.soft_max is None else self.number.soft_max

    @property
    def positions(self) -> int:
        if self.number.log:
            return LOG_POSITIONS
        return max(1, min(MOST_POSITIONS, round((self.top - self.number.min) / self._step)))

    @property
    def origin(self) -> int | None:
        """Where "nothing" lies inside the slider: 0, or for a factor 1; None when it is no inner position."""
        is_factor = self.number.log and not self.number.unit
        nothing = 1.0 if is_factor else 0.0
        inside = (is_factor or not self.number.log) and self.number.min < nothing < self.top
        return self.position(nothing) if inside else None

    @property
    def decimals(self) -> int:
        """Digits after the point that the field shows."""
        if self.whole:
            return 0
        if self.number.decimals is not None:
            return self.number.decimals
        return max(0, min(6, -math.floor(math.log10(self._step) + 1e-9)))

    def position(self, value: float) -> int:
        return round(self.fraction(value) * self.positions)

    def value_at(self, position: int) -> float:
        return self.value_of(position / self.positions)

    def fraction(self, value: float) -> float:
        """0..1 along the slider; beyond the soft range it stays at the end."""
        low, value = self.number.min, max(self.number.min, min(value, self.top))
        if not self.number.log:
            return (value - low) / (self.top - low) if self.top > low else 0.0
        floor = self._log_floor
        return 0.0 if value <= floor else math.log(value / floor) / math.log(self.top / floor)

    def value_of(self, fraction: float) -> float:
        """The value at 0..1 along the slider, on the grid of steps."""
        fraction = max(0.0, min(1.0, fraction))
        if fraction == 0.0:
            return self.rounded(self.number.min)
        if self.number.log:
            return self.rounded(self._log_floor * (self.top / self._log_floor) ** fraction)
        return self.rounded(self.number.min + fraction * (self.top - self.number.min))

    def rounded(self, value: float) -> float:
        """Onto the grid of steps and into the hard range."""
        steps = round((value - self.number.min) / self._step)
        nearest = round(self.number.min + steps * self._step, self.decimals + 2)
        kept = max(self.number.min, min(nearest, self.number.max))
        return int(kept) if self.whole else float(kept)

    @property
    def _step(self) -> float:
        return max(self.number.step, 1.0) if self.whole else self.number.step

    @property
    def _log_floor(self) -> float:
        return self.number.min if self.number.min > 0 else min(self._step, self.top / 2)
