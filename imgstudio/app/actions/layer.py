"""The Layer menu: acts on the active layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

from imgstudio.app.actions.file import current
from imgstudio.app.actions.spec import ActionSpec
from imgstudio.app.context import AppContext
from imgstudio.app.i18n import tr
from imgstudio.core import operations, selecting
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import IDENTITY
from imgstudio.core.layers import Layer, Place


def active(context: AppContext) -> Layer | None:
    document = context.documents.current
    return document.active if document is not None else None


def has_layer(context: AppContext) -> bool:
    return active(context) is not None


def has_group(context: AppContext) -> bool:
    layer = active(context)
    return layer is not None and layer.is_group


def has_mask(context: AppContext) -> bool:
    layer = active(context)
    return layer is not None and layer.mask is not None


def can_have_mask(context: AppContext) -> bool:
    layer = active(context)
    return layer is not None and layer.mask is None


def add(context: AppContext) -> None:
    document = current(context)
    names = {layer.name for layer in document.layers.all()}
    number = next(n for n in range(1, len(names) + 2) if f"Layer {n}" not in names)
    document.add_layer(Layer(f"Layer {number}", document.new_store()))


def add_mask(context: AppContext) -> None:
    document = current(context)
    operations.add_layer_mask(document, _layer(context), from_selection=not document.selection.is_empty)


def can_delete(context: AppContext) -> bool:
    document = context.documents.current
    return document is not None and document.active is not None and len(list(document.layers.all())) > 1


def can_move(step: int, context: AppContext) -> bool:
    document, layer = context.documents.current, active(context)
    if document is None or layer is None:
        return False
    place = document.layers.place_of(layer)
    return 0 <= place.index + step < len(document.layers.siblings(place.group))


def can_merge_down(context: AppContext) -> bool:
    return can_move(-1, context)


def _move(step: int) -> Callable[[AppContext], None]:
    def run(context: AppContext) -> None:
        document, layer = current(context), _layer(context)
        place = document.layers.place_of(layer)
        document.move_layer(layer, Place(place.group, place.index + step))

    return run


def _can_move(step: int) -> Callable[[AppContext], bool]:
    return lambda context: can_move(step, context)


def _layer(context: AppContext) -> Layer:
    layer = active(context)
    assert layer is not None
    return layer


def _with_layer(do: Callable[[Document, Layer], Any]) -> Callable[[AppContext], None]:
    return lambda context: do(current(context), _layer(context))


def _flip(*, horizontal: bool) -> Callable[[AppContext], None]:
    def run(context: AppContext) -> None:
        document = current(context)
        operations.flip_layer(document, _changeable(context), horizontal=horizontal)

    return run


def _turn(degrees: Literal[90, 180, 270]) -> Callable[[AppContext], None]:
    return lambda context: operations.turn_layer(current(context), _changeable(context), degrees)


def _changeable(context: AppContext) -> Layer:
    """The active layer; raises UserError when it is locked."""
    layer = _layer(context)
    if layer.locked:
        raise UserError(
            tr("“{name}” is locked").format(name=layer.name), "", tr("Unlock it in the Layers panel first.")
        )
    return layer


def merge_down(context: AppContext) -> None:
    document, chosen = current(context), _layer(context).id

    def change(copy: Document) -> None:
        layer = copy.layers.find(chosen)
        assert layer is not None
        operations.merge_down(copy, layer)

    context.edits.do(document, tr("Merge down"), change)


def apply_transform(context: AppContext) -> None:
    document, chosen = current(context), _changeable(context).id

    def change(copy: Document) -> None:
        layer = copy.layers.find(chosen)
        assert layer is not None
        operations.apply_transform(copy, layer)

    context.edits.do(document, tr("Apply transform"), change)


def is_transformed(context: AppContext) -> bool:
    layer = active(context)
    return layer is not None and not layer.is_group and layer.transform != IDENTITY


def merge_visible(context: AppContext) -> None:
    context.edits.do(current(context), tr("Merge visible"), operations.merge_visible)


def _spec(name: str, text: str, keys: str, run: Callable[[AppContext], object], **more: Any) -> ActionSpec:
    menu = more.pop("menu", "Layer")
    return ActionSpec(f"layer.{name}", text, keys, menu, run, **{"enabled": has_layer, **more})


ACTIONS: Final = (
    _spec(
        "add",
        "New layer",
        "Ctrl+Shift+N",
        add,
        icon="layers-plus",
        enabled=lambda context: context.documents.current is not None,
    ),
    _spec(
        "duplicate", "Duplicate", "Ctrl+J", _with_layer(operations.duplicate_layer), icon="content-duplicate"
    ),
    _spec(
        "delete",
        "Delete",
        "Shift+Del",
        _with_layer(lambda document, layer: document.remove_layer(layer)),
        enabled=can_delete,
        icon="trash-can-outline",
    ),
    _spec(
        "group",
        "Group",
        "Ctrl+G",
        _with_layer(lambda document, layer: operations.group_layers(document, [layer])),
        separator=True,
        icon="folder-outline",
    ),
    _spec("ungroup", "Ungroup", "Ctrl+Shift+G", _with_layer(operations.ungroup), enabled=has_group),
    _spec("turn_right", "90° clockwise", "", _turn(90), menu="Layer/Turn", icon="rotate-right"),
    _spec("turn_left", "90° counter-clockwise", "", _turn(270), menu="Layer/Turn", icon="rotate-left"),
    _spec("turn_half", "180°", "", _turn(180), menu="Layer/Turn"),
    _spec(
        "flip_horizontal",
        "Left and right",
        "",
        _flip(horizontal=True),
        menu="Layer/Flip",
        icon="flip-horizontal",
        help="Mirror the layer left and right, in its place.",
    ),
    _spec(
        "flip_vertical",
        "Top and bottom",
        "",
        _flip(horizontal=False),
        menu="Layer/Flip",
        icon="flip-vertical",
        help="Mirror the layer top and bottom, in its place.",
    ),
    _spec("up", "Move up", "Ctrl+]", _move(1), enabled=_can_move(1), separator=True),
    _spec("down", "Move down", "Ctrl+[", _move(-1), enabled=_can_move(-1)),
    _spec(
        "apply_transform",
        "Apply transform",
        "",
        apply_transform,
        enabled=is_transformed,
        help="Resample the layer as it is shown, so that it can be painted on.",
    ),
    _spec(
        "mask_add",
        "Add",
        "",
        add_mask,
        menu="Layer/Mask",
        enabled=can_have_mask,
        help="Hide all but the selection, without losing a pixel.",
    ),
    _spec(
        "mask_apply",
        "Apply",
        "",
        _with_layer(operations.apply_mask),
        menu="Layer/Mask",
        enabled=has_mask,
        help="Make what the mask hides transparent, and drop the mask.",
    ),
    _spec(
        "mask_delete", "Delete", "", _with_layer(operations.delete_mask), menu="Layer/Mask", enabled=has_mask
    ),
    _spec(
        "mask_to_selection",
        "To selection",
        "",
        _with_layer(operations.mask_to_selection),
        menu="Layer/Mask",
        enabled=has_mask,
    ),
    _spec("to_selection", "Select its pixels", "", _with_layer(selecting.select_layer)),
    _spec(
        "merge_down",
        "Merge down",
        "Ctrl+E",
        merge_down,
        enabled=can_merge_down,
        separator=True,
    ),
    _spec(
        "merge_visible",
        "Merge visible",
        "Ctrl+Shift+E",
        merge_visible,
    ),
)
