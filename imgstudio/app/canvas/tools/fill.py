"""The bucket: pour the foreground colour over what looks like the clicked place."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import Annotated, ClassVar, Literal, cast

import numpy as np

from imgstudio.app.canvas.tools.base import EVERY_TARGET, Pointer, Tool
from imgstudio.app.canvas.tools.label_target import labels_in
from imgstudio.app.canvas.tools.painting_target import PaintTarget, layer_target
from imgstudio.app.canvas.tools.sampling import sampled
from imgstudio.core.document import Document
from imgstudio.core.fill import flood
from imgstudio.core.geometry import Rect
from imgstudio.core.labelling.operations import fill_at
from imgstudio.core.labels import UNSEEN
from imgstudio.core.paint import Ink, TilePainter, paint_coverage
from imgstudio.core.params import Number, Ui, describe
from imgstudio.core.selection import Coverage


@dataclass(frozen=True, slots=True)
class FillOptions:
    """What is filled, and how strongly."""

    area: Annotated[Literal["similar", "everything"], Ui(help="Similar colours, or all that is selected")] = (
        "similar"
    )
    tolerance: Annotated[
        float,
        Number(0, 255),
        Ui(help="Levels by which a colour may differ", visible_if=("area", "similar")),
    ] = 32.0
    contiguous: Annotated[
        bool, Ui(help="Only what is joined to the clicked place", visible_if=("area", "similar"))
    ] = True
    smooth: Annotated[
        bool, Ui("Smooth edge", help="Soften the edge by less than a pixel", visible_if=("area", "similar"))
    ] = True
    all_layers: Annotated[
        bool,
        Ui("All layers", help="Look at the whole picture, not one layer", visible_if=("area", "similar")),
    ] = False
    opacity: Annotated[float, Number(0, 1, step=0.01)] = 1.0


class FillTool(Tool):
    """Stays inside the selection. On a layer mask it shows, and hides while X has swapped the two."""

    id = "fill"
    name = "Fill"
    icon = "mdi6.format-color-fill"
    key = "G"
    help = "Click to fill with the foreground colour, inside the selection."
    options_type = FillOptions
    works_on = EVERY_TARGET
    idle_options: ClassVar = {"labels": {param.name for param in describe(FillOptions)}}
    help_on: ClassVar = {
        "labels": "Click a region to give it the class. Alt or the right button makes it unlabelled."
    }

    def press(self, event: Pointer) -> None:
        document = self.document
        if self.state.target == "labels":
            self._fill_labels(event)
            return
        if event.button != "left" or (document and not document.bounds.contains(event.x, event.y)):
            return
        target = layer_target(self.state)
        if target is None:
            return
        rect, coverage = self._area(target.document, event)
        with target.document.editing(target.store, self.name) as edit:
            selected = target.selected if target.has_limits else None
            ink = self._ink(target)
            painter = TilePainter(target.store, edit.before, ink, limit=target.limit, selected=selected)
            inner = rect.translated(-target.dx, -target.dy)
            opacity = cast(FillOptions, self.options).opacity
            edit.touch(paint_coverage(painter, inner, coverage, opacity))

    def _fill_labels(self, event: Pointer) -> None:
        """Give the region of one class under the pointer the class that is painted, or make it unseen."""
        document, labels = self.document, labels_in(self.state)
        if document is None or labels is None or not document.bounds.contains(event.x, event.y):
            return
        erases = (event.alt or event.eraser or event.button == "right") != self.state.erasing
        fill_at(document, floor(event.x), floor(event.y), UNSEEN if erases else labels.rules.value)

    def _ink(self, target: PaintTarget) -> Ink:
        if target.store.channels == 1:
            return Ink((0.0,) if self.state.erasing else (1.0,))
        return Ink(tuple(value / 255 for value in self.state.foreground))

    def _area(self, document: Document, event: Pointer) -> tuple[Rect, Coverage]:
        options = cast(FillOptions, self.options)
        if options.area == "everything":
            rect = document.bounds if document.selection.is_empty else document.selection.bounds()
            return rect, np.full((rect.height, rect.width), 255, np.uint8)
        pixels = sampled(document, document.bounds, merged=options.all_layers)
        return flood(
            pixels,
            floor(event.x),
            floor(event.y),
            tolerance=options.tolerance,
            contiguous=options.contiguous,
            smooth=options.smooth,
        )
