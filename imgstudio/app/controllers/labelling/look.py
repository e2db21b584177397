"""How labels are laid over the picture: by which style, how strongly, and of which classes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from imgstudio.app.canvas.canvas import Canvas
from imgstudio.app.canvas.label_look import LabelLook

STEP = 0.1


class LookControl(QObject):
    """Guards: what is held hidden comes back as it was."""

    changed = Signal()

    def __init__(self, canvas: Canvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self.look: LabelLook = canvas.label_look
        self._is_held = False

    def set(self, **values: Any) -> None:
        """Change parts of it: style, opacity 0..1, hidden classes."""
        look = replace(self.look, **values)
        if look != self.look:
            self.look = look
            self._show()
            self.changed.emit()

    def turn(self, notches: float) -> None:
        """More or less opaque by so many steps of a wheel."""
        self.set(opacity=round(min(max(self.look.opacity + STEP * notches, 0.0), 1.0), 2))

    def hold_hidden(self, *, held: bool) -> None:
        """Show the bare picture as long as a key is down."""
        self._is_held = held
        self._show()

    def set_class_hidden(self, value: int, *, hidden: bool) -> None:
        others = self.look.hidden - {value}
        self.set(hidden=others | {value} if hidden else others)

    def _show(self) -> None:
        self._canvas.set_label_look(replace(self.look, style="hidden") if self._is_held else self.look)
