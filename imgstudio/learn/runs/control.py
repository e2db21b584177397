"""The letterbox of a run: the window says what it wants, the worker looks between two steps."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from imgstudio.learn.runs.files import read_values, replace_quickly
from imgstudio.learn.runs.process import is_running
from imgstudio.learn.runs.records import Command

CONTROL: Final = "control.json"


@dataclass(frozen=True, slots=True)
class Control:
    """All that is wanted now, so that no command is lost when two come between two steps."""

    command: str = ""
    """The last one."""
    number: int = 0
    sent: float = 0.0
    """time.time() of the last command."""
    paused: bool = False
    held_by: int = 0
    """Process that wants the processor for itself for a while; 0: none."""
    end: Literal["", "stop", "stop now", "cancel"] = ""
    """"stop now": without letting the rate fall to its end first."""

    @property
    def is_held(self) -> bool:
        """A window that died holds nothing."""
        return self.held_by > 0 and is_running(self.held_by)

    @classmethod
    def read(cls, run: Path) -> Control:
        values = read_values(run / CONTROL)
        try:
            return cls() if values is None else cls(**values)
        except TypeError:
            return cls()


def post(run: Path, command: Command) -> None:
    """Add a command to what is wanted; raises UserError."""
    before = Control.read(run)
    changed = dataclasses.replace(
        _CHANGES[command](before), command=command, number=before.number + 1, sent=time.time()
    )
    replace_quickly(run / CONTROL, json.dumps(dataclasses.asdict(changed)))


class Letterbox:
    """The worker's side. Guards that letters to an earlier worker are not obeyed."""

    def __init__(self, run: Path, begun: float) -> None:
        self._path = run / CONTROL
        self._run = run
        self._stamp: tuple[int, int] | None = None
        self._seen = Control()
        if Control.read(run).sent < begun:
            self._path.unlink(missing_ok=True)

    def __enter__(self) -> Letterbox:
        return self

    def __exit__(self, *problem: object) -> None:
        """What was obeyed, or came too late, is not for the next worker."""
        self._path.unlink(missing_ok=True)

    def look(self) -> Control:
        """What is wanted now; reads the file only when it changed."""
        try:
            facts = self._path.stat()
        except OSError:
            return self._seen
        stamp = (facts.st_mtime_ns, facts.st_ino)
        if stamp != self._stamp:
            self._stamp, self._seen = stamp, Control.read(self._run)
        return self._seen


_CHANGES: Final[dict[Command, Callable[[Control], Control]]] = {
    "pause": lambda control: dataclasses.replace(control, paused=True),
    "resume": lambda control: dataclasses.replace(control, paused=False),
    "hold": lambda control: dataclasses.replace(control, held_by=os.getpid()),
    "release": lambda control: dataclasses.replace(control, held_by=0),
    "stop": lambda control: dataclasses.replace(control, end="stop now" if control.end == "stop" else "stop"),
    "cancel": lambda control: dataclasses.replace(control, end="cancel"),
}
