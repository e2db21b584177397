"""How the network behind "Cut out subject" is trained: what is kept back, what is drawn, and a few steps."""

import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from imgstudio.engine.manifest import read_manifest
from imgstudio.engine.nets.lite0 import Lite0
from imgstudio.learn.plan import Phase
from imgstudio.learn.timeline import Timeline
from imgstudio.learn.trainer import Trainer
from training.defaults import cutout, cutout_data
from training.defaults.cutout import CutoutTask, likeness_loss, overlap_loss, plan_of
from training.defaults.cutout_data import FOLDERS, HELD_OUT, Pool, example, split


def photo_and_mask(folder, name, value=255):
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.full((60, 80, 3), 40, np.uint8)
    mask = np.zeros((60, 80), np.uint8)
    pixels[15:45, 20:60], mask[15:45, 20:60] = (200, 60, 30), value
    Image.fromarray(pixels).save(folder / f"{name}.jpg", quality=95)
    Image.fromarray(mask).save(folder / f"{name}.png")


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(cutout_data, "HELD_OUT", 2)
    for folder in FOLDERS:
        for number in range(4):
            photo_and_mask(tmp_path / "masks" / folder, f"{number}", 2 if folder == "pedestrian" else 255)
    for folder in {*cutout_data.BACKGROUNDS, *cutout_data.TAUGHT}:
        (tmp_path / "photos" / folder).mkdir(parents=True)
        Image.fromarray(np.full((50, 70, 3), 128, np.uint8)).save(tmp_path / "photos" / folder / "plain.png")
    return tmp_path


def test_pictures_that_judge_are_chosen_by_their_names_alone(tmp_path):
    for number in range(HELD_OUT + 20):
        photo_and_mask(tmp_path / "ecssd", f"{number}")
    learned, held = split(tmp_path / "ecssd")
    for path in learned[:10]:
        path.unlink()
    fewer, still_held = split(tmp_path / "ecssd")

    assert len(held) == HELD_OUT
    assert not set(learned) & set(held)
    assert still_held == held
    assert set(fewer) == set(learned[10:])


def test_what_is_drawn_holds_most_of_the_thing_where_it_is(data):
    pool, random = Pool(data, None), np.random.default_rng(0)

    for _ in range(40):
        drawn = pool.draw(48, random)
        assert drawn.photo.shape == (48, 48, 3)
        inside = drawn.mask > 250
        assert inside.mean() > 0.02
        red = drawn.photo[..., 0].astype(int) - drawn.photo[..., 2]
        assert red[inside].mean() >= red[drawn.mask < 5].mean()


def test_every_person_of_a_street_counts(data):
    assert set(np.unique(example(data / "masks" / "pedestrian" / "0.jpg").mask)) == {0, 255}


def test_only_clear_maps_of_the_teacher_are_believed(data):
    teacher = data / "teacher"
    teacher.mkdir()
    clear, vague = np.zeros((320, 320), np.uint8), np.full((320, 320), 120, np.uint8)
    clear[80:240, 80:240] = 255
    Image.fromarray(clear).save(teacher / "coco__plain.png")
    Image.fromarray(vague).save(teacher / "cid22__plain.png")

    assert len(Pool(data, teacher)) == len(Pool(data, None)) + 1


def test_sizes_grow_and_the_rate_only_falls_after_the_climb():
    plan = plan_of(0, 0)
    line = Timeline(plan, 400)
    rates = []
    while not line.is_over:
        rates.append(line.rate)
        line.advance()
        line.turn()

    top = int(np.argmax(rates))
    assert top < 0.1 * len(rates)
    assert all(later <= rate + 1e-12 for rate, later in itertools.pairwise(rates[top:]))
    assert [phase.size for phase in plan.phases] == sorted(phase.size for phase in plan.phases)
    assert all(phase.spread < 1 for phase in plan.phases), "the trunk learns more slowly"


def test_losses_vanish_for_a_perfect_answer_and_grow_with_errors():
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 8:24, 8:24] = 1
    right, shifted = (mask - 0.5) * 60, (mask.roll(4, 3) - 0.5) * 60

    for loss in (overlap_loss, likeness_loss):
        assert float(loss(right, mask)) == pytest.approx(0, abs=1e-4)
        assert float(loss(shifted, mask)) > 0.1


def test_it_trains_goes_on_and_exports(data, monkeypatch):
    monkeypatch.setattr(cutout, "STAGES", ((64, 1.0, 2),))
    monkeypatch.setattr(cutout, "RATES", (1e-3, 1e-5))
    monkeypatch.setattr(cutout, "EPOCHS", 4.0)
    monkeypatch.setattr(cutout, "EPOCH", 2)
    plan = plan_of(0, 0)
    first = Trainer(CutoutTask(data, Lite0(5)), plan, "cpu")
    reports = list(itertools.islice(first.steps(), 2))
    first.save(data / "checkpoint")
    task = CutoutTask(data, Lite0(5))
    second = Trainer(task, plan, "cpu")
    second.restore(data / "checkpoint")
    after = list(second.steps())
    made = task.export(second.network_now(), data / "cutout", "Cut out", {"steps": 4, "seconds": 1})

    assert all(
        report.terms.keys() == {"entropy", "overlap", "likeness", "coarse"} for report in reports + after
    )
    assert {"max F", "MAE"} <= after[-1].validation.scores.keys()
    assert read_manifest(data / "cutout") == made
    assert made.id == "cutout"
    assert "teacher" not in made.card["training"]


def test_a_batch_is_of_the_size_of_its_phase(data):
    task = CutoutTask(data, Lite0(5))

    batch = task.batch([0, 1, 2], Phase("x", 1, size=64), np.random.default_rng(0))

    assert batch["photo"].shape == (3, 3, 64, 64)
    assert batch["mask"].shape == (3, 1, 64, 64)
    assert 0 <= float(batch["mask"].min()) <= float(batch["mask"].max()) <= 1
