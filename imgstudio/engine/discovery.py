"""Find what the files of a package declare, so that adding one changes no other."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def declared(package: ModuleType, name: str, kind: type[T]) -> list[T]:
    """Import every file of `package` and return the `kind` each keeps under `name`, by file name."""
    found = []
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        value = getattr(module, name, None)
        if isinstance(value, kind):
            found.append(value)
    return found
