"""Check a folder that holds two others: photos, and pictures whose look they shall take on. Nothing is paired."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from imgstudio.core.jobs import Progress
from imgstudio.core.labelproject.pictures import counting_order
from imgstudio.learn.dataset import findings
from imgstudio.learn.dataset.photos import check_photos, photos_in
from imgstudio.learn.dataset.report import DatasetReport, Finding, Sample, Side, Split

Direction = Literal["automatic", "first to second", "second to first"]
LOOK: Final = "look"
"""Key of `Sample.extra`, true for a picture whose look is learned."""

_PHOTO_WORDS: Final = frozenset(
    {
        *("photo", "photos", "photograph", "photographs", "photography", "real", "input", "inputs", "before"),
        *("content", "contents", "source", "from", "a", "traina", "plain", "original", "originals"),
    }
)
_LOOK_WORDS: Final = frozenset(
    {
        *(
            "look",
            "looks",
            "style",
            "styles",
            "stylised",
            "stylized",
            "painting",
            "paintings",
            "painted",
            "art",
        ),
        *("drawing", "drawings", "sketch", "sketches", "glass", "artwork", "artworks", "after", "target"),
        *(
            "targets",
            "to",
            "b",
            "trainb",
            "output",
            "outputs",
            "comic",
            "comics",
            "anime",
            "cartoon",
            "cartoons",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class TwoFolders:
    """Which of the two is which."""

    photos: Path
    look: Path


def check_two_folders(
    folder: Path, progress: Progress, *, direction: Direction = "automatic", least_side: int = 0
) -> DatasetReport:
    """Look at all pictures of two sub-folders, each split for itself; those of the look have `extra[LOOK]`.

    Pictures whose shorter side has fewer than `least_side` pixels are left out. Raises UserError where there is no
    folder, and Cancelled; everything else becomes a finding.
    """
    places, told = _places(folder)
    if len(places) != 2:
        return DatasetReport(folder, (), Split((), ()), findings.in_order(told))
    two = _chosen(places[0], places[1], direction)
    reports = [
        check_photos(place, progress.part(start, start + 0.5), least_side=least_side)
        for place, start in ((two.photos, 0.0), (two.look, 0.5))
    ]
    told.append(
        Finding(
            "note",
            f"Pictures like those in “{two.photos.name}” will take on the look of “{two.look.name}”.",
            "Choose the other direction if it is meant the other way round.",
        )
    )
    for place, report in zip((two.photos, two.look), reports, strict=True):
        told += [_placed(finding, place.name) for finding in report.findings]
    progress.update(1.0, "Checked")
    return _together(folder, two, reports, told)


def folders_of(samples: Sequence[Sample]) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    """Photos, and pictures of the look."""
    looks = tuple(sample for sample in samples if sample.extra.get(LOOK))
    return tuple(sample for sample in samples if not sample.extra.get(LOOK)), looks


def _places(folder: Path) -> tuple[list[Path], list[Finding]]:
    """Sub-folders with pictures in them, and what is wrong where they are not two."""
    pictures = photos_in(folder)
    loose = [path for path in pictures if path.parent == folder]
    names = {path.relative_to(folder).parts[0] for path in pictures if path.parent != folder}
    places = sorted((folder / name for name in names), key=lambda path: counting_order(path.as_posix()))
    what_to_do = "Put your photos into one sub-folder and the pictures with the look into another."
    if not places:
        what = f"“{folder.name}” holds no sub-folders with pictures; it must hold two."
        return [], [Finding("error", what, what_to_do)]
    if len(places) == 1:
        what = (
            f"“{folder.name}” holds only one sub-folder with pictures, “{places[0].name}”; it must hold two."
        )
        return places, [Finding("error", what, what_to_do)]
    if len(places) > 2:
        named = findings.quoted([place.name for place in places])
        what = (
            f"“{folder.name}” holds {len(places)} sub-folders with pictures ({named}); it must hold just two."
        )
        return places, [Finding("error", what, "Move the others elsewhere, or put them into one of the two.")]
    if not loose:
        return places, []
    beside = findings.counted(len(loose), "pictures")
    what = f"{beside} {'lies' if len(loose) == 1 else 'lie'} beside the two sub-folders and will not be used."
    return places, [Finding("warning", what, "Move them into one of the two.", findings.texts(loose))]


def _chosen(first: Path, second: Path, direction: Direction) -> TwoFolders:
    if direction == "automatic":
        turned = _likeness_to_look(first.name) > _likeness_to_look(second.name)
        direction = "second to first" if turned else "first to second"
    return TwoFolders(first, second) if direction == "first to second" else TwoFolders(second, first)


def _likeness_to_look(name: str) -> int:
    words = set(re.findall(r"[a-z]+", name.lower()))
    return bool(words & _LOOK_WORDS) - bool(words & _PHOTO_WORDS)


def _placed(finding: Finding, name: str) -> Finding:
    if f"“{name}”" in finding.what:
        return finding
    return dataclasses.replace(finding, what=f"In “{name}”: {finding.what}")


def _together(
    folder: Path, two: TwoFolders, reports: Sequence[DatasetReport], told: Sequence[Finding]
) -> DatasetReport:
    samples: list[Sample] = []
    sides: dict[Side, list[int]] = {"train": [], "valid": []}
    for report, place in zip(reports, (two.photos, two.look), strict=True):
        sides["train"] += [len(samples) + index for index in report.split.train]
        sides["valid"] += [len(samples) + index for index in report.split.valid]
        mark = {LOOK: True} if place == two.look else {}
        samples += [
            dataclasses.replace(
                sample, group=f"{place.name}/{sample.group}".rstrip("/"), extra=sample.extra | mark
            )
            for sample in report.samples
        ]
    by = " ".join(
        f"“{place.name}”: {report.split.by}"
        for place, report in zip((two.photos, two.look), reports, strict=True)
        if report.split.by
    )
    split = Split(tuple(sides["train"]), tuple(sides["valid"]), by)
    return DatasetReport(folder, tuple(samples), split, findings.in_order(told))
