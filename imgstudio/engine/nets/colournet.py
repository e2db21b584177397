"""Guesses the colours of a grey picture, and takes hints: strokes of colour, and another picture's colours."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.lite0 import STAGES, Lite0
from imgstudio.engine.nets.salientnet import resting_trunk, take_trunk
from imgstudio.engine.nets.small_unet import Block, Normalise, Rise, WholeView

TRUNK: Final = STAGES[:6]
KEPT: Final = (0, 1, 2, 4)
"""Stages that end at 1/2, 1/4, 1/8, 1/16."""
BOTTOM: Final = 128
DEEP, EIGHTH, QUARTER, HALF = 128, 96, 64, 32
"""Planes of the decoder at 1/16, 1/8, 1/4 and 1/2 of the size."""
HEADS, KEY = 4, 16
"""Ways in which places are compared with hints, and numbers that describe a place in each."""
UNIT: Final = 100.0
"""Of a and b (CIE Lab) in what goes in and comes out."""
STEP: Final = 16.0
"""Between the colours whose chances are told (units of Lab)."""
_MOST_HINTED: Final = 256
"""Places with hints that are compared with; more of them are thinned out evenly."""
_STEEP: Final = 8.0


class Seen(NamedTuple):
    """What is known of a picture before any hint."""

    quarter: Tensor
    half: Tensor
    """What the trunk sees at 1/4 and 1/2."""
    eighth: Tensor
    """What the decoder makes of it at 1/8."""
    keys: Tensor
    """(n, HEADS, places, KEY) unit vectors that describe each place at 1/8."""
    shape: tuple[int, int]
    """Of the picture."""


class Hinted(NamedTuple):
    """What a person painted, for pictures of (h, w)."""

    marks: Tensor
    """(n, 3, h, w): a and b / `UNIT` where there is a hint, else 0, and 1 where there is one."""
    field: Tensor
    """(n, 3, h / 2, w / 2): a and b / `UNIT` spread along the lightness, fading with the distance, and how near hints
    are, 0..1, likewise: see engine/colorize/field.py."""


class Told(NamedTuple):
    """What the network says; (n, planes, h, w) float32."""

    ab: Tensor
    """2 planes at 1/2: a and b / `UNIT`, the mean of what it can be."""
    spread: Tensor
    """1 plane at 1/2: logarithm of how far off that is taken to be (the same units)."""
    chances: Tensor
    """At 1/4: scores of each colour of `ColourNet.centres` before softmax, rare ones as likely as common ones."""


class Lent(NamedTuple):
    """Places of another picture whose colours are known."""

    keys: Tensor
    """(n, HEADS, places, KEY)."""
    ab: Tensor
    """(n, places, 2) / `UNIT`."""
    there: Tensor
    """(n, places) bool: whether there is such a place."""


def colour_grid() -> Tensor:
    """(colours, 2): the a and b, `STEP` apart, that sRGB can show at some lightness."""
    levels = np.linspace(0, 1, 33, dtype=np.float32)
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(1, -1, 3)
    lab = cv2.cvtColor(cube, cv2.COLOR_RGB2Lab)[0]
    cells = np.unique(np.rint(lab[:, 1:] / STEP).astype(np.int64), axis=0)
    return torch.from_numpy(cells.astype(np.float32) * np.float32(STEP))


class Recall(nn.Module):
    """Every place takes the colours of the places with known colours that are like it, or of none."""

    def __init__(self, *, by_distance: bool) -> None:
        super().__init__()
        self.steep = nn.Parameter(torch.full((HEADS,), math.log(_STEEP)))
        self.none = nn.Parameter(torch.full((HEADS,), 0.5 * _STEEP))
        self.near = nn.Parameter(torch.linspace(-2, 4, HEADS)) if by_distance else None

    def forward(self, keys: Tensor, lent: Lent, apart: Tensor | None) -> Tensor:
        """(n, HEADS, places, KEY) asks; `apart` is (n, places, lent places), squared distances in picture sides.

        (n, 3 HEADS, places): a, b and how much of it is from lent places.
        """
        likeness = torch.einsum("nhqd,nhtd->nhqt", keys.float(), lent.keys.float())
        scores = likeness * self.steep.exp()[:, None, None]
        if self.near is not None and apart is not None:
            scores = scores - self.near.exp()[:, None, None] * apart[:, None]
        scores = scores.masked_fill(~lent.there[:, None, None], -1e4)
        none = self.none[None, :, None, None].expand(*scores.shape[:3], 1)
        shares = torch.cat((scores, none), -1).softmax(-1)[..., :-1]
        values = torch.cat((lent.ab, torch.ones_like(lent.ab[..., :1])), -1)
        found = torch.einsum("nhqt,ntc->nhcq", shares, values)
        return found.flatten(1, 2)


class ColourNet(nn.Module):
    """Lightness (n, 1, h, w) in 0..1 and hints to a and b; sides are multiples of 32, made for 256 x 256.

    What it sees in the grey picture (`look`) does not depend on hints: a further stroke costs only `colour`.
    Hints come in as planes (Zhang et al. 2017), already spread along the lightness (Levin et al. 2004), and by
    likeness: places that look alike share their colours, as do places of a reference picture.
    """

    multiple_of = 32
    is_global = True
    side = 256
    hears_hints = True
    centres: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.normalise = Normalise((127 / 255,) * 3, (128 / 255,) * 3)
        self.stem, self.stages = resting_trunk(TRUNK)
        self.narrow = nn.Sequential(
            nn.Conv2d(TRUNK[-1].planes, BOTTOM, 1, bias=False), nn.BatchNorm2d(BOTTOM), nn.ReLU(inplace=True)
        )
        self.bottom = nn.Sequential(
            Block(BOTTOM, BOTTOM), WholeView(BOTTOM), Block(BOTTOM, BOTTOM, dilation=2), WholeView(BOTTOM)
        )
        half, quarter, eighth, sixteenth = (TRUNK[stage].planes for stage in KEPT)
        self.deep = Rise(BOTTOM, sixteenth, DEEP)
        self.middle = Rise(DEEP, eighth, EIGHTH)
        self.describe = nn.Conv2d(EIGHTH, HEADS * KEY, 1)
        self.hinted, self.referred = Recall(by_distance=True), Recall(by_distance=False)
        known = 2 * 3 * HEADS + 3 + 3
        self.mix = nn.Sequential(
            Block(EIGHTH + known, EIGHTH),
            Block(EIGHTH, EIGHTH, dilation=2),
            WholeView(EIGHTH),
            Block(EIGHTH, EIGHTH, dilation=4),
            Block(EIGHTH, EIGHTH),
        )
        self.finer = Rise(EIGHTH, quarter + 6, QUARTER)
        self.finest = Rise(QUARTER, half + 6, HALF)
        self.register_buffer("centres", colour_grid())
        self.guess = nn.Conv2d(QUARTER, len(self.centres), 1)
        # Sixteen planes, of which four are read: odd numbers are slow in bfloat16.
        self.head = nn.Conv2d(HALF, 16, 3, padding=1)
        nn.init.normal_(self.head.weight, std=0.01)

    def forward(self, lightness: Tensor, hints: Hinted, lent: Lent | None = None) -> Told:
        return self.colour(self.look(lightness), hints, lent)

    def look(self, lightness: Tensor) -> Seen:
        features = self.stem(self.normalise(lightness.expand(-1, 3, -1, -1)))
        kept = []
        for index, stage in enumerate(self.stages):
            features = stage(features)
            if index in KEPT:
                kept.append(features)
        half, quarter, eighth, sixteenth = kept
        deep = self.deep(self.bottom(self.narrow(features)), sixteenth)
        middle = self.middle(deep, eighth)
        keys = self.describe(middle).flatten(2).unflatten(1, (HEADS, KEY)).transpose(2, 3)
        shape = (lightness.shape[2], lightness.shape[3])
        return Seen(quarter, half, middle, F.normalize(keys.float(), dim=-1), shape)

    def colour(self, seen: Seen, hints: Hinted, lent: Lent | None = None) -> Told:
        cells = (seen.eighth.shape[2], seen.eighth.shape[3])
        eighth = gathered(hints.marks, 8)
        own = places_of(seen.keys, eighth, _MOST_HINTED)
        recalled = self.hinted(seen.keys, own.lent, own.apart)
        referred = torch.zeros_like(recalled) if lent is None else self.referred(seen.keys, lent, None)
        known = [part.unflatten(2, cells) for part in (recalled, referred)]
        mixed = self.mix(_beside(seen.eighth, *known, eighth, F.avg_pool2d(hints.field, 4)))
        told = gathered(hints.marks, 4), F.avg_pool2d(hints.field, 2)
        quarter = self.finer(mixed, _beside(seen.quarter, *told))
        half = self.finest(quarter, _beside(seen.half, gathered(hints.marks, 2), hints.field))
        answers = self.head(half).float()
        own, share = answers[:, :2], answers[:, 3:4].sigmoid()
        # Where hints are near, what they were spread to may be better than any guess; its share is learned.
        field, near = hints.field[:, :2].float(), hints.field[:, 2:].float()
        return Told(own + share * (field - near * own), answers[:, 2:3], self.guess(quarter).float())

    def lend(self, seen: Seen, ab: Tensor) -> Lent:
        """Places of a picture with known colours, (n, 2, h, w) / `UNIT`, at 1/16."""
        rows, columns = seen.eighth.shape[2], seen.eighth.shape[3]
        keys = seen.keys.transpose(2, 3).flatten(1, 2).unflatten(2, (rows, columns))
        coarse = F.avg_pool2d(keys, 2).flatten(2).unflatten(1, (HEADS, KEY)).transpose(2, 3)
        colours = F.avg_pool2d(ab, 16).flatten(2).transpose(1, 2)
        there = torch.ones(colours.shape[:2], dtype=torch.bool, device=ab.device)
        return Lent(F.normalize(coarse, dim=-1), colours, there)

    def start_from(self, classifier: Lite0) -> None:
        """Take over the trunk of a classifier; its norms come to rest."""
        take_trunk(self.stem, self.stages, classifier)

    def groups(self) -> list[list[nn.Module]]:
        """Layer groups from the input to the output: trunk down to 1/8, the rest of it, what knows of colour."""
        stages = list(self.stages)
        colour = [self.narrow, self.bottom, self.deep, self.middle, self.describe, self.hinted, self.referred]
        colour += [self.mix, self.finer, self.finest, self.guess, self.head]
        return [[self.normalise, self.stem, *stages[:3]], stages[3:], colour]


def _beside(features: Tensor, *others: Tensor) -> Tensor:
    return torch.cat((features, *(other.to(features.dtype) for other in others)), 1)


class Places(NamedTuple):
    """Places of a picture that have hints."""

    lent: Lent
    apart: Tensor
    """(n, places, places with hints): squared distances in sides of the picture."""


def gathered(hints: Tensor, factor: int) -> Tensor:
    """Hints (n, 3, h, w) on cells of factor x factor: the mean colour of what is hinted there, and 1 if anything is."""
    sums = F.avg_pool2d(hints.float(), factor)
    share = sums[:, 2:]
    return torch.cat((sums[:, :2] / share.clamp_min(1e-6), (share > 0).float()), 1)


def places_of(keys: Tensor, cells: Tensor, most: int) -> Places:
    """Of descriptions (n, HEADS, places, KEY) those of the cells, (n, 3, rows, columns), that have hints."""
    count, _, rows, columns = cells.shape
    flat = cells.flatten(2)
    has = flat[:, 2] > 0
    length = max(1, min(most, int(has.sum(1).max())))
    # Hinted cells first, in an order that scatters them, so that too many are thinned out evenly.
    order = torch.arange(rows * columns, device=cells.device)
    scattered = (order * 7919 % (rows * columns + 1)).float() / (rows * columns + 1)
    chosen = (has.float() + scattered * 0.5).topk(length, dim=1).indices
    there = has.gather(1, chosen)
    picked = keys.gather(2, chosen[:, None, :, None].expand(-1, HEADS, -1, KEY))
    ab = flat[:, :2].gather(2, chosen[:, None].expand(-1, 2, -1)).transpose(1, 2)
    side = max(rows, columns)
    spots = torch.stack((order // columns, order % columns), -1).float() / side
    apart = (spots[None, :, None] - spots[chosen][:, None]).square().sum(-1)
    return Places(Lent(picked, ab, there), apart.expand(count, -1, -1))


ARCHITECTURE = Architecture("colournet", ColourNet)
