"""Shows the edge of a selection over the picture, in any of the views of the select-and-mask workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from imgstudio.app.canvas.veil import GREYS, Table, surround
from imgstudio.app.controllers.canvas_port import PreviewScreen
from imgstudio.app.controllers.edge_jobs import Made, Subject, View
from imgstudio.core.layers import Layer
from imgstudio.core.selection import Selection

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

TABLES: Final[dict[View, Table]] = {
    "overlay": surround((230, 40, 40), 128),
    "on black": surround((0, 0, 0), 255),
    "on white": surround((255, 255, 255), 255),
    "black and white": GREYS,
}
WITH_COLOURS: Final[tuple[View, ...]] = ("overlay", "on black", "on white")
"""Where cleaned colours can be seen."""


class EdgeScreen:
    """Guards: what is over the picture is what was shown last, and gone after `clear`."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._layers = PreviewScreen(context)
        self._shown: tuple[Made, View] | None = None

    def show(self, subject: Subject, made: Made, view: View) -> None:
        """Bring the picture to what was made of the subject."""
        canvas = self._layers.canvas_of(subject.document)
        if canvas is None or self._shown == (made, view):
            return
        self._shown = made, view
        table = TABLES.get(view)
        canvas.show_coverage(None if table is None else made.finished.coverage, table or GREYS)
        canvas.select_instead(_outline(made, view))
        if view == "on layers" and made.layer is not None:
            self._layers.show(subject.document, made.layer, subject.layer, subject.layer)
        elif made.colours is not None and view in WITH_COLOURS:
            colours = Layer("Edge colours", made.colours.copy())  # the renderer freezes what it shows
            self._layers.show(subject.document, colours, subject.layer)
        else:
            self._layers.clear()

    def clear(self) -> None:
        """The picture as it is."""
        canvas = self._layers.canvas_of(self._context.documents.current)
        shown, self._shown = self._shown, None
        if shown is not None and canvas is not None:
            canvas.show_coverage(None)
            canvas.select_instead(None)
        self._layers.clear()


def _outline(made: Made, view: View) -> Selection:
    """What is shown as selected."""
    selection = Selection()
    if view == "marching ants":
        selection.store = made.finished.coverage
        selection.touched()
    return selection
