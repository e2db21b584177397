"""Keeps status.json true while a worker lives: a small thread writes it, also during a long validation."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import secrets
import threading
import time
from pathlib import Path
from typing import Any, Final

from imgstudio.core.errors import UserError
from imgstudio.learn.runs.files import replace_quickly
from imgstudio.learn.runs.folder import STATUS
from imgstudio.learn.runs.records import Status

log = logging.getLogger(__name__)

INTERVAL: Final = 0.5
"""Seconds between heartbeats."""
RESERVE: Final = ".reserve"
RESERVED: Final = 1 << 18
"""Bytes kept back, so that a full disk can still be told."""


class StatusBoard:
    """Guards that the file always holds one whole status, the newest within half a second."""

    def __init__(self, run: Path, status: Status) -> None:
        self._run = run
        self._status = dataclasses.replace(status, pid=os.getpid(), started=time.time())
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="status", daemon=True)

    @property
    def status(self) -> Status:
        return self._status

    def __enter__(self) -> StatusBoard:
        with contextlib.suppress(OSError):
            (self._run / RESERVE).write_bytes(secrets.token_bytes(RESERVED))
        self.write()
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._ended.set()
        self._thread.join()
        (self._run / RESERVE).unlink(missing_ok=True)
        self.tell(pid=0)

    def change(self, **changes: Any) -> None:
        """Take over new values; they are written with the next heartbeat."""
        with self._lock:
            self._status = dataclasses.replace(self._status, **changes)

    def tell(self, **changes: Any) -> None:
        """Take over new values and write them at once."""
        self.change(**changes)
        self.write()

    def write(self) -> None:
        """Write the file; a disk that is full is passed over, the next heartbeat tries again."""
        with self._lock:
            self.change(heartbeat=time.time())
            text = json.dumps(self._status.to_values())
            for _ in range(2):
                try:
                    replace_quickly(self._run / STATUS, text)
                except UserError as error:
                    log.info("status not written: %s", error)
                    (self._run / RESERVE).unlink(missing_ok=True)
                else:
                    return

    def _beat(self) -> None:
        while not self._ended.wait(INTERVAL):
            self.write()
