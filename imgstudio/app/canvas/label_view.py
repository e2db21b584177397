"""How the labels of a document are shown: over the picture, in the colours of their classes, apart from what a model says."""

from __future__ import annotations

from dataclasses import replace
from math import floor

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QPainter

from imgstudio.app.canvas.label_colours import LabelColours, Planes, heat, painted
from imgstudio.app.canvas.label_look import LabelLook, Style
from imgstudio.app.canvas.label_sampling import picked, places_from
from imgstudio.app.canvas.label_screen import LabelScreen, Packed, image_of
from imgstudio.app.canvas.painting import picture_box, qrect
from imgstudio.app.canvas.view import View
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect, Size
from imgstudio.core.labelled import Labelling
from imgstudio.core.labels import UNSEEN, LabelClass


class LabelView(QObject):
    """Follows the labels of one document; shows nothing while it has none."""

    changed = Signal(object)
    """A document Rect must be painted again."""
    ruled = Signal()
    """Something else is painted now, or by other rules: what tools show follows."""

    def __init__(
        self, document: Document, look: LabelLook | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self.look = look or LabelLook()
        self._labels: Labelling | None = None
        self._classes: tuple[LabelClass, ...] = ()
        self._ratio = 1
        self._colours = LabelColours(lambda value: (0, 0, 0), self.look)
        self._painted_as: tuple[LabelLook, tuple[LabelClass, ...], int] | None = None
        self._screen = self._bare_screen()
        document.labels_changed.connect(self._on_labels)
        self._follow()

    def close(self) -> None:
        """Stop following the document."""
        self._document.labels_changed.disconnect(self._on_labels)
        self._unfollow()
        del self._screen  # it points back to here

    def set_look(self, look: LabelLook) -> None:
        if look != self.look:
            self.look = look
            self._recolour()

    def set_style(self, style: Style) -> None:
        self.set_look(replace(self.look, style=style))

    def set_opacity(self, opacity: float) -> None:
        """0..1."""
        self.set_look(replace(self.look, opacity=min(max(opacity, 0.0), 1.0)))

    def set_prediction_visible(self, visible: bool) -> None:
        self.set_look(replace(self.look, prediction=visible))

    def set_uncertainty_visible(self, visible: bool) -> None:
        self.set_look(replace(self.look, unsure=visible))

    def describe(self, x: float, y: float) -> str:
        """What is labelled at a place of the document, and what the model says there; nothing outside."""
        labels = self._labels
        if labels is None or not self._document.bounds.contains(x, y):
            return ""
        spot = Rect(floor(x), floor(y), 1, 1)
        value, number = labels.value_at(spot.x, spot.y), labels.object_at(spot.x, spot.y)
        said = [labels.name(value) + (f" {number}" if number else "")]
        guess = UNSEEN if labels.prediction is None else int(labels.prediction.read(spot)[0, 0, 0])
        if guess != UNSEEN:
            unsure = None if labels.unsure is None else int(labels.unsure.read(spot)[0, 0, 0])
            doubt = "" if unsure is None else f", {round(100 * unsure / 255)} % unsure"
            said.append(f"predicted: {labels.name(guess)}{doubt}")
        return " · ".join(said)

    def paint(self, painter: QPainter, view: View, exposed: Rect, ratio: float) -> None:
        """Lay all that is shown over the picture; the painter's units are device pixels."""
        labels = self._labels
        box = picture_box(view).intersect(exposed)
        if labels is None or self.look.style == "hidden" or box.is_empty:
            return
        if max(1, round(ratio)) != self._ratio:
            self._ratio = max(1, round(ratio))
            self._recolour()
        painter.save()
        painter.setClipRect(qrect(box), Qt.ClipOperation.IntersectClip)
        self._screen.draw(painter, view, box)
        painter.restore()

    def _paint(self, part: Rect, zoom: float) -> Packed:
        """The colours of a part of the screen, given in its pixels from the document's corner."""
        labels, look = self._labels, self.look
        assert labels is not None
        width = self._line_width
        wide = part.expanded(width)
        rows = places_from(wide.y, wide.height, zoom, self._document.bounds.height)
        columns = places_from(wide.x, wide.width, zoom, self._document.bounds.width)
        inner = slice(width, -width), slice(width, -width)
        numbers = None if labels.objects.is_empty else picked(labels.objects, rows, columns)
        within = rows[inner[0]], columns[inner[1]]
        guess = picked(labels.prediction, *within) if look.prediction and labels.prediction else None
        planes = Planes(
            np.asarray(picked(labels.store, rows, columns), np.uint8),
            None if numbers is None or not numbers.any() else np.asarray(numbers, np.uint16),
            inner,
            None if guess is None else np.asarray(guess, np.uint8),
        )
        out = painted(planes, self._colours, width, part.x + part.y, self._ratio)
        if look.unsure and labels.unsure is not None:
            doubt, under = heat().take(picked(labels.unsure, *within)), image_of(out)
            painter = QPainter(under)
            painter.drawImage(0, 0, image_of(doubt))
            painter.end()
        return out

    @property
    def _line_width(self) -> int:
        """Pixels of the screen."""
        return self._colours.width * self._ratio

    def _bare_screen(self) -> LabelScreen:
        bounds = self._document.bounds
        return LabelScreen(Size(bounds.width, bounds.height), self._paint)

    def _follow(self) -> None:
        """Show the labels that the document has by now."""
        self._unfollow()
        self._labels = self._document.labels
        self._screen, self._painted_as = self._bare_screen(), None
        if self._labels is not None:
            self._labels.changed.connect(self._on_classes)
            self._labels.prediction_changed.connect(self._on_prediction)
        self._recolour()

    def _unfollow(self) -> None:
        if self._labels is not None:
            self._labels.changed.disconnect(self._on_classes)
            self._labels.prediction_changed.disconnect(self._on_prediction)

    def _recolour(self) -> None:
        labels = self._labels
        if labels is not None:
            self._classes = labels.classes
            painted_as = (self.look, labels.classes, self._ratio)
            if (
                self.look.style != "hidden" and painted_as != self._painted_as
            ):  # hidden for a moment, it stays
                self._painted_as = painted_as
                self._colours = LabelColours(labels.colour, self.look)
                self._screen.mark(self._document.bounds, 0)
        self.changed.emit(self._document.bounds)

    def _on_labels(self, rect: Rect) -> None:
        if self._labels is not self._document.labels:
            self._follow()
        elif not rect.is_empty:
            self._show_again(rect)

    def _show_again(self, rect: Rect) -> None:
        """Labels inside a box changed; lines along its sides may have, too."""
        self._screen.mark(rect, self._line_width)
        self.changed.emit(rect.expanded(1))

    def _on_classes(self) -> None:
        self.ruled.emit()
        if self._labels is not None and self._labels.classes != self._classes:
            self._recolour()

    def _on_prediction(self, rect: Rect) -> None:
        if self.look.prediction or self.look.unsure:
            self._screen.mark(rect, 0)
            self.changed.emit(rect)
