"""Starts the worker as a process of its own, which goes on when the window closes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, Final

from imgstudio.core.paths import file_errors
from imgstudio.learn.runs.folder import LOG, RunFolder

_BELOW_NORMAL_DETACHED: Final = 0x4000 | 0x8 | 0x200
"""BELOW_NORMAL_PRIORITY_CLASS, DETACHED_PROCESS, CREATE_NEW_PROCESS_GROUP of Windows."""


def worker_command(run: RunFolder, *extra: str) -> list[str]:
    """What to call to train `run` in a process of its own.

    `extra` such as "--resume", "--find-rate", "--install", "--threads", "2".
    """
    return [sys.executable, "-m", "imgstudio", "train", "--run", str(run.path), "--background", *extra]


def start_worker(run: RunFolder, *extra: str) -> subprocess.Popen[bytes]:
    """Start it detached; what it says on its streams goes to the run's log. Raises UserError.

    Keep the returned process and call its `poll` now and then, so that the system can bury it.
    """
    return detached(worker_command(run, *extra), run)


def detached(command: list[str], run: RunFolder) -> subprocess.Popen[bytes]:
    """Run a command outside of this session and console, with the run's log as its output."""
    options: dict[str, Any] = (
        {"creationflags": _BELOW_NORMAL_DETACHED} if sys.platform == "win32" else {"start_new_session": True}
    )
    with file_errors(run.path / LOG), (run.path / LOG).open("ab") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
