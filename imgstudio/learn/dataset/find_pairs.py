"""Find pictures and their masks in a folder as people keep them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from imgstudio.core.errors import UserError
from imgstudio.core.imageformats.source import contents
from imgstudio.core.labelformats.class_lists import NamedClass, class_names
from imgstudio.learn.dataset import label_files
from imgstudio.learn.dataset.classes import NAME_FILES
from imgstudio.learn.dataset.coding import Coding
from imgstudio.learn.dataset.findings import counted, texts
from imgstudio.learn.dataset.label_projects import labelled_pictures
from imgstudio.learn.dataset.masks import MASK_KIND
from imgstudio.learn.dataset.pictures import files_in, is_picture
from imgstudio.learn.dataset.places import Place, Role, has_mask_name, image_keys, mask_keys, place_of
from imgstudio.learn.dataset.report import Finding, Sample, Side

CAMVID_CLASSES: Final = (
    "Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car", "Pedestrian", "Bicyclist",
    "Void",
)  # fmt: skip
"""Of the CamVid folders train, trainannot, val, valannot, which come without a list of names."""
_BY_FOLDERS: Final = "the folders for training and validation"
_VALID_LISTS: Final = ("valid.txt", "val.txt", "validation.txt")


@dataclass(frozen=True, slots=True)
class FoundPairs:
    """Pictures with their masks, and what the folder says about them."""

    samples: tuple[Sample, ...]
    """`group` is the subfolder that names a scene, or empty; `extra["mask"]` tells label files from masks."""
    names: tuple[NamedClass, ...] = ()
    """Class names that came with the folder."""
    names_from: str = ""
    """File that held them."""
    sides: tuple[Side | None, ...] = ()
    """Of each sample, where the folder brings its own split; else empty."""
    sides_from: str = ""
    """What told the sides, as words in a sentence."""
    findings: tuple[Finding, ...] = ()
    coding: Coding | None = None
    """What the masks mean, where the folder is a label project and says it."""


@dataclass(slots=True)
class _Files:
    """The files of a folder, sorted by what they can be."""

    folder: Path
    images: list[Path] = field(default_factory=list)
    masks: list[Path] = field(default_factory=list)
    texts: dict[str, Path] = field(default_factory=dict)
    json: list[Path] = field(default_factory=list)
    places: dict[Path, Place] = field(default_factory=dict)

    def place(self, path: Path) -> Place:
        parent = path.parent
        if parent not in self.places:
            self.places[parent] = place_of(parent.relative_to(self.folder))
        return self.places[parent]


def image_mask_pairs(folder: Path) -> FoundPairs:
    """Pairs in a folder: masks beside pictures or in a folder of their own, labelme or COCO files.

    Masks are matched by name (`a.png`, `a_mask.png`, `a_P.png`, ...) within folders that mirror each other, or by a
    name that occurs once. Of several ways the one with the most pairs wins. A split comes from folders named train
    and val, `valid.txt` or VOC lists; pictures marked as test are left out. Of a label project exactly the labelled
    pictures count. Raises UserError where there is no folder.
    """
    project = labelled_pictures(folder)
    if project is not None:
        has_split = {"train", "valid"} <= set(project.sides)
        return FoundPairs(
            project.samples,
            sides=project.sides if has_split else (),
            sides_from=_BY_FOLDERS if has_split else "",
            findings=project.findings,
            coding=project.coding,
        )
    files = _sorted_files(folder)
    samples, findings = _by_names(files)
    labels = label_files.samples_of(files.json, files.images)
    if len(labels.samples) > len(samples):
        samples, findings = list(labels.samples), list(labels.findings)
    if not samples:
        return FoundPairs((), findings=(*findings, _no_pairs(files)))
    names, names_from, problems = _names(files, samples)
    sides, sides_from = _sides(files, samples)
    kept = [n for n, side in enumerate(sides) if side != "test"]
    if len(kept) < len(samples):
        findings.append(
            Finding(
                "note", f"{len(samples) - len(kept)} pictures marked as “test” are left out of the training."
            )
        )
    train_or_valid = tuple(None if sides[n] == "test" else sides[n] for n in kept)
    has_split = {"train", "valid"} <= set(train_or_valid)
    return FoundPairs(
        tuple(replace(samples[n], group="/".join(files.place(samples[n].image).scene)) for n in kept),
        names,
        names_from,
        _typed(train_or_valid) if has_split else (),
        sides_from if has_split else "",
        (*findings, *problems),
    )


def _typed(sides: Iterable[str | None]) -> tuple[Side | None, ...]:
    return tuple("valid" if side == "valid" else "train" if side == "train" else None for side in sides)


def _sorted_files(folder: Path) -> _Files:
    out = _Files(folder)
    pictures: list[Path] = []
    for path in files_in(folder):
        if is_picture(path):
            if out.place(path).role != "skip":
                pictures.append(path)
        elif path.suffix.lower() == ".json":
            out.json.append(path)
        elif path.suffix.lower() == ".txt":
            out.texts.setdefault(path.relative_to(folder).as_posix().lower(), path)
    beside = {
        (path.parent, path.stem.lower()): path
        for path in sorted(pictures, key=lambda path: path.suffix.lower() in (".jpg", ".jpeg"))
    }
    has_mask_folder = any(out.place(path).role == "mask" for path in pictures)
    for path in pictures:
        role = out.place(path).role
        is_mask = role == "mask" or _is_mask_beside(path, role, beside)
        # horse1.jpg and horse1.png side by side: the PNG is the mask
        is_twin = not has_mask_folder and beside[(path.parent, path.stem.lower())] != path
        (out.masks if is_mask or is_twin else out.images).append(path)
    if not out.images:  # a folder called "masks" that holds everything, or names that all end in "_p"
        out.images, out.masks = (
            [p for p in out.masks if out.place(p).role != "mask"],
            [p for p in out.masks if out.place(p).role == "mask"],
        )
    return out


def _is_mask_beside(path: Path, role: Role | None, beside: Mapping[tuple[Path, str], Path]) -> bool:
    """Whether a file's name ends as masks do; in a folder of pictures its picture must lie there, too."""
    if not has_mask_name(path.stem):
        return False
    return role is None or any((path.parent, key) in beside for key in mask_keys(path.stem)[1:])


_Match = tuple[int, int, Path]
"""How far the name had to be cut, rank of the folder, mask."""


def _by_names(files: _Files) -> tuple[list[Sample], list[Finding]]:
    exact: dict[tuple[object, ...], set[Path]] = defaultdict(set)
    anywhere: dict[str, set[Path]] = defaultdict(set)
    for image in files.images:
        place = files.place(image)
        for key in image_keys(image.stem):
            exact[(place.side, place.scene, key)].add(image)
            anywhere[key].add(image)
    matched: dict[Path, list[_Match]] = defaultdict(list)
    lonely, unclear = list[Path](), list[Path]()
    for mask in files.masks:
        place = files.place(mask)
        fits = [
            (order, exact.get((place.side, place.scene, key)) or anywhere.get(key, set()))
            for order, key in enumerate(mask_keys(mask.stem))
        ]
        order, images = next(((order, images) for order, images in fits if images), (0, set[Path]()))
        if len(images) == 1:
            matched[next(iter(images))].append((order, place.rank, mask))
        elif images:
            unclear.append(mask)
        elif place.role == "mask":
            lonely.append(mask)
    samples = [_sample(image, candidates) for image, candidates in sorted(matched.items())]
    return samples, _twice(matched) + _left_over(files, matched, lonely, unclear)


def _sample(image: Path, candidates: Sequence[_Match]) -> Sample:
    # exact names first, then classes before objects, then files that keep every value
    best = min(candidates, key=lambda c: (c[0], c[1], c[2].suffix.lower() in (".jpg", ".jpeg"), c[2].name))
    return Sample(image, best[2])


def _twice(matched: dict[Path, list[_Match]]) -> list[Finding]:
    twice: list[str] = []
    for image, candidates in sorted(matched.items()):
        best = min((order, rank) for order, rank, _ in candidates)
        rivals = [mask for order, rank, mask in candidates if (order, rank) == best]
        if len(rivals) > 1:
            chosen = _sample(image, candidates).target
            others = ", ".join(mask.name for mask in rivals if mask != chosen)
            twice.append(f"{image.name}: {chosen.name if chosen else ''} is used, not {others}")
    if not twice:
        return []
    return [
        Finding(
            "warning",
            f"More than one mask fits {counted(len(twice), 'pictures')}; the first is used.",
            "Remove or rename the masks that are not meant.",
            tuple(twice),
        )
    ]


def _left_over(
    files: _Files, matched: dict[Path, list[_Match]], lonely: list[Path], unclear: list[Path]
) -> list[Finding]:
    out: list[Finding] = []
    without = [image for image in files.images if image not in matched]
    if unclear:
        out.append(
            Finding(
                "warning",
                f"{counted(len(unclear), 'masks')} left out: several pictures have the name.",
                "Give the pictures names that differ, or put pictures and masks into folders that mirror each other.",
                texts(unclear),
            )
        )
    if without and matched:
        out.append(
            Finding(
                "note",
                f"{counted(len(without), 'pictures')} left out: there is no mask.",
                files=texts(without),
            )
        )
    if lonely:
        out.append(
            Finding(
                "warning" if matched else "note",
                f"{counted(len(lonely), 'masks')} left out: no picture has the name.",
                "Give each mask the name of its picture.",
                texts(lonely),
            )
        )
    return out


def _no_pairs(files: _Files) -> Finding:
    name = files.folder.name or str(files.folder)
    beside = _mask_folder_beside(files)
    advice = (
        "Put the masks into a folder “masks” beside the pictures' folder “images”, each named as its picture."
    )
    if beside is not None:
        advice = f"Choose the folder above, “{beside.parent.name}”: the masks seem to lie in “{beside.name}”."
    if not files.images and not files.masks:
        return Finding(
            "error", f"There are no pictures in “{name}”.", "Choose the folder that holds your pictures."
        )
    return Finding("error", f"No picture in “{name}” has a mask.", advice)


def _mask_folder_beside(files: _Files) -> Path | None:
    """A neighbour of the chosen folder that holds masks for its pictures."""
    stems = {image.stem.lower() for image in files.images}
    try:
        folders = [path for path in files.folder.absolute().parent.iterdir() if path.is_dir()]
        for path in sorted(folders):
            is_other = place_of(Path(path.name)).role == "mask" and path != files.folder
            if is_other and any(key in stems for mask in path.iterdir() for key in mask_keys(mask.stem)):
                return path
    except OSError:
        return None
    return None


def _names(files: _Files, samples: Sequence[Sample]) -> tuple[tuple[NamedClass, ...], str, list[Finding]]:
    """Class names, the file that told them, and what was wrong with such files."""
    problems: list[Finding] = []
    candidates = [files.texts[name] for name in sorted(files.texts, key=_depth) if _base(name) in NAME_FILES]
    if any("segmentationclass" in str(s.target).lower() for s in samples):  # VOC: the list lies one folder up
        candidates += [p for name in NAME_FILES if (p := files.folder.parent / name).is_file()]
    for path in candidates:
        try:
            return class_names(path), path.name, problems
        except UserError as error:
            problems.append(Finding("warning", f"{error.what}. {error.why}", error.what_to_do, (str(path),)))
    if any("annot" in str(s.target.relative_to(files.folder)).lower() for s in samples[:1] if s.target):
        is_camvid = {"train", "trainannot", "val", "valannot"} <= {p.name.lower() for p in _folders(samples)}
        if is_camvid and samples[0].extra.get(MASK_KIND) is None:
            named = tuple(NamedClass(name, value) for value, name in enumerate(CAMVID_CLASSES))
            return named, "CamVid's usual numbering", problems
    return (), "", problems


def _folders(samples: Sequence[Sample]) -> set[Path]:
    return {path.parent for s in samples for path in (s.image, s.target) if path is not None}


def _depth(name: str) -> tuple[int, int]:
    base = _base(name)
    return name.count("/"), NAME_FILES.index(base) if base in NAME_FILES else 0


def _base(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _sides(files: _Files, samples: Sequence[Sample]) -> tuple[list[str | None], str]:
    """Side of every sample ("test" too), and what told it."""
    by_folder: list[str | None] = [files.place(s.image).side or s.extra.get("side") for s in samples]
    if {"train", "valid"} <= set(by_folder):
        return by_folder, _BY_FOLDERS
    for name in sorted(files.texts, key=lambda text: text.count("/")):
        if _base(name) in _VALID_LISTS and not {"main", "layout"} & set(name.split("/")):
            listed = _listed(files.texts[name])
            is_valid = [_is_listed(sample.image, files.folder, listed) for sample in samples]
            if any(is_valid) and not all(is_valid):
                return ["valid" if here else "train" for here in is_valid], files.texts[name].name
    return by_folder, ""


def _listed(path: Path) -> frozenset[str]:
    """Names of pictures in a list, with and without suffix and folders, in lower case."""
    lines = contents(path).decode("utf-8-sig", errors="replace").splitlines()
    names = [
        re.split(r"[\s,]+", line.strip())[0].lower().replace("\\", "/") for line in lines if line.strip()
    ]
    return frozenset(names) | {Path(name).stem for name in names}


def _is_listed(image: Path, folder: Path, listed: frozenset[str]) -> bool:
    keys = (image.name, image.stem, image.relative_to(folder).as_posix())
    return any(key.lower() in listed for key in keys)
