"""Where filters get their networks from; one registry and one cache for the whole program."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgstudio.engine.registry import ModelRegistry


@cache
def models() -> ModelRegistry:
    """The bundled models and those of the user."""
    from imgstudio.engine.registry import ModelRegistry

    return ModelRegistry.of_user()


def sha256_of(model_id: str) -> str:
    """Hash of a model's weights as its manifest gives it; raises UserError when it is not installed."""
    return models().manifest(model_id).sha256


def use_threads(count: int) -> None:
    """Let networks use `count` cores, 0: all but one. Imports torch, so only on a worker."""
    from imgstudio.engine.device import set_threads

    set_threads(count)
