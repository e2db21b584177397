"""The trainer: the same run from the same seed, however often it stops, and whatever goes wrong in between."""

import itertools
import math
import threading

import numpy as np
import pytest
import torch

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine.manifest import read_manifest
from imgstudio.learn.builders import one_cycle
from imgstudio.learn.plan import Curve, EarlyStop, Optimiser
from imgstudio.learn.recipe import Diverged
from imgstudio.learn.trainer import Trainer
from tests.learn.tiny_task import (
    TinyTask,
    are_equal,
    losses_of,
    phase,
    plan,
    small_net,
    trainer,
    varied_plan,
    weights_of,
)


def out_of_memory_above(limit):
    def spoil(batch, terms):
        if len(batch["index"]) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return terms

    return spoil


@pytest.mark.parametrize("stop", [0, 3, 7, 8, 14, 20, 21])
def test_a_resumed_run_goes_on_as_if_it_had_never_stopped(tmp_path, stop):
    straight = trainer(varied_plan())
    reports = list(straight.steps())
    first = trainer(varied_plan())
    begun = list(itertools.islice(first.steps(), stop))
    first.save(tmp_path)
    torch.manual_seed(99)
    second = trainer(varied_plan(), network=small_net())

    second.restore(tmp_path)
    after = list(second.steps())

    assert losses_of(begun) + losses_of(after) == losses_of(reports)
    assert [r.rate for r in begun + after] == [r.rate for r in reports]
    assert [r.validation.loss for r in begun + after if r.validation] == [
        r.validation.loss for r in reports if r.validation
    ]
    assert are_equal(weights_of(second.network_now()), weights_of(straight.network_now()))
    assert second.step == second.total_steps == 21
    assert second.best == straight.best


@pytest.mark.parametrize("kind", ["adam", "adamw", "muon", "sgd", "rmsprop"])
def test_every_optimiser_learns_and_comes_back_with_its_memory(tmp_path, kind):
    rate = {"sgd": 0.05, "rmsprop": 0.002}.get(kind, 0.01)
    own = plan(phase(length=40, rate=Curve("constant", rate, rate), optimiser=Optimiser(kind)))
    reports = list(trainer(own).steps())
    straight, errors = losses_of(reports), [r.validation.loss for r in reports if r.validation]
    first = trainer(own)
    list(itertools.islice(first.steps(), 9))
    first.save(tmp_path)
    second = trainer(own)
    second.restore(tmp_path)

    assert losses_of(second.steps()) == straight[9:]
    assert errors[-1] < 0.95 * errors[0]


def test_the_same_seed_gives_the_same_run_and_another_another():
    first, second, other = (losses_of(trainer(plan(seed=seed)).steps()) for seed in (0, 0, 1))

    assert first == second
    assert first != other


@pytest.mark.parametrize("stop", [1, 6, 7, 13])
def test_stopping_at_any_step_leaves_a_whole_checkpoint_and_no_thread(tmp_path, stop):
    run = trainer(varied_plan())
    steps = run.steps()
    for report in steps:
        run.save(tmp_path)
        if report.step == stop:
            break
    steps.close()
    again = trainer(varied_plan())

    again.restore(tmp_path)

    assert again.step == stop
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("reader")]


def test_drivers_may_look_save_and_export_between_steps_without_changing_the_run(tmp_path):
    straight = losses_of(trainer(varied_plan()).steps())
    run = trainer(varied_plan())
    seen = []
    for report in run.steps():
        seen.append(report.loss)
        assert run.previews()[0].name == "one"
        run.save(tmp_path / "checkpoint")
        torch.rand(7)
        run.export(tmp_path / "model", "Tiny")

    assert seen == straight
    assert read_manifest(tmp_path / "model").card["training"]["steps"] == 21


@pytest.mark.parametrize("accumulate", [2, 4])
def test_adding_gradients_up_equals_the_larger_batch(accumulate):
    sgd = Optimiser("sgd")

    def run(batch, accumulate):
        own = plan(phase(batch=batch, optimiser=sgd), accumulate=accumulate, average_decay=0)
        made = trainer(own, network=small_net(norm=False, dropout=0))
        return losses_of(made.steps()), weights_of(made.network_now())

    losses, weights = run(8, 1)
    others, other_weights = run(8 // accumulate, accumulate)

    assert others == pytest.approx(losses, rel=1e-5)
    assert all(torch.allclose(weights[name], other_weights[name], atol=1e-6) for name in weights)


def test_out_of_memory_halves_the_batch_and_keeps_the_effective_one():
    small = trainer(plan(phase(batch=2), accumulate=4))
    run = trainer(plan(phase(batch=8)), spoil=out_of_memory_above(3))

    expected, reports = list(small.steps()), list(run.steps())

    assert losses_of(reports) == losses_of(expected)
    assert {report.images for report in reports} == {8}
    assert are_equal(weights_of(run.network_now()), weights_of(small.network_now()))
    assert "2 pictures at a time" in reports[0].note
    assert not any(report.note for report in reports[1:])


def test_a_picture_that_never_fits_is_told_in_words():
    run = trainer(spoil=out_of_memory_above(0))

    with pytest.raises(UserError, match="smaller picture size"):
        list(run.steps())


def test_a_step_without_a_finite_loss_is_skipped_and_its_pictures_are_named():
    def spoil(batch, terms):
        return {"fit": terms["fit"] * (math.nan if 7 in batch["index"].tolist() else 1.0)}

    run = trainer(plan(phase(length=20)), spoil=spoil)
    reports = list(run.steps())
    notes = [report.note for report in reports if report.note]

    assert len(notes) == 4  # of four epochs
    assert all("photo-7.png" in note and "skipped" in note for note in notes)
    assert all(math.isfinite(report.loss) for report in reports[5:])
    assert all(bool(torch.isfinite(value).all()) for value in run.network_now().state_dict().values())


def test_spoiled_statistics_of_norms_are_taken_back_with_the_step():
    task = TinyTask()
    task.pictures[3] = math.inf
    run = trainer(plan(phase(length=10)), task=task)
    reports = list(run.steps())

    assert any("photo-3.png" in report.note for report in reports)
    assert all(bool(torch.isfinite(value).all()) for value in task.network.state_dict().values())
    assert task.network[0][1].num_batches_tracked == sum(not report.note for report in reports)


def test_a_run_that_stays_bad_gives_up():
    run = trainer(plan(phase(length=50)), spoil=lambda batch, terms: {"fit": terms["fit"] * math.nan})

    with pytest.raises(Diverged, match=r"20 steps in a row.*photo-"):
        list(run.steps())
    assert run.step == 19


@pytest.mark.parametrize("norms_rest", [False, True])
def test_frozen_groups_do_not_move_but_for_their_norms_if_these_learn(norms_rest):
    run = trainer(plan(phase(frozen=2, frozen_norms=norms_rest), average_decay=0))
    before = weights_of(run.network_now())
    list(run.steps())
    after = weights_of(run.network_now())
    moved = {name for name in before if not torch.equal(before[name], after[name])}

    norms = {
        f"0.1.{part}" for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    }
    assert moved == {"2.weight", "2.bias"} | (set() if norms_rest else norms)
    assert all(parameter.requires_grad for parameter in run.task.network.parameters())


def test_a_phase_in_which_nothing_would_learn_is_refused():
    with pytest.raises(UserError, match="nothing would learn"):
        trainer(plan(phase(frozen=3)))


def test_a_parameter_outside_all_groups_is_a_mistake():
    task = TinyTask()
    task.groups = task.groups[:-1]

    with pytest.raises(ValueError, match=r"2\.weight"):
        Trainer(task, plan(), "cpu")


def test_rates_follow_the_phase_and_momentum_moves_against_them():
    run = trainer(plan(*one_cycle(20, 0.02, unit="steps", batch=4)))
    reports = list(run.steps())
    rates = [report.rate for report in reports]
    momenta = [report.momentum for report in reports]

    assert rates.index(max(rates)) == 5
    assert np.corrcoef(rates, momenta)[0, 1] < -0.99
    assert [report.phase for report in reports] == [0] * 5 + [1] * 15


def test_the_next_phase_keeps_the_optimiser_only_if_it_is_the_same():
    def memory_after(second):
        run = trainer(plan(phase("a", 4), phase("b", 1, optimiser=second)))
        list(run.steps())
        return run._state.optimiser.state[run.task.network[2].weight]["step"].item()

    assert memory_after(Optimiser()) == 5
    assert memory_after(Optimiser(beta2=0.9)) == 1


def test_without_improvement_the_run_lands_instead_of_stopping_short():
    own = plan(*one_cycle(100, 0.02, unit="steps", batch=4), early_stop=EarlyStop(patience=3, landing=0.25))
    run = trainer(own, scores=itertools.chain([1.0, 0.5], itertools.repeat(2.0)))
    reports = list(run.steps())
    noted = next(index for index, report in enumerate(reports) if report.note)
    landing = reports[noted + 1 :]

    assert "No improvement since step 10 (error 0.5)" in reports[noted].note
    assert len(landing) == round(0.25 * reports[noted].step)
    assert len(reports) == run.total_steps < 60
    rates = [report.rate for report in landing]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.2 * rates[0]
    assert reports[-1].validation is not None
    assert reports[-1].done == 1
    assert all(a.done <= b.done for a, b in itertools.pairwise(reports))
    assert run.best == (0.5, 10)


def test_a_new_phase_is_a_new_chance():
    own = plan(phase("a", 15), phase("b", 15), early_stop=EarlyStop(patience=4))
    run = trainer(own, scores=itertools.repeat(1.0))

    assert len(list(run.steps())) == 30


def test_validations_come_as_often_as_the_plan_says_and_at_the_end_of_phases():
    own = plan(phase("a", 7), phase("b", 9), validate_every=0.5)
    validated = [report.step for report in trainer(own).steps() if report.validation]

    assert validated == [3, 5, 7, 8, 10, 13, 15, 16]


def test_a_time_budget_ends_the_run_in_time_and_with_the_schedule_at_its_end():
    own = plan(phase("a", 1), phase("b", 3), minutes=0.4 / 60)
    run = trainer(own)
    reports = list(run.steps())

    assert run.done == 1
    assert 0.39 < run.seconds < 1.0
    assert run.total_steps == run.step == len(reports)
    assert {report.phase for report in reports} == {0, 1}
    assert reports[-1].rate < 0.005


def test_finding_the_rate_changes_nothing():
    straight = losses_of(trainer(varied_plan()).steps())
    run = trainer(varied_plan())
    seen = []
    for report in run.steps():
        seen.append(report.loss)
        if report.step in (1, 9, 15):
            before = {name: value.clone() for name, value in run._state.tensors().items()}
            facts, drawn = run._state.facts(), torch.get_rng_state()
            sweep = run.find_rate(Progress(), count=25)
            assert are_equal(before, run._state.tensors())
            assert facts == run._state.facts()
            assert torch.equal(drawn, torch.get_rng_state())
            assert len(sweep.points) > 10

    assert seen == straight


def test_finding_the_rate_before_a_phase_begins_changes_nothing():
    run = trainer(varied_plan())
    seen = []
    run.find_rate(Progress(), count=5)
    for report in run.steps():
        seen.append(report.loss)
        if report.step == 7:
            run.find_rate(Progress(), count=5)

    assert seen == losses_of(trainer(varied_plan()).steps())


def test_a_sweep_that_runs_away_restores_too():
    run = trainer()
    before = weights_of(run.network_now())

    sweep = run.find_rate(Progress(), lowest=1.0, highest=1e30, count=40)

    assert sweep.diverged
    assert are_equal(before, weights_of(run.network_now()))
    assert losses_of(run.steps()) == losses_of(trainer().steps())


def test_a_sweep_can_be_watched_while_it_grows():
    seen = []
    whole = trainer().find_rate(Progress(), count=12, watch=seen.append)

    counts = [len(so_far.points) for so_far in seen]
    assert counts == list(range(1, len(counts) + 1))
    assert len(counts) >= len(whole.points) - 1
    assert whole.is_over and not any(so_far.is_over for so_far in seen)
    assert [(p.rate, p.loss) for p in seen[4].points] == [(p.rate, p.loss) for p in whole.points[:5]]


def test_a_sweep_can_be_cancelled_and_leaves_no_trace():
    token = CancelToken()
    run = trainer()
    with pytest.raises(Cancelled):
        run.find_rate(Progress(lambda done, message: token.cancel() if done > 0.2 else None, token))

    assert losses_of(run.steps()) == losses_of(trainer().steps())


def test_bfloat16_trains_and_comes_back_exactly(tmp_path):
    own = plan(phase(length=12), precision="bfloat16")
    straight = losses_of(trainer(own).steps())
    first = trainer(own)
    list(itertools.islice(first.steps(), 5))
    first.save(tmp_path)
    second = trainer(own)
    second.restore(tmp_path)

    assert losses_of(second.steps()) == straight[5:]
    assert straight != losses_of(trainer(plan(phase(length=12))).steps())


def test_one_picture_is_enough():
    reports = list(trainer(count=1).steps())

    assert reports[-1].epoch == 40


class CriticTask(TinyTask):
    """Has a state of its own that its losses depend on."""

    def __init__(self):
        super().__init__()
        self.weight = torch.ones(1)

    def losses(self, network, batch):
        self.weight *= 0.9
        return {name: term * self.weight.item() for name, term in super().losses(network, batch).items()}

    def memory(self):
        return {"weight": self.weight}

    def remember(self, memory):
        self.weight.copy_(memory["weight"])


def test_the_state_of_a_task_belongs_to_the_checkpoint(tmp_path):
    straight = losses_of(trainer(task=CriticTask()).steps())
    first = trainer(task=CriticTask())
    list(itertools.islice(first.steps(), 4))
    first.save(tmp_path)
    second = trainer(task=CriticTask())

    second.restore(tmp_path)

    assert losses_of(second.steps()) == straight[4:]
