"""Keeps one document on the screen: repaints what changed, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from weakref import WeakKeyDictionary

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QColor, QCursor, QHideEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from imgstudio.app.canvas.compare import Mode
from imgstudio.app.canvas.events import PointerWidget
from imgstudio.app.canvas.label_look import LabelLook
from imgstudio.app.canvas.overlay import items_box, paint_items
from imgstudio.app.canvas.painting import Backdrop, qrect
from imgstudio.app.canvas.renderer import Renderer
from imgstudio.app.canvas.scene import Scene
from imgstudio.app.canvas.tools import Toolbox
from imgstudio.app.canvas.tools.base import Circle, OverlayItem
from imgstudio.app.canvas.view import Place
from imgstudio.app.theme import tokens
from imgstudio.core.document import Document
from imgstudio.core.geometry import EMPTY, Rect, Size
from imgstudio.core.settings import Settings


class SceneWidget(PointerWidget):
    """Guards: what is on the screen is what the document, the tool and the selection show now."""

    zoom_changed = Signal(float)

    def __init__(self, toolbox: Toolbox, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(toolbox, settings, parent)
        self.toolbox = toolbox
        self.compare_mode: Mode = "off"
        self.overlay_visible = False
        self.label_look = LabelLook()
        self.scene: Scene | None = None
        self._shown_zoom = 0.0
        self._places: WeakKeyDictionary[Document, Place] = WeakKeyDictionary()
        self._overlay_box = EMPTY
        self._backdrop = Backdrop.of(settings, 1.0)
        self._accent = QColor(tokens(settings.theme).accent)
        self.view.changed = self._on_view_changed
        toolbox.state.redraw = self._redraw_overlay
        toolbox.state.marks_changed = self.update
        settings.changed.connect(self._on_setting)
        toolbox.changed.connect(self._on_tool)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    @property
    def document(self) -> Document | None:
        return None if self.scene is None else self.scene.renderer.document

    @property
    def renderer(self) -> Renderer:
        """There is one only while a document is shown."""
        assert self.scene is not None, "no document is shown"
        return self.scene.renderer

    def set_document(self, document: Document | None) -> None:
        """Show another document, fitted; a drag under way is taken back."""
        self.flow.reset()
        self._leave()
        self.toolbox.state.document = document
        self.scene = self.flow.scene = (
            None if document is None else Scene(document, self.view, self.label_look)
        )
        self._overlay_box = EMPTY
        if self.scene is not None and document is not None:
            self._follow(self.scene)
            size = Size(document.bounds.width, document.bounds.height)
            self.view.set_document(size, enlarge=document.labels is not None)  # small ones are painted on too
            if document in self._places:
                self.view.go_to(self._places[document])
        self.on_flow_changed()
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._measure()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._measure()

    def showEvent(self, event: QShowEvent) -> None:
        self._measure()
        if self.scene is not None:
            self.scene.selection.allow_marching(allowed=True)

    def hideEvent(self, event: QHideEvent) -> None:
        if self.scene is not None:
            self.scene.selection.allow_marching(allowed=False)

    def paintEvent(self, event: QPaintEvent) -> None:
        ratio, box = self.flow.ratio, event.rect()
        painter = QPainter(self)
        painter.scale(1 / ratio, 1 / ratio)
        exposed = Rect(
            int(box.x() * ratio),
            int(box.y() * ratio),
            ceil(box.width() * ratio) + 1,
            ceil(box.height() * ratio) + 1,
        )
        if self.scene is None:
            painter.fillRect(qrect(exposed), self._backdrop.surround)
        else:
            self.scene.paint(painter, exposed, self._backdrop, ratio)
            items = self._items()
            self._overlay_box = items_box(self.view, items, ratio)
            phase = self.scene.selection.phase
            if self.scene.comparing != "original":
                marks = self.toolbox.state.marks
                paint_items(painter, self.view, marks, ratio=ratio, accent=self._accent)
            paint_items(painter, self.view, items, ratio=ratio, accent=self._accent, phase=phase)
        painter.end()

    def on_flow_changed(self) -> None:
        shape = QCursor(self.flow.cursor())
        if self.cursor() != shape:
            self.setCursor(shape)
        self._hold_tint_back()
        if self.compare_mode == "split" and self.flow.is_dragging:
            self.update()

    def _leave(self) -> None:
        """Stop following the document shown so far; remember how it was seen."""
        document = self.document
        if self.scene is None or document is None:
            return
        self._places[document] = self.view.place
        document.layers_changed.disconnect(self._redraw_overlay)
        document.active_changed.disconnect(self._redraw_overlay)
        self.scene.close()

    def _follow(self, scene: Scene) -> None:
        document = scene.renderer.document
        document.layers_changed.connect(self._redraw_overlay)
        document.active_changed.connect(self._redraw_overlay)
        scene.renderer.damaged.connect(self._on_damaged)
        scene.renderer.resized.connect(self._on_resized)
        scene.selection.changed.connect(self._on_damaged)
        scene.labels.changed.connect(self._on_damaged)
        scene.labels.ruled.connect(self._redraw_overlay)
        scene.veil.changed.connect(self._on_damaged)
        scene.selection.marched.connect(self._on_marched)
        scene.selection.allow_marching(self.isVisible())
        scene.set_mode(self.compare_mode)
        self._on_tool()

    def _items(self) -> list[OverlayItem]:
        """What the tool lays over the picture; no brush outline while the pointer is elsewhere."""
        items = self.toolbox.current.overlay()
        if self.is_precise:
            return [replace(item, radius=0.0) if isinstance(item, Circle) else item for item in items]
        if self.is_inside or self.flow.is_dragging:
            return items
        return [item for item in items if not isinstance(item, Circle)]

    def _measure(self) -> None:
        """Follow the widget's size and the screen's device pixel ratio."""
        ratio = self.devicePixelRatioF()
        if ratio != self.flow.ratio:
            self.flow.ratio = ratio
            self._backdrop = Backdrop.of(self.settings, ratio)
        self.view.resize(Size(max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))))

    def _redraw_overlay(self) -> None:
        ratio = self.flow.ratio
        now = EMPTY if self.scene is None else items_box(self.view, self._items(), ratio)
        for box in {self._overlay_box, now}:
            self._update_screen(box)
        self._overlay_box = now

    def _update_screen(self, box: Rect) -> None:
        """Paint a box of device pixels again."""
        box = box.intersect(Rect(0, 0, *self.view.window))
        if not box.is_empty:
            ratio = self.flow.ratio
            x, y = int(box.x / ratio), int(box.y / ratio)
            self.update(QRect(x, y, ceil(box.right / ratio) - x, ceil(box.bottom / ratio) - y))

    def _on_view_changed(self) -> None:
        self.update()
        if self.view.zoom != self._shown_zoom:
            self._shown_zoom = self.view.zoom
            self.zoom_changed.emit(self.view.zoom)

    def _on_damaged(self, rect: Rect) -> None:
        # Smoothing spreads a pixel over its neighbours.
        self._update_screen(self.view.screen_rect(rect, 2 + ceil(self.view.zoom)))

    def _on_resized(self) -> None:
        document = self.document
        if document is not None and self.scene is not None:
            self.scene.veil.resize(document.bounds)
            self.view.set_document(Size(document.bounds.width, document.bounds.height))

    def _on_marched(self) -> None:
        if self.scene is not None and not self.scene.selection.shows_tint:
            self._update_screen(self.scene.selection.box(self.view))

    def _on_tool(self) -> None:
        self.flow.drop()
        self._show_mask()
        self.on_flow_changed()
        self._redraw_overlay()

    def _show_mask(self) -> None:
        if self.scene is not None:
            paints = self.toolbox.current.shows_mask and self.toolbox.state.target != "labels"
            self.scene.selection.set_mask_visible(self.overlay_visible or paints)

    def _hold_tint_back(self) -> None:
        """Over a preview or a comparison the red mask comes back only while it is painted."""
        if self.scene is not None:
            paints = self.flow.is_dragging and self.toolbox.current.shows_mask
            judged = self.scene.previews or self.scene.comparing != "off"
            self.scene.selection.hold_tint_back(judged and not paints)

    def _on_setting(self, name: str) -> None:
        if name in ("theme", "canvas_surround"):
            self._backdrop = Backdrop.of(self.settings, self.flow.ratio)
            self._accent = QColor(tokens(self.settings.theme).accent)
            self.update()
