"""How long filters take on this machine: measured after every run, told before the next."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from pathlib import Path
from typing import Any, Final

from imgstudio.core.errors import UserError
from imgstudio.core.paths import ensured, user_config, write_atomically

logger = logging.getLogger(__name__)

NEWEST_WEIGHT: Final = 0.5
"""How much the last run counts against those before it."""
_STATM: Final = Path("/proc/self/statm")


class RunRates:
    """Seconds and megabytes per megapixel, for each filter and device.

    Guards: nothing is said about what was never measured; trouble with the file is only logged.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or user_config() / "filter_rates.json"
        self._rates: dict[str, dict[str, float]] | None = None

    def estimate(self, filter_id: str, device: str, megapixels: float) -> str:
        """Time and memory, such as "about 8 s, 380 MB"; "" while nothing was measured."""
        rate = self._all().get(_key(filter_id, device))
        if rate is None or megapixels <= 0:
            return ""
        said = f"about {duration(rate['seconds'] * megapixels)}"
        memory = rate.get("megabytes", 0.0) * megapixels
        return f"{said}, {_amount(memory)}" if memory >= 1 else said

    def measured(
        self, filter_id: str, device: str, *, megapixels: float, seconds: float, megabytes: float = 0.0
    ) -> None:
        """Remember a run."""
        if megapixels <= 0 or seconds <= 0:
            return
        rates, key = self._all(), _key(filter_id, device)
        now = {"seconds": seconds / megapixels, "megabytes": max(0.0, megabytes) / megapixels}
        before = rates.get(key, now)
        rates[key] = {
            name: NEWEST_WEIGHT * value + (1 - NEWEST_WEIGHT) * before.get(name, value)
            for name, value in now.items()
        }
        self._store()

    def _all(self) -> dict[str, dict[str, float]]:
        if self._rates is None:
            self._rates = {}
            with contextlib.suppress(OSError, ValueError):
                self._rates = _checked(json.loads(self._path.read_text(encoding="utf-8")))
        return self._rates

    def _store(self) -> None:
        try:
            ensured(self._path.parent)
            write_atomically(self._path, json.dumps(self._rates, indent=1, sort_keys=True))
        except UserError as error:
            logger.info("Run times could not be stored: %s", error)


def process_megabytes() -> float | None:
    """Memory that this process holds now; None where the system does not tell."""
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def duration(seconds: float) -> str:
    """Rounded as people say it: "1 s", "40 s", "3 min"."""
    if seconds < 1:
        return "1 s"
    if seconds < 90:
        return f"{round(seconds)} s" if seconds < 10 else f"{round(seconds / 5) * 5} s"
    return f"{round(seconds / 60)} min"


def _amount(megabytes: float) -> str:
    if megabytes >= 1000:
        return f"{megabytes / 1024:.1f} GB"
    return f"{max(1, round(megabytes / 10) * 10)} MB"


def _key(filter_id: str, device: str) -> str:
    return f"{filter_id}|{device}"


def _checked(stored: Any) -> dict[str, dict[str, float]]:
    if not isinstance(stored, dict):
        return {}
    return {
        str(key): {str(name): float(value) for name, value in rate.items()}
        for key, rate in stored.items()
        if isinstance(rate, dict) and "seconds" in rate
    }
