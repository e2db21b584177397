"""Commands on whole documents: plain functions, each of which is exactly one undo step."""

from __future__ import annotations

from imgstudio.core.layering import (
    duplicate_layer,
    flatten_image,
    group_layers,
    merge_down,
    merge_visible,
    ungroup,
)
from imgstudio.core.masking import (
    add_layer_mask,
    apply_mask,
    clear_selection_pixels,
    copy_merged,
    copy_pixels,
    cut_pixels,
    delete_mask,
    fill_selection,
    layer_from_pixels,
    mask_to_selection,
    selection_in_layer,
)
from imgstudio.core.recolouring import assign_profile, convert_depth, convert_to_profile
from imgstudio.core.reshaping import crop, flip, resize_canvas, resize_image, rotate, straighten
from imgstudio.core.transforming import apply_transform, flip_layer, turn_layer

__all__ = [
    "add_layer_mask",
    "apply_mask",
    "apply_transform",
    "assign_profile",
    "clear_selection_pixels",
    "convert_depth",
    "convert_to_profile",
    "copy_merged",
    "copy_pixels",
    "crop",
    "cut_pixels",
    "delete_mask",
    "duplicate_layer",
    "fill_selection",
    "flatten_image",
    "flip",
    "flip_layer",
    "group_layers",
    "layer_from_pixels",
    "mask_to_selection",
    "merge_down",
    "merge_visible",
    "resize_canvas",
    "resize_image",
    "rotate",
    "selection_in_layer",
    "straighten",
    "turn_layer",
    "ungroup",
]
