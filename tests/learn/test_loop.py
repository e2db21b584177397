"""The training loop, its average, its schedule and its checkpoints."""

import itertools
import json
import math
import random as python_random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.learn.checkpoints import averaged_weights, has_checkpoint
from imgstudio.learn.ema import Average
from imgstudio.learn.loop import Loop, LoopSettings
from imgstudio.learn.losses import charbonnier
from imgstudio.learn.recipe import Diverged, StepReport, TrainJob
from imgstudio.learn.schedule import OneCycle


def small_net():
    torch.manual_seed(4)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))


def noisy_losses(net, random):
    """Depends on all three random generators."""
    points = torch.from_numpy(random.normal(size=(8, 3)).astype(np.float32))
    shift = torch.randn(1) + python_random.random()
    return {"fit": (net(points) - points.sum(1, keepdim=True) - shift).square().mean()}


def loop(losses=noisy_losses, **settings):
    return Loop(small_net(), losses, LoopSettings(**{"total_steps": 12, **settings}))


def losses_of(reports):
    return [report.loss for report in reports]


def test_a_resumed_run_goes_on_as_if_it_had_never_stopped(tmp_path):
    straight = losses_of(loop().steps())
    first = loop()
    begun = [next(reports).loss for reports in [first.steps()] for _ in range(5)]
    first.save(tmp_path)
    torch.manual_seed(99)
    python_random.seed(99)
    second = loop(seed=7)

    second.resume(tmp_path)

    assert begun + losses_of(second.steps()) == straight
    assert second.step == 12


def test_the_same_seed_gives_the_same_run_and_another_another():
    assert losses_of(loop().steps()) == losses_of(loop().steps())
    assert losses_of(loop().steps()) != losses_of(loop(seed=1).steps())


def test_a_crash_while_saving_leaves_the_previous_checkpoint_whole(tmp_path, monkeypatch):
    run = loop()
    reports = run.steps()
    next(reports)
    run.save(tmp_path)
    next(reports)
    monkeypatch.setattr(json, "dumps", lambda *args, **kwargs: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        run.save(tmp_path)

    again = loop()
    again.resume(tmp_path)

    assert again.step == 1


def test_only_the_newest_tensors_are_kept(tmp_path):
    run = loop()
    for _ in run.steps():
        run.save(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["state.json", "step-00000012.safetensors"]


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    loop().save(tmp_path)
    other = Loop(nn.Linear(2, 2), noisy_losses, LoopSettings(total_steps=1))

    with pytest.raises(ValueError, match="another network"):
        other.resume(tmp_path)


def test_a_folder_without_a_checkpoint_has_none(tmp_path):
    assert not has_checkpoint(tmp_path)
    loop().save(tmp_path)
    assert has_checkpoint(tmp_path)


def test_averaged_weights_can_be_read_without_the_network(tmp_path):
    run = loop()
    list(run.steps())
    run.save(tmp_path)

    weights = averaged_weights(tmp_path)

    assert all(torch.equal(weights[name], value) for name, value in run.average.weights.items())


def test_single_bad_steps_are_skipped_and_change_nothing():
    def losses(net, random):
        terms = noisy_losses(net, random)
        return {"fit": terms["fit"] * (math.nan if random.random() < 0.3 else 1.0)}

    run = loop(losses, total_steps=30)
    reports = list(run.steps())

    assert any(math.isnan(report.loss) for report in reports)
    assert all(bool(torch.isfinite(value).all()) for value in run.module.parameters())
    assert all(bool(torch.isfinite(value).all()) for value in run.average.weights.values())


def test_a_run_that_stays_bad_gives_up():
    run = loop(lambda net, random: {"fit": noisy_losses(net, random)["fit"] * math.nan}, patience=3)

    with pytest.raises(Diverged):
        list(run.steps())
    assert run.step == 2


def test_time_ends_a_run_before_its_steps_are_used_up():
    run = loop(total_steps=10**9, seconds=0.05)

    reports = list(run.steps())

    assert run.done == 1
    assert len(reports) < 10**6
    assert all(before.done < after.done for before, after in itertools.pairwise(reports))


@given(st.floats(0, 1))
def test_the_rate_stays_between_its_ends(done):
    cycle = OneCycle(rate=0.5)

    assert 0.5 * cycle.last - 1e-9 <= cycle.rate_at(done) <= 0.5


def test_the_rate_climbs_to_its_top_and_falls_to_its_end():
    cycle = OneCycle(rate=2.0, warm_up=0.25, first=0.1, last=0.01, high_momentum=0.95, low_momentum=0.85)

    assert cycle.rate_at(0) == pytest.approx(0.2)
    assert cycle.rate_at(0.25) == pytest.approx(2)
    assert cycle.rate_at(1) == pytest.approx(0.02)
    assert cycle.momentum_at(0) == pytest.approx(0.95)
    assert cycle.momentum_at(0.25) == pytest.approx(0.85)
    assert cycle.momentum_at(1) == pytest.approx(0.95)
    rates = [cycle.rate_at(share / 100) for share in range(25, 101)]
    assert rates == sorted(rates, reverse=True)


def test_the_average_follows_slowly_and_counts_whole_numbers():
    net = nn.BatchNorm1d(2)
    average = Average(net, decay=0.9)
    with torch.no_grad():
        net.weight.fill_(11)
        net.num_batches_tracked.fill_(5)

    for _ in range(100):
        average.update(net)

    assert torch.allclose(average.weights["weight"], torch.tensor(11.0), atol=0.01)
    assert average.weights["num_batches_tracked"] == 5
    steady = average.applied_to(net)
    assert torch.equal(steady.weight, average.weights["weight"])
    assert steady is not net
    assert not steady.training


def test_charbonnier_is_the_absolute_value_but_near_zero():
    values = torch.tensor([-2.0, 0.0, 0.5])

    assert torch.allclose(charbonnier(values), torch.tensor([2.0, 0.001, 0.5]), atol=1e-5)


class FakeSession:
    """A run of given losses."""

    def __init__(self, losses):
        self.total_steps = len(losses)
        self.losses = losses
        self.exported = None

    def steps(self):
        for index, loss in enumerate(self.losses, 1):
            yield StepReport(index, loss, done=index / len(self.losses))

    def scores(self):
        return {}

    def preview(self):
        return np.zeros((1, 1, 3), np.uint8)

    def export(self, folder):
        self.exported = folder
        return "manifest"


def test_a_train_job_reports_and_exports(tmp_path):
    session, heard, progress = FakeSession([3.0, 2.0]), [], []

    result = TrainJob("Training", session, tmp_path, heard.append).run(
        Progress(lambda fraction, message: progress.append((fraction, message)))
    )

    assert result == "manifest"
    assert session.exported == tmp_path
    assert [report.loss for report in heard] == [3.0, 2.0]
    assert progress == [(0.5, "Loss 3.0000"), (1.0, "Loss 2.0000")]


def test_a_train_job_that_diverges_exports_nothing(tmp_path):
    session = FakeSession([3.0, math.inf, 1.0])

    with pytest.raises(Diverged):
        TrainJob("Training", session, tmp_path).run(Progress())
    assert session.exported is None


def test_a_train_job_can_be_cancelled_between_steps(tmp_path):
    token, session = CancelToken(), FakeSession([3.0, 2.0, 1.0])

    with pytest.raises(Cancelled):
        TrainJob("Training", session, tmp_path, lambda report: token.cancel()).run(Progress(token=token))
    assert session.exported is None
