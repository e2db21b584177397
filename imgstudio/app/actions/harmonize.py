"""The Object menu: what may be done to a pasted object, until nobody notices that it was pasted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from imgstudio.app.actions.file import current
from imgstudio.app.actions.spec import ActionSpec
from imgstudio.app.context import AppContext
from imgstudio.app.controllers.matching import decontaminate, match_surroundings
from imgstudio.app.controllers.objects import stale_result
from imgstudio.app.i18n import tr
from imgstudio.core.document import Document
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.filters.objects import object_of

HARMONIZE: Final = "harmonize"
CUT_OUT: Final = "cutout"


def has_layer(context: AppContext) -> bool:
    document = context.documents.current
    return document is not None and document.active is not None


def _active(context: AppContext) -> tuple[Document, Layer]:
    document = current(context)
    assert document.active is not None
    return document, document.active


def harmonize(context: AppContext) -> None:
    context.window.show_panel("filter")
    context.filter_panel.open(HARMONIZE)


def can_cut_out(context: AppContext) -> bool:
    return has_layer(context) and CUT_OUT in context.filters


def cut_out(context: AppContext) -> None:
    """With the settings as they come; the result is a mask, which can be painted on."""
    context.window.show_panel("filter")
    context.filter_panel.apply_now(CUT_OUT)


def match(context: AppContext) -> None:
    match_surroundings(context, *_active(context))


def clean_edge(context: AppContext) -> None:
    document, layer = _active(context)
    chosen = object_of(document, layer).id

    def change(copy: Document, progress: Progress) -> None:
        found = copy.layers.find(chosen)
        assert found is not None
        decontaminate(copy, found, progress)

    context.edits.do_long(document, tr("Decontaminate edge"), change)


def is_stale(context: AppContext) -> bool:
    document = context.documents.current
    return document is not None and stale_result(document) is not None


def remake(context: AppContext) -> None:
    """Make what the object has left anew where it lies now."""
    result = stale_result(current(context))
    if result is not None:
        context.window.show_panel("filter")
        context.filter_panel.remake(result)


def toggle_preview(context: AppContext) -> None:
    preview = context.filter_panel.blend
    preview.set_wanted(not (preview.is_on or preview.is_showing))


def _spec(name: str, text: str, run: Callable[[AppContext], object], help_: str, **more: Any) -> ActionSpec:
    return ActionSpec(
        f"object.{name}",
        text,
        more.pop("keys", ""),
        "Layer/Object",
        run,
        help=help_,
        **{"enabled": has_layer, **more},
    )


ACTIONS: Final = (
    _spec(
        "harmonize",
        "Harmonize…",
        harmonize,
        "Make it part of the painting or photo below it.",
        keys="Ctrl+Shift+H",
        icon="creation",
    ),
    _spec(
        "preview",
        "Blend preview",
        toggle_preview,
        "See it blended with the picture while you move it; the picture stays as it is.",
        keys="Ctrl+Alt+B",
        checked=lambda context: context.filter_panel.blend.is_on or context.filter_panel.blend.is_showing,
        icon="eye-outline",
    ),
    _spec(
        "remake",
        "Make again where it lies",
        remake,
        "The object has moved since it was harmonized: do it again at its new place.",
        enabled=is_stale,
        icon="refresh",
    ),
    _spec(
        "cut_out",
        "Cut out",
        cut_out,
        "Hide all but the subject, by a mask that you can paint on.",
        enabled=can_cut_out,
        icon="content-cut",
        separator=True,
    ),
    _spec(
        "match",
        "Match size and light",
        match,
        "Make it fit into the picture, as light as what is around it.",
        icon="brightness-6",
    ),
    _spec(
        "decontaminate",
        "Decontaminate edge",
        clean_edge,
        "Give a soft edge the object's own colours, where the old background shines through.",
        icon="eraser-variant",
    ),
)
