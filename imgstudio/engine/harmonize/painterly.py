"""A pasted object painted like the painting it lies on (Luan et al. 2018, "Deep Painterly Harmonization").

From the paper's text: a first pass makes every layer like its own nearest neighbours in the painting, which is robust;
a second matches once, consistently, and carries the match to all finer layers. Pixels of the object's box only,
coarse to fine.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from typing import Final

import numpy as np
import torch
from torch import Tensor

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array, Floats
from imgstudio.engine.device import OutOfMemory, autocast, guard
from imgstudio.engine.features import Features
from imgstudio.engine.harmonize.dials import PainterlySettings, character_of
from imgstudio.engine.harmonize.finish import finished
from imgstudio.engine.harmonize.objective import Maps, Objective, Weights
from imgstudio.engine.harmonize.outline import fading
from imgstudio.engine.harmonize.palette import in_colours_of, to_lab
from imgstudio.engine.harmonize.scene import Scene, painting_at, scene_of, sizes_of
from imgstudio.engine.harmonize.targets import Wanted, consistent, counterparts, independent
from imgstudio.engine.style.optimise import LONGEST_WAIT, SHOW_SECONDS, OptimStep, heeding
from imgstudio.engine.style.targets import tensor_of
from imgstudio.engine.style.wishes import Wishes, resized

ANSWER: Final = 4
"""Steps towards a wish that comes when all is done."""
RIM: Final = 2.0
"""Pixels over which the object fades in, to begin with."""
STRIP: Final = 256
"""Rows that are put back at a time."""
COLOURED: Final = 0.9
"""How far the colours are moved to the painting's before painting begins."""


class Harmonizer:
    """One object under the brush. Guards: between two items of `steps` wishes may change and it may begin anew."""

    def __init__(
        self,
        features: Features,
        composite: Floats,
        background: Floats,
        mask: Floats,
        settings: PainterlySettings,
        device: torch.device,
        progress: Progress,
    ) -> None:
        self._features = heeding(features, progress)
        self._composite, self._settings = composite, settings
        self._device, self._progress = device, progress
        self.wishes = Wishes(composite.shape[:2])
        self._scene = scene_of(composite, background, mask)
        self._level = self._step = 0
        self._is_changed = self._is_moved = False
        if self._scene is not None:
            self._sizes = sizes_of(self._scene, settings.side)
            self._counts = [settings.steps] * len(self._sizes)
            self._start = self._now = self._scene.composite
            self._character = character_of(painting_at(self._scene, self._sizes[-1]))

    @property
    def total(self) -> int:
        return 0 if self._scene is None else sum(self._counts) + 1

    def steps(self) -> Iterator[OptimStep]:
        """Paint; an item every SHOW_SECONDS or so. The last is the result.

        Raises Cancelled. Without the memory for a size it ends at the size before and says so.
        """
        if self._scene is None:
            yield OptimStep(self._composite.copy(), 1, 1, math.nan, 0, "there is no object on the painting")
            return
        started = time.monotonic()
        self._begin(self._scene)
        while True:
            note = yield from self._painted(self._scene, started)
            self._is_changed = self._is_moved = False
            made, side = self._finish(self._scene), max(self._now.shape[:2])
            yield OptimStep(made, self.total, self.total, math.nan, side, note)
            if self._is_changed and not self._is_moved:
                self._level = len(self._sizes) - 1
                self._step = max(0, self.total - 1 - ANSWER)
            elif not self._is_moved:
                return

    def _begin(self, scene: Scene) -> None:
        """In the painting's colours, on the bare painting: no rim of where it was cut out is left."""
        painting, last = painting_at(scene, self._sizes[0]), self._sizes[-1]
        alike = self._counterparts(scene, painting)
        own, ground, tight, cover = (
            resized(part, last) for part in (scene.composite, scene.background, scene.tight, scene.cover)
        )
        amount, check = COLOURED * self._settings.colour, self._progress.token.check
        made = in_colours_of(own, painting, tight, amount, alike, check=check)
        share = fading(cover, RIM)[..., None]
        self._start = np.asarray(ground + share * (made - ground), np.float32)
        if not self._is_moved:
            self._now = self._start

    def _counterparts(self, scene: Scene, painting: Floats) -> Array:
        """(H, W) of `painting`, bool: where it shows what is like the object."""
        size = self._sizes[0]
        with guard(), torch.no_grad(), autocast(self._device):
            own, theirs = (
                [layer.float() for layer in self._features(self._tensor(picture)).values()]
                for picture in (resized(scene.composite, size), painting)
            )
            tight = self._tensor(resized(scene.tight, size))
            alike = counterparts(own, theirs, tight, self._progress.token.check)
        return np.asarray(resized(alike.float().cpu().numpy(), painting.shape[:2]) > 0.5)

    def _painted(self, scene: Scene, started: float) -> Generator[OptimStep, None, str]:
        """Through all sizes from the present one; returns what there is to say of it."""
        while self._level < len(self._sizes) and not self._is_late(started):
            try:
                yield from self._at_one_size(scene, started)
            except OutOfMemory:
                if self._level == 0:
                    raise
                side = max(self._sizes[self._level - 1])
                return f"painted at {side} px: the memory does not suffice for more"
        return ""

    def change(self) -> None:
        """Wishes have changed: go on from here towards them."""
        self._is_changed = True

    def restart_from(self, pixels: Floats, step: int) -> None:
        """Go on from a picture of the composition that was shown at this step."""
        if self._scene is None:
            return
        self._now, self._step, self._is_moved = pixels[self._scene.box], step, True
        passed = np.cumsum(self._counts)
        self._level = min(int(np.searchsorted(passed, step, side="right")), len(self._sizes) - 1)

    def _at_one_size(self, scene: Scene, started: float) -> Iterator[OptimStep]:
        ground = self._objective(scene)
        self._is_changed = self._is_moved = False
        end = sum(self._counts[: self._level + 1])
        shown, wait = time.monotonic(), SHOW_SECONDS
        while self._step < end:
            is_answer = self._is_changed
            if is_answer:
                self._is_changed = False
                ground.heed(self._maps(scene))
            loss = ground.step()
            self._step += 1
            is_late = self._is_late(started)
            if self._step == end or is_late or is_answer or time.monotonic() - shown >= wait:
                began = time.monotonic()
                self._now = ground.pixels()
                yield OptimStep(self._shown(scene), self._step, self.total, loss, max(self._now.shape[:2]))
                shown = time.monotonic()
                wait = min(max(SHOW_SECONDS, 3 * (shown - began)), LONGEST_WAIT)
            if is_late or self._is_moved:
                return
        self._level += 1

    def _is_late(self, started: float) -> bool:
        return 0 < self._settings.seconds <= time.monotonic() - started

    def _objective(self, scene: Scene) -> Objective:
        size = self._sizes[self._level]
        check = self._progress.token.check
        with guard(), torch.no_grad():
            start, now = (self._tensor(resized(p, size)) for p in (self._start, self._now))
            painting = painting_at(scene, size)
            picture = self._tensor(painting)
            lab = [self._tensor(to_lab(p) / np.float32(100)) for p in (resized(self._start, size), painting)]
            colours = (lab[0], lab[1])
            with autocast(self._device):
                theirs = list(self._features(picture).values())
                own = list(self._features(now).values())
            maps = self._maps(scene)
            wanted: Wanted
            if self._level == 0:
                wanted = independent(own, theirs, colours, maps.tight, check)
            else:
                wanted = consistent(own, theirs, picture, colours, maps.tight, check)
        with guard():
            return Objective(self._features, start, now, wanted, self._weights(), maps, check)

    def _weights(self) -> Weights:
        settings, character = self._settings, self._character
        style = settings.style * character.style
        return Weights(
            content=settings.content,
            style=style,
            histogram=style,
            smoothness=settings.smoothness * character.smoothness,
            tone=settings.content * character.tone,
        )

    def _maps(self, scene: Scene) -> Maps:
        size = self._sizes[self._level]

        def at(values: Floats) -> Tensor:
            return self._tensor(np.clip(resized(values, size), 0, None))

        wished = {
            name: at(values[scene.box])
            for name in ("style", "content", "pull", "colour")
            if (values := getattr(self.wishes, name)) is not None
        }
        return Maps(at(scene.tight), (at(scene.loose) > 0.5).float(), **wished)

    def _shown(self, scene: Scene) -> Floats:
        return self._put_back(scene, resized(self._now, scene.size))

    def _finish(self, scene: Scene) -> Floats:
        settings = self._settings
        made = finished(scene, self._now, settings.texture, self._progress.token.check, settings.seed)
        return self._put_back(scene, made)

    def _put_back(self, scene: Scene, made: Floats) -> Floats:
        """The composition with (h, w, 3) in place of the object; where the feather is 0 it stays to the bit."""
        picture = self._composite.copy()
        part, protected = picture[scene.box], self.wishes.protected
        for top in range(0, len(part), STRIP):
            self._progress.token.check()
            rows = slice(top, top + STRIP)
            share = scene.feather[rows]
            if protected is not None:
                share = share * (1 - protected[scene.box][rows])
            part[rows] += share[..., None] * (np.clip(made[rows], 0, 1) - part[rows])
        return picture

    def _tensor(self, values: Floats) -> Tensor:
        return tensor_of(np.ascontiguousarray(values), self._device)
