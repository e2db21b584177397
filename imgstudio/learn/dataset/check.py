"""Check a folder of pictures and masks: what is there, what is wrong with it, and which pictures judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.learn.dataset import findings
from imgstudio.learn.dataset.check_image_pairs import check_image_pairs
from imgstudio.learn.dataset.coding import BACKGROUND_NAMES, Coding, Meaning, class_counts, coding_of
from imgstudio.learn.dataset.find_pairs import FoundPairs, image_mask_pairs
from imgstudio.learn.dataset.looking import looked_at
from imgstudio.learn.dataset.masks import (
    COCO_NAME,
    MASK_KIND,
    MASK_TURN,
    MaskFacts,
    label_facts,
    labelled,
    mask_facts,
)
from imgstudio.learn.dataset.photos import check_photos
from imgstudio.learn.dataset.pictures import PictureFacts, picture_facts
from imgstudio.learn.dataset.report import ClassShare, DatasetReport, Finding, Sample, Side, Split
from imgstudio.learn.dataset.splitting import GivenSplit, split_samples

_SAME_SHAPE: Final = 0.02
_RARE: Final = 5
"""Pictures below which a class is called rare."""


__all__ = ["check_image_pairs", "check_photos", "check_segmentation"]


@dataclass(frozen=True, eq=False, slots=True)
class _Checked:
    """A pair whose picture and mask can be used."""

    sample: Sample
    picture: PictureFacts
    mask: MaskFacts
    side: Side | None


def check_segmentation(folder: Path, progress: Progress, *, meaning: Meaning = "auto") -> DatasetReport:
    """Find pictures with masks, decide what the masks mean, and split them by scene.

    `meaning` overrides the guess whether numbers in masks are classes or single objects. Raises UserError where
    there is no folder, and Cancelled; everything else becomes a finding.
    """
    found = image_mask_pairs(folder)
    told = list(found.findings)
    pictures = looked_at(
        [s.image for s in found.samples], picture_facts, progress.part(0, 0.5), "Looking at the pictures"
    )
    pairs = list(zip(found.samples, pictures, strict=True))
    masks = looked_at(pairs, _mask_of, progress.part(0.5, 0.95), "Looking at the masks")
    usable = _usable(found, pictures, masks, told)
    if not usable:
        return findings.nothing(folder, told, had="pairs" if found.samples else "")
    coding = found.coding or coding_of([item.mask for item in usable], found.names, found.names_from, meaning)
    told += coding.findings
    counts, usable = _counted(usable, coding, told)
    if not usable:
        return findings.nothing(folder, told, had="masks")
    report = _split_report(folder, usable, counts, coding, found, told)
    progress.update(1.0, "Checked")
    return report


def _mask_of(pair: tuple[Sample, PictureFacts]) -> MaskFacts:
    sample, picture = pair
    assert sample.target is not None
    kind = sample.extra.get(MASK_KIND)
    if kind is None:
        return mask_facts(sample.target)
    try:
        image = labelled(sample.target, kind, str(sample.extra.get(COCO_NAME, "")))
    except UserError as error:
        return MaskFacts(sample.target, problem=str(error))
    return label_facts(image.sized(picture.width, picture.height), sample.target)


def _usable(
    found: FoundPairs, pictures: Sequence[PictureFacts], masks: Sequence[MaskFacts], told: list[Finding]
) -> list[_Checked]:
    """Pairs that can be read and fit; the others become findings."""
    told += findings.unreadable([p.problem for p in pictures if p.problem])
    told += findings.unreadable([m.problem for m in masks if m.problem], "masks")
    sides = found.sides or (None,) * len(found.samples)
    out: list[_Checked] = []
    scaled, misfits = list[str](), list[str]()
    for sample, picture, mask, side in zip(found.samples, pictures, masks, sides, strict=True):
        if picture.problem or mask.problem:
            continue
        fit = _fit(picture, mask)
        if fit is None:
            misfits.append(_sizes(picture, mask))
            continue
        if fit == "scaled":
            scaled.append(_sizes(picture, mask))
        extra = sample.extra | ({MASK_TURN: picture.orientation} if fit == "turned" else {})
        sized = replace(
            sample, width=picture.width, height=picture.height, sha256=picture.sha256, extra=extra
        )
        out.append(_Checked(sized, picture, mask, side))
    told += _size_findings(scaled, misfits)
    return out


def _fit(picture: PictureFacts, mask: MaskFacts) -> str | None:
    """How a mask lies on its picture: "same", "turned" (picture turned by EXIF, mask not), "scaled", or not at all."""
    if (mask.width, mask.height) == (picture.width, picture.height):
        return "same"
    if picture.orientation >= 5 and (mask.height, mask.width) == (picture.width, picture.height):
        return "turned"
    across, down = mask.width / picture.width, mask.height / picture.height
    return "scaled" if abs(across / down - 1) <= _SAME_SHAPE else None


def _sizes(picture: PictureFacts, mask: MaskFacts) -> str:
    return f"{picture.path.name}: {picture.width} x {picture.height}, mask {mask.width} x {mask.height}"


def _size_findings(scaled: list[str], misfits: list[str]) -> list[Finding]:
    out: list[Finding] = []
    if misfits:
        out.append(
            Finding(
                "warning",
                f"{findings.counted(len(misfits), 'masks')} {'has' if len(misfits) == 1 else 'have'} another size and"
                " shape than the picture, so nobody can tell where they belong; left out.",
                "Export the masks again in the size of their pictures.",
                tuple(misfits),
            )
        )
    if scaled:
        out.append(
            Finding(
                "warning",
                f"{findings.counted(len(scaled), 'masks')} {'has' if len(scaled) == 1 else 'have'} another size than"
                " the picture but the same shape; they are scaled to fit.",
                "Edges are sharper when masks have the size of their pictures.",
                tuple(scaled),
            )
        )
    return out


def _counted(
    usable: list[_Checked], coding: Coding, told: list[Finding]
) -> tuple[npt.NDArray[np.float64], list[_Checked]]:
    """(samples, classes) pixels, without the samples in which nothing counts."""
    rows = [class_counts(item.mask, coding)[0] for item in usable]
    blank = [item for item, row in zip(usable, rows, strict=True) if not row.sum()]
    if blank:
        told.append(
            Finding(
                "warning",
                f"{findings.counted(len(blank), 'masks')} {'holds' if len(blank) == 1 else 'hold'} nothing that counts"
                " and are left out.",
                "Label at least a part of each picture.",
                findings.texts([item.mask.path for item in blank]),
            )
        )
    kept = [index for index, row in enumerate(rows) if row.sum()]
    counts = np.array([rows[n] for n in kept], np.float64).reshape(len(kept), len(coding.classes))
    return counts, [usable[n] for n in kept]


def _split_report(
    folder: Path,
    usable: list[_Checked],
    counts: npt.NDArray[np.float64],
    coding: Coding,
    found: FoundPairs,
    told: list[Finding],
) -> DatasetReport:
    names = [known.name for known in coding.classes]
    told += findings.too_few(len(usable))
    told += _class_findings(counts, coding, usable)
    kind = None if coding.kind == "labelme" else coding.kind
    samples = [
        replace(item.sample, extra=item.sample.extra | ({MASK_KIND: kind} if kind else {})) for item in usable
    ]
    shares = _shares(counts, coding)
    if len(usable) < 2:
        return DatasetReport(folder, tuple(samples), Split((0,), ()), tuple(told), shares, coding.ignored)
    sides = tuple(item.side for item in usable)
    given = GivenSplit(sides, found.sides_from) if {"train", "valid"} <= set(sides) else GivenSplit()
    done = split_samples(samples, [item.picture for item in usable], given, counts, names)
    told += done.findings
    return DatasetReport(folder, done.samples, done.split, findings.in_order(told), shares, coding.ignored)


def _shares(counts: npt.NDArray[np.float64], coding: Coding) -> tuple[ClassShare, ...]:
    totals = counts.sum(0)
    return tuple(
        ClassShare(
            known.name,
            known.value,
            float(totals[place] / totals.sum()),
            int((counts[:, place] > 0).sum()),
            known.colour or (0, 0, 0),
        )
        for place, known in enumerate(coding.classes)
    )


def _class_findings(
    counts: npt.NDArray[np.float64], coding: Coding, usable: Sequence[_Checked]
) -> list[Finding]:
    pictures = (counts > 0).sum(0)
    names = [known.name for known in coding.classes]
    out: list[Finding] = []
    if (pictures > 0).sum() < 2:
        only = names[int(pictures.argmax())]
        out.append(
            Finding(
                "error",
                f"All masks are empty: they hold nothing but “{only}”.",
                "Paint in each mask what the network shall find.",
            )
        )
        return out
    never = [names[n] for n in np.flatnonzero(pictures == 0).tolist()]
    if never:
        out.append(
            Finding(
                "warning",
                f"{findings.quoted(never)} {'occurs' if len(never) == 1 else 'occur'} in no mask and cannot be learned.",
                "Label some, or remove them from the list of classes.",
            )
        )
    rare = [f"“{names[n]}” in {pictures[n]}" for n in range(len(names)) if 0 < pictures[n] < _RARE]
    if rare and len(usable) > 2 * _RARE:
        out.append(
            Finding(
                "warning",
                f"Some classes are in very few pictures ({', '.join(rare)}); they will be learned badly.",
                "Label more pictures that hold them.",
            )
        )
    return out + _empty_masks(counts, coding, usable)


def _empty_masks(
    counts: npt.NDArray[np.float64], coding: Coding, usable: Sequence[_Checked]
) -> list[Finding]:
    ground = coding.classes[0].name.strip("_").lower()
    if ground not in BACKGROUND_NAMES and coding.kind not in (
        "binary",
        "objects",
    ):
        return []
    empty = [usable[n] for n in np.flatnonzero(counts[:, 1:].sum(1) == 0).tolist()]
    if not empty:
        return []
    many = len(empty) > len(usable) / 2
    return [
        Finding(
            "warning" if many else "note",
            f"{findings.counted(len(empty), 'masks')} of {len(usable)} {'is' if len(empty) == 1 else 'are'} empty"
            " (background only); they teach where nothing is.",
            "If things in these pictures are just not labelled yet, take the pictures out of the folder.",
            findings.texts([item.mask.path for item in empty]),
        )
    ]
