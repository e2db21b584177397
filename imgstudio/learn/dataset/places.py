"""What the names of folders and files say: pictures or masks, training or validation, and of which scene."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final, Literal

from imgstudio.learn.dataset.report import Side

Role = Literal["image", "mask", "skip"]

_MASK_WORDS: Final = frozenset(
    {
        *("mask", "masks", "label", "labels", "annot", "annots", "groundtruth"),
        *("matte", "mattes", "labelids", "segmentationclass", "segmentationclasspng", "segmentationobject"),
        *("segmentationobjectpng", "trimap", "trimaps", "silhouette", "silhouettes"),
    }
)
_MASK_WORDS_ALONE: Final = frozenset(
    {"annotation", "annotations", "seg", "segm", "segmentation", "segmentations", "gt", "truth", "ground"}
)
"""Mean masks only where nothing else stands in the folder's name."""
_IMAGE_WORDS: Final = frozenset(
    {
        *("image", "images", "img", "imgs", "jpegimages", "photo", "photos", "picture", "pictures"),
        *("frame", "frames", "leftimg8bit", "rgb"),
    }
)
_SIDE_WORDS: Final[dict[str, Side | Literal["test"]]] = {
    "train": "train", "training": "train", "val": "valid", "valid": "valid", "validation": "valid",
    "test": "test", "testing": "test",
}  # fmt: skip
_SKIPPED: Final = re.compile(r"visuali[sz]ation|overlay|preview|thumbnail|\bviz\b")
_SECOND_CHOICE: Final = re.compile(r"object|instance")
_GLUED: Final = re.compile(r"(train|val|valid|test)(annot|annots|masks?|labels?|images?|imgs?)(\d{0,4})")
_MASK_ENDS: Final = (
    "mask", "masks", "label", "labels", "labelids", "labeltrainids", "p", "l", "gt", "seg", "segmentation", "matte",
    "annotation", "annot", "groundtruth", "gtfine", "color", "class",
)  # fmt: skip
_IMAGE_ENDS: Final = ("img", "image", "leftimg8bit", "sat", "rgb", "photo", "input", "im")


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of a file, read word by word, relative to what the user chose."""

    role: Role | None = None
    """None: the name does not tell."""
    side: Side | Literal["test"] | None = None
    scene: tuple[str, ...] = ()
    """Folder names that say neither role nor side."""
    rank: int = 0
    """Of mask folders: the lower is preferred (classes before objects)."""


def place_of(folder: PurePath) -> Place:
    """Read a relative folder name such as "train/masks" or "valannot"."""
    role: Role | None = None
    side: Side | Literal["test"] | None = None
    scene: list[str] = []
    rank = 0
    for part in folder.parts:
        part_role, part_side, rest = _read(part.lower())
        role, side = part_role or role, part_side or side
        rank += bool(_SECOND_CHOICE.search(part.lower()))
        if rest:
            scene.append(rest)
    return Place(role, side, tuple(scene), rank)


def _read(part: str) -> tuple[Role | None, Side | Literal["test"] | None, str]:
    """Role, side and what is left of one folder name."""
    if _SKIPPED.search(part):
        return "skip", None, ""
    if match := _GLUED.fullmatch(part):
        role: Role = "image" if match[2].startswith("im") else "mask"
        return role, _SIDE_WORDS[match[1]], ""
    words = [word for word in re.split(r"[^a-z0-9]+", part) if word]
    plain = [re.sub(r"(?<=[a-z])\d{4}$", "", word) for word in words]  # train2017
    sides = [_SIDE_WORDS[word] for word in plain if word in _SIDE_WORDS]
    rest = [word for word, bare in zip(words, plain, strict=True) if not _is_known(bare)]
    found: Role | None = "image" if any(word in _IMAGE_WORDS for word in words) else None
    if any(word in _MASK_WORDS or (word in _MASK_WORDS_ALONE and not rest) for word in words):
        found = "mask"
    if sides and rest and not found:  # "training ground" is a place, "train images" is a side
        return None, None, part
    return found, sides[0] if sides and not rest else None, " ".join(rest)


def _is_known(word: str) -> bool:
    return word in _MASK_WORDS or word in _MASK_WORDS_ALONE or word in _IMAGE_WORDS or word in _SIDE_WORDS


def has_mask_name(stem: str) -> bool:
    """Whether a file name ends (or begins) as masks beside their pictures do."""
    words = _words(stem)
    return len(words) > 1 and (words[-1] in _MASK_ENDS or words[0] in ("mask", "label", "seg"))


def mask_keys(stem: str) -> list[str]:
    """Names of pictures to which a mask of this name may belong, the most exact first."""
    keys = [stem.lower(), _bare(stem, _MASK_ENDS)]
    shorter = stem.lower()
    while match := re.match(r"(.+)[_\-. ][^_\-. ]*$", shorter):
        shorter = match[1]
        if re.search(r"\d$", shorter) or len(shorter) > 3:
            keys.append(shorter)
    return list(dict.fromkeys(keys))


def image_keys(stem: str) -> list[str]:
    """Names under which masks may look for a picture."""
    return list(dict.fromkeys([stem.lower(), _bare(stem, _IMAGE_ENDS)]))


def _words(stem: str) -> list[str]:
    return [word for word in re.split(r"[_\-. ]+", stem.lower()) if word]


def _bare(stem: str, ends: tuple[str, ...]) -> str:
    """The name without words that only say what kind of file it is."""
    words = _words(stem)
    while len(words) > 1 and words[-1] in ends:
        words.pop()
    if len(words) > 1 and words[0] in (*ends, "img", "image", "im"):
        words.pop(0)
    return "_".join(words)


_RUN: Final = re.compile(r"^(.*?)(\d{1,12})([^\d]*)$")


def number_run(path: Path) -> tuple[str, int]:
    """What stands before the last number of a file's name, and that number (-1 without one)."""
    match = _RUN.match(path.stem)
    return (match[1].rstrip("_-. "), int(match[2])) if match else (path.stem, -1)
