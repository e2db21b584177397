"""Sort pictures into scenes by folders, names, numbers and time, so that a split can keep scenes whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from imgstudio.core.labelproject.pictures import counting_order
from imgstudio.learn.dataset.likeness import groups_of, neighbour_likeness
from imgstudio.learn.dataset.pictures import PictureFacts
from imgstudio.learn.dataset.places import number_run

_FILM: Final = 0.75
"""Neighbours that differ less than this share of what strangers differ are parts of one scene."""
_MANY: Final = 8
"""So many folders or prefixes are taken for scenes without looking at the pictures."""
_LARGEST_SHARE: Final = 0.5
_PAUSE: Final = 600.0
"""Seconds without a photo that begin a new session."""
_STRETCHES: Final = 10
_JUMP: Final = 4
"""A step of the numbers this many times the usual one begins a new stretch."""


@dataclass(frozen=True, slots=True)
class Scenes:
    """A group for every picture."""

    groups: tuple[str, ...]
    by: str
    """How they were found, as the beginning of a sentence."""
    is_film: bool = False
    """Neighbouring pictures look alike, so large groups may be cut only along the sequence."""
    strata: tuple[str, ...] = ()
    """Kinds of pictures of which both sides should have some; empty: one kind."""


def scenes_of(images: Sequence[Path], folders: Sequence[str], facts: Sequence[PictureFacts]) -> Scenes:
    """Find scenes. `folders` names each picture's scene folder, or is empty where there is none.

    Many folders, name prefixes or photo sessions are scenes by themselves. Few of them count as scenes only where
    the pictures inside look more alike in the order of their names than strangers do (frames of a film); otherwise
    they are kinds, and each picture stands for itself.
    """
    order = sorted(range(len(images)), key=lambda n: counting_order(images[n].as_posix()))
    strata = tuple(folders) if len(set(folders)) > 1 else ()
    for keys, by in (
        (list(folders), "By folder"),
        (_prefixes(images, folders), "By the beginning of the names"),
        (_sessions(folders, facts), "By the time of the shots"),
    ):
        runs = _runs(keys, order)
        if len(runs) < 2 or len(runs) > 0.7 * len(images):
            continue
        is_film = neighbour_likeness(facts, runs) < _FILM
        largest = max(map(len, runs)) / len(images)
        if is_film or (len(runs) >= _MANY and largest <= _LARGEST_SHARE):
            return Scenes(tuple(keys), by, is_film, strata if by != "By folder" else ())
    runs = _runs(list(folders), order)
    if neighbour_likeness(facts, runs) < _FILM:
        return Scenes(tuple(folders), "By stretches of neighbouring pictures", is_film=True)
    return Scenes(tuple(_shown(image) for image in images), "Picture by picture", strata=strata)


def merged(groups: Sequence[str], pairs: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """The same groups, those joined that share a pair of pictures."""
    places: dict[str, int] = {}
    for index, group in enumerate(groups):
        places.setdefault(group, index)
    links = [(places[group], index) for index, group in enumerate(groups)]
    out = list(groups)
    for members in groups_of(len(groups), [*links, *pairs]):
        for index in members:
            out[index] = groups[members[0]]
    return tuple(out)


def stretches(groups: Sequence[str], images: Sequence[Path]) -> tuple[str, ...]:
    """Cut groups that hold more than a tenth of all pictures into stretches along the numbers of their names."""
    order = sorted(range(len(images)), key=lambda n: counting_order(images[n].as_posix()))
    length = max(1, round(len(images) / _STRETCHES))
    out = list(groups)
    for members in _runs(list(groups), order):
        if len(members) > length:
            for number, piece in enumerate(_cut(members, images, length), start=1):
                for index in piece:
                    out[index] = f"{groups[index] or 'stretch'} {number}"
    return tuple(out)


def _cut(members: Sequence[int], images: Sequence[Path], length: int) -> list[list[int]]:
    """Pieces of about `length`, cut at jumps of the numbers where there are any."""
    numbers = np.array([number_run(images[n])[1] for n in members])
    steps = np.diff(numbers)
    usual = float(np.median(steps)) if len(steps) else 0.0
    jumps = np.flatnonzero((steps > _JUMP * max(usual, 1)) | (steps < 0)) + 1
    pieces: list[list[int]] = []
    for part in np.split(np.array(members), jumps):
        pieces += [piece.tolist() for piece in np.array_split(part, max(1, round(len(part) / length)))]
    return pieces


def _runs(keys: Sequence[str], order: Sequence[int]) -> list[list[int]]:
    """Members of each key, in the order of the names."""
    out: dict[str, list[int]] = defaultdict(list)
    for index in order:
        out[keys[index]].append(index)
    return list(out.values())


def _prefixes(images: Sequence[Path], folders: Sequence[str]) -> list[str]:
    """What stands before the last number of the name; where that is the same all over, before the last but one."""
    names = [
        f"{folder}/{number_run(image)[0]}".lstrip("/") for image, folder in zip(images, folders, strict=True)
    ]
    single = sum(count == 1 for count in Counter(names).values())
    # names like hashes: each begins with its own letters, which says nothing
    return [""] * len(names) if single > 0.5 * len(set(names)) else names


def _sessions(folders: Sequence[str], facts: Sequence[PictureFacts]) -> list[str]:
    """Shots without a long pause between them."""
    taken = [fact.taken for fact in facts]
    known = [index for index, time in enumerate(taken) if time is not None]
    if len(known) < 0.8 * len(facts):
        return [""] * len(facts)
    out = ["without time"] * len(facts)
    session, last = 0, None
    for index in sorted(known, key=lambda n: (folders[n], taken[n] or 0.0)):
        now = taken[index] or 0.0
        if last is None or not 0 <= now - last <= _PAUSE:
            session += 1
        out[index], last = f"session {session}", now
    return out


def _shown(image: Path) -> str:
    return f"{image.parent.name}/{image.name}"
