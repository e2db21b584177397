"""How much of the names of marks there is room for along a plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF

EDGE: Final = 8
"""Pixels kept free beside a name."""
LEAST: Final = 28
"""Pixels below which a name says nothing any more."""


def shortened(
    names: Sequence[str], places: Sequence[float], width: float, metrics: QFontMetricsF
) -> list[str]:
    """Names that begin at rising places (pixels), each cut before the next place or the end at `width`."""
    ends = [*places, width][1:]
    rooms = [end - place - EDGE for place, end in zip(places, ends, strict=True)]
    return [
        metrics.elidedText(name, Qt.TextElideMode.ElideRight, room) if room >= LEAST else ""
        for name, room in zip(names, rooms, strict=True)
    ]
