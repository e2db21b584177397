"""The Edit menu: undo, the clipboard, fill, preferences, search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from imgstudio.app.actions.file import current, place_files
from imgstudio.app.actions.spec import ActionSpec, always, with_document
from imgstudio.app.context import AppContext
from imgstudio.app.controllers.placing import place_pixels
from imgstudio.app.i18n import tr
from imgstudio.core import operations
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array


def can_undo(context: AppContext) -> bool:
    document = context.documents.current
    has_own = context.tools.current.can_take_back or bool(context.filter_panel.own_steps.undo_label)
    return document is not None and (document.history.can_undo or has_own)


def can_redo(context: AppContext) -> bool:
    document = context.documents.current
    has_own = bool(context.filter_panel.own_steps.redo_label)
    return document is not None and (document.history.can_redo or has_own)


def undo(context: AppContext) -> None:
    """Take back the drag under way, or else the last step on the page in hand or of the document."""
    own = context.filter_panel.own_steps
    if context.tools.current.take_back():
        return
    if own.undo_label:
        own.undo()
    else:
        current(context).history.undo()


def redo(context: AppContext) -> None:
    own = context.filter_panel.own_steps
    if own.redo_label:
        own.redo()
    else:
        current(context).history.redo()


def undo_text(context: AppContext) -> str:
    document = context.documents.current
    label = document.history.undo_label if document is not None else ""
    return f"{tr('Undo')} {lower_first(context.filter_panel.own_steps.undo_label or label)}".strip()


def redo_text(context: AppContext) -> str:
    document = context.documents.current
    label = document.history.redo_label if document is not None else ""
    return f"{tr('Redo')} {lower_first(context.filter_panel.own_steps.redo_label or label)}".strip()


def lower_first(label: str) -> str:
    """A step's label inside a sentence; abbreviations such as "JPEG" keep their letters."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def active_pixels(context: AppContext) -> Layer:
    """The layer that pixels are taken from or put into; raises UserError for a group or none."""
    layer = current(context).active
    if layer is None:
        raise UserError(tr("There is no layer to do this on"), "", tr("Add a layer first."))
    if layer.is_group:
        raise UserError(
            tr("“{name}” is a group").format(name=layer.name), "", tr("Choose a layer that has pixels.")
        )
    return layer


def copy(context: AppContext) -> None:
    document, layer = current(context), active_pixels(context)
    pixels, rect = operations.copy_pixels(document, layer)
    if not pixels[..., 3].any():
        raise UserError(
            tr("There is nothing to copy"),
            tr("The layer “{name}” is empty there.").format(name=layer.name),
            tr("Choose another layer, or copy all layers with “Copy merged”."),
        )
    _put(context, pixels, rect, layer.name)


def copy_merged(context: AppContext) -> None:
    document = current(context)
    rect = document.bounds if document.selection.is_empty else document.selection.bounds()
    pixels = operations.copy_merged(document, rect)
    coverage = document.selection.effective(rect)
    if coverage is not None:
        faded = pixels[..., 3].astype(np.uint32) * coverage
        pixels[..., 3] = ((faded + 127) // 255).astype(pixels.dtype)
    _put(context, pixels, rect)


def cut(context: AppContext) -> None:
    copy(context)
    clear(context)


def clear(context: AppContext) -> None:
    operations.clear_selection_pixels(current(context), active_pixels(context))


def fill_foreground(context: AppContext) -> None:
    _fill(context, context.tool_state.foreground)


def fill_background(context: AppContext) -> None:
    _fill(context, context.tool_state.background)


def paste(context: AppContext) -> None:
    """As a layer: where it came from if that is in the picture, else in the middle; files as layers."""
    document = context.documents.current
    if document is None:
        paste_as_new(context)
        return
    clip = context.clipboard.take()
    if clip is None:
        place_files(context, _copied_files(context))
        return
    height, width = clip.pixels.shape[:2]
    at = clip.at
    if at is not None and Rect(*at, width, height).intersect(document.bounds).is_empty:
        at = None
    context.placed.emit(place_pixels(document, clip.pixels, clip.name or tr("Pasted"), at=at))


def paste_as_new(context: AppContext) -> None:
    clip = context.clipboard.take()
    if clip is None:
        context.documents.open_paths(_copied_files(context))
        return
    document = Document.from_pixels(clip.pixels)
    document.name = tr("Pasted")
    document.history.mark_dirty()
    context.documents.add(document)


def transform(context: AppContext) -> None:
    context.tools.activate("transform")


def _put(context: AppContext, pixels: Array, rect: Rect, name: str = "") -> None:
    context.clipboard.put(pixels, (rect.x, rect.y), name)
    size = f"{rect.width} × {rect.height} px"  # noqa: RUF001
    context.message.emit(tr("Copied {size}").format(size=size))


def _fill(context: AppContext, colour: tuple[int, int, int]) -> None:
    operations.fill_selection(current(context), active_pixels(context), (*colour, 255))


def _copied_files(context: AppContext) -> list[Path]:
    files = context.clipboard.files()
    if not files:
        raise UserError(tr("There is no picture in the clipboard"), "", tr("Copy a picture first."))
    return files


def _spec(name: str, text: str, keys: str, run: Callable[[AppContext], None], **more: Any) -> ActionSpec:
    return ActionSpec(f"edit.{name}", text, keys, "Edit", run, **{"enabled": with_document, **more})


ACTIONS: Final = (
    _spec("undo", "Undo", "Ctrl+Z", undo, enabled=can_undo, text_now=undo_text, icon="undo"),
    _spec("redo", "Redo", "Ctrl+Shift+Z; Ctrl+Y", redo, enabled=can_redo, text_now=redo_text, icon="redo"),
    _spec("cut", "Cut", "Ctrl+X", cut, icon="content-cut", separator=True),
    _spec("copy", "Copy", "Ctrl+C", copy, icon="content-copy", help="What is selected of the active layer."),
    _spec("copy_merged", "Copy merged", "Ctrl+Shift+C", copy_merged, help="What is selected, as it looks."),
    _spec("paste", "Paste", "Ctrl+V", paste, enabled=always, icon="content-paste", help="As a new layer."),
    _spec("paste_as_new", "Paste as new picture", "Ctrl+Shift+V", paste_as_new, enabled=always),
    _spec(
        "clear",
        "Clear",
        "Del",
        clear,
        scope="canvas",
        help="Make what is selected transparent.",
        separator=True,
    ),
    _spec(
        "fill", "Fill with foreground", "Alt+Backspace; Shift+F5", fill_foreground, icon="format-color-fill"
    ),
    _spec("fill_background", "Fill with background", "Ctrl+Backspace", fill_background),
    _spec(
        "transform",
        "Transform",
        "Ctrl+T",
        transform,
        icon="move-resize",
        checked=lambda context: context.tools.current.id == "transform",
        help="Move, scale, turn and bend the layer with handles or numbers.",
        separator=True,
    ),
    _spec(
        "search",
        "Find an action…",
        "Ctrl+K",
        lambda context: context.window.open_palette(),
        enabled=always,
        icon="magnify",
        separator=True,
        help="Type a few letters of any action or filter.",
    ),
    _spec(
        "preferences",
        "Preferences…",
        "Ctrl+,",
        lambda context: context.window.open_preferences(),
        enabled=always,
        icon="cog-outline",
    ),
)
