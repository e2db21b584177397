"""The trainer of the bundled network for styles, on made-up pictures."""

import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from imgstudio.learn.plan import Curve, Phase, Plan
from imgstudio.learn.trainer import Trainer
from training.defaults import style
from training.defaults.features import FOLDERS


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Twelve paintings, one ground of a composite and a few photos, and a small share of the variations."""
    monkeypatch.setattr(style, "CHANGED", 1)
    monkeypatch.setattr(style, "TARGETS", 1)
    monkeypatch.setattr(style, "TEXTURES", 2)
    monkeypatch.setattr(style, "SCALES", (60, 90))
    random = np.random.default_rng(0)

    def picture(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = random.integers(0, 256, (5, 7, 3), np.uint8)
        Image.fromarray(coarse).resize((112, 80), Image.Resampling.NEAREST).save(path)

    for name in style.PRESETS:
        picture(tmp_path / "paintings" / f"{name}.png")
    picture(tmp_path / "painterly" / "0_target.png")
    picture(tmp_path / "painterly" / "0_naive.png")
    for folder in FOLDERS:
        picture(tmp_path / folder / "photo.png")
    return tmp_path


def task(data):
    return style.ManyStylesTask(data, data / "kept" / "styles.safetensors")


def test_styles_are_presets_first_then_paintings_then_photos(data):
    kinds = [kind for kind, _ in style.style_pictures(data, sorted(data.glob("photos/*/*")))]
    assert kinds == [0] * 12 + [1] * 13 + [2] * 2


def test_it_learns_each_picture_of_a_batch_in_a_style_of_its_own(data):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    made = task(data)
    plan = Plan((Phase("x", 3, "steps", Curve("constant", 1e-3, 1e-3), size=32, batch=3),), average_decay=0)
    session = Trainer(made, plan, "cpu")
    losses = [report.loss for report in itertools.islice(session.steps(), 3)]
    torch.set_num_threads(threads)
    network = made.network

    assert np.isfinite(losses).all()
    assert network.offsets.detach().abs().max() > 0
    master = network.finished()
    expected = master.predictor(network.seen) + network.offsets
    assert torch.allclose(master.painter.styles.vectors, expected)
    photo = torch.rand(2, 3, 16, 16)
    learned = int(network.offsets.detach().abs().sum(1).argmax())
    seen = network.seen[learned][None].repeat(2, 1)
    both = network.eval()(photo[:1].repeat(2, 1, 1, 1), seen, torch.tensor([learned, -1]))
    assert not torch.equal(both[0], both[1]), "only a preset has its offset"


def test_what_was_measured_is_kept(data, monkeypatch):
    first = task(data)
    monkeypatch.setattr(style.ManyStylesTask, "_measured", lambda *args: pytest.fail("measured again"))
    again = task(data)
    for one, other in zip(first._wanted, again._wanted, strict=True):
        assert torch.equal(one.covariance, other.covariance)
