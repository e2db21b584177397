"""What can be done with the selection; every function here is one undo step."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np

from imgstudio.core import coverage as shapes
from imgstudio.core.blend import render_layer
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import to_depth
from imgstudio.core.selection import Coverage

Mode = Literal["new", "add", "subtract", "intersect"]

_STRIP: Final = 1024
"""Rows handled at once where the whole document is meant."""


def combine(document: Document, coverage: Coverage, rect: Rect, mode: Mode, label: str = "Select") -> None:
    """Join (height, width) coverage lying at `rect` with the selection.

    Add takes the larger value, intersect the smaller, subtract intersects with the inverse: exact on
    soft edges. Subtracting from no selection leaves none.
    """
    inside = rect.intersect(document.bounds)
    given = coverage[inside.translated(-rect.x, -rect.y).slices()]
    if mode in ("new", "intersect"):
        kept = given if mode == "new" else np.minimum(document.selection.read(inside), given)
        _replace(document, inside, kept, label)
        return
    if mode == "subtract":
        inside = inside.intersect(document.selection.bounds())
        given = coverage[inside.translated(-rect.x, -rect.y).slices()]
    present = document.selection.read(inside)
    joined = np.maximum(present, given) if mode == "add" else np.minimum(present, 255 - given)
    _write(document, inside, joined, label)


def select_all(document: Document) -> None:
    _mapped(document, lambda part: np.full_like(part, 255), "Select all")


def deselect(document: Document) -> None:
    """Select nothing, so that edits act everywhere."""
    if not document.selection.is_empty:
        with document.editing(document.selection.store, "Deselect") as edit:
            edit.touch(edit.store.clear())


def invert(document: Document) -> None:
    """Select what is not; with no selection this selects everything."""
    _mapped(document, lambda part: np.asarray(255 - part, np.uint8), "Invert selection")


def grow(document: Document, radius: int) -> None:
    """Move the edge outwards by `radius` pixels."""
    _reshape(document, radius + 1, lambda part: shapes.grown(part, radius), "Grow selection")


def shrink(document: Document, radius: int) -> None:
    """Move the edge inwards; the document's border does not count as an edge."""
    _reshape(document, 1, lambda part: shapes.shrunk(part, radius), "Shrink selection")


def feather(document: Document, radius: float) -> None:
    """Fade the edge over about `radius` pixels to each side."""
    _reshape(document, ceil(2 * radius), lambda part: shapes.feathered(part, radius), "Feather selection")


def smooth(document: Document, radius: float) -> None:
    """Round the outline off."""
    _reshape(document, ceil(2 * radius), lambda part: shapes.smoothed(part, radius), "Smooth selection")


def border(document: Document, width: int) -> None:
    """Select a band of `width` pixels along the edge."""
    outside, inside = width - width // 2, width // 2

    def band(part: Coverage) -> Coverage:
        return np.minimum(shapes.grown(part, outside), 255 - shapes.shrunk(part, inside))

    _reshape(document, outside + 1, band, "Select border")


def fill_holes(document: Document) -> None:
    """Select what the selection encloses."""
    _reshape(document, 1, shapes.without_holes, "Fill holes")


def remove_islands(document: Document, least: int) -> None:
    """Drop separate parts of fewer than `least` pixels."""
    _reshape(document, 1, lambda part: shapes.without_islands(part, least), "Remove islands")


def select_layer(document: Document, layer: Layer, mode: Mode = "new") -> None:
    """Select where a layer shows: its alpha with its mask, at any transform."""
    rect = layer.bounds().intersect(document.bounds)
    alpha = np.empty((rect.height, rect.width), np.uint8)
    for top in range(0, rect.height, _STRIP):
        strip = Rect(rect.x, rect.y + top, rect.width, min(_STRIP, rect.height - top))
        plane = render_layer(layer, strip, document.dtype)[..., 3]
        alpha[top : top + strip.height] = to_depth(np.ascontiguousarray(plane), np.uint8)
    combine(document, alpha, rect, mode, f"Select “{layer.name}”")


def save_selection(document: Document, path: Path) -> None:
    """Write the selection as a grey PNG of the document's size. Raises UserError."""
    encoded, data = cv2.imencode(".png", document.selection.read(document.bounds))
    assert encoded
    draft = path.with_name(path.name + ".draft")
    try:
        draft.write_bytes(data.tobytes())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UserError("The selection was not saved", str(error), "Choose another place") from error


def load_selection(document: Document, path: Path, mode: Mode = "new") -> None:
    """Read a grey picture of the document's size as the selection. Raises UserError."""
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise UserError("The selection was not read", str(error), "Choose another file") from error
    read = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    if read is None:
        raise UserError(f"“{path.name}” is not a picture", "", "Choose a PNG file")
    height, width = read.shape[:2]
    bounds = document.bounds
    if (width, height) != (bounds.width, bounds.height):
        raise UserError(
            "The selection has another size than the picture",
            f"It is {width} x {height}, the picture {bounds.width} x {bounds.height}",
            "Choose a selection that was saved from this picture",
        )
    combine(document, np.asarray(read, np.uint8), bounds, mode, "Load selection")


def _reshape(document: Document, margin: int, change: Callable[[Coverage], Coverage], label: str) -> None:
    """Apply a shape operation to the selected box and what lies `margin` around it."""
    bounds = document.selection.bounds()
    if not bounds.is_empty:
        rect = bounds.expanded(margin).intersect(document.bounds)
        _write(document, rect, change(document.selection.read(rect)), label)


def _mapped(document: Document, change: Callable[[Coverage], Coverage], label: str) -> None:
    """Apply a pixelwise operation to the whole document."""
    whole = document.bounds
    with document.editing(document.selection.store, label) as edit:
        for top in range(0, whole.height, _STRIP):
            strip = Rect(0, top, whole.width, min(_STRIP, whole.height - top))
            edit.store.write(strip, change(document.selection.read(strip))[..., None])
        edit.touch(whole)


def _write(document: Document, rect: Rect, coverage: Coverage, label: str) -> None:
    with document.editing(document.selection.store, label) as edit:
        edit.store.write(rect, coverage[..., None])
        edit.touch(rect)


def _replace(document: Document, rect: Rect, coverage: Coverage, label: str) -> None:
    """Select exactly `coverage`; what lies outside `rect` is no longer selected."""
    with document.editing(document.selection.store, label) as edit:
        dropped = edit.store.clear()
        edit.store.write(rect, coverage[..., None])
        edit.touch(dropped.united(rect))
