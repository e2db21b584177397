"""Decide what the numbers or colours in a folder's masks mean."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import cv2
import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.labelformats.class_lists import NamedClass
from imgstudio.core.labelformats.labelme import BACKGROUND_LABEL, IGNORED_LABEL
from imgstudio.core.labels import class_colour
from imgstudio.learn.dataset.masks import MaskFacts, MaskKind, stored_mask
from imgstudio.learn.dataset.report import Finding

Meaning = Literal["auto", "classes", "objects"]
"""What the user says that numbers mean: class numbers, object numbers, or that the program shall find out."""

BACKGROUND_NAMES: Final = frozenset({"background", "bg", "ground", "nothing", "none"})
_MOST_CLASSES: Final = 64
_SOFT_LEVEL: Final = 24
"""Grey steps from black or white within which a blurred black-and-white mask still counts as one of them."""
_SOFT_SHARE: Final = 0.9
_COMMON_COLOUR: Final = 1e-4
"""Share of all pixels from which a colour is a class and not the blur of an edge."""
_LOOKED_INTO: Final = 24
"""Masks that are opened again to tell objects from classes."""


@dataclass(frozen=True, slots=True)
class Coding:
    """How masks are read, and the classes in the order of the network's output."""

    kind: MaskKind
    classes: tuple[NamedClass, ...]
    """`value` as stored in the masks; 0xRRGGBB for colours."""
    ignored: int | None = None
    findings: tuple[Finding, ...] = ()


def coding_of(
    masks: Sequence[MaskFacts], names: Sequence[NamedClass], names_from: str, meaning: Meaning = "auto"
) -> Coding:
    """What the masks of a folder have in common. `masks` are readable and at least one."""
    if any(mask.labels for mask in masks):
        return _of_labels(masks)
    if any(mask.is_coloured for mask in masks) or _palettes_disagree(masks):
        return _of_colours(masks, names)
    total = _total(mask.values for mask in masks)
    if meaning == "objects":
        return _objects(total, masks)
    figure = _figure_value(total, masks, names)
    if figure is not None:
        return _binary(figure, masks, names)
    if meaning == "auto" and not names and _look_like_objects(masks, total):
        return _objects(total, masks)
    return _of_numbers(masks, total, names, names_from)


def class_counts(mask: MaskFacts, coding: Coding) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], int]:
    """(classes,) pixels of each class in one mask, and the pixels that count neither way."""
    counts = np.zeros(len(coding.classes), np.int64)
    if coding.kind in ("labelme", "coco"):
        for index, known in enumerate(coding.classes):
            counts[index] = mask.labels.get(known.name, 0) + (mask.labels.get("", 0) if index == 0 else 0)
        return counts, mask.labels.get(IGNORED_LABEL, 0)
    values = coloured_values(mask) if coding.kind == "colours" else mask.values
    if coding.kind in ("binary", "objects"):
        threshold = coding.classes[-1].value // 2 if coding.kind == "binary" else 0
        counts[1] = sum(pixels for value, pixels in values.items() if value > threshold)
        counts[0] = sum(values.values()) - counts[1]
        return counts, 0
    places = {known.value: index for index, known in enumerate(coding.classes)}
    for value, pixels in values.items():
        if value in places:
            counts[places[value]] += pixels
    return counts, mask.width * mask.height - int(counts.sum())


def coloured_values(mask: MaskFacts) -> Mapping[int, int]:
    """0xRRGGBB -> pixels of any mask."""
    if mask.is_coloured:
        return mask.values
    out: Counter[int] = Counter()
    for value, pixels in mask.values.items():
        out[mask.colours.get(value, min(value, 255) * 0x010101)] += pixels
    return out


def _total(parts: Iterable[Mapping[int, int]]) -> Counter[int]:
    total: Counter[int] = Counter()
    for part in parts:
        total.update(part)
    return total


def _palettes_disagree(masks: Sequence[MaskFacts]) -> bool:
    """Whether the same number has different colours in different files: then only the colours mean something."""
    seen: dict[int, int] = {}
    return any(
        seen.setdefault(value, colour) != colour for mask in masks for value, colour in mask.colours.items()
    )


def _figure_value(total: Counter[int], masks: Sequence[MaskFacts], names: Sequence[NamedClass]) -> int | None:
    """The white of black-and-white masks, also when their edges are blurred; None for others."""
    if len(names) > 2 or any(mask.is_deep for mask in masks):
        return None
    values = [value for value in total if value]
    if len(values) == 1:
        return values[0]
    if set(values) == {1, 255} and not any(mask.values.get(1) and mask.values.get(255) for mask in masks):
        return 1  # some masks were saved with 1 for white, some with 255
    if max(total) < 128:
        return None
    extreme = sum(n for value, n in total.items() if value <= _SOFT_LEVEL or value >= 255 - _SOFT_LEVEL)
    has_shades = len(total) > 8 or any(mask.is_lossy for mask in masks)
    is_soft = has_shades and extreme >= _SOFT_SHARE * sum(total.values())
    return 255 if is_soft else None


def _binary(figure: int, masks: Sequence[MaskFacts], names: Sequence[NamedClass]) -> Coding:
    ground_name, figure_name = ("background", "object", *(named.name for named in names))[-2:]
    if len(names) == 1:
        ground_name = "background"
    classes = (
        NamedClass(ground_name, 0, (0, 0, 0)),
        NamedClass(figure_name, figure, class_colour(1)),
    )
    blurred = [mask for mask in masks if any(0 < value < figure for value in mask.values)]
    findings: tuple[Finding, ...] = ()
    if blurred:
        findings = (
            Finding(
                "note" if not any(mask.is_lossy for mask in blurred) else "warning",
                f"{len(blurred)} black-and-white masks have grey edges; grey from the middle up counts as white.",
                "Save masks as PNG without smoothing if edges matter.",
                _files(blurred),
            ),
        )
    return Coding("binary", classes, findings=findings)


def _look_like_objects(masks: Sequence[MaskFacts], total: Counter[int]) -> bool:
    """Numbers 1 .. n without gaps, n different from picture to picture, each number one piece."""
    if len([value for value in total if value]) > _MOST_CLASSES:
        return True
    own = [sorted(value for value in mask.values if value) for mask in masks]
    counts = {len(values) for values in own if values}
    if len(counts) < 2 or max(counts) < 2:
        return False
    if sum(values == list(range(1, len(values) + 1)) for values in own) < 0.95 * len(own):
        return False
    return _pieces_of_a_number(masks) <= 1.5


def _pieces_of_a_number(masks: Sequence[MaskFacts]) -> float:
    """Mean count of connected pieces that a number has in a mask."""
    several = [mask for mask in masks if len(mask.values) > 2]
    pieces: list[int] = []
    for mask in several[:: max(1, len(several) // _LOOKED_INTO)]:
        try:
            pixels = stored_mask(mask.path).pixels
        except UserError:
            continue
        for value in [value for value in mask.values if value][:16]:
            count, _, stats, _ = cv2.connectedComponentsWithStats((pixels == value).astype(np.uint8))
            pieces.append(int((stats[1:count, cv2.CC_STAT_AREA] > 4).sum()))
    return float(np.mean(pieces)) if pieces else 1.0


def _objects(total: Counter[int], masks: Sequence[MaskFacts]) -> Coding:
    classes = (NamedClass("background", 0, (0, 0, 0)), NamedClass("object", 1, class_colour(1)))
    most = max((sum(1 for value in mask.values if value) for mask in masks), default=0)
    note = Finding(
        "note",
        f"The masks number single objects (up to {most} in a picture); all are learned as one class, “object”.",
        "If the numbers are classes, put a codes.txt with their names, one a line, into the folder.",
    )
    return Coding("objects", classes, findings=(note,) if max(total, default=0) > 1 else ())


def _of_numbers(
    masks: Sequence[MaskFacts], total: Counter[int], names: Sequence[NamedClass], names_from: str
) -> Coding:
    colours = {value: colour for mask in masks for value, colour in mask.colours.items()}
    findings: list[Finding] = []
    if _lack_background(names, total):
        names = [NamedClass("background", 0), *(replace(named, value=named.value + 1) for named in names)]
        findings.append(
            Finding(
                "note",
                f"{names_from} names no background, so its names are taken for the numbers from 1 on"
                " and 0 for the background.",
                f"If 0 is meant to be “{names[1].name}”, leave no pixel with the number {len(names) - 1}.",
            )
        )
    known = {named.value: named for named in names if not named.is_void and 0 <= named.value < 65535}
    void = next((named.value for named in names if named.is_void), None)
    if void is None and total.get(255) and 255 not in known:
        void = 255
    if not known:
        known = {value: NamedClass(_plain_name(value), value) for value in sorted(total) if value != void}
        findings.append(
            Finding(
                "note",
                f"The {len(known)} classes in the masks have no names; they are called by their numbers.",
                "Put a codes.txt into the folder: one name a line, in the order of the numbers; “Void” is not learned.",
            )
        )
    classes = tuple(
        NamedClass(named.name, value, named.colour or _rgb(colours.get(value), index))
        for index, (value, named) in enumerate(sorted(known.items()))
    )
    findings += _number_findings(masks, known, void, names_from)
    return Coding("classes", classes, void, tuple(findings))


def _lack_background(names: Sequence[NamedClass], total: Counter[int]) -> bool:
    """Whether a list of names seems to begin with what the masks call 1."""
    if not names or names[0].value != 0 or names[0].colour is not None:
        return False
    highest = max((value for value in total if value != 255), default=0)
    is_named = any(named.name.strip("_").lower() in BACKGROUND_NAMES or named.is_void for named in names)
    return highest == len(names) and not is_named and total.get(0, 0) > 0


def _number_findings(
    masks: Sequence[MaskFacts], known: Mapping[int, NamedClass], void: int | None, names_from: str
) -> list[Finding]:
    out: list[Finding] = []
    if len(known) > _MOST_CLASSES and not names_from:
        out.append(
            Finding(
                "error",
                f"The masks hold {len(known)} different grey values, too many to be classes.",
                "Paint each class in one flat grey and save as PNG without smoothing.",
            )
        )
    outside = [m for m in masks if any(value not in known and value not in (void, 255) for value in m.values)]
    if outside and names_from:
        strange = sorted({v for m in outside for v in m.values if v not in known and v not in (void, 255)})
        listed = ", ".join(map(str, strange[:8])) + (", ..." if len(strange) > 8 else "")
        out.append(
            Finding(
                "warning",
                f"{len(outside)} masks hold numbers that {names_from} has no class for ({listed});"
                " those pixels count neither way.",
                f"Add the missing classes to {names_from}, or repaint these places.",
                _files(outside),
            )
        )
    if any(mask.is_lossy for mask in masks):
        lossy = [mask for mask in masks if mask.is_lossy]
        out.append(
            Finding(
                "warning",
                f"{len(lossy)} masks are saved with loss (JPEG), which invents class numbers along every edge.",
                "Export the masks again as PNG.",
                _files(lossy),
            )
        )
    return out


def _plain_name(value: int) -> str:
    return "background" if value == 0 else f"class {value}"


def _of_colours(masks: Sequence[MaskFacts], names: Sequence[NamedClass]) -> Coding:
    total = _total(coloured_values(mask) for mask in masks)
    pixels = sum(total.values())
    named = {_packed(known.colour): known for known in names if known.colour is not None}
    if named:
        chosen = {value: known for value, known in named.items() if not known.is_void}
        void = next((value for value, known in named.items() if known.is_void), None)
    else:
        common = [value for value, count in total.items() if count >= _COMMON_COLOUR * pixels]
        order = sorted(common, key=lambda value: (value != 0, -total[value]))[: _MOST_CLASSES + 1]
        chosen = {value: NamedClass(_colour_name(value), value) for value in order}
        void = None
    classes = tuple(NamedClass(known.name, value, _rgb(value, 0)) for value, known in chosen.items())
    findings = _colour_findings(masks, total, chosen, void, has_names=bool(named))
    return Coding("colours", classes, void, tuple(findings))


def _colour_findings(
    masks: Sequence[MaskFacts],
    total: Counter[int],
    chosen: Mapping[int, NamedClass],
    void: int | None,
    *,
    has_names: bool,
) -> list[Finding]:
    mixed = 1 - sum(total[value] for value in {*chosen, void} if value is not None) / max(
        sum(total.values()), 1
    )
    if len(chosen) > _MOST_CLASSES or (not has_names and mixed > 0.2) or not chosen:
        return [
            Finding(
                "error",
                f"The masks look like pictures: they hold {len(total)} or more different colours.",
                "Paint each class in one flat colour and save as PNG without smoothing.",
            )
        ]
    out = [
        Finding(
            "note",
            f"The masks are coloured; each of their {len(chosen)} colours is a class.",
            "" if has_names else "Name them in a label_colors.txt: one “red green blue name” a line.",
        )
    ]
    if mixed > 0:
        strange = [m for m in masks if any(v not in chosen and v != void for v in coloured_values(m))]
        out.append(
            Finding(
                "warning",
                f"{max(mixed, 0.0001):.2%} of the mask pixels have a colour of no class, usually smoothed edges;"
                " they count neither way.",
                "Save masks as PNG without smoothing.",
                _files(strange),
            )
        )
    return out


def _colour_name(value: int) -> str:
    return "background" if value == 0 else f"#{value:06x}"


def _of_labels(masks: Sequence[MaskFacts]) -> Coding:
    pictures = Counter(name for mask in masks for name in mask.labels)
    found = [name for name in pictures if name not in ("", IGNORED_LABEL, BACKGROUND_LABEL)]
    order = sorted(
        found, key=lambda name: [int(p) if p.isdecimal() else p.lower() for p in re.split(r"(\d+)", name)]
    )
    classes = (
        NamedClass(BACKGROUND_LABEL if BACKGROUND_LABEL in pictures else "background", 0, (0, 0, 0)),
        *(NamedClass(name, value, class_colour(value)) for value, name in enumerate(order, start=1)),
    )
    findings: list[Finding] = []
    boxed = [mask for mask in masks if mask.boxes]
    if boxed:
        findings.append(
            Finding(
                "warning",
                f"{sum(mask.boxes for mask in boxed)} labels are only boxes around things;"
                " the network will learn boxes there, not outlines.",
                "Outline the things if you want outlines.",
                _files(boxed),
            )
        )
    notes = [note for mask in masks for note in mask.notes]
    if notes:
        findings.append(Finding("warning", f"{len(notes)} labels cannot be used.", "", tuple(notes)))
    return Coding("labelme", classes, findings=tuple(findings))


def _rgb(packed: int | None, index: int) -> tuple[int, int, int]:
    return class_colour(index) if packed is None else (packed >> 16 & 255, packed >> 8 & 255, packed & 255)


def _packed(colour: tuple[int, int, int]) -> int:
    return colour[0] << 16 | colour[1] << 8 | colour[2]


def _files(masks: Sequence[MaskFacts]) -> tuple[str, ...]:
    return tuple(str(mask.path) for mask in masks)
