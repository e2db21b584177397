"""Matches an object with its surroundings, and frees its edge of the picture it was cut from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from imgstudio.app.i18n import tr
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import from_float, to_float
from imgstudio.filters.base import Filter
from imgstudio.filters.matching import LABEL, Match, capture_match, carry_out

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

LIGHT = "exposure"
"""The filter that changes the light of an object."""


def match_surroundings(context: AppContext, document: Document, layer: Layer) -> None:
    """Bring an object to the size and light of what is around it, in the background. Raises UserError."""
    light = context.filters[LIGHT]
    assert isinstance(light, Filter)
    state = document.history.state
    handle = context.jobs.start(capture_match(document, layer, light))
    handle.succeeded.connect(partial(_on_match, context, document, layer, state))
    handle.failed.connect(context.error)


def _on_match(context: AppContext, document: Document, layer: Layer, state: int, match: Match) -> None:
    if document not in context.documents.all or document.history.state != state:
        context.message.emit(
            tr("{title} was dropped, because the picture changed meanwhile").format(title=LABEL)
        )
        return
    if not match.turned and match.result is None:
        context.message.emit(
            tr("“{name}” has the size and light of its surroundings").format(name=layer.name)
        )
        return
    carry_out(document, layer, match)
    said = [tr("made smaller")] if match.turned else []
    if match.result is not None:
        said.append(tr("light {stops:+.1f} EV").format(stops=match.stops))
    context.done.emit(f"{tr(LABEL)}: " + ", ".join(said))


def decontaminate(document: Document, layer: Layer, progress: Progress) -> None:
    """Give the soft edge of a layer its own colours, where the old background shines through; one undo step.

    The layer's alpha and mask stay. Raises UserError where it has no soft edge.
    """
    from imgstudio.engine.harmonize.masks import decontaminated

    if layer.is_group:
        raise UserError(
            tr("“{name}” is a group").format(name=layer.name), "", tr("Choose a layer that has pixels.")
        )
    if layer.locked:
        raise UserError(
            tr("“{name}” is locked").format(name=layer.name), "", tr("Unlock it in the Layers panel.")
        )
    box = layer.pixels.content_bounds()
    pixels = layer.pixels.read(box)
    alpha = to_float(pixels[..., 3])
    if layer.mask is not None and layer.mask_enabled:
        alpha = alpha * to_float(layer.mask.read(box)[..., 0])
    if box.is_empty or not ((alpha > 0) & (alpha < 1)).any():
        raise UserError(
            tr("“{name}” has no soft edge").format(name=layer.name),
            tr("So no old background shines through."),
            tr("Cut it out first, or feather its mask."),
        )
    progress.update(0.1, tr("Decontaminate edge"))
    clean = decontaminated(np.ascontiguousarray(to_float(pixels[..., :3])), alpha)
    progress.token.check()
    soft = (alpha > 0) & (alpha < 1)
    pixels[..., :3][soft] = from_float(clean[soft], document.dtype)
    after = layer.pixels.copy()
    after.write(box, pixels)
    document.do(document.replacing(layer.pixels, "Decontaminate edge", after))
