"""DDColor (Kang et al., ICCV 2023) as a person brings it: it says colours in one go, and hears no hints."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.core.errors import UserError
from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.colournet import UNIT, Hinted, Lent, Seen, Told, colour_grid

SIDE: Final = 512
"""Of the square at which it is asked (pixels)."""
SPREAD: Final = 8.0
"""How far off its colours are taken to be, everywhere (Lab)."""
_NARROW: Final = 12.0
"""Chances fall off with the distance from what it says (Lab)."""
PACKAGE: Final = "spandrel-extra-arches"


class DDColorNet(nn.Module):
    """Speaks as a `ColourNet` does. Its layers are those of the package spandrel-extra-arches, made for the weights."""

    multiple_of = 32
    is_global = True
    side = 256
    hears_hints = False
    centres: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("centres", colour_grid(), persistent=False)
        self.network: nn.Module = nn.Identity()

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> None:
        """Of a published file. Raises UserError where the package is missing, RuntimeError for other weights."""
        self.network = made_for(state_dict)

    def look(self, lightness: Tensor) -> Seen:
        """Of (n, 1, h, w) in 0..1. All that it has to say is said here, as `half`: (n, 2, h / 2, w / 2) / `UNIT`."""
        height, width = lightness.shape[2:]
        square = F.interpolate(lightness, (SIDE, SIDE), mode="bilinear", align_corners=False)
        grey = _encoded(square).expand(-1, 3, -1, -1)
        ab = F.interpolate(self.network(grey), (height // 2, width // 2), mode="area") / UNIT
        return Seen(ab, ab, ab, ab, (height, width))

    def colour(self, seen: Seen, hints: Hinted, lent: Lent | None = None) -> Told:
        ab = seen.half.float()
        spread = torch.full_like(ab[:, :1], math.log(SPREAD / UNIT))
        quarter = F.avg_pool2d(ab, 2) * UNIT
        apart = (quarter[:, None] - self.centres[None, :, :, None, None]).square().sum(2)
        return Told(ab, spread, -apart / (2 * _NARROW**2))

    def lend(self, seen: Seen, ab: Tensor) -> Lent:
        raise UserError(
            "DDColor takes no colours from a reference",
            "It was not made for that.",
            "Leave the reference out, or choose the network that comes with the program.",
        )


def made_for(state: Mapping[str, Any]) -> nn.Module:
    """The network that these weights belong to: grey sRGB (n, 3, h, w) in 0..1 to a and b, (n, 2, h, w), Lab.

    Raises UserError where the package with its layers is missing, RuntimeError for weights of another network.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its helpers use what torch advises against
            from spandrel_extra_arches.architectures.DDColor import DDColorArch
    except ImportError:
        raise UserError(
            "DDColor cannot be used yet",
            f"Its layers come with the package {PACKAGE}, which is not installed.",
            f"Install it: pip install {PACKAGE}",
        ) from None
    kind = DDColorArch()
    if not kind.detect(state):
        raise RuntimeError("these are no weights of DDColor")
    try:
        network = kind.load(dict(state)).model
    except (KeyError, ValueError) as error:
        raise RuntimeError(f"these are weights of another DDColor: {error}") from error
    if network.num_output_channels != 2:
        raise RuntimeError("it does not say a and b")
    made: nn.Module = network
    return made


def _encoded(lightness: Tensor) -> Tensor:
    """Grey sRGB in 0..1 of CIE lightness in 0..1."""
    root = (100 * lightness + 16) / 116
    light = torch.where(root > 6 / 29, root**3, (root - 4 / 29) * (3 * (6 / 29) ** 2)).clamp(0, 1)
    return torch.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)


ARCHITECTURE = Architecture("ddcolor", DDColorNet)
