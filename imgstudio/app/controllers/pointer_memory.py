"""Remembers where in the picture a person looked last, for looking closer there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject

from imgstudio.app.controllers.canvas_port import canvas_in
from imgstudio.core.geometry import Point

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

REST_SECONDS: Final = 0.2
"""A pointer that stays so long rests; one on its way out to the panels does not."""


class PointerMemory(QObject):
    """Follows the pointer over the canvas."""

    def __init__(
        self, context: AppContext, parent: QObject | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self._context, self._clock = context, clock
        self._document: Any = None
        self._last: tuple[float, Point] | None = None
        self._rest: Point | None = None
        canvas = canvas_in(context)
        if canvas is not None:
            canvas.pointer_moved.connect(self._on_moved)

    def place(self) -> Point | None:
        """Where the pointer is, or else where it rested last; None when it was never in this picture."""
        document = self._context.documents.current
        if document is None or document is not self._document:
            return None
        last = None if self._last is None else self._last[1]
        found = last or self._rest
        return found if found is not None and document.bounds.contains(*found) else None

    def _on_moved(self, x: float, y: float) -> None:
        document, now = self._context.documents.current, self._clock()
        if document is not self._document:
            self._document, self._last, self._rest = document, None, None
        if self._last is not None and (now - self._last[0] >= REST_SECONDS or self._rest is None):
            self._rest = self._last[1]
        is_out = (x, y) == (-1.0, -1.0)
        self._last = None if is_out else (now, Point(x, y))
