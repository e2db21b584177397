"""Finds every filter: the files in `builtin`, packages with the entry point `imgstudio.filters`, and models."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Final

from imgstudio.core import params as declared
from imgstudio.filters import builtin
from imgstudio.filters.base import API_VERSION, AnyFilter, Disabled, Filter, FilterRegistry, SessionFilter
from imgstudio.filters.learned import learned_filters
from imgstudio.filters.models import models

if TYPE_CHECKING:
    from imgstudio.engine.registry import ModelRegistry

log = logging.getLogger(__name__)
GROUP: Final = "imgstudio.filters"


def load_filters(plugins: Iterable[EntryPoint] | None = None) -> FilterRegistry:
    """Import the built-in filters and every plug-in; a broken plug-in is set aside with its reason."""
    registry = FilterRegistry()
    for module in sorted(pkgutil.iter_modules(builtin.__path__), key=lambda m: m.name):
        registry.add(importlib.import_module(f"{builtin.__name__}.{module.name}").FILTER)
    for point in entry_points(group=GROUP) if plugins is None else plugins:
        _add_plugin(registry, point)
    follow_models(registry, models())
    return registry


def follow_models(filters: FilterRegistry, registry: ModelRegistry) -> None:
    """List the models of `registry` as filters, now and whenever models come or go there."""

    def relist() -> None:
        filters.replace_learned(*learned_filters(registry, filters.fixed))

    registry.changed.connect(relist)
    relist()


def _add_plugin(registry: FilterRegistry, point: EntryPoint) -> None:
    try:
        found = point.load()
        for item in found if isinstance(found, list | tuple) else (found,):
            _check(item)
            registry.add(item)
    except Exception as error:  # a plug-in may fail in any way; the program must start
        log.info("plug-in %s is switched off", point.name, exc_info=True)
        registry.set_aside(Disabled(point.name, f"{type(error).__name__}: {error}"))


def _check(item: AnyFilter | Any) -> None:
    if not isinstance(item, Filter | SessionFilter):
        raise TypeError(f"expected a Filter or a SessionFilter, got {type(item).__name__}")
    if item.api != API_VERSION:
        raise ValueError(f"made for api {item.api}, this program has api {API_VERSION}")
    declared.describe(item.params)
