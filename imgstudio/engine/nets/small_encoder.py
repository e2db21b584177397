"""The looking half of the small U-Net as a model of its own, so that it can be trained once and start many."""

from __future__ import annotations

from torch import Tensor, nn

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.small_unet import small_encoder


class SmallEncoder(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to features at 1/16 of the size."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        self.stages = small_encoder(width)

    def body(self) -> nn.Sequential:
        """The stages: pixels as they come, 1/2, 1/4, 1/8, 1/16; they are this network's own."""
        return self.stages

    def forward(self, image: Tensor) -> Tensor:
        features: Tensor = self.stages(image)
        return features


ARCHITECTURE = Architecture("small_encoder", SmallEncoder)
