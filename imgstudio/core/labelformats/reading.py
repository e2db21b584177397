"""What all readers of label files share: JSON and numbers that nobody has checked yet."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.labels import Ring
from imgstudio.core.paths import file_errors

FARTHEST = 1e6
"""Pixels from the origin beyond which a point is nonsense."""


def json_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; raises UserError."""
    with file_errors(path):
        data = path.read_bytes()
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path.name} cannot be read",
            f"It is no valid JSON: {error}.",
            "Export the labels again from the program that made them.",
        ) from error
    if not isinstance(value, dict):
        raise UserError(f"{path.name} holds no labels", "It is JSON of another kind.", "Choose another file.")
    return value


def objects(value: Any) -> list[dict[str, Any]]:
    """The JSON objects of a list; anything else counts as none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def whole(value: Any) -> int:
    """A whole number >= 0; 0 for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and math.isfinite(value) and 0 <= value < FARTHEST else 0


def ring(points: Any) -> Ring:
    """(n, 2) points from a list of pairs or of alternating x, y; raises ValueError."""
    try:
        values = np.asarray(points, np.float64)
    except TypeError as error:
        raise ValueError("the points are not numbers") from error
    if values.size % 2 or not values.size:
        raise ValueError("a point lacks a coordinate")
    values = values.reshape(-1, 2)
    if not np.isfinite(values).all() or (np.abs(values) > FARTHEST).any():
        raise ValueError("a point lies far outside the picture")
    return values


def begins_with(path: Path, *words: bytes, most: int = 1 << 16) -> bool:
    """Whether one of the words stands near the beginning (or the end) of a file; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(most)
            file.seek(-min(most, path.stat().st_size), 2)
            tail = file.read(most)
    except OSError:
        return False
    return any(word in head or word in tail for word in words)


def some_files(path: Path, found: Sequence[Path], kind: str) -> Sequence[Path]:
    """The files of a format in what a person chose; raises UserError where there are none."""
    if not found:
        raise UserError(
            f"“{path.name or path}” holds no {kind} labels",
            f"No file of that format is at {path}.",
            "Choose the folder or the file that was exported.",
        )
    return found


def files_of(path: Path, suffix: str) -> list[Path]:
    """The file itself, or all files of a folder (and below) with that suffix, hidden ones apart."""
    if path.is_file():
        return [path] if path.suffix.lower() == suffix else []
    found = []
    for place, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in names if name.lower().endswith(suffix) and name[0] != "."]
    return sorted(found)
