"""What was done to a picture, so that it can be done again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from imgstudio.core import colour_hints
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Transform

SCHEMA: Final = 1
HINTS: Final = "hints"
"""The parameter that holds colour hints, in places of the picture."""


@dataclass(frozen=True, slots=True)
class RecipeStep:
    """One filter run, complete enough to repeat it bit for bit on the same kind of machine."""

    filter: str
    """Filter id."""
    version: str = "1"
    params: dict[str, Any] = field(default_factory=dict)
    """JSON values by name."""
    strength: float = 1.0
    """0..1, how much of the result is blended in."""
    detail: float = 0.0
    """0..1, how much fine detail of the original is given back."""
    seed: int = 0
    models: dict[str, str] = field(default_factory=dict)
    """Model id -> sha256 of the weights that were used."""
    region: str = "all"
    """"all", "mask" when a selection limited it, or "object" when it was made of one layer over what lies below."""
    made_of: dict[str, Any] = field(default_factory=dict)
    """Of an object: its layer's id and where that lay; see filters/objects.py. Empty for other steps."""
    program: str = ""
    """Name and version of the program that ran it."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Steps in order."""

    steps: tuple[RecipeStep, ...] = ()

    def then(self, step: RecipeStep) -> Recipe:
        return Recipe((*self.steps, step))

    def moved(self, transform: Transform) -> Recipe:
        """The same for a picture that was turned or scaled since: colour hints go with it."""
        return Recipe(tuple(_moved(step, transform) for step in self.steps))

    def to_json(self, *, compact: bool = False) -> str:
        """`compact` for places that are small, as in a JPEG; else it can be read line by line."""
        document = {"imgstudio_recipe": SCHEMA, "steps": [_written(step) for step in self.steps]}
        style: dict[str, Any] = {"separators": (",", ":")} if compact else {"indent": 2}
        return json.dumps(document, ensure_ascii=False, sort_keys=True, **style)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read a recipe; raises UserError in the user's words."""
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise UserError(
                "The recipe cannot be read",
                f"Line {error.lineno} is not JSON",
                "Save the recipe again from the window or with --save-recipe",
            ) from None
        return cls(tuple(_step(item, number) for number, item in enumerate(_steps(data), 1)))


def _moved(step: RecipeStep, transform: Transform) -> RecipeStep:
    if not step.params.get(HINTS):
        return step
    hints = colour_hints.moved(colour_hints.hints_of(step.params[HINTS]), transform)
    return replace(step, params={**step.params, HINTS: colour_hints.to_plain(hints)})


def _written(step: RecipeStep) -> dict[str, Any]:
    values = asdict(step)
    if not step.made_of:
        del values["made_of"]
    return values


def _steps(data: Any) -> list[Any]:
    schema = data.get("imgstudio_recipe") if isinstance(data, dict) else None
    if not isinstance(schema, int):
        raise UserError("This is not a recipe", "It has no “imgstudio_recipe” number", "Choose another file")
    if schema > SCHEMA:
        raise UserError("This recipe is newer than the program", f"Schema {schema}", "Update imgstudio")
    steps = data.get("steps")
    if not isinstance(steps, list):
        raise UserError("The recipe has no steps", "“steps” is not a list", "Save the recipe again")
    return steps


_TYPES: Final[dict[str, Any]] = {
    "filter": str,
    "version": str,
    "params": dict,
    "strength": (int, float),
    "detail": (int, float),
    "seed": int,
    "models": dict,
    "region": str,
    "made_of": dict,
    "program": str,
}


def _step(item: Any, number: int) -> RecipeStep:
    if not isinstance(item, dict) or not isinstance(item.get("filter"), str):
        raise UserError(f"Step {number} of the recipe names no filter", "", "Save the recipe again")
    for name, value in item.items():
        if name not in _TYPES or not isinstance(value, _TYPES[name]) or isinstance(value, bool):
            raise UserError(
                f"Step {number} of the recipe has a wrong entry", f"“{name}”: {value!r}", "Save it again"
            )
    step = RecipeStep(**item)
    if not (0 <= step.strength <= 1 and 0 <= step.detail <= 1):
        raise UserError(f"Step {number} of the recipe is out of range", "Strength and detail are 0 to 1", "")
    return step
