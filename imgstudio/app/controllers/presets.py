"""Saved settings of a filter: one JSON file each, to keep and to share."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from imgstudio.core import params as declared
from imgstudio.core.errors import UserError
from imgstudio.core.paths import ensured, file_errors, presets_folder, write_atomically
from imgstudio.filters.base import AnyFilter, Finish

SCHEMA: Final = 1
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
        """Names of all readable presets, sorted."""
        found = []
        for path in self._paths():
            try:
                found.append(self._read(path).name)
            except UserError:
                continue
        return sorted(found, key=str.casefold)

    def load(self, name: str) -> Preset:
        """Raises UserError when it is gone or no longer fits the filter."""
        return self._read(self._path_of(name))

    def save(self, preset: Preset) -> None:
        """Store under its name, over one of the same name; raises UserError."""
        if not preset.name.strip():
            raise UserError("A preset needs a name", "", "Type a name")
        ensured(self._folder)
        write_atomically(self._path_of(preset.name), self._text(preset))

    def delete(self, name: str) -> None:
        path = self._path_of(name)
        with file_errors(path):
            path.unlink(missing_ok=True)

    def take_in(self, path: Path) -> Preset:
        """Read a shared file and keep it; raises UserError."""
        preset = self._read(path)
        self.save(preset)
        return preset

    def give_out(self, name: str, path: Path) -> None:
        """Write a preset to a file of the user's choice; raises UserError."""
        write_atomically(path, self._text(self.load(name)))

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.json")) if self._folder.is_dir() else []

    def _path_of(self, name: str) -> Path:
        plain = re.sub(r"[^\w -]", "_", name.strip())[:80] or "preset"
        return self._folder / f"{plain}.json"

    def _text(self, preset: Preset) -> str:
        document = {
            "imgstudio_preset": SCHEMA,
            "filter": self._item.id,
            "name": preset.name.strip(),
            "params": declared.to_json(preset.params),
            "strength": preset.finish.strength,
            "detail": preset.finish.detail,
        }
        return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"

    def _read(self, path: Path) -> Preset:
        try:
            with file_errors(path):
                data = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise UserError(f"“{path.name}” is not a preset", "It is not JSON", _TELL) from None
        if not isinstance(data, dict) or data.get("imgstudio_preset") != SCHEMA:
            raise UserError(f"“{path.name}” is not a preset of this version", "", _TELL)
        if data.get("filter") != self._item.id:
            raise UserError(f"“{path.name}” belongs to another filter", f"“{data.get('filter')}”", _TELL)
        values = data.get("params")
        params = declared.from_json(self._item.params, values if isinstance(values, dict) else {})
        return Preset(str(data.get("name") or path.stem), params, _finish(data))


def _finish(data: dict[str, Any]) -> Finish:
    parts = [data.get("strength", 1.0), data.get("detail", 0.0)]
    if not all(isinstance(part, int | float) and 0 <= part <= 1 for part in parts):
        raise UserError("The preset is damaged", "Strength and detail are 0 to 1", _TELL)
    return Finish(float(parts[0]), float(parts[1]))
