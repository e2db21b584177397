"""The points of a tone curve: what may be added, moved and removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from imgstudio.core.tonecurve import Points

GAP: Final = 0.004
"""Least distance in x between two points: one level of 256."""


@dataclass(slots=True)
class CurvePoints:
    """Guards: two points or more but never too many, x rising, everything within 0..1."""

    value: Points = ((0.0, 0.0), (1.0, 1.0))
    most: int = 16

    def add(self, x: float, y: float) -> int | None:
        """Put a point in and say which it is; None where there is no room."""
        x, y = _clip(x), _clip(y)
        if len(self.value) >= self.most or any(abs(x - other) < GAP for other, _ in self.value):
            return None
        self.value = tuple(sorted((*self.value, (x, y))))
        return self.value.index((x, y))

    def move(self, index: int, x: float, y: float) -> None:
        """Take a point along, but never past its neighbours."""
        points = list(self.value)
        low = points[index - 1][0] + GAP if index > 0 else 0.0
        high = points[index + 1][0] - GAP if index + 1 < len(points) else 1.0
        points[index] = (_clip(x, low, max(low, high)), _clip(y))
        self.value = tuple(points)

    def can_remove(self, index: int) -> bool:
        return len(self.value) > 2 and 0 < index < len(self.value) - 1

    def remove(self, index: int) -> None:
        self.value = self.value[:index] + self.value[index + 1 :]


def _clip(value: float, low: float = 0.0, high: float = 1.0) -> float:
    return max(low, min(high, value))
