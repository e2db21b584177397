"""The five small buttons under the list of layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from imgstudio.app.controllers import layer_edits
from imgstudio.app.panels.layer_head import layer_button
from imgstudio.core.document import Document
from imgstudio.core.layers import Layer

_BUTTONS: Final = (
    ("new", "plus", "New layer"),
    ("group", "folder-plus-outline", "Group"),
    ("mask", "vector-difference-ba", "Mask from the selection"),
    ("duplicate", "content-copy", "Duplicate"),
    ("delete", "trash-can-outline", "Delete"),
)


class LayerFoot(QWidget):
    """Each button does one thing to the active layer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document: Document | None = None
        self.buttons: dict[str, QToolButton] = {}
        runs: dict[str, Callable[[], None]] = {
            "new": self._on_new,
            "group": self._on_group,
            "mask": self._on_mask,
            "duplicate": self._on_duplicate,
            "delete": self.delete_active,
        }
        line = QHBoxLayout(self)
        line.setContentsMargins(8, 4, 8, 4)
        line.setSpacing(4)
        for name, icon, tip in _BUTTONS:
            if name == "delete":
                line.addStretch(1)
            self.buttons[name] = layer_button(self, name, icon, tip)
            self.buttons[name].clicked.connect(runs[name])
            line.addWidget(self.buttons[name])

    def show_layer(self, layer: Layer | None) -> None:
        for name, button in self.buttons.items():
            button.setEnabled(self.document is not None and (name == "new" or layer is not None))
        if layer is not None:
            mask_tip = "Delete the mask" if layer.mask is not None else "Mask from the selection"
            self.buttons["mask"].setToolTip(mask_tip)
            self.buttons["group"].setToolTip("Ungroup" if layer.is_group else "Group")

    def delete_active(self) -> None:
        if self.document is not None and self.document.active is not None:
            self.document.remove_layer(self.document.active)

    def _on_new(self) -> None:
        if self.document is not None:
            layer_edits.add_empty_layer(self.document)

    def _on_group(self) -> None:
        layer = None if self.document is None else self.document.active
        if self.document is None or layer is None:
            return
        if layer.is_group:
            layer_edits.ungroup(self.document, layer)
        else:
            layer_edits.group_layer(self.document, layer)

    def _on_mask(self) -> None:
        layer = None if self.document is None else self.document.active
        if self.document is None or layer is None:
            return
        if layer.mask is None:
            layer_edits.add_mask(self.document, layer)
        else:
            layer_edits.remove_mask(self.document, layer)

    def _on_duplicate(self) -> None:
        if self.document is not None and self.document.active is not None:
            layer_edits.duplicate_layer(self.document, self.document.active)
