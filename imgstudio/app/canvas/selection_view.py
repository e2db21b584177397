"""How the selection is shown: marching ants, or as a red mask. Both cached."""

from __future__ import annotations

from math import ceil, log2
from typing import Final

from PySide6.QtCore import QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPolygonF, QTransform

from imgstudio.app.canvas.overlay import ants_pen, pen
from imgstudio.app.canvas.pyramid import Pyramid
from imgstudio.app.canvas.veil import paint_coverage, tint
from imgstudio.app.canvas.view import View
from imgstudio.core.document import Document
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.outline import outline
from imgstudio.core.pixels import Array
from imgstudio.core.selection import Selection

_MARCH_MS: Final = 120
_SETTLE_MS: Final = 60
"""The outline is traced when the selection has not changed for so long, so never within a stroke."""
_MOST_MARCHING: Final = 30_000
"""An outline of more corners stands still."""
_TINT: Final = (230, 40, 40)
_TINT_ALPHA: Final = 128
PHASES: Final = 8


class SelectionView(QObject):
    """Follows the selection of one document."""

    changed = Signal(object)
    """A document Rect must be painted again."""
    marched = Signal()
    """The ants stand elsewhere."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._shown = document.selection
        self.phase = 0
        self.marching_allowed = False
        """Whether the widget is visible."""
        self.mask_visible = False
        self.tint_held_back = False
        """While a preview is shown the tint would hide it, so the outline stands for it."""
        self._mask: Pyramid | None = None
        self._lines: list[QPolygonF] | None = None
        self._traced = (EMPTY, 0.0)
        self._march, self._settle = QTimer(self), QTimer(self)
        self._march.setInterval(_MARCH_MS)
        self._march.timeout.connect(self._on_march)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.setSingleShot(True)
        self._settle.timeout.connect(self._on_settled)
        document.selection_changed.connect(self._on_changed)
        document.resized.connect(self._on_resized)

    def close(self) -> None:
        """Stop following the document."""
        self._march.stop()
        self._settle.stop()
        self._document.selection_changed.disconnect(self._on_changed)
        self._document.resized.disconnect(self._on_resized)

    def allow_marching(self, allowed: bool) -> None:
        self.marching_allowed = allowed
        self._start_or_stop()

    def set_mask_visible(self, visible: bool) -> None:
        if visible != self.mask_visible:
            self.mask_visible = visible
            self._mask = None
            self.changed.emit(self._document.bounds)

    @property
    def shows_tint(self) -> bool:
        return self.mask_visible and not self.tint_held_back

    def hold_tint_back(self, held: bool) -> None:
        if held != self.tint_held_back:
            self.tint_held_back = held
            if self.mask_visible:
                self.changed.emit(self._document.bounds)

    def show_instead(self, selection: Selection | None) -> None:
        """Show what would be selected in the place of what is; None: what is, again."""
        self._shown = selection or self._document.selection
        self._mask = self._lines = None
        self._start_or_stop()
        self.changed.emit(self._document.bounds)

    def box(self, view: View) -> Rect:
        """Screen box of the ants."""
        return view.screen_rect(self._shown.bounds(), 3).intersect(Rect(0, 0, *view.window))

    def paint_ants(self, painter: QPainter, view: View, ratio: float) -> None:
        lines = self._outline(view)
        if not lines:
            return
        width = max(1.0, float(round(ratio))) / view.zoom  # the painter is scaled
        painter.save()
        painter.setTransform(QTransform(view.zoom, 0, 0, view.zoom, *view.origin), combine=True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        dashes = ants_pen(width, self.phase)
        light = pen(QColor(255, 255, 255), width)
        for line in lines:
            painter.setPen(light)
            painter.drawPolyline(line)
            painter.setPen(dashes)
            painter.drawPolyline(line)
        painter.restore()

    def paint_mask(self, painter: QPainter, view: View, exposed: Rect) -> None:
        """Tint what is selected."""
        if not self.shows_tint or self._shown.is_empty:
            return
        if self._mask is None:
            self._mask = Pyramid(self._document.bounds, 1, self._read)
        paint_coverage(painter, view, exposed, self._mask, _TABLE)

    def _read(self, rect: Rect, level: int) -> tuple[Array, bool]:
        return self._shown.store.read(rect), False

    def _outline(self, view: View) -> list[QPolygonF]:
        """Lines round the visible part of the selection, in document pixels."""
        visible = view.visible()
        region, zoom = self._traced
        scale = 2.0 ** ceil(log2(view.zoom))  # not traced again in every frame of a zoom
        if self._lines is None or zoom != scale or region.intersect(visible) != visible:
            region = visible.expanded(max(visible.width, visible.height) // 2 + 8)
            self._traced = (region, scale)
            found = outline(_Part(self._shown, region), scale)
            self._lines = [QPolygonF([QPointF(*point) for point in (*line, *line[:1])]) for line in found]
        return self._lines

    def _on_changed(self, rect: Rect) -> None:
        if self._mask is not None:
            self._mask.mark(rect)
        if self.shows_tint:
            self.changed.emit(rect)
        self._settle.start()

    def _on_resized(self) -> None:
        self._mask = None
        self._lines = None

    def _on_settled(self) -> None:
        self._lines = None
        self._start_or_stop()
        self.changed.emit(self._document.bounds)

    def _start_or_stop(self) -> None:
        wanted = self.marching_allowed and not self._shown.is_empty
        if wanted != self._march.isActive():
            (self._march.start if wanted else self._march.stop)()

    def _on_march(self) -> None:
        if sum(line.size() for line in self._lines or ()) <= _MOST_MARCHING:
            self.phase = (self.phase + 1) % PHASES
            self.marched.emit()


class _Part(Selection):
    """The selection inside a region; its outline has lines along the cut, which lies off the screen."""

    def __init__(self, whole: Selection, region: Rect) -> None:
        self.store = whole.store
        self._bounds = whole.bounds().intersect(region)


_TABLE: Final = tint(_TINT, _TINT_ALPHA)
