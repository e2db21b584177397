"""What is done to whole regions of the labels; every function that takes a document is one undo step."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.fill import connected
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.labelled import PaintRules
from imgstudio.core.labelling.between import Between
from imgstudio.core.labelling.nearby import (
    Check,
    as_bytes,
    at_ease,
    largest_extent,
    near,
    nearest_of,
    small_parts,
    spread,
    told_by,
)
from imgstudio.core.labelling.painting import labels_of, write_labels, write_values
from imgstudio.core.labels import UNSEEN, Bools, IndexMask, ObjectMask

Accept = Literal["all", "unlabelled"]


def fill_at(document: Document, x: int, y: int, value: int, label: str = "Fill labels") -> None:
    """Give the region of one label value that holds a pixel another value, within the rules."""
    mask = labels_of(document).mask(document.bounds)
    if mask[y, x] != value:
        rect, found = connected(as_bytes(mask == mask[y, x]), x, y)
        write_labels(document, rect, found > 0, value, label)


def fill_contour(document: Document, x: int, y: int, value: int, label: str = "Fill outline") -> bool:
    """Give a class what its outline encloses round a pixel; False where no outline is closed round it.

    The border of the picture closes none. What lies inside of other classes is filled too.
    """
    ground = labels_of(document).mask(document.bounds) != value
    if not ground[y, x]:
        return False
    rect, found = connected(as_bytes(ground), x, y)
    whole = document.bounds
    if rect.x == 0 or rect.y == 0 or rect.right == whole.right or rect.bottom == whole.bottom:
        return False
    write_labels(document, rect, found > 0, value, label)
    return True


def fill_gaps(document: Document, width: int, label: str = "Fill gaps", check: Check = at_ease) -> None:
    """Give unseen pixels in gaps of up to `width` pixels between regions the class, and object, that is nearest.

    A morphological closing of all that is labelled says what is a gap: nothing grows outwards.
    """
    labels, radius = labels_of(document), (width + 1) / 2
    rect = labels.store.filled_bounds().intersect(document.bounds)
    if rect.is_empty or width < 1:
        return
    mask = labels.mask(rect)
    seen = mask != UNSEEN
    # The picture's border is no edge: distances are measured to what is inside of it.
    gaps = ~near(~near(seen, radius, check), radius, check) & ~seen
    if gaps.any():
        _spread(document, rect, seen, gaps, ceil(radius), label, check)


def remove_islands(
    document: Document, least: int, label: str = "Remove islands", check: Check = at_ease
) -> None:
    """Let separate parts of fewer than `least` pixels become what lies next to them.

    Parts hang together by sides or corners; unseen places are no islands.
    """
    labels, whole = labels_of(document), document.bounds
    small = small_parts(labels.mask(whole), least, unless=UNSEEN, check=check)
    if small.any() and not small.all():
        _spread(document, whole, ~small, small, largest_extent(small), label, check)


def merge_objects(document: Document, numbers: Sequence[int], label: str = "Merge objects") -> None:
    """Make several objects one, of the class of the first and under its number."""
    if len(set(numbers)) < 2:
        return
    rect, under = _under(document, numbers)
    first = under == numbers[0]
    if not first.any():
        return
    joined = np.isin(under, np.array(numbers, np.uint16))
    values = np.full(under.shape, _main_value(labels_of(document).mask(rect)[first]), np.uint8)
    write_values(document, rect, values, joined, label, numbers=np.full_like(under, numbers[0]), rules=_FREE)


def split_object(document: Document, number: int, line: Sequence[Point], label: str = "Split object") -> bool:
    """Cut an object along a line of document points; its largest part keeps the number. False: it hangs together."""
    rect, under = _under(document, [number])
    mine = under == number
    if not mine.any() or len(line) < 2:
        return False
    cut = as_bytes(mine)
    points = np.array([[point.x - rect.x - 0.5, point.y - rect.y - 0.5] for point in line])
    cv2.polylines(cut, [np.rint(points).astype(np.int32)], isClosed=False, color=0, thickness=1)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(cut, connectivity=4)
    if count < 3:
        return False
    parts = np.asarray(parts)
    nearest = nearest_of(parts > 0)
    parts = np.where(mine, told_by(nearest, parts > 0, parts)[nearest], 0)
    order = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable") + 1
    free = labels_of(document).free_object()
    if free + count > np.iinfo(np.uint16).max:
        raise UserError("The picture has too many objects", "", "Merge or delete some first")
    renamed = np.zeros(count, np.uint16)
    renamed[order] = [number, *range(free, free + count - 2)]
    values = labels_of(document).mask(rect)
    write_values(document, rect, values, mine, label, numbers=renamed[parts], rules=_FREE)
    return True


def reclass_objects(
    document: Document, numbers: Sequence[int], value: int, label: str = "Change class of object"
) -> None:
    """Give whole objects another class; they stay objects."""
    rect, under = _under(document, numbers)
    mine = np.isin(under, np.array(numbers, np.uint16))
    values = np.full(under.shape, value, np.uint8)
    write_values(document, rect, values, mine, label, numbers=under, rules=_FREE)


def delete_objects(document: Document, numbers: Sequence[int], label: str = "Delete object") -> None:
    """Make what objects cover unseen."""
    rect, under = _under(document, numbers)
    gone = np.isin(under, np.array(numbers, np.uint16))
    values = np.full(under.shape, UNSEEN, np.uint8)
    write_values(document, rect, values, gone, label, numbers=np.zeros_like(under), rules=_FREE)


def number_objects(document: Document, value: int, label: str = "Number objects") -> int:
    """Make each part of a class that hangs together by sides or corners an object; how many there are."""
    labels, whole = labels_of(document), document.bounds
    mine = labels.mask(whole) == value
    count, parts = cv2.connectedComponents(as_bytes(mine), connectivity=8)
    first = int(labels.object_mask(whole)[~mine].max(initial=0)) + 1
    if first + count - 1 > np.iinfo(np.uint16).max:
        raise UserError(
            "The picture has too many objects", f"The class has {count - 1} parts", "Remove islands first"
        )
    numbers = (np.asarray(parts) + (first - 1)).astype(np.uint16)
    values = np.full(mine.shape, value, np.uint8)
    write_values(document, whole, values, mine, label, numbers=numbers, rules=_FREE)
    return int(count) - 1


def copy_labels(
    document: Document,
    mask: IndexMask,
    objects: ObjectMask | None = None,
    *,
    only_unlabelled: bool = False,
    label: str = "Copy labels",
) -> None:
    """Take the labels of another picture of the same size, (h, w), but for what is unseen there.

    Locked classes stay. Raises UserError for another size.
    """
    whole = document.bounds
    if mask.shape != (whole.height, whole.width):
        raise UserError(
            "The labels belong to a picture of another size",
            f"They are {mask.shape[1]} x {mask.shape[0]}, this picture {whole.width} x {whole.height}",
            "Copy them between pictures of the same size",
        )
    wanted = mask != UNSEEN
    if only_unlabelled:
        wanted &= labels_of(document).mask(whole) == UNSEEN
    write_values(document, whole, mask, wanted, label, numbers=objects, rules=_locking(document))


def accept_prediction(
    document: Document,
    accept: Accept = "all",
    *,
    rect: Rect | None = None,
    covered: Bools | None = None,
    surest: int = 255,
    label: str = "Accept prediction",
) -> None:
    """Make what the model says labels, within the rules: all of it, or only where nobody looked.

    `rect`, with (height, width) `covered` inside of it: only there. `surest`: only where it is at most so
    unsure, 0..255. Raises UserError while there is no prediction.
    """
    labels = labels_of(document)
    if labels.prediction is None:
        raise UserError(
            "There is no prediction yet", "", "Label a little of two classes first, or train a model"
        )
    inside = (document.bounds if rect is None else rect).intersect(document.bounds)
    values = labels.prediction.read(inside)[..., 0]
    wanted = values != UNSEEN
    if covered is not None and rect is not None:
        wanted &= covered[inside.translated(-rect.x, -rect.y).slices()]
    if accept == "unlabelled":
        wanted &= labels.mask(inside) == UNSEEN
    if surest < 255 and labels.unsure is not None:
        wanted &= labels.unsure.read(inside)[..., 0] <= surest
    write_values(document, inside, values, wanted, label)


def interpolated(first: IndexMask, last: IndexMask, share: float) -> IndexMask:
    """(h, w) labels between two pictures of a sequence; see `Between`."""
    return Between(first, last).at(share)


_FREE: Final = PaintRules()


def _locking(document: Document) -> PaintRules:
    """Of the rules of a document only that locked classes stay."""
    return PaintRules(locked=labels_of(document).rules.locked)


def _spread(
    document: Document, rect: Rect, places: Bools, wanted: Bools, reach: int, label: str, check: Check
) -> None:
    """Give the wanted pixels of a box the class and object of the nearest of `places`, so many pixels away at most."""
    labels = labels_of(document)
    numbers = labels.object_mask(rect)
    values = spread([labels.mask(rect)], places, wanted, reach, check)[0]
    taken = spread([numbers], places, wanted, reach, check)[0] if numbers.any() else None
    write_values(document, rect, values, wanted, label, numbers=taken, rules=_locking(document))


def _under(document: Document, numbers: Sequence[int]) -> tuple[Rect, ObjectMask]:
    """Box of some objects, and the object numbers in it."""
    labels = labels_of(document)
    box = labels.object_bounds(numbers).intersect(document.bounds)
    return box, labels.object_mask(box)


def _main_value(values: npt.NDArray[np.uint8]) -> int:
    return int(np.bincount(values.ravel()).argmax())
