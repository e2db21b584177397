"""The widget that shows a document and hands the pointer to the tool."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize
from PySide6.QtWidgets import QWidget

from imgstudio.app.canvas.compare import Mode
from imgstudio.app.canvas.label_look import LabelLook
from imgstudio.app.canvas.scene_widget import SceneWidget
from imgstudio.app.canvas.tools import Toolbox
from imgstudio.app.canvas.tools.base import Pointer, ToolState
from imgstudio.app.canvas.veil import GREYS, Table
from imgstudio.app.i18n import tr
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.layers import Layer
from imgstudio.core.selection import Selection
from imgstudio.core.settings import Settings
from imgstudio.core.tiles import TileStore


class Canvas(SceneWidget):
    """Shows one document at a time. Positions in its signals are document pixels; zoom 1.0 is 100 %."""

    def __init__(
        self, tool_state: ToolState, toolbox: Toolbox, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(toolbox, settings, parent)
        tool_state.pan_by = self._pan_by
        tool_state.zoom_at = self._zoom_at_pointer
        self.setObjectName("canvas")
        self.setAccessibleName(tr("Picture"))
        self.setMinimumSize(64, 64)

    def fit(self) -> None:
        self.view.fit()

    def actual_size(self) -> None:
        self.zoom_to(1.0)

    def zoom_in(self) -> None:
        self.view.step(1, *self._middle())

    def zoom_out(self) -> None:
        self.view.step(-1, *self._middle())

    def zoom_to(self, zoom: float) -> None:
        """Set the zoom round the middle of the window."""
        self.view.zoom_to(zoom, *self._middle())

    def visible_rect(self) -> Rect:
        """The part of the document that is on the screen."""
        return EMPTY if self.scene is None else self.view.visible()

    def set_compare(self, mode: Mode) -> None:
        """Show the picture as it was: not at all, in full, or on one side of a line."""
        self.compare_mode = mode
        if self.scene is not None:
            self.scene.set_mode(mode)
        self.on_flow_changed()
        self.update()

    def compare_layer(self, layer: Layer | None) -> None:
        """Compare with the document without `layer`; None: with the picture as it was opened."""
        if self.scene is not None:
            self.scene.renderer.compare_with(layer)
        self.update()

    def set_overlay_visible(self, visible: bool) -> None:
        """Show the selection as a red mask with every tool."""
        self.overlay_visible = visible
        self._show_mask()

    def set_label_look(self, look: LabelLook) -> None:
        """Show labels, of this document and the next ones, in another way."""
        self.label_look = look
        if self.scene is not None:
            self.scene.labels.set_look(look)

    def set_previewing(self, on: bool) -> None:
        """A filter's preview is on the picture: no red mask over it but while it is painted."""
        if self.scene is not None:
            self.scene.previews = on
            self.on_flow_changed()

    def show_coverage(self, store: TileStore | None, table: Table = GREYS, part: Rect | None = None) -> None:
        """Lay coverage over the picture as colour; `part`: only there it differs from the one before."""
        if self.scene is not None:
            self.scene.veil.show(store, table, part)

    def select_instead(self, selection: Selection | None) -> None:
        """Show the outline of what would be selected in the place of what is; None: of what is, again."""
        if self.scene is not None:
            self.scene.selection.show_instead(selection)

    def actual_size_at(self, x: float, y: float) -> None:
        """100 %, with a point of the document in the middle of the window."""
        self.actual_size()
        at, (middle_x, middle_y) = self.view.to_screen(x, y), self._middle()
        self.view.pan_by(middle_x - at.x, middle_y - at.y)

    def sizeHint(self) -> QSize:
        return QSize(960, 640)

    def hold_original(self, *, held: bool) -> None:
        """Show the picture as it was opened, or go back to what is compared."""
        if self.scene is not None and self.scene.mode != ("original" if held else self.compare_mode):
            self.scene.set_mode("original" if held else self.compare_mode)
            self.on_flow_changed()
            self.update()

    def _pan_by(self, dx: float, dy: float) -> None:
        self.view.pan_by(dx * self.flow.ratio, dy * self.flow.ratio)

    def _zoom_at_pointer(self, factor: float, event: Pointer) -> None:
        at = self.view.to_screen(event.x, event.y)
        self.zoom_at(factor, QPointF(at.x / self.flow.ratio, at.y / self.flow.ratio))

    def _middle(self) -> tuple[float, float]:
        return self.view.window.width / 2, self.view.window.height / 2
