"""Whether a process lives, and making the own one step back behind others."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

NICENESS: Final = 10
_QUERY: Final = 0x1000
_STILL_ACTIVE: Final = 259
_BELOW_NORMAL: Final = 0x4000


if sys.platform == "win32":
    import ctypes

    def is_running(pid: int) -> bool:
        """Whether the process is there."""
        # os.kill(pid, 0) would send Ctrl+C there.
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(_QUERY, 0, pid) if pid > 0 else 0
        if not handle:
            return False
        code = ctypes.c_ulong()
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return code.value == _STILL_ACTIVE

    def step_back() -> None:
        """Let the window and other programs go first."""
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), _BELOW_NORMAL)

else:

    def is_running(pid: int) -> bool:
        """Whether the process is there and not just waiting to be buried by its parent."""
        if pid <= 0:
            return False
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        with suppress(OSError, IndexError):  # only Linux has this file
            told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            return told.rpartition(")")[2].split()[0] != "Z"
        return True

    def step_back() -> None:
        """Let the window and other programs go first."""
        with suppress(OSError):
            os.nice(max(0, NICENESS - os.nice(0)))
