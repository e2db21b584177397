"""Which part of the picture a preview computes, and at what size."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final, Literal

from imgstudio.core.geometry import Rect
from imgstudio.filters.base import Filter

PreviewMode = Literal["off", "picture", "exact", "split"]
FULL_FROM_ZOOM: Final = 0.5
"""From this zoom on a reduced run would be visibly wrong, so the visible part runs at full size."""
FULL_PIXELS: Final = 4_000_000
"""Visible parts up to this many pixels run at full size at any zoom."""
SCREEN_SIZE_NOTE: Final = "Preview at screen size: fine detail may differ"


@dataclass(frozen=True, slots=True)
class PreviewPlan:
    """What to run: `region` of the document, made smaller by `reduce`."""

    region: Rect
    reduce: int = 1

    @property
    def note(self) -> str:
        """What a person should know about it; "" when the preview is exact."""
        return SCREEN_SIZE_NOTE if self.reduce > 1 else ""


def plan_preview(visible: Rect, zoom: float, *, most_pixels: int = FULL_PIXELS) -> PreviewPlan:
    """Full size where that is quick or where its pixels can be seen, else about one pixel a screen pixel."""
    pixels = visible.width * visible.height
    if pixels <= most_pixels or zoom >= FULL_FROM_ZOOM:
        return PreviewPlan(visible)
    reduce = max(2, round(1 / zoom), ceil((pixels / most_pixels) ** 0.5))
    return PreviewPlan(visible, reduce)


def can_preview(item: Filter[object]) -> bool:
    """A change of size has no place on the picture as it is."""
    return item.preview != "none" and item.size is None
