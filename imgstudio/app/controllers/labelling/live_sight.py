"""What live learning does on worker threads: it looks, learns from what is labelled, and guesses the rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np

from imgstudio.app.controllers.labelling.live_parts import (
    Part,
    at_cells,
    part_of,
    pasted,
    reduced,
    seen,
    spread,
    told,
    told_in,
)
from imgstudio.core import imagefile
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.jobs import Progress, holding
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import UNSEEN, IndexMask
from imgstudio.core.pixels import Array, from_float, over_grey
from imgstudio.core.snapshot import DocumentSnapshot
from imgstudio.core.tiles import TileStore


class Learns(Protocol):
    """What is used of `imgstudio.engine.live.labeller.LiveLabeller`."""

    @property
    def taught(self) -> Any: ...

    def look(self, pixels: Array, key: Hashable, progress: Progress | None = None) -> None: ...

    def has_seen(self, key: Hashable) -> bool: ...

    def teach(self, key: Hashable, labels: IndexMask) -> None: ...

    def learn(
        self, pixels: Array, labels: IndexMask, key: Hashable, progress: Progress | None = None
    ) -> None: ...

    def guess(self, key: Hashable, progress: Progress | None = None, before: Any = None) -> Any: ...

    def drop(self, key: Hashable) -> None: ...

    def forget(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned from so far."""

    pictures: int = 0
    pixels: tuple[tuple[int, int], ...] = ()
    """(class value, how many pixels were told), as they were seen."""


class Said(NamedTuple):
    """What another model says of a whole picture; the stores are never written."""

    prediction: TileStore
    unsure: TileStore | None


class Question(NamedTuple):
    """What is to be guessed."""

    part: Part
    labels: TileStore
    before: Said | None
    prediction: TileStore | None
    unsure: TileStore | None
    """What is shown so far: own copies, into which the answer is laid."""
    stale: frozenset[Part]
    """Other parts whose labels changed since they were learned from."""


class Answer(NamedTuple):
    """What was learned and guessed."""

    part: Part
    prediction: TileStore | None
    """None: nothing could be guessed."""
    unsure: TileStore | None
    doubt: float
    """Mean uncertainty of the part, 0..1."""
    learned: Learned
    seconds: float
    is_all_told: bool
    """Whether nothing was left to guess."""


class LiveSight:
    """Guards: one thread at a time uses the labeller, and what was forgotten stays so."""

    def __init__(self, device: Callable[[], str], make: Callable[[str], Learns] | None = None) -> None:
        self._device, self._make = device, make or _bundled
        self._lock = threading.Lock()
        self._labeller: Learns | None = None
        self._is_stale = False
        self.parts: frozenset[Part] = frozenset()
        """What was learned from, as of the last answer."""

    def forget(self) -> None:
        """Begin anew at the next work; may be called while something runs."""
        self._is_stale, self.parts = True, frozenset()

    def look(self, part: Part, snapshot: DocumentSnapshot, progress: Progress) -> None:
        """See a part, if it is not in sight yet."""
        with holding(self._lock, progress.token):
            labeller = self._ready()
            if not labeller.has_seen(part):
                pixels = seen(snapshot, part, progress.part(0.0, 0.4))
                labeller.look(pixels, part, progress.part(0.4, 1.0))

    def answer(self, question: Question, snapshot: DocumentSnapshot, progress: Progress) -> Answer:
        started, part = time.monotonic(), question.part
        self.look(part, snapshot, progress.part(0.0, 0.4))
        with holding(self._lock, progress.token):
            labeller = self._ready()
            for other in question.stale:
                labeller.drop(other)
            labels = told(question.labels, part)
            labeller.teach(part, labels)
            is_all_told = bool((labels != UNSEEN).all())
            before = None if question.before is None else _said_of(question.before, part)
            guess = None if is_all_told else labeller.guess(part, progress.part(0.4, 0.9), before)
            learned = self._learned(labeller)
        if guess is None:
            return Answer(part, None, None, 1.0, learned, time.monotonic() - started, is_all_told)
        progress = progress.part(0.9, 1.0)
        size = (part.box.width, part.box.height)
        unsure = cv2.resize(guess.unsure, size, interpolation=cv2.INTER_LINEAR)
        return Answer(
            part,
            pasted(question.prediction, spread(guess.mask, part, progress), part.box, UNSEEN),
            pasted(question.unsure, np.asarray(unsure, np.uint8), part.box, 0),
            float(guess.unsure.mean()) / 255,
            learned,
            time.monotonic() - started,
            is_all_told,
        )

    def study(self, part: Part, pixels: Array, labels: IndexMask, progress: Progress) -> Learned:
        """Learn from another picture."""
        with holding(self._lock, progress.token):
            labeller = self._ready()
            labeller.learn(pixels, labels, part, progress)
            return self._learned(labeller)

    def _ready(self) -> Learns:
        if self._labeller is None:
            self._labeller = self._make(self._device())
        if self._is_stale:
            self._is_stale = False
            self._labeller.forget()
        return self._labeller

    def _learned(self, labeller: Learns) -> Learned:
        taught = labeller.taught
        if not self._is_stale:
            self.parts = frozenset(taught.keys)
        return Learned(len({part.name for part in taught.keys}), tuple(taught.pixels.items()))


@dataclass(frozen=True, slots=True, eq=False)
class LookJob:
    """Sees a part before anything is asked of it."""

    sight: LiveSight
    part: Part
    snapshot: DocumentSnapshot
    title: str = "Looking at the picture"
    quiet: bool = True

    def run(self, progress: Progress) -> None:
        self.sight.look(self.part, self.snapshot, progress)


@dataclass(frozen=True, slots=True, eq=False)
class GuessJob:
    """Learns from the labels of a part and guesses the rest of it."""

    sight: LiveSight
    question: Question
    snapshot: DocumentSnapshot
    title: str = "Learning while you label"
    quiet: bool = True

    def run(self, progress: Progress) -> Answer:
        return self.sight.answer(self.question, self.snapshot, progress)


@dataclass(frozen=True, slots=True, eq=False)
class StudyJob:
    """Learns from a picture that was labelled before; None where it cannot be used."""

    sight: LiveSight
    project: ProjectFolder
    name: str
    title: str = "Learning from labelled pictures"
    quiet: bool = True

    def run(self, progress: Progress) -> Learned | None:
        progress.update(0.0)
        try:
            labels = self.project.labels(self.name)
            pixels = imagefile.read(self.project.picture(self.name)).pixels
        except UserError:  # a broken picture: it is told when somebody opens it
            return None
        if labels is None or labels.shape != pixels.shape[:2]:
            return None
        bounds = Rect(0, 0, labels.shape[1], labels.shape[0])
        part = part_of(self.name, 0, bounds, EMPTY)
        progress.update(0.3)
        rgb = reduced(from_float(over_grey(pixels)), part)
        return self.sight.study(part, rgb, told_in(labels, part), progress.part(0.3, 1.0))


def _said_of(said: Said, part: Part) -> Any:
    from imgstudio.engine.live.labeller import Guess

    mask = np.asarray(at_cells(said.prediction, part), np.uint8)
    unsure = np.zeros_like(mask) if said.unsure is None else np.asarray(at_cells(said.unsure, part), np.uint8)
    return Guess(mask, unsure)


def _bundled(device: str) -> Learns:
    from imgstudio.engine.live.labeller import LiveLabeller

    return LiveLabeller(device)
