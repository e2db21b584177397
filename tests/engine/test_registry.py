"""Which models there are, whether they are whole, and the loaded ones."""

from __future__ import annotations

import logging
import sys
import types
from pathlib import Path

import pytest
import torch

from imgstudio.core.errors import UserError
from imgstudio.engine.manifest import Architecture, ModelManifest, save_model
from imgstudio.engine.registry import ModelRegistry, architectures_of, read_catalogue


def line(width: int = 3) -> torch.nn.Module:
    return torch.nn.Conv2d(width, width, 3, padding=1)


def broken() -> torch.nn.Module:
    raise TypeError("no such hyperparameter")


@pytest.fixture
def roots(tmp_path) -> tuple[Path, Path]:
    return tmp_path / "own", tmp_path / "shipped"


@pytest.fixture
def registry(roots) -> ModelRegistry:
    registry = ModelRegistry(*roots)
    registry.add_architectures([Architecture("line", line), Architecture("broken", broken)])
    return registry


def put(root: Path, model_id: str = "tiny", seed: int = 0, **fields: object) -> ModelManifest:
    torch.manual_seed(seed)
    merged = {"id": model_id, "name": model_id.title(), "task": "restore", "architecture": "line", **fields}
    return save_model(root / model_id, line(), **merged)


def test_models_are_listed_by_name_and_by_task(registry, roots):
    put(roots[0], "b-model", name="Zebra", task="segment")
    put(roots[1], "a-model", name="Ant")
    assert [m.name for m in registry.manifests()] == ["Ant", "Zebra"]
    assert [m.id for m in registry.manifests("segment")] == ["b-model"]


def test_without_folders_there_are_no_models(registry):
    assert registry.manifests() == ()
    assert registry.problems == ()
    with pytest.raises(UserError, match="not installed"):
        registry.manifest("tiny")


def test_the_users_own_model_wins_over_the_shipped_one(registry, roots):
    put(roots[1], version="1")
    put(roots[0], version="2")
    assert registry.manifest("tiny").version == "2"


def test_a_bad_folder_is_passed_over_and_kept_as_a_problem(registry, roots, caplog):
    put(roots[0], "good")
    (roots[0] / "bad").mkdir()
    (roots[0] / "bad" / "model.json").write_text("{")
    (roots[0] / ".draft-1").mkdir()
    (roots[0] / ".draft-1" / "model.json").write_text("{")
    with caplog.at_level(logging.WARNING):
        assert [m.id for m in registry.manifests()] == ["good"]
    assert [p.folder.name for p in registry.problems] == ["bad"]
    assert "Passed over" in caplog.text
    caplog.clear()


def test_the_loaded_network_has_the_saved_weights(registry, roots):
    put(roots[0], seed=5)
    network = registry.load("tiny")
    torch.manual_seed(5)
    assert torch.equal(network.weight, line().weight)
    assert not network.training
    assert not network.weight.requires_grad


def test_a_network_is_loaded_in_the_asked_format_and_once(registry, roots):
    put(roots[0])
    halved = registry.load("tiny", torch.device("cpu"), torch.bfloat16)
    assert halved.weight.dtype == torch.bfloat16
    assert registry.load("tiny", torch.device("cpu"), torch.bfloat16) is halved
    assert registry.load("tiny").weight.dtype == torch.float32
    registry.release()
    assert registry.load("tiny", torch.device("cpu"), torch.bfloat16) is not halved


def test_weights_stored_in_half_precision_load_as_float32(registry, roots):
    fields = {"id": "tiny", "name": "Tiny", "task": "restore", "architecture": "line"}
    save_model(roots[0] / "tiny", line(), half=True, **fields)
    assert registry.load("tiny").weight.dtype == torch.float32


def test_the_least_recently_used_network_is_forgotten_first(roots):
    size = sum(p.nbytes for p in line().parameters())
    registry = ModelRegistry(*roots, cache_bytes=2 * size)
    registry.add_architecture(Architecture("line", line))
    for model_id in ("a", "b", "c"):
        put(roots[0], model_id)
    a, b = registry.load("a"), registry.load("b")
    assert registry.load("a") is a
    registry.load("c")
    assert registry.load("a") is a
    assert registry.load("b") is not b


def test_altered_weights_are_found_and_never_loaded(registry, roots):
    put(roots[0])
    registry.load("tiny")
    assert registry.state("tiny") == "installed"
    weights = roots[0] / "tiny" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes() + b"!")
    assert registry.state("tiny") == "altered"
    with pytest.raises(UserError, match="changed or damaged"):
        registry.load("tiny")


def test_verify_reads_again_what_looks_untouched(registry, roots):
    import os

    put(roots[0])
    assert registry.verify("tiny") == "installed"
    weights = roots[0] / "tiny" / "weights.safetensors"
    status = weights.stat()
    weights.write_bytes(bytes(status.st_size))
    os.utime(weights, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert registry.verify("tiny") == "altered"


def test_missing_weights_are_missing(registry, roots):
    assert registry.state("tiny") == "missing"
    put(roots[0])
    registry.refresh()
    (roots[0] / "tiny" / "weights.safetensors").unlink()
    assert registry.state("tiny") == "missing"
    with pytest.raises(UserError, match="missing"):
        registry.load("tiny")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"architecture": "unheard-of"}, "not part of this version"),
        ({"architecture": "broken"}, "no such hyperparameter"),
        ({"hyperparameters": {"width": 4}}, "do not fit"),
        ({"hyperparameters": {"depth": 4}}, "do not fit"),
    ],
)
def test_a_model_that_does_not_fit_this_program_is_told_to_the_user(registry, roots, fields, told):
    put(roots[0], **fields)
    with pytest.raises(UserError, match=told):
        registry.load("tiny")


def test_changes_are_announced_and_seen_after_a_refresh(registry, roots):
    heard = []
    registry.changed.connect(lambda: heard.append(len(registry.manifests())))
    assert registry.manifests() == ()
    put(roots[0])
    registry.refresh()
    registry.remove("tiny")
    assert heard == [1, 0]
    assert list(roots[0].iterdir()) == []


def test_what_comes_with_the_program_cannot_be_removed(registry, roots):
    put(roots[1])
    assert not registry.is_removable("tiny")
    with pytest.raises(UserError, match="comes with"):
        registry.remove("tiny")
    assert registry.state("tiny") == "installed"


def test_removing_the_users_own_uncovers_the_shipped_one(registry, roots):
    put(roots[0], version="2")
    put(roots[1], version="1")
    registry.remove("tiny")
    assert registry.manifest("tiny").version == "1"


def test_a_preview_is_offered_where_there_is_one(registry, roots):
    put(roots[0])
    assert registry.preview("tiny") is None
    (roots[0] / "tiny" / "preview.jpg").write_bytes(b"")
    assert registry.preview("tiny") == roots[0] / "tiny" / "preview.jpg"


def test_a_second_architecture_of_the_same_name_is_refused_and_changes_nothing(registry, roots):
    put(roots[0])
    put(roots[0], "other", architecture="fresh")
    with pytest.raises(ValueError, match="line"):
        registry.add_architectures([Architecture("fresh", line), Architecture("line", broken)])
    assert isinstance(registry.load("tiny"), torch.nn.Conv2d)
    with pytest.raises(UserError, match="not part"):
        registry.load("other")


def test_every_shipped_architecture_has_its_own_name():
    from imgstudio.engine import nets

    names = [architecture.id for architecture in architectures_of(nets)]
    assert len(names) == len(set(names))


def test_architectures_are_found_by_their_file(tmp_path, monkeypatch):
    (tmp_path / "made_up_nets").mkdir()
    (tmp_path / "made_up_nets" / "__init__.py").write_text("")
    (tmp_path / "made_up_nets" / "one.py").write_text(
        "from imgstudio.engine.manifest import Architecture\nARCHITECTURE = Architecture('one', dict)\n"
    )
    (tmp_path / "made_up_nets" / "parts.py").write_text("ARCHITECTURE = 'not one'\n")
    monkeypatch.syspath_prepend(tmp_path)
    import made_up_nets

    assert isinstance(made_up_nets, types.ModuleType)
    assert [a.id for a in architectures_of(made_up_nets)] == ["one"]
    for name in [name for name in sys.modules if name.startswith("made_up_nets")]:
        monkeypatch.delitem(sys.modules, name)


def test_the_shipped_catalogue_can_be_read():
    for entry in ModelRegistry.of_user().catalogue():
        assert entry.source.kind != "bundled"
        assert entry.licence


def test_a_catalogue_holds_entries_without_weights(tmp_path):
    entry = ModelManifest(id="x", name="X", task="style", architecture="line")
    (tmp_path / "c.json").write_text(f"[{entry.to_json()}]")
    assert read_catalogue(tmp_path / "c.json") == (entry,)
    assert read_catalogue(tmp_path / "none.json") == ()
    (tmp_path / "c.json").write_text("{}")
    with pytest.raises(UserError, match="not a list"):
        read_catalogue(tmp_path / "c.json")
