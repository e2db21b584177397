"""The card that tells how an AI layer was made, with buttons to run it again or to look back."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from imgstudio.app.sign import Sign
from imgstudio.core.colour_hints import hints_of
from imgstudio.core.hint_strokes import strokes_of
from imgstudio.core.layers import Layer
from imgstudio.core.params import describe
from imgstudio.core.recipe import RecipeStep
from imgstudio.filters.base import AnyFilter

WIDTH: Final = 280
REGIONS: Final = {"mask": "Selection", "object": "The object, and around it"}


class RecipeCard(QFrame):
    """A small window beside the layer; it goes away by itself."""

    rerun_asked = Signal(object)
    compare_asked = Signal(object)
    """The layer while the button is held down, None when it is let go."""

    def __init__(self, layer: Layer, item: AnyFilter | None, parent: QWidget, note: str = "") -> None:
        """`note`: what is to be said first, such as that its object has moved."""
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("layers.recipe")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "card")
        self.setFixedWidth(WIDTH)
        self._layer = layer
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        steps = layer.recipe.steps if layer.recipe is not None else ()
        for step in steps:
            title = QLabel(item.name if item is not None else step.filter, self)
            title.setProperty("role", "title")
            column.addWidget(title)
            column.addLayout(self._table(recipe_lines(step, item)))
        if note:
            column.insertLayout(0, self._note(note))
        column.addLayout(self._buttons(can_run=item is not None and len(steps) == 1))

    def show_at(self, corner: QPoint) -> None:
        """Open with the top right corner at a point of the screen."""
        self.adjustSize()
        screen = self.screen().availableGeometry()
        left = max(screen.left(), min(corner.x() - self.width(), screen.right() - self.width()))
        top = max(screen.top(), min(corner.y(), screen.bottom() - self.height()))
        self.move(left, top)
        self.show()

    def hideEvent(self, event: QHideEvent) -> None:
        if self._before.isDown():
            self.compare_asked.emit(None)
        super().hideEvent(event)

    def _note(self, text: str) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(8)
        said = QLabel(text, self)
        said.setObjectName("layers.recipe.note")
        said.setWordWrap(True)
        line.addWidget(Sign("alert-outline", 16, "warn"))
        line.addWidget(said, 1)
        return line

    def _table(self, lines: list[tuple[str, str]]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (name, value) in enumerate(lines):
            label, said = QLabel(name, self), QLabel(value, self)
            label.setProperty("role", "dim")
            said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            said.setWordWrap(True)
            grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(said, row, 1)
        return grid

    def _buttons(self, *, can_run: bool) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(8)
        self._before = before = QPushButton("Show before", self)
        before.setObjectName("layers.recipe.before")
        before.setToolTip("Hold to see the picture without this layer")
        before.pressed.connect(lambda: self.compare_asked.emit(self._layer))
        before.released.connect(lambda: self.compare_asked.emit(None))
        again = QPushButton("Re-run…", self)
        again.setObjectName("layers.recipe.rerun")
        again.setProperty("primary", True)  # noqa: FBT003 - Qt properties take no keywords
        again.setEnabled(can_run)
        again.clicked.connect(self._on_again)
        line.addStretch(1)
        line.addWidget(before)
        line.addWidget(again)
        return line

    def _on_again(self) -> None:
        layer = self._layer
        self.close()
        self.rerun_asked.emit(layer)


def recipe_lines(step: RecipeStep, item: AnyFilter | None) -> list[tuple[str, str]]:
    """Name and value of everything that made the layer, in a person's words."""
    known = {param.name: param for param in describe(item.params)} if item else {}
    lines = []
    for name, value in step.params.items():
        param = known.get(name)
        if param is None:
            lines.append((name, _said(value)))
        elif param.kind == "hints":
            lines.append((param.label, str(len(strokes_of(hints_of(value)))) if value else "None"))
        elif param.is_visible(step.params):
            unit = f" {param.number.unit}" if param.number and param.number.unit and value is not None else ""
            lines.append((param.label, (param.none_means if value is None else "") or _said(value) + unit))
    lines.append(("Strength", f"{round(step.strength * 100)} %"))
    if step.detail:
        lines.append(("Detail", f"{round(step.detail * 100)} %"))
    lines.append(("Seed", str(step.seed)))
    lines += [(f"Model {model}", digest[:12]) for model, digest in step.models.items()]
    lines.append(("Region", REGIONS.get(step.region, "Whole picture")))
    if step.program:
        lines.append(("Made by", step.program))
    return lines


def _said(value: Any) -> str:
    if value is None:
        return "Auto"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return f"{len(value)} points"
    return str(value)
