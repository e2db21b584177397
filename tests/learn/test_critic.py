"""The critic, whose turn it is, and how a plan is cut for both."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.manifest import read_manifest
from imgstudio.engine.nets.critic import PatchCritic
from imgstudio.learn.critic_switch import CriticSwitch
from imgstudio.learn.gan_plan import GanSettings, gan_phases, gan_plans, is_gan
from imgstudio.learn.plan import Curve, Phase, Plan
from imgstudio.learn.recipe import Request, Setup
from imgstudio.learn.recipes import classify_critic
from imgstudio.learn.tasks.critic import CriticTask
from imgstudio.learn.trainer import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")

NET = {"channels": 8, "halvings": 2}


def noise(seed, side=32):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)


def pairs(count=16):
    """Sharp noise is real; what a generator makes is too smooth."""
    real = [noise(seed) for seed in range(count)]
    made = [np.asarray(Image.fromarray(picture).resize((16, 16)).resize((32, 32))) for picture in real]
    return real, made


def critic_task():
    torch.manual_seed(0)
    return CriticTask(PatchCritic(**NET), *pairs(), NET)


def test_a_critic_learns_to_tell_saved_generations_from_real_pictures():
    task = critic_task()
    before = task.validate(task.network.eval())
    plan = Plan(
        (Phase("critic", 25, "steps", Curve("constant", 5e-3, 5e-3), batch=2, size=16),), average_decay=0
    )
    trainer = Trainer(task, plan, "cpu")

    reports = list(trainer.steps())

    after = task.validate(trainer.network_now())
    assert after.scores["accuracy"] >= 0.95 > before.scores["accuracy"]
    assert reports[-1].loss < 0.65 < reports[0].loss


def test_both_pictures_of_a_pair_are_cut_and_turned_alike():
    real, _ = pairs()
    task = CriticTask(PatchCritic(**NET), real, real, NET)

    batch = task.batch([0, 1], Phase("critic", 1, size=16), np.random.default_rng(0))

    assert batch["real"].shape == (2, 3, 16, 16)
    assert torch.equal(batch["real"], batch["generated"])


def test_the_previews_show_how_real_every_patch_looks():
    task = critic_task()
    row = task.previews(task.network.eval())[0]

    assert row.input.shape == row.output.shape == row.truth.shape == (32, 32, 3)
    assert (row.output[..., 0] == row.output[..., 1]).all()


def test_an_exported_critic_says_what_it_is(tmp_path):
    task = critic_task()
    task.export(task.network, tmp_path / "judge", "Judge", {"steps": 1})

    manifest = read_manifest(tmp_path / "judge")
    assert (manifest.task, manifest.architecture) == ("critic", "critic")


def test_the_generator_waits_until_the_critic_is_good_enough():
    switch = CriticSwitch(0.65, longest=20)
    switch.after(0.70)
    assert switch.turn == "critic"

    switch.after(0.60)
    assert switch.turn == "generator"

    switch.after(0.10)
    assert switch.turn == "critic", "after each step of the generator the critic has its turn"


@settings(max_examples=30)
@given(st.lists(st.floats(0, 3), min_size=60, max_size=100), st.integers(1, 8))
def test_nobody_waits_for_ever_and_the_generator_never_steps_twice_in_a_row(losses, longest):
    switch = CriticSwitch(0.65, longest)
    turns = []
    for loss in losses:
        turns.append(switch.turn)
        switch.after(loss)
    text = "".join(turn[0] for turn in turns)

    assert "gg" not in text
    assert "c" * (longest + 1) not in text


def test_a_plan_with_a_critic_is_cut_into_its_stages():
    alone = (Phase("Climb", 1, batch=4, size=64), Phase("Descent", 3, batch=4, size=64))
    plan = Plan(gan_phases(alone, critic=2, together=4, rate=2e-4), minutes=10)
    plans = gan_plans(plan, 100, GanSettings())

    assert is_gan(plan) and not is_gan(Plan(alone))
    assert plans.generator.phases == alone
    assert [phase.name for phase in plans.together.phases] == ["together"]
    together = plans.together.phases[0]
    assert (together.momentum.start, together.optimiser.beta2, together.size) == (0, 0.99, 64)
    assert plans.duel.phases[0].rate.start == pytest.approx(1e-3)
    assert sum(plans.shares) == pytest.approx(1)
    assert plans.generator.minutes + plans.critic.minutes + plans.minutes == pytest.approx(10)


@pytest.mark.parametrize("names", [("a", "b"), ("critic", "together"), ("a", "critic"), ("critic",)])
def test_a_plan_without_its_stages_is_refused_in_words(names):
    with pytest.raises(UserError, match="generator and its critic"):
        gan_plans(Plan(tuple(Phase(name, 1) for name in names)), 10, GanSettings())


def test_the_recipe_trains_a_critic_from_two_folders(tmp_path):
    for number, (real, made) in enumerate(zip(*pairs(8), strict=True)):
        for part, picture in (("real", real), ("generated", made)):
            (tmp_path / part).mkdir(exist_ok=True)
            Image.fromarray(picture).save(tmp_path / part / f"{number}.png")
    recipe, params = classify_critic.RECIPE, classify_critic.CriticParams(channels=8, halvings=2)

    report = recipe.check(tmp_path, params, Progress())
    plan = recipe.plan(report, params, Request(minutes=0))
    session = recipe.start(Setup(report, params, plan, Request(), "cpu"))
    first = next(session.steps())

    assert not recipe.is_offered
    assert report.can_start and len(report.samples) == 8
    assert first.step == 1


def test_the_recipe_says_what_its_folder_lacks(tmp_path):
    report = classify_critic.check(tmp_path, classify_critic.CriticParams(), Progress())

    assert not report.can_start
    assert "real" in report.errors[0].what
