"""From a checkpoint to a model, a filter and an ONNX file."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace

import numpy as np
import pytest

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import CancelToken
from imgstudio.core.paths import models_folder
from imgstudio.engine.manifest import read_manifest
from imgstudio.engine.registry import ModelRegistry
from imgstudio.learn.runs import install as installing
from imgstudio.learn.runs.exporting import export_checkpoint
from imgstudio.learn.runs.install import install
from imgstudio.learn.runs.onnx import write_onnx
from imgstudio.learn.runs.worker import work


@pytest.fixture
def trained(prepared):
    run, token = prepared(), CancelToken()
    work(
        run,
        resume=False,
        find_rate=False,
        token=token,
        listen=lambda status: token.cancel() if status.step == 6 else None,
    )
    return run


def test_models_are_installed_under_ids_of_their_own(trained, prepared):
    first = install(trained.model, "My Dark")
    assert (first.id, first.name) == ("my-dark", "My Dark")
    again = install(trained.model, "My Dark")
    assert again == first
    other = prepared(channels=3)
    work(other, resume=False, find_rate=False)
    second = install(other.model, "My Dark")
    assert second.id == "my-dark-2"
    registry = ModelRegistry(models_folder())
    assert {m.id: registry.state(m.id) for m in registry.manifests()} == {
        "my-dark": "installed",
        "my-dark-2": "installed",
    }
    assert read_manifest(trained.model).id == "model"


def test_a_bundled_model_keeps_its_id(trained):
    assert install(trained.model, "dejpeg").id == "dejpeg-2"


def test_an_installation_that_breaks_off_leaves_nothing(trained, monkeypatch):
    def broken(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(installing.shutil, "copytree", broken)
    with pytest.raises(UserError, match="disk is full"):
        install(trained.model, "Dark")
    assert list(models_folder().iterdir()) == []


@pytest.mark.parametrize("which", ["best", "last", "6"])
def test_any_kept_checkpoint_becomes_a_model(trained, which, tmp_path):
    manifest, folder = export_checkpoint(trained, which, tmp_path / "out", "Dusk")
    assert (manifest.name, folder.name) == ("Dusk", manifest.id)
    assert ModelRegistry(tmp_path / "out").state(manifest.id) == "installed"
    _, second = export_checkpoint(trained, which, tmp_path / "out", "Dusk")
    assert second.name == "dusk-2"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["dusk", "dusk-2"]


def test_a_step_that_was_not_kept_is_told_with_those_that_were(trained, tmp_path):
    with pytest.raises(UserError, match="best, last"):
        export_checkpoint(trained, "5", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_onnx_file_computes_the_same(trained, tmp_path):
    import onnx
    import torch
    from onnx.reference import ReferenceEvaluator

    target = tmp_path / "dark.onnx"
    write_onnx(trained.model, target)
    proto = onnx.load(target)
    facts = {item.key: item.value for item in proto.metadata_props}
    assert facts["name"] == "Dark" and json.loads(facts["range"]) == [0.0, 1.0]
    picture = np.random.default_rng(0).random((1, 3, 11, 14), np.float32)
    network = ModelRegistry(trained.path).load("model")
    with torch.inference_mode():
        expected = network(torch.from_numpy(picture)).numpy()
    (found,) = ReferenceEvaluator(proto).run(None, {"picture": picture})
    assert np.allclose(found, expected, atol=1e-5)


def test_without_its_packages_onnx_is_refused_in_words(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"imgstudio\[onnx\]"):
        write_onnx(trained.model, tmp_path / "dark.onnx")
    assert not (tmp_path / "dark.onnx").exists()


def test_a_network_that_onnx_cannot_follow_is_named(trained, tmp_path):
    manifest = replace(read_manifest(trained.model), architecture="dejpeg_v1", hyperparameters={})
    (trained.model / "model.json").write_text(manifest.to_json())
    with pytest.raises(UserError):
        write_onnx(trained.model, tmp_path / "dark.onnx")
    assert not (tmp_path / "dark.onnx").exists()
