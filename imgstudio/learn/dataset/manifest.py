"""The data manifest of a run: a dataset report as JSON and back."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Final

from imgstudio.core.errors import UserError
from imgstudio.core.paths import file_errors, write_atomically
from imgstudio.learn.dataset.report import ClassShare, DatasetReport, Finding, Sample, Split

_VERSION: Final = 1


def report_to_json(report: DatasetReport) -> str:
    """Everything in the report; files inside its folder are written relative to it."""
    folder = report.folder.absolute()
    return json.dumps(
        {
            "version": _VERSION,
            "folder": str(folder),
            "samples": [_sample_values(sample, folder) for sample in report.samples],
            "split": dataclasses.asdict(report.split),
            "findings": [dataclasses.asdict(finding) for finding in report.findings],
            "classes": [dataclasses.asdict(known) for known in report.classes],
            "ignored": report.ignored,
        },
        indent=1,
        ensure_ascii=False,
    )


def report_from_json(text: str) -> DatasetReport:
    """Read `report_to_json`; raises UserError on anything else."""
    try:
        return _report(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            "The list of training files cannot be read",
            f"It is damaged or of another version: {error}.",
            "Check the folder again.",
        ) from error


def write_report(report: DatasetReport, path: Path) -> None:
    """Raises UserError."""
    write_atomically(path, report_to_json(report))


def read_report(path: Path) -> DatasetReport:
    """Raises UserError."""
    with file_errors(path):
        text = path.read_text("utf-8", errors="replace")
    return report_from_json(text)


def _sample_values(sample: Sample, folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = {"image": _relative(sample.image, folder)}
    if sample.target is not None:
        values["target"] = _relative(sample.target, folder)
    values |= {"width": sample.width, "height": sample.height, "sha256": sample.sha256}
    values |= {"group": sample.group, "extra": sample.extra}
    return {name: value for name, value in values.items() if value not in ("", {})}


def _relative(path: Path, folder: Path) -> str:
    path = path.absolute()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _report(values: dict[str, Any]) -> DatasetReport:
    if values["version"] != _VERSION:
        raise ValueError(f"version {values['version']}")
    folder = Path(values["folder"])
    split = values["split"]
    return DatasetReport(
        folder=folder,
        samples=tuple(_sample(sample, folder) for sample in values["samples"]),
        split=Split(tuple(split["train"]), tuple(split["valid"]), split["by"]),
        findings=tuple(
            Finding(f["severity"], f["what"], f["what_to_do"], tuple(f["files"])) for f in values["findings"]
        ),
        classes=tuple(
            ClassShare(c["name"], c["value"], c["share"], c["pictures"], _colour(c["colour"]))
            for c in values["classes"]
        ),
        ignored=values["ignored"],
    )


def _sample(values: dict[str, Any], folder: Path) -> Sample:
    target = values.get("target")
    return Sample(
        image=folder / values["image"],
        target=None if target is None else folder / target,
        width=int(values.get("width", 0)),
        height=int(values.get("height", 0)),
        sha256=values.get("sha256", ""),
        group=values.get("group", ""),
        extra=dict(values.get("extra", {})),
    )


def _colour(values: list[int]) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in values)
    return (red, green, blue)
