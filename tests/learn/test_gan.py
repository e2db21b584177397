"""A generator against its critic: three stages that stop and go on exactly."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.manifest import read_manifest, save_model
from imgstudio.learn.dataset.report import DatasetReport, Split
from imgstudio.learn.gan import gan_session
from imgstudio.learn.gan_plan import GanSettings, gan_phases
from imgstudio.learn.plan import Curve, Phase, Plan
from imgstudio.learn.recipe import Request, Setup
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.tasks.gan import Generator, resting, saved_generations

pytestmark = pytest.mark.usefixtures("one_thread")

SIDE = 16
CRITIC = {"channels": 8, "halvings": 2}
SETTINGS = GanSettings(generations=6, threshold=0.69)


class Sharpener(nn.Module):
    """Small, with running figures that must not move out of turn."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.last = nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, picture):
        return picture + self.last(self.norm(self.first(picture)).relu())


class Sharpening:
    """Blurred noise in, noise out."""

    goal = Goal("PSNR")
    train_count = 12

    def __init__(self):
        torch.manual_seed(3)
        self.network = Sharpener()
        self.groups = [[self.network.first, self.network.norm], [self.network.last]]

    def batch(self, indices, phase, random):
        clean = torch.from_numpy(random.random((len(indices), 3, SIDE, SIDE), np.float32))
        return {"input": nn.functional.avg_pool2d(clean, 3, 1, 1), "target": clean}

    def losses(self, network, batch):
        return {"pixel": (network(batch["input"]) - batch["target"]).abs().mean()}

    def validate(self, network):
        return Validation(0.5, {"PSNR": 20.0})

    def previews(self, network):
        batch = self.batch([0], Phase("", 1), np.random.default_rng(0))
        made = (255 * network(batch["input"]).clamp(0, 1))[0].permute(1, 2, 0).byte().numpy()
        return [PreviewRow("one", made, made)]

    def export(self, network, folder, name, training):
        return save_model(
            folder,
            network,
            id=folder.name,
            name=name,
            task="restore",
            architecture="x",
            card={"training": dict(training)},
        )


def plan(**changes):
    alone = (Phase("Alone", 4, "steps", Curve("constant", 1e-2, 1e-2), batch=2),)
    critic = Phase("critic", 4, "steps", Curve("constant", 1e-3, 1e-3), batch=2, size=SIDE)
    together = gan_phases(alone, rate=1e-3)[-1]
    together = Phase(
        "together", 4, "steps", together.rate, together.momentum, together.optimiser, batch=2, size=SIDE
    )
    return Plan((*alone, critic, together), **{"seed": 5, "average_decay": 0.5, **changes})


def session(settings=SETTINGS, **changes):
    report = DatasetReport(None, (), Split((), ()))
    setup = Setup(report, None, plan(**changes), Request(), "cpu")
    return gan_session(setup, Sharpening(), settings=settings, hyperparameters=CRITIC)


def told(reports):
    return [(report.step, report.phase, report.loss, tuple(report.terms.items())) for report in reports]


def test_the_three_stages_follow_each_other_as_one_run():
    run = session()
    reports = list(run.steps())

    assert [report.step for report in reports] == list(range(1, len(reports) + 1))
    assert [phase for phase, _ in itertools.groupby(report.phase for report in reports)] == [0, 1, 2]
    assert sum(report.phase == 0 for report in reports) == 4
    assert sum(report.phase == 1 for report in reports) == 4
    generator_steps = [report for report in reports if report.phase == 2 and report.images]
    assert len(generator_steps) == 4
    assert {"pixel", "critic", "critic loss"} <= generator_steps[-1].terms.keys()
    shares = [report.done for report in reports]
    assert shares == sorted(shares) and shares[-1] == 1
    assert run.total_steps == len(reports)


@pytest.mark.parametrize("stop", [2, 6, 11])
def test_a_gan_that_was_stopped_goes_on_as_if_it_had_never_been(tmp_path, stop):
    straight = told(session().steps())
    first = session()
    begun = told(itertools.islice(first.steps(), stop))
    first.save(tmp_path)
    torch.manual_seed(77)

    second = session()
    second.restore(tmp_path)

    assert begun + told(second.steps()) == straight


def test_only_the_newest_parts_of_a_checkpoint_are_kept(tmp_path):
    run = session()
    for _ in itertools.islice(run.steps(), 6):
        run.save(tmp_path)

    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_a_checkpoint_of_another_network_is_refused_in_words(tmp_path):
    run = session()
    next(run.steps())
    run.save(tmp_path)
    report = DatasetReport(None, (), Split((), ()))
    other = gan_session(
        Setup(report, None, plan(), Request(), "cpu"),
        Sharpening(),
        hyperparameters={"channels": 4, "halvings": 2},
    )

    with pytest.raises(UserError, match="another network"):
        other.restore(tmp_path)


def test_each_rests_while_the_other_learns():
    run = session()
    reports = run.steps()
    for report in reports:
        if report.phase == 2:
            break
    networks = run._players.networks
    before = {
        name: {key: value.clone() for key, value in net.state_dict().items()}
        for name, net in networks.items()
    }

    report = next(reports)

    learner = "generator" if report.images else "critic"
    for name, net in networks.items():
        is_same = all(torch.equal(value, before[name][key]) for key, value in net.state_dict().items())
        assert is_same == (name != learner)


def test_saved_generations_are_the_same_each_time_and_leave_the_generator_alone():
    task = Sharpening()
    state = {name: value.clone() for name, value in task.network.state_dict().items()}

    once, again = (saved_generations(Generator(task), Phase("critic", 1, size=SIDE), 5, 9) for _ in range(2))

    assert len(once[0]) == len(once[1]) == 5
    assert all(np.array_equal(a, b) for a, b in zip(once[0] + once[1], again[0] + again[1], strict=True))
    assert all(torch.equal(value, state[name]) for name, value in task.network.state_dict().items())


def test_resting_leaves_everything_as_it_was():
    network = Sharpener()
    network.first.bias.requires_grad = False
    with resting(network):
        assert not network.training
        assert not any(parameter.requires_grad for parameter in network.parameters())

    assert network.training
    assert [name for name, value in network.named_parameters() if not value.requires_grad] == ["first.bias"]


def test_the_newest_counts_as_the_best_because_losses_say_little():
    run = session(validate_every=0.5)
    scores = [report.validation.scores[run.goal.name] for report in run.steps() if report.validation]

    assert len(scores) >= 3
    assert scores == sorted(scores) and len(set(scores)) == len(scores)


def test_at_any_time_there_is_a_preview_a_rate_finder_and_a_model(tmp_path):
    run = session()
    for number, _ in enumerate(run.steps()):
        if number in (1, 5, 10):
            assert run.previews()[0].output.shape == (SIDE, SIDE, 3)
            run.export(tmp_path / f"model-{number}", "Sharp")
            assert read_manifest(tmp_path / f"model-{number}").task == "restore"
    sweep = session().find_rate(Progress())
    assert sweep.points


def test_a_time_budget_is_shared_by_the_stages():
    run = session(minutes=0.6 / 60)
    reports = list(run.steps())

    assert {report.phase for report in reports} == {0, 1, 2}
    assert reports[-1].validation is not None
