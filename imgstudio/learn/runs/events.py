"""The same curves for TensorBoard, written at once: a writing thread would hang the run when the disk is full."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.summary import scalar

INTERVAL: Final = 0.5
"""Seconds between flushes."""


class Events:
    """One event file of one sitting; an earlier sitting's curves end where this one begins."""

    def __init__(self, folder: Path, first_step: int) -> None:
        self._writer = EventsWriter(str(folder / "events"), f".{secrets.token_hex(3)}")
        self._flushed = time.monotonic()
        if first_step > 1:
            start = SessionLog(status=SessionLog.START)
            self._writer.write_event(Event(wall_time=time.time(), step=first_step, session_log=start))

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers by name, such as "train/loss"."""
        for name, value in values.items():
            self._writer.write_event(Event(wall_time=time.time(), step=step, summary=scalar(name, value)))
        if time.monotonic() - self._flushed > INTERVAL:
            self.flush()

    def flush(self) -> None:
        self._flushed = time.monotonic()
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
