"""Coverage that is in no document, shown over the picture as colour: what would be selected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QTransform, qRgba

from imgstudio.app.canvas.painting import picture_box, qrect
from imgstudio.app.canvas.pyramid import Pyramid
from imgstudio.app.canvas.view import View
from imgstudio.core.geometry import Rect
from imgstudio.core.pixels import Array
from imgstudio.core.tiles import TileStore

Table = Sequence[int]
"""The colour, as Qt packs it, of each coverage 0..255."""


def tint(colour: tuple[int, int, int], alpha: int) -> Table:
    """A colour over what is covered; `alpha`, 0..255, where it is covered fully."""
    return [qRgba(*colour, value) for value in np.rint(np.linspace(0, alpha, 256)).astype(int).tolist()]


def surround(colour: tuple[int, int, int], alpha: int) -> Table:
    """A colour over what is not covered."""
    return [*reversed(tint(colour, alpha))]


GREYS: Final[Table] = [qRgba(value, value, value, 255) for value in range(256)]
"""The coverage itself, white where all is covered; nothing of the picture is seen."""


class Veil(QObject):
    """One coverage over one document. Guards: nothing is drawn once it was taken off."""

    changed = Signal(object)
    """A document Rect must be painted again."""

    def __init__(self, bounds: Rect, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bounds = bounds
        self._store: TileStore | None = None
        self._table: Table = GREYS
        self._pyramid: Pyramid | None = None

    def show(self, store: TileStore | None, table: Table, part: Rect | None = None) -> None:
        """Show a coverage in document coordinates; `part`: only there it differs from the one before."""
        is_same_look = self._store is not None and store is not None and table == self._table
        self._store, self._table = store, table
        if part is None or not is_same_look or self._pyramid is None:
            self._pyramid = None
            part = self._bounds
        else:
            self._pyramid.mark(part)
        self.changed.emit(part)

    def resize(self, bounds: Rect) -> None:
        """The document has another size: what was shown does not fit it."""
        self._bounds = bounds
        self._store = self._pyramid = None

    def paint(self, painter: QPainter, view: View, exposed: Rect) -> None:
        if self._store is None:
            return
        if self._pyramid is None:
            self._pyramid = Pyramid(self._bounds, 1, self._read)
        paint_coverage(painter, view, exposed, self._pyramid, self._table)

    def _read(self, rect: Rect, level: int) -> tuple[Array, bool]:
        assert self._store is not None
        return self._store.read(rect), False


def paint_coverage(painter: QPainter, view: View, exposed: Rect, pyramid: Pyramid, table: Table) -> None:
    """Draw a pyramid of one channel in the colours of a table, where the picture lies."""
    box = picture_box(view).intersect(exposed)
    if box.is_empty:
        return
    pyramid.bring_up(view.level, view.document_rect(box))
    plane = pyramid.levels[view.level]
    image = QImage(plane.data, plane.shape[1], plane.shape[0], plane.shape[1], QImage.Format.Format_Indexed8)
    image.setColorTable(table)
    painter.save()
    painter.setClipRect(qrect(box), Qt.ClipOperation.IntersectClip)
    scale = view.zoom * 2**view.level
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, view.is_smooth)
    painter.setTransform(QTransform(scale, 0, 0, scale, *view.origin), combine=True)
    painter.drawImage(QPointF(0, 0), image)
    painter.restore()
