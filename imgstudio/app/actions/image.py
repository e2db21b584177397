"""The Image menu: what concerns the whole picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np

from imgstudio.app.actions.file import current
from imgstudio.app.actions.select import has_selection
from imgstudio.app.actions.spec import ActionSpec, with_document
from imgstudio.app.context import AppContext
from imgstudio.app.i18n import tr
from imgstudio.core import operations
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import IDENTITY
from imgstudio.core.imageformats import icc
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.core.params import Number, Picture, Ui, from_json
from imgstudio.filters.base import Filter
from imgstudio.filters.resizing import capture_size, commit_size

LARGEST_SIDE: Final = 60_000
ANCHORS: Final = {"left": 0.0, "top": 0.0, "centre": 0.5, "right": 1.0, "bottom": 1.0}


@dataclass(frozen=True)
class NewSize:
    """Size of the picture; the other side follows while the proportion is kept."""

    width: Annotated[int, Number(1, LARGEST_SIDE, soft_max=8000, unit="px")] = 1
    height: Annotated[int, Number(1, LARGEST_SIDE, soft_max=8000, unit="px")] = 1
    keep_proportion: Annotated[bool, Ui(label="Keep the proportion of width and height")] = True

    def adjusted(self, before: NewSize) -> NewSize:
        """What the form shows after an edit of `before` made this."""
        if not self.keep_proportion or before.width < 1 or before.height < 1:
            return self
        if self.width != before.width:
            return replace(self, height=_side(self.width * before.height / before.width))
        if self.height != before.height:
            return replace(self, width=_side(self.height * before.width / before.height))
        return self


@dataclass(frozen=True)
class NewCanvas:
    """Size of the canvas, and where the picture stays in it."""

    width: Annotated[int, Number(1, LARGEST_SIDE, soft_max=8000, unit="px")] = 1
    height: Annotated[int, Number(1, LARGEST_SIDE, soft_max=8000, unit="px")] = 1
    across: Annotated[Literal["left", "centre", "right"], Ui(label="Keep across")] = "centre"
    down: Annotated[Literal["top", "centre", "bottom"], Ui(label="Keep down")] = "centre"


@dataclass(frozen=True)
class ProfileChoice:
    """A colour profile: sRGB, or a file."""

    profile: Annotated[Path | None, Picture((".icc", ".icm")), Ui(help="An .icc file; none means sRGB.")] = (
        None
    )


def crop_to_selection(context: AppContext) -> None:
    document = current(context)
    operations.crop(document, document.selection.bounds())


def resize(context: AppContext) -> None:
    document = current(context)
    size = NewSize(document.bounds.width, document.bounds.height)
    asked = context.ask.form(tr("Resize picture"), size, accept=tr("Resize"))
    if asked is not None and (asked.width, asked.height) != (size.width, size.height):
        context.edits.do_long(document, tr("Resize picture"), partial(_resize, context, asked))


def _resize(context: AppContext, asked: NewSize, document: Document, progress: Progress) -> None:
    """By the filter; layers that are placed freely keep their own pixels and what lies outside."""
    item = context.filters.find("resize")
    if not isinstance(item, Filter) or not all(
        _fills_only(layer, document) for layer in document.layers.all()
    ):
        operations.resize_image(document, asked.width, asked.height)
        return
    params = from_json(item.params, {"unit": "pixels", "width": asked.width, "height": asked.height})
    commit_size(document, capture_size(document, item, params).run(progress), tr("Resize picture"))


def _fills_only(layer: Layer, document: Document) -> bool:
    """Whether nothing of a layer lies outside the picture and no resampling is put off."""
    inside = layer.pixels.content_bounds()
    return layer.is_group or (layer.transform == IDENTITY and inside.intersect(document.bounds) == inside)


def canvas_size(context: AppContext) -> None:
    document = current(context)
    bounds = document.bounds
    asked = context.ask.form(tr("Canvas size"), NewCanvas(bounds.width, bounds.height), accept=tr("Change"))
    if asked is not None:
        anchor = (ANCHORS[asked.across], ANCHORS[asked.down])
        operations.resize_canvas(document, asked.width, asked.height, anchor=anchor)


def flatten(context: AppContext) -> None:
    context.edits.do(current(context), tr("Flatten"), operations.flatten_image)


def assign_profile(context: AppContext) -> None:
    _with_profile(
        context,
        tr("Assign profile"),
        operations.assign_profile,
        tr("The colours look different, the numbers stay."),
    )


def convert_profile(context: AppContext) -> None:
    _with_profile(
        context,
        tr("Convert to profile"),
        operations.convert_to_profile,
        tr("The colours look the same, the numbers change."),
    )


def _with_profile(
    context: AppContext, title: str, do: Callable[[Document, bytes | None], None], note: str
) -> None:
    asked = context.ask.form(title, ProfileChoice(), note=note)
    if asked is not None:
        profile = _profile(asked.profile)
        context.edits.do(current(context), title, lambda document: do(document, profile))


def _profile(path: Path | None) -> bytes | None:
    """The bytes of a profile file; None for sRGB. Raises UserError."""
    if path is None:
        return None
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            tr("The profile could not be read"), str(error), tr("Choose another file.")
        ) from error
    if not icc.is_sane(data):
        raise UserError(
            tr("“{name}” is not a colour profile").format(name=path.name), "", tr("Choose an .icc file.")
        )
    return data


def _side(length: float) -> int:
    return max(1, min(LARGEST_SIDE, round(length)))


def _depth(dtype: type[np.uint8 | np.uint16]) -> Callable[[AppContext], None]:
    return lambda context: context.edits.do(
        current(context), tr("Change depth"), lambda document: operations.convert_depth(document, dtype)
    )


def _has_depth(dtype: type[np.uint8 | np.uint16]) -> Callable[[AppContext], bool]:
    def checked(context: AppContext) -> bool:
        document = context.documents.current
        return document is not None and document.dtype == dtype

    return checked


def _turn(degrees: Literal[90, 180, 270]) -> Callable[[AppContext], None]:
    return lambda context: context.edits.do(
        current(context), tr("Turn"), lambda document: operations.rotate(document, degrees)
    )


def _flip(*, horizontal: bool) -> Callable[[AppContext], None]:
    return lambda context: context.edits.do(
        current(context), tr("Flip"), lambda document: operations.flip(document, horizontal=horizontal)
    )


def _spec(name: str, text: str, keys: str, run: Callable[[AppContext], object], **more: Any) -> ActionSpec:
    menu = more.pop("menu", "Image")
    return ActionSpec(f"image.{name}", text, keys, menu, run, **{"enabled": with_document, **more})


ACTIONS: Final = (
    _spec("crop", "Crop to selection", "", crop_to_selection, enabled=has_selection, icon="crop"),
    _spec("resize", "Resize…", "Ctrl+Alt+I", resize, help="Change the number of pixels."),
    _spec(
        "canvas_size", "Canvas size…", "Ctrl+Alt+C", canvas_size, help="Add or cut room around the picture."
    ),
    _spec("turn_right", "90° clockwise", "", _turn(90), menu="Image/Turn", icon="rotate-right"),
    _spec("turn_left", "90° counter-clockwise", "", _turn(270), menu="Image/Turn", icon="rotate-left"),
    _spec("turn_half", "180°", "", _turn(180), menu="Image/Turn"),
    _spec(
        "flip_horizontal",
        "Left and right",
        "",
        _flip(horizontal=True),
        menu="Image/Flip",
        icon="flip-horizontal",
    ),
    _spec(
        "flip_vertical",
        "Top and bottom",
        "",
        _flip(horizontal=False),
        menu="Image/Flip",
        icon="flip-vertical",
    ),
    _spec(
        "depth_8", "8 bit per channel", "", _depth(np.uint8), menu="Image/Depth", checked=_has_depth(np.uint8)
    ),
    _spec(
        "depth_16",
        "16 bit per channel",
        "",
        _depth(np.uint16),
        menu="Image/Depth",
        checked=_has_depth(np.uint16),
        help="Smooth gradients stay smooth, at twice the memory.",
    ),
    _spec(
        "assign_profile",
        "Assign…",
        "",
        assign_profile,
        menu="Image/Colour profile",
        help="The numbers stay, the colours look different.",
    ),
    _spec(
        "convert_profile",
        "Convert…",
        "",
        convert_profile,
        menu="Image/Colour profile",
        help="The colours stay, the numbers change.",
    ),
    _spec(
        "flatten",
        "Flatten",
        "",
        flatten,
        separator=True,
        help="All layers become one.",
    ),
)
