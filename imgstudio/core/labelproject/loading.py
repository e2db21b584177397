"""Find the pictures of a project and read all its small files at once."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from imgstudio.core.labelproject import header
from imgstudio.core.labelproject.entries import Entry, entry_from_json
from imgstudio.core.labelproject.header import and_more, stored_name
from imgstudio.core.labelproject.pictures import picture_names


@dataclass(frozen=True, eq=False, slots=True)
class Loaded:
    """What a project knows of its pictures."""

    entries: dict[str, Entry]
    """By name, in the order in which people count."""
    problems: tuple[str, ...]
    """Sentences."""


def loaded(project: Path, pictures: Path) -> Loaded:
    """Entries of all pictures. A mask whose entry is missing or broken is in work; nothing raises."""
    names, problems = picture_names(pictures, _is_own)
    told = header.files_below(project / header.ENTRIES, ".json")
    masked = header.files_below(project / header.LABELS, ".png")
    root = str(project / header.ENTRIES)
    entries: dict[str, Entry] = {}
    for name in names:
        stored = stored_name(name)
        entry = Entry(name)
        if stored in told:
            told.discard(stored)
            entry = _read(f"{root}/{stored}.json", name, problems) or entry
        if stored in masked:
            masked.discard(stored)
            if not entry.width and entry.state in ("new", "predicted"):
                entry = Entry(name, "in work")
        entries[name] = entry
    gone = sorted(told | masked)
    if gone:
        are = "is" if len(gone) == 1 else "are"
        problems.append(
            f"{len(gone)} pictures with labels {are} not in the folder any more: {and_more(gone)}."
            " Their labels are kept."
            if len(gone) != 1
            else f"A picture with labels is not in the folder any more: {and_more(gone)}. Its labels are kept."
        )
    return Loaded(entries, tuple(problems))


def _is_own(path: str) -> bool:
    """Whether a folder belongs to a project, its own or another one, and holds masks, not pictures."""
    parent, name = os.path.split(path)
    return name in header.FOLDERS and header.is_header(Path(parent, header.FILE))


def _read(path: str, name: str, problems: list[str]) -> Entry | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - ten thousand of them
            values = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        problems.append(f"What was noted of “{name}” cannot be read (entries/{stored_name(name)}.json).")
        return None
    return entry_from_json(name, values)
