"""How the network behind selecting by clicks is trained: what is kept back, what is asked, and a few steps."""

import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from imgstudio.engine.manifest import read_manifest
from imgstudio.engine.nets.salientnet import SalientNet
from imgstudio.engine.select.guidance import BOX, INSIDE, OUTSIDE, PREVIOUS
from imgstudio.learn.plan import Phase
from imgstudio.learn.trainer import Trainer
from training.defaults import cutout_data, select
from training.defaults.clicking import overlap
from training.defaults.cutout_data import BACKGROUNDS, split
from training.defaults.select import SelectTask, clicked, focused_loss, plan_of
from training.defaults.select_data import REGIONS_HELD_OUT, asked, regions_of, split_regions, things_of


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """One red thing on grey in each picture of each folder."""
    root = tmp_path_factory.mktemp("data")
    photo = np.full((90, 120, 3), 90, np.uint8)
    photo[20:70, 30:90] = (220, 40, 30)
    mask = np.zeros((90, 120), np.uint8)
    mask[20:70, 30:90] = 1
    for number in range(REGIONS_HELD_OUT + 4):
        for folder in ("ecssd", "horse", "human", "pedestrian"):
            save(root / "masks" / folder / f"{number}.jpg", photo)
            save(root / "masks" / folder / f"{number}.png", mask if folder == "pedestrian" else mask * 255)
        save(root / "photos" / "bsds_train_test" / f"{number}.jpg", photo)
        save(root / "regions" / "bsds_train" / f"{number}.png", mask + 1)
    save(root / "camvid" / "train" / "a.jpg", photo)
    save(root / "camvid" / "trainannot" / "a.png", np.where(mask > 0, 8, 3).astype(np.uint8))
    save(root / "nuclei" / "images" / "a.jpg", photo)
    save(root / "nuclei" / "labels" / "a.png", mask)
    for folder in BACKGROUNDS:
        save(root / "photos" / folder / "plain.png", photo)
    return root


def square(side=96):
    truth = np.zeros((side, side), np.uint8)
    truth[24:72, 30:80] = 255
    return np.full((side, side, 3), 99, np.uint8), truth


def test_photos_whose_regions_judge_are_never_learned_from(data):
    learned, held = split_regions(data / "regions" / "bsds_train")

    assert len(held) == REGIONS_HELD_OUT
    assert not set(learned) & set(held)


def test_regions_fit_their_photo_and_nearly_all_of_a_photo_is_no_thing(data):
    picture = regions_of(data, data / "regions" / "bsds_train" / "0.png")

    assert picture.labels.shape == picture.photo.shape[:2]
    assert [thing.numbers for thing in things_of(picture)] == [(2,)]


def test_marks_are_where_they_say():
    photo, mask = square()
    random = np.random.default_rng(0)
    seen = np.zeros(4)
    for _ in range(150):
        question = asked(photo, mask, random, is_close=False)
        planes = question.image[..., 3:]
        seen += planes.reshape(-1, 4).max(0) > 0
        assert not (planes[..., INSIDE] * planes[..., OUTSIDE]).any()
        assert np.array_equal(question.mask > 0.5, mask > 127)
        if planes[..., BOX].any():
            assert overlap(planes[..., BOX] > 0, mask > 127) > 0.6

    assert (seen > 15).all(), "marks of both kinds, masks to begin with and boxes all occur"


def test_questions_about_parts_begin_with_a_coarse_map_near_the_truth():
    photo, mask = square()
    random = np.random.default_rng(1)
    for _ in range(20):
        previous = asked(photo, mask, random, is_close=True).image[..., 3 + PREVIOUS]
        assert overlap(previous > 0.5, mask > 127) > 0.6


def test_clicks_of_later_rounds_are_where_the_network_was_wrong():
    class Nothing(torch.nn.Module):
        def forward(self, image):
            return torch.full_like(image[:, :1], -9.0)

    _, mask = square()
    truth = torch.from_numpy(mask)[None, None].float().repeat(2, 1, 1, 1) / 255
    image = torch.zeros(2, 7, 96, 96)

    after = clicked(Nothing(), image, truth, torch.tensor([1, 0]))

    place = after[0, 3 + INSIDE] > 0
    assert place.any()
    assert truth[0, 0][place].mean() > 0.9
    assert not after[0, 3 + OUTSIDE].any()
    assert torch.equal(after[1], image[1]), "the second question has no later rounds"
    assert not image.any(), "what was given stays as it was"


def test_the_loss_vanishes_for_a_perfect_answer_and_looks_at_what_is_wrong():
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 8:24, 8:24] = 1
    right, shifted = (mask - 0.5) * 60, (mask.roll(4, 3) - 0.5) * 60
    plain = torch.nn.functional.binary_cross_entropy_with_logits(shifted, mask)

    assert float(focused_loss(right, mask)) == pytest.approx(0, abs=1e-4)
    assert float(focused_loss(shifted, mask)) > 2 * float(plain)


def test_it_trains_goes_on_and_exports(data, monkeypatch):
    monkeypatch.setattr(cutout_data, "HELD_OUT", 2)
    monkeypatch.setattr(select, "STAGES", ((64, 1.0, 2),))
    monkeypatch.setattr(select, "RATES", (1e-3, 1e-5))
    monkeypatch.setattr(select, "EPOCHS", 4.0)
    monkeypatch.setattr(select, "EPOCH", 2)
    plan = plan_of(0, 0)
    first = Trainer(SelectTask(data, SalientNet()), plan, "cpu")
    reports = list(itertools.islice(first.steps(), 2))
    first.save(data / "checkpoint")
    task = SelectTask(data, SalientNet())
    second = Trainer(task, plan, "cpu")
    second.restore(data / "checkpoint")
    after = list(second.steps())
    made = task.export(second.network_now(), data / "select", "Select", {"steps": 4, "seconds": 1})

    assert all(report.terms.keys() == {"entropy", "overlap", "coarse"} for report in reports + after)
    assert "IoU after 2 clicks" in after[-1].validation.scores
    assert read_manifest(data / "select") == made
    assert made.card["training"] == {"began as": "cutout", "steps": 4, "seconds": 1}
    started, before = select.started(data / "select")
    assert before == {"before": made.card["training"]}
    SelectTask(data, started)


def test_a_batch_is_of_the_size_of_its_phase(data, monkeypatch):
    monkeypatch.setattr(cutout_data, "HELD_OUT", 2)
    task = SelectTask(data, SalientNet())

    batch = task.batch([0, 1, 2], Phase("x", 1, size=64), np.random.default_rng(0))

    assert batch["image"].shape == (3, 7, 64, 64)
    assert batch["mask"].shape == (3, 1, 64, 64)
    assert 0 <= float(batch["image"].min()) <= float(batch["image"].max()) <= 1
    assert not set(task._judged) & set(split(data / "masks" / "ecssd")[0])
