"""apply: run one filter on one picture."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from imgstudio.cli.console import Console
from imgstudio.cli.process import add_common, filter_named, process, work_of
from imgstudio.core import params as declared
from imgstudio.core.errors import UserError
from imgstudio.core.paths import write_atomically
from imgstudio.core.recipe import Recipe, RecipeStep
from imgstudio.filters.base import AnyFilter, Finish
from imgstudio.filters.registry import load_filters


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, "a parameter")
    parser.add_argument("--save-recipe", type=Path, metavar="R.json", help="write what was done")
    add_common(parser)


def add_settings(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Filter, picture, output, and the filter's settings; `meaning` is what --set gives."""
    parser.add_argument("filter", metavar="FILTER", help="its id, as `imgstudio filters` lists them")
    parser.add_argument("input", metavar="IN", type=Path)
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True)
    parser.add_argument(
        "--set", dest="settings", action="append", default=[], metavar="NAME=VALUE", help=meaning
    )
    parser.add_argument("--strength", type=float, default=None, help="0 to 1, how much of the result is used")
    parser.add_argument("--detail", type=float, default=None, help="0 to 1, fine detail given back")
    parser.add_argument("--seed", type=int, default=None)


def settings_of(item: AnyFilter, parsed: argparse.Namespace) -> tuple[Any, Finish, int]:
    """Parameters, strength and detail, and the seed. Raises UserError."""
    own = {param.name for param in declared.describe(item.params)}
    common, settings = _split(parsed.settings, own)
    params = declared.from_text(item.params, settings)
    finish = Finish(
        _unit("strength", parsed.strength, common, 1.0), _unit("detail", parsed.detail, common, 0.0)
    )
    return params, finish, _seed(parsed.seed, common)


def run(parsed: argparse.Namespace, console: Console) -> int:
    filters = load_filters()
    item = filter_named(filters, parsed.filter)
    params, finish, seed = settings_of(item, parsed)
    step = RecipeStep(
        filter=item.id,
        version=item.version,
        params=declared.to_json(params),
        strength=finish.strength,
        detail=finish.detail,
        seed=seed,
    )
    notes = process(
        parsed.input, parsed.output, (step,), filters, work_of(parsed), console.progress(item.name)
    )
    for note in notes:
        console.note(f"Note: {note}")
    if parsed.save_recipe is not None:
        write_atomically(parsed.save_recipe, Recipe((step,)).to_json().encode())
    console.note(f"Wrote {parsed.output}")
    return 0


def _split(assignments: list[str], own: set[str]) -> tuple[dict[str, str], list[str]]:
    """Strength, detail and seed may also be given with --set."""
    common: dict[str, str] = {}
    rest: list[str] = []
    for assignment in assignments:
        name, _, value = assignment.partition("=")
        if name in ("strength", "detail", "seed") and name not in own:
            common[name] = value
        else:
            rest.append(assignment)
    return common, rest


def _unit(name: str, given: float | None, common: dict[str, str], default: float) -> float:
    value = given if given is not None else _float(name, common[name]) if name in common else default
    if not 0 <= value <= 1:
        raise UserError(f"{name.capitalize()} {value:g} is not possible", "", "Give a number from 0 to 1")
    return value


def _float(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UserError(f"{name.capitalize()} “{text}” is not a number", "", "Give a number") from None


def _seed(given: int | None, common: dict[str, str]) -> int:
    return given if given is not None else int(_float("seed", common.get("seed", "0")))
