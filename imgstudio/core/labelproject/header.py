"""The file project.json, and where a project keeps the files of a picture."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from imgstudio.core.errors import UserError
from imgstudio.core.labels import BACKGROUND, UNSEEN, LabelClass, class_colour
from imgstudio.core.paths import Contents, ensured, file_errors, write_atomically

FILE: Final = "project.json"
FORMAT: Final = "imgstudio-labels"
VERSION: Final = 1
LABELS, OBJECTS, ENTRIES, PREDICTIONS = "labels", "objects", "entries", "predictions"
FOLDERS: Final = (LABELS, OBJECTS, ENTRIES, PREDICTIONS)
"""Folders of a project: what lies in them is never taken for a picture."""
_LONGEST: Final = 240
"""Bytes of a file's name, so that suffixes still fit into the 255 that file systems allow."""
_KEPT: Final = 160


def read_header(path: Path) -> dict[str, Any]:
    """What a project.json holds; raises UserError, also for one of a newer version."""
    with file_errors(path):
        data = path.read_bytes()
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"The project {path.parent.name} cannot be opened",
            f"Its {FILE} is no valid JSON: {error}.",
            "Take an older copy of that file; labels lie in files of their own and are not touched.",
        ) from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise UserError(
            f"{path.parent.name} is no label project",
            f"Its {FILE} belongs to another program.",
            "Choose another folder.",
        )
    version = values.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise UserError(
            f"The project {path.parent.name} cannot be opened",
            f"It was made by a newer version of the program (format {version}; this one knows {VERSION}).",
            "Update the program.",
        )
    return values


def is_header(path: Path) -> bool:
    """Whether a file is the project.json of a label project, whatever its version."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(values, dict) and values.get("format") == FORMAT


def classes_from_json(stored: Any) -> tuple[tuple[LabelClass, ...], list[str]]:
    """Classes in the order of their values, and problems as sentences."""
    classes, problems = dict[int, LabelClass](), list[str]()
    for number, entry in enumerate(stored if isinstance(stored, list) else [], start=1):
        value, name = (entry.get("value"), entry.get("name")) if isinstance(entry, dict) else (None, None)
        if not isinstance(value, int) or not BACKGROUND < value < UNSEEN or not isinstance(name, str):
            problems.append(
                f"Class {number} in {FILE} has no name, or no value from 1 to 254; it is left out."
            )
        elif value in classes:
            problems.append(
                f"The class “{name}” in {FILE} has the value of “{classes[value].name}”; it is left out."
            )
        else:
            key = entry.get("key")
            colour = _colour(entry.get("colour")) or class_colour(value)
            classes[value] = LabelClass(value, clean_name(name), colour, key if isinstance(key, str) else "")
    return tuple(classes[value] for value in sorted(classes)), problems


def _colour(stored: Any) -> tuple[int, int, int] | None:
    if (
        isinstance(stored, list)
        and len(stored) == 3
        and all(isinstance(n, int) and 0 <= n < 256 for n in stored)
    ):
        return (stored[0], stored[1], stored[2])
    return None


def classes_to_json(classes: Iterable[LabelClass]) -> list[dict[str, Any]]:
    return [
        {"value": known.value, "name": known.name, "colour": list(known.colour), "key": known.key}
        for known in classes
    ]


def in_order(classes: Iterable[LabelClass]) -> tuple[LabelClass, ...]:
    """Classes by value; raises UserError where two share a value or a name, or one has none."""
    cleaned = (replace(known, name=clean_name(known.name)) for known in classes)
    ordered = tuple(sorted(cleaned, key=lambda known: known.value))
    for known in ordered:
        if not BACKGROUND < known.value < UNSEEN:
            raise UserError(f"A class cannot have the value {known.value}", "", "Values go from 1 to 254")
        if not known.name:
            raise UserError("A class has no name", "", "Give each class a name")
    for what, told in (("value", [str(k.value) for k in ordered]), ("name", [k.name for k in ordered])):
        twice = next((item for item in told if told.count(item) > 1), None)
        if twice is not None:
            raise UserError(f"Two classes have the {what} “{twice}”", "", "Give each class its own")
    return ordered


def clean_name(name: str) -> str:
    """A class name on one line, without characters that cannot be shown."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


def told_pictures(project: Path, pictures: Path) -> str:
    """The folder of pictures as project.json tells it: relative where both move together."""
    project, pictures = project.resolve(), pictures.resolve()
    if pictures == project or project in pictures.parents or project.parent in pictures.parents:
        return PurePosixPath(Path(os.path.relpath(pictures, project)).as_posix()).as_posix()
    return str(pictures)


def stored_name(name: str) -> str:
    """Path of a picture's files below their folder, without the last suffix; names too long are cut and hashed."""
    folder, _, last = name.rpartition("/")
    if len(last.encode()) <= _LONGEST:
        return name
    kept = last.encode()[:_KEPT].decode("utf-8", "ignore")
    short = f"{kept}~{hashlib.sha256(last.encode()).hexdigest()[:16]}"
    return f"{folder}/{short}" if folder else short


def place(project: Path, kind: str, name: str, suffix: str = ".png") -> Path:
    """Where a project keeps a file of a picture; `kind` is one of its folders."""
    return project / kind / f"{stored_name(name)}{suffix}"


def put(path: Path, contents: Contents) -> None:
    """Write a file, and its folder where it is missing; raises UserError."""
    ensured(path.parent)
    write_atomically(path, contents)


def files_below(folder: Path, suffix: str) -> set[str]:
    """POSIX paths below a folder of all files that end in `suffix`, without it; none where there is no folder."""
    found = set[str]()
    waiting = [("", str(folder))]
    while waiting:
        prefix, place = waiting.pop()
        try:
            with os.scandir(place) as items:
                for item in items:
                    if item.name.startswith("."):
                        continue
                    if item.is_dir(follow_symlinks=False):
                        waiting.append((f"{prefix}{item.name}/", item.path))
                    elif item.name.endswith(suffix):
                        found.add(prefix + item.name[: -len(suffix)])
        except OSError:
            continue
    return found


def and_more(names: Sequence[str], most: int = 3) -> str:
    """Such as “a.jpg”, “b.jpg” and 7 more."""
    shown = ", ".join(f"“{name}”" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
