"""Reads the growing files of a run, only what is new; a torn last line waits until it is whole."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import numpy as np

from imgstudio.learn.reports import RatePoint, RateSweep
from imgstudio.learn.runs.files import Tail
from imgstudio.learn.runs.records import StepRow, ValidationRow

COLUMNS: Final = ("step", "seconds", "epoch", "phase", "loss", "rate", "momentum", "images", "terms")
Row = TypeVar("Row", StepRow, ValidationRow)


class GrowingTable(Generic[Row]):
    """All rows of one file so far; reads on from where it stopped."""

    def __init__(self, path: Path) -> None:
        self._tail = Tail(path)
        self._rows: list[Row] = []

    def read(self, parsed: Any) -> list[Row]:
        """`parsed` makes a row of a line, or None of a heading or of nonsense."""
        lines, is_new = self._tail.new_lines()
        if is_new:
            self._rows = []
        self._rows += [row for row in map(parsed, lines) if row is not None]
        return self._rows


def step_row(line: str) -> StepRow | None:
    cells = next(csv.reader([line]), [])
    try:
        step, seconds, epoch, phase, loss, rate, momentum, images, terms = cells
        return StepRow(
            step=int(step),
            seconds=float(seconds),
            epoch=float(epoch),
            phase=int(phase),
            loss=float(loss),
            rate=float(rate),
            momentum=float(momentum),
            images=int(images),
            terms=json.loads(terms),
        )
    except ValueError:
        return None


def step_line(row: StepRow) -> list[str]:
    """Cells in the order of COLUMNS; floats so that they read back as the same number."""
    numbers = (row.step, row.seconds, row.epoch, row.phase, row.loss, row.rate, row.momentum, row.images)
    return [*(repr(number) for number in numbers), json.dumps(dict(row.terms))]


def validation_row(line: str) -> ValidationRow | None:
    try:
        values = json.loads(line)
        confusion = values["confusion"]
        return ValidationRow(
            step=values["step"],
            epoch=values["epoch"],
            seconds=values["seconds"],
            loss=values["loss"],
            scores=values["scores"],
            confusion=None if confusion is None else np.array(confusion, np.int64),
            pictures=tuple((name, score) for name, score in values["pictures"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def validation_line(row: ValidationRow) -> str:
    values = {
        "step": row.step,
        "epoch": row.epoch,
        "seconds": row.seconds,
        "loss": row.loss,
        "scores": dict(row.scores),
        "confusion": None if row.confusion is None else row.confusion.tolist(),
        "pictures": row.pictures,
    }
    return json.dumps(values)


def sweep_from(values: Mapping[str, Any]) -> RateSweep:
    """Read `RateSweep.to_values`."""
    points = tuple(RatePoint(*point) for point in values["points"])
    is_over = values.get("is_over", True)
    return RateSweep(points, values["steepest"], values["valley"], values["diverged"], is_over)
