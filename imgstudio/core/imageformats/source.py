"""The bytes of a file, or a clear word on why there are none."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from imgstudio.core.errors import UserError

_LARGEST: Final = 8 << 30


def contents(path: Path) -> bytes:
    """Whole file; raises UserError for anything that is not a readable, filled, ordinary file."""
    try:
        status = path.stat()
        _check_kind(path, status.st_mode, status.st_size)
        return path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path.name} is not there", f"No file is at {path}.", "Check the name.") from None
    except PermissionError:
        raise UserError(
            f"{path.name} cannot be read", "You have no permission to read it.", "Change its permissions."
        ) from None
    except (OSError, ValueError, MemoryError) as error:
        raise UserError(f"{path.name} cannot be read", f"The system says: {error}.") from error


def _check_kind(path: Path, mode: int, size: int) -> None:
    if stat.S_ISDIR(mode):
        raise UserError(f"{path.name} is a folder", "A picture file was expected.", "Choose a file in it.")
    if not stat.S_ISREG(mode):
        raise UserError(f"{path.name} is not an ordinary file", "It is a device, pipe or socket.")
    if not size:
        raise UserError(f"{path.name} is empty", "The file has no bytes.", "Look for another copy.")
    if size > _LARGEST:
        raise UserError(f"{path.name} is too large", f"It has {size / 2**30:.1f} GB, more than 8 GB.")
