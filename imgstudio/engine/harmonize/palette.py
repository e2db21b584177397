"""An object in the colours of a painting: where painting begins, and what patches are matched by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from imgstudio.core.pixels import Array, Floats
from imgstudio.engine.style.wishes import resized

COLOURS: Final = 32
"""Of a painting's palette."""
SAMPLE: Final = 4096
"""Pixels of a painting that its palette is made of, about."""
ROUNDS: Final = 12
REACH: Final = 8.0
"""Distance in Lab within which colours of the palette are mixed."""
HUE: Final = 0.6
"""How much a difference of hue counts against one of light."""
LIGHT: Final = 0.4
"""How much less the light moves than the colours: what is dark stays dark."""
REST: Final = 16
"""How much more than others the favoured places of a painting count."""
LIT: Final = 0.3
"""How far the middle light of the object moves to that of the painting's counterparts."""
EXTREME: Final = 2.0
"""Per cent of a painting's pixels that may be darker, and lighter, than what an object's light is fitted into."""
SEEN: Final = 640
"""Longer side at which colours are moved, at most (pixels); the change is smooth and may be enlarged."""
BLUR: Final = 0.004
"""Of the longer side: what is finer moves with what is around it."""


def to_lab(pixels: Floats) -> Floats:
    """(h, w, 3) in 0..1 to CIE Lab, L in 0..100."""
    return np.asarray(cv2.cvtColor(np.clip(pixels, 0, 1), cv2.COLOR_RGB2LAB), np.float32)


def from_lab(lab: Floats) -> Floats:
    return np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1).astype(np.float32)


def in_colours_of(
    composite: Floats,
    painting: Floats,
    tight: Floats,
    amount: float,
    favoured: Array | None = None,
    *,
    check: Callable[[], None] = lambda: None,
) -> Floats:
    """Move each colour of the object towards those nearest to it on the painting's palette, by `amount` 0..1.

    `composite` (h, w, 3), `tight` (h, w) its mask, `painting` of any size; where `favoured` is true (bool, of the
    painting's size) its colours count more. `check` may raise.
    """
    own = to_lab(composite)
    theirs = to_lab(painting).reshape(-1, 3)
    chosen = theirs
    if favoured is not None and favoured.any():
        some = favoured.ravel()
        chosen = np.concatenate([theirs[some], theirs[~some][::REST]])
    if not (tight > 0.5).any():
        return composite
    fitting = own.copy()
    light = own[..., 0] + LIT * (np.median(chosen[:, 0]) - np.median(own[tight > 0.5, 0]))
    fitting[..., 0] += amount * (_fitted(light, light[tight > 0.5], theirs[:, 0]) - own[..., 0])
    change = amount * _change(fitting, *palette_of(chosen), check)
    change[..., 0] *= LIGHT
    moved = from_lab(np.asarray(fitting + resized(change, tight.shape), np.float32))
    share = tight[..., None]
    return (composite * (1 - share) + moved * share).astype(np.float32)


def _fitted(light: Floats, own: Floats, theirs: Floats) -> Floats:
    """Light moved evenly into the painting's range where the object's goes beyond it."""
    low, high = np.percentile(own, (EXTREME, 100 - EXTREME))
    dark, bright = np.percentile(theirs, (EXTREME, 100 - EXTREME))
    bottom, top = max(low, dark), min(high, bright)
    if top <= bottom:
        return np.clip(light, dark, bright)
    slope = (top - bottom) / max(high - low, 1e-3)
    return np.asarray(bottom + (light - low) * slope, np.float32)


def palette_of(colours: Floats) -> tuple[Floats, Floats]:
    """(COLOURS, 3) or fewer of (n, 3) in Lab, the middles of clusters, and what share each has; always the same."""
    some = np.ascontiguousarray(colours[:: max(1, len(colours) // SAMPLE)])
    order = some[np.argsort(some[:, 0], kind="stable")]
    middles = order[np.linspace(0, len(order) - 1, min(COLOURS, len(order))).astype(int)]
    counts = np.ones(len(middles), np.int64)
    for _ in range(ROUNDS):
        nearest = _squares(some, middles).argmin(1)
        counts = np.bincount(nearest, minlength=len(middles))
        sums = np.stack([np.bincount(nearest, some[:, k], len(middles)) for k in range(3)], 1)
        middles = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], middles)
    return np.asarray(middles, np.float32), np.asarray(counts / len(some), np.float32)


def _change(lab: Floats, palette: Floats, shares: Floats, check: Callable[[], None]) -> Floats:
    """From large patches of colour to the palette's, (h, w, 3) of a size at which they are seen."""
    height, width = lab.shape[:2]
    shrink = min(1.0, SEEN / max(height, width))
    small = resized(lab, (max(1, round(height * shrink)), max(1, round(width * shrink))))
    seen = np.asarray(cv2.GaussianBlur(small, (0, 0), max(1.0, BLUR * max(small.shape))), np.float32)
    return _snapped(seen, palette, shares, check) - seen


def _snapped(lab: Floats, palette: Floats, shares: Floats, check: Callable[[], None]) -> Floats:
    flat = lab.reshape(-1, 3)
    made = np.empty_like(flat)
    for start in range(0, len(flat), 1 << 16):
        check()
        some = flat[start : start + (1 << 16)]
        squares = _squares(some, palette)
        near = shares * np.exp((squares.min(1, keepdims=True) - squares) / (2 * REACH * REACH))
        made[start : start + (1 << 16)] = near @ palette / near.sum(1, keepdims=True)
    return made.reshape(lab.shape)


def _squares(some: Floats, middles: Array) -> Floats:
    weight = np.array([1.0, HUE, HUE], np.float32)
    one, two = some * weight, middles.astype(np.float32) * weight
    return (one * one).sum(1, keepdims=True) - 2 * one @ two.T + (two * two).sum(1)
