"""How one row of the layers panel is laid out and painted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import QAbstractItemModel, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from imgstudio.app import icons
from imgstudio.app.canvas.tools.base import ToolState
from imgstudio.app.panels.layer_thumbnails import SIDE, LayerThumbnails
from imgstudio.app.panels.layers_model import DEPTH, LAYER, NOTE, AnyIndex
from imgstudio.app.theme import SMALL_POINTS, current_tokens
from imgstudio.core.layers import Layer

Part = Literal["eye", "fold", "picture", "mask", "name", "lock", "badge"]
HEIGHT: Final = 40
INDENT: Final = 16
_BLEND_NAMES: Final = {
    "plus": "Add",
    "color-dodge": "Colour dodge",
    "color-burn": "Colour burn",
    "color": "Colour",
    "color-lab": "Colour (Lab)",
}


@dataclass(frozen=True, slots=True)
class RowParts:
    """Boxes of what a row shows; those that it does not show are missing."""

    boxes: dict[Part, QRect]

    def at(self, x: int) -> Part | None:
        """What lies at a horizontal position (every part is as high as the row)."""
        return next((part for part, box in self.boxes.items() if box.left() <= x <= box.right()), None)


def row_parts(row: QRect, layer: Layer, depth: int) -> RowParts:
    """Lay a row out from both ends; the name takes what is left."""
    top, left, right = row.top(), row.left() + 32 + INDENT * depth, row.right() - 4
    boxes: dict[Part, QRect] = {"eye": QRect(row.left() + 4, top, 24, row.height())}
    if layer.clip:
        left += INDENT
    if layer.is_group:
        boxes["fold"] = QRect(left, top, INDENT, row.height())
        left += INDENT
    picture_top = top + (row.height() - SIDE) // 2
    boxes["picture"] = QRect(left, picture_top, SIDE, SIDE)
    left += SIDE + 4
    if layer.mask is not None:
        boxes["mask"] = QRect(left, picture_top, SIDE, SIDE)
        left += SIDE + 4
    if layer.is_ai:
        boxes["badge"] = QRect(right - 24, top, 24, row.height())
        right -= 24
    if layer.locked:
        boxes["lock"] = QRect(right - 20, top, 20, row.height())
        right -= 20
    boxes["name"] = QRect(left + 4, top, max(0, right - left - 4), row.height())
    return RowParts(boxes)


class LayerRowDelegate(QStyledItemDelegate):
    """Paints rows; clicks are the view's business."""

    def __init__(self, thumbnails: LayerThumbnails, state: ToolState, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails, self._state = thumbnails, state
        self.is_open: Callable[[AnyIndex], bool] = lambda index: True
        """Whether a group is unfolded; the view knows."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return QSize(160, HEIGHT)

    def createEditor(  # noqa: N802 - Qt names it
        self, parent: QWidget, option: QStyleOptionViewItem, index: AnyIndex
    ) -> QWidget:
        editor = QLineEdit(parent)
        editor.setObjectName("layers.name")
        return editor

    def setModelData(  # noqa: N802 - Qt names it
        self, editor: QWidget, model: QAbstractItemModel, index: AnyIndex
    ) -> None:
        if isinstance(editor, QLineEdit):
            model.setData(index, editor.text())

    def updateEditorGeometry(  # noqa: N802 - Qt names it
        self, editor: QWidget, option: QStyleOptionViewItem, index: AnyIndex
    ) -> None:
        box = row_parts(_rect(option), index.data(LAYER), index.data(DEPTH)).boxes["name"]
        editor.setGeometry(box.adjusted(-4, 7, 0, -7))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        layer: Layer = index.data(LAYER)
        boxes = row_parts(_rect(option), layer, index.data(DEPTH)).boxes
        flags: QStyle.StateFlag = option.state
        chosen = bool(flags & QStyle.StateFlag.State_Selected)
        hovered = bool(flags & QStyle.StateFlag.State_MouseOver)
        look = current_tokens()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen or hovered:
            painter.fillRect(_rect(option), QColor(look.chosen if chosen else look.hover))
        if chosen and flags & QStyle.StateFlag.State_HasFocus:
            painter.fillRect(_rect(option).adjusted(0, 0, 2 - _rect(option).width(), 0), QColor(look.accent))
        eye = "eye-outline" if layer.visible else "eye-off-outline"
        _paint_icon(painter, eye, boxes["eye"], 18, dim=not layer.visible)
        painter.setOpacity(1.0 if layer.visible else 0.45)
        self._paint_pictures(painter, layer, boxes, index, chosen=chosen)
        _paint_texts(painter, layer, boxes["name"], note=index.data(NOTE), hovered=hovered)
        if "lock" in boxes:
            _paint_icon(painter, "lock-outline", boxes["lock"], 14, dim=True)
        if "badge" in boxes:
            _paint_icon(painter, "creation", boxes["badge"], 16, dim=False)
        painter.restore()

    def _paint_pictures(
        self,
        painter: QPainter,
        layer: Layer,
        boxes: dict[Part, QRect],
        index: AnyIndex,
        *,
        chosen: bool,
    ) -> None:
        box = boxes["picture"]
        if layer.clip:
            arrow = QRect(box.left() - INDENT, box.top(), INDENT, box.height())
            _paint_icon(painter, "arrow-down-left", arrow, 14, dim=True)
        if layer.is_group:
            folded = "chevron-down" if self.is_open(index) else "chevron-right"
            _paint_icon(painter, folded, boxes["fold"], 16, dim=True)
            _paint_icon(painter, "folder-outline", box, 20, dim=True)
        thumbnail = self._thumbnails.of(layer)
        target = self._state.target if layer.mask is not None else "pixels"
        if thumbnail is not None and not layer.is_group:
            _paint_thumbnail(painter, thumbnail.picture, box, framed=chosen and target == "pixels")
        if thumbnail is not None and thumbnail.mask is not None and "mask" in boxes:
            _paint_thumbnail(painter, thumbnail.mask, boxes["mask"], framed=chosen and target == "mask")
        if "mask" in boxes and not layer.mask_enabled:
            painter.setPen(QPen(QColor(current_tokens().bad), 2))
            painter.drawLine(boxes["mask"].bottomLeft(), boxes["mask"].topRight())


def summary(layer: Layer) -> str:
    """Blend mode and opacity in words."""
    return f"{blend_name(layer.blend)} · {round(layer.opacity * 100)} %"


def blend_name(mode: str) -> str:
    """A blend mode as people know it."""
    return _BLEND_NAMES.get(mode, mode.replace("-", " ").capitalize())


def _paint_texts(painter: QPainter, layer: Layer, box: QRect, *, note: str, hovered: bool) -> None:
    look, metrics = current_tokens(), painter.fontMetrics()
    name = metrics.elidedText(layer.name, Qt.TextElideMode.ElideRight, box.width())
    painter.setPen(QColor(look.text))
    if not (note or hovered or layer.blend != "normal" or layer.opacity < 1):
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        return
    upper, lower = box.adjusted(0, 4, 0, -HEIGHT // 2), box.adjusted(0, HEIGHT // 2, 0, -4)
    painter.drawText(upper, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
    font = painter.font()
    small = painter.font()
    small.setPointSizeF(SMALL_POINTS)
    painter.setFont(small)
    painter.setPen(QColor(look.warn if note else look.dim))
    said = painter.fontMetrics().elidedText(note or summary(layer), Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(lower, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, said)
    painter.setFont(font)


def _paint_thumbnail(painter: QPainter, picture: QPixmap, box: QRect, *, framed: bool) -> None:
    size = picture.deviceIndependentSize().toSize()
    place = QRect(0, 0, size.width(), size.height())
    place.moveCenter(box.center())
    painter.drawPixmap(place, picture)
    look = current_tokens()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(look.accent if framed else look.line), 2 if framed else 1))
    painter.drawRect(place)


def _paint_icon(painter: QPainter, name: str, box: QRect, size: int, *, dim: bool) -> None:
    place = QRect(0, 0, size, size)
    place.moveCenter(box.center())
    icons.icon(name, "dim" if dim else "text").paint(painter, place)


def _rect(option: QStyleOptionViewItem) -> QRect:
    rect: QRect = option.rect
    return rect
