"""The halves of U-Nets that look: each a row of layers, some with pretrained weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from torch import nn

from imgstudio.engine.nets.lite0 import Lite0
from imgstudio.engine.nets.resnet import ResNet
from imgstudio.engine.nets.small_unet import small_encoder


@dataclass(frozen=True, slots=True)
class EncoderKind:
    """A row of layers that takes RGB 0..1 and halves the size several times; a layer halves it at its start."""

    name: str
    """For the user."""
    build: Callable[[], nn.Sequential]
    """With random weights."""
    model: str = ""
    """Id of the model whose network has this row as its `body()`; empty: learned from scratch only."""


ENCODERS: Final[Mapping[str, EncoderKind]] = {
    "small": EncoderKind("Small", small_encoder, "encoder-small"),
    "lite0": EncoderKind("EfficientNet-Lite0", lambda: Lite0(1).body(), "imagenet-lite0"),
    **{
        f"resnet{depth}": EncoderKind(
            f"ResNet-{depth}",
            partial(lambda kind: ResNet(kind).body(), f"resnet{depth}"),
            f"imagenet-resnet{depth}",
        )
        for depth in (18, 34, 50)
    },
}


def encoder_kind(name: str) -> EncoderKind:
    """Raises ValueError for a name that is not in ENCODERS."""
    if name not in ENCODERS:
        raise ValueError(f"there is no encoder {name!r}, only {', '.join(ENCODERS)}")
    return ENCODERS[name]
