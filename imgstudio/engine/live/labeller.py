"""Learns classes from what a person paints, at once, and says what the rest of the picture is and how sure that is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from torch import nn

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.labels import UNSEEN, IndexMask
from imgstudio.core.pixels import Array, Floats, from_float
from imgstudio.engine.device import pick_device
from imgstudio.engine.live.classifier import Examples, balanced, fit, scores, softmax, strangeness
from imgstudio.engine.live.eye import Eye
from imgstudio.engine.live.lessons import Bank, Lesson, Weighed, lesson_of
from imgstudio.engine.live.tidying import agreed, hearsay, on_pixels
from imgstudio.engine.live.view import View, looked

VIEWS: Final = 4
"""Views that stay in sight."""
_UNTAUGHT: Final = 1.0
"""How far a class that only another model knows stays behind those that were taught (score)."""
_AGREED: Final = 0.8
"""Share of another picture's lesson that is told right from this one's alone, from which on it counts in full."""
_LEAST_TRUST: Final = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """What a view shows, as far as was taught."""

    mask: IndexMask
    """(h, w) class values; what was told is as it was told."""
    unsure: npt.NDArray[np.uint8]
    """(h, w): 0 sure, 255 not at all; high between classes and where nothing like it was taught."""


class Taught(NamedTuple):
    """What was learned from."""

    keys: tuple[Hashable, ...]
    pixels: dict[int, int]
    """How many were told, by value."""


class _Sight(NamedTuple):
    """A view, and what was told of it, (h, w)."""

    view: View
    labels: IndexMask


class LiveLabeller:
    """Guards that a guess is about the view that was looked at, and that memory does not grow with the pictures.

    Frozen features of a bundled network for each of some 10,000 patches of a view and a linear classifier on them, as
    ilastik does with filters and a forest (Berg et al. 2019). What other views taught helps, the more the more they
    look like this one. Always the same for the same history of calls. One thread at a time uses it.
    """

    def __init__(self, device: str = "auto", network: nn.Module | None = None) -> None:
        """`network`: as in `Eye`. It is loaded at the first look."""
        self._device, self._network = device, network
        self._eye: Eye | None = None
        self._views: OrderedDict[Hashable, _Sight] = OrderedDict()
        self._bank = Bank()

    def look(self, pixels: Array, key: Hashable, progress: Progress | None = None) -> None:
        """See (h, w, 3) bytes, sRGB; nothing is done where this key is in sight. Meant for 0.26 megapixels or less.

        Raises UserError, Cancelled, OutOfMemory.
        """
        if key in self._views:
            self._views.move_to_end(key)
            return
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or min(pixels.shape[:2]) < 1:
            raise UserError(
                f"Pixels of shape {pixels.shape} and type {pixels.dtype} cannot be learned from",
                "",
                "Give (height, width, 3) bytes.",
            )
        progress = progress or Progress()
        if self._eye is None:
            self._eye = Eye(pick_device(self._device), self._network)
        view = looked(self._eye, np.ascontiguousarray(pixels), progress)
        self._views[key] = _Sight(view, np.full(view.patch.shape, UNSEEN, np.uint8))
        while len(self._views) > VIEWS:
            self._views.popitem(last=False)
        progress.update(1.0)

    def has_seen(self, key: Hashable) -> bool:
        """Whether `look` would have nothing to do."""
        return key in self._views

    def teach(self, key: Hashable, labels: IndexMask) -> None:
        """Class values (h, w) of a view in sight, 255 where nothing is told; replaces what the key taught before.

        What other keys taught stays. Raises UserError.
        """
        view = self._sight(key).view
        if labels.shape != view.patch.shape or labels.dtype != np.uint8:
            raise UserError(
                f"Labels of shape {labels.shape} and type {labels.dtype} do not fit",
                f"The view is {view.patch.shape[1]} x {view.patch.shape[0]}",
                "Give one byte a pixel.",
            )
        self._views[key] = _Sight(view, labels.copy())
        lesson = lesson_of(view, labels)
        if lesson is None:
            self._bank.drop(key)
        else:
            self._bank.put(key, lesson)

    def learn(
        self, pixels: Array, labels: IndexMask, key: Hashable, progress: Progress | None = None
    ) -> None:
        """Look and teach at once, and keep what was learned but not the view. Raises as `look` and `teach`."""
        seen = OrderedDict(self._views)
        try:
            self.look(pixels, key, progress)
            self.teach(key, labels)
        finally:
            self._views = seen

    def guess(
        self, key: Hashable, progress: Progress | None = None, before: Guess | None = None
    ) -> Guess | None:
        """What a view in sight shows; None while fewer than two values are taught. Raises UserError, Cancelled.

        `before` is what another model says of the view, which was trained for longer: it counts where it is sure.
        """
        (view, labels), progress = self._sight(key), progress or Progress()
        own = self._bank.get(key)
        lessons = self._bank.near(view.style, key)
        taught = tuple(sorted(set().union(*(lesson.classes for lesson in _all(own, lessons)))))
        if len(taught) < 2:
            return None
        values = taught if before is None else tuple(sorted({*taught, *_said(before)}))
        base = _base(view, values, taught, before)
        progress.update(0.0, "Learning")
        examples = _examples(own, _trusted(own, lessons, progress), values, base)
        solution = fit(examples, progress)
        progress.update(0.4, "Guessing")
        features = view.features.astype(np.float32)
        strange = strangeness(features, examples.features)
        # What is unlike all that was taught is not told apart by it.
        first = softmax(scores(features, solution) * (1 - strange[:, None] ** 2) + base)
        progress.update(0.6)
        rows = np.zeros(0, np.int64) if own is None else own.rows
        told = np.searchsorted(values, own.values) if own is not None else rows
        shares = on_pixels(view, agreed(view, first, rows, told))
        progress.update(0.9)
        unsure = _unsure(view, first, strange, shares)
        mask = np.array(values, np.uint8)[shares.argmax(2)]
        is_told = labels != UNSEEN
        mask[is_told], unsure[is_told] = labels[is_told], 0
        return Guess(mask, from_float(unsure))

    def drop(self, key: Hashable) -> None:
        """Forget what a key taught, and its view."""
        self._bank.drop(key)
        self._views.pop(key, None)

    def forget(self) -> None:
        """As new: nothing is taught and nothing is in sight; the network stays."""
        self._bank.clear()
        self._views.clear()

    @property
    def taught(self) -> Taught:
        return Taught(tuple(self._bank), self._bank.pixels())

    @property
    def nbytes(self) -> int:
        """Memory that views and lessons take."""
        return self._bank.nbytes + sum(seen.view.nbytes + seen.labels.nbytes for seen in self._views.values())

    def _sight(self, key: Hashable) -> _Sight:
        if key not in self._views:
            raise UserError("This picture is not in sight", "", "Call look first.")
        self._views.move_to_end(key)
        return self._views[key]


def _said(guess: Guess) -> set[int]:
    return {int(value) for value in np.unique(guess.mask) if value != UNSEEN}


def _all(own: Lesson | None, others: list[Weighed]) -> list[Lesson]:
    return [*([own] if own is not None else []), *(other.lesson for other in others)]


def _base(view: View, values: tuple[int, ...], taught: tuple[int, ...], before: Guess | None) -> Floats:
    """(patches, values): scores before anything is learned."""
    base = np.zeros((len(view.sizes), len(values)), np.float32)
    base[:, [value not in taught for value in values]] = -_UNTAUGHT
    return base if before is None else base + hearsay(view, before.mask, before.unsure, values)


def _examples(own: Lesson | None, others: list[Weighed], values: tuple[int, ...], base: Floats) -> Examples:
    """This view's lesson counts as much as those of all others that agree; nothing is heard of those but the least."""
    parts: list[Examples] = []
    if own is not None:
        parts.append(_part([Weighed(own, 1.0)], values, base[own.rows]))
    if others:
        count = sum(len(one.lesson.values) for one in others)
        part = _part(others, values, np.repeat(base.min(0, keepdims=True), count, 0))
        parts.append(part._replace(weights=part.weights * np.float32(max(one.share for one in others))))
    features, classes, weights, bases = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    # Balanced together: a stroke of one class says what it looks like here, not that there is little else.
    return Examples(features, classes, balanced(classes, weights, len(values)), bases)


def _trusted(own: Lesson | None, others: list[Weighed], progress: Progress) -> list[Weighed]:
    """Others count as far as what is told here tells their classes apart, too: some pictures have it the other way."""
    if own is None or len(own.classes) < 2 or not others:
        return others
    values = tuple(sorted(own.classes))
    bare = np.zeros((int(own.rows.max()) + 1, len(values)), np.float32)
    solution = fit(_examples(own, [], values, bare), progress)
    chance, trusted = 1 / len(values), list[Weighed]()
    for lesson, share in others:
        guessed = np.array(values)[scores(lesson.features.astype(np.float32), solution).argmax(1)]
        right = [
            float((guessed == value)[lesson.values == value].mean()) for value in lesson.classes & own.classes
        ]
        trust = (float(np.mean(right)) - chance) / (_AGREED - chance) if len(right) > 1 else 1.0
        trusted.append(Weighed(lesson, share * min(1.0, max(_LEAST_TRUST, trust))))
    return trusted


def _part(lessons: list[Weighed], values: tuple[int, ...], base: Floats) -> Examples:
    features = np.concatenate([one.lesson.features for one in lessons]).astype(np.float32)
    classes = np.searchsorted(values, np.concatenate([one.lesson.values for one in lessons]))
    weights = np.concatenate([one.lesson.weights * np.float32(one.share) for one in lessons])
    return Examples(features, classes, np.asarray(weights / weights.sum(), np.float32), base)


def _unsure(view: View, first: Floats, strange: Floats, shares: Floats) -> Floats:
    """(h, w) 0..1 from what the classifier said of each patch, how strange it is, and what pixels made of it."""
    best = np.sort(first, 1)
    doubt = np.maximum(1 - (best[:, -1] - best[:, -2]), strange)
    ranked = np.sort(shares, 2)
    close = 1 - (ranked[..., -1] - ranked[..., -2])
    return np.asarray(((doubt[view.patch] + close) / 2).clip(0, 1), np.float32)
