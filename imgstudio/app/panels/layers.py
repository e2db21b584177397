"""The layers panel: the list, blend mode and opacity on top, five small buttons below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSignalBlocker, Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from imgstudio.app.controllers import layer_edits
from imgstudio.app.controllers.canvas_port import canvas_in
from imgstudio.app.panels.layer_foot import LayerFoot
from imgstudio.app.panels.layer_head import LayerHead
from imgstudio.app.panels.layer_row import LayerRowDelegate
from imgstudio.app.panels.layer_thumbnails import LayerThumbnails
from imgstudio.app.panels.layer_tree import LayerTree
from imgstudio.app.panels.layers_model import LayersModel
from imgstudio.app.panels.recipe_card import RecipeCard
from imgstudio.core.document import Document
from imgstudio.core.layers import Layer

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext


class LayersPanel(QWidget):
    """Shows the layers of the current document; every change is an undo step of the document."""

    target_changed = Signal(str)
    """"pixels" or "mask": what paint tools change now."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("layers")
        self.context = context
        self._document: Document | None = None
        self.model = LayersModel(self)
        self.thumbnails = LayerThumbnails(self)
        self.head, self.tree, self.foot = LayerHead(self), LayerTree(self), LayerFoot(self)
        self._build()
        self._connect()
        self.set_document(context.documents.current)

    def set_document(self, document: Document | None) -> None:
        """Show another document's layers."""
        if self._document is not None:
            self._document.layers_changed.disconnect(self._on_layers_changed)
            self._document.active_changed.disconnect(self._show_active)
        self._document = self.head.document = self.foot.document = document
        self.thumbnails.set_document(document)
        self.model.set_document(document)
        if document is not None:
            document.layers_changed.connect(self._on_layers_changed)
            document.active_changed.connect(self._show_active)
        self.tree.expandAll()
        self._show_active()

    def show_recipe(self, layer: Layer) -> RecipeCard:
        """Open the card of an AI layer beside its row."""
        steps = layer.recipe.steps if layer.recipe is not None else ()
        item = self.context.filters.find(steps[0].filter) if steps else None
        card = RecipeCard(layer, item, self, self.model.note_of(layer))
        card.rerun_asked.connect(self._on_rerun)
        card.compare_asked.connect(self._on_compare)
        row = self.tree.visualRect(self.model.index_of(layer))
        card.show_at(self.tree.viewport().mapToGlobal(row.topLeft() if row.isValid() else QPoint(0, 0)))
        return card

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addSpacing(8)
        self.tree.setObjectName("layers.list")
        self.tree.setAccessibleName("Layers")
        delegate = LayerRowDelegate(self.thumbnails, self.context.tool_state, self.tree)
        delegate.is_open = self.tree.isExpanded
        self.tree.setModel(self.model)
        self.tree.setItemDelegate(delegate)
        column.addWidget(self.tree, 1)
        line = QFrame(self)
        line.setProperty("role", "line")
        column.addWidget(line)
        column.addWidget(self.foot)

    def _connect(self) -> None:
        self.context.documents.current_changed.connect(self.set_document)
        self.model.renamed.connect(self._on_renamed)
        self.thumbnails.made.connect(self._on_thumbnail)
        self.tree.chosen.connect(self._on_chosen)
        self.tree.part_clicked.connect(self._on_part_clicked)
        self.tree.dropped.connect(self._on_dropped)
        self.tree.nudged.connect(self._on_nudged)
        self.tree.delete_asked.connect(self.foot.delete_active)

    def _on_layers_changed(self) -> None:
        folded = {layer.id for layer in self._groups() if not self._is_open(layer)}
        if self.model.refresh():
            for layer in self._groups():
                self.tree.setExpanded(self.model.index_of(layer), layer.id not in folded)
        self._show_active()

    def _groups(self) -> list[Layer]:
        layers = self._document.layers.all() if self._document is not None else ()
        return [layer for layer in layers if layer.is_group]

    def _is_open(self, layer: Layer) -> bool:
        index = self.model.index_of(layer)
        return not index.isValid() or self.tree.isExpanded(index)

    def _show_active(self) -> None:
        layer = None if self._document is None else self._document.active
        with QSignalBlocker(self.tree):
            self.tree.setCurrentIndex(self.model.index_of(layer))
        if layer is None or layer.mask is None:
            self._set_target("pixels")
        self.head.show_layer(layer)
        self.foot.show_layer(layer)
        self.tree.viewport().update()

    def _set_target(self, target: str) -> None:
        state = self.context.tool_state
        if state.target == "labels":
            return
        if state.target != target:
            state.target = "mask" if target == "mask" else "pixels"
            self.tree.viewport().update()
            self.target_changed.emit(target)

    def _on_thumbnail(self, layer: Layer) -> None:
        self.tree.viewport().update()

    def _on_chosen(self, layer: Layer) -> None:
        if self._document is not None:
            self._document.active = layer

    def _on_part_clicked(self, layer: Layer, part: str, shift: bool) -> None:
        document = self._document
        if document is None:
            return
        if part == "eye":
            label = "Hide layer" if layer.visible else "Show layer"
            document.set_layer(layer, label, visible=not layer.visible)
        elif part == "mask" and shift:
            label = "Disable mask" if layer.mask_enabled else "Enable mask"
            document.set_layer(layer, label, mask_enabled=not layer.mask_enabled)
        elif part in ("mask", "picture"):
            self._set_target("mask" if part == "mask" else "pixels")
        elif part == "lock":
            document.set_layer(layer, "Unlock layer", locked=False)
        elif part == "badge":
            self.show_recipe(layer)

    def _on_compare(self, layer: Layer | None) -> None:
        """Show the picture without an AI layer while its button is held."""
        canvas = canvas_in(self.context)
        if canvas is not None and canvas.document is not None:
            canvas.compare_layer(layer)
            canvas.set_compare("off" if layer is None else "original")

    def _on_rerun(self, layer: Layer) -> None:
        rerun = getattr(self.context.filter_panel, "rerun", None)
        if rerun is not None:
            rerun(layer)

    def _on_renamed(self, layer: Layer, name: str) -> None:
        if self._document is not None:
            self._document.set_layer(layer, "Rename layer", name=name)

    def _on_dropped(self, layer: Layer, group: str, gap: int) -> None:
        if self._document is not None:
            layer_edits.move_layer(self._document, layer, group, gap)

    def _on_nudged(self, layer: Layer, step: int) -> None:
        if self._document is None:
            return
        place = self._document.layers.place_of(layer)
        gap = place.index + 2 if step > 0 else place.index - 1
        if 0 <= gap <= len(self._document.layers.siblings(place.group)):
            layer_edits.move_layer(self._document, layer, place.group, gap)
