"""Selects what is pointed at in a picture, and remembers its answers, so that a person may go on and go back."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import nn

from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Array, Floats, from_float, to_float
from imgstudio.engine.device import pick_device
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.select.prompts import Click, Corners, Mark, Prompts, Question, Stroke, question_of
from imgstudio.engine.select.sight import Pyramid, Sight
from imgstudio.engine.select.steps import NOTHING, Patch, State, Step, trimmed

SELECT: Final = "select"
"""The bundled model."""
KEPT_BYTES: Final = 256 << 20
"""Of earlier answers."""


class _Asked(NamedTuple):
    previous: str
    """Digest of the mask that was given; "": none."""
    question: Question


class _Answer(NamedTuple):
    marks: tuple[Mark, ...]
    """In the order in which they came."""
    state: State


class Predictor:
    """Guards that every answer belongs to the picture that was set.

    A question that begins like an earlier one, with more marks at its end, goes on from that answer, as FocalClick
    does (Chen et al. 2022); asking the same again, as an undo does, gives the same answer at once.
    """

    def __init__(self, device: str = "auto", network: nn.Module | None = None) -> None:
        """`network`, in evaluation mode on the device, takes the place of the bundled one. Raises UserError."""
        self._device = pick_device(device)
        self._network = network
        self._picture: Pyramid | None = None
        self._answers: OrderedDict[_Asked, _Answer] = OrderedDict()

    def set_image(self, pixels: Array, progress: Progress | None = None) -> None:
        """Look at (h, w, 3) bytes, sRGB; the array is kept and must not change. Raises UserError, Cancelled."""
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or min(pixels.shape[:2]) < 1:
            raise UserError(
                f"Pixels of shape {pixels.shape} and type {pixels.dtype} cannot be used",
                "",
                "Give (height, width, 3) bytes.",
            )
        progress = progress or Progress()
        progress.update(0.0, "Looking")
        self._answers.clear()
        self._picture = Pyramid(pixels)
        progress.update(1.0)

    def predict(
        self,
        clicks: Sequence[Click] = (),
        box: Corners | None = None,
        strokes: Sequence[Stroke] | None = None,
        previous: Array | None = None,
        progress: Progress | None = None,
    ) -> Floats:
        """(h, w) coverage, 0..1, of the thing; all places in document pixels.

        `clicks` are (x, y, whether it belongs to the thing), `box` is (x0, y0, x1, y1), `strokes` are (points,
        radius, whether it belongs to the thing), `previous` is a mask to start from, (h, w): 0..1, bytes or booleans.
        Of marks that contradict each other the later wins: those that were added in a later question, in one question
        clicks after strokes. Raises UserError for places outside of the picture and where nothing was given,
        Cancelled, OutOfMemory.
        """
        found = self.predict_patch(clicks, box, strokes, previous, progress)
        assert self._picture is not None
        mask = np.zeros(self._picture.size[::-1], np.float32)
        mask[found.box.slices()] = to_float(found.coverage)
        return mask

    def predict_patch(
        self,
        clicks: Sequence[Click] = (),
        box: Corners | None = None,
        strokes: Sequence[Stroke] | None = None,
        previous: Array | None = None,
        progress: Progress | None = None,
    ) -> Patch:
        """As `predict`, but only the part that is not 0, in bytes: much quicker for a small thing in a large picture."""
        if self._picture is None:
            raise UserError("There is no picture to select in", "", "Call set_image first")
        start, digest = self._start(previous)
        asked = _Asked(digest, question_of(self._picture.size, clicks, box, strokes))
        if previous is None and asked.question == Question():
            raise UserError("Nothing was pointed at", "", "Click on the thing, paint over it, or draw a box")
        return self._answered(asked, start, progress or Progress())

    def _start(self, previous: Array | None) -> tuple[Patch, str]:
        """The mask that was given, as a patch, and its digest."""
        if previous is None:
            return NOTHING, ""
        assert self._picture is not None
        fits = previous.dtype in (np.bool_, np.uint8) or previous.dtype.kind == "f"
        if previous.shape != self._picture.size[::-1] or not fits:
            raise UserError(
                f"A mask of shape {previous.shape} and type {previous.dtype} does not fit",
                f"The picture is {self._picture.size.width} x {self._picture.size.height}",
                "Give a mask of the picture's size",
            )
        mask = np.ascontiguousarray(previous)
        if mask.dtype != np.uint8:
            mask = from_float(mask.astype(np.float32))
        return trimmed(mask, Rect(0, 0, *self._picture.size)), hashlib.blake2b(mask.data).hexdigest()

    def _answered(self, asked: _Asked, start: Patch, progress: Progress) -> Patch:
        """Go on from the answer to the longest question that this one begins with, one mark after the other."""
        before, known = self._earlier(asked)
        added = asked.question.after(before)
        if known is None:
            known = _Answer((), State(start))
            if asked.previous or not added:  # all at once: the mask says more than the order does
                known = self._first(asked, start)
                self._keep(asked, known)
                added = []
        for mark, question in progress.track(added, "Selecting"):
            marks = (*known.marks, mark)
            known = _Answer(marks, self._step(asked, marks, known.state, (mark,)))
            self._keep(_Asked(asked.previous, question), known)
        return known.state.patch

    def _first(self, asked: _Asked, start: Patch) -> _Answer:
        """The answer to all of a question at once."""
        marks = (*asked.question.strokes, *asked.question.clicks)
        if not marks and asked.question.box is None:
            return _Answer((), State(start))
        return _Answer(marks, self._step(asked, marks, State(start), marks))

    def _step(self, asked: _Asked, marks: tuple[Mark, ...], before: State, new: tuple[Mark, ...]) -> State:
        assert self._picture is not None
        sight = Sight(self._network or _bundled(str(self._device)), self._device)
        prompts = Prompts(marks, asked.question.box)
        return Step(self._picture, sight, prompts, new, before, is_gentle=asked.previous != "").answer()

    def _earlier(self, asked: _Asked) -> tuple[Question, _Answer | None]:
        fitting = [
            other
            for other in self._answers
            if other.previous == asked.previous and asked.question.begins_with(other.question)
        ]
        if not fitting:
            return Question(asked.question.box), None
        longest = max(fitting, key=lambda other: len(self._answers[other].marks))
        self._answers.move_to_end(longest)
        return longest.question, self._answers[longest]

    def _keep(self, asked: _Asked, answer: _Answer) -> None:
        self._answers[asked] = answer
        while (
            len(self._answers) > 1
            and sum(kept.state.patch.coverage.nbytes for kept in self._answers.values()) > KEPT_BYTES
        ):
            self._answers.popitem(last=False)


@cache
def _bundled(device: str) -> nn.Module:
    return ModelRegistry.of_user().load(SELECT, torch.device(device))
