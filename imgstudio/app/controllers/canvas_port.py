"""What the filter controllers need of the canvas, so that tests can do without a window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.layers import Layer
from imgstudio.core.selection import Selection
from imgstudio.core.tiles import TileStore

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext


class ShowsPreviews(Protocol):
    """A renderer."""

    @property
    def preview(self) -> Layer | None: ...

    def set_preview(self, layer: Layer | None, above: Layer | None, instead: Layer | None = None) -> None: ...


class CanvasPort(Protocol):
    """The canvas."""

    @property
    def document(self) -> Document | None: ...

    @property
    def renderer(self) -> Any: ...

    @property
    def view(self) -> Any: ...

    def visible_rect(self) -> Rect: ...

    def set_compare(self, mode: Literal["off", "original", "split"]) -> None: ...

    def compare_layer(self, layer: Layer | None) -> None: ...

    def actual_size(self) -> None: ...

    def actual_size_at(self, x: float, y: float) -> None: ...

    def set_previewing(self, on: bool) -> None: ...

    def show_coverage(
        self, store: TileStore | None, table: Sequence[int] = ..., part: Rect | None = None
    ) -> None: ...

    def select_instead(self, selection: Selection | None) -> None: ...

    def setFocus(self) -> None: ...  # noqa: N802 - Qt's name

    @property
    def pointer_moved(self) -> Any: ...


def canvas_in(context: AppContext) -> CanvasPort | None:
    """The window's canvas; None while there is no window."""
    canvas: CanvasPort | None = getattr(getattr(context, "window", None), "canvas", None)
    return canvas


class PreviewScreen:
    """Shows a layer over one document. Guards: what it showed is gone after `clear`, what another one showed is not."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._shown: tuple[ShowsPreviews, Layer] | None = None
        self._splits = False

    def canvas_of(self, document: Document | None) -> CanvasPort | None:
        """The canvas, while it shows this document."""
        canvas = canvas_in(self._context)
        return canvas if canvas is not None and document is not None and canvas.document is document else None

    def show(self, document: Document, layer: Layer, above: Layer, instead: Layer | None = None) -> None:
        """Above one layer, or in the place of another, which is hidden meanwhile."""
        canvas = self.canvas_of(document)
        if canvas is None:
            return
        canvas.renderer.set_preview(layer, above, instead)
        canvas.set_previewing(True)
        self._shown = (canvas.renderer, layer)
        if self._splits:
            canvas.compare_layer(layer)

    def split(self, document: Document | None, *, on: bool) -> None:
        """Compare with the picture without the preview, on one side of a line."""
        # Switching it off must also work when another document is shown by now.
        canvas = self.canvas_of(document) if on else canvas_in(self._context)
        if canvas is not None and on != self._splits:
            canvas.set_compare("split" if on else "off")
            canvas.compare_layer(self._shown[1] if on and self._shown is not None else None)
        self._splits = on

    def clear(self) -> None:
        """Take the preview off; nothing to do when its document is shown no more."""
        canvas = canvas_in(self._context)
        shown, self._shown = self._shown, None
        if shown is None or canvas is None or canvas.document is None or canvas.renderer is not shown[0]:
            return
        if shown[0].preview is shown[1]:
            shown[0].set_preview(None, None)
            canvas.set_previewing(False)
        if self._splits:
            canvas.compare_layer(None)
