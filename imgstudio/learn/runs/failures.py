"""Says in the user's words why a training broke off."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from imgstudio.core.errors import UserError
from imgstudio.core.paths import file_errors
from imgstudio.engine.device import is_out_of_memory
from imgstudio.learn.recipe import Diverged

KEPT: Final = "What was saved before is kept."


def explained(error: Exception, run: Path) -> UserError:
    """The same error for a person."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, Diverged):
        return UserError(
            "The training went astray",
            f"The loss is no longer a number ({error}). {KEPT}",
            "Start a new run with a lower learning rate; the rate finder proposes one.",
        )
    if isinstance(error, MemoryError) or is_out_of_memory(error):
        return UserError(
            "There is not enough memory for this training",
            KEPT,
            "Choose smaller batches or pictures in the plan, or close other programs.",
        )
    number = _system_error(error)
    if number:
        return _of_system(number, Path(str(getattr(error, "filename", None) or run)))
    return UserError(
        "The training broke off",
        f"{type(error).__name__}: {error}. {KEPT}",
        f"Resume it; if that fails again, report it with {run / 'log.txt'}.",
    )


def _system_error(error: Exception) -> int:
    """errno, also of writers that only tell it in words; 0 for other errors."""
    if isinstance(error, OSError):
        return error.errno or 0
    full = (os.strerror(errno.ENOSPC), f"os error {errno.ENOSPC}")
    return errno.ENOSPC if any(words in str(error) for words in full) else 0


def _of_system(number: int, path: Path) -> UserError:
    try:
        with file_errors(path):
            raise OSError(number, os.strerror(number))
    except UserError as told:
        return UserError(told.what, f"{told.why} {KEPT}", told.what_to_do)
