"""Colour hints: discs of colour that somebody painted on a picture, one after another along each stroke."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Transform
from imgstudio.core.paths import file_errors

KEEP: Final = -1.0
"""Red, green and blue of a hint that leaves the colour that is there."""
FARTHEST: Final = 1 << 26
"""Largest coordinate and radius (pixels)."""
WRITE_THEM: Final = (
    "Give x,y,radius,red,green,blue or x,y,radius,#rrggbb or x,y,radius,keep, in pixels and levels of 0 to 255, with "
    "; between two hints, or a .json file with a list of them"
)


class Hint(NamedTuple):
    """A disc that has one colour; later ones lie over earlier ones."""

    x: float
    """Of the centre, document pixels: pixel i covers i to i + 1."""
    y: float
    radius: float
    """Document pixels, above 0."""
    red: float
    """0..255, as green and blue; below 0: the colour that is there stays."""
    green: float
    blue: float

    @property
    def keeps(self) -> bool:
        return self.red < 0


Hints: TypeAlias = tuple[Hint, ...]


def hints_of(value: Any) -> Hints:
    """Hints as scripts and files give them; raises UserError that says which one is wrong.

    `value` is a list, tuple or array of hints: six numbers each, or x, y, radius and "#rrggbb" or "keep". Where no
    number of a colour is above 1 in the whole list, colours are 0..1; a mapping {"hints": list} always has 0..255,
    and so has a tuple of Hint.
    """
    if isinstance(value, tuple) and all(isinstance(item, Hint) for item in value):
        rows, top = [list(item) for item in value], 255.0
    elif isinstance(value, Mapping):
        rows, top = _rows(value.get("hints")), 255.0
    else:
        rows = _rows(value)
        levels = [level for row in rows for level in row[3:] if isinstance(level, float)]
        top = 1.0 if max(levels, default=255.0) <= 1 else 255.0
    hints = tuple(_hint(row, top) for row in rows)
    problem = problem_of(hints)
    if problem:
        raise UserError("The colour hints cannot be used", problem, WRITE_THEM)
    return hints


def hints_from_text(text: str) -> Hints:
    """Hints as the command line gives them (see WRITE_THEM), or "@" and the name of a file; raises UserError."""
    if text.startswith("@") or text.lower().endswith(".json"):
        return hints_of(_read(Path(text.removeprefix("@")).expanduser()))
    return hints_of([part.split(",") for part in text.split(";") if part.strip()])


def to_plain(hints: Hints) -> list[list[float]] | dict[str, Any]:
    """As JSON knows them; `hints_of` gives the very same ones back."""
    # Whole numbers are written without a point: a picture's metadata has little room.
    rows = [[int(number) if number == int(number) else number for number in hint] for hint in hints]
    levels = [level for hint in hints for level in hint[3:]]
    # Colours that are black but for a trace would be taken for 0..1.
    return rows if max(levels, default=255.0) > 1 or max(levels) <= 0 else {"hints": rows}


def problem_of(value: Any, most: int | None = None) -> str:
    """Why hints are refused, as a sentence; "" if they are not. `most` limits how many there may be."""
    if not isinstance(value, tuple) or not all(isinstance(item, Hint) for item in value):
        return "They are not a list of hints"
    if most is not None and len(value) > most:
        return f"They are {len(value)}, and at most {most} can be used"
    if not value:
        return ""
    try:
        numbers = np.array(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        return "Some are not numbers"
    for is_wrong, why in _faults(numbers):
        if is_wrong.any():
            return f"Hint {int(np.argmax(is_wrong)) + 1} {why}"
    return ""


def moved(hints: Hints, transform: Transform) -> Hints:
    """The same hints on a picture that was moved, turned or made smaller; those that are not seen there are left out."""
    if transform == Transform():
        return hints
    if transform.is_affine:
        a, b, c, d, e, f = transform[:6]
        scale = _scale(transform)
        return tuple(
            Hint(a * x + c * y + e, b * x + d * y + f, radius * scale, *colour)
            for x, y, radius, *colour in hints
        )
    placed = []
    for hint in hints:
        if transform.nearness(hint.x, hint.y) <= 0:
            continue
        near = transform.around(hint.x, hint.y)
        x, y = near.apply(hint.x, hint.y)
        placed.append(hint._replace(x=x, y=y, radius=hint.radius * _scale(near)))
    return tuple(placed)


def _scale(transform: Transform) -> float:
    """How much longer an affine map makes things, both ways together."""
    return math.sqrt(abs(transform.a * transform.d - transform.b * transform.c))


def _faults(numbers: npt.NDArray[np.float64]) -> Iterable[tuple[Any, str]]:
    """What may be wrong with hints (n, 6): which have it, (n,) of bool, and what it is."""
    colours = numbers[:, 3:]
    yield ~np.isfinite(numbers).all(1), "has something that is not a number"
    yield numbers[:, 2] <= 0, "has no radius above 0"
    yield (np.abs(numbers[:, :3]) > FARTHEST).any(1), f"lies, or reaches, more than {FARTHEST} pixels away"
    keeps = colours[:, 0] < 0
    yield ~keeps & ((colours < 0) | (colours > 255)).any(1), "has a colour that is not within 0 to 255"


def _rows(value: Any) -> list[list[Any]]:
    """x, y, radius and either three levels or a word, of each."""
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
        raise UserError("The colour hints cannot be used", "They are not a list", WRITE_THEM)
    return [_row(item, number) for number, item in enumerate(value, 1)]


def _row(item: Any, number: int) -> list[Any]:
    parts: Sequence[Any] = [] if isinstance(item, str | bytes) or not hasattr(item, "__iter__") else [*item]
    is_named = len(parts) == 4 and isinstance(parts[3], str)
    if len(parts) != 6 and not is_named:
        raise _wrong(number, "must be x, y, radius and a colour")
    try:
        numbers = [float(part) for part in (parts[:3] if is_named else parts)]
    except (TypeError, ValueError, OverflowError):
        raise _wrong(number, "has something that is not a number") from None
    if not is_named:
        return numbers
    levels = _levels(parts[3].strip().lower())
    if levels is None:
        raise _wrong(number, f"has the colour “{parts[3].strip()}”, which is not one")
    return [*numbers, levels]


def _levels(word: str) -> tuple[float, float, float] | None:
    """Of a colour by name, 0..255."""
    if word == "keep":
        return (KEEP, KEEP, KEEP)
    digits = word.removeprefix("#")
    if len(word) != 7 or len(digits) != 6 or not all(digit in "0123456789abcdef" for digit in digits):
        return None
    red, green, blue = bytes.fromhex(digits)
    return (float(red), float(green), float(blue))


def _hint(row: list[Any], top: float) -> Hint:
    """`top` is what full light is as a number; a colour by name has 0..255 whatever the others have."""
    x, y, radius, *levels = row
    if isinstance(levels[0], tuple):
        return Hint(x, y, radius, *levels[0])
    if top == 255 or levels[0] < 0:
        return Hint(x, y, radius, *levels)
    return Hint(x, y, radius, *(level * 255 for level in levels))


def _wrong(number: int, why: str) -> UserError:
    return UserError("The colour hints cannot be used", f"Hint {number} {why}", WRITE_THEM)


def _read(path: Path) -> Any:
    try:
        with file_errors(path):
            return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise UserError(f"“{path.name}” holds no colour hints", "It is not valid JSON", WRITE_THEM) from None
