"""Say before an export exactly what it will lose."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.labelformats.base import Format, Picture, Says, numbered
from imgstudio.core.labelformats.exporting import export_ids, pictures, selected
from imgstudio.core.labelformats.outlines import is_drawn_alike, told_rings
from imgstudio.core.labelformats.things import Thing, things_of
from imgstudio.core.labelformats.tracing import overlap, parts_of
from imgstudio.core.labelproject.checking import Problem
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labelproject.header import and_more
from imgstudio.core.labelproject.pictures import picture_turn
from imgstudio.core.labels import BACKGROUND, UNSEEN, IndexMask, LabelClass, ObjectMask, class_colour

_MOST_OBJECTS = 254
_SAID = {"rle": "RLE", "mask": "masks"}
_DRAWERS = {"exact": "", "labelme": "labelme's own converters", "yolo": "the YOLO trainers"}
_OTHERS = "PNG masks, COCO with run lengths and Pascal VOC tell everything pixel by pixel."
_WITH_OBJECTS = "COCO, Pascal VOC, labelme and CVAT tell objects apart."


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that an export cannot say."""

    kind: str
    """"holes", "parts", "mixed", "areas", "objects", "touching", "simplified", "edges", "unseen", "strange", "colours",
    "values", "names", "keys", "flags", "notes", "states", "files", "turned" or "left out"."""
    what: str
    """A sentence."""
    what_to_do: str = ""
    count: int = 0
    """Of what is lost: holes, objects, pixels, classes or pictures."""
    pictures: tuple[str, ...] = ()
    """Names of those concerned."""
    change: tuple[tuple[str, Any], ...] = ()
    """Options and values with which nothing of this is lost."""


@dataclass(slots=True)
class _Tally:
    """What was met so far."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    names: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    overlaps: list[float] = field(default_factory=list)
    worst: tuple[float, str] = (1.0, "")
    pixels: int = 0

    def add(self, kind: str, name: str, count: int) -> None:
        if count:
            self.counts[kind] += count
            if self.names[kind][-1:] != [name]:
                self.names[kind].append(name)


def losses(
    project: ProjectFolder, label_format: Format, options: Any, progress: Progress | None = None
) -> tuple[Loss, ...]:
    """What an export with these options will lose, the gravest first; raises UserError and Cancelled.

    Found by looking at every mask as the export will: the sentences hold for exactly these pictures.
    """
    says = label_format.says(options, project.classes)
    entries = selected(project, options)
    ids = export_ids([entry.name for entry in entries])
    tally = _Tally()
    problems = list[Problem]()
    for picture in pictures(project, entries, ids, progress or Progress(), problems, "Looking"):
        _look(picture, says, project.classes, tally)
    for problem in problems:
        tally.add("left out", problem.name, 1)
    told = (*_of_shapes(tally, says), *_of_pixels(tally, says), *_of_classes(project.classes, says))
    return (*told, *_of_entries(tally, problems))


def _look(picture: Picture, says: Says, classes: Sequence[LabelClass], tally: _Tally) -> None:
    mask, objects, name = picture.mask, picture.objects, picture.name
    known = {known.value for known in classes}
    values = np.flatnonzero(np.bincount(mask.reshape(-1), minlength=256))
    strange = [value for value in values.tolist() if value not in known | {BACKGROUND, UNSEEN}]
    tally.add("strange", name, int(np.isin(mask, strange).sum()) if strange else 0)
    tally.pixels += mask.size
    if not says.unseen:
        tally.add("unseen", name, int(np.count_nonzero(mask == UNSEEN)))
    if says.objects in ("none", "254"):
        is_class = np.isin(mask, sorted(known))
        count = 0 if objects is None else int(np.count_nonzero(np.unique(objects[is_class])))
        tally.add("objects", name, count if says.objects == "none" else max(count - _MOST_OBJECTS, 0))
    else:
        things = [t for t in things_of(mask, objects, with_unseen=says.unseen) if t.value in known | {UNSEEN}]
        _look_at_things(things, picture, says, tally)
    if objects is not None and says.objects == "none":
        tally.add("touching", name, touching(mask, objects))
    entry = picture.entry
    tally.add("flags", name, int(entry.is_flagged and not says.flags))
    tally.add("notes", name, int(bool(entry.note)))
    tally.add("states", name, int(entry.state == "done"))
    tally.add("files", name, int(f"{picture.id}{picture.suffix}" != name))
    tally.add("turned", name, int(_is_turned(picture)))


def _is_turned(picture: Picture) -> bool:
    try:
        return picture_turn(picture.source) != 1
    except UserError:
        return False


def _look_at_things(things: list[Thing], picture: Picture, says: Says, tally: _Tally) -> None:
    name = picture.name
    numbers = [thing.number for thing in things if thing.number is not None]
    if says.objects == "every":
        tally.add("areas", name, sum(thing.number is None for thing in things))
    twice = Counter(numbers)
    tally.add("mixed", name, sum(count > 1 for count in twice.values()))
    if says.shapes == "pixels":
        return
    for thing in things:
        picture.check()
        _look_at_outline(thing, name, says, tally)


def _look_at_outline(thing: Thing, name: str, says: Says, tally: _Tally) -> None:
    if says.shapes == "auto" and not says.tolerance:
        return  # what an outline does not say is told as pixels
    holes, parts = thing.holes(), thing.parts()
    if says.shapes == "auto" and (holes or parts > 1):
        return
    tally.add("holes", name, holes)
    tally.add("holed", name, int(holes > 0))
    if not says.parts and parts > 1:
        tally.add("parts", name, parts)
        tally.add("parted", name, 1)
    if says.tolerance:
        found = overlap(thing, parts_of(thing, says.tolerance))
        tally.overlaps.append(found)
        tally.worst = min(tally.worst, (found, name))
    elif not holes and says.drawing != "exact":
        rings = told_rings(thing, says.shapes, says.tolerance, says.drawing)
        tally.add("edges", name, int(not is_drawn_alike(thing, rings, says.drawing)))


def touching(mask: IndexMask, objects: ObjectMask) -> int:
    """Objects that touch another one of their class, also at a corner."""
    found = set[int]()
    height, width = mask.shape
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = (slice(0, height - down), slice(max(-across, 0), width - max(across, 0)))
        there = (slice(down, height), slice(max(across, 0), width - max(-across, 0)))
        first, second = objects[here], objects[there]
        meets = (first != second) & (first > 0) & (second > 0) & (mask[here] == mask[there])
        found.update(np.unique(first[meets]).tolist(), np.unique(second[meets]).tolist())
    return len(found)


def _of_shapes(tally: _Tally, says: Says) -> list[Loss]:
    change = (says.exact,) if says.exact is not None else ()
    instead = _OTHERS if says.exact is None else f"As {_SAID[says.exact[1]]} nothing of this is lost."
    make = _maker(tally)
    holed, parted = tally.counts["holed"], tally.counts["parted"]
    out = [
        make(
            "holes",
            lambda n: (
                f"{_n(n, 'hole')} in {_n(holed, 'thing')}: an outline has none, so each is joined to it by a slit"
                " that other programs may fill or show as a line."
            ),
            instead,
            change,
        ),
        make(
            "parts", lambda n: f"{_n(parted, 'object')} in {n} parts: each part becomes an object.", _OTHERS
        ),
        make(
            "mixed",
            lambda n: f"{_n(n, 'object')} of more than one class: each class becomes an object.",
            "Pascal VOC keeps them.",
        ),
        make(
            "areas", lambda n: f"{_n(n, 'area')} without an object {_become(n)} {_n(n, 'object', bare=True)}."
        ),
        make("objects", lambda n: _objects_lost(n, says), _WITH_OBJECTS),
        make(
            "touching",
            lambda n: (
                f"{_n(n, 'object')} {'touches' if n == 1 else 'touch'} another one of the same class; where one"
                " ends and the next begins is lost."
            ),
            _WITH_OBJECTS,
        ),
        make(
            "edges",
            lambda n: (
                f"{_n(n, 'outline')} with pixels that only meet at a corner, which {_DRAWERS[says.drawing]} draw a"
                " little otherwise."
            ),
            instead,
            change,
        ),
    ]
    return [loss for loss in [*out, _simplified(tally, says)] if loss is not None]


def _objects_lost(count: int, says: Says) -> str:
    if says.objects == "254":
        return f"{_n(count, 'object')} beyond {_MOST_OBJECTS} in a picture {_become(count)} plain areas."
    return f"{_n(count, 'object')} {_become(count)} plain areas."


def _simplified(tally: _Tally, says: Says) -> Loss | None:
    worst, name = tally.worst
    changed = sum(found < 1 for found in tally.overlaps)
    if not changed:
        return None
    mean = float(np.mean(tally.overlaps))
    return Loss(
        "simplified",
        f"{_n(changed, 'outline')} simplified by up to {says.tolerance:g} px: IoU {mean:.4f} on average,"
        f" {worst:.4f} at worst (“{name}”).",
        "Set Simplify to exact.",
        changed,
        (name,),
        (("tolerance", 0.0),),
    )


def _of_pixels(tally: _Tally, says: Says) -> list[Loss]:
    make = _maker(tally)
    share = tally.counts["unseen"] / max(tally.pixels, 1)
    out = [
        make(
            "unseen",
            lambda n: (
                f"{_percent(share)} of the pixels, where nobody looked, become background"
                f" (in {_n(len(tally.names['unseen']), 'picture')})."
            ),
            "PNG masks, Pascal VOC, CamVid and labelme keep them apart.",
        ),
        make("strange", lambda n: f"{_n(n, 'pixel')} with a value of no class {_become(n)} background."),
    ]
    return [loss for loss in out if loss is not None]


def _of_classes(classes: Sequence[LabelClass], says: Says) -> list[Loss]:
    out = list[Loss]()
    if says.renamed:
        told = ", ".join(f"“{old}” becomes “{new}”" for old, new in says.renamed)
        out.append(
            Loss(
                "names", f"The format takes some names otherwise: {told}.", "Rename them.", len(says.renamed)
            )
        )
    own = [known.name for known in classes if known.colour != class_colour(known.value)]
    lost = list(says.recoloured) if says.colours else own
    if lost:
        one, several = ("gets another colour", "get another colour") if says.colours else ("loses", "lose")
        more = ", as each needs its own" if says.colours else " the colour"
        what = f"{_n(len(lost), 'class')} {one if len(lost) == 1 else several}{more}: {and_more(lost)}."
        out.append(Loss("colours", what, count=len(lost)))
    numbers = numbered(classes)
    moved = [known for known in classes if numbers[known.value] != known.value]
    if moved and not says.values:
        told = ", ".join(f"“{known.name}” {known.value}" for known in moved[:3])
        out.append(
            Loss(
                "values",
                f"{_n(len(moved), 'class')} {_get(len(moved))} another number: {told}.",
                count=len(moved),
            )
        )
    keys = [known.name for known in classes if known.key != (str(known.value) if known.value < 10 else "")]
    if keys:
        out.append(
            Loss(
                "keys",
                f"{_n(len(keys), 'class')} {_lose(len(keys))} the key: {and_more(keys)}.",
                count=len(keys),
            )
        )
    return out


def _of_entries(tally: _Tally, problems: Sequence[Problem]) -> list[Loss]:
    make = _maker(tally)
    listed = and_more(tally.names["files"])
    out = [
        make(
            "files",
            lambda n: f"{_n(n, 'picture')} {_get(n)} another name, as only the suffix differs: {listed}.",
        ),
        make(
            "turned",
            lambda n: (
                f"{_n(n, 'picture')} turned by EXIF: programs that pass over it show the labels turned."
            ),
            "Save them upright.",
        ),
        make("flags", lambda n: f"The flags of {_n(n, 'picture')}."),
        make("notes", lambda n: f"The notes on {_n(n, 'picture')}."),
        make("states", lambda n: f"Which pictures are done ({n:,}), and what it took to label them."),
        make("left out", lambda n: f"{_n(n, 'picture')} left out: {problems[0].what}" if problems else ""),
    ]
    return [loss for loss in out if loss is not None]


def _maker(tally: _Tally) -> Callable[..., Loss | None]:
    def make(
        kind: str, say: Callable[[int], str], instead: str = "", change: tuple[tuple[str, Any], ...] = ()
    ) -> Loss | None:
        count = tally.counts.get(kind, 0)
        return Loss(kind, say(count), instead, count, tuple(tally.names[kind]), change) if count else None

    return make


def _n(count: int, what: str, *, bare: bool = False) -> str:
    plural = {"class": "classes"}.get(what, f"{what}s")
    word = what if count == 1 else plural
    if bare:
        return f"an {word}" if count == 1 else word
    return f"{count:,} {word}"


def _become(count: int) -> str:
    return "becomes" if count == 1 else "become"


def _get(count: int) -> str:
    return "gets" if count == 1 else "get"


def _lose(count: int) -> str:
    return "loses" if count == 1 else "lose"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{max(share, 0.0001):.2%}"
