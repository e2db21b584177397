"""Gives a picture colours: what the network proposes, what a person painted, spread along the picture's edges."""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from imgstudio.core.colour_hints import Hints
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect, Size
from imgstudio.core.jobs import Progress
from imgstudio.core.lab import lab_of, lightness_of, recoloured
from imgstudio.core.pixels import Floats, resized
from imgstudio.engine.colorize.borders import borders
from imgstudio.engine.colorize.enlarging import Enlarged
from imgstudio.engine.colorize.exposure import seen_lightness
from imgstudio.engine.colorize.eye import Eye, Look, Opinion, bundled
from imgstudio.engine.colorize.propagation import Propagation
from imgstudio.engine.colorize.strokes import Drawn, drawn
from imgstudio.engine.device import core_count, pick_device

if TYPE_CHECKING:
    from imgstudio.engine.nets.colournet import ColourNet, Lent

WORKING: Final = 320
"""Longer side at which colours are spread (pixels)."""
REMEMBERED: Final = 3
"""Pictures."""
TRUST: Final = 0.006
"""Of what the network says where it is sure, beside the ties of a pixel to its neighbours."""
SURE: Final = 12.0
"""Error of the network from which on it is trusted less (Lab)."""
UNSURE: Final = 14.0
"""Error of the network from which on its colours are made livelier (Lab): sure ones stay, and those near hints."""
LIVELY: Final = 1.4
"""Share of the likely colour beside the mean one, for `vivid` 1; all of it at most."""
BOOST: Final = 1.4
"""By how much more than 1 unsure colours are made stronger at `vivid` 1: means of what may be are pale."""
EVEN: Final = 0.05
"""Ties that every pixel is taken to have more, so that trust is never nothing."""
FAR: Final = 80.0
"""Pixels at the working size that a stroke on colours that are there reaches in an even place."""

BAND: Final = 128
"""Rows of a part that are worked on at a time."""
MOST_AT_ONCE: Final = 8
"""Bands that are worked on side by side: more than memory can feed bring nothing."""

Start = Literal["grey", "colours"]


@dataclass(frozen=True, slots=True, eq=False)
class ColorSettings:
    """What is wanted, beside hints."""

    vivid: float = 0.5
    """0..1: from safe and pale to lively; of colours that are there, 0.5 leaves them as strong as they are."""
    start: Start = "grey"
    """Whether the colours that are there count: those of a faded photo do, those of a sepia one do not."""
    reference: Floats | None = None
    """Another picture, (h, w, 3) in 0..1, whose colours are taken for what looks alike."""
    reference_strength: float = 0.7
    """0..1."""
    automatic: bool = True
    """Whether the network proposes; else hints alone spread."""


class Suggestion(NamedTuple):
    """A colour that a place may have."""

    red: float
    """0..255, as green and blue."""
    green: float
    blue: float
    share: float
    """Chance, 0..1."""


@dataclass(slots=True, eq=False)
class _Picture:
    """What is known of a picture; the rest is found when it is asked for."""

    lightness: Floats
    """(h, w), 0..100, at the working size."""
    ab: Floats
    """(h, w, 2): the colours that are there."""
    whole: Size
    ties: Propagation | None = None
    inside: Rect | None = None
    """The picture itself at the working size, without a border; found with `look`."""
    look: Look | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Colours:
    """The colours of a picture, for any part of it at full size. Lightness is that of the part."""

    change: Enlarged
    """Of the colours, or from those that are there."""
    hints: Hints
    adds: bool
    """Whether `change` is added to the colours that are there."""
    gain: float
    """Of those."""

    def applied(self, pixels: Floats, place: Rect) -> Floats:
        """The part `place` of the picture, (h, w, 3) in 0..1, in its new colours: the same on any number of cores."""
        made = np.empty((place.height, place.width, 3), np.float32)

        def work(band: Rect) -> None:
            part = band.translated(-place.x, -place.y).slices()
            made[part] = self._band(pixels[part], band)

        bands = list(place.pieces(max(1, place.width), BAND))
        with ThreadPoolExecutor(min(core_count(), MOST_AT_ONCE)) as workers:
            list(workers.map(work, bands))
        return made

    def _band(self, pixels: Floats, place: Rect) -> Floats:
        if self.adds:
            lab = lab_of(pixels)
            lightness, there = np.ascontiguousarray(lab[..., 0]), lab[..., 1:]
        else:
            lightness, there = lightness_of(pixels), None
        ab = self.change.part(lightness, place, self.hints, there, self.gain)
        return recoloured(lightness, ab)


class Colorist:
    """Guards that every answer belongs to the picture that was set. Not for two threads at once."""

    def __init__(self, device: str = "auto", network: ColourNet | None = None) -> None:
        """`network`, in evaluation mode on the device, takes the place of the bundled one."""
        self._device = pick_device(device)
        self._given = network
        self._pictures: OrderedDict[str, _Picture] = OrderedDict()
        self._picture: _Picture | None = None
        self._references: OrderedDict[str, Lent] = OrderedDict()

    def set_image(self, pixels: Floats, whole: Size | None = None) -> None:
        """A view of the whole picture, (h, w, 3) in 0..1; `whole` is its full size (pixels), if that is larger.

        What was found out about the last few pictures is remembered.
        """
        whole = whole or Size(pixels.shape[1], pixels.shape[0])
        small = resized(pixels, *_reduced(pixels.shape, WORKING))
        key = hashlib.blake2b(np.ascontiguousarray(small).data, digest_size=16)
        key.update(repr((small.shape, whole)).encode())
        known = self._pictures.get(key.hexdigest())
        if known is None:
            lab = lab_of(small)
            known = _Picture(np.ascontiguousarray(lab[..., 0]), np.ascontiguousarray(lab[..., 1:]), whole)
            self._pictures[key.hexdigest()] = known
        self._pictures.move_to_end(key.hexdigest())
        while len(self._pictures) > REMEMBERED:
            self._pictures.popitem(last=False)
        self._picture = known

    def colours(
        self,
        hints: Hints = (),
        settings: ColorSettings = ColorSettings(),
        progress: Progress | None = None,
    ) -> Colours:
        """The colours of the picture. Raises UserError where the network is wanted and missing, Cancelled."""
        progress = progress or Progress()
        picture = self._now()
        adds = settings.start == "colours"
        gain = math.pow(4, settings.vivid - 0.5) if adds else 1.0
        marks = self._drawn(picture, hints, picture.ab if adds else None)
        if adds:
            found = self._changed(picture, marks, np.float32(gain) * picture.ab, progress)
        else:
            found = self._made(picture, marks, settings, progress)
        return Colours(Enlarged(found, picture.lightness, picture.whole), hints, adds, gain)

    def suggestions(self, x: float, y: float, count: int = 6, hints: Hints = ()) -> list[Suggestion]:
        """Likely colours of a place (document pixels), most likely first. Raises UserError where there is no network."""
        picture = self._now()
        marks, look = self._drawn(picture, hints, None), self._look(picture)
        assert picture.inside is not None
        box, scale = picture.inside, picture.lightness.shape[1] / picture.whole.width
        place = (x * scale - box.x) / box.width, (y * scale - box.y) / box.height
        known = marks.known[box.slices()].astype(np.float32)
        eye = self._eye()
        likely = eye.likely(look, eye.hear(look, known, marks.ab[box.slices()]), place)
        height, width = picture.lightness.shape
        row, column = (min(length - 1, max(0, int(at * scale))) for at, length in ((y, height), (x, width)))
        light = np.full((1, 1), picture.lightness[row, column], np.float32)
        found = []
        for share, colour in likely[:count]:
            red, green, blue = (float(level) * 255 for level in recoloured(light, colour[None, None])[0, 0])
            found.append(Suggestion(red, green, blue, share))
        return found

    def _made(self, picture: _Picture, marks: Drawn, settings: ColorSettings, progress: Progress) -> Floats:
        """(h, w, 2) colours of a picture that has none."""
        ties = self._ties(picture)
        if not settings.automatic:
            return ties.solve(marks.known, marks.ab, progress=progress)
        progress.update(0.0, "Looking")
        opinion = self._opinion(picture, marks, settings)
        guess = livened(opinion, settings.vivid)
        trust = TRUST * (ties.ties() + EVEN) / (1 + np.square(opinion.spread / SURE))
        return self._joined(picture, marks, guess, trust, progress.part(0.2, 1.0))

    def _joined(
        self, picture: _Picture, marks: Drawn, guess: Floats, trust: Floats, progress: Progress
    ) -> Floats:
        """(h, w, 2): what the network says, `guess`, as far as it is trusted, and hints."""
        ties = self._ties(picture)
        if self._eye().hears_hints:
            return ties.solve(marks.known, marks.ab, guess, trust, progress=progress)
        none = np.zeros_like(marks.known)
        said = ties.solve(none, marks.ab, guess, trust, progress=progress.part(0.0, 0.5))
        return said + self._changed(picture, marks, said, progress.part(0.5, 1.0))

    def _changed(self, picture: _Picture, marks: Drawn, there: Floats, progress: Progress) -> Floats:
        """(h, w, 2): how the colours that are there, (h, w, 2), change round hints."""
        wanted = np.where(marks.known[..., None], marks.ab - there, np.float32(0))
        stay = self._ties(picture).ties() / np.float32(FAR * FAR)
        return self._ties(picture).solve(marks.known, wanted, np.zeros_like(wanted), stay, progress=progress)

    def _opinion(self, picture: _Picture, marks: Drawn, settings: ColorSettings) -> Opinion:
        eye, look = self._eye(), self._look(picture)
        assert picture.inside is not None
        inside = picture.inside.slices()
        known, ab = marks.known[inside].astype(np.float32), marks.ab[inside]
        field, shape = eye.hear(look, known, ab), (known.shape[0], known.shape[1])
        found = eye.opinion(look, field, shape)
        if settings.reference is not None and settings.reference_strength > 0:
            led = eye.opinion(look, field, shape, self._lent(settings.reference))
            strength = np.float32(settings.reference_strength)
            found = Opinion(*(a + strength * (b - a) for a, b in zip(found, led, strict=True)))
        if known.shape == picture.lightness.shape:
            return found
        return Opinion(*(_framed(part, picture) for part in found))

    def _lent(self, reference: Floats) -> Lent:
        small = resized(reference, *_reduced(reference.shape, WORKING))
        key = hashlib.blake2b(np.ascontiguousarray(small).data, digest_size=16).hexdigest()
        if key not in self._references:
            lab = lab_of(small)
            eye = self._eye()
            look = eye.look(np.ascontiguousarray(lab[..., 0]))
            self._references[key] = eye.lend(look, np.ascontiguousarray(lab[..., 1:]))
            while len(self._references) > REMEMBERED:
                self._references.popitem(last=False)
        return self._references[key]

    def _drawn(self, picture: _Picture, hints: Hints, there: Floats | None) -> Drawn:
        grey = np.zeros_like(picture.ab) if there is None else there
        scale = picture.lightness.shape[1] / picture.whole.width
        return drawn(hints, Rect(0, 0, *picture.whole), scale, grey)

    def _look(self, picture: _Picture) -> Look:
        if picture.look is None:
            picture.inside = borders(picture.lightness)
            inner = np.ascontiguousarray(picture.lightness[picture.inside.slices()])
            picture.look = self._eye().look(seen_lightness(inner))
        return picture.look

    def _ties(self, picture: _Picture) -> Propagation:
        if picture.ties is None:
            picture.ties = Propagation(picture.lightness)
        return picture.ties

    def _eye(self) -> Eye:
        return Eye(self._given or bundled(str(self._device)), self._device)

    def _now(self) -> _Picture:
        if self._picture is None:
            raise UserError("There is no picture to colorize", "", "Call set_image first")
        return self._picture


def livened(opinion: Opinion, vivid: float) -> Floats:
    """(h, w, 2): colours between the mean of what may be and the likely one, `vivid` in 0..1."""
    unsure = 1 / (1 + (UNSURE / np.maximum(opinion.spread, np.float32(1e-3))) ** 4)
    unsure = (unsure * (1 - opinion.near))[..., None]
    share = np.float32(min(1.0, LIVELY * vivid)) * unsure
    made = (opinion.mean + share * (opinion.lively - opinion.mean)) * (1 + np.float32(BOOST * vivid) * unsure)
    return np.asarray(made, np.float32)


def _reduced(shape: tuple[int, ...], longest: int) -> tuple[int, int]:
    """(width, height) with a longer side of at most `longest`."""
    factor = min(1.0, longest / max(shape[:2]))
    return max(1, round(factor * shape[1])), max(1, round(factor * shape[0]))


def _framed(part: Floats, picture: _Picture) -> Floats:
    """What was said of the picture inside its border, with surely no colour on the border."""
    assert picture.inside is not None
    whole = np.zeros((*picture.lightness.shape, *part.shape[2:]), np.float32)
    whole[picture.inside.slices()] = part
    return whole
