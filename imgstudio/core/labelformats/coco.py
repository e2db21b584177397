"""Read COCO JSON: polygons and run lengths, plain or packed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.labelformats.reading import json_object, objects, ring, whole
from imgstudio.core.labelformats.runs import patch_of_runs, unpacked
from imgstudio.core.labels import (
    LabelClass,
    LabelledImage,
    LabelProject,
    Outline,
    Patch,
    Region,
    class_colour,
)

_LARGEST = 400_000_000
"""Pixels of a picture; a larger one in the file is a mistake or an attack."""


def is_coco(values: Mapping[str, Any]) -> bool:
    return isinstance(values.get("images"), list) and isinstance(values.get("annotations"), list)


def read_coco(path: Path) -> LabelProject:
    """All pictures of a COCO file, also those without labels; what cannot be read is noted.

    Within a picture the larger regions come first, so that small ones lie on top. Classes keep the order of
    their COCO ids and count from 1. Raises UserError.
    """
    values = json_object(path)
    if not is_coco(values):
        raise UserError(
            f"{path.name} holds no COCO labels",
            "It lists no pictures and annotations.",
            "Choose another file.",
        )
    names = _names(values)
    by_picture: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for annotation in objects(values["annotations"]):
        by_picture[_key(annotation.get("image_id"))].append(annotation)
    notes = list[str]()
    images = tuple(
        _image(entry, by_picture[_key(entry.get("id"))], names, notes, path.parent)
        for entry in objects(values["images"])
        if isinstance(entry.get("file_name"), str)
    )
    return LabelProject(_classes(names, values), images, tuple(notes))


def _key(value: Any) -> Any:
    return value if isinstance(value, int | str) else None


def _names(values: Mapping[str, Any]) -> dict[Any, str]:
    """Category id -> name, in the order of the ids."""
    entries = [entry for entry in objects(values.get("categories")) if isinstance(entry.get("name"), str)]
    entries.sort(key=lambda entry: (whole(entry.get("id")), str(entry["name"])))
    return {_key(entry.get("id")): str(entry["name"]) for entry in entries}


def _classes(names: Mapping[Any, str], values: Mapping[str, Any]) -> tuple[LabelClass, ...]:
    colours = {entry.get("name"): entry.get("color") for entry in objects(values.get("categories"))}
    return tuple(
        LabelClass(
            value, name, _colour(colours[name]) or class_colour(value), str(value) if value < 10 else ""
        )
        for value, name in enumerate(dict.fromkeys(names.values()), start=1)
    )


def _colour(stored: Any) -> tuple[int, int, int] | None:
    if (
        isinstance(stored, list)
        and len(stored) == 3
        and all(isinstance(n, int) and 0 <= n < 256 for n in stored)
    ):
        return (stored[0], stored[1], stored[2])
    return None


def _image(
    entry: Mapping[str, Any],
    annotations: list[dict[str, Any]],
    names: Mapping[Any, str],
    notes: list[str],
    folder: Path,
) -> LabelledImage:
    width, height = whole(entry.get("width")), whole(entry.get("height"))
    regions = list[tuple[float, Region]]()
    for annotation in annotations:
        try:
            region = _region(annotation, names, width, height)
        except ValueError as problem:
            notes.append(f"Label {annotation.get('id')} of {entry['file_name']} was left out: {problem}.")
            continue
        box = region.shape.bounds()
        regions.append((box.width * box.height, region))
    regions.sort(key=lambda item: -item[0])
    ordered = tuple(region for _, region in regions)
    return LabelledImage(folder / str(entry["file_name"]), width, height, ordered)


def _region(annotation: Mapping[str, Any], names: Mapping[Any, str], width: int, height: int) -> Region:
    label = names.get(_key(annotation.get("category_id")))
    if label is None:
        raise ValueError("its category is not listed")
    stored = annotation.get("segmentation")
    number = annotation.get("id")
    return Region(
        label,
        _box(annotation) if not stored else _shape(stored, width, height),
        number if isinstance(number, int) else None,
        is_crowd=bool(annotation.get("iscrowd")),
        is_box=not stored,
    )


def _shape(stored: Any, width: int, height: int) -> Outline | Patch:
    if isinstance(stored, dict):
        return _patch(stored, width, height)
    if not isinstance(stored, list):
        raise ValueError("its outline is of an unknown kind")  # noqa: TRY004 - a fault of the file
    rings = [ring(points) for points in (stored if isinstance(stored[0], list) else [stored])]
    usable = tuple(points for points in rings if len(points) >= 3)
    if not usable:
        raise ValueError("its outline has fewer than three points")
    return Outline(usable)


def _patch(stored: Mapping[str, Any], width: int, height: int) -> Patch:
    size, counts = stored.get("size"), stored.get("counts")
    rows, columns = (whole(n) for n in size) if isinstance(size, list) and len(size) == 2 else (height, width)
    if not 0 < rows * columns <= _LARGEST:
        raise ValueError("its run lengths tell no usable size")
    if isinstance(counts, str):
        counts = unpacked(counts)
    if not isinstance(counts, list) or not all(isinstance(count, int) for count in counts):
        raise ValueError("its run lengths are not numbers")
    return patch_of_runs(counts, rows, columns)


def _box(annotation: Mapping[str, Any]) -> Outline:
    corners = ring(annotation.get("bbox"))
    if len(corners) != 2:
        raise ValueError("it has neither outline nor box")
    (left, top), (width, height) = corners
    right, bottom = left + width, top + height
    return Outline((np.array([[left, top], [right, top], [right, bottom], [left, bottom]]),))
