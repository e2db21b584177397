"""Means over pictures, and the tables that benchmarks print."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Means:
    """Adds up figures by name, one picture at a time."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self.values.setdefault(name, []).append(value)

    def mean(self, name: str) -> float:
        return sum(self.values[name]) / len(self.values[name])

    def least(self, name: str) -> float:
        return min(self.values[name])


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; floats are shown with two decimals."""
    lines = [head, ["---"] * len(head), *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def say(text: str) -> None:
    """Print at once, so that a long run is seen to go on."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def keep(figures: Mapping[str, Any], path: Path | None) -> None:
    """Write figures as JSON, if that was asked for."""
    if path is not None:
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
