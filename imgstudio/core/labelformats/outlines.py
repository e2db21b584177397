"""How things are written by formats of shapes: as outlines, or as pixels where outlines say less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from imgstudio.core.labelformats.base import Drawing, Picture, Shapes
from imgstudio.core.labelformats.things import Thing, things_of
from imgstudio.core.labelformats.tracing import Part, one_ring, parts_of
from imgstudio.core.labels import Ring

_INSET: Final = 0.01
"""Pixels by which outlines lie inside of the right and lower sides, for programs that draw all that a line touches."""


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """A thing as a format of shapes tells it: outlines, or none where its pixels are told."""

    thing: Thing
    rings: tuple[Ring, ...] = ()
    """One for each part; holes are joined to them by slits."""


def shapes_of(shape: str) -> Shapes:
    """What the option `shape` of a format means: "auto", "polygon", or a word for pixels."""
    return "auto" if shape == "auto" else "polygons" if shape == "polygon" else "pixels"


def drawn(
    picture: Picture,
    shapes: Shapes,
    tolerance: float,
    *,
    with_unseen: bool = False,
    drawing: Drawing = "exact",
) -> Iterator[Drawn]:
    """All things of a picture as a format tells them."""
    for thing in things_of(picture.mask, picture.objects, with_unseen=with_unseen):
        picture.check()
        yield Drawn(thing, told_rings(thing, shapes, tolerance, drawing))


def told_rings(thing: Thing, shapes: Shapes, tolerance: float, drawing: Drawing) -> tuple[Ring, ...]:
    """Outlines of a thing, none where its pixels are told.

    `auto` tells pixels of what has a hole or several parts, and of what the other program would draw otherwise.
    """
    if shapes == "pixels":
        return ()
    parts = parts_of(thing, tolerance)
    if shapes == "auto" and (len(parts) > 1 or parts[0].holes):
        return ()
    if drawing != "exact":
        parts = [
            Part(_inset(part.ring, drawing), tuple(_inset(hole, drawing) for hole in part.holes))
            for part in parts
        ]
    rings = tuple(one_ring(part) for part in parts)
    if shapes == "auto" and not tolerance and not is_drawn_alike(thing, rings, drawing):
        return ()
    return rings


def _inset(ring: Ring, drawing: Drawing) -> Ring:
    """The outline moved inside by next to nothing, so that its corners lie on pixels of the thing.

    At the left and upper sides they do already, unless shares of the picture's side lose the last digit.
    """
    forth, back = np.roll(ring, -1, 0) - ring, ring - np.roll(ring, 1, 0)
    way = np.where(forth != 0, forth, back)
    out = ring.copy()
    out[:, 0] -= _INSET * (way[:, 1] > 0)
    out[:, 1] -= _INSET * (way[:, 0] < 0)
    if drawing == "yolo":
        out[:, 0] += _INSET * (way[:, 1] < 0)
        out[:, 1] += _INSET * (way[:, 0] > 0)
    return out


def is_drawn_alike(thing: Thing, rings: Sequence[Ring], drawing: Drawing) -> bool:
    """Whether a program that draws all that a line touches gets the thing's pixels from its outlines.

    It does where every corner lies on one of them: that of pixels that only meet across a corner does not. What it
    makes of slits nobody knows.
    """
    if drawing == "exact":
        return True
    places = np.concatenate(rings).astype(np.int64) - (thing.box.x, thing.box.y)
    inside = np.clip(places, 0, (thing.box.width - 1, thing.box.height - 1))
    return bool((places == inside).all() and thing.pixels[inside[:, 1], inside[:, 0]].all())


def plain(value: float) -> float | int:
    """A number as short as it can be written: 3 instead of 3.0, without the dust of floating point."""
    return int(value) if value == int(value) else round(value, 4)


def flat(ring: Ring) -> list[float | int]:
    """x, y, x, y, ..."""
    return [plain(value) for value in ring.reshape(-1).tolist()]
