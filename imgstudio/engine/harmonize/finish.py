"""The last touch: quiet colours, the painting's own surface, and back to full size (Luan et al. 2018, section 3.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from imgstudio.core.pixels import Floats
from imgstudio.engine.edges import fitted
from imgstudio.engine.harmonize.outline import STANDARD, blended, grey
from imgstudio.engine.harmonize.palette import from_lab, to_lab
from imgstudio.engine.harmonize.patchwork import Patchwork, patchwork_of, taken, voted
from imgstudio.engine.harmonize.scene import Scene, painting_at, window_at
from imgstudio.engine.harmonize.sharpness import band, crisp
from imgstudio.engine.style.wishes import resized

CHROMA_RADIUS: Final = 2
CHROMA_SOFT: Final = 0.1**2
"""Of the guided filter that quiets colours."""
DETAIL: Final = 1.0
"""Sigma (pixels): what is finer than this is taken from the result, not from the votes."""
VOTING: Final = 640
"""Longer side at which patches are voted, at most."""
BANDS: Final = (1.0, 2.0, 4.0)
"""Sigmas between which grain is compared."""
LEAST_GAIN, MOST_GAIN = 0.5, 1.5
AREA: Final = 6.0
"""Sigma of the surroundings whose grain is compared."""
FAINT: Final = 0.02
"""Detail of the photo below this is not an edge, and not painted."""
STRIP: Final = 256
"""Rows of a large picture that are worked on at a time."""


def finished(scene: Scene, painted: Floats, texture: float, check: Callable[[], None], seed: int) -> Floats:
    """The scene's pixels (h, w, 3) at its own size from what was `painted`, of any size.

    `texture` 0..1 or more is how much of the painting's surface is put on. `check` may raise.
    """
    size = scene.size
    shrink = min(1.0, VOTING / max(size))
    small = (round(size[0] * shrink), round(size[1] * shrink))
    check()
    seen = resized(scene.composite, small)
    made = quiet(enlarged(painted, seen, small, check), seen)
    scale = max(small) / max(size) * max(scene.painting.shape[:2]) / STANDARD
    ground, cover = resized(scene.background, small), resized(scene.cover, small)
    made = blended(made, ground, cover, scale)
    if texture <= 0:
        return enlarged(made, scene.composite, size, check)
    painting = painting_at(scene, small)
    wanted = resized(scene.loose, small) > 0
    work = patchwork_of(made, painting, wanted, check, seed=seed)
    check()
    detail = made - cv2.GaussianBlur(made, (7, 7), DETAIL)
    surfaced = grained(voted(work, painting, wanted, check) + detail, taken(work, painting))
    made = np.clip(made + np.float32(texture) * wanted[..., None] * (surfaced - made), 0, 1)
    made = crisp(made, seen, ground, cover, scale)
    if small == size:
        return made
    made = enlarged(made, scene.composite, size, check)
    with_grain(made, work, window_at(scene, small), painting.shape[:2], texture, check)
    return made


def grained(made: Floats, model: Floats) -> Floats:
    """`made` with as much grain as `model` has at the same places, band by band, lacking grain taken from it."""
    result = made.copy()
    for fine, coarse in zip((0.0, *BANDS), BANDS, strict=False):
        own, theirs = (band(picture, fine, coarse) for picture in (made, model))
        have, wanted = (_energy(part) for part in (own, theirs))
        gain = np.clip(np.sqrt(wanted / have), LEAST_GAIN, MOST_GAIN)
        lack = np.sqrt(np.clip(wanted - have * gain * gain, 0, None) / wanted)
        result += own * (gain - 1) + theirs * lack
    return result


def with_grain(
    made: Floats,
    work: Patchwork,
    painting: Floats,
    small: tuple[int, int],
    amount: float,
    check: Callable[[], None],
) -> None:
    """Add, in place, what is finer than `work` could see: of the painting at its own size, from the same places.

    `small` is the size of the painting that `work` looked at.
    """
    height, width = made.shape[:2]
    fine = painting - resized(resized(painting, small), painting.shape[:2])
    down, across = (full / part for full, part in zip(made.shape[:2], work.rows.shape, strict=True))
    columns = np.arange(width)
    cells = np.minimum((columns / across).astype(int), work.rows.shape[1] - 1)
    for top in range(0, height, STRIP):
        check()
        rows = np.arange(top, min(height, top + STRIP))
        lines = np.minimum((rows / down).astype(int), work.rows.shape[0] - 1)
        grid = np.ix_(lines, cells)
        y = work.rows[grid] * down + (rows - lines * down)[:, None]
        x = work.columns[grid] * across + (columns - cells * across)[None]
        y = np.clip(y.astype(int), 0, painting.shape[0] - 1)
        x = np.clip(x.astype(int), 0, painting.shape[1] - 1)
        made[rows] = np.clip(made[rows] + np.float32(amount) * fine[y, x], 0, 1)


def quiet(made: Floats, guide: Floats) -> Floats:
    """Colours smoothed but for the edges of `guide`, light left alone."""
    lab, light = to_lab(made), grey(guide)
    slope, level = fitted(lab[..., 1:], light, CHROMA_RADIUS, CHROMA_SOFT)
    lab[..., 1:] = slope * light[..., None] + level
    return from_lab(lab)


def enlarged(
    picture: Floats, guide: Floats, size: tuple[int, int], check: Callable[[], None] = lambda: None
) -> Floats:
    """`picture` at another size; edges that enlarging loses come from `guide`, as strong as they are there."""
    if picture.shape[:2] == size:
        return picture
    plain = resized(picture, size)
    if size[0] <= picture.shape[0]:
        return np.clip(plain, 0, 1)
    large = grey(resized(guide, size))
    small = resized(large, picture.shape[:2])
    lost = large - resized(small, size)
    lost *= lost * lost / (lost * lost + FAINT * FAINT)
    for channel in range(3):
        check()
        slope = fitted(picture[..., channel : channel + 1], small, 2, 1e-3).slope[..., 0]
        plain[..., channel] += np.clip(resized(slope, size), 0, 1.5) * lost
    return np.clip(plain, 0, 1)


def _energy(part: Floats) -> Floats:
    return cv2.GaussianBlur((part * part).mean(2, keepdims=True), (0, 0), AREA)[..., None] + 1e-7
