"""Where filters get their networks from; one registry and one cache for the whole program."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from imgstudio.core import paths
from imgstudio.core.errors import UserError

if TYPE_CHECKING:
    from imgstudio.engine.registry import ModelRegistry


@cache
def models() -> ModelRegistry:
    """The bundled models and those of the user."""
    from imgstudio.engine.registry import ModelRegistry

    return ModelRegistry(paths.resources() / "models", paths.models_folder())


def sha256_of(model_id: str) -> str:
    """Hash of a model's weights as its manifest gives it; raises UserError when it is not installed."""
    for manifest in models().manifests():
        if manifest.id == model_id:
            return manifest.sha256
    raise UserError(
        f"The model “{model_id}” is not installed",
        "Its folder is missing",
        f"Install it with: imgstudio models install {model_id}",
    )
