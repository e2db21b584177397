"""How long filters take on this machine: measured after every run, told before the next."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.paths import ensured, user_config, write_atomically

logger = logging.getLogger(__name__)

KEPT: Final = 8
"""Newest runs of a filter that are remembered."""
APART: Final = 1.5
"""Sizes that differ by this factor tell what a run costs whatever its size."""
_STATM: Final = Path("/proc/self/statm")

Run = tuple[float, float, float]
"""Megapixels, seconds, megabytes."""


class RunRates:
    """The newest runs of each filter on each device.

    Guards: nothing is said about what was never measured; trouble with the file is only logged.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or user_config() / "filter_rates.json"
        self._runs: dict[str, list[Run]] | None = None

    def estimate(self, filter_id: str, device: str, megapixels: float) -> str:
        """Time and memory, such as "about 8 s, 380 MB"; "" while nothing was measured."""
        runs = self._all().get(_key(filter_id, device))
        if not runs or megapixels <= 0:
            return ""
        said = f"about {duration(expected_seconds(runs, megapixels))}"
        # The system gives memory back late, so the largest growth is nearest to what was needed.
        memory = max(megabytes / area for area, _, megabytes in runs) * megapixels
        return f"{said}, {_amount(memory)}" if memory >= 1 else said

    def measured(
        self, filter_id: str, device: str, *, megapixels: float, seconds: float, megabytes: float = 0.0
    ) -> None:
        """Remember a run."""
        if megapixels <= 0 or seconds <= 0:
            return
        runs = self._all().setdefault(_key(filter_id, device), [])
        runs.append((megapixels, seconds, max(0.0, megabytes)))
        del runs[:-KEPT]
        self._store()

    def _all(self) -> dict[str, list[Run]]:
        if self._runs is None:
            self._runs = {}
            with contextlib.suppress(OSError, ValueError, RecursionError):
                self._runs = _checked(json.loads(self._path.read_text(encoding="utf-8")))
        return self._runs

    def _store(self) -> None:
        try:
            ensured(self._path.parent)
            write_atomically(self._path, json.dumps(self._runs, indent=1, sort_keys=True))
        except UserError as error:
            logger.info("Run times could not be stored: %s", error)


def expected_seconds(runs: Sequence[Run], megapixels: float) -> float:
    """A start that every run needs plus so much a megapixel, through the runs; never falling with size.

    Runs of about one size cannot tell the two apart; then the newest counts, in proportion. Runs that took no longer
    on larger pictures say the same for all sizes among them, and in proportion beyond.
    """
    areas = np.array([run[0] for run in runs])
    seconds = np.array([run[1] for run in runs])
    in_proportion = float(seconds[-1] / areas[-1])
    if areas.max() < areas.min() * APART:
        return in_proportion * megapixels
    # Relative errors count, and the newest runs twice as much as the oldest.
    weights = np.linspace(0.5, 1, len(runs)) / seconds
    columns = np.stack([np.ones_like(areas), areas], 1) * weights[:, None]
    start, rate = np.linalg.lstsq(columns, seconds * weights, rcond=None)[0]
    if rate <= 0:
        return float(np.average(seconds, weights=weights) * max(1.0, megapixels / areas.max()))
    if start < 0:
        return in_proportion * megapixels
    return float(start + rate * megapixels)


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


def _checked(stored: Any) -> dict[str, list[Run]]:
    if not isinstance(stored, dict):
        return {}
    return {
        key: [(float(area), float(seconds), float(megabytes)) for area, seconds, megabytes in runs]
        for key, runs in stored.items()
        if isinstance(runs, list) and all(_is_run(run) for run in runs)
    }


def _is_run(run: Any) -> bool:
    if not isinstance(run, list) or len(run) != 3 or not all(isinstance(part, int | float) for part in run):
        return False
    return bool(np.isfinite(run).all() and run[0] > 0 and run[1] > 0)
