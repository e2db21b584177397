"""Settings near the present ones, for a contact sheet: found from how the parameters are declared."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from imgstudio.core import params as declared
from imgstudio.core.errors import UserError
from imgstudio.core.params import Number, Param
from imgstudio.filters.base import AnyFilter, Filter, SessionFilter

MOST: Final = 8
"""Pictures of a sheet, the present settings among them."""
LEAST: Final = 3
"""Fewer are no sheet."""
SIDE: Final = 160
"""Longer side of the pictures of a session, which takes seconds for each (pixels)."""
LARGE_SIDE: Final = 384
"""The same for other filters."""
STEPS: Final = 12
"""Most steps that a session takes for one of them."""
NOW: Final = "As set now"
_PAIR: Final = 2
"""Alternatives of one parameter that are taken before those of the next."""
_AT_ONCE: Final = 4
"""Alternatives of a number, each way."""


@dataclass(frozen=True, slots=True)
class Variation:
    """Settings of one picture of a sheet."""

    label: str
    """What differs from the present ones, such as "Style 2"; NOW for these themselves."""
    params: Any
    seed: int = 0
    assignment: str = ""
    """The same as the command line knows it, such as "style_weight=2"."""


def variations(
    item: AnyFilter, params: Any, seed: int = 0, *, side: int = SIDE, most: int = MOST
) -> list[Variation]:
    """The present settings, then those with one parameter changed, in the order of the form; at most `most`.

    Numbers are halved and doubled, or moved by an eighth of their range; of choices and presets the others are
    taken.
    Folded and hidden parameters stay, and so does what a picture of `side` pixels would not show.
    """
    mains = [param for param in declared.describe(item.params) if _varies(param, params)]
    rows = [_alternatives(param, getattr(params, param.name)) for param in mains]
    seen = [(quick(params, side), seed)]
    found: list[tuple[int, int, Variation]] = []
    for row, place, value in _nearest_first(rows):
        made = _changed(params, mains[row], value)
        if len(found) + 1 < most and made is not None and (quick(made, side), seed) not in seen:
            seen.append((quick(made, side), seed))
            found.append((row, place, _variation(mains[row], made, value, seed)))
    found.sort(key=lambda one: (one[0], _order(mains[one[0]], rows[one[0]][one[1]])))
    listed = [Variation(NOW, params, seed), *(one[2] for one in found)]
    if item.seeded and len(listed) < most:
        listed.append(Variation(f"Seed {seed + 1}", params, seed + 1, f"seed={seed + 1}"))
    return listed


def offers_sheet(item: AnyFilter) -> bool:
    """Whether there is anything to compare: a filter that is previewed in place and has main parameters."""
    if isinstance(item, Filter) and (item.preview == "none" or item.size is not None):
        return False
    if isinstance(item, SessionFilter) and item.needs_mask:
        return False
    return len(variations(item, item.params())) >= LEAST


def side_of(item: AnyFilter) -> int:
    """Longer side of the pictures of its sheet."""
    return LARGE_SIDE if isinstance(item, Filter) else SIDE


def shows_detail(item: AnyFilter, params: Any) -> bool:
    """Whether its sheet shows a place at full size: a small copy would not show what looks at neighbours does."""
    return isinstance(item, Filter) and bool(item.margin(params))


def missing(params: Any) -> str:
    """What must be chosen first: a filter whose first parameter is a file does nothing without it; "" if nothing."""
    first = next(iter(declared.describe(type(params))), None)
    if first is None or first.kind != "file" or getattr(params, first.name) is not None:
        return ""
    return f"Choose a picture for “{first.label}” first"


def quick(params: Any, side: int) -> Any:
    """The same settings at the cost of a small picture.

    What a filter calls `size` (the longer side it works at), `iterations` and `seconds` is effort: a picture of
    `side` pixels needs no larger canvas, few steps and no limit.
    """
    known = {param.name: param for param in declared.describe(type(params)) if param.kind == "number"}
    most: dict[str, float] = {"size": side, "iterations": STEPS, "seconds": 0}
    values = {
        name: param.type(max(param.number.min, min(getattr(params, name), most[name])))
        for name, param in known.items()
        if name in most and param.number is not None and getattr(params, name) is not None
    }
    return replace(params, **values) if values else params


def _varies(param: Param, params: Any) -> bool:
    if param.ui.advanced or param.kind not in ("number", "choice", "flag", "file"):
        return False
    if param.kind == "file" and (not param.presets or getattr(params, param.name) is None):
        return False
    return param.is_visible({field.name: getattr(params, field.name) for field in fields(params)})


def _nearest_first(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[int, int, Any]]:
    """A pair of each row in turn: number of the row, place in it, value."""
    longest = max((len(row) for row in rows), default=0)
    for start in range(0, longest, _PAIR):
        for number, row in enumerate(rows):
            for place in range(start, min(start + _PAIR, len(row))):
                yield number, place, row[place]


def _alternatives(param: Param, value: Any) -> list[Any]:
    """Other values, the nearest first."""
    if param.number is not None:
        others = _numbers(param, value)
    elif param.kind == "flag":
        others = [True, False]
    elif param.kind == "file":
        return [path for path in _presets(param) if path != value]
    else:
        others = list(param.choices)
    if param.optional:
        others.append(None)
    return [other for other in dict.fromkeys(others) if other != value]


def _presets(param: Param) -> list[Path]:
    return [Path(preset.id) for preset in param.presets]


def _numbers(param: Param, value: float | None) -> list[Any]:
    number = param.number
    assert number is not None
    low, high = _range(number)
    if value is None:
        found = [low + (high - low) * share for share in (0.25, 0.75, 0.5)]
    elif number.log or (number.min >= 0 and value > 0 and number.unit not in ("%", "°")):
        found = [value * 2**power for power in _ways()]
    else:
        found = [value + (high - low) / 8 * step for step in _ways()]
    high = high if value is None else max(high, value)
    return [_on_grid(param, min(max(other, low), high)) for other in found]


def _ways() -> list[int]:
    """-1, 1, 2, -2, 3, -3 and so on: where only one more is wanted, it is upwards."""
    return [-1, 1, *(way for step in range(2, _AT_ONCE + 1) for way in (step, -step))]


def _range(number: Number) -> tuple[float, float]:
    """What the slider covers; the same both ways of 0 where there are two."""
    high = number.max if number.soft_max is None else number.soft_max
    return (max(number.min, -high) if number.min < 0 < high else number.min), high


def _on_grid(param: Param, value: float) -> float | int:
    assert param.number is not None
    number = param.number
    step = max(number.step, 1) if param.type is int else number.step
    near = round(round(value / step) * step, 9) if step > 0 else value
    within = min(max(near, number.min), number.max)
    return int(within) if param.type is int else float(within)


def _changed(params: Any, param: Param, value: Any) -> Any:
    """None where a filter does not allow this together with the rest."""
    try:
        made = replace(params, **{param.name: value})
        declared.check(made)
    except UserError:
        return None
    return made


def _order(param: Param, value: Any) -> float:
    """Numbers from low to high, choices as they are declared, automatic first."""
    if value is None:
        return -math.inf
    known = [*param.choices, *_presets(param), False, True]
    return float(value) if param.number is not None else float(known.index(value))


def _variation(param: Param, made: Any, value: Any, seed: int) -> Variation:
    plain = declared.to_json(made)[param.name]
    text = "auto" if plain is None else str(plain).lower() if isinstance(plain, bool) else str(plain)
    return Variation(_label(param, value), made, seed, f"{param.name}={text}")


def _label(param: Param, value: Any) -> str:
    if value is None:
        return f"{param.label}: automatic"
    if isinstance(value, Path):
        preset = param.preset(value)
        return f"{param.label}: {value.name if preset is None else preset.label}"
    if isinstance(value, bool):
        return f"{param.label}: {'on' if value else 'off'}"
    if param.number is not None:
        return f"{param.label} {_number_text(param.number, value)}"
    word = str(value.value) if isinstance(value, enum.Enum) else str(value)
    return f"{param.label} {word.replace('_', ' ')}"


def _number_text(number: Number, value: float) -> str:
    if number.least_means and value == number.min:
        return number.least_means.lower()
    sign = "+" if number.min < 0 < value else ""
    unit = f" {number.unit}" if number.unit else ""
    return f"{sign}{value:g}{unit}"
