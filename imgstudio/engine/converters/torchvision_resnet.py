"""Residual networks as torchvision publishes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgstudio.core.jobs import Progress
from imgstudio.engine.converters import Converter

if TYPE_CHECKING:
    from imgstudio.engine.weights import StateDict


def convert(data: bytes, progress: Progress) -> StateDict:
    """Return the state of `nets.resnet.ResNet`; raises UserError."""
    from imgstudio.engine.weights import from_pth

    progress.update(0.0, "Reading weights")
    return {f"network.{name}": tensor for name, tensor in from_pth(data).items()}


CONVERTER = Converter("torchvision_resnet", convert, runs_nothing=False)
