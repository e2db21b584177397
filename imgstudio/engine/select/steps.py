"""One mark taken in: looks at the part of the picture where the thing is, then closely at what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np

from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.pixels import Array, Floats
from imgstudio.engine.select.finishing import (
    Booleans,
    edged,
    joined,
    obeyed,
    pointed_at,
    seeds,
    settled,
    shrunk,
    within,
)
from imgstudio.engine.select.prompts import Mark, Prompts
from imgstudio.engine.select.sight import Pyramid, Sight, resampled

MARGIN: Final = 1.4
"""Side of a part that is looked at / side of what it must hold."""
SLIM: Final = 2.0
"""Parts are at most so many times as long as they are high, or the other way round, where the picture allows."""
LEAST: Final = 48
"""Shorter side of a part (pixels), where the picture has so many."""
CLOSER: Final = 0.7
"""What changed is looked at again when it takes less than this share of the part."""
GROWTHS: Final = 3
"""How often a part is made larger when the thing goes on beyond it."""
SLACK: Final = 0.02
"""How far beyond a box things may go, as a share of its longer side: hands draw boxes a little small."""
CHANGE: Final = 0.25
"""Of coverage; less is no change."""


class Patch(NamedTuple):
    """A mask that is 0 outside of a box."""

    box: Rect
    """Document pixels; empty: nothing is selected."""
    coverage: Array
    """(height, width) bytes of the box; do not write to it."""


NOTHING: Final = Patch(EMPTY, np.zeros((0, 0), np.uint8))


class State(NamedTuple):
    """A mask, and how sure the network was of it."""

    patch: Patch
    view: Rect = EMPTY
    """The part of the document that it looked at last; empty: it has not looked."""
    shares: Floats = np.zeros((1, 1), np.float32)
    """(side, side) of that part, 0..1, as it gave them: it goes on from these better than from a clear mask."""


class _Seen(NamedTuple):
    view: Rect
    """Document pixels."""
    found: Floats
    """(side, side), 0..1."""
    known: Floats
    """The mask before, as large."""
    region: Booleans | None
    """Where the mask may change; None: anywhere."""


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """From one answer to the next, as FocalClick does it (Chen et al. 2022)."""

    picture: Pyramid
    sight: Sight
    prompts: Prompts
    new: tuple[Mark, ...]
    """Those of the marks that were not there before."""
    state: State
    is_gentle: bool
    """Whether the mask before is somebody's work, of which only what is clearly meant changes."""

    def answer(self) -> State:
        """Raises OutOfMemory, NotFinite. The first answer is a guess, at which the network looks once more."""
        if not self.prompts.has_inside and self.before.box.is_empty:
            return self.state
        coarse = self._coarse()
        close = around(_changed(coarse).united(self._places), self._whole)
        if close.width * close.height >= CLOSER**2 * coarse.view.width * coarse.view.height:
            is_guess = self.before.box.is_empty and bool(self.new)
            return self._written(self._seen(coarse.view, coarse.found) if is_guess else coarse)
        return self._written(self._seen(close, _cropped(coarse.found, coarse.view, close)))

    @property
    def before(self) -> Patch:
        return self.state.patch

    @property
    def _whole(self) -> Rect:
        return Rect(0, 0, *self.picture.size)

    @property
    def _places(self) -> Rect:
        """Of the new marks."""
        found = EMPTY
        for mark in self.new:
            found = found.united(mark.bounds())
        return found

    def _coarse(self) -> _Seen:
        """All of the thing with its surroundings, or all of the picture as long as nothing is known."""
        is_first = self.before.box.is_empty and self.prompts.box is None
        view = self._whole if is_first else around(self.before.box.united(self.prompts.bounds), self._whole)
        seen = self._seen(_with(view, self._places, self._whole))
        for _ in range(GROWTHS):
            if not _is_cut(seen, self._whole):
                break
            seen = self._seen(around(seen.view, self._whole))
        return seen

    def _seen(self, view: Rect, coarse: Floats | None = None) -> _Seen:
        """What the network finds in `view`; `coarse` is what it found there from farther away."""
        known = self._known(view)
        found = self.sight.look(self.picture, view, self.prompts, known if coarse is None else coarse)
        found = self._pieces(found, known, view)
        region = None
        if self.is_gentle and (self.new or self.prompts.box is None):
            region = settled(found, known, seeds(self.new, view, found.shape[::-1]))
        return _Seen(view, found, known, region)

    def _known(self, view: Rect) -> Floats:
        """The mask before, as the network sees it in `view`."""
        known = shrunk(self.before.coverage, self.before.box, view, (self.sight.side, self.sight.side))
        if self.state.view.is_empty:
            return known
        shares = _cropped(self.state.shares, self.state.view, view)
        is_seen = _cropped(np.ones_like(self.state.shares), self.state.view, view)
        return np.asarray(known + is_seen * (shares - known), np.float32)

    def _pieces(self, found: Floats, known: Floats, view: Rect) -> Floats:
        """What hangs together with a mark or with the mask before; all in the box when only a box says where."""
        inside = [mark for mark in self.prompts.marks if mark.is_inside]
        box = self.prompts.box
        if box is not None:
            allowed = box.expanded(round(SLACK * max(box.width, box.height)))
            if all(mark.bounds().intersect(allowed) == mark.bounds() for mark in inside):
                found = within(found, known, view, allowed)
        if not inside:
            return found
        planted = seeds(inside, view, found.shape[::-1])
        return pointed_at(found, planted | (known > 0.5).astype(np.uint8))

    def _written(self, seen: _Seen) -> State:
        """The mask before, with what was found."""
        before, view = self.before, seen.view
        place = before.box.united(view).united(self.prompts.bounds).intersect(self._whole)
        mask = np.zeros((place.height, place.width), np.uint8)
        mask[before.box.translated(-place.x, -place.y).slices()] = before.coverage
        part = mask[view.translated(-place.x, -place.y).slices()]
        fresh = joined(part, edged(self.picture, view, seen.found), _open_sides(view, self._whole))
        if seen.region is None:
            part[:] = fresh
        else:
            size = view.width, view.height
            np.copyto(part, fresh, where=resampled(seen.region.astype(np.float32), size) > 0.5)
        obeyed(mask, place, self.prompts.marks, max(self.picture.size))
        shares = seen.found if seen.region is None else np.where(seen.region, seen.found, seen.known)
        return State(trimmed(mask, place), view, shares.astype(np.float32))


def around(thing: Rect, whole: Rect) -> Rect:
    """The part of the picture that shows a thing with some surroundings."""
    width, height = (max(LEAST, MARGIN * side) for side in (thing.width, thing.height))
    width, height = max(width, height / SLIM), max(height, width / SLIM)
    left, top = thing.x + (thing.width - width) / 2, thing.y + (thing.height - height) / 2
    grown = Rect(round(left), round(top), round(width), round(height))
    return grown.intersect(whole)


def _with(view: Rect, new: Rect, whole: Rect) -> Rect:
    """So large that what is new lies in it, with some surroundings."""
    return view if new.intersect(view) == new else around(view.united(new), whole).united(view)


def _is_cut(seen: _Seen, whole: Rect) -> bool:
    """Whether something new goes on beyond a side of the view that is no side of the picture."""
    view = seen.view
    new = (seen.found > 0.5) & (seen.known <= 0.5)
    sides = new[:, 0], new[0], new[:, -1], new[-1]
    ends = (view.x, whole.x), (view.y, whole.y), (view.right, whole.right), (view.bottom, whole.bottom)
    return any(bool(side.any()) and own != end for side, (own, end) in zip(sides, ends, strict=True))


def _open_sides(view: Rect, whole: Rect) -> tuple[bool, bool, bool, bool]:
    """Left, top, right, bottom: whether the picture goes on there."""
    return view.x > 0, view.y > 0, view.right < whole.right, view.bottom < whole.bottom


def _changed(seen: _Seen) -> Rect:
    """Where the map differs from the one before, in document pixels."""
    found, view = seen.found, seen.view
    differs = (np.abs(found - seen.known) > CHANGE).astype(np.uint8)
    if seen.region is not None:
        differs[~seen.region] = 0
    left, top, width, height = cv2.boundingRect(differs)
    if width == 0:
        return EMPTY
    across, down = view.width / found.shape[1], view.height / found.shape[0]
    x0, y0 = view.x + int(left * across), view.y + int(top * down)
    x1, y1 = view.x + int(np.ceil((left + width) * across)), view.y + int(np.ceil((top + height) * down))
    return Rect(x0, y0, x1 - x0, y1 - y0).intersect(view)


def _cropped(found: Floats, view: Rect, part: Rect) -> Floats:
    """A part of the map of `view`; what lies outside of it has none of the thing."""
    across, down = found.shape[1] / view.width, found.shape[0] / view.height
    turn = np.array(
        [
            [part.width / found.shape[1] * across, 0, (part.x - view.x) * across],
            [0, part.height / found.shape[0] * down, (part.y - view.y) * down],
        ]
    )
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(found, turn, found.shape[::-1], flags=how), np.float32)


def trimmed(mask: Array, place: Rect) -> Patch:
    """Without the margin that is 0."""
    left, top, width, height = cv2.boundingRect(mask)
    if width == 0:
        return NOTHING
    inner = Rect(left, top, width, height)
    return Patch(inner.translated(place.x, place.y), np.ascontiguousarray(mask[inner.slices()]))
