"""How a pasted object is painted, and what of it a painting decides itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from imgstudio.core.pixels import Floats

STEEP, MIDDLE, MOST_SMOOTH = 1e4, 25.0, 10.0
"""Of the logistic curve from a painting's median squared gradient to the weight of total variation (Luan 2018)."""
FINEST, COARSEST = 0.8, 3.0
"""Deviations (pixels) of the two blurs between which brush strokes lie."""
CALM, BOLD = 0.006, 0.05
"""Median strength of strokes in a smooth painting and in one of bold strokes."""
BOLDEST = 1.5
MORE_STYLE, MOST_STYLE, LESS_TONE, TORN = 6.0, 1.6, 4.0, 16.0
"""Factors from a smooth painting to one of bold strokes, and from there on."""


@dataclass(frozen=True, slots=True)
class PainterlySettings:
    """The dials of a painterly harmonization; 1 is what the painting itself suggests."""

    style: float = 1.0
    """How strongly the painting's way of painting is taken over."""
    content: float = 1.0
    """How strongly the object stays what it is."""
    smoothness: float = 1.0
    texture: float = 1.0
    """How much of the painting's own surface is put on at last; 0 is none."""
    colour: float = 1.0
    """How much of the painting's colours; 0 keeps those of the object."""
    side: int = 384
    """Longer side at which the object and its surroundings are painted, at most (pixels)."""
    steps: int = 30
    """At the last size; the coarser ones have fewer."""
    seconds: float = 0.0
    """Ends painting after so long; 0 is never."""
    seed: int = 0


class Character(NamedTuple):
    """What a painting says of how it is painted."""

    smoothness: float
    """0..1: 1 where neighbouring pixels hardly differ, weight of total variation."""
    boldness: float
    """From 0, smooth as in the Renaissance, to 1, bold strokes, and beyond them where all is torn to patches."""

    @property
    def style(self) -> float:
        """How strongly this way of painting shows on an object."""
        return min(MORE_STYLE ** (self.boldness - 0.5), MOST_STYLE)

    @property
    def tone(self) -> float:
        """How strongly patches of colour are held: bold strokes are larger than them."""
        return float(LESS_TONE**-self.boldness * TORN ** -max(0.0, self.boldness - 1))


def character_of(painting: Floats) -> Character:
    """Measure (h, w, 3) in 0..1, at the size at which it is looked at."""
    grey = cv2.cvtColor(painting, cv2.COLOR_RGB2GRAY)
    down, right = np.diff(grey, axis=0)[:, :-1], np.diff(grey, axis=1)[:-1]
    squares = down * down + right * right
    steepness = float(np.median(squares)) if squares.size else 0.0
    smoothness = 1 / (1 + math.exp(min(STEEP * steepness - MIDDLE, 50.0)))
    fine, coarse = (cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in (FINEST, COARSEST))
    strength = float(np.median(np.abs(fine - coarse)))
    boldness = math.log(max(strength, 1e-6) / CALM) / math.log(BOLD / CALM)
    return Character(smoothness, min(max(boldness, 0.0), BOLDEST))
