"""Models as filters: which become one, and that the list follows the models."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from imgstudio.core.errors import UserError
from imgstudio.core.paths import models_folder
from imgstudio.engine.manifest import ModelManifest
from imgstudio.engine.registry import ModelRegistry
from imgstudio.filters import learned
from imgstudio.filters.base import Filter, FilterRegistry, NoParams
from imgstudio.filters.learned import filter_of
from imgstudio.filters.learned.kind import LearnedKind, filter_id
from imgstudio.filters.models import models
from imgstudio.filters.registry import follow_models, load_filters

DUSK = ModelManifest("dusk", "Dusk", "dimming", "edsr", sha256="ab" * 32)


def dimmer(registry, manifest):
    if manifest.name == "Odd":
        raise RuntimeError("too odd")
    run = lambda image, params, progress: image.pixels * 0.5  # noqa: E731
    return Filter(filter_id(manifest.id), manifest.name, "Other", "", NoParams, run, models=(manifest.id,))


@pytest.fixture(autouse=True)
def _dimming_is_known(monkeypatch):
    monkeypatch.setattr(learned, "kinds", lambda: {"dimming": LearnedKind("dimming", dimmer)})


def put(root, manifest):
    folder = root / manifest.id
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(manifest.to_json())


def test_models_come_and_go_as_filters(tmp_path):
    registry, filters = ModelRegistry(tmp_path), FilterRegistry()
    heard = []
    filters.changed.connect(lambda: heard.append(sorted(item.id for item in filters)))
    follow_models(filters, registry)
    put(tmp_path, DUSK)
    put(tmp_path, replace(DUSK, id="other", task="unknown"))
    registry.refresh()
    assert filters["model.dusk"].name == "Dusk"
    registry.remove("dusk")
    assert filters.find("model.dusk") is None
    assert heard == [[], ["model.dusk"], []]


def test_a_model_that_a_built_in_filter_uses_is_no_filter_of_its_own(tmp_path):
    put(tmp_path, DUSK)
    filters = FilterRegistry()
    filters.add(replace(dimmer(None, DUSK), id="dim", models=("dusk",)))
    follow_models(filters, ModelRegistry(tmp_path))
    assert [item.id for item in filters] == ["dim"]


def test_an_odd_model_is_set_aside_and_the_others_stay(tmp_path):
    put(tmp_path, DUSK)
    put(tmp_path, replace(DUSK, id="odd", name="Odd"))
    filters = FilterRegistry()
    follow_models(filters, ModelRegistry(tmp_path))
    assert [item.id for item in filters] == ["model.dusk"]
    assert [(item.name, item.reason) for item in filters.disabled] == [("Odd", "RuntimeError: too odd")]


def test_whoever_goes_through_the_list_is_not_disturbed(tmp_path):
    filters = FilterRegistry()
    filters.replace_learned([dimmer(None, replace(DUSK, id=name)) for name in "abc"])
    seen = []
    for item in filters:
        filters.replace_learned([])
        seen.append(item.id)
    assert seen == ["model.a", "model.b", "model.c"]


def test_the_models_of_the_user_are_filters_of_the_program():
    put(models_folder(), DUSK)
    filters = load_filters()
    assert "model.dusk" in filters
    models().remove("dusk")
    assert "model.dusk" not in filters


def test_a_task_that_nobody_knows_is_told():
    with pytest.raises(UserError, match="cutting"):
        filter_of(ModelRegistry(), replace(DUSK, task="cutting"))


def test_listing_filters_loads_no_torch():
    code = "import sys; from imgstudio.filters.registry import load_filters; load_filters(); print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
