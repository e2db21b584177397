"""Writes what happens in a run: steps, validations, events, previews."""

from __future__ import annotations

import csv
import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from PIL import Image

from imgstudio.core.paths import ensured, file_errors, write_atomically
from imgstudio.learn.reports import Bytes, Goal, PreviewRow, StepReport, Validation
from imgstudio.learn.runs.files import move_over
from imgstudio.learn.runs.folder import NAMES, PREVIEWS, STEPS, VALIDATIONS, RunFolder
from imgstudio.learn.runs.reading import COLUMNS, step_line, validation_line
from imgstudio.learn.runs.records import Best, StepRow, ValidationRow

FLUSH: Final = 0.25
"""Seconds between writes to the disk."""
MOST_PREVIEWS: Final = 160
QUALITY: Final = 95


class RunWriter:
    """Guards that the tables of a run hold every step once: what a resumed run does again is cut off before."""

    def __init__(self, run: RunFolder, first_step: int) -> None:
        """Cut off what belongs to `first_step` or later, and go on from there."""
        self._run = run
        steps = [row for row in run.steps() if row.step < first_step]
        self.validations = [row for row in run.validations() if row.step < first_step]
        self.seconds = max((rows[-1].seconds for rows in (steps, self.validations) if rows), default=0.0)
        """At work so far, by the rows that were kept."""
        self._rewrite_tables(steps)
        for step in run.preview_steps():
            if step >= first_step:
                shutil.rmtree(run.path / PREVIEWS / f"{step:08d}", ignore_errors=True)
        from imgstudio.learn.runs.events import Events  # brings torch along

        self._flushed = time.monotonic()
        with file_errors(run.path):
            self._steps: IO[str] = (run.path / STEPS).open("a", encoding="utf-8", newline="")
            self._events = Events(run.path, first_step)

    def best(self, goal: Goal) -> Best | None:
        """The best of the validations that were kept."""
        best: Best | None = None
        for row in self.validations:
            score = row.scores.get(goal.name)
            if score is not None and goal.is_better(score, None if best is None else best.score):
                best = Best(score, row.step)
        return best

    def add_step(self, report: StepReport, seconds: float) -> None:
        row = StepRow(
            step=int(report.step),
            seconds=round(seconds, 3),
            epoch=float(report.epoch),
            phase=int(report.phase),
            loss=float(report.loss),
            rate=float(report.rate),
            momentum=float(report.momentum),
            images=int(report.images),
            terms={name: float(value) for name, value in report.terms.items()},
        )
        with file_errors(self._run.path / STEPS):
            csv.writer(self._steps, lineterminator="\n").writerow(step_line(row))
            terms = {f"train/{name}": value for name, value in row.terms.items()}
            curves = {"train/loss": row.loss, "rate": row.rate, "momentum": row.momentum}
            self._events.add(row.step, curves | terms)
        if time.monotonic() - self._flushed > FLUSH:
            self.flush()

    def add_validation(self, report: StepReport, validation: Validation, seconds: float) -> None:
        row = ValidationRow(
            step=int(report.step),
            epoch=float(report.epoch),
            seconds=round(seconds, 3),
            loss=float(validation.loss),
            scores={name: float(value) for name, value in validation.scores.items()},
            confusion=validation.confusion,
            pictures=tuple((name, float(score)) for name, score in validation.pictures),
        )
        self.validations.append(row)
        with file_errors(self._run.path / VALIDATIONS):
            with (self._run.path / VALIDATIONS).open("a", encoding="utf-8") as file:
                file.write(validation_line(row) + "\n")
            scores = {f"valid/{name}": value for name, value in row.scores.items()}
            self._events.add(row.step, {"valid/loss": row.loss} | scores)
        self.flush()

    def add_previews(self, step: int, rows: Sequence[PreviewRow]) -> None:
        """Keep what the network makes of the fixed pictures; they appear all at once."""
        if not rows:
            return
        folder = ensured(self._run.path / PREVIEWS)
        draft, place = folder / ".draft", folder / f"{step:08d}"
        with file_errors(folder):
            if not (folder / NAMES).is_file():
                _write_fixed(folder, rows)
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            for index, row in enumerate(rows):
                _write_picture(draft / f"{index}-output.jpg", row.output)
            shutil.rmtree(place, ignore_errors=True)
            move_over(draft, place)
        self._thin_previews()

    def flush(self) -> None:
        """Bring everything to the files."""
        self._flushed = time.monotonic()
        with file_errors(self._run.path / STEPS):
            self._steps.flush()
            self._events.flush()

    def close(self) -> None:
        with file_errors(self._run.path / STEPS):
            try:
                self._events.close()
            finally:
                self._steps.close()

    def _rewrite_tables(self, steps: Sequence[StepRow]) -> None:
        # As new files: readers notice that and begin anew.
        path = self._run.path
        lines = [",".join(COLUMNS)] + [_joined(step_line(row)) for row in steps]
        write_atomically(path / STEPS, "".join(f"{line}\n" for line in lines))
        write_atomically(path / VALIDATIONS, "".join(f"{validation_line(row)}\n" for row in self.validations))

    def _thin_previews(self) -> None:
        """Leave out every other one when there are too many to look at; the first and the last stay."""
        steps = self._run.preview_steps()
        if len(steps) > MOST_PREVIEWS:
            kept = {checkpoint.step for checkpoint in self._run.kept_checkpoints()}
            for step in steps[1:-1:2]:
                if step not in kept:
                    shutil.rmtree(self._run.path / PREVIEWS / f"{step:08d}", ignore_errors=True)


def _joined(cells: list[str]) -> str:
    quoted = cells[-1].replace('"', '""')
    return ",".join([*cells[:-1], f'"{quoted}"'])


def _write_fixed(folder: Path, rows: Sequence[PreviewRow]) -> None:
    for index, row in enumerate(rows):
        _write_picture(folder / f"{index}-input.jpg", row.input)
        if row.truth is not None:
            _write_picture(folder / f"{index}-truth.jpg", row.truth)
    write_atomically(folder / NAMES, json.dumps({"names": [row.name for row in rows]}))


def _write_picture(path: Path, pixels: Bytes) -> None:
    Image.fromarray(pixels).save(path, quality=QUALITY, subsampling=0)
