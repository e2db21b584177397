"""All that the canvas shows of one document, painted in order from the back to the front."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter

from imgstudio.app.canvas.compare import Mode, Split, paint_label, paint_split
from imgstudio.app.canvas.label_look import LabelLook
from imgstudio.app.canvas.label_view import LabelView
from imgstudio.app.canvas.painting import Backdrop, paint_grid, paint_picture, paint_surround, picture_box
from imgstudio.app.canvas.renderer import Renderer
from imgstudio.app.canvas.selection_view import SelectionView
from imgstudio.app.canvas.veil import Veil
from imgstudio.app.canvas.view import View
from imgstudio.app.i18n import tr
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect

_LABEL_SPOT = 36
"""Logical pixels from the corner to the word that says that the picture is as it was."""


class Scene:
    """One document as it is shown. Owns its renderer and the views of its selection and labels."""

    def __init__(self, document: Document, view: View, label_look: LabelLook) -> None:
        self.renderer = Renderer(document)
        self.selection = SelectionView(document)
        self.labels = LabelView(document, label_look)
        self.veil = Veil(document.bounds)
        self.view = view
        self._document = document
        self.mode: Mode = "off"
        self.previews = False
        """Whether a filter's preview is shown, which nothing may cover."""
        self.split = Split()

    def close(self) -> None:
        self.renderer.close()
        self.selection.close()
        self.labels.close()

    @property
    def comparing(self) -> Mode:
        """The mode, as far as there is something to compare with."""
        return self.mode if self.renderer.can_compare else "off"

    def set_mode(self, mode: Mode) -> None:
        self.mode = mode
        if mode == "off":
            self.renderer.drop_before()

    def paint(self, painter: QPainter, exposed: Rect, backdrop: Backdrop, ratio: float) -> None:
        """Paint a part of the window; the painter's units are device pixels, `ratio` to a logical one."""
        paint_surround(painter, self.view, backdrop, exposed)
        self._paint_pictures(painter, exposed, backdrop)
        if self.comparing != "original":
            self.labels.paint(painter, self.view, exposed, ratio)
        paint_grid(painter, self.view, exposed)
        self.selection.paint_mask(painter, self.view, exposed)
        if self.comparing != "original":
            self.veil.paint(painter, self.view, exposed)
        if not self.selection.shows_tint:
            self.selection.paint_ants(painter, self.view, ratio)
        if self.comparing == "split":
            paint_split(painter, self.split, self.view.window, ratio)
        elif self.comparing == "original":
            spot = Point(_LABEL_SPOT * ratio, _LABEL_SPOT * ratio / 2)
            paint_label(painter, tr("Before"), spot, (0.0, 0.0), ratio)

    def _paint_pictures(self, painter: QPainter, exposed: Rect, backdrop: Backdrop) -> None:
        box = picture_box(self.view).intersect(exposed)
        if box.is_empty:
            return
        # Smoothing reads the neighbours too.
        shown = self.view.document_rect(box).expanded(2 << self.view.level).intersect(self._document.bounds)
        if self.comparing != "original":
            image = self.renderer.picture(self.view.level, shown)
            self._paint_one(painter, exposed, image, backdrop)
        if self.comparing == "off":
            return
        before = self.renderer.before(self.view.level, shown)
        painter.save()
        if self.comparing == "split":
            half = self.split.before_polygon(self.view.window)
            painter.setClipRegion(half.toPolygon(), Qt.ClipOperation.IntersectClip)
        self._paint_one(painter, exposed, before, backdrop)
        painter.restore()

    def _paint_one(self, painter: QPainter, exposed: Rect, image: QImage, backdrop: Backdrop) -> None:
        opaque = image.format() == QImage.Format.Format_RGB32
        paint_picture(painter, self.view, image, exposed, None if opaque else backdrop.squares)
