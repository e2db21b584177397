"""Photos with outlined things, and what is drawn from them to train the network behind "Cut out subject"."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from PIL import Image

from imgstudio.core.pixels import Array
from imgstudio.learn.data import decoded, pictures_in

FOLDERS: Final = {"ecssd": 0.45, "horse": 0.08, "human": 0.08, "pedestrian": 0.04}
"""Folders under masks, and how often one of each is drawn; what is left are photos that a teacher outlined."""
TAUGHT: Final = ("imagenet1000", "coco", "bsds_train_test", "cid22")
"""Folders under photos that a teacher may have outlined."""
BACKGROUNDS: Final = ("large_crops", "cid22")
"""Folders under photos that things are pasted on."""
PASTED: Final = 0.15
"""Share of pictures in which something lies that was cut out of another one."""
HELD_OUT: Final = 100
"""Pictures of ECSSD that only judge."""
LONGEST: Final = 400
LEAST_INSIDE: Final = 0.75
"""Share of the thing that a crop must hold."""
SURE: Final = (0.01, 0.35)
"""Of a taught picture: the least share of the picture that is inside, and the most that is neither, of what is."""


class Example(NamedTuple):
    """A photo, (h, w, 3), and what stands out in it, (h, w) of 0..255."""

    photo: Array
    mask: Array


def split(masks: Path) -> tuple[list[Path], list[Path]]:
    """Photos of ECSSD to learn from, and the `HELD_OUT` with the smallest hashes of their names."""
    photos = sorted(masks.glob("*.jpg"), key=lambda path: hashlib.sha256(path.stem.encode()).hexdigest())
    return sorted(photos[HELD_OUT:]), sorted(photos[:HELD_OUT])


def example(photo: Path) -> Example:
    """The photo and the mask beside it, reduced to `LONGEST`; every person of "pedestrian" counts."""
    with Image.open(photo.with_suffix(".png")) as picture:
        mask = np.asarray(picture.convert("L"))
    least = 0 if photo.parent.name == "pedestrian" else 127
    return _reduced(Example(decoded(photo), np.asarray(np.where(mask > least, 255, 0), np.uint8)))


class Pool:
    """Everything that is learned from, in memory."""

    def __init__(self, data: Path, teacher: Path | None) -> None:
        """`teacher` is a folder of maps that `cutout_teacher` wrote."""
        masks = data / "masks"
        chosen = {folder: sorted((masks / folder).glob("*.jpg")) for folder in FOLDERS}
        chosen["ecssd"] = split(masks / "ecssd")[0]
        self._kinds = [[example(path) for path in paths] for paths in chosen.values()]
        shares = [*FOLDERS.values()]
        taught = {} if teacher is None else _taught(data / "photos", teacher)
        self.taught = tuple(taught)
        """Folders under photos of which the teacher outlined something."""
        if taught:
            self._kinds.append([one for folder in taught.values() for one in folder])
            shares.append(1 - sum(shares))
        self._shares = np.array(shares) / sum(shares)
        self._backgrounds = [
            _reduced(Example(photo, photo[..., 0])).photo
            for folder in BACKGROUNDS
            for photo in map(decoded, pictures_in(data / "photos" / folder))
        ]

    def __len__(self) -> int:
        return sum(map(len, self._kinds))

    def draw(self, side: int, random: np.random.Generator) -> Example:
        """A square of `side` with something in it, spoiled a little."""
        if random.random() < PASTED:
            made = self.pasted(side, random)
        else:
            made = _crop(self._any(random.choice(len(self._shares), p=self._shares), random), side, random)
        if random.random() < 0.5:
            made = Example(made.photo[:, ::-1], made.mask[:, ::-1])
        return Example(changed(made.photo, random), np.ascontiguousarray(made.mask))

    def _any(self, kind: int, random: np.random.Generator) -> Example:
        return self._kinds[kind][int(random.integers(len(self._kinds[kind])))]

    def pasted(self, side: int, random: np.random.Generator) -> Example:
        """A thing of one photo on a piece of another."""
        photo = self._backgrounds[int(random.integers(len(self._backgrounds)))]
        under = stretched(_window(photo, random.uniform(0.4, 0.95), random), side)
        thing = _cut(self._any(int(random.choice(3, p=(0.7, 0.15, 0.15))), random))
        height, width = thing.mask.shape
        factor = side * np.sqrt(random.uniform(0.06, 0.5) / (height * width))
        factor = min(factor, 1.1 * side / max(height, width))
        size = max(8, round(width * factor)), max(8, round(height * factor))
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        colours = cv2.resize(changed(thing.photo, random), size, interpolation=how)
        cover = cv2.resize(thing.mask, size, interpolation=how)
        left, top = (round(random.uniform(-0.15 * length, side - 0.85 * length)) for length in size)
        canvas, mask = under.astype(np.float32), np.zeros((side, side), np.float32)
        rows = slice(max(0, top), min(side, top + size[1]))
        columns = slice(max(0, left), min(side, left + size[0]))
        inner = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
        mask[rows, columns] = cover[inner] / np.float32(255)
        soft = cv2.GaussianBlur(mask, (3, 3), 0)[rows, columns, None]
        canvas[rows, columns] += soft * (colours[inner] - canvas[rows, columns])
        return Example(canvas.round().clip(0, 255).astype(np.uint8), (mask * 255).astype(np.uint8))


def _taught(photos: Path, teacher: Path) -> dict[str, list[Example]]:
    """Those in which the teacher saw something, and clearly, by folder."""
    found = {folder: list(_clear(photos, folder, teacher)) for folder in TAUGHT}
    return {folder: examples for folder, examples in found.items() if examples}


def _clear(photos: Path, folder: str, teacher: Path) -> Iterable[Example]:
    for path in pictures_in(photos / folder):
        known = teacher / f"{folder}__{path.stem}.png"
        if not known.is_file():
            continue
        photo = decoded(path)
        small = cv2.imread(str(known), cv2.IMREAD_GRAYSCALE)
        assert small is not None
        mask = cv2.resize(small, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        inside = float((mask > 127).mean())
        unsure = float(((mask > 30) & (mask < 225)).mean())
        if inside > SURE[0] and unsure < SURE[1] * inside:
            yield _reduced(Example(photo, np.asarray(mask, np.uint8)))


def _reduced(found: Example) -> Example:
    factor = LONGEST / max(found.mask.shape)
    if factor >= 1:
        return found
    size = (round(found.mask.shape[1] * factor), round(found.mask.shape[0] * factor))
    photo, mask = (cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in found)
    return Example(np.asarray(photo, np.uint8), np.asarray(mask, np.uint8))


def _crop(found: Example, side: int, random: np.random.Generator) -> Example:
    """A part of it with most of the thing, stretched to a square."""
    height, width = found.mask.shape
    total = int(found.mask.sum(dtype=np.int64))
    view = slice(0, height), slice(0, width)
    for _ in range(4):
        part = [round(length * random.uniform(0.65, 1)) for length in (height, width)]
        start = [
            int(random.integers(length - p + 1)) for length, p in zip((height, width), part, strict=True)
        ]
        trial = slice(start[0], start[0] + part[0]), slice(start[1], start[1] + part[1])
        if int(found.mask[trial].sum(dtype=np.int64)) >= LEAST_INSIDE * total:
            view = trial
            break
    return Example(stretched(found.photo[view], side), stretched(found.mask[view], side))


def _cut(found: Example) -> Example:
    """The smallest part that holds all of the thing."""
    left, top, width, height = cv2.boundingRect(found.mask)
    view = slice(top, top + max(1, height)), slice(left, left + max(1, width))
    return Example(found.photo[view], found.mask[view])


def _window(photo: Array, share: float, random: np.random.Generator) -> Array:
    side = max(16, round(min(photo.shape[:2]) * share))
    top, left = (int(random.integers(length - side + 1)) for length in photo.shape[:2])
    return photo[top : top + side, left : left + side]


def stretched(part: Array, side: int) -> Array:
    how = cv2.INTER_AREA if min(part.shape[:2]) > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (side, side), interpolation=how), np.uint8)


def changed(photo: Array, random: np.random.Generator) -> Array:
    """Other light and colours, sometimes none, sometimes softer or grainy."""
    values = photo.astype(np.float32)
    values *= random.uniform(0.75, 1.25) * random.uniform(0.93, 1.07, 3).astype(np.float32)
    middle = values.mean()
    values = (values - middle) * random.uniform(0.75, 1.25) + middle
    grey = values.mean(2, keepdims=True)
    values = grey + (values - grey) * (0 if random.random() < 0.05 else random.uniform(0.6, 1.35))
    if random.random() < 0.1:
        values = cv2.GaussianBlur(values, (0, 0), random.uniform(0.5, 1.5))
    if random.random() < 0.1:
        values = values + random.normal(0, random.uniform(2, 12), values.shape)
    return np.asarray(values.round().clip(0, 255), np.uint8)


def tensors_of(drawn: Sequence[Example]) -> tuple[Array, Array]:
    """Photos (n, h, w, 3) and masks (n, h, w), stacked."""
    return np.stack([one.photo for one in drawn]), np.stack([one.mask for one in drawn])
