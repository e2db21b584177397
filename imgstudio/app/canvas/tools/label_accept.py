"""The accept brush: paints what a model says into the labels."""

from __future__ import annotations

from imgstudio.app.canvas.tools.base import Circle, OverlayItem
from imgstudio.app.canvas.tools.label_target import labels_in
from imgstudio.app.canvas.tools.painting import PaintTool
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point
from imgstudio.core.labelling.accepting import AcceptPainter
from imgstudio.core.labelling.painting import LabelEdit, LabelPainter


class LabelAcceptTool(PaintTool):
    """Right button, Alt or X make what is under the brush unseen again, so that the prediction shows."""

    id = "label_accept"
    name = "Accept brush"
    icon = "mdi6.check-circle-outline"
    key = "Y"
    help = (
        "Paint over what the model predicted to make it labels, each with its own class. The right button or Alt "
        "takes labels away again."
    )
    works_on = ("labels",)
    erases_on_right = True

    def begin_labels(
        self, document: Document, first: Point, *, erases: bool
    ) -> tuple[LabelEdit, LabelPainter] | None:
        if erases:
            return super().begin_labels(document, first, erases=True)
        labels = labels_in(self.state)
        if labels is None or labels.prediction is None:
            self.state.say(
                "There is no prediction yet: label a little of two classes first, or train a model"
            )
            return None
        edit = LabelEdit(document, self.name)
        return edit, AcceptPainter(document, edit)

    def overlay(self) -> list[OverlayItem]:
        circles = [item for item in super().overlay() if isinstance(item, Circle)]
        return [Circle(circle.center, circle.radius) for circle in circles]
