"""Things that somebody outlined, and questions about them, to train the network behind selecting by clicks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from PIL import Image

from imgstudio.core.geometry import Rect
from imgstudio.core.pixels import Array, Floats, to_float
from imgstudio.engine.select.guidance import guidance
from imgstudio.engine.select.prompts import Mark, Prompts
from imgstudio.learn.data import decoded, pictures_in
from training.defaults.clicking import Booleans, corrupted, depth, next_click, stroke
from training.defaults.cutout_data import Example, Pool, changed, example, split, stretched

SHARES: Final = {
    "masks/ecssd": 0.33,
    "masks/horse": 0.08,
    "masks/human": 0.1,
    "masks/pedestrian": 0.06,
    "regions/bsds_train": 0.22,
    "camvid": 0.06,
    "nuclei": 0.02,
}
"""Folders, and how often one thing of each is drawn; the rest are things pasted on other photos."""
REGIONS_HELD_OUT: Final = 20
"""Photos of BSDS whose regions only judge."""
LEAST_AREA: Final = 0.004
"""Of a thing, as a share of its picture."""
STREET_THINGS: Final = (1, 5, 6, 8, 9, 10)
"""Classes of CamVid whose pieces are things: buildings, trees, signs, cars, people, cyclists."""
FROM_MASK, FROM_BOX, CLOSE = 0.22, 0.2, 0.15
"""Shares of questions that start from a mask with mistakes, from a box, and from a coarse map seen closely."""
STROKES: Final = 0.15
"""Share of marks that are strokes."""
MORE: Final = 0.5
"""Chance of another mark after each."""


class Thing(NamedTuple):
    """A photo, (h, w, 3), and the numbers, (h, w), of the things in it; one of them, or some together."""

    photo: Array
    labels: Array
    numbers: tuple[int, ...]

    def mask(self) -> Array:
        """(h, w) of 0 and 255."""
        return np.asarray(np.isin(self.labels, self.numbers) * np.uint8(255), np.uint8)


class Question(NamedTuple):
    """A square as the network sees it."""

    image: Floats
    """(side, side, 3 + planes of guidance), 0..1."""
    mask: Floats
    """(side, side), 0..1: the answer."""
    rounds: int
    """How often a person looks at what was found and clicks again before the network learns."""


def split_regions(folder: Path) -> tuple[list[Path], list[Path]]:
    """Files of regions to learn from, and the `REGIONS_HELD_OUT` with the smallest hashes of their names."""
    files = sorted(folder.glob("*.png"), key=lambda path: hashlib.sha256(path.stem.encode()).hexdigest())
    return sorted(files[REGIONS_HELD_OUT:]), sorted(files[:REGIONS_HELD_OUT])


def regions_of(data: Path, file: Path) -> Thing:
    """The photo of BSDS and its regions, numbers not chosen yet."""
    photo = decoded(data / "photos" / "bsds_train_test" / f"{file.stem}.jpg")
    return Thing(photo, _fitting(_numbers(file), photo), ())


def things_of(picture: Thing, least: float = LEAST_AREA, most: float = 0.7) -> list[Thing]:
    """Each number of the picture that is neither too small nor nearly all of it."""
    counts = np.bincount(picture.labels.ravel())
    total = picture.labels.size
    return [
        picture._replace(numbers=(number,))
        for number in range(1, len(counts))
        if least <= counts[number] / total <= most
    ]


class Questions:
    """All things in memory."""

    def __init__(self, data: Path) -> None:
        self._pool = Pool(data, None)
        self._kinds = [list(_learned(data, folder)) for folder in SHARES]

    def __len__(self) -> int:
        return sum(map(len, self._kinds))

    def draw(self, side: int, random: np.random.Generator) -> Question:
        kind = int(random.choice(len(SHARES) + 1, p=[*SHARES.values(), 1 - sum(SHARES.values())]))
        is_close = random.random() < CLOSE
        if kind == len(SHARES):
            seen = self._pool.pasted(side, random)
        else:
            kinds = self._kinds[kind]
            seen = _view(kinds[int(random.integers(len(kinds)))], side, random, is_close=is_close)
        if random.random() < 0.5:
            seen = Example(seen.photo[:, ::-1], seen.mask[:, ::-1])
        return asked(changed(seen.photo, random), np.ascontiguousarray(seen.mask), random, is_close=is_close)


def asked(photo: Array, mask: Array, random: np.random.Generator, *, is_close: bool) -> Question:
    """A question about a square photo and the thing in it, (side, side) of 0..255."""
    truth = mask > 127
    side = len(truth)
    previous = np.zeros(truth.shape, np.float32)
    box: Rect | None = None
    rounds = int(random.choice(3, p=(0.5, 0.3, 0.2)))
    marks: list[Mark] = []
    how = random.random()
    if is_close:
        previous = _coarse(truth, random)
        marks = _marks(truth, random, share=0.4)
        rounds = min(1, rounds)
    elif how < FROM_MASK:
        wrong = corrupted(truth, random, 0.6, 0.95)
        previous = wrong.astype(np.float32)
        if random.random() < 0.3:
            previous = cv2.GaussianBlur(previous, (0, 0), random.uniform(0.5, 4)).astype(np.float32)
        marks = _corrections(wrong, truth, random)
    elif how < FROM_MASK + FROM_BOX and truth.any():
        box = _loose_box(truth, random)
        marks = _marks(truth, random, share=0.3)
    else:
        marks = _marks(truth, random, share=1.0)
    view = Rect(0, 0, side, side)
    planes = guidance(Prompts(tuple(marks), box), view, previous, side)
    image = np.empty((side, side, 3 + planes.shape[2]), np.float32)
    image[..., :3], image[..., 3:] = to_float(photo), planes
    return Question(image, to_float(mask), rounds)


def _marks(truth: Booleans, random: np.random.Generator, *, share: float) -> list[Mark]:
    """Some inside and some outside, a first one inside with the chance `share`; most often a single one."""
    if random.random() > share:
        return []
    inside, outside = depth(truth), depth(~truth)
    marks = [_mark(inside, random, is_inside=True)]
    near = 0.15 * len(truth)
    while random.random() < MORE and len(marks) < 12:
        if random.random() < 0.5:
            marks.append(_mark(inside, random, is_inside=True))
        else:
            close = np.where(outside < near, outside, 0) if random.random() < 0.6 else outside
            marks.append(_mark(close, random, is_inside=False))
    found = [mark for mark in marks if mark is not None]
    random.shuffle(found)
    return found


def _mark(place: Floats, random: np.random.Generator, *, is_inside: bool) -> Mark | None:
    """A click or a stroke where `place`, the distance from the border, is not 0."""
    if random.random() < STROKES:
        line = stroke(place > 0, random)
        if line is not None:
            return line._replace(is_inside=is_inside)
    far = float(place.max()) * (0.35 if random.random() < 0.6 else 0.05)
    rows, columns = np.nonzero(place > far)
    if len(rows) == 0:
        return None
    chosen = int(random.integers(len(rows)))
    return Mark(((columns[chosen] + 0.5, rows[chosen] + 0.5),), 0.0, is_inside)


def _corrections(wrong: Booleans, truth: Booleans, random: np.random.Generator) -> list[Mark]:
    """The next click, sometimes as a stroke, and sometimes marks that were there before."""
    marks = _marks(truth, random, share=0.25)
    click = next_click(wrong, truth, random)
    if click is not None:
        x, y, is_inside = click
        error = (truth & ~wrong) if is_inside else (wrong & ~truth)
        line = stroke(error, random) if random.random() < STROKES else None
        marks.append(
            Mark(((x + 0.5, y + 0.5),), 0.0, is_inside)
            if line is None
            else line._replace(is_inside=is_inside)
        )
    return marks


def _loose_box(truth: Booleans, random: np.random.Generator) -> Rect:
    """Around the thing, as a hand draws it."""
    side = len(truth)
    left, top, width, height = cv2.boundingRect(truth.astype(np.uint8))
    slack = random.normal(0.02, 0.035, 4) * np.array([width, height, width, height])
    x0, y0 = (round(max(0, start - more)) for start, more in zip((left, top), slack[:2], strict=True))
    ends = (left + width, top + height)
    x1, y1 = (round(min(side, end + more)) for end, more in zip(ends, slack[2:], strict=True))
    return Rect(x0, y0, max(2, x1 - x0), max(2, y1 - y0))


def _coarse(truth: Booleans, random: np.random.Generator) -> Floats:
    """The mask as it looks when a part of a coarse map is enlarged, its outline a little wrong."""
    side = len(truth)
    rough = corrupted(truth, random, 0.8, 1.0) if random.random() < 0.5 else truth
    cells = int(random.integers(16, max(17, side // 3)))
    small = cv2.resize(rough.astype(np.float32), (cells, cells), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)


def _view(thing: Thing, side: int, random: np.random.Generator, *, is_close: bool) -> Example:
    """A part of the photo with the thing, or with a part of its outline, stretched to a square."""
    mask = thing.mask()
    height, width = mask.shape
    if not is_close and random.random() < 0.2:
        return Example(stretched(thing.photo, side), stretched(mask, side))
    for _ in range(6):
        place = _part_of_outline(mask, random) if is_close else _around(mask, random)
        seen = place.intersect(Rect(0, 0, width, height))
        if min(seen.width, seen.height) < 12:
            continue
        view = seen.slices()
        share = float((mask[view] > 127).mean())
        if 0.01 < share < 0.97:
            return Example(stretched(thing.photo[view], side), stretched(mask[view], side))
    return Example(stretched(thing.photo, side), stretched(mask, side))


def _around(mask: Array, random: np.random.Generator) -> Rect:
    """All of the thing, which takes 15 to 90 % of the longer side; the shape of the part varies."""
    left, top, width, height = cv2.boundingRect(mask)
    fill = random.uniform(0.15, 0.9) if random.random() < 0.4 else random.uniform(0.5, 0.9)
    across, down = width / fill, height / fill
    square = random.uniform(0, 1)
    longer = max(across, down)
    across, down = (length + square * (longer - length) for length in (across, down))
    x, y = (
        start - random.uniform(0.1, 0.9) * (whole - length)
        for start, whole, length in ((left, across, width), (top, down, height))
    )
    return Rect(round(x), round(y), round(across), round(down))


def _part_of_outline(mask: Array, random: np.random.Generator) -> Rect:
    """A window somewhere on the outline, smaller or larger than the thing."""
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero((mask > 127) & (inner <= 127))
    _, _, width, height = cv2.boundingRect(mask)
    length = max(24, round(max(width, height) * random.uniform(0.25, 1.1)))
    if len(rows) == 0:
        return Rect(0, 0, *mask.shape[::-1])
    chosen = int(random.integers(len(rows)))
    x, y = (round(at - random.uniform(0.25, 0.75) * length) for at in (columns[chosen], rows[chosen]))
    return Rect(x, y, length, length)


def _learned(data: Path, folder: str) -> Iterator[Thing]:
    if folder == "regions/bsds_train":
        for path in split_regions(data / folder)[0]:
            yield from _with_unions(regions_of(data, path))
    elif folder == "camvid":
        for path in pictures_in(data / "camvid" / "train"):
            yield from _street(decoded(path), _numbers(data / "camvid" / "trainannot" / f"{path.stem}.png"))
    elif folder == "nuclei":
        for path in pictures_in(data / "nuclei" / "images"):
            labels = _numbers(data / "nuclei" / "labels" / f"{path.stem}.png")
            yield from things_of(Thing(decoded(path), labels, ()), least=0.002)
    else:
        photos = split(data / folder)[0] if folder == "masks/ecssd" else pictures_in(data / folder)
        for path in photos:
            if path.suffix == ".jpg":
                yield from _outlined(path)


def _outlined(path: Path) -> Iterator[Thing]:
    """The thing of a binary mask, and its pieces when it has several; each person of "pedestrian"."""
    if path.parent.name == "pedestrian":
        yield from things_of(Thing(decoded(path), _numbers(path.with_suffix(".png")), ()))
        return
    photo, mask = example(path)
    shape = (mask > 127).astype(np.uint8)
    yield Thing(photo, shape, (1,))
    count, labels = cv2.connectedComponents(shape)
    pieces = (
        things_of(Thing(photo, labels.astype(np.min_scalar_type(count)), ()), least=0.01) if count > 2 else []
    )
    if len(pieces) > 1:
        yield pieces[0]


def _with_unions(picture: Thing) -> Iterator[Thing]:
    """Each region, and with each of half of them a neighbour."""
    found = things_of(picture)
    yield from found
    for one in found[::2]:
        ring = cv2.dilate(one.mask(), np.ones((3, 3), np.uint8)) > one.mask()
        beside = np.bincount(picture.labels[ring], minlength=1)
        beside[0] = 0
        if beside.any():
            both = (*one.numbers, int(beside.argmax()))
            if np.isin(picture.labels, both).mean() < 0.7:
                yield picture._replace(numbers=both)


def _street(photo: Array, classes: Array) -> Iterator[Thing]:
    for number in STREET_THINGS:
        count, labels = cv2.connectedComponents((classes == number).astype(np.uint8))
        if count > 1:
            yield from things_of(Thing(photo, labels.astype(np.min_scalar_type(count)), ()), least=0.006)


def _numbers(path: Path) -> Array:
    with Image.open(path) as picture:
        return np.asarray(picture)


def _fitting(labels: Array, photo: Array) -> Array:
    return np.asarray(cv2.resize(labels, photo.shape[1::-1], interpolation=cv2.INTER_NEAREST))
