"""Find pictures that are the same or nearly so, and how alike neighbours in a folder are."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.pixels import Floats
from imgstudio.learn.dataset.pictures import PictureFacts

_BLOCK: Final = 1024
_NEAR: Final = 0.012
"""Mean square distance between standardised thumbnails (0 same .. 2 unrelated) of near-duplicates."""
_NEAR_COLOUR: Final = 10.0
"""Root mean square distance of their 8-bit pixels."""
_MOST_HASH_BITS: Final = 10
_FLAT: Final = 3.0
"""Contrast (standard deviation in 8-bit steps) below which a thumbnail tells nothing."""


def same_files(facts: Sequence[PictureFacts]) -> list[list[int]]:
    """Groups of two or more indices whose files are equal byte by byte."""
    places: dict[str, list[int]] = defaultdict(list)
    for index, picture in enumerate(facts):
        places[picture.sha256].append(index)
    return [group for group in places.values() if len(group) > 1]


def near_pairs(facts: Sequence[PictureFacts]) -> list[tuple[int, int]]:
    """Pairs (i < j) of different files that show nearly the same: rescaled, recompressed, a neighbouring frame.

    Three measures must agree: a difference hash (64 bits, gradients of a 9 x 8 grey picture), the standardised
    grey thumbnails, and their colours. Flat pictures are never near anything.
    """
    thumbs = _thumbs(facts)
    features, contrast = _standardised(thumbs)
    hashes = _difference_hashes(thumbs)
    colours = thumbs.reshape(len(thumbs), -1).astype(np.float32)
    found: list[tuple[int, int]] = []
    for top in range(0, len(features), _BLOCK):
        alike = features[top : top + _BLOCK] @ features.T >= 1 - _NEAR / 2
        rows, columns = np.nonzero(np.triu(alike, top + 1))
        rows += top
        keep = (contrast[rows] > _FLAT) & (contrast[columns] > _FLAT)
        rows, columns = rows[keep], columns[keep]
        for start in range(0, len(rows), 1 << 14):
            i, j = rows[start : start + (1 << 14)], columns[start : start + (1 << 14)]
            distance = np.sqrt(((colours[i] - colours[j]) ** 2).mean(1))
            bits = _bits(hashes[i] ^ hashes[j])
            near = (distance < _NEAR_COLOUR) & (bits <= _MOST_HASH_BITS)
            found += list(zip(i[near].tolist(), j[near].tolist(), strict=True))
    return [(i, j) for i, j in found if facts[i].sha256 != facts[j].sha256]


def neighbour_likeness(facts: Sequence[PictureFacts], runs: Sequence[Sequence[int]]) -> float:
    """How far apart neighbours within `runs` look, relative to strangers: near 0 in a film, 1 in a collection."""
    pairs = np.array([pair for run in runs for pair in itertools.pairwise(run)])
    members = np.array([index for run in runs for index in run])
    if len(pairs) < 2 or len(members) < 4:
        return 1.0
    features = _thumbs(facts).reshape(len(facts), -1).astype(np.float32)
    random = np.random.default_rng(0)
    strangers = random.choice(members, (2000, 2))
    strangers = strangers[strangers[:, 0] != strangers[:, 1]]
    chosen = pairs if len(pairs) <= 2000 else pairs[random.choice(len(pairs), 2000, replace=False)]
    near, far = _distance(features, chosen), _distance(features, strangers)
    return float(np.median(near) / max(float(np.median(far)), 1e-6))


def groups_of(count: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Connected groups of two or more, from pairs of indices below `count`."""
    parent = list(range(count))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for i, j in pairs:
        first, second = sorted((root(i), root(j)))
        parent[second] = first
    places: dict[int, list[int]] = defaultdict(list)
    for index in range(count):
        places[root(index)].append(index)
    return [group for group in places.values() if len(group) > 1]


def _thumbs(facts: Sequence[PictureFacts]) -> npt.NDArray[np.uint8]:
    return np.stack([_thumb(picture) for picture in facts])


def _thumb(picture: PictureFacts) -> npt.NDArray[np.uint8]:
    assert picture.thumb is not None
    return picture.thumb


def _standardised(thumbs: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """(n, 256) grey thumbnails of mean 0 and length 1, and their contrast."""
    grey = thumbs.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    flat = grey.reshape(len(grey), -1)
    flat = flat - flat.mean(1, keepdims=True)
    contrast = flat.std(1)
    length = np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return (flat / length).astype(np.float32), contrast.astype(np.float32)


def _difference_hashes(thumbs: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    out = np.zeros(len(thumbs), np.uint64)
    for index, thumb in enumerate(thumbs):
        grey = cv2.resize(cv2.cvtColor(thumb, cv2.COLOR_RGB2GRAY), (9, 8), interpolation=cv2.INTER_AREA)
        bits = np.packbits(grey[:, 1:] > grey[:, :-1])
        out[index] = np.frombuffer(bits.tobytes(), np.uint64)[0]
    return out


def _bits(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
    return np.asarray(np.unpackbits(values[:, None].view(np.uint8), axis=1).sum(1), np.intp)


def _distance(features: Floats, pairs: npt.NDArray[np.intp]) -> Floats:
    difference = features[pairs[:, 0]] - features[pairs[:, 1]]
    return np.sqrt((difference**2).mean(1)).astype(np.float32)
