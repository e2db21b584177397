"""Finds marked points for a folder of pictures: labelme JSON beside them, or a table (CSV)."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.labelformats.labelme import read_labelme
from imgstudio.core.paths import file_errors
from imgstudio.learn.dataset.photos import check_photos
from imgstudio.learn.dataset.report import ClassShare, DatasetReport, Finding, Sample, Split

POINTS: Final = "points"
"""Key of `Sample.extra`: {name: [x, y]} in pixels of the picture as shown."""
Points = dict[str, list[float]]
_LEAST_SIDE: Final = 32


def check_points(folder: Path, progress: Progress) -> DatasetReport:
    """Pictures with their points; classes of the report are the names of the points. Raises UserError, Cancelled.

    A table has a row a picture, "file, x, y[, x, y ...]", or a row a point, "file, name, x, y", with or without
    a line of titles.
    """
    report = check_photos(folder, progress.part(0, 0.8), least_side=_LEAST_SIDE)
    tables = _from_tables(folder)
    told: list[Finding] = []
    found = [_with_points(sample, tables, told) for sample in progress.part(0.8, 1).track(report.samples)]
    names = tuple(dict.fromkeys(name for sample in found for name in sample.extra.get(POINTS, {})))
    return _kept(report, found, names, told)


def _with_points(sample: Sample, tables: Mapping[str, Points], told: list[Finding]) -> Sample:
    beside = sample.image.with_suffix(".json")
    points = dict(tables.get(sample.image.name) or tables.get(sample.image.stem) or {})
    if beside.is_file():
        try:
            points |= {mark.label: [mark.x, mark.y] for mark in read_labelme(beside).marks}
        except UserError as error:
            told.append(Finding("warning", f"{beside.name} cannot be read.", error.what_to_do, (str(error),)))
    inside = {n: [x, y] for n, (x, y) in points.items() if 0 <= x <= sample.width and 0 <= y <= sample.height}
    if len(inside) < len(points):
        told.append(Finding("warning", f"Points of {sample.image.name} outside the picture are left out."))
    return replace(sample, extra={**sample.extra, POINTS: inside})


def _kept(
    report: DatasetReport, found: Sequence[Sample], names: tuple[str, ...], told: list[Finding]
) -> DatasetReport:
    """The report of the pictures that have points, their split renumbered."""
    having = [index for index, sample in enumerate(found) if sample.extra[POINTS]]
    place = {old: new for new, old in enumerate(having)}
    without = [sample.image.name for sample in found if not sample.extra[POINTS]]
    if report.samples and not having:
        told.append(
            Finding(
                "error",
                "No picture has a point.",
                "Give a labelme file or a row in a table for each picture.",
            )
        )
    elif without:
        told.append(
            Finding("note", f"{len(without)} pictures without points are left out.", "", tuple(without))
        )
    split = Split(
        tuple(place[index] for index in report.split.train if index in place),
        tuple(place[index] for index in report.split.valid if index in place),
        report.split.by,
    )
    samples = tuple(found[index] for index in having)
    classes = tuple(
        ClassShare(name, number, 1 / len(names), sum(name in sample.extra[POINTS] for sample in samples))
        for number, name in enumerate(names)
    )
    return replace(report, samples=samples, split=split, findings=(*report.findings, *told), classes=classes)


def _from_tables(folder: Path) -> dict[str, Points]:
    """Points of every table in the folder, by the file name of the picture."""
    points: dict[str, Points] = {}
    for path in sorted(folder.glob("*.csv")):
        for name, own in points_in_table(path).items():
            points.setdefault(name, {}).update(own)
    return points


def points_in_table(path: Path) -> dict[str, Points]:
    """Read one table by file name; rows without numbers (titles) are passed over. Raises UserError."""
    with file_errors(path), path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        sample = file.read(4096)
        file.seek(0)
        separator = max(",;\t", key=sample.count)
        try:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file, delimiter=separator) if row]
        except csv.Error as error:
            raise UserError(f"{path.name} is not a table", str(error), "Save it as CSV.") from error
    points: dict[str, Points] = {}
    for row in rows:
        own = points.setdefault(Path(row[0]).name, {})
        if len(row) == 4 and _number(row[1]) is None:
            own |= _pairs(row[2:], [row[1]])
        else:
            own |= _pairs(row[1:])
    return {name: own for name, own in points.items() if own}


def _pairs(cells: Sequence[str], names: Sequence[str] = ()) -> Points:
    """Numbers two by two, called as told or "point", "point 2", ...; what is no pair of numbers is left out."""
    points: Points = {}
    for number, (left, top) in enumerate(zip(cells[::2], cells[1::2], strict=False)):
        x, y = _number(left), _number(top)
        if x is not None and y is not None:
            name = names[number] if names else "point" if number == 0 else f"point {number + 1}"
            points[name] = [x, y]
    return points


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
