"""What a painting is made from, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from imgstudio.core.pixels import Floats

Measure = Literal["covariance", "wasserstein"]


@dataclass(frozen=True, eq=False, slots=True)
class StylePicture:
    """A painting, and where its style belongs."""

    pixels: Floats
    """(h, w, 3) in 0..1."""
    weight: float = 1.0
    place: Floats | None = None
    """(h, w) of the photo, 0..1; None is everywhere."""


@dataclass(frozen=True, slots=True)
class StyleSettings:
    """How a painting is made."""

    content: float = 1.0
    style: float = 1.0
    smoothness: float = 1.0
    histogram: float = 0.0
    """Weight of the distance of each channel's histogram (Risser 2017); 0 spares its time."""
    measure: Measure = "covariance"
    """How the statistics of two pictures are compared."""
    strokes: float = 1.0
    """Size of what is taken over from a painting; above 1 larger."""
    side: int = 512
    """Longer side at which it is painted (pixels); larger photos get its enlargement."""
    steps: int = 50
    """At the last size; coarser ones have fewer."""
    seconds: float = 0.0
    """Ends after so long; 0 is never."""
    from_noise: bool = False
    content_layer: int = 3
    """Index into the layers, finest first."""
    seed: int = 0
