"""A folder of pictures, the recipe "fake", and runs prepared with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from imgstudio.core.jobs import Progress
from imgstudio.filters import learned
from imgstudio.learn import recipes
from imgstudio.learn.recipe import Request
from imgstudio.learn.runs.prepare import prepare
from tests.fakes.program import KINDS, RECIPES


@pytest.fixture
def fake_parts(monkeypatch):
    """The recipe and the filter kind of the tests are found like the real ones."""
    monkeypatch.setattr(recipes, "__path__", [*recipes.__path__, str(RECIPES)])
    monkeypatch.setattr(learned, "__path__", [*learned.__path__, str(KINDS)])
    learned.kinds.cache_clear()
    yield
    learned.kinds.cache_clear()


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    random = np.random.default_rng(0)
    for index in range(8):
        pixels = random.integers(0, 256, (4, 5, 3)).astype(np.uint8)
        Image.fromarray(pixels).resize((40, 32)).save(folder / f"{index}.png")
    return folder


@pytest.fixture
def prepared(photos, fake_parts, tmp_path):
    """Makes a run; arguments are parameters of the recipe, `plan` changes fields of the plan."""

    def make(*, name="Dark", plan=None, **settings):
        recipe = recipes.recipe_named("fake")
        params = recipe.params(**settings)
        report = recipe.check(photos, params, Progress())
        chosen = replace(recipe.plan(report, params, Request()), **(plan or {}))
        return prepare(recipe, report, params, chosen, Request(), tmp_path / "runs", name)

    return make
