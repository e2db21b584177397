"""How the bundled JPEG repair is trained: its plan, and a few steps on tiny data."""

import itertools

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from imgstudio.engine.manifest import read_manifest
from imgstudio.learn.timeline import Timeline
from imgstudio.learn.trainer import Trainer
from training.defaults import dejpeg
from training.defaults.dejpeg import FINISH_NAME, SOURCES, DejpegParams, DejpegTask, plan_of


@pytest.fixture
def task(tmp_path):
    for number, source in enumerate(SOURCES):
        (tmp_path / source).mkdir()
        for name in "ab":
            crop = astronaut()[100 * number :, 50:][:160, :150]
            Image.fromarray(crop).save(tmp_path / source / f"{name}.png")
    return DejpegTask(tmp_path, DejpegParams())


def test_the_rate_climbs_shortly_and_falls_without_a_jump():
    line = Timeline(plan_of(DejpegParams(total_steps=1000), 800), 800)
    rates = []
    while not line.is_over:
        rates.append(line.rate)
        line.advance()
        line.turn()

    assert len(rates) == 1000
    assert np.argmax(rates) == 30
    assert max(rates) == pytest.approx(2e-3)
    assert all(later <= rate for rate, later in itertools.pairwise(rates[30:]))
    assert rates[-1] < 1e-5
    assert np.abs(np.diff(rates[30:])).max() < 1e-5


def test_it_trains_goes_on_and_exports(task, tmp_path, monkeypatch):
    monkeypatch.setattr(dejpeg, "QUALITIES", (20,))
    params = DejpegParams(total_steps=5, batch=2)
    plan = plan_of(params, task.train_count)
    first = Trainer(task, plan, "cpu")
    reports = list(itertools.islice(first.steps(), 4))
    first.save(tmp_path / "checkpoint")
    second = Trainer(DejpegTask(tmp_path, params), plan, "cpu")
    second.restore(tmp_path / "checkpoint")
    after = list(second.steps())
    task.export(second.network_now(), tmp_path / "model", "Repair", {"steps": 5, "seconds": 1})

    assert [plan.phases[report.phase].name for report in after][-1] == FINISH_NAME
    assert all(report.terms.keys() == {"picture", "condition"} for report in reports + after)
    assert "gain in dB" in after[-1].validation.scores
    assert read_manifest(tmp_path / "model").task == "dejpeg"


def test_only_the_last_phase_finishes(task):
    plan = plan_of(DejpegParams(), task.train_count)
    batches = [task.batch([0, 1], phase, np.random.default_rng(0)) for phase in plan.phases]

    assert [bool(batch["finishing"].all()) for batch in batches] == [False, False, True]
