"""DDColor from a person's own file: taken over, speaking as our own network does, and told about where it cannot be."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
import torch

from imgstudio.cli.main import main
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.colorize.eye import Eye
from imgstudio.engine.converters import converter
from imgstudio.engine.nets.ddcolor import DDColorNet, made_for
from imgstudio.engine.own_models import DDCOLOR, entry_of
from imgstudio.engine.sources import question
from imgstudio.filters.models import models


@pytest.fixture(scope="module")
def published():
    """A file as its authors publish it, with random weights of the least size; skips without the package."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        arches = pytest.importorskip("spandrel_extra_arches.architectures.DDColor")
    torch.manual_seed(0)
    network = arches.DDColor(
        encoder_name="convnext-t", num_output_channels=2, num_queries=9, last_norm="Spectral", dec_layers=1
    )
    buffer = io.BytesIO()
    torch.save({"params": network.state_dict()}, buffer)
    return buffer.getvalue()


@pytest.fixture
def without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "spandrel_extra_arches.architectures.DDColor", None)


def test_without_the_package_the_user_is_told_what_to_install(without_the_package):
    with pytest.raises(UserError, match="pip install spandrel-extra-arches"):
        made_for({"mean": torch.zeros(1)})


def test_a_file_that_is_no_model_is_refused(tmp_path, capsys):
    (tmp_path / "photo.jpg").write_bytes(b"no")
    assert main(["models", "install", str(tmp_path / "photo.jpg")]) == 2
    assert "no model" in capsys.readouterr().err


def test_nothing_is_read_before_the_person_vouches_for_it(tmp_path, monkeypatch, capsys):
    path = tmp_path / "ddcolor.pth"
    path.write_bytes(b"PK no weights at all")
    assert "not known" in question(entry_of(path))
    monkeypatch.setattr("builtins.input", lambda: "n")
    assert main(["models", "install", str(path)]) == 130
    assert main(["models", "install", "--yes", str(path)]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_weights_of_something_else_are_refused(published, tmp_path):
    buffer = io.BytesIO()
    torch.save({"a": torch.zeros(3)}, buffer)
    with pytest.raises(UserError, match="no DDColor"):
        converter("ddcolor").convert(buffer.getvalue(), Progress())


def test_a_file_of_ones_own_is_installed_and_says_colours(published, tmp_path, one_thread):
    path = tmp_path / "ddcolor_tiny.pth"
    path.write_bytes(published)
    assert main(["models", "install", "--yes", str(path)]) == 0
    models().refresh()
    network = models().load(DDCOLOR)
    assert isinstance(network, DDColorNet)
    light = np.linspace(0, 100, 60 * 80, dtype=np.float32).reshape(60, 80)
    eye = Eye(network, torch.device("cpu"))
    opinion = eye.opinion(eye.look(light), np.zeros_like(light), np.zeros((60, 80, 2), np.float32))
    assert opinion.mean.shape == opinion.lively.shape == (60, 80, 2)
    assert np.isfinite(opinion.mean).all()
    with pytest.raises(UserError, match="no colours from a reference"):
        eye.lend(eye.look(light), np.zeros((60, 80, 2), np.float32))


def test_greys_are_seen_as_srgb_shows_them():
    seen = []
    network = DDColorNet()
    network.network = torch.nn.Module()
    network.network.forward = lambda grey: seen.append(grey) or grey[:, :2] * 0 + 20
    found = network.look(torch.full((1, 1, 64, 96), 0.5))
    assert float(seen[0].mean()) == pytest.approx(0.4663, abs=1e-3)  # L 50
    told = network.colour(found, torch.zeros(1, 3, 64, 96))
    assert told.ab.shape == (1, 2, 32, 48)
    assert float(told.ab.mean()) == pytest.approx(0.2)
    likely = network.centres[told.chances[0, :, 3, 3].argmax()]
    assert (likely - 20).abs().max() <= 8
