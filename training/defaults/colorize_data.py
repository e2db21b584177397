"""Colour photos as their own answers: grey squares, hints taken from their colours, and parts that lend colours."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np

from imgstudio.core.pixels import Array, Floats, resized, to_float
from imgstudio.engine.colorize.field import Field, field_of, halved
from imgstudio.engine.nets.colournet import UNIT
from imgstudio.learn.data import decoded, pictures_in

SOURCES: Final = {
    "photos/imagenet1000": "research",
    "photos/bsds_train_test": "research",
    "photos/large_crops": "CC0, CC BY(-SA), GPL-2+, Unsplash",
    "photos/cid22": "CC BY-SA 4.0",
    "photos/coco": "Flickr terms",
    "masks/ecssd": "research",
    "masks/horse": "research",
    "masks/human": "research",
    "masks/pedestrian": "research",
    "contents": "mixed",
    "camera": "free use",
    "camvid/train": "research",
}
"""Folders of colour photos and their licences."""
FILMED: Final = {"camvid/train": 4}
"""Of a film one frame in so many is learned from."""
JUDGED: Final = ("photos/imagenet1000", "photos/coco", "photos/cid22", "masks/ecssd")
"""Folders whose kept-back photos judge."""
HELD_OUT: Final = 12
"""One photo in so many is never learned from."""
LONGEST: Final = 320
"""Longer side at which photos are kept (pixels)."""
COLOURLESS: Final = 4.0
"""Mean chroma below which a photo teaches nothing (Lab)."""
NONE, MANY, LENT, OTHER_COLOURS, OLD_FILM = 0.3, 0.3, 0.2, 0.25, 0.25
"""Shares of squares without hints, with very many, with lent colours, with colours that were turned (if hinted), and
with the greys of a film that does not see all colours alike."""
FEW: Final = 1 / 8
"""One over the mean number of hints, else."""


class Square(NamedTuple):
    """A question and its answer."""

    grey: Floats
    """(side, side) lightness, 0..1."""
    hints: Field
    """Its colours / `UNIT` too."""
    ab: Floats
    """(side, side, 2) / `UNIT`: the answer."""
    lent_grey: Floats
    lent_ab: Floats
    """Of a picture that lends its colours; like `grey` and `ab`."""
    lends: bool
    """Whether it does."""


def is_held_out(path: Path) -> bool:
    """By a hash of the name: the same for everybody."""
    return int(hashlib.sha256(path.stem.encode()).hexdigest()[:8], 16) % HELD_OUT == 0


def photos_in(data: Path, folders: Iterable[str], *, held_out: bool) -> Iterator[Path]:
    for folder in folders:
        if not (data / folder).is_dir():
            continue
        for path in pictures_in(data / folder)[:: FILMED.get(folder, 1)]:
            if not (folder.startswith("masks") and path.suffix == ".png") and is_held_out(path) == held_out:
                yield path


def judging(data: Path) -> list[Path]:
    """Kept-back photos in a fixed order: every second one judges the training and chose what there was to choose."""
    return list(photos_in(data, JUDGED, held_out=True))


class Photos:
    """All that is learned from, in memory."""

    def __init__(self, data: Path) -> None:
        photos = (_reduced(decoded(path)) for path in photos_in(data, SOURCES, held_out=False))
        self._photos = [
            photo for photo in photos if min(photo.shape[:2]) >= 96 and _chroma(photo) > COLOURLESS
        ]

    def __len__(self) -> int:
        return len(self._photos)

    def draw(self, number: int, side: int, random: np.random.Generator) -> Square:
        """A part of one of the photos."""
        photo = self._photos[number % len(self._photos)]
        pixels = _part(photo, side, random)
        count = _count(random)
        if count and random.random() < OTHER_COLOURS:
            pixels = _turned(pixels, random)
        grey, ab = taken_apart(pixels)
        if random.random() < OLD_FILM:
            grey = _old_film(pixels, random)
        lends = random.random() < LENT
        lent_grey, lent_ab = grey, ab
        if lends:
            other = photo if random.random() < 0.75 else self._photos[int(random.integers(len(self)))]
            lent_grey, lent_ab = taken_apart(_part(other, side, random))
        seen = _spoiled(grey, random)
        hints = field_on(seen, hints_on(ab, count, random))
        return Square(seen, hints, ab, lent_grey, lent_ab, lends)


def taken_apart(pixels: Floats) -> tuple[Floats, Floats]:
    """Lightness in 0..1 and a, b / `UNIT` of (h, w, 3) in 0..1."""
    lab = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2Lab), np.float32)
    return np.ascontiguousarray(lab[..., 0] / 100), lab[..., 1:] / np.float32(UNIT)


def hints_on(ab: Floats, count: int, random: np.random.Generator) -> Floats:
    """(side, side, 3): so many small squares, discs and strokes with the mean colour below them."""
    side = len(ab)
    planes = np.zeros((side, side, 3), np.float32)
    for _ in range(count):
        mask = np.zeros((side, side), np.uint8)
        x, y = (int(value) for value in random.integers(0, side, 2))
        size = int(random.integers(1, max(3, side // 24)))
        if random.random() < 0.15 and count < 20:
            turn, length = random.uniform(0, 2 * math.pi), random.uniform(0, side / 4)
            end = (round(x + length * math.cos(turn)), round(y + length * math.sin(turn)))
            cv2.line(mask, (x, y), end, 1, size)
        else:
            cv2.rectangle(mask, (x, y), (x + size - 1, y + size - 1), 1, -1)
        inside = mask > 0
        if count < 20:
            # A stroke that leaves the thing it is on keeps to the colour where it began.
            inside &= np.abs(ab - ab[y, x]).max(2) < 0.15
        if inside.any():
            planes[inside] = (*ab[inside].mean(0), 1)
    return planes


def field_on(grey: Floats, hints: Floats) -> Field:
    """Hints (h, w, 3) as the network is told them; `grey` is (h, w) in 0..1."""
    units = np.array([UNIT, UNIT, 1], np.float32)
    made = field_of(halved(grey * np.float32(100)), np.asarray(hints * units, np.float32))
    return Field(hints, np.asarray(made.spread / units, np.float32))


def _count(random: np.random.Generator) -> int:
    how = random.random()
    if how < NONE:
        return 0
    return int(random.integers(15, 150)) if how < NONE + MANY else int(random.geometric(FEW))


def _part(photo: Array, side: int, random: np.random.Generator) -> Floats:
    """A window of the photo as a square of floats, mirrored or not."""
    height, width = photo.shape[:2]
    share = 1.0 if random.random() < 0.3 else random.uniform(0.55, 1)
    stretch = 1.0 if random.random() < 0.5 else random.uniform(0, 1)
    short = min(height, width)
    rows, columns = (round(share * (short + stretch * (length - short))) for length in (height, width))
    top, left = int(random.integers(height - rows + 1)), int(random.integers(width - columns + 1))
    window = photo[top : top + rows, left : left + columns]
    if random.random() < 0.5:
        window = window[:, ::-1]
    return to_float(resized(np.ascontiguousarray(window), side, side))


def _turned(pixels: Floats, random: np.random.Generator) -> Floats:
    """Other colours of the same lightness, so that hints are believed that no photo has."""
    lab = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2Lab), np.float32)
    turn, factor = random.uniform(-math.pi, math.pi), random.uniform(0.6, 1.4)
    cos, sin = factor * math.cos(turn), factor * math.sin(turn)
    a, b = lab[..., 1].copy(), lab[..., 2].copy()
    lab[..., 1], lab[..., 2] = cos * a - sin * b, sin * a + cos * b
    made = np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32)
    return np.clip(made, 0, 1)


def _old_film(pixels: Floats, random: np.random.Generator) -> Floats:
    """Lightness, 0..1, as a film sees it that is more sensitive to some colours than eyes are."""
    shares = random.dirichlet((2.0, 3.0, 2.0)).astype(np.float32)
    return np.asarray(pixels @ shares, np.float32)


def _spoiled(grey: Floats, random: np.random.Generator) -> Floats:
    """Other tones, softer, grainy: what scans of prints are like; often nothing."""
    made = grey
    if random.random() < 0.5:
        made = made ** np.float32(math.exp(random.uniform(-0.4, 0.4)))
        low, high = random.uniform(-0.06, 0.12), random.uniform(0.88, 1.08)
        made = low + made * np.float32(high - low)
    if random.random() < 0.15:
        made = np.asarray(cv2.GaussianBlur(made, (0, 0), random.uniform(0.5, 1.6)), np.float32)
    if random.random() < 0.2:
        grain = random.normal(0, random.uniform(0.005, 0.05), made.shape)
        made = made + grain.astype(np.float32)
    return made.clip(0, 1)


def _reduced(photo: Array) -> Array:
    factor = min(1.0, LONGEST / max(photo.shape[:2]))
    return resized(photo, *(max(1, round(factor * length)) for length in photo.shape[1::-1]))


def _chroma(photo: Array) -> float:
    _, ab = taken_apart(to_float(resized(photo, 64, 64)))
    return float(np.hypot(ab[..., 0], ab[..., 1]).mean() * UNIT)
