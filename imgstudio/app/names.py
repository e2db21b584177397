"""Names of files in sentences."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 60
"""Letters."""


def short(name: str) -> str:
    """A name that is not too long, without its middle if need be."""
    if len(name) <= LONGEST:
        return name
    half = LONGEST // 2
    return f"{name[:half]}…{name[-half:]}"
