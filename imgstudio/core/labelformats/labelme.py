"""Read labelme JSON: polygons, rectangles, circles, painted masks and points."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Callable, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any, Final

import numpy as np
from PIL import Image

from imgstudio.core.imageformats.guard import Damaged, guarded
from imgstudio.core.labelformats.reading import json_object, objects, ring, whole
from imgstudio.core.labels import LabelledImage, Mark, Outline, Patch, Region, Shape

IGNORED_LABEL: Final = "__ignore__"
"""Label of places that count neither way."""
BACKGROUND_LABEL: Final = "_background_"
_CIRCLE_POINTS: Final = 96


def is_labelme(values: Mapping[str, Any]) -> bool:
    return isinstance(values.get("shapes"), list)


def read_labelme(path: Path) -> LabelledImage:
    """Labels of one picture. Shapes that cannot be read are left out with a note; raises UserError."""
    values = json_object(path)
    regions, marks, notes = list[Region](), list[Mark](), list[str]()
    for number, shape in enumerate(objects(values.get("shapes")), start=1):
        try:
            marks += _marks(shape)
            regions += _regions(shape)
        except ValueError as problem:
            notes.append(f"Shape {number} of {path.name} was left out: {problem}.")
    return LabelledImage(
        path=path.parent / _picture_name(values, path),
        width=whole(values.get("imageWidth")),
        height=whole(values.get("imageHeight")),
        regions=tuple(regions),
        marks=tuple(marks),
        notes=tuple(notes),
    )


def _picture_name(values: Mapping[str, Any], path: Path) -> Path:
    name = values.get("imagePath")
    # written on Windows, read anywhere
    return Path(PureWindowsPath(name).as_posix()) if isinstance(name, str) and name else Path(path.stem)


def _marks(shape: Mapping[str, Any]) -> list[Mark]:
    if shape.get("shape_type") not in ("point", "points"):
        return []
    return [Mark(_label(shape), float(x), float(y)) for x, y in ring(shape.get("points"))]


def _regions(shape: Mapping[str, Any]) -> list[Region]:
    kind = shape.get("shape_type") or "polygon"
    if kind in ("point", "points"):
        return []
    make = _SHAPES.get(kind)
    if make is None:
        raise ValueError(f"“{kind}” has no area")
    group = shape.get("group_id")
    number = group if isinstance(group, int) and not isinstance(group, bool) else None
    return [Region(_label(shape), make(shape), number, is_box=kind == "rectangle")]


def _label(shape: Mapping[str, Any]) -> str:
    label = shape.get("label")
    if not isinstance(label, str) or not label.strip():
        raise ValueError("it has no label")
    return label.strip()


def _polygon(shape: Mapping[str, Any]) -> Shape:
    points = ring(shape.get("points"))
    if len(points) < 3:
        raise ValueError("it has fewer than three points")
    return Outline((points,))


def _rectangle(shape: Mapping[str, Any]) -> Shape:
    (left, top), (right, bottom) = _two(shape)
    return Outline((np.array([[left, top], [right, top], [right, bottom], [left, bottom]]),))


def _circle(shape: Mapping[str, Any]) -> Shape:
    (x, y), (edge_x, edge_y) = _two(shape)
    angles = np.arange(_CIRCLE_POINTS) * (2 * np.pi / _CIRCLE_POINTS)
    # a polygon through the circle lacks a little area: stretch it to the true one
    step = 2 * np.pi / _CIRCLE_POINTS
    radius = np.hypot(edge_x - x, edge_y - y) * np.sqrt(step / np.sin(step))
    return Outline((np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], 1),))


def _two(shape: Mapping[str, Any]) -> tuple[tuple[float, float], tuple[float, float]]:
    points = ring(shape.get("points"))
    if len(points) < 2:
        raise ValueError("it has fewer than two points")
    first, last = points.min(0), points.max(0)
    if shape.get("shape_type") == "circle":
        first, last = points[0], points[1]
    return (float(first[0]), float(first[1])), (float(last[0]), float(last[1]))


def _mask(shape: Mapping[str, Any]) -> Shape:
    (left, top), _ = _two(shape)
    text = shape.get("mask")
    try:
        data = base64.b64decode(text if isinstance(text, str) else "", validate=True)
        pixels = guarded(lambda: np.asarray(Image.open(io.BytesIO(data)).convert("L")))
    except (binascii.Error, Damaged) as error:
        raise ValueError("its painted mask is damaged") from error
    return Patch(round(left), round(top), pixels > 0)


_SHAPES: Final[Mapping[str, Callable[[Mapping[str, Any]], Shape]]] = {
    "polygon": _polygon,
    "rectangle": _rectangle,
    "circle": _circle,
    "mask": _mask,
}
