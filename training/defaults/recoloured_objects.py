"""Objects in photos that were recoloured: what a network that harmonizes learns from, and is judged by."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from imgstudio.core.pixels import Array, Floats, luma, resized, to_float, to_linear, to_srgb
from imgstudio.engine.harmonize.colour_change import saturation_mix
from imgstudio.learn.data import decoded, pictures_in

SOURCES: Final = {
    "masks/ecssd": "research",
    "masks/horse": "research",
    "masks/human": "research",
    "masks/pedestrian": "research",
    "regions/bsds_train": "research",
    "photos/bsds_train_test": "research",
    "camvid": "research",
    "photos/imagenet1000": "research",
    "photos/coco": "Flickr terms",
    "photos/cid22": "CC BY-SA 4.0",
    "photos/large_crops": "CC0, CC BY(-SA), GPL-2+, Unsplash",
}
UNMARKED: Final = ("imagenet1000", "coco", "cid22", "large_crops")
"""Folders of photos without masks: regions of one colour are found in them."""
LONGEST: Final = 256
"""Longer side at which photos are kept (pixels)."""
SMALLEST, LARGEST = 0.02, 0.5
"""Share of its photo that an object may have."""
HELD_OUT: Final = 12
"""One photo in so many is never learned from."""
REGIONS: Final = 6
"""Of one human segmentation, at most."""
VOID: Final = 11
"""Class of CamVid's pixels that are nothing."""
KINDS: Final = ("exposure", "white", "contrast", "saturation", "hue", "transfer", "mixed")
FAINTEST: Final = 3.0 / 255
"""RMS change below which nobody sees a recolouring."""
STRONGEST: Final = 60.0 / 255
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """A thing in a photo."""

    photo: Array
    """(h, w, 3) uint8."""
    mask: Array
    """(h, w) uint8 coverage, 0..255."""
    source: str


class Pair(NamedTuple):
    """A recoloured object in its photo, floats 0..1."""

    composite: Floats
    wanted: Floats
    """The photo as it was."""
    mask: Floats


def objects_in(data: Path, *, held_out: bool) -> list[Object]:
    """All that is learned from or, held out, all that is not, in the order of folders and names."""
    return [thing for thing in _objects(data, held_out=held_out) if _is_usable(thing.mask)]


def recoloured(photo: Floats, mask: Floats, kind: str, random: np.random.Generator, other: Floats) -> Floats:
    """Recolour the object in the photo (h, w, 3), rounded to 8 bits; `other` lends its statistics to "transfer"."""
    for _ in range(8):
        changed = np.clip(_CHANGES[kind](photo, mask, random, other), 0, 1)
        composite = np.rint(255 * (photo + mask[..., None] * (changed - photo))) / 255
        error = float(np.sqrt((((composite - photo) ** 2).mean(2) * mask).sum() / mask.sum()))
        if FAINTEST < error < STRONGEST:
            return composite.astype(np.float32)
    return photo


def pair_of(thing: Object, kind: str, random: np.random.Generator, other: Object) -> Pair:
    """One recoloured object at the size it is kept; kind "none" leaves it alone."""
    photo, mask = to_float(thing.photo), to_float(thing.mask)
    if kind == "none":
        return Pair(photo, photo, mask)
    lender = to_float(other.photo)[other.mask > 127][None]
    return Pair(recoloured(photo, mask, kind, random, lender), photo, mask)


def cropped(thing: Object, side: int, random: np.random.Generator) -> Object:
    """A part of the photo that holds the object, mirrored or not, squeezed into a square."""
    height, width = thing.mask.shape
    rows, columns = (np.flatnonzero((thing.mask > 127).any(axis)) for axis in (1, 0))
    top, left = (int(random.integers(0, places[0] + 1)) for places in (rows, columns))
    down = int(random.integers(rows[-1], height)) + 1
    right = int(random.integers(columns[-1], width)) + 1
    window = (slice(top, down), slice(left, right))
    if (thing.mask[window] > 127).mean() > LARGEST:
        window = (slice(None), slice(None))
    photo, mask = (resized(part[window], side, side) for part in (thing.photo, thing.mask))
    if random.random() < 0.5:
        photo, mask = photo[:, ::-1], mask[:, ::-1]
    return Object(np.ascontiguousarray(photo), np.ascontiguousarray(mask), thing.source)


def _objects(data: Path, *, held_out: bool) -> Iterator[Object]:
    yield from _masked(data, held_out=held_out)
    yield from _segmented(data, held_out=held_out)
    yield from _driven_past(data, held_out=held_out)
    for name in UNMARKED:
        for path in pictures_in(data / "photos" / name):
            if _is_held(path) == held_out:
                yield from _of_one_colour(_reduced(decoded(path)))


def _masked(data: Path, *, held_out: bool) -> Iterator[Object]:
    for name in ("ecssd", "horse", "human", "pedestrian"):
        for path in pictures_in(data / "masks" / name):
            if path.suffix == ".jpg" and _is_held(path) == held_out:
                labels = _labels(path.with_suffix(".png"))
                instances = labels if name == "pedestrian" else (labels > 0).astype(np.uint8)
                for value in np.unique(instances[instances > 0]):
                    yield _object(decoded(path), instances == value, name)


def _segmented(data: Path, *, held_out: bool) -> Iterator[Object]:
    for path in pictures_in(data / "regions" / "bsds_train"):
        if _is_held(path) == held_out:
            photo = decoded(data / "photos" / "bsds_train_test" / f"{path.stem}.jpg")
            labels = _labels(path, photo.shape[:2])
            for value in _common(labels, REGIONS):
                yield _object(photo, labels == value, "bsds")


def _driven_past(data: Path, *, held_out: bool) -> Iterator[Object]:
    """Of CamVid's drives, whole ones are held out: their frames are alike."""
    part = "val" if held_out else "train"
    for path in pictures_in(data / "camvid" / part)[:: 8 if held_out else 4]:
        labels = _labels(data / "camvid" / f"{part}annot" / f"{path.stem}.png")
        for value in _common(labels, 3, ignored=VOID):
            yield _object(decoded(path), labels == value, "camvid")


def _is_held(path: Path) -> bool:
    return zlib.crc32(path.stem.encode()) % HELD_OUT == 0


def _labels(path: Path, size: tuple[int, ...] | None = None) -> Array:
    with Image.open(path) as picture:
        labels = np.asarray(picture)
    labels = labels if labels.ndim == 2 else labels[..., 0]
    if size is None or labels.shape == size:
        return labels
    values = cv2.resize(labels.astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(values.astype(np.int32))


def _common(labels: Array, count: int, ignored: int = -1) -> list[int]:
    """Up to `count` labels of a usable size, largest first."""
    values, counts = np.unique(labels, return_counts=True)
    usable = [
        (int(n), int(value))
        for value, n in zip(values, counts, strict=True)
        if value != ignored and SMALLEST <= n / labels.size <= LARGEST
    ]
    return [value for _, value in sorted(usable, reverse=True)[:count]]


def _object(photo: Array, mask: Bools, source: str) -> Object:
    if mask.shape != photo.shape[:2]:
        mask = cv2.resize(mask.astype(np.uint8), photo.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
    return Object(_reduced(photo), _reduced(np.asarray(mask * 255, np.uint8)), source)


def _reduced(pixels: Array) -> Array:
    height, width = pixels.shape[:2]
    factor = min(1.0, LONGEST / max(height, width))
    return resized(pixels, round(width * factor), round(height * factor))


def _is_usable(mask: Array) -> bool:
    share = float((mask > 127).mean())
    return SMALLEST <= share <= LARGEST


def _of_one_colour(photo: Array) -> Iterator[Object]:
    """A region found by k-means over colour and place: a shape along edges that are there."""
    height, width = photo.shape[:2]
    tiny = cv2.resize(cv2.GaussianBlur(photo, (0, 0), 3), (64, 64), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(tiny, cv2.COLOR_RGB2Lab).astype(np.float32)
    rows, columns = np.mgrid[:64, :64].astype(np.float32)
    points = np.concatenate([lab, rows[..., None], columns[..., None]], 2).reshape(-1, 5)
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_MAX_ITER, 10, 0.0)
    _, found, _ = cv2.kmeans(points, 6, np.empty(0, np.int32), stop, 1, cv2.KMEANS_PP_CENTERS)
    labels = cv2.medianBlur(found.reshape(64, 64).astype(np.uint8), 5)
    middle = np.exp(-((rows - 32) ** 2 + (columns - 32) ** 2) / 400)
    scores = {value: float(middle[labels == value].mean()) for value in _common(labels, 6)}
    if scores:
        best = (labels == max(scores, key=scores.__getitem__)).astype(np.uint8) * 255
        mask = cv2.resize(best, (width, height), interpolation=cv2.INTER_LINEAR)
        yield Object(photo, np.asarray((mask > 127) * 255, np.uint8), "unmarked")


def _exposure(photo: Floats, mask: Floats, random: np.random.Generator, other: Floats) -> Floats:
    return to_srgb(to_linear(photo) * np.float32(2 ** random.uniform(-1.3, 1.3)))


def _white(photo: Floats, mask: Floats, random: np.random.Generator, other: Floats) -> Floats:
    warmth, tint = random.normal(0, 0.35), random.normal(0, 0.15)
    gains = np.exp(np.array([warmth, tint, -warmth], np.float32) - np.float32(0.3 * tint))
    return to_srgb(to_linear(photo) * gains)


def _contrast(photo: Floats, mask: Floats, random: np.random.Generator, other: Floats) -> Floats:
    if random.random() < 0.5:
        return np.asarray(photo ** np.float32(np.exp(random.uniform(-0.6, 0.6))), np.float32)
    middle = float((luma(photo) * mask).sum() / mask.sum())
    steep = np.exp(random.uniform(-0.6, 0.6))
    if steep < 1:
        return np.asarray(middle + steep * (photo - middle), np.float32)
    # A soft S: clipping would lose what nothing can bring back.
    curve = np.tanh(1.5 * steep * (photo - middle)) / 1.5 + middle
    return np.asarray(curve, np.float32)


def _saturation(photo: Floats, mask: Floats, random: np.random.Generator, other: Floats) -> Floats:
    mix = saturation_mix(float(random.uniform(-1.1, 0.6))) + np.eye(3, dtype=np.float32)
    return to_srgb(np.maximum(cv2.transform(to_linear(photo), mix), 0).astype(np.float32))


def _hue(photo: Floats, mask: Floats, random: np.random.Generator, other: Floats) -> Floats:
    lab = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2Lab), np.float32)
    turn = np.deg2rad(random.uniform(-40, 40))
    a, b = lab[..., 1].copy(), lab[..., 2].copy()
    lab[..., 1], lab[..., 2] = np.cos(turn) * a - np.sin(turn) * b, np.sin(turn) * a + np.cos(turn) * b
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32)


def _transfer(photo: Floats, mask: Floats, random: np.random.Generator, other: Floats) -> Floats:
    """Mean and spread in Lab of another object (Reinhard 2001), as iHarmony4 was made; of all of it, or of a part."""
    lab = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2Lab), np.float32)
    theirs = np.asarray(cv2.cvtColor(other, cv2.COLOR_RGB2Lab), np.float32)[0]
    own = lab[mask > 0.5]
    factor = np.clip((theirs.std(0) + 2) / (own.std(0) + 2), 0.5, 2)
    moved = (lab - own.mean(0)) * factor + theirs.mean(0)
    share = random.uniform(0.25, 1)
    return np.asarray(
        cv2.cvtColor((lab + share * (moved - lab)).astype(np.float32), cv2.COLOR_Lab2RGB), np.float32
    )


def _mixed(photo: Floats, mask: Floats, random: np.random.Generator, other: Floats) -> Floats:
    kinds = random.permutation(KINDS[:5])[: int(random.integers(2, 5))]
    for kind in kinds:
        whole = np.clip(_CHANGES[str(kind)](photo, mask, random, other), 0, 1)
        photo = np.asarray(photo + 0.7 * (whole - photo), np.float32)
    return photo


_CHANGES: Final[dict[str, Any]] = {
    "exposure": _exposure,
    "white": _white,
    "contrast": _contrast,
    "saturation": _saturation,
    "hue": _hue,
    "transfer": _transfer,
    "mixed": _mixed,
}
