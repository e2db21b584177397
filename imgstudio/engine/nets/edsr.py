"""The network that enlarges pictures: residual pairs at the small size, added to a bicubic enlargement."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.core.pixels import Floats
from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.upsampling import icnr

_BICUBIC = 2
"""Small pixels to each side that a bicubic enlargement reads."""


class Pair(nn.Module):
    """Two 3x3 convolutions around a ReLU, their output scaled and added to what came in."""

    def __init__(self, channels: int, scaling: float) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.scaling = scaling
        for layer in (self.first, self.second):
            nn.init.kaiming_normal_(layer.weight)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.scaling * self.second(F.relu(self.first(features)))


class UpscaleNet(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to (n, 3, scale * h, scale * w), float32; any size.

    After EDSR (Lim et al. 2017), with a bicubic skip: the first step gives the bicubic enlargement, nearly.
    """

    multiple_of = 1
    is_global = False

    def __init__(
        self, scale: int = 2, channels: int = 32, pairs: int = 4, *, residual_scaling: float = 0.3
    ) -> None:
        super().__init__()
        if scale < 1:
            raise ValueError("the scale must be at least 1")
        self.scale = scale
        self.reach = max(2 * pairs + 3, _BICUBIC)
        """No output pixel depends on input further away than this (pixels of the small picture)."""
        self.overlap = self.reach
        self.head = nn.Conv2d(3, channels, 3, padding=1)
        self.trunk = nn.Sequential(*(Pair(channels, residual_scaling) for _ in range(pairs)))
        self.close = nn.Conv2d(channels, channels, 3, padding=1)
        self.tail = nn.Conv2d(channels, 3 * scale * scale, 3, padding=1)
        nn.init.kaiming_normal_(self.close.weight)
        self._start_tail()
        self._filters = bicubic_filters(scale)  # no buffer: it stays exact when the network is rounded

    def _start_tail(self) -> None:
        icnr(self.tail.weight, self.scale)
        assert self.tail.bias is not None
        nn.init.zeros_(self.tail.bias)
        with torch.no_grad():
            self.tail.weight.mul_(0.01)

    def forward(self, image: Tensor) -> Tensor:
        shallow = self.head(image - 0.5)
        deep = shallow + self.close(self.trunk(shallow))
        change = F.pixel_shuffle(self.tail(deep), self.scale)
        return self.bicubic(image) + change.float()

    def bicubic(self, image: Tensor) -> Tensor:
        """The plain enlargement, always in float32."""
        count, planes, height, width = image.shape
        with torch.autocast(image.device.type, enabled=False):
            each = image.float().reshape(count * planes, 1, height, width)
            padded = F.pad(each, (_BICUBIC,) * 4, "replicate")
            filters = torch.as_tensor(self._filters, device=image.device)
            larger = F.pixel_shuffle(F.conv2d(padded, filters), self.scale)
        return larger.view(count, planes, height * self.scale, width * self.scale)

    def start_from(self, other: UpscaleNet) -> None:
        """Take over what `other`, made for another scale, learned: all but its tail, which starts anew.

        Raises RuntimeError when the networks differ in more than the scale.
        """
        learned = {
            name: tensor for name, tensor in other.state_dict().items() if not name.startswith("tail.")
        }
        missing, _ = self.load_state_dict(learned, strict=False)
        if any(not name.startswith("tail.") for name in missing):
            raise RuntimeError(f"the other network lacks {', '.join(missing)}")
        self._start_tail()

    def groups(self) -> list[list[nn.Module]]:
        """Layer groups from the input to the output: head, trunk, tail."""
        return [[self.head], [*self.trunk, self.close], [self.tail]]


def bicubic_filters(scale: int) -> Floats:
    """(scale^2, 1, 5, 5): what a pixel shuffle needs to enlarge as Keys' cubic (a = -0.5, as in MATLAB) does."""
    offsets = (np.arange(scale) + 0.5) / scale - 0.5
    distances = np.abs(offsets[:, None] - np.arange(-_BICUBIC, _BICUBIC + 1))
    near = 1.5 * distances**3 - 2.5 * distances**2 + 1
    far = -0.5 * distances**3 + 2.5 * distances**2 - 4 * distances + 2
    lines = np.where(distances <= 1, near, np.where(distances < 2, far, 0))
    filters = np.einsum("ay,bx->abyx", lines, lines).reshape(scale * scale, 1, *[2 * _BICUBIC + 1] * 2)
    return filters.astype(np.float32)


ARCHITECTURE = Architecture("edsr", UpscaleNet)
