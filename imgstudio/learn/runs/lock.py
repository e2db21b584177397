"""One worker at a time for a run; the system lets go when the worker dies, however it dies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from imgstudio.core.errors import UserError
from imgstudio.core.paths import file_errors

LOCK: Final = ".lock"


@contextmanager
def only_worker(run: Path) -> Iterator[None]:
    """Keep others off a run; raises UserError while another process is at it."""
    with file_errors(run / LOCK):
        file = (run / LOCK).open("ab")
    with file:
        if not _is_locked(file):
            raise UserError(
                f"“{run.name}” is at work already",
                "Another process trains it.",
                "Wait for it, stop it, or start a new run.",
            )
        yield


def _is_locked(file: IO[bytes]) -> bool:
    """Lock the file until it is closed; False when another has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # this disk knows no locks; the heartbeat was looked at before
        return True
    return True
