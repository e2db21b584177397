"""Finds the thing that a person points at: the network of "Cut out subject" with planes for what was pointed at."""

from __future__ import annotations

from typing import Final

from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.lite0 import STEM
from imgstudio.engine.nets.salientnet import KEPT, TRUNK, SalientNet
from imgstudio.engine.nets.upsampling import doubled

PLANES: Final = 4
"""Of guidance: what was marked as inside, what as outside, the mask so far, the box."""
_WIDTHS: Final = (16, 24, 32, 48)
"""Planes of the guidance at 1/2, 1/4, 1/8 and 1/16 of the size."""


class Guide(nn.Module):
    """Guidance (n, `PLANES`, h, w) to what is added to the picture's features behind the stem and three stages.

    It begins by adding nothing: the network starts as the one whose weights it takes over.
    """

    def __init__(self) -> None:
        super().__init__()
        steps, additions = [], []
        incoming = PLANES
        beside = (STEM, *(TRUNK[stage].planes for stage in KEPT[1:]))
        for width, planes in zip(_WIDTHS, beside, strict=True):
            steps.append(nn.Conv2d(incoming, width, 3, stride=2, padding=1))
            addition = nn.Conv2d(width, planes, 1)
            nn.init.zeros_(addition.weight)
            assert addition.bias is not None
            nn.init.zeros_(addition.bias)
            additions.append(addition)
            incoming = width
        self.steps = nn.ModuleList(steps)
        self.additions = nn.ModuleList(additions)

    def forward(self, guidance: Tensor) -> list[Tensor]:
        made = []
        features = guidance
        for step, addition in zip(self.steps, self.additions, strict=True):
            features = F.relu(step(features))
            made.append(addition(features))
        return made


class ClickNet(SalientNet):
    """Picture and guidance (n, 3 + `PLANES`, h, w) in 0..1 to (n, 1, h, w) scores before the sigmoid, float32.

    Made for squares of 256 that hold the thing or a part of its edge. Guidance is added to the features of the
    picture, as RITM does behind its first convolution (Sofiiuk, Petrov & Konushin 2021), here at four sizes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.guide = Guide()

    def forward(self, image: Tensor) -> Tensor:
        return doubled(self.answers(image)[-1], image)

    def answers(self, image: Tensor) -> list[Tensor]:
        """Scores at 1/32, 1/16, 1/8, 1/4 and 1/2 of the size: all of them learn, the last one counts."""
        first, *others = self.guide(image[:, 3:])
        features = self.stem(self.normalise(image[:, :3])) + first
        kept = []
        added = iter(others)
        for index, stage in enumerate(self.stages):
            features = stage(features)
            if index in KEPT[1:]:
                features = features + next(added)
            if index in KEPT:
                kept.append(features)
        return self.decoded(features, kept)

    def start_as(self, network: SalientNet) -> None:
        """Take over everything but the guidance."""
        missing, unknown = self.load_state_dict(network.state_dict(), strict=False)
        assert not unknown
        assert all(name.startswith("guide.") for name in missing)

    def groups(self) -> list[list[nn.Module]]:
        """Layer groups from the input to the output: trunk down to 1/8, the rest of it, decoder and guidance."""
        *trunk, decoder = super().groups()
        return [*trunk, [*decoder, self.guide]]


ARCHITECTURE = Architecture("clicknet", ClickNet)
