"""The residual networks of torchvision (He et al. 2015), classifiers of 1000 ImageNet classes."""

from __future__ import annotations

from typing import Final, Literal, get_args

from torch import Tensor, nn

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.small_unet import Normalise

Kind = Literal["resnet18", "resnet34", "resnet50"]
MEAN: Final = (0.485, 0.456, 0.406)
DEVIATION: Final = (0.229, 0.224, 0.225)


class ResNet(nn.Module):
    """RGB (n, 3, h, w) in 0..1 to (n, 1000) scores before softmax; made for 224 x 224."""

    def __init__(self, kind: Kind = "resnet34") -> None:
        super().__init__()
        # Not at the top: it takes a second, and every use of any network would wait for it.
        from torchvision.models import resnet  # type: ignore[import-untyped]

        if kind not in get_args(Kind):
            raise ValueError(f"there is no network {kind!r}")
        self.normalise = Normalise(MEAN, DEVIATION)
        self.network = getattr(resnet, kind)(weights=None)

    def body(self) -> nn.Sequential:
        """All but the classifier; shares its layers with this network. 1/32 of the size."""
        layers = list(self.network.children())[:-2]
        return nn.Sequential(
            self.normalise, nn.Sequential(*layers[:3]), nn.Sequential(*layers[3:5]), *layers[5:]
        )

    def forward(self, image: Tensor) -> Tensor:
        scores: Tensor = self.network(self.normalise(image))
        return scores


ARCHITECTURE = Architecture("resnet", ResNet)
