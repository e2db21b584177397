"""What somebody wants where in a painting under way: maps over the whole picture, painted by brush."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from imgstudio.core.pixels import Floats

MORE: Final = 4.0
"""Factor of the style, and divisor of the content, at full coverage of a stroke."""
CALM: Final = 0.25
"""Of the style where there shall be less of it."""
HELD: Final = 8.0
"""Factor of the content where the photo is protected."""


@dataclass(eq=False, slots=True)
class Wishes:
    """Guards that all maps are (h, w) float32 of one size; None where nobody wished anything."""

    size: tuple[int, int]
    """Height and width."""
    style: Floats | None = None
    """How strongly style changes a place; 1 is usual."""
    content: Floats | None = None
    """How strongly the photo holds a place; 1 is usual."""
    protected: Floats | None = None
    """0..1: how much of the photo is given back in the end."""
    colour: Floats | None = None
    """(h, w, 3) 0..1: what places are pulled to."""
    pull: Floats | None = None
    """0..1: how strongly."""
    places: dict[int, Floats] = field(default_factory=dict)
    """0..1 by number of a style: where it was asked for by brush."""

    def more(self, coverage: Floats) -> None:
        self._scale("style", coverage, MORE)
        self._scale("content", coverage, 1 / MORE)

    def less(self, coverage: Floats) -> None:
        self._scale("style", coverage, CALM)
        self._scale("content", coverage, 1 / CALM)

    def protect(self, coverage: Floats) -> None:
        self._scale("content", coverage, HELD)
        self.protected = np.maximum(0.0 if self.protected is None else self.protected, coverage)

    def pull_to(self, colour: Sequence[float], coverage: Floats) -> None:
        if self.colour is None or self.pull is None:
            self.colour = np.zeros((*self.size, 3), np.float32)
            self.pull = np.zeros(self.size, np.float32)
        share = coverage[..., None]
        self.colour = self.colour * (1 - share) + share * np.asarray(colour, np.float32)
        self.pull = np.maximum(self.pull, coverage)

    def place(self, number: int, coverage: Floats) -> None:
        """Style `number` belongs here, and the others do not."""
        for other in self.places:
            self.places[other] = self.places[other] * (1 - coverage)
        before = self.places.get(number, np.zeros(self.size, np.float32))
        self.places[number] = np.maximum(before, coverage)

    def release(self, coverage: Floats) -> None:
        """As if nobody had painted here."""
        keep = 1 - coverage
        for name in ("style", "content"):
            values = getattr(self, name)
            if values is not None:
                setattr(self, name, values * keep + coverage)
        for name in ("protected", "pull"):
            values = getattr(self, name)
            if values is not None:
                setattr(self, name, values * keep)
        self.places = {number: values * keep for number, values in self.places.items()}

    def _scale(self, name: str, coverage: Floats, factor: float) -> None:
        before = getattr(self, name)
        before = np.ones(self.size, np.float32) if before is None else before
        wanted = before * np.float32(factor) ** coverage
        setattr(self, name, np.clip(wanted, 1 / HELD, HELD).astype(np.float32))


def resized(values: Floats, size: tuple[int, int]) -> Floats:
    """(h, w) or (h, w, c) at another height and width: averaged when smaller, smooth when larger."""
    height, width = size
    if values.shape[:2] == size:
        return values
    is_smaller = height * width < values.shape[0] * values.shape[1]
    how = cv2.INTER_AREA if is_smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(values, (width, height), interpolation=how), np.float32)
