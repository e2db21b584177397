"""Plain rows of 3x3 convolutions and poolings (Simonyan & Zisserman 2014): what perceptual losses look through."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn

from imgstudio.engine.manifest import Architecture
from imgstudio.engine.nets.small_unet import Normalise

VGG16_WIDTHS = (64, 128, 256, 512, 512)
VGG16_CONVOLUTIONS = (2, 2, 3, 3, 3)
SLIM_WIDTHS = (32, 64, 128, 128)
SLIM_CONVOLUTIONS = (2, 2, 2, 2)


class Vgg(nn.Sequential):
    """RGB (n, 3, h, w) in 0..1 to the last features; layers conv1_1, relu1_1, ..., pool1, conv2_1 and so on.

    `average` pools by the mean, which suits style better than the maximum.
    """

    def __init__(
        self,
        widths: Sequence[int] = VGG16_WIDTHS,
        convolutions: Sequence[int] = VGG16_CONVOLUTIONS,
        *,
        average: bool = False,
        mean: Sequence[float] = (0.485, 0.456, 0.406),
        deviation: Sequence[float] = (0.229, 0.224, 0.225),
    ) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict(normalise=Normalise(mean, deviation))
        incoming = 3
        for block, (width, count) in enumerate(zip(widths, convolutions, strict=True), 1):
            for number in range(1, count + 1):
                layers[f"conv{block}_{number}"] = nn.Conv2d(incoming, width, 3, padding=1)
                layers[f"relu{block}_{number}"] = nn.ReLU()
                incoming = width
            if block < len(widths):
                layers[f"pool{block}"] = nn.AvgPool2d(2) if average else nn.MaxPool2d(2)
        super().__init__(layers)


@torch.no_grad()
def random_vgg(seed: int = 0) -> Vgg:
    """A slim net nobody trained: orthogonal filters, mean pooling; always the same for a seed.

    Its statistics tell textures apart surprisingly well (Ustyuzhaninov et al. 2016), though not things. Two
    thirds of the first filters are blind to flat colour, else brightness would outweigh the texture.
    """
    network = Vgg(
        SLIM_WIDTHS, SLIM_CONVOLUTIONS, average=True, mean=(0.45, 0.45, 0.42), deviation=(0.27, 0.27, 0.28)
    )
    generator = torch.Generator().manual_seed(seed)
    for layer in network:
        if isinstance(layer, nn.Conv2d):
            nn.init.orthogonal_(layer.weight, 2**0.5, generator=generator)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
    first = network.state_dict()["conv1_1.weight"]  # the very same tensor
    blind = 2 * len(first) // 3
    first[:blind] -= first[:blind].mean((2, 3), keepdim=True)
    return network.eval().requires_grad_(requires_grad=False)


ARCHITECTURE = Architecture("vgg", Vgg)
