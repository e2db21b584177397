"""The list of classes: eye, key, colour, name, lock; each part is clicked by itself."""

from __future__ import annotations

from typing import Final, Literal

from PySide6.QtCore import QAbstractItemModel, QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from imgstudio.app import icons
from imgstudio.app.i18n import tr
from imgstudio.app.panels.label.class_chip import paint_swatch
from imgstudio.app.panels.label.class_rows import ROW, ClassRow, ClassRows, Index
from imgstudio.app.theme import SMALL_POINTS, current_tokens, interface_font

Part = Literal["eye", "key", "swatch", "name", "lock"]
HEIGHT: Final = 28
TIPS: Final[dict[Part, str]] = {
    "eye": "Show or hide the class; with Alt only this one",
    "key": "Choose the key that takes it in hand",
    "swatch": "Choose its colour",
    "name": "Click to paint with it, double-click to rename it",
    "lock": "Lock: nothing is painted over it",
}


def row_parts(row: QRect) -> dict[Part, QRect]:
    """Where the parts of a row are."""
    top, height, left, right = row.top(), row.height(), row.left(), row.right()
    return {
        "eye": QRect(left + 4, top, 26, height),
        "key": QRect(left + 30, top, 24, height),
        "swatch": QRect(left + 56, top, 20, height),
        "lock": QRect(right - 30, top, 26, height),
        "name": QRect(left + 82, top, max(0, right - 34 - left - 82), height),
    }


class ClassList(QListView):
    """Tells which part of which row was clicked."""

    part_clicked = Signal(int, str, bool)
    """Value of a class, a part, and whether Alt was down."""
    chosen = Signal(int)
    delete_asked = Signal()

    def __init__(self, rows: ClassRows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("label.classes.list")
        self.setAccessibleName(tr("Classes"))
        self._rows = rows
        self.setModel(rows)
        self.setItemDelegate(_RowPainter(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setEditTriggers(QListView.EditTrigger.EditKeyPressed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)

    def part_at(self, place: QPoint) -> tuple[ClassRow, Part] | None:
        index = self.indexAt(place)
        if not index.isValid():
            return None
        boxes = row_parts(self.visualRect(index))
        part: Part = next((part for part, box in boxes.items() if box.contains(place)), "name")
        return self._rows.rows[index.row()], part

    def place_of(self, value: int, part: Part) -> QRect:
        """Where a part of a class is, in the viewport."""
        return row_parts(self.visualRect(self._rows.index_of(value)))[part]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.part_at(event.position().toPoint())
        if found is None or event.button() != Qt.MouseButton.LeftButton:
            return
        row, part = found
        if part == "name":
            super().mousePressEvent(event)
            self.chosen.emit(row.known.value)
        else:
            alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            self.part_clicked.emit(row.known.value, part, alt)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not event.buttons():  # a drag over rows chooses nothing
            super().mouseMoveEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self.part_at(event.position().toPoint())
        if found is not None and found[1] == "name":
            self.edit(self._rows.index_of(found[0].known.value))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self.delete_asked.emit()
            return
        before = self.currentIndex()
        super().keyPressEvent(event)
        after = self.currentIndex()
        if after.isValid() and after != before:
            self.chosen.emit(self._rows.rows[after.row()].known.value)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            found = self.part_at(event.pos())
            if found is not None:
                row, part = found
                name = f"<b>{row.known.name}</b><br>" if part == "name" else ""
                QToolTip.showText(event.globalPos(), name + tr(TIPS[part]))
                return True
        return super().viewportEvent(event)


class _RowPainter(QStyledItemDelegate):
    """Paints rows; clicks are the list's business."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, HEIGHT)

    def createEditor(  # noqa: N802 - Qt names it
        self, parent: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> QWidget:
        editor = QLineEdit(parent)
        editor.setObjectName("label.classes.name")
        return editor

    def setModelData(  # noqa: N802 - Qt names it
        self, editor: QWidget, model: QAbstractItemModel, index: Index
    ) -> None:
        if isinstance(editor, QLineEdit):
            model.setData(index, editor.text())

    def updateEditorGeometry(  # noqa: N802 - Qt names it
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        box: QRect = option.rect
        editor.setGeometry(row_parts(box)["name"].adjusted(-7, 2, 0, -2))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: ClassRow = index.data(ROW)
        box: QRect = option.rect
        flags: QStyle.StateFlag = option.state
        chosen = bool(flags & QStyle.StateFlag.State_Selected)
        hovered = bool(flags & QStyle.StateFlag.State_MouseOver)
        look, parts = current_tokens(), row_parts(box)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen or hovered:
            painter.fillRect(box, QColor(look.chosen if chosen else look.hover))
        if chosen:
            painter.fillRect(QRect(box.topLeft(), QSize(2, box.height())), QColor(look.accent))
        eye = "eye-off-outline" if row.is_hidden else "eye-outline"
        _paint_icon(painter, eye, parts["eye"], 16, dim=row.is_hidden or not hovered)
        if row.is_locked or (hovered and not row.is_background):
            glyph = "lock-outline" if row.is_locked else "lock-open-variant-outline"
            _paint_icon(painter, glyph, parts["lock"], 15, dim=not row.is_locked)
        painter.setOpacity(0.45 if row.is_hidden else 1.0)
        _paint_key(painter, parts["key"], row.known.key)
        swatch = QRect(0, 0, 14, 14)
        swatch.moveCenter(parts["swatch"].center())
        paint_swatch(painter, swatch, QColor(*row.known.colour))
        painter.setPen(QColor(look.dim if row.is_background and not chosen else look.text))
        name = painter.fontMetrics().elidedText(
            row.known.name, Qt.TextElideMode.ElideMiddle, parts["name"].width()
        )
        painter.drawText(parts["name"], Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        painter.restore()


def _paint_key(painter: QPainter, box: QRect, key: str) -> None:
    look = current_tokens()
    cap = QRectF(0, 0, 18, 18)
    cap.moveCenter(QRectF(box).center())
    painter.setPen(QPen(QColor(look.line), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(cap, 3, 3)
    painter.save()
    painter.setFont(interface_font(SMALL_POINTS))
    painter.setPen(QColor(look.dim))
    painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, key)
    painter.restore()


def _paint_icon(painter: QPainter, name: str, box: QRect, size: int, *, dim: bool) -> None:
    place = QRect(0, 0, size, size)
    place.moveCenter(box.center())
    icons.icon(name, "dim" if dim else "text").paint(painter, place)
