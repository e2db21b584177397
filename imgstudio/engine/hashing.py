"""The sha256 of files and bytes, as manifests and recipes write it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from imgstudio.core.jobs import Progress

_BLOCK: Final = 4 << 20


def sha256_of(data: bytes) -> str:
    """64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path, progress: Progress | None = None) -> str:
    """Hash without holding the file in memory; with `progress` it can be cancelled. Raises OSError."""
    size = max(1, path.stat().st_size)
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            done += len(block)
            if progress is not None:
                progress.update(done / size, "Checking")
    return digest.hexdigest()


def is_sha256(text: str) -> bool:
    return len(text) == 64 and all(c in "0123456789abcdef" for c in text)
