"""A look at what a filter will make of an object, small while it is moved: a job for the window."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from imgstudio.core.document import Document
from imgstudio.core.geometry import Transform
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import from_float
from imgstudio.core.tiles import TileStore
from imgstudio.filters.base import FloatImage, SessionFilter
from imgstudio.filters.objects import ObjectSource, capture_object, seen_reduced

ROUGH: Final = 120_000
"""Pixels that are computed while an object is moved."""
EXACT: Final = 3_000_000
"""The same once it rests; a larger one is made smaller so far."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What an object will look like."""

    layer: Layer
    """In its place: it goes a little beyond the object's edge."""
    carried: Layer
    """While it is carried elsewhere: the object alone, since what is around it stays behind."""


@dataclass(frozen=True, slots=True, eq=False)
class InstantJob:
    """A complete order; owns copies of all it needs."""

    title: str
    filter: SessionFilter[Any]
    params: Any
    source: ObjectSource
    factor: float
    """How much smaller it is computed, at most 1."""
    device: str = "auto"
    quiet: bool = field(default=True)
    """It works behind the scenes."""

    def run(self, progress: Progress) -> Look:
        """What shows it over the object. Raises Cancelled, and UserError where there is nothing to see."""
        assert self.filter.instant is not None
        progress.token.check()
        image = seen_reduced(self.source, self.factor, device=self.device)
        progress.token.check()
        frame = self.filter.instant(image, self.params, progress)
        alpha = np.ones(frame.pixels.shape[:2], np.float32) if frame.alpha is None else frame.alpha
        own = alpha if image.mask is None else np.minimum(alpha, image.mask)

        def shown(share: FloatImage) -> Layer:
            rgba = from_float(np.dstack([frame.pixels, share]).astype(np.float32), self.source.dtype)
            store = TileStore.from_array(rgba, image.origin.x, image.origin.y)
            return Layer(self.title, store, transform=Transform(a=1 / self.factor, d=1 / self.factor))

        return Look(shown(alpha), shown(own))


def capture_instant(
    document: Document,
    layer: Layer,
    item: SessionFilter[Any],
    params: Any,
    *,
    most: int,
    device: str = "auto",
) -> InstantJob:
    """Order a look of at most `most` pixels; call it on the thread that owns the document. Raises UserError."""
    source = capture_object(document, layer, around=item.around(params))
    step, area = 1, source.region.width * source.region.height
    while area > most * step * step:
        step *= 2
    return InstantJob(f"{item.name}: preview", item, params, source, 1 / step, device)
