"""Saved settings of a filter: one JSON file each, to keep and to share."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from imgstudio.core import params as declared
from imgstudio.core.errors import UserError
from imgstudio.core.paths import ensured, file_errors, presets_folder, write_atomically
from imgstudio.filters.base import AnyFilter, Finish

SCHEMA: Final = 1
LONGEST_NAME: Final = 80
_TELL: Final = "Choose a file that was exported from the presets of this filter"


@dataclass(frozen=True, slots=True)
class Preset:
    """A name with everything that the form shows."""

    name: str
    params: Any
    finish: Finish


class PresetFolder:
    """The presets of one filter."""

    def __init__(self, item: AnyFilter) -> None:
        self._item = item
        self._folder = presets_folder() / re.sub(r"[^\w.-]", "_", item.id)

    def names(self) -> list[str]:
        """Names of all presets, sorted; a damaged file goes by its own name, so that it can be deleted."""
        return sorted(self._files(), key=str.casefold)

    def load(self, name: str) -> Preset:
        """Raises UserError when it is gone or no longer fits the filter."""
        path = self._files().get(name)
        if path is None:
            raise UserError(f"There is no preset “{name}”", "It was deleted", "Choose another one")
        return self._read(path)

    def save(self, preset: Preset) -> None:
        """Store under its name, over one of the same name; raises UserError."""
        name = _tidy(preset.name)
        if not name:
            raise UserError("A preset needs a name", "", "Type a name")
        ensured(self._folder)
        path = self._files().get(name) or self._folder / f"{file_stem(name)}.json"
        write_atomically(path, self._text(replace(preset, name=name)))

    def delete(self, name: str) -> None:
        path = self._files().get(name)
        if path is not None:
            with file_errors(path):
                path.unlink(missing_ok=True)

    def take_in(self, path: Path) -> Preset:
        """Read a shared file and keep it, never over another preset; raises UserError."""
        preset = self._read(path)
        taken = self._files()
        if preset.name in taken and self._read_or_none(taken[preset.name]) != preset:
            numbers = itertools.count(2)
            name = next(n for n in (f"{preset.name} {i}" for i in numbers) if n not in taken)
            preset = replace(preset, name=name)
        self.save(preset)
        return preset

    def give_out(self, name: str, path: Path) -> None:
        """Write a preset to a file of the user's choice; raises UserError."""
        write_atomically(path, self._text(self.load(name)))

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.json")) if self._folder.is_dir() else []

    def _files(self) -> dict[str, Path]:
        presets = {path: self._read_or_none(path) for path in self._paths()}
        damaged = {path.stem: path for path, preset in presets.items() if preset is None}
        return damaged | {preset.name: path for path, preset in presets.items() if preset is not None}

    def _read_or_none(self, path: Path) -> Preset | None:
        try:
            return self._read(path)
        except UserError:
            return None

    def _text(self, preset: Preset) -> str:
        document = {
            "imgstudio_preset": SCHEMA,
            "filter": self._item.id,
            "name": preset.name,
            "params": declared.to_json(preset.params),
            "strength": preset.finish.strength,
            "detail": preset.finish.detail,
        }
        return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"

    def _read(self, path: Path) -> Preset:
        try:
            with file_errors(path):
                data = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            raise UserError(f"“{path.name}” is not a preset", "It is not JSON", _TELL) from None
        if not isinstance(data, dict) or data.get("imgstudio_preset") != SCHEMA:
            raise UserError(f"“{path.name}” is not a preset of this version", "", _TELL)
        if data.get("filter") != self._item.id:
            raise UserError(f"“{path.name}” belongs to another filter", f"“{data.get('filter')}”", _TELL)
        values = data.get("params")
        params = declared.from_json(self._item.params, values if isinstance(values, dict) else {})
        return Preset(_tidy(str(data.get("name") or "")) or path.stem, params, _finish(data))


def plain_name(name: str) -> str:
    """What of a name every system takes as a file name."""
    return re.sub(r"[^\w-]+", " ", name).strip()[:40].strip() or "preset"


def file_stem(name: str) -> str:
    """A plain name that no other name shares, also where case does not count."""
    return f"{plain_name(name)} {hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _tidy(name: str) -> str:
    """On one line, without marks that cannot be seen or written."""
    seen = "".join(mark if mark.isprintable() else " " for mark in name)
    return " ".join(seen.split())[:LONGEST_NAME]


def _finish(data: dict[str, Any]) -> Finish:
    parts = [data.get("strength", 1.0), data.get("detail", 0.0)]
    if not all(isinstance(part, int | float) and 0 <= part <= 1 for part in parts):
        raise UserError("The preset is damaged", "Strength and detail are 0 to 1", _TELL)
    return Finish(float(parts[0]), float(parts[1]))
