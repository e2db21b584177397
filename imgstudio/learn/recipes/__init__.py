"""One recipe a file, each ends in RECIPE; whoever adds one changes nothing else."""

from __future__ import annotations

import sys

from imgstudio.core.errors import UserError
from imgstudio.engine.discovery import declared
from imgstudio.learn.recipe import AnyRecipe, Recipe


def recipes() -> tuple[AnyRecipe, ...]:
    """What a person may train, by name. Imports no torch."""
    return tuple(sorted((recipe for recipe in _all() if recipe.is_offered), key=lambda recipe: recipe.name))


def recipe_named(recipe_id: str) -> AnyRecipe:
    """Any recipe, also those that only other recipes use; raises UserError naming the ones there are."""
    for recipe in _all():
        if recipe.id == recipe_id:
            return recipe
    known = ", ".join(sorted(recipe.id for recipe in recipes())) or "none"
    raise UserError(f"There is no recipe “{recipe_id}”", "", f"Known recipes: {known}")


def _all() -> list[AnyRecipe]:
    return declared(sys.modules[__name__], "RECIPE", Recipe)
