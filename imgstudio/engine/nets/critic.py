"""The critic of adversarial training: says of each patch of a picture whether it looks real."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.reach import reach_of


def _limited(incoming: int, outgoing: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """A convolution whose largest stretch is kept at 1 (Miyato et al. 2018)."""
    layer = nn.Conv2d(incoming, outgoing, kernel, stride=stride, padding=(kernel - 1) // 2)
    nn.init.kaiming_normal_(layer.weight, a=0.2)
    spectral_norm(layer)  # in place
    return layer


def _leaky() -> nn.LeakyReLU:
    return nn.LeakyReLU(0.2, inplace=True)


class _Pair(nn.Module):
    """Two 3x3 convolutions, added to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _limited(channels, channels, 3), _leaky(), _limited(channels, channels, 3), _leaky()
        )

    def forward(self, features: Tensor) -> Tensor:
        change: Tensor = self.layers(features)
        return features + change


class PatchCritic(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to (n, 1, about h / 2^halvings, ...) scores before the sigmoid: high = real.

    The first layer halves the size, then `halvings - 1` more double the channels each. Sides must be at
    least 2^halvings pixels.
    """

    is_global = False

    def __init__(self, channels: int = 32, halvings: int = 3, *, dropout: float = 0.15) -> None:
        super().__init__()
        if halvings < 1:
            raise ValueError("a critic must halve the size at least once")
        self.multiple_of = 2**halvings
        self.first = nn.Sequential(_limited(3, channels, 4, 2), _leaky())
        self.body = nn.Sequential(nn.Dropout2d(dropout / 2), _Pair(channels))
        for step in range(halvings - 1):
            wide = channels * 2**step
            self.body.extend([nn.Dropout2d(dropout), _limited(wide, 2 * wide, 4, 2), _leaky()])
        self.judge = _limited(channels * 2 ** (halvings - 1), 1, 3)
        self.reach = reach_of(self)
        """Pixels around a patch that it judges."""
        self.overlap = self.reach

    def forward(self, image: Tensor) -> Tensor:
        scores: Tensor = self.judge(self.body(self.first(2 * image - 1)))
        return scores.float()

    def groups(self) -> list[list[nn.Module]]:
        """Layer groups from the input to the output."""
        return [[self.first], [self.body], [self.judge]]


ARCHITECTURE = Architecture("critic", PatchCritic)
