"""Filters made of models: every installed model whose task is known here is one."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from imgstudio.core.errors import UserError
from imgstudio.engine.discovery import declared
from imgstudio.filters.base import AnyFilter, Disabled, Filter
from imgstudio.filters.learned.kind import LearnedKind, filter_id

if TYPE_CHECKING:
    from imgstudio.engine.manifest import ModelManifest
    from imgstudio.engine.registry import ModelRegistry

log = logging.getLogger(__name__)


@cache
def kinds() -> dict[str, LearnedKind]:
    """By task."""
    return {kind.task: kind for kind in declared(sys.modules[__name__], "KIND", LearnedKind)}


def filter_of(registry: ModelRegistry, manifest: ModelManifest) -> Filter[Any]:
    """The filter that a model is, installed or not; raises UserError for a task that no filter knows.

    To try a model that is not installed, give a registry whose root is the folder that holds its folder.
    """
    kind = kinds().get(manifest.task)
    if kind is None:
        raise UserError(
            f"“{manifest.name}” cannot be used as a filter",
            f"Nothing here knows what to do with a model for “{manifest.task}”.",
            "Update imgstudio.",
        )
    made = kind.make(registry, manifest)
    if made.id != filter_id(manifest.id):
        raise ValueError(f"the filter of {manifest.id} calls itself {made.id}")
    return made


def learned_filters(
    registry: ModelRegistry, others: Iterable[AnyFilter]
) -> tuple[list[Filter[Any]], list[Disabled]]:
    """One filter for each model that none of `others` uses already, and the models that failed to become one."""
    others = tuple(others)
    used = {model for item in others for model in item.models}
    used |= {need.model for item in others for need in item.needs}
    made: list[Filter[Any]] = []
    failed: list[Disabled] = []
    for manifest in registry.manifests():
        if manifest.task not in kinds() or manifest.id in used:
            continue
        try:
            made.append(filter_of(registry, manifest))
        except Exception as error:  # one odd model must not keep the program from starting
            log.info("the model %s is no filter", manifest.id, exc_info=True)
            failed.append(Disabled(manifest.name, f"{type(error).__name__}: {error}"))
    return made, failed
