"""The steps of a mix of damage as a list: each with its odds, dragged to change the order."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QDropEvent, QKeyEvent, QPainter
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from imgstudio.app import icons
from imgstudio.app.i18n import tr
from imgstudio.app.theme import current_tokens
from imgstudio.learn.degrade.stack import Degradation, Step, degrader_named

ROW: Final = 32
GRIP: Final = 16
BAR: Final = 56
NUMBER: Final = 44
PADDING: Final = 8
GLYPHS: Final = {
    "grey": "palette-outline",
    "blur": "blur",
    "downscale": "arrow-collapse-all",
    "noise": "grain",
    "text": "format-text",
    "scratches": "slash-forward",
    "holes": "circle-off-outline",
    "palette": "palette-swatch-outline",
    "jpeg": "file-jpg-box",
}
UNKNOWN: Final = "auto-fix"
STEP: Final = Qt.ItemDataRole.UserRole


class StepList(QListWidget):
    """Guards: `steps` is what is shown, from top to bottom, as it happens."""

    edited = Signal()
    """A person moved or removed a step."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("train.designer.steps")
        self.setAccessibleName(tr("Steps of the damage"))
        self.setItemDelegate(_StepRow(self))
        self.setDragDropMode(QListWidget.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(self.item(row).data(STEP) for row in range(self.count()))

    @property
    def step(self) -> Step | None:
        """The chosen one."""
        steps, row = self.steps, self.currentRow()
        return steps[row] if 0 <= row < len(steps) else None

    def show_mix(self, mix: Degradation) -> None:
        self.clear()
        for step in mix.steps:
            self._insert(self.count(), step)
        self.setCurrentRow(0 if mix.steps else -1)

    def add(self, step: Step) -> None:
        """Where it happens in a camera's and a file's life."""
        stage = degrader_named(step.degrader).stage
        row = sum(degrader_named(other.degrader).stage <= stage for other in self.steps)
        self._insert(row, step)
        self.setCurrentRow(row)

    def change(self, step: Step) -> None:
        """Other numbers for the chosen step."""
        if self.currentRow() >= 0:
            _fill(self.currentItem(), step)

    def remove(self) -> None:
        """Drop the chosen step."""
        if self.currentRow() >= 0:
            self.takeItem(self.currentRow())
            self.edited.emit()

    def shift(self, by: int) -> None:
        """Move the chosen step up (-1) or down (1)."""
        row, target = self.currentRow(), self.currentRow() + by
        if row >= 0 and 0 <= target < self.count():
            item = self.takeItem(row)
            self.insertItem(target, item)
            self.setCurrentRow(target)
            self.edited.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        arrows = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove()
        elif key in arrows and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.shift(arrows[key])
        else:
            super().keyPressEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        super().dropEvent(event)
        self.edited.emit()

    def _insert(self, row: int, step: Step) -> None:
        item = QListWidgetItem()
        item.setSizeHint(QSize(0, ROW))
        _fill(item, step)
        self.insertItem(row, item)


def _fill(item: QListWidgetItem, step: Step) -> None:
    degrader = degrader_named(step.degrader)
    item.setData(STEP, step)
    item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{tr(degrader.name)}, {step.chance:.0%}")
    item.setToolTip(f"<b>{tr(degrader.name)}</b><br>{tr(degrader.help)}")


class _StepRow(QStyledItemDelegate):
    """Grip, icon, name, and how often it happens as a bar and a number."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        step, look = index.data(STEP), current_tokens()
        if not isinstance(step, Step):
            return
        state, box = option.state, QRectF(option.rect)
        is_chosen = bool(state & QStyle.StateFlag.State_Selected)
        is_hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if is_chosen or is_hovered:
            painter.fillRect(box, QColor(look.chosen if is_chosen else look.hover))
        if is_chosen and state & QStyle.StateFlag.State_HasFocus:
            painter.fillRect(QRectF(box.left(), box.top(), 2, box.height()), QColor(look.accent))
        middle, left = box.center().y(), box.left() + PADDING
        square = QRectF(left, middle - GRIP / 2, GRIP, GRIP).toRect()
        icons.icon("drag-vertical", "dim").paint(painter, square)
        square.translate(GRIP + 4, 0)
        icons.icon(GLYPHS.get(step.degrader, UNKNOWN)).paint(painter, square)
        left = square.right() + PADDING + 1
        right = box.right() - PADDING - NUMBER - BAR - PADDING
        painter.setPen(QColor(look.text if step.chance else look.off))
        place = QRectF(left, box.top(), right - left, box.height())
        name = tr(degrader_named(step.degrader).name)
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(place.width()))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)
        bar = QRectF(right + PADDING, middle - 2, BAR, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.line))
        painter.drawRoundedRect(bar, 2, 2)
        painter.setBrush(QColor(look.dim))
        painter.drawRoundedRect(QRectF(bar.left(), bar.top(), bar.width() * step.chance, 4), 2, 2)
        painter.setPen(QColor(look.dim))
        number = QRectF(bar.right(), box.top(), NUMBER, box.height())
        painter.drawText(
            number, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{step.chance:.0%}"
        )
        painter.restore()
