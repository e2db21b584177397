"""The list of layers: clicks on its parts, keys, folding, and dragging a row to another place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractItemView, QApplication, QTreeView, QWidget

from imgstudio.app.panels.layer_row import INDENT, Part, row_parts
from imgstudio.app.panels.layers_model import DEPTH, LAYER, LayersModel
from imgstudio.app.theme import current_tokens
from imgstudio.core.layers import Layer

EDGE: Final = 16
"""Pixels from the top or bottom edge at which a drag scrolls."""


class Drop(NamedTuple):
    """Where a dragged row would go: above `gap` layers of a group, and how that is shown."""

    group: str
    gap: int
    mark: QRect
    into: bool
    """The row of a group is framed, instead of a line between two rows."""


@dataclass(slots=True, eq=False)
class _Drag:
    layer: Layer
    start: QPoint
    started: bool = False
    drop: Drop | None = None


class LayerTree(QTreeView):
    """Shows and emits; the panel decides."""

    part_clicked = Signal(object, str, bool)
    """Layer, part (see layer_row.Part), and whether Shift was held."""
    chosen = Signal(object)
    """The layer that became current by mouse or keys."""
    dropped = Signal(object, str, int)
    """Layer, id of the group ("" = top level), and how many layers lie below it there."""
    delete_asked = Signal(object)
    nudged = Signal(object, int)
    """A layer and +1 (up) or -1 by keyboard."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drag: _Drag | None = None
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self.setUniformRowHeights(True)
        self.setMouseTracking(True)
        self.setExpandsOnDoubleClick(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def part_box(self, index: QModelIndex, part: Part) -> QRect:
        """Where a part of a row lies in the viewport; an empty box if it is not shown."""
        boxes = row_parts(self.visualRect(index), index.data(LAYER), index.data(DEPTH)).boxes
        return boxes.get(part, QRect())

    def currentChanged(  # noqa: N802 - Qt names it
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.chosen.emit(current.data(LAYER))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        part = self._part_at(index, event.position().toPoint())
        if event.button() != Qt.MouseButton.LeftButton or part is None:
            super().mousePressEvent(event)
            return
        layer = index.data(LAYER)
        if part == "fold":
            self.setExpanded(index, not self.isExpanded(index))
            return
        if part not in ("eye", "badge", "lock"):
            self.setCurrentIndex(index)
            self._drag = _Drag(layer, event.position().toPoint())
        self.part_clicked.emit(layer, part, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if self._part_at(index, event.position().toPoint()) == "name":
            self.edit(index)
        else:
            self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        drag, position = self._drag, event.position().toPoint()
        if drag is None or not event.buttons() & Qt.MouseButton.LeftButton:
            super().mouseMoveEvent(event)
            return
        distance = (position - drag.start).manhattanLength()
        drag.started = drag.started or distance >= QApplication.startDragDistance()
        if drag.started:
            drag.drop = self._drop_at(position)
            self._scroll_near_edge(position)
            self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, None
        super().mouseReleaseEvent(event)
        self.viewport().update()
        if drag is not None and drag.started and drag.drop is not None:
            self.dropped.emit(drag.layer, drag.drop.group, drag.drop.gap)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, layer = event.key(), self.currentIndex().data(LAYER)
        if key == Qt.Key.Key_Escape and self._drag is not None:
            self._drag = None
            self.viewport().update()
        elif layer is None:
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Space:
            self.part_clicked.emit(layer, "eye", False)  # noqa: FBT003 - Qt signals take no keywords
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_asked.emit(layer)
        elif event.modifiers() & Qt.KeyboardModifier.AltModifier and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.nudged.emit(layer, 1 if key == Qt.Key.Key_Up else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            # The Return that ends a rename comes through here too.
            if self.state() != QAbstractItemView.State.EditingState:
                self.edit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._drag is None or self._drag.drop is None:
            return
        mark = self._drag.drop.mark
        painter = QPainter(self.viewport())
        accent = QColor(current_tokens().accent)
        if self._drag.drop.into:
            painter.setPen(QPen(accent, 2))
            painter.drawRect(mark.adjusted(1, 1, -1, -1))
        else:
            painter.fillRect(mark, accent)

    def _part_at(self, index: QModelIndex, position: QPoint) -> Part | None:
        if not index.isValid():
            return None
        return row_parts(self.visualRect(index), index.data(LAYER), index.data(DEPTH)).at(position.x())

    def _drop_at(self, position: QPoint) -> Drop | None:
        index = self.indexAt(position)
        model = self.model()
        if not isinstance(model, LayersModel) or model.rowCount() == 0:
            return None
        if not index.isValid():
            last = self.visualRect(self._last_shown())
            below = position.y() > last.bottom()
            gap = 0 if below else model.rowCount()
            return Drop("", gap, self._line(last.bottom() + 1 if below else 0, 0), into=False)
        row, layer = self.visualRect(index), index.data(LAYER)
        part = (position.y() - row.top()) / max(1, row.height())
        if layer.is_group and (0.3 < part <= 0.7 or (part > 0.7 and self.isExpanded(index))):
            return Drop(layer.id, len(layer.children), row, into=True)
        parent = index.parent()
        group = parent.data(LAYER).id if parent.isValid() else ""
        from_bottom = model.rowCount(parent) - 1 - index.row()
        edge = row.top() if part < 0.5 else row.bottom() + 1
        line = self._line(edge, index.data(DEPTH))
        return Drop(group, from_bottom + (1 if part < 0.5 else 0), line, into=False)

    def _line(self, y: int, depth: int) -> QRect:
        left = 32 + INDENT * depth
        return QRect(left, max(0, y - 1), self.viewport().width() - left, 2)

    def _last_shown(self) -> QModelIndex:
        model = self.model()
        index = model.index(model.rowCount() - 1, 0)
        while self.isExpanded(index) and model.rowCount(index):
            index = model.index(model.rowCount(index) - 1, 0, index)
        return index

    def _scroll_near_edge(self, position: QPoint) -> None:
        bar = self.verticalScrollBar()
        if position.y() < EDGE:
            bar.setValue(bar.value() - 8)
        elif position.y() > self.viewport().height() - EDGE:
            bar.setValue(bar.value() + 8)
