"""Where edits act: a soft mask over the document. Selecting nothing means everything."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.tiles import TileStore

Coverage = npt.NDArray[np.uint8]
"""(height, width), 0..255."""


class Selection:
    """The document's selection. Guards: `store` holds no plain tiles between edits, so empty is cheap."""

    def __init__(self) -> None:
        self.store = TileStore(1)
        self._bounds: Rect | None = EMPTY

    @property
    def is_empty(self) -> bool:
        """Whether nothing is selected, which means that edits act everywhere."""
        return self.store.is_empty

    def bounds(self) -> Rect:
        """Smallest box of selected pixels; EMPTY when there are none."""
        if self._bounds is None:
            self._bounds = self.store.content_bounds()
        return self._bounds

    def read(self, rect: Rect) -> Coverage:
        """Coverage inside `rect` as it is stored: 0 everywhere when nothing is selected."""
        return self.store.read(rect)[..., 0]

    def effective(self, rect: Rect) -> Coverage | None:
        """Coverage that edits must respect; None when they act everywhere."""
        return None if self.is_empty else self.read(rect)

    def touched(self) -> None:
        """Forget the remembered bounds after a write to `store`."""
        self._bounds = None
