"""Progress with ETA on stderr, results on stdout, Ctrl+C as a cancel."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import CancelToken, Progress

INTERVAL: Final = 0.2


class Console:
    """Where a command writes. One token cancels everything it does."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.token = CancelToken()
        self._live = sys.stderr.isatty() and not quiet
        self._quiet = quiet
        self._shown = 0
        self._last = 0.0

    def progress(self, title: str) -> Progress:
        """A progress that writes "title  62 %  0:13 left" on one line."""
        begun = time.monotonic()

        def report(fraction: float, message: str) -> None:
            now = time.monotonic()
            if not self._live or (fraction < 1 and now - self._last < INTERVAL):
                return
            self._last = now
            left = (now - begun) * (1 - fraction) / fraction if fraction > 0.02 else 0.0
            eta = f"  {clock(left)} left" if left > 1 else ""
            self._line(f"{title}  {fraction:4.0%}{eta}  {message}"[:110])

        return Progress(report, self.token)

    @property
    def is_live(self) -> bool:
        """Whether a line can be written over again and again."""
        return self._live

    def live(self, text: str) -> None:
        """Show how it stands now on one line, in place of the one before."""
        now = time.monotonic()
        if self._live and now - self._last >= INTERVAL:
            self._last = now
            self._line(text[:110])

    def note(self, text: str) -> None:
        """A line for the person, on stderr."""
        self._clear()
        if not self._quiet:
            sys.stderr.write(text + "\n")

    def error(self, error: UserError, name: str = "") -> None:
        """What, why and what to do, on stderr also when quiet."""
        self._clear()
        place = f"{name}: " if name else ""
        sys.stderr.write(f"imgstudio: {place}{error}\n")

    def write(self, text: str) -> None:
        """A line of the result, on stdout."""
        self._clear()
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def write_json(self, value: Any) -> None:
        """The result for machines."""
        self.write(json.dumps(value, indent=2, ensure_ascii=False, default=str))

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Make Ctrl+C and a terminate signal cancel the work instead of breaking it off."""

        def stop(number: int, frame: FrameType | None) -> None:
            self.token.cancel()

        try:
            before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        except ValueError:  # not on the main thread: the caller cancels by the token
            before = {}
        try:
            yield
        finally:
            self._clear()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _line(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._shown))
        sys.stderr.flush()
        self._shown = len(text)

    def _clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r" + " " * self._shown + "\r")
            self._shown = 0


def clock(seconds: float) -> str:
    """Such as 0:07, 12:30 or 3:05:00."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
