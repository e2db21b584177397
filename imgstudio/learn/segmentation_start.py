"""What an installed model gives to a segmentation that goes on from it; reads its description only, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from imgstudio.core.errors import UserError
from imgstudio.engine.manifest import ModelManifest

SMALL: Final = "small"
"""The encoder that comes with the program: as quick as the network from scratch, of which it is a half."""


@dataclass(frozen=True, slots=True)
class Start:
    """The network of a model, in the words of the recipe."""

    manifest: ModelManifest
    encoder: str
    """Name of the learned encoder, "" where it had none."""
    width: float | None = None
    """Of the network from scratch; None where another one decides."""


def start_of(model: str) -> Start:
    """Of an installed model; raises UserError when there is none, or it is no segmentation of this recipe."""
    from imgstudio.engine.registry import ModelRegistry

    manifest = ModelRegistry.of_user().manifest(model)
    values = manifest.hyperparameters
    if manifest.task == "segment" and manifest.architecture == "small_unet":
        return Start(manifest, SMALL if values.get("encoder_width") else "", values.get("width"))
    if manifest.task == "segment" and manifest.architecture == "unet":
        return Start(manifest, str(values.get("encoder", "")))
    raise cannot_start(manifest, "It was not trained to tell for every pixel what it shows.")


def check_start(model: str, classes: Sequence[str], architecture: str, values: dict[str, Any]) -> None:
    """Raise UserError unless a model has this network and tells these classes apart, in this order."""
    manifest = start_of(model).manifest
    if manifest.classes != tuple(classes):
        theirs, ours = (", ".join(names) for names in (manifest.classes, classes))
        raise cannot_start(manifest, f"It tells other classes apart: {theirs}; here they are {ours}.")
    if (manifest.architecture, dict(manifest.hyperparameters)) != (architecture, values):
        raise cannot_start(
            manifest, "Its network has another shape than the encoder and the width that are set."
        )


def cannot_start(manifest: ModelManifest, why: str) -> UserError:
    return UserError(
        f"The training cannot start from “{manifest.name}”",
        why,
        "Start from another model, or from none; leave the encoder and the width to the model.",
    )
