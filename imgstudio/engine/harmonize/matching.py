"""Which patch of a painting each patch of an object resembles (Luan et al. 2018, "Deep Painterly Harmonization").

Patches are 3x3 places of a feature layer, compared by their cosine: a matrix product. Layers are compared in few
principal components, so that a search costs the same whichever network is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from imgstudio.engine.style.statistics import TINY

PATCH: Final = 3
"""Side of a patch (places of a layer)."""
COMPONENTS: Final = 48
"""Channels that are compared, at most."""
COLOUR: Final = 8.0
"""How much a difference of colour counts against one of features."""
BLOCK: Final = 1 << 22
"""Likenesses that are held at a time."""
MOST_SOURCES: Final = 12_000
"""Patches of a painting that are searched; of more, so many evenly spread ones."""
WINDOW: Final = 5
"""Side of the neighbourhood whose shifts are looked at when a field is refined."""


class Field(NamedTuple):
    """For some places of one layer, the place of the painting's layer that each takes after."""

    size: tuple[int, int]
    """Height and width of the object's layer."""
    source: tuple[int, int]
    """Height and width of the painting's layer."""
    places: Tensor
    """(n,): indices into the object's layer, rising."""
    found: Tensor
    """(n,): indices into the painting's layer."""


def matched(
    features: Tensor,
    painting: Tensor,
    wanted: Tensor,
    check: Callable[[], None],
    *,
    colours: tuple[Tensor, Tensor] | None = None,
    most: int = MOST_SOURCES,
) -> Field:
    """The most alike patch of `painting` (1, c, H, W) for each place of `features` (1, c, h, w) that is wanted.

    `wanted` (h, w) is true there. With `colours`, Lab (1, 3, h, w) and (1, 3, H, W) about 0..1, patches of other
    colours are less alike. `check` is called between blocks and may raise.
    """
    own, other = _in_components(features.float(), painting.float())
    places = wanted.flatten().nonzero()[:, 0]
    stride = max(1, -(-other.shape[2] * other.shape[3] // most))
    sources = torch.arange(0, other.shape[2] * other.shape[3], stride, device=other.device)
    query, source = _patches(own)[places], _patches(other)[sources]
    if colours is not None:
        one, two = (part[0].flatten(1).T for part in colours)
        one, two = one[places], two[sources]
        # f.g - a |c - d|^2 / 2 as one product, but for what is the same for all sources
        query = torch.cat([query, COLOUR * one, torch.ones_like(one[:, :1])], 1)
        source = torch.cat([source, two, -COLOUR / 2 * two.square().sum(1, keepdim=True)], 1)
    rows = max(1, BLOCK // max(1, len(source)))
    best = []
    for part in query.split(rows):
        check()
        best.append((part @ source.T).argmax(1))
    found = sources[torch.cat(best)] if best else sources[:0]
    return Field(_size(features), _size(painting), places, found)


def refined(field: Field, painting: Tensor, check: Callable[[], None]) -> Field:
    """The same places, each taking after what agrees best with where its neighbours' matches are.

    Candidates are the neighbours' matches moved by the neighbours' distance; the one that is most alike to all of
    them is taken, so that neighbours come from neighbours.
    """
    height, width = field.size
    flat = functional.normalize(painting.float()[0].flatten(1).T, dim=1)
    grid = torch.full((height * width,), -1, dtype=torch.long, device=flat.device)
    grid[field.places] = field.found
    rows, columns = field.places // width, field.places % width
    reach = WINDOW // 2
    offered, is_there = [], []
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            y, x = rows + down, columns + right
            inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
            theirs = grid[y.clamp(0, height - 1) * width + x.clamp(0, width - 1)]
            top, left = theirs // field.source[1] - down, theirs % field.source[1] - right
            inside &= (theirs >= 0) & (top >= 0) & (top < field.source[0])
            inside &= (left >= 0) & (left < field.source[1])
            offered.append(torch.where(inside, top * field.source[1] + left, field.found))
            is_there.append(inside)
    candidates, counted = torch.stack(offered, 1), torch.stack(is_there, 1)
    chosen = []
    for some, counts in zip(candidates.split(1024), counted.split(1024), strict=True):
        check()
        seen = flat[some]
        common = (seen * counts[..., None]).sum(1)
        likeness = torch.einsum("nkc,nc->nk", seen, common).masked_fill(~counts, -torch.inf)
        chosen.append(some.gather(1, likeness.argmax(1)[:, None])[:, 0])
    return field._replace(found=torch.cat(chosen) if chosen else field.found)


def used(field: Field) -> Tensor:
    """(1, 1, H, W) of the painting's layer: 1 where a matched patch lies, each counted once."""
    taken = torch.zeros(field.source[0] * field.source[1], device=field.found.device)
    taken[field.found] = 1
    return functional.max_pool2d(taken.view(1, 1, *field.source), PATCH, 1, PATCH // 2)


def _in_components(features: Tensor, painting: Tensor) -> tuple[Tensor, Tensor]:
    """Both about the painting's mean and along the directions in which they vary most."""
    mean = painting.mean((2, 3), keepdim=True)
    own, other = features - mean, painting - mean
    if own.shape[1] <= COMPONENTS:
        return own, other
    flat = torch.cat([own[0].flatten(1), other[0].flatten(1)[:, ::3]], 1)
    _, vectors = torch.linalg.eigh(flat @ flat.T)
    basis = vectors[:, -COMPONENTS:].T[:, :, None, None]
    return functional.conv2d(own, basis), functional.conv2d(other, basis)


def _patches(features: Tensor) -> Tensor:
    """(h * w, 9 c) of (1, c, h, w), of length 1."""
    around = functional.pad(features, (1, 1, 1, 1), "replicate")
    return functional.normalize(functional.unfold(around, PATCH)[0].T, dim=1, eps=TINY)


def _size(layer: Tensor) -> tuple[int, int]:
    return layer.shape[2], layer.shape[3]
