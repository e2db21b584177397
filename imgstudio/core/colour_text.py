"""Colours as people write them."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

Rgb: TypeAlias = tuple[int, int, int]
_HEX: Final = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_THREE: Final = re.compile(
    r"(?:rgb)?\s*\(?\s*(\d{1,3})\s*[,;\s]\s*(\d{1,3})\s*[,;\s]\s*(\d{1,3})\s*\)?", re.IGNORECASE
)


def code_of(colour: Rgb) -> str:
    """As "#rrggbb"."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def colour_of(text: str) -> Rgb | None:
    """Read "#c08060", "c86" or "192 128 96"; None for anything else."""
    text = text.strip()
    digits = _HEX.fullmatch(text)
    if digits is not None:
        code = digits[1] if len(digits[1]) == 6 else "".join(2 * digit for digit in digits[1])
        red, green, blue = bytes.fromhex(code)
        return red, green, blue
    levels = _THREE.fullmatch(text)
    if levels is None or max(map(int, levels.groups())) > 255:
        return None
    red, green, blue = (int(level) for level in levels.groups())
    return red, green, blue
