"""Finds every label format: the files in `kinds`; whoever adds one changes nothing else."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path

from imgstudio.core.errors import UserError
from imgstudio.core.labelformats import kinds
from imgstudio.core.labelformats.base import Format


@functools.cache
def formats() -> Mapping[str, Format]:
    """All formats by id, in the order in which lists show them."""
    found = [
        importlib.import_module(f"{kinds.__name__}.{module.name}").FORMAT
        for module in pkgutil.iter_modules(kinds.__path__)
    ]
    return {known.id: known for known in sorted(found, key=lambda known: (known.order, known.name))}


def format_named(format_id: str) -> Format:
    """Raises UserError naming the formats that there are."""
    known = formats().get(format_id)
    if known is None:
        raise UserError(
            f"There is no label format “{format_id}”", "", f"Known formats: {', '.join(formats())}"
        )
    return known


def recognised(path: Path) -> Format | None:
    """The format that a folder or file seems to have."""
    return next((known for known in formats().values() if known.recognises(path)), None)
