"""How foreign weight files become state dicts; one file each, ending in CONVERTER = Converter(...)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.discovery import declared

if TYPE_CHECKING:
    from imgstudio.engine.weights import StateDict


@dataclass(frozen=True, slots=True)
class Converter:
    id: str
    convert: Callable[[bytes, Progress], StateDict]
    """From the whole file; raises UserError when it is not what it should be."""
    suffixes: tuple[str, ...] = ()
    """Endings, with the dot, for which it is chosen when nothing else says."""
    runs_nothing: bool = True
    """False for formats that need the checksum or the user's word before they are read."""


def converter(id_or_file: str) -> Converter:
    """Find a converter by its id, or by the suffix of a file name; raises UserError."""
    suffix = PurePosixPath(id_or_file).suffix.lower()
    for candidate in declared(sys.modules[__name__], "CONVERTER", Converter):
        if candidate.id == id_or_file or suffix in candidate.suffixes:
            return candidate
    raise UserError(
        f"Weights of the kind “{suffix or id_or_file}” cannot be read",
        "",
        "Choose a .safetensors or .pth file, or update imgstudio.",
    )
