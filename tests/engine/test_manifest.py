"""What a model folder says about itself."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from imgstudio.core.errors import UserError
from imgstudio.engine.hashing import sha256_of_file
from imgstudio.engine.manifest import (
    SCHEMA,
    Bundled,
    File,
    ModelManifest,
    Url,
    Wheel,
    manifest_from,
    read_manifest,
    save_model,
)

HASH = "0" * 64
FIELDS = {"id": "tiny", "name": "Tiny", "task": "restore", "architecture": "line"}
SOURCES = [
    Bundled(),
    File("a.pth"),
    Wheel("six", "1.16.0", HASH, "six.py", HASH, "safetensors", 12),
    Url("https://example.org/a.pth", HASH, 5),
]


def net() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))


def plain(**changes: object) -> dict[str, object]:
    return {"schema": SCHEMA, "sha256": HASH, **FIELDS, **changes}


@pytest.mark.parametrize("source", SOURCES)
def test_a_saved_manifest_reads_back_equal(tmp_path, source):
    made = save_model(
        tmp_path / "tiny",
        net(),
        **FIELDS,
        hyperparameters={"width": 3},
        classes=("sky", "sea"),
        range=(-1.0, 1.0),
        source=source,
        licence="CC0",
        card={"data": "noise", "scores": {"psnr": 31.5}, "limits": "all"},
    )
    assert read_manifest(tmp_path / "tiny") == made
    assert sha256_of_file(tmp_path / "tiny" / "weights.safetensors") == made.sha256


def test_a_catalogue_entry_without_weights_is_no_installed_model(tmp_path):
    entry = ModelManifest(**FIELDS)
    assert manifest_from(json.loads(entry.to_json())) == entry
    (tmp_path / "model.json").write_text(entry.to_json())
    with pytest.raises(UserError, match="checksum"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"schema": SCHEMA + 1}, "newer"),
        ({"schema": "1"}, "format"),
        ({"schema": True}, "format"),
        ({"surprise": 1}, "surprise"),
        ({"id": "../evil"}, "id"),
        ({"id": "Big"}, "id"),
        ({"name": 3}, "name"),
        ({"name": " "}, "name"),
        ({"sha256": "abc"}, "sha256"),
        ({"multiple_of": 0}, "multiple_of"),
        ({"multiple_of": 2.0}, "multiple_of"),
        ({"overlap": True}, "overlap"),
        ({"tiling": "maybe"}, "tiling"),
        ({"tiling": []}, "tiling"),
        ({"range": [1, 0]}, "range"),
        ({"range": [0, "1"]}, "range"),
        ({"classes": "sky"}, "classes"),
        ({"card": []}, "card"),
        ({"hyperparameters": None}, "hyperparameters"),
        ({"source": {"kind": "moon"}}, "source"),
        ({"source": {"kind": []}}, "source"),
        ({"source": {"kind": "url", "url": "https://example.org"}}, "sha256"),
        ({"source": {"kind": "url", "url": "https://example.org", "sha256": ""}}, "source"),
        ({"source": {"kind": "file", "path": 3}}, "source"),
    ],
)
def test_a_strange_manifest_is_told_to_the_user(changes, told):
    with pytest.raises(UserError, match=told):
        manifest_from(plain(**changes))


@pytest.mark.parametrize("name", ["id", "name", "task", "architecture", "schema"])
def test_a_missing_field_is_told_to_the_user(name):
    data = plain()
    del data[name]
    with pytest.raises(UserError):
        manifest_from(data)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00"])
def test_a_damaged_file_is_told_to_the_user(tmp_path, text):
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(UserError):
        read_manifest(tmp_path)


def test_a_missing_manifest_is_told_to_the_user(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "bad", [{"id": "NOT GOOD"}, {"card": {"psnr": math.nan}}, {"card": {"path": Path()}}]
)
def test_nothing_is_written_when_the_manifest_is_wrong(tmp_path, bad):
    with pytest.raises(UserError):
        save_model(tmp_path / "m", net(), **{**FIELDS, **bad})
    assert list(tmp_path.iterdir()) == []


def test_half_precision_is_smaller_but_keeps_what_it_cannot_hold(tmp_path):
    state = {
        "many": torch.rand(10_000),
        "large": torch.tensor([1e6]),
        "steps": torch.tensor(70_000),
        "turned": torch.rand(4, 5).t(),
    }
    save_model(tmp_path / "half", state, half=True, **FIELDS)
    save_model(tmp_path / "full", state, **FIELDS)
    half = load_file(tmp_path / "half" / "weights.safetensors")
    full = load_file(tmp_path / "full" / "weights.safetensors")
    assert {name: t.dtype for name, t in half.items()} == {
        "many": torch.float16,
        "large": torch.float32,
        "steps": torch.int64,
        "turned": torch.float16,
    }
    assert all(torch.equal(full[name], state[name]) for name in state)
    torch.testing.assert_close(half["many"].float(), state["many"], atol=1e-3, rtol=0)


def test_tied_weights_can_be_saved_and_equal_weights_give_equal_files(tmp_path):
    tensor = torch.rand(3)
    first = save_model(tmp_path / "a", {"x": tensor, "y": tensor}, **FIELDS)
    second = save_model(tmp_path / "b", {"y": tensor.clone(), "x": tensor}, **FIELDS)
    assert first.sha256 == second.sha256
