"""The painter of the accept brush: what a model says becomes labels where the brush goes."""

from __future__ import annotations

import numpy as np

from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.labelling.painting import HALF, LabelEdit, LabelPainter
from imgstudio.core.labels import BACKGROUND, UNSEEN
from imgstudio.core.pixels import Floats
from imgstudio.core.tiles import Index


class AcceptPainter(LabelPainter):
    """Writes the prediction instead of one class, within the rules."""

    def __init__(self, document: Document, edit: LabelEdit) -> None:
        """Raises UserError while there is no prediction."""
        super().__init__(document, edit, BACKGROUND)
        if edit.labels.prediction is None:
            raise UserError(
                "There is no prediction yet", "", "Label a little of two classes first, or train a model"
            )
        self._says = edit.labels.prediction.snapshot()

    def paint(self, index: Index, inner: tuple[slice, slice], coverage: Floats) -> bool:
        tile = self._says.tiles.get(index)
        if tile is None:
            return False
        values = np.asarray(tile[inner][..., 0], np.uint8)
        return self.put(index, inner, (coverage >= HALF) & (values != UNSEEN), values)
