"""Shows what the AI select tool has found: tinted, and with the outline that it will have as the selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QColor

from imgstudio.app.canvas.tools.base import Rgb
from imgstudio.app.canvas.veil import tint
from imgstudio.app.controllers.ai_sight import Found
from imgstudio.app.controllers.canvas_port import canvas_in
from imgstudio.app.theme import tokens
from imgstudio.core.geometry import EMPTY
from imgstudio.core.selection import Selection

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

VEIL: Final = 110
"""How much the colour of what was found covers, 0..255."""
CLASS_VEIL: Final = 150
"""The same in the colour of a class, which must be told from what has it already."""


class FoundScreen:
    """Guards: only what changed is painted again."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._shown: Found | None = None
        self._colour: Rgb | None = None

    @property
    def shown(self) -> Found | None:
        return self._shown

    def forget(self) -> None:
        """The canvas shows another picture, or another size of it, and nothing over it."""
        self._shown = None

    def show(self, found: Found | None, *, as_selection: bool, colour: Rgb | None = None) -> None:
        """Lay what was found over the picture; `as_selection`: it takes the place of what is selected.

        `colour`: of the class that it would get; None: the accent.
        """
        canvas, before = canvas_in(self._context), self._shown
        if (
            canvas is None
            or canvas.document is not self._context.documents.current
            or (found is before and colour == self._colour)
        ):
            return
        self._shown, self._colour = found, colour
        accent = QColor(tokens(self._context.settings.theme).accent)
        part = (EMPTY if before is None else before.box).united(EMPTY if found is None else found.box)
        table = tint(
            colour or (accent.red(), accent.green(), accent.blue()), VEIL if colour is None else CLASS_VEIL
        )
        canvas.show_coverage(None if found is None else found.coverage, table, part)
        canvas.select_instead(_selection_of(found) if found is not None and as_selection else None)


def _selection_of(found: Found) -> Selection:
    selection = Selection()
    selection.store = found.coverage
    selection.touched()
    return selection
