"""The list of pictures: thumbnail, name, how far it is, flag, share labelled, how unsure the model is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip, QWidget

from imgstudio.app import icons
from imgstudio.app.controllers.labelling.thumbnails import PictureThumbnails
from imgstudio.app.i18n import tr
from imgstudio.app.panels.label.effort_line import seconds_text
from imgstudio.app.panels.label.picture_rows import ROW, Index, PictureRows
from imgstudio.app.theme import SMALL_POINTS, Tokens, current_tokens, interface_font
from imgstudio.core.labelproject.entries import Entry, State

HEIGHT: Final = 48
SIDE: Final = 40
EDGE: Final = 12
FLAG: Final = 24
HEAD: Final = 0.35
"""Share of the room for a name that its beginning gets where it is cut."""
STATES: Final[dict[State, tuple[str, icons.Role, str]]] = {
    "new": ("circle-outline", "dim", "New"),
    "predicted": ("creation", "accent", "Predicted"),
    "in work": ("circle-half-full", "warn", "In work"),
    "done": ("check-circle", "good", "Done"),
}
"""Icon, colour, word."""
LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class PictureList(QListView):
    """Asks for thumbnails of what is on the screen and a little more."""

    chosen = Signal(str)
    flag_clicked = Signal(str)

    def __init__(
        self,
        rows: PictureRows,
        thumbnails: PictureThumbnails,
        path_of: Callable[[str], Path],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("label.pictures.list")
        self.setAccessibleName(tr("Pictures"))
        self._rows, self._thumbnails, self._path_of = rows, thumbnails, path_of
        self.setModel(rows)
        self.setItemDelegate(_RowPainter(thumbnails, path_of, self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.verticalScrollBar().valueChanged.connect(self.ask)
        rows.modelReset.connect(self.ask)
        thumbnails.made.connect(lambda _: self.viewport().update())

    def ask(self, *_: object) -> None:
        """Make the thumbnails of what is on the screen, then of what is near."""
        first = self.verticalScrollBar().value() // HEIGHT
        count = self.viewport().height() // HEIGHT + 2
        seen = self._rows.rows[first : first + count]
        near = self._rows.rows[first + count : first + 2 * count]
        self._thumbnails.want(self._path_of(entry.name) for entry in (*seen, *near))

    def entry_at(self, place: QPoint) -> Entry | None:
        index = self.indexAt(place)
        return self._rows.rows[index.row()] if index.isValid() else None

    def flag_of(self, name: str) -> QRect:
        """Where the flag of a picture is, in the viewport."""
        return _flag_box(self.visualRect(self._rows.index_of(name)))

    def mark(self, name: str) -> None:
        """Mark a picture without telling of a choice."""
        index = self._rows.index_of(name)
        if index.isValid():
            self.setCurrentIndex(index)
            self.scrollTo(
                self._rows.index(min(index.row() + 1, self._rows.rowCount() - 1))
            )  # what comes next too
            self.scrollTo(index)
        else:
            self.clearSelection()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.ask()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        entry = self.entry_at(place)
        if entry is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if self.flag_of(entry.name).contains(place):
            self.flag_clicked.emit(entry.name)
            return
        super().mousePressEvent(event)
        self.chosen.emit(entry.name)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not event.buttons():  # a drag over rows chooses nothing
            super().mouseMoveEvent(event)

    def currentChanged(self, current: Index, previous: Index) -> None:  # noqa: N802 - Qt names it
        super().currentChanged(current, previous)
        if self.hasFocus() and current.isValid():
            self.chosen.emit(self._rows.rows[current.row()].name)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            entry = self.entry_at(event.pos())
            if entry is not None:
                QToolTip.showText(event.globalPos(), picture_tip(entry), self.viewport())
                return True
        return super().viewportEvent(event)


def picture_tip(entry: Entry) -> str:
    """All that is known of a picture."""
    word = tr(STATES[entry.state][2])
    lines = [f"<b>{entry.name}</b>", word]
    if entry.width:
        size = f"{entry.width} × {entry.height}"  # noqa: RUF001
        lines.append(
            tr("{size} pixels, {share:.0f} % labelled").format(size=size, share=100 * entry.labelled)
        )
    if entry.unsure is not None:
        lines.append(tr("The model is unsure: {share:.0f} %").format(share=100 * entry.unsure))
    if entry.disagreement is not None:
        text = tr("The model says otherwise on {share:.0f} % of what is labelled")
        lines.append(text.format(share=100 * entry.disagreement))
    if entry.effort.strokes or entry.effort.seconds >= 1:
        told = tr("{n} strokes in {time}")
        lines.append(told.format(n=entry.effort.strokes, time=seconds_text(entry.effort.seconds)))
    if entry.note:
        lines.append(entry.note)
    return "<br>".join(lines)


def details(entry: Entry) -> str:
    """The second line of a row."""
    texts = [tr(STATES[entry.state][2])]
    if entry.labelled:
        texts.append(percent(entry.labelled))
    if entry.disagreement:
        texts.append(tr("differs {share}").format(share=percent(entry.disagreement)))
    elif entry.unsure is not None:
        texts.append(tr("unsure {share}").format(share=percent(entry.unsure)))
    return "  ·  ".join(texts)


def cut_name(name: str, metrics: QFontMetrics, width: int) -> str:
    """A name that fits: more of its end is kept than of its beginning, because pictures are numbered there."""
    if metrics.horizontalAdvance(name) <= width:
        return name
    head = metrics.elidedText(name, Qt.TextElideMode.ElideRight, round(width * HEAD))
    tail = metrics.elidedText(name, Qt.TextElideMode.ElideLeft, width - metrics.horizontalAdvance(head))
    return head + tail.removeprefix("…")


def percent(share: float) -> str:
    """A share as people read it: what is not nothing is not called nothing, what is not all not all."""
    value = 100 * share
    if 0 < value < 1:
        return "<1 %"
    return ">99 %" if 99 < value < 100 else f"{value:.0f} %"


class _RowPainter(QStyledItemDelegate):
    """Paints rows; clicks are the list's business."""

    def __init__(
        self, thumbnails: PictureThumbnails, path_of: Callable[[str], Path], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._thumbnails, self._path_of = thumbnails, path_of

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(160, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry: Entry = index.data(ROW)
        box: QRect = option.rect
        flags: QStyle.StateFlag = option.state
        chosen = bool(flags & QStyle.StateFlag.State_Selected)
        hovered = bool(flags & QStyle.StateFlag.State_MouseOver)
        look = current_tokens()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if chosen or hovered:
            painter.fillRect(box, QColor(look.chosen if chosen else look.hover))
        if chosen:
            painter.fillRect(QRect(box.topLeft(), QSize(2, box.height())), QColor(look.accent))
        frame = QRect(box.left() + EDGE - 2, box.top() + (HEIGHT - SIDE) // 2, SIDE, SIDE)
        _paint_picture(painter, frame, self._thumbnails.of(self._path_of(entry.name)), look)
        if entry.is_flagged or hovered:
            glyph = "flag" if entry.is_flagged else "flag-outline"
            _paint_icon(painter, glyph, _flag_box(box), 15, "bad" if entry.is_flagged else "dim")
        room = box.adjusted(EDGE + SIDE + 6, 0, -FLAG - 6, 0)
        _paint_texts(painter, entry, room, look)
        painter.restore()


def _paint_picture(painter: QPainter, box: QRect, picture: QPixmap | None, look: Tokens) -> None:
    if picture is None or picture.isNull():
        painter.setPen(QPen(QColor(look.line), 1))
        painter.setBrush(QColor(look.raised))
        painter.drawRect(box.adjusted(0, 0, -1, -1))
        if picture is not None:
            _paint_icon(painter, "image-broken-variant", box, 18, "dim")
        return
    size = picture.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
    place = QRect(0, 0, size.width(), size.height())
    place.moveCenter(box.center())
    painter.drawPixmap(place, picture)


def _paint_texts(painter: QPainter, entry: Entry, box: QRect, look: Tokens) -> None:
    upper, lower = box.adjusted(0, 6, 0, -HEIGHT // 2), box.adjusted(0, HEIGHT // 2, 0, -7)
    painter.setFont(interface_font())
    painter.setPen(QColor(look.text))
    painter.drawText(upper, LEFT, cut_name(entry.name, painter.fontMetrics(), upper.width()))
    glyph, role, _ = STATES[entry.state]
    _paint_icon(painter, glyph, QRect(lower.left(), lower.top(), 13, lower.height()), 13, role)
    font = QFont(interface_font(SMALL_POINTS))
    font.setFeature(QFont.Tag("tnum"), 1)
    painter.setFont(font)
    painter.setPen(QColor(look.dim))
    lower = lower.adjusted(18, 0, 0, 0)
    text = painter.fontMetrics().elidedText(details(entry), Qt.TextElideMode.ElideRight, lower.width())
    painter.drawText(lower, LEFT, text)


def _flag_box(row: QRect) -> QRect:
    return QRect(row.right() - FLAG - 5, row.top(), FLAG, row.height())


def _paint_icon(painter: QPainter, name: str, box: QRect, size: int, role: icons.Role) -> None:
    place = QRect(0, 0, size, size)
    place.moveCenter(box.center())
    icons.icon(name, role).paint(painter, place)
