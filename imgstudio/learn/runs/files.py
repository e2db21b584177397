"""Small files that one process writes and another reads at the same time."""

from __future__ import annotations

import json
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from imgstudio.core.paths import file_errors

TRIES: Final = 20
PAUSE: Final = 0.02
"""Seconds between tries: Windows refuses to replace a file while somebody reads it."""


def replace_quickly(path: Path, text: str) -> None:
    """Replace a file whole, without waiting for the disk: for what is written again and again.

    After a power cut the file may be empty or old. Raises UserError.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with file_errors(path):
        try:
            draft.write_text(text, encoding="utf-8")
            move_over(draft, path)
        finally:
            draft.unlink(missing_ok=True)


def move_over(source: Path, target: Path) -> None:
    """Rename a file or folder, with patience for readers that are just looking; raises OSError."""
    for _ in range(TRIES):
        with suppress(PermissionError):
            source.replace(target)
            return
        time.sleep(PAUSE)
    source.replace(target)


def read_values(path: Path) -> dict[str, Any] | None:
    """A JSON object; None where there is no such file or it is not whole."""
    for _ in range(TRIES):
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except PermissionError:  # it is just being replaced
            time.sleep(PAUSE)
        except (OSError, ValueError):
            return None
        else:
            return values if isinstance(values, dict) else None
    return None


class Tail:
    """Guards that every whole line of a growing file is given out once, from the start when it was replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = 0
        self._offset = 0

    def new_lines(self) -> tuple[list[str], bool]:
        """Lines that came since the last call, and whether all earlier ones are void."""
        try:
            with self._path.open("rb") as file:
                facts = self._path.stat()
                is_new = facts.st_ino != self._file or facts.st_size < self._offset
                if is_new:
                    self._file, self._offset = facts.st_ino, 0
                file.seek(self._offset)
                data = file.read()
        except OSError:
            return [], False
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return whole.decode("utf-8", errors="replace").splitlines(), is_new
