"""What the layers of an object shall be like, after the painting's patches that it was matched with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from torch import Tensor
from torch.nn import functional

from imgstudio.engine.harmonize.matching import matched, refined, used
from imgstudio.engine.style.histograms import quantiles, sample_of
from imgstudio.engine.style.statistics import sums_of
from imgstudio.engine.style.targets import Target

Wanted: TypeAlias = dict[int, Target]
"""What the object shall be like, by index of a layer; -1 are the pixels themselves."""
REFERENCE: Final = 3
"""Index of the layer where the second pass matches, finest first: relu4 of such nets."""
INDEPENDENT: Final = (2, 3, 4)
"""Layers that the first pass matches, each by itself."""
PRESENT: Final = 0.1
"""Coverage of a place from which on it is matched."""


def independent(
    layers: Sequence[Tensor],
    painting: Sequence[Tensor],
    colours: tuple[Tensor, Tensor],
    tight: Tensor,
    check: Callable[[], None],
) -> Wanted:
    """First pass: every layer after its own nearest neighbours. Lists of (1, c, h, w), `tight` (1, 1, h, w)."""
    made: dict[int, Target] = {}
    for index in _within(INDEPENDENT, len(layers)):
        cover = at(tight, layers[index])
        near = (resampled(colours[0], layers[index]), resampled(colours[1], painting[index]))
        field = matched(layers[index], painting[index], _present(cover), check, colours=near)
        values = painting[index].float()[0].flatten(1)[:, field.found]
        made[index] = _target(values[None, :, None], cover.flatten()[field.places].view(1, 1, 1, -1))
    return made


def consistent(
    layers: Sequence[Tensor],
    painting: Sequence[Tensor],
    picture: Tensor,
    colours: tuple[Tensor, Tensor],
    tight: Tensor,
    check: Callable[[], None],
) -> Wanted:
    """Second pass: one field, refined and carried to all finer layers; each patch of the painting counts once.

    `picture` are the painting's pixels, (1, 3, H, W).
    """
    reference = min(REFERENCE, len(layers) - 1)
    cover = at(tight, layers[reference])
    near = (resampled(colours[0], layers[reference]), resampled(colours[1], painting[reference]))
    field = matched(layers[reference], painting[reference], _present(cover), check, colours=near)
    field = refined(field, painting[reference], check)
    places = used(field)
    made: dict[int, Target] = {}
    for index, theirs in enumerate([picture, *painting[: reference + 1]], -1):
        check()
        counted = functional.interpolate(places, theirs.shape[2:], mode="nearest")
        made[index] = _target(theirs.float(), counted)
    return made


def counterparts(
    layers: Sequence[Tensor], painting: Sequence[Tensor], tight: Tensor, check: Callable[[], None]
) -> Tensor:
    """(H, W) of the painting's reference layer: true where it is most like the object in shape, whatever its colours.

    A face is like faces, cloth like cloth: their colours suit it.
    """
    reference = min(REFERENCE, len(layers) - 1)
    own, theirs = (
        part - part.mean((2, 3), keepdim=True) for part in (layers[reference], painting[reference])
    )
    field = matched(own, theirs, _present(at(tight, own)), check)
    return used(field)[0, 0] > 0


def resampled(picture: Tensor, like: Tensor) -> Tensor:
    """(1, c, h, w) averaged to the size of a layer."""
    return functional.adaptive_avg_pool2d(picture, (like.shape[2], like.shape[3]))


def at(mask: Tensor, like: Tensor) -> Tensor:
    """(1, 1, h, w) of a mask at the size of a layer."""
    return functional.adaptive_avg_pool2d(mask, (like.shape[2], like.shape[3]))


def _present(cover: Tensor) -> Tensor:
    """(h, w): where there is enough of the object to be matched; somewhere, however small it is."""
    return cover[0, 0] > min(PRESENT, float(cover.max()) / 2)


def _target(values: Tensor, counted: Tensor) -> Target:
    """Of (1, c, h, w), each place counting as much as `counted` says."""
    sums = sums_of(values, counted)
    square = float((sums.products.diagonal(dim1=1, dim2=2).mean(1) / sums.weight.clamp_min(1e-8))[0]) + 1e-8
    return Target(sums.statistics(), quantiles(sample_of(values, counted)), square)


def _within(indices: Sequence[int], layers: int) -> list[int]:
    return [index for index in indices if index < layers] or [layers - 1]
