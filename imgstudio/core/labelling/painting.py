"""Writes label values and object numbers, within the rules; a stroke is one undo step over both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.blend import composite
from imgstudio.core.commands import Compound, ReplaceTiles
from imgstudio.core.document import Document
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.history import Command
from imgstudio.core.labelled import Labelling, PaintRules
from imgstudio.core.labels import BACKGROUND, UNSEEN, Bools, IndexMask, ObjectMask
from imgstudio.core.pixels import Array, Floats, to_depth
from imgstudio.core.selecting import Mode
from imgstudio.core.selection import Coverage
from imgstudio.core.tiles import TILE, Index, TileSnapshot, TileStore, changed_boxes, tiles_under

HALF = 0.5
"""Share of a pixel from which on it belongs to what was painted."""


class LabelEdit:
    """Writes under way to labels and objects. Guards: nothing is in the history until `commit`."""

    def __init__(self, document: Document, label: str) -> None:
        self._document, self.label = document, label
        self.labels = labels_of(document)
        self.before = self.labels.store.snapshot()
        """The label values as they were when the edit began."""
        self.objects_before = self.labels.objects.snapshot()

    def touch(self, rect: Rect) -> None:
        """Say that `rect` was just written, so that it is shown."""
        self._document.store_changed(self.labels.store, rect)

    def commit(self) -> None:
        """Make what was written one undo step (none, if nothing changed)."""
        commands: list[Command] = []
        for store, before in self._pairs():
            _drop_same_tiles(store, before)
            after = store.snapshot()
            if not after.shares_all_with(before):
                commands.append(ReplaceTiles(self.label, store, before, after, self._document.store_changed))
        if commands:
            self._document.history.push(commands[0] if len(commands) == 1 else Compound(self.label, commands))

    def abandon(self) -> None:
        """Take everything back."""
        for store, before in self._pairs():
            changed = changed_boxes(store.snapshot(), before)
            store.restore(before)
            for box in changed:
                self._document.store_changed(store, box)

    def _pairs(self) -> tuple[tuple[TileStore, TileSnapshot], ...]:
        return (self.labels.store, self.before), (self.labels.objects, self.objects_before)


@contextmanager
def editing_labels(document: Document, label: str) -> Iterator[LabelEdit]:
    """Record the block as one undo step; an exception takes it all back."""
    edit = LabelEdit(document, label)
    try:
        yield edit
    except BaseException:
        edit.abandon()
        raise
    edit.commit()


class LabelPainter:
    """Puts one label value where it may go; stands in for `TilePainter` in a stroke.

    Guards: writes only inside `limit` and the selection, only where the rules allow it, and no half values.
    """

    def __init__(
        self,
        document: Document,
        edit: LabelEdit,
        value: int,
        *,
        number: int | None = None,
        rules: PaintRules | None = None,
    ) -> None:
        """`number` is the object that is painted; None: what is painted over is no object any more.

        `rules`: others than those of the document.
        """
        self.limit = document.bounds
        self._document, self._edit, self._value = document, edit, value
        self._number = 0 if number is None or value == UNSEEN else number
        self._rules = edit.labels.rules if rules is None else rules
        self._allowed: dict[Index, Bools | None] = {}

    def paint(self, index: Index, inner: tuple[slice, slice], coverage: Floats) -> bool:
        """Write where one box of a tile is covered by half or more (0..1); False when nothing is to be done."""
        return self.put(index, inner, coverage >= HALF)

    def put(
        self,
        index: Index,
        inner: tuple[slice, slice],
        wanted: Bools,
        values: IndexMask | None = None,
        numbers: ObjectMask | None = None,
    ) -> bool:
        """The same for pixels of the box; `values` and `numbers`: one for each, in the place of the painter's."""
        allowed = self._allowance(index)
        if allowed is not None:
            wanted = wanted & allowed[inner]
        if not wanted.any():
            return False
        self._renumber(index, inner, wanted, values, numbers)
        out = self._edit.labels.store.editable_tile(index)[inner][..., 0]
        np.copyto(out, self._value if values is None else values, where=wanted)
        return True

    def _renumber(
        self,
        index: Index,
        inner: tuple[slice, slice],
        wanted: Bools,
        values: IndexMask | None,
        numbers: ObjectMask | None,
    ) -> None:
        """Give the pixels their object; with none, only what changes its class leaves its object."""
        objects = self._edit.labels.objects
        is_told = numbers is not None and (numbers.any() or objects.tile(index) is not None)
        if self._number or is_told:
            given = np.uint16(self._number) if numbers is None else numbers
            np.copyto(objects.editable_tile(index)[inner][..., 0], given, where=wanted)
            return
        if objects.tile(index) is None:
            return
        before = self._edit.before.tiles.get(index)
        kept: Bools | bool = False
        if before is not None:
            kept = before[inner][..., 0] == (self._value if values is None else values)
        np.copyto(objects.editable_tile(index)[inner][..., 0], np.uint16(0), where=wanted & ~np.asarray(kept))

    def _allowance(self, index: Index) -> Bools | None:
        """Pixels of one tile that may be painted; None where all may."""
        if index not in self._allowed:
            allowed = allowed_in(
                self._document, self._edit.before, index, self._rules, erases=self._value == UNSEEN
            )
            self._allowed[index] = None if allowed is None or allowed.all() else allowed
        return self._allowed[index]


def allowed_in(
    document: Document, before: TileSnapshot, index: Index, rules: PaintRules, *, erases: bool
) -> Bools | None:
    """(TILE, TILE) pixels of a tile that rules and selection leave free; None: all."""
    rect = Rect(index[0] * TILE, index[1] * TILE, TILE, TILE)
    tile = before.tiles.get(index)
    parts: list[Bools] = []
    if rules.locked and tile is not None:
        free = np.ones(256, np.bool_)
        free[list(rules.locked)] = False
        parts.append(free[tile[..., 0]])
    # What is erased was labelled, so "only unlabelled" says nothing about it.
    wanted = UNSEEN if rules.where == "unlabelled" else rules.inside
    if rules.where == "inside" or (rules.where == "unlabelled" and not erases):
        plane = np.full((TILE, TILE), UNSEEN, np.uint8) if tile is None else tile[..., 0]
        parts.append(plane == wanted)
    if rules.lightness != (0, 255):
        parts.append(_is_as_light(document, rect, rules.lightness))
    selected = document.selection.effective(rect)
    if selected is not None:
        parts.append(selected >= 128)
    return np.logical_and.reduce(parts) if parts else None


def labels_of(document: Document) -> Labelling:
    """The labels of a document that has some."""
    assert document.labels is not None, "the picture is not labelled"
    return document.labels


def write_labels(document: Document, rect: Rect, covered: Bools, value: int, label: str) -> None:
    """Give (height, width) pixels lying at `rect` a class, within the rules; 255: nobody looked. One undo step.

    Where the rules say so it is a new object, or a part of the one that lies under most of it.
    """
    with editing_labels(document, label) as edit:
        number = number_for(edit.labels, rect, covered, value)
        painter = LabelPainter(document, edit, value, number=number)
        edit.touch(put_all(painter, rect, covered))


def write_values(
    document: Document,
    rect: Rect,
    values: IndexMask,
    wanted: Bools,
    label: str,
    *,
    numbers: ObjectMask | None = None,
    rules: PaintRules | None = None,
) -> None:
    """The same with (height, width) values, a class for each pixel, where `wanted`.

    `numbers`: their objects; None: what changes its class is no object any more. `rules`: others than
    those of the document.
    """
    with editing_labels(document, label) as edit:
        painter = LabelPainter(document, edit, BACKGROUND, rules=rules)
        edit.touch(put_all(painter, rect, wanted, values, numbers))


def join_labels(document: Document, coverage: Coverage, rect: Rect, mode: Mode, label: str) -> None:
    """Join (height, width) coverage lying at `rect` with the class that is painted; half-covered counts.

    New and add paint it, subtract makes it unseen, intersect leaves nothing of the class elsewhere.
    """
    covered = coverage >= 128
    value = labels_of(document).rules.value
    if mode in ("new", "add"):
        write_labels(document, rect, covered, value, label)
    elif mode == "subtract":
        write_labels(document, rect, covered, UNSEEN, label)
    else:
        _keep_inside(document, rect, covered, value, label)


def number_for(labels: Labelling, rect: Rect, covered: Bools, value: int) -> int | None:
    """The object that painting a shape makes or goes on with, by the rules; None where it makes none."""
    if labels.rules.objects == "off" or value in (BACKGROUND, UNSEEN) or not covered.any():
        return None
    if labels.rules.objects == "add":
        under = labels.object_mask(rect)[covered & (labels.mask(rect) == value)]
        counts = np.bincount(under[under > 0].ravel(), minlength=1)
        if counts.any():
            return int(counts.argmax())
    return labels.free_object()


def put_all(
    painter: LabelPainter,
    rect: Rect,
    wanted: Bools,
    values: IndexMask | None = None,
    numbers: ObjectMask | None = None,
) -> Rect:
    """Paint (height, width) pixels lying at `rect`; return the box that changed."""
    inside = rect.intersect(painter.limit)
    changed = EMPTY
    for index, inner, _ in tiles_under(inside):
        rows, columns = inner
        box = Rect(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
        box = box.translated(index[0] * TILE, index[1] * TILE)
        part = box.translated(-rect.x, -rect.y).slices()
        given = None if values is None else values[part]
        if painter.put(index, inner, wanted[part], given, None if numbers is None else numbers[part]):
            changed = changed.united(box)
    return changed


def _keep_inside(document: Document, rect: Rect, covered: Bools, value: int, label: str) -> None:
    whole = document.bounds
    with editing_labels(document, label) as edit:
        outside = edit.labels.mask(whole) == value
        inside = rect.intersect(whole)
        outside[inside.slices()] &= ~covered[inside.translated(-rect.x, -rect.y).slices()]
        edit.touch(put_all(LabelPainter(document, edit, UNSEEN), whole, outside))


def _is_as_light(document: Document, rect: Rect, lightness: tuple[int, int]) -> Bools:
    """(height, width) pixels of the picture whose luma lies in a range of 0..255."""
    least, most = lightness
    rgb = np.ascontiguousarray(
        to_depth(composite(document.layers.root, rect, document.dtype), np.uint8)[..., :3]
    )
    luma: npt.NDArray[np.uint8] = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    return (luma >= least) & (luma <= most)


def _drop_same_tiles(store: TileStore, before: TileSnapshot) -> None:
    """Put back the very tiles of before where nothing differs, and forget those that hold nothing."""
    tiles: dict[Index, Array] = {}
    for index, tile in store.snapshot().tiles.items():
        old = before.tiles.get(index)
        if old is tile or (old is not None and np.array_equal(old, tile)):
            tiles[index] = old
        elif (tile != store.fill).any():
            tiles[index] = tile
    store.restore(TileSnapshot(store.channels, store.dtype, store.fill, tiles))
