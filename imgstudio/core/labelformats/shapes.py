"""Shapes of foreign files painted into masks: what an import of outlines, boxes and run lengths shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np

from imgstudio.core.geometry import Rect
from imgstudio.core.labelformats.base import Found, Item, Masks, Reading
from imgstudio.core.labelformats.class_lists import BACKGROUND_NAMES
from imgstudio.core.labels import (
    BACKGROUND,
    MOST_CLASSES,
    UNSEEN,
    LabelClass,
    LabelledImage,
    LabelProject,
    Region,
    classes_named,
)

_MOST_OBJECTS = 65535


def found_of(
    project: LabelProject, special: Mapping[str, int], *, are_objects: bool, flagged: Iterable[str] = ()
) -> Found:
    """What a file of shapes holds.

    `special` are names that mean a value and no class, such as 255. Whether shapes are objects where nobody says it:
    `are_objects` for all, else those that share a number with others.
    """
    ground = {known.name: BACKGROUND for known in project.classes if known.name.lower() in BACKGROUND_NAMES}
    special = {**ground, **special}
    names = [known.name for known in project.classes if known.name not in special]
    notes = list(project.notes)
    if len(names) > MOST_CLASSES - 1:
        used = {region.label for image in project.images for region in image.regions}
        names = [name for name in names if name in used]
        most = f"a project has {MOST_CLASSES - 1} classes at most"
        notes += [f"“{name}” is left out: {most}." for name in names[MOST_CLASSES - 1 :]]
        names = names[: MOST_CLASSES - 1]
    values = {name: value for value, name in enumerate(names, start=1)} | dict(special)
    marked = set(flagged)
    items = tuple(_item(image, values, are_objects, str(image.path) in marked) for image in project.images)
    notes += [note for image in project.images for note in image.notes]
    return Found(_classes(project, names), items, tuple(notes))


def _classes(project: LabelProject, names: Sequence[str]) -> tuple[LabelClass, ...]:
    """Numbered anew, in their own colours."""
    colours = {known.name: known.colour for known in project.classes}
    return tuple(replace(known, colour=colours[known.name]) for known in classes_named(names))


def _item(image: LabelledImage, values: Mapping[str, int], are_objects: bool, is_flagged: bool) -> Item:
    def read(width: int, height: int, how: Reading) -> Masks:
        return painted(
            image.sized(width, height), values, how, are_objects=are_objects, is_flagged=is_flagged
        )

    path = PurePosixPath(image.path.as_posix())
    return Item(path, read, image.width, image.height)


def painted(
    image: LabelledImage,
    values: Mapping[str, int],
    how: Reading,
    *,
    are_objects: bool,
    is_flagged: bool = False,
) -> Masks:
    """Masks of one picture; later shapes lie on top of earlier ones. What covers others is noted."""
    mask = np.full((image.height, image.width), how.unlabelled, np.uint8)
    objects = np.zeros((image.height, image.width), np.uint16)
    whole = Rect(0, 0, image.width, image.height)
    numbers: dict[tuple[str, int], int] = {}
    count = covering = outside = 0
    for region in image.regions:
        how.check()
        value = values.get(region.label)
        if value is None:
            continue
        box, pixels = region.shape.painted(whole)
        if box.is_empty or not pixels.any():
            outside += 1
            continue
        number = 0
        if _is_object(region, value, how, are_objects=are_objects):
            number, count = _number(region, numbers, count)
        place = box.slices()
        covering += bool((pixels & (objects[place] > 0) & (objects[place] != number)).any())
        mask[place][pixels] = value
        objects[place][pixels] = number if number <= _MOST_OBJECTS else 0
    notes = _notes(covering, outside, count)
    return Masks(mask, objects if count else None, notes, is_flagged)


def _is_object(region: Region, value: int, how: Reading, *, are_objects: bool) -> bool:
    if value in (BACKGROUND, UNSEEN) or region.is_crowd or how.objects == "no":
        return False
    return how.objects == "yes" or are_objects or region.number is not None


def _number(region: Region, numbers: dict[tuple[str, int], int], count: int) -> tuple[int, int]:
    if region.number is None:
        return count + 1, count + 1
    key = (region.label, region.number)
    if key not in numbers:
        numbers[key] = count = count + 1
    return numbers[key], count


def _notes(covering: int, outside: int, count: int) -> tuple[str, ...]:
    notes = list[str]()
    if covering:
        notes.append(
            f"{covering} {'shape lies' if covering == 1 else 'shapes lie'} on top of others; a pixel belongs to one"
            " object, so the lower ones lose what is covered."
        )
    if outside:
        notes.append(
            f"{outside} {'shape covers' if outside == 1 else 'shapes cover'} no pixel and is left out."
        )
    if count > _MOST_OBJECTS:
        notes.append(f"Only the first {_MOST_OBJECTS} of {count} objects are told apart.")
    return tuple(notes)
