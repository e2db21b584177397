"""Encoders that start from what a classifier of an installed model has learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgstudio.engine.nets.encoders import encoder_kind

if TYPE_CHECKING:
    from imgstudio.engine.nets.unet import UNet
    from imgstudio.engine.registry import ModelRegistry


def is_pretrained(encoder: str, registry: ModelRegistry) -> bool:
    """Whether whole weights for the encoder are installed; raises ValueError when there is no such encoder."""
    model = encoder_kind(encoder).model
    return bool(model) and registry.state(model) == "installed"


def load_pretrained(network: UNet, registry: ModelRegistry) -> bool:
    """Give the encoder of `network` its pretrained weights; False when they are not installed.

    Raises UserError when they do not fit this version.
    """
    if not is_pretrained(network.encoder_name, registry):
        return False
    classifier = registry.load(encoder_kind(network.encoder_name).model)
    body = getattr(classifier, "body", None)
    if body is None:
        raise ValueError(f"{type(classifier).__name__} has no encoder")
    network.load_encoder(body())
    return True
