"""What a degradation is: declared parameters and a seeded function of a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from imgstudio.core.pixels import Floats

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Degrader(Generic[P]):
    """One way to spoil a picture. Files of this package end in DEGRADER = Degrader(...)."""

    id: str
    name: str
    help: str
    params: type[P]
    """Frozen dataclass of declared parameters (`core.params`), all with defaults."""
    run: Callable[[Floats, P, np.random.Generator], Floats]
    """(h, w, 3) sRGB in 0..1 to the same size, within 0..1; leaves its input alone."""
    stage: int
    """Where in a camera's and a file's life it happens: a new mix lists its steps in this order."""


def drawn(least: float, most: float, random: np.random.Generator) -> float:
    """A number between two bounds, also when they were given the wrong way round."""
    return float(random.uniform(min(least, most), max(least, most)))


def clipped(picture: Floats) -> Floats:
    return np.asarray(np.clip(picture, 0, 1), np.float32)
