"""How the bundled network that recolours pasted objects is trained: recolourings, and a few steps on tiny data."""

import itertools

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from imgstudio.engine.manifest import read_manifest
from imgstudio.learn.trainer import Trainer
from training.defaults import harmonize
from training.defaults.harmonize import HarmonizeTask, plan_of
from training.defaults.recoloured_objects import (
    HELD_OUT,
    KINDS,
    UNMARKED,
    cropped,
    objects_in,
    pair_of,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    photo = Image.fromarray(astronaut()[:256, 100:356])
    mask = np.zeros((256, 256), np.uint8)
    mask[60:180, 80:170] = 255
    for name in ("ecssd", "horse", "human", "pedestrian"):
        folder = root / "masks" / name
        folder.mkdir(parents=True)
        for number in range(2 * HELD_OUT if name == "ecssd" else 0):
            photo.save(folder / f"{number}.jpg")
            Image.fromarray(mask).save(folder / f"{number}.png")
    for path in (
        "regions/bsds_train",
        "camvid/train",
        "camvid/val",
        *(f"photos/{name}" for name in UNMARKED),
    ):
        (root / path).mkdir(parents=True)
    Image.fromarray(astronaut()[256:, 150:400, ::-1]).save(root / "photos" / "coco" / "suit.jpg")
    return root


def test_no_photo_is_both_learned_from_and_judged_by(data):
    learned, judged = (objects_in(data, held_out=held) for held in (False, True))
    assert len(learned) + len(judged) == 2 * HELD_OUT + 1
    assert len(judged) >= 1
    assert {thing.source for thing in learned} >= {"ecssd"}


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_object_is_recoloured_and_one_sees_it(data, kind):
    things = objects_in(data, held_out=False)
    thing, other = things[0], things[-1]
    pair = pair_of(thing, kind, np.random.default_rng(3), other)
    np.testing.assert_allclose(pair.composite[pair.mask == 0], pair.wanted[pair.mask == 0], atol=1e-6)
    change = np.abs(pair.composite - pair.wanted)[pair.mask == 1].mean()
    assert 0.004 < change < 0.3


def test_a_crop_holds_the_object(data):
    thing = objects_in(data, held_out=False)[0]
    random = np.random.default_rng(0)
    for _ in range(10):
        crop = cropped(thing, 64, random)
        assert crop.photo.shape == (64, 64, 3)
        assert (crop.mask > 127).sum() > 200


def test_it_trains_goes_on_and_exports(data, tmp_path, monkeypatch):
    monkeypatch.setattr(harmonize, "JUDGED", 7)
    monkeypatch.setattr(harmonize, "PAIRS", 12)
    monkeypatch.setattr(harmonize, "EPOCHS", 1.0)
    monkeypatch.setattr(harmonize, "BATCH", 4)
    plan = plan_of(0, 0)
    first = Trainer(HarmonizeTask(data, tmp_path / "pairs.safetensors"), plan, "cpu")
    reports = list(itertools.islice(first.steps(), 2))
    first.save(tmp_path / "checkpoint")
    second = Trainer(HarmonizeTask(data, tmp_path / "pairs.safetensors"), plan, "cpu")
    second.restore(tmp_path / "checkpoint")
    after = list(second.steps())
    manifest = second.task.export(second.network_now(), tmp_path / "model", "Harmonize", {"steps": 3})

    assert all(report.terms.keys() == {"colour", "judgement"} for report in reports)
    assert "gain in dB" in after[-1].validation.scores
    assert read_manifest(tmp_path / "model") == manifest
    assert manifest.task == "harmonize"
