"""What turns a model into a filter: one kind for each task, declared as KIND by a file beside this one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgstudio.filters.base import Filter

if TYPE_CHECKING:
    from imgstudio.engine.manifest import ModelManifest
    from imgstudio.engine.registry import ModelRegistry


@dataclass(frozen=True, slots=True)
class LearnedKind:
    """How models of one task become filters; imports no torch before a filter runs."""

    task: str
    """Of the manifests."""
    make: Callable[[ModelRegistry, ModelManifest], Filter[Any]]
    """The filter's id is `filter_id(manifest.id)`, its name the manifest's, and `models` names the model."""


def filter_id(model_id: str) -> str:
    """Of the filter that a model becomes."""
    return f"model.{model_id}"
