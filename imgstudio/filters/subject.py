"""Selects what stands out in the whole picture, with the filter that cuts subjects out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.filters.base import Filter
from imgstudio.filters.cutting import cut_out
from imgstudio.filters.runner import capture

CUTOUT: Final = "cutout"
LABEL: Final = "Select subject"


def select_subject(document: Document, item: Filter[Any], progress: Progress) -> None:
    """Select the subject of all that is shown; one undo step.

    `item` is the filter `CUTOUT`. Runs its network: on a worker only, with a document of its own. Raises
    UserError where nothing is shown or stands out, and Cancelled.
    """
    shown = [layer for layer in document.layers.root if layer.visible]
    if not shown:
        raise UserError("Nothing is shown", "The picture has no visible layer", "Show a layer first")
    whole = Layer("Picture", document.new_store(), children=shown)
    picture = Document(document.bounds.width, document.bounds.height, document.dtype)
    picture.layers.root.append(whole)
    params = replace(item.params(), output="selection")
    result = capture(picture, whole, item, params).run(progress)
    cut_out(document, whole, result, LABEL)
