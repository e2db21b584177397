"""Find the pictures that labelme and COCO files are about."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from imgstudio.core.errors import UserError
from imgstudio.core.imageformats.source import contents
from imgstudio.core.labelformats.labelme import read_labelme
from imgstudio.learn.dataset.masks import COCO_NAME, MASK_KIND, changed_at, coco_images
from imgstudio.learn.dataset.report import Finding, Sample

_SIDE = re.compile(r"(?:^|[_\-. ])(train|val|valid|validation|test)(?:ing)?(?:\d{4})?(?:$|[_\-. ])")


@dataclass(frozen=True, slots=True)
class LabelSamples:
    """Samples whose targets are label files."""

    samples: tuple[Sample, ...] = ()
    findings: tuple[Finding, ...] = ()


def samples_of(files: Iterable[Path], images: Sequence[Path]) -> LabelSamples:
    """Samples of all labelme and COCO files among `files`; other JSON is passed over."""
    by_name: dict[str, list[Path]] = defaultdict(list)
    for image in images:
        by_name[image.name.lower()].append(image)
    samples: dict[Path, Sample] = {}
    broken: list[str] = []
    lost: list[str] = []
    for path in files:
        try:
            found = _samples(path, by_name, lost)
        except UserError as error:
            broken.append(str(error))
            continue
        for sample in found:
            samples.setdefault(sample.image, sample)
    return LabelSamples(tuple(samples[image] for image in sorted(samples)), tuple(_findings(broken, lost)))


def _samples(path: Path, by_name: dict[str, list[Path]], lost: list[str]) -> list[Sample]:
    data = contents(path)
    if b'"shapes"' in data:
        labels = read_labelme(path)
        image = _image(labels.path, path, by_name) or _same_stem(path, by_name)
        if image is None:
            lost.append(f"{path.name}: {labels.path.name}")
            return []
        return [Sample(image, path, extra={MASK_KIND: "labelme"})]
    if b'"annotations"' in data and b'"images"' in data:
        return _coco_samples(path, by_name, lost)
    return []


def _coco_samples(path: Path, by_name: dict[str, list[Path]], lost: list[str]) -> list[Sample]:
    side = _SIDE.search(path.stem.lower())
    told = {"val": "valid", "validation": "valid"}.get(side[1], side[1]) if side else None
    out: list[Sample] = []
    for name, labels in coco_images(path, changed_at(path)).items():
        image = _image(labels.path, path, by_name)
        if image is None:
            lost.append(f"{path.name}: {labels.path.name}")
            continue
        extra = {MASK_KIND: "coco", COCO_NAME: name} | ({"side": told} if told else {})
        out.append(Sample(image, path, extra=extra))
    return out


def _image(named: Path, file: Path, by_name: dict[str, list[Path]]) -> Path | None:
    """The picture that a label file names: where it says, else the one of that name."""
    candidates = by_name.get(named.name.lower(), [])
    for candidate in candidates:
        if candidate == named or candidate.parent == file.parent:
            return candidate
    return candidates[0] if len(candidates) == 1 else None


def _same_stem(path: Path, by_name: dict[str, list[Path]]) -> Path | None:
    stem = path.stem.lower()
    beside = [
        p for paths in by_name.values() for p in paths if p.parent == path.parent and p.stem.lower() == stem
    ]
    return beside[0] if len(beside) == 1 else None


def _findings(broken: list[str], lost: list[str]) -> list[Finding]:
    out: list[Finding] = []
    if broken:
        out.append(
            Finding(
                "warning",
                f"{len(broken)} label files cannot be read and are left out.",
                "Export them again from the program that made them.",
                tuple(broken),
            )
        )
    if lost:
        out.append(
            Finding(
                "warning",
                f"{len(lost)} labelled pictures are not in the folder.",
                "Copy the pictures next to their label files.",
                tuple(lost),
            )
        )
    return out
