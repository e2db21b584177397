"""Where filters get their networks from; one registry and one cache for the whole program."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from imgstudio.core.paths import models_folder

if TYPE_CHECKING:
    import torch

    from imgstudio.engine.features import Features
    from imgstudio.engine.registry import ModelRegistry

Judge = Literal["quick", "best installed"]


def models() -> ModelRegistry:
    """The bundled models and those of the user."""
    return _models_of(models_folder())


@lru_cache(maxsize=1)
def _models_of(user_folder: Path) -> ModelRegistry:
    from imgstudio.engine.registry import ModelRegistry

    return ModelRegistry.of_user()


def sha256_of(model_id: str) -> str:
    """Hash of a model's weights as its manifest gives it; raises UserError when it is not installed."""
    return models().manifest(model_id).sha256


def judging_net(network: Judge, device: torch.device) -> Features:
    """The perceptual network that a painting is judged by: the one that comes with the program, or the largest."""
    from imgstudio.engine.features import BUNDLED, perceptual_net

    features, _ = perceptual_net(models(), device, first=(BUNDLED,) if network == "quick" else ())
    return features


def use_threads(count: int) -> None:
    """Let networks use `count` cores, 0: all but one. Imports torch, so only on a worker."""
    from imgstudio.engine.device import set_threads

    set_threads(count)
