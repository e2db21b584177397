"""Which picture of a project a foreign item is about, and its masks as they lie on that picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.imageformats import channels
from imgstudio.core.labelformats.base import Found, Item, Masks, Reading
from imgstudio.core.labelproject.checking import Problem
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labelproject.pictures import picture_turn
from imgstudio.core.labels import UNSEEN, IndexMask, ObjectMask

_LYING: Final = (5, 6, 7, 8)
"""EXIF orientations that exchange width and height."""


def matched(project: ProjectFolder, items: Sequence[Item], problems: list[Problem]) -> list[tuple[str, Item]]:
    """Pictures of the project with the items that are about them; every other item is a problem."""
    names = _Names(entry.name for entry in project.entries())
    out: dict[str, Item] = {}
    for item in items:
        fits = names.of(item.picture)
        if len(fits) == 1 and fits[0] not in out:
            out[fits[0]] = item
        elif len(fits) == 1:
            problems.append(
                Problem(fits[0], f"It has labels twice; those of {_short(item.picture)} are left out.")
            )
        elif fits:
            what = f"Several pictures are called {item.picture.name}: {', '.join(fits[:3])}. Its labels are left out."
            problems.append(Problem(_short(item.picture), what))
        else:
            problems.append(
                Problem(_short(item.picture), "The project has no such picture; its labels are left out.")
            )
    return list(out.items())


def _short(path: PurePosixPath) -> str:
    """Enough of a path to find the file, without where the export lies."""
    return "/".join(path.parts[-2:]) if path.is_absolute() else str(path)


class _Names:
    """Finds pictures by paths that other programs wrote: with other folders in front, or another suffix."""

    def __init__(self, names: Iterable[str]) -> None:
        self._paths: dict[str, list[PurePosixPath]] = defaultdict(list)
        for path in map(PurePosixPath, names):
            self._paths[path.stem.lower()].append(path)
            self._paths[path.name.lower()].append(path)

    def of(self, told: PurePosixPath) -> list[str]:
        """Those that fit best; several where the path does not tell which."""
        name = told.name.lower()
        # an export calls a.jpg beside a.png a_jpg
        keys = (
            [name, told.stem.lower()],
            [".".join(text.rsplit("_", 1)) for text in (told.stem.lower(), name)],
        )
        for several in keys:
            found = dict.fromkeys(path for key in several for path in self._paths.get(key, ()))
            if found:
                scores = {path: _likeness(path, told) for path in found}
                best = max(scores.values())
                return [str(path) for path, score in scores.items() if score == best]
        return []


def _likeness(path: PurePosixPath, told: PurePosixPath) -> tuple[int, int, int]:
    """How well the file's name agrees, folders from the end that do, and fewer folders of its own besides."""
    agreeing = 0
    for own, other in zip(reversed(path.parts[:-1]), reversed(told.parts[:-1]), strict=False):
        if own.lower() != other.lower():
            break
        agreeing += 1
    name = told.name.lower()
    same = 2 if path.name.lower() == name else int(path.stem.lower() == name)
    return same, agreeing, agreeing - len(path.parts) + 1


def fitting(project: ProjectFolder, name: str, item: Item, how: Reading) -> Masks:
    """Masks in the size of the picture; turned where the file knows the picture as it lies in memory.

    Raises UserError for those of another size, and what reading raises.
    """
    width, height = project.size(name)
    turn = picture_turn(project.picture(name))
    lies = turn in _LYING and width != height
    told = (item.width, item.height)
    if all(told) and told != (width, height) and not (lies and told == (height, width)):
        raise _another_size(*told, width, height)
    is_turned = lies and told == (height, width)
    masks = item.read(height, width, how) if is_turned else item.read(width, height, how)
    if masks.mask.shape == (height, width) and not is_turned:
        return masks
    if masks.mask.shape != (width, height) or not lies:
        raise _another_size(masks.mask.shape[1], masks.mask.shape[0], width, height)
    return replace(
        masks,
        mask=_upright(masks.mask, turn),
        objects=None if masks.objects is None else _upright_objects(masks.objects, turn),
    )


def _upright(mask: IndexMask, turn: int) -> IndexMask:
    return np.ascontiguousarray(channels.upright(mask, turn))


def _upright_objects(mask: ObjectMask, turn: int) -> ObjectMask:
    return np.ascontiguousarray(channels.upright(mask, turn))


def _another_size(mask_width: int, mask_height: int, width: int, height: int) -> UserError:
    return UserError(
        f"Its labels are for {mask_width} x {mask_height} pixels, the picture has {width} x {height}",
        "Nobody can tell where they belong.",
        "Export them again in the size of the picture",
    )


def found_in_project(project: ProjectFolder) -> Found:
    """The labelled pictures of another project, as if a foreign format held them."""
    items = [
        Item(PurePosixPath(entry.name), _ProjectReader(project, entry.name))
        for entry in project.entries()
        if entry.state in ("in work", "done")
    ]
    return Found(project.classes, tuple(items), project.problems)


@dataclass(frozen=True, eq=False, slots=True)
class _ProjectReader:
    project: ProjectFolder
    name: str

    def __call__(self, width: int, height: int, how: Reading) -> Masks:
        mask = self.project.labels(self.name)
        if mask is None:
            mask = np.full((height, width), UNSEEN, np.uint8)
        return Masks(mask, self.project.objects(self.name))
