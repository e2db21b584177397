"""A pasted object made part of a photo: colour, exposure, contrast, sharpness and noise of its surroundings, a shadow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import Floats, to_linear, to_srgb
from imgstudio.engine.harmonize.baseline import Measured, measured
from imgstudio.engine.harmonize.colour_change import ColourChange, change_of
from imgstudio.engine.harmonize.detail import as_noisy, as_sharp, blur_of, noise_of
from imgstudio.engine.harmonize.masks import distance_to, own_colours
from imgstudio.engine.harmonize.shadow import shadow_of

if TYPE_CHECKING:
    from torch import nn

MODEL: Final = "harmonize-photo"
"""Id of the bundled network."""
ROWS: Final = 256
"""Recoloured between two looks at whether somebody cancelled."""
RING: Final = 0.6
"""Width of the surroundings whose noise and sharpness count / square root of the object's area."""
SURE_GAIN: Final = 0.3
"""Gain over the statistics that the network expects, a logarithm of errors, from which on it is believed."""
BELIEVED: Final = 0.85
"""Share of its change that is taken then: where nothing was wrong it does less harm, and elsewhere as much good."""
DISAGREEMENT: Final = 1.5
"""Spread of what the network's members say / length of the change, from which on nothing of it is taken."""


@dataclass(frozen=True, slots=True)
class PhotoSettings:
    """How much of what sets an object apart from its surroundings is taken away; amounts are 0..1."""

    colour: float = 1.0
    """White, saturation and hue."""
    exposure: float = 1.0
    contrast: float = 1.0
    noise: float = 1.0
    sharpness: float = 1.0
    shadow: float = 0.0
    """Darkness of the shadow on the ground, 0 = none. It falls beyond the object's mask."""
    shadow_direction: float = 30.0
    """Degrees, -90..90: 0 towards the viewer, positive to the right."""
    shadow_length: float = 1.0
    """Of the shadow / height of the object."""
    seed: int = 0
    """Of the noise."""


def harmonized_photo(
    composite: Floats,
    background: Floats,
    mask: Floats,
    settings: PhotoSettings,
    progress: Progress | None = None,
    *,
    network: nn.Module | None = None,
) -> Floats:
    """Bring an object (mask (h, w)) pasted on a photo to what is round it; pictures (h, w, 3), all 0..1.

    `network` is the loaded `MODEL`; without one, or where it is unsure, statistics say how colours change. Where the
    mask is 0 nothing changes by a bit, but where a shadow falls. Raises Cancelled.
    """
    progress = progress or Progress()
    progress.update(0.0, "Colours")
    out = composite.copy()
    if float(mask.max()) > 0:
        window = _window(mask)
        seen, below, cover = composite[window], background[window], mask[window][..., None]
        own = own_colours(seen, below, mask[window])
        change = colour_change(composite, mask, network)
        made = own
        amounts = {
            "exposure": settings.exposure,
            "colour": settings.colour,
            "contrast": settings.contrast,
        }
        if change is not None and any(amounts.values()):
            made = _recoloured(own, change.scaled(**amounts), progress.part(0.1, 0.7))
        progress.update(0.7, "Noise and sharpness")
        made = _detailed(made, background, mask, window, settings, progress)
        progress.update(0.9, "Putting back")
        out[window] = np.where(cover > 0, np.clip(seen + cover * (made - own), 0, 1), seen)
    if settings.shadow > 0:
        out = _shaded(out, mask, settings)
    progress.update(1.0)
    return out


def colour_change(composite: Floats, mask: Floats, network: nn.Module | None = None) -> ColourChange | None:
    """How the object's colours should change; None where it, or what is round it, is too small to say."""
    found = measured(composite, mask)
    if found is None:
        return None
    base = found.change()
    if network is None:
        return base
    numbers = base.numbers() + _correction(network, found)
    return change_of(numbers, found.brightness) if np.isfinite(numbers).all() else base


def _correction(network: nn.Module, found: Measured) -> Floats:
    """What the network adds to the statistics, as far as it is sure."""
    import torch

    device = next(network.parameters()).device
    with torch.inference_mode():
        answer = network(torch.from_numpy(found.vector()).to(device)[None])
    each, errors = answer.each[:, 0].float().cpu().numpy(), answer.errors[0].float().cpu().numpy()
    return np.asarray(trust(float(errors[0] - errors[1]), each) * each.mean(0), np.float32)


def trust(gain: float, each: Floats) -> float:
    """How much of the network's change is taken, 0..1.

    By the gain it expects, a logarithm of errors, and by how well its members, (members, numbers), agree.
    """
    expected = BELIEVED * np.clip(gain / SURE_GAIN, 0, 1)
    length = float(np.linalg.norm(each.mean(0)))
    apart = float(np.sqrt(((each - each.mean(0)) ** 2).sum(1).mean())) / max(length, 1e-3)
    return float(expected * np.clip(2 * (1 - apart / DISAGREEMENT), 0, 1))


def _recoloured(own: Floats, change: ColourChange, progress: Progress) -> Floats:
    made = np.empty_like(own)
    for top in progress.track(range(0, len(own), ROWS), "Colours"):
        made[top : top + ROWS] = change.applied(own[top : top + ROWS])
    return made


def _detailed(
    made: Floats,
    background: Floats,
    mask: Floats,
    window: tuple[slice, slice],
    settings: PhotoSettings,
    progress: Progress,
) -> Floats:
    if settings.noise <= 0 and settings.sharpness <= 0:
        return made
    ring = max(8, round(RING * float(np.sqrt(mask.sum()))))
    larger = tuple(
        slice(max(0, part.start - ring), min(length, part.stop + ring))
        for part, length in zip(window, mask.shape, strict=True)
    )
    round_it, inside = background[larger], mask[window]
    # What the object covers is background too, and as good to be measured.
    near = (distance_to(mask[larger]) <= ring).astype(np.float32)
    inside = np.asarray(cv2.erode(inside, np.ones((5, 5), np.uint8), borderValue=0.0), np.float32)
    if settings.sharpness > 0:
        own, wanted = blur_of(made, inside), blur_of(round_it, near)
        if own is not None and wanted is not None:
            progress.token.check()
            made = as_sharp(made, own, wanted, settings.sharpness)
    progress.token.check()
    if settings.noise > 0:
        present, missing = noise_of(made, inside), noise_of(round_it, near)
        if present is not None and missing is not None:
            progress.token.check()
            made = as_noisy(made, present, missing, settings.noise, settings.seed)
    return made


def _shaded(picture: Floats, mask: Floats, settings: PhotoSettings) -> Floats:
    dark = shadow_of(mask, direction=settings.shadow_direction, length=settings.shadow_length)
    dark = (settings.shadow * dark * (1 - mask))[..., None]
    shaded = to_srgb(to_linear(picture) * (1 - dark))
    return np.where(dark > 1e-3, shaded, picture).astype(np.float32)


def _window(mask: Floats) -> tuple[slice, slice]:
    rows, columns = (np.flatnonzero((mask > 0).any(axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
