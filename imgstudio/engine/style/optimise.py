"""Pixels optimised until a photo has the style of paintings (Gatys et al. 2016), from coarse to fine (Gatys 2017)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import torch
from torch import Tensor

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats
from imgstudio.engine.device import OutOfMemory, guard
from imgstudio.engine.features import Features
from imgstudio.engine.style.ground import Ground
from imgstudio.engine.style.settings import StylePicture, StyleSettings
from imgstudio.engine.style.windows import ALIGN, TILE
from imgstudio.engine.style.wishes import Wishes, resized

SMALLEST: Final = 96
"""Longer side at which a painting begins (pixels)."""
GROWTH: Final = math.sqrt(2)
"""From one size to the next."""
COARSE: Final = 1 / 3
MOST_COARSE: Final = 24
"""Each coarser size has this share of the last one's steps, at most so many: what more of them bring is lost at the
next size, where other features count."""
LEAST_TILE: Final = 160
"""Below this, running out of memory ends a painting at the size before."""
NOISE: Final = 0.12
"""Deviation of what a painting begins with that begins with noise."""
SHOW_SECONDS: Final = 0.4
SLOW: Final = 400
"""From this side on (pixels), wishes are answered at half of it first."""
ANSWER: Final = 2
"""Steps that such an answer takes."""
LONGEST_WAIT: Final = 2.0
"""Seconds between two pictures: SHOW_SECONDS, or so that showing large ones takes a quarter of the time, within this."""


@dataclass(frozen=True, eq=False, slots=True)
class OptimStep:
    """Where a painting stands."""

    pixels: Floats
    """(h, w, 3) in 0..1, at the size of the photo."""
    step: int
    total: int
    loss: float
    side: int
    """Longer side that is painted at now."""
    note: str = ""
    """A sentence for the user."""


class Painter:
    """One painting under way. Guards: between two items of `steps` wishes may change and it may begin anew."""

    def __init__(
        self,
        features: Features,
        photo: Floats,
        styles: Sequence[StylePicture],
        settings: StyleSettings,
        device: torch.device,
        progress: Progress,
        *,
        begin_with: Floats | None = None,
    ) -> None:
        """`photo` is (h, w, 3) in 0..1; `features` are on `device`.

        `begin_with` is of the photo's size; it is gone on from at the last size at once, as coarser ones would lose
        its strokes.
        """
        self._features = heeding(features, progress)
        self._photo, self._styles, self._settings = photo, tuple(styles), settings
        self._device, self._progress = device, progress
        self.wishes = Wishes(photo.shape[:2])
        sizes = sizes_of(photo.shape[:2], settings.side)
        self._sizes = sizes if begin_with is None else sizes[-1:]
        self._counts = counts_of(settings.steps, len(self._sizes))
        self.total = sum(self._counts)
        self._level, self._step, self._tile = 0, 0, TILE
        self._now: Floats = self._begun(begin_with)
        """At any size; brought to that of a level when it begins."""
        self._is_changed = self._is_moved = False
        self._finished: list[Ground] = []
        """Of the two sizes before."""

    def steps(self) -> Iterator[OptimStep]:
        """Descend; an item every SHOW_SECONDS or so, and at the end of each size. The last is the result.

        Raises Cancelled. Without the memory for a size it tries smaller tiles, then ends at the size before.
        """
        started = time.monotonic()
        while self._level < len(self._sizes):
            try:
                yield from self._at_one_size(started)
            except OutOfMemory:
                if self._tile > LEAST_TILE:
                    self._tile //= 2
                    continue
                if self._level == 0:
                    raise
                side = max(self._sizes[self._level - 1])
                note = f"painted at {side} px: the memory does not suffice for more"
                yield OptimStep(self.picture(), self.total, self.total, math.nan, side, note)
                return
            if self._is_late(started):
                return

    def _at_one_size(self, started: float) -> Iterator[OptimStep]:
        """To the end of a size, or until it is gone back to another picture."""
        ground = self._ground()
        self._is_changed = self._is_moved = False
        end = sum(self._counts[: self._level + 1])
        shown, wait = time.monotonic(), SHOW_SECONDS
        while self._step < end:
            is_answer = self._is_changed
            loss = self._answer(ground) if is_answer else ground.step()
            self._step += 1
            is_late = self._is_late(started)
            if self._step == end or is_late or is_answer or time.monotonic() - shown >= wait:
                began = time.monotonic()
                self._now = ground.pixels()
                step = self.total if is_late else self._step
                yield OptimStep(self.picture(), step, self.total, loss, ground.side)
                shown = time.monotonic()
                wait = min(max(SHOW_SECONDS, 3 * (shown - began)), LONGEST_WAIT)
            if is_late or self._is_moved:
                return
        ground.rest()
        self._finished = [*(one for one in self._finished if one.side < ground.side), ground][-2:]
        self._level += 1

    def _answer(self, ground: Ground) -> float:
        """A step towards wishes that have changed; the loss before it.

        Where a step takes long it is a few of a coarser size, whose change is carried over.
        """
        self._is_changed = False
        ground.heed(self.wishes)
        coarser = [one for one in self._finished if one.side < ground.side]
        if len(coarser) < 2 or ground.side < SLOW:
            return ground.step()
        sketch = coarser[-2]
        sketch.put(ground.pixels())
        sketch.heed(self.wishes)
        before = sketch.pixels()
        losses = [sketch.step() for _ in range(ANSWER)]
        ground.add(sketch.pixels() - before)
        sketch.rest()
        return losses[0]

    def _is_late(self, started: float) -> bool:
        return 0 < self._settings.seconds <= time.monotonic() - started

    def change(self) -> None:
        """Wishes have changed: go on from here towards them."""
        self._is_changed = True

    def restart_from(self, pixels: Floats, step: int) -> None:
        """Go on from a picture of the photo's size that was shown at this step."""
        self._now, self._step, self._is_moved = pixels, step, True
        passed = np.cumsum(self._counts)
        self._level = min(int(np.searchsorted(passed, step, side="right")), len(self._sizes) - 1)

    def picture(self) -> Floats:
        """(h, w, 3) in 0..1 at the size of the photo, protected places given back."""
        full = resized(self._now, self._photo.shape[:2])
        if full is self._now:
            full = full.copy()
        if self.wishes.protected is not None:
            share = self.wishes.protected[..., None]
            full *= 1 - share
            full += self._photo * share
        return np.clip(full, 0, 1, out=full)  # in place: a picture of 24 megapixels takes 288 MB

    def _begun(self, begin_with: Floats | None) -> Floats:
        if begin_with is not None:
            return begin_with
        small = resized(self._photo, self._sizes[0])
        if not self._settings.from_noise:
            return small
        random = np.random.default_rng(self._settings.seed)
        noise = cv2.GaussianBlur(random.standard_normal(small.shape).astype(np.float32), (0, 0), 1.0)
        mean = small.mean((0, 1), keepdims=True)
        return np.clip(mean + NOISE / max(float(noise.std()), 1e-6) * noise, 0, 1).astype(np.float32)

    def _ground(self) -> Ground:
        size = self._sizes[self._level]
        with guard():
            return Ground(
                self._features,
                resized(self._photo, size),
                resized(self._now, size),
                self._styles,
                self._settings,
                self.wishes,
                self._device,
                self._progress,
                tile=self._tile,
            )


def sizes_of(size: tuple[int, int], side: int) -> list[tuple[int, int]]:
    """Heights and widths from SMALLEST up to `side`, or to the picture's own if that is smaller."""
    longest = max(size)
    last = min(side, longest)
    count = max(0, math.floor(math.log(max(last / SMALLEST, 1), GROWTH) + 1e-6))
    sides = [last / GROWTH**k for k in range(count, -1, -1)]
    return [(_side(size[0] * s / longest), _side(size[1] * s / longest)) for s in sides]


def _side(wanted: float) -> int:
    # Narrower ones would be pooled to nothing.
    return max(ALIGN, round(wanted))


def counts_of(steps: int, sizes: int) -> list[int]:
    """Steps at each size."""
    return [min(MOST_COARSE, max(1, round(steps * COARSE)))] * (sizes - 1) + [steps]


def heeding(features: Features, progress: Progress) -> Features:
    """The same features, whose computing forwards and backwards can be cancelled between layers."""

    def heed(gradient: Tensor) -> None:
        progress.token.check()

    def seen(image: Tensor) -> Mapping[str, Tensor]:
        progress.token.check()
        found = features(image)
        for values in found.values():
            if values.requires_grad:
                values.register_hook(heed)
        return found

    return seen
