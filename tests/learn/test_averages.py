"""Moving average (EMA) and mean (SWA) of weights, and the statistics of norms that belong to them."""

import itertools

import pytest
import torch
from torch import nn

from imgstudio.learn.ema import Average
from imgstudio.learn.swa import MeanWeights, renew_norms
from tests.learn.tiny_task import are_equal, phase, plan, trainer, weights_of


def test_the_average_follows_slowly_and_counts_whole_numbers():
    net = nn.BatchNorm1d(2)
    average = Average(net, decay=0.9)
    with torch.no_grad():
        net.weight.fill_(11)
        net.running_mean.fill_(5)
        net.num_batches_tracked.fill_(5)

    for _ in range(100):
        average.update(net)

    assert torch.allclose(average.weights["weight"], torch.tensor(11.0), atol=0.01)
    assert torch.allclose(average.weights["running_mean"], torch.tensor(5.0), atol=0.01)
    assert average.weights["num_batches_tracked"] == 5
    steady = average.applied_to(net)
    assert torch.equal(steady.weight, average.weights["weight"])
    assert steady is not net
    assert not steady.training


def test_the_first_average_forgets_its_random_start():
    net = nn.Linear(1, 1)
    average = Average(net, decay=0.999)
    nn.init.constant_(net.weight, 100.0)
    average.update(net)

    assert average.weights["weight"].item() > 50


def test_the_mean_is_the_plain_mean_of_all_collected_weights():
    mean, net = MeanWeights(), nn.BatchNorm1d(1)
    for value in (1.0, 4.0, 7.0):
        nn.init.constant_(net.weight, value)
        mean.collect(net)
        net.num_batches_tracked += 1

    assert mean.weights["weight"].item() == pytest.approx(4)
    assert mean.weights["num_batches_tracked"] == 2
    assert mean.count == 3


def test_renewed_norms_have_the_plain_mean_of_all_batches():
    net = nn.Sequential(nn.BatchNorm1d(2, momentum=0.3), nn.Dropout()).eval()
    batches = [torch.randn(9, 2) * 3 + 5 for _ in range(4)]

    def passes():
        for batch in batches:
            yield net(batch)

    renew_norms(net, passes())

    assert torch.allclose(net[0].running_mean, torch.cat(batches).mean(0), atol=1e-5)
    assert net[0].momentum == 0.3
    assert not net[0].training


def swa_plan(**fields):
    return plan(phase("a", 5), phase("b", 15, averages=True), average_decay=0.9, **fields)


def test_after_the_run_the_mean_of_the_epochs_is_used_with_norms_of_its_own():
    run = trainer(swa_plan())
    epochs = [
        {name: p.detach().clone() for name, p in run.task.network.named_parameters()}
        for report in run.steps()
        if report.phase == 1 and report.epoch == int(report.epoch)
    ]
    final = dict(run.network_now().named_parameters())
    before = run.task.judged[-2]

    assert len(epochs) == 3
    for name, value in final.items():
        assert torch.allclose(value, torch.stack([epoch[name] for epoch in epochs]).mean(0), atol=1e-6)
    assert are_equal(weights_of(run.task.judged[-1]), weights_of(run.network_now()))
    statistics = run.network_now()[0][1]
    assert not torch.allclose(statistics.running_var, run.task.network[0][1].running_var)
    assert torch.isfinite(statistics.running_var).all()
    assert not are_equal(weights_of(before), weights_of(run.network_now()))


def test_the_mean_survives_a_checkpoint_of_the_finished_run(tmp_path):
    run = trainer(swa_plan())
    list(run.steps())
    run.save(tmp_path)
    again = trainer(swa_plan())
    again.restore(tmp_path)

    assert list(again.steps()) == []
    assert are_equal(weights_of(again.network_now()), weights_of(run.network_now()))


def test_until_then_the_moving_average_is_used_and_without_one_the_weights():
    run = trainer(swa_plan())
    list(itertools.islice(run.steps(), 12))
    plain = trainer(plan(phase(), average_decay=0))
    list(plain.steps())

    assert torch.equal(run.network_now()[2].weight, run._state.average.weights["2.weight"])
    assert torch.equal(plain.network_now()[2].weight, plain.task.network[2].weight)


def test_what_one_does_with_a_network_that_was_handed_out_stays_there():
    run = trainer(swa_plan())
    list(run.steps())
    handed = run.network_now()
    nn.init.zeros_(handed[2].weight)

    assert run.network_now()[2].weight.abs().sum() > 0
    assert not any(p.requires_grad or p.grad is not None for p in handed.parameters())
