"""Blend mode, opacity and lock of the active layer."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from imgstudio.app import icons
from imgstudio.app.forms.editors import QuietCombo
from imgstudio.app.forms.form_row import RowLabel
from imgstudio.app.forms.number_row import NumberEditor
from imgstudio.app.panels.layer_row import blend_name
from imgstudio.core.blend import BLEND_MODES
from imgstudio.core.document import Document
from imgstudio.core.layers import Layer
from imgstudio.core.params import Number, Param, Ui

OPACITY: Final = Param(
    "layers.opacity", "number", float, 100.0, Ui(label="Opacity"), number=Number(0, 100, step=1, unit="%")
)


def layer_button(parent: QWidget, name: str, icon: str, tip: str) -> QToolButton:
    """One of the panel's small buttons."""
    button = QToolButton(parent)
    button.setObjectName(f"layers.{name}")
    button.setIcon(icons.icon(icon))
    button.setIconSize(QSize(18, 18))
    button.setFixedSize(28, 28)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    return button


class LayerHead(QWidget):
    """Guards: one drag of the opacity is one undo step."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document: Document | None = None
        self._step: tuple[str, int, int] | None = None
        self.blend = QuietCombo(self)
        self.blend.setObjectName("layers.blend")
        self.blend.setToolTip("<b>Blend mode</b><br>How the layer mixes with what is below it.")
        for mode in BLEND_MODES:
            self.blend.addItem(blend_name(mode), mode)
        self.blend.activated.connect(self._on_blend)
        self.lock = layer_button(self, "lock", "lock-outline", "Lock: nothing changes its pixels")
        self.lock.setCheckable(True)
        self.lock.clicked.connect(self._on_lock)
        self.opacity = NumberEditor(OPACITY, parent=self)
        self.opacity.edited.connect(self._on_opacity)
        self._lay_out()

    def show_layer(self, layer: Layer | None) -> None:
        self.setEnabled(layer is not None)
        if layer is not None:
            self.opacity.set_value(layer.opacity * 100)
            self.blend.setCurrentIndex(self.blend.findData(layer.blend))
            self.lock.setChecked(layer.locked)

    def _lay_out(self) -> None:
        label = RowLabel("Opacity", scrubs=True, parent=self)
        label.setFixedWidth(label.sizeHint().width())
        label.scrub_began.connect(self.opacity.begin_scrub)
        label.scrubbed.connect(lambda dx, fine: self.opacity.scrub(dx, fine=fine))
        label.double_clicked.connect(self.opacity.reset_by_person)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 0)
        column.setSpacing(8)
        upper, lower = QHBoxLayout(), QHBoxLayout()
        upper.setSpacing(4)
        lower.setSpacing(8)
        upper.addWidget(self.blend, 1)
        upper.addWidget(self.lock)
        lower.addWidget(label)
        lower.addWidget(self.opacity, 1)
        column.addLayout(upper)
        column.addLayout(lower)

    def _active(self) -> tuple[Document, Layer] | None:
        layer = None if self.document is None else self.document.active
        return None if self.document is None or layer is None else (self.document, layer)

    def _on_blend(self) -> None:
        active = self._active()
        mode = self.blend.currentData()
        if active is not None and mode != active[1].blend:
            active[0].set_layer(active[1], "Blend mode", blend=mode)

    def _on_lock(self, locked: bool) -> None:
        active = self._active()
        if active is not None:
            active[0].set_layer(active[1], "Lock layer" if locked else "Unlock layer", locked=locked)

    def _on_opacity(self) -> None:
        """Join the step before only if it is of this very drag; another drag is another step."""
        active = self._active()
        if active is None:
            return
        document, layer = active
        merge = self._step == (layer.id, self.opacity.gesture, document.history.state)
        document.set_layer(layer, "Opacity", merge=merge, opacity=self.opacity.value() / 100)
        self._step = (layer.id, self.opacity.gesture, document.history.state)
