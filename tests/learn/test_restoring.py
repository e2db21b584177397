"""The recipes "upscale" and "restore": batches, first step, learning, export."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.pixels import to_float
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.upscale import Upscaler
from imgstudio.learn.bicubic import imresize
from imgstudio.learn.dataset.report import DatasetReport, Sample, Split
from imgstudio.learn.degrade.stack import Degradation, step
from imgstudio.learn.plan import Curve, Phase, Plan
from imgstudio.learn.recipe import Request, Setup
from imgstudio.learn.recipes import restore, upscale
from imgstudio.learn.tasks.restore import RestoreSettings, RestoreTask, new_net
from imgstudio.learn.tasks.upscale import FINISH, UpscaleSettings, UpscaleTask, net_of
from imgstudio.learn.trainer import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")


def drawing(seed, side=132):
    """Hard edges and soft shades, as photos have them."""
    rng = np.random.default_rng(seed)
    picture = np.full((side, side, 3), rng.integers(0, 255, 3), np.uint8)
    for _ in range(40):
        x, y, w, h = rng.integers(0, side, 4)
        picture[y : y + h // 3, x : x + w // 3] = rng.integers(0, 255, 3)
    return picture


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for seed in range(5):
        Image.fromarray(drawing(seed)).save(folder / f"{seed}.png")
    return folder


def report_of(folder):
    samples = tuple(Sample(path) for path in sorted(folder.glob("*.png")))
    return DatasetReport(folder, samples, Split((0, 1, 2, 3), (4,)))


def plan_of(steps, size, rate=4e-3, name="fall"):
    phase = Phase(name, steps, "steps", Curve("cosine", rate, rate / 20), size=size, batch=4)
    return Plan((phase,), precision="float32", average_decay=0.9, validate_every=1e6)


SMALL = UpscaleSettings(scale=2, channels=8, pairs=1)
PHASE = Phase("fall", 1, size=32)


def upscale_task(photos, **changes):
    return UpscaleTask(report_of(photos), dataclasses.replace(SMALL, **changes))


def last(session):
    return [report.validation for report in session.steps() if report.validation is not None][-1]


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_crop_is_what_imresize_makes_of_its_counterpart(photos, scale):
    task = upscale_task(photos, scale=scale, enlarged=0.0)
    batch = task.batch([0, 1], Phase("fall", 1, size=12 * scale), np.random.default_rng(0))
    assert batch["input"].shape == (2, 3, 12, 12)
    assert batch["target"].shape == (2, 3, 12 * scale, 12 * scale)
    large = np.ascontiguousarray((batch["target"][0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8))
    small = (batch["input"][0].permute(1, 2, 0).numpy() * 255).round()
    inside = slice(4, -4)
    assert np.abs(imresize(large, 1 / scale).astype(int) - small)[inside, inside].max() == 0


def test_the_same_random_state_gives_the_same_batch(photos):
    task = upscale_task(photos, before=upscale.softening(), after=upscale.web_mix())
    first, second = (task.batch([0, 1, 2], PHASE, np.random.default_rng(8)) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_last_phase_minimises_the_squared_error(photos):
    task = upscale_task(photos)
    names = [
        set(task.losses(task.network, task.batch([0], Phase(name, 1, size=32), np.random.default_rng(0))))
        for name in ("fall", FINISH)
    ]
    assert names == [{"pixels", "spectrum"}, {"squared error"}]


def test_enlarging_is_learned_exported_and_continued_at_twice_the_scale(photos, tmp_path):
    task = upscale_task(photos)
    before = task.validate(task.network.eval()).scores["gain over bicubic"]
    assert abs(before) < 0.5, "it starts near the plain enlargement"
    session = Trainer(task, plan_of(60, 32), "cpu")
    assert last(session).scores["gain over bicubic"] > before + 0.05
    manifest = session.export(tmp_path / "mine", "Mine")
    assert (manifest.id, manifest.task, manifest.scale) == ("mine", "upscale", 2)
    registry = ModelRegistry(tmp_path)
    upscaler = Upscaler(registry.load("mine"), manifest, torch.device("cpu"))
    small = to_float(drawing(9, 96))
    whole, tiled = (upscaler.enlarge(small, Progress(), tile=tile) for tile in (512, 32))
    assert whole.shape == (192, 192, 3)
    assert np.abs(whole - tiled).max() < 1e-5
    larger = upscale_task(photos, scale=4, start_from=tmp_path / "mine").network
    trunk = {
        name: value for name, value in net_of(tmp_path / "mine").state_dict().items() if "tail" not in name
    }
    assert all(torch.equal(larger.state_dict()[name], value) for name, value in trunk.items())
    same = upscale_task(photos, start_from=tmp_path / "mine").network.state_dict()
    assert all(
        torch.equal(same[name], value) for name, value in net_of(tmp_path / "mine").state_dict().items()
    )
    with pytest.raises(UserError, match="another shape"):
        upscale_task(photos, channels=16, start_from=tmp_path / "mine")


def test_eight_ways_round_are_averaged(photos, tmp_path):
    manifest = Trainer(upscale_task(photos), plan_of(1, 32), "cpu").export(tmp_path / "mine", "Mine")
    upscaler = Upscaler(ModelRegistry(tmp_path).load("mine"), manifest, torch.device("cpu"))
    small = to_float(drawing(1, 20))
    made = upscaler.enlarge(small, Progress(), best=True)
    turned = np.rot90(upscaler.enlarge(np.rot90(small).copy(), Progress(), best=True), -1)
    assert np.allclose(made, turned, atol=1e-5), "it no longer matters how the picture lies"


def test_restoring_starts_with_the_picture_itself_and_learns(photos):
    noisy = Degradation((step("noise", least=15.0, most=15.0, kind="even"),))
    task = RestoreTask(report_of(photos), RestoreSettings(mix=noisy))
    assert task.validate(task.network.eval()).scores["gain over the input"] == 0
    validation = last(Trainer(task, plan_of(40, 64), "cpu"))
    assert validation.scores["gain over the input"] > 1
    rows = task.previews(task.network.eval())
    assert rows[0].input.shape == rows[0].output.shape == rows[0].truth.shape


@pytest.mark.parametrize("kind", ["quick", "good", "unet"])
def test_every_network_changes_nothing_at_first(kind):
    image = torch.rand(1, 3, 64, 96)
    assert torch.equal(new_net(kind).eval()(image), image)


def test_a_window_with_its_reach_repairs_as_the_whole_picture_does():
    torch.manual_seed(0)
    net = new_net("quick").eval()
    torch.nn.init.normal_(net.tail.weight, std=0.1)
    image = torch.rand(1, 3, 160, 160)
    margin = -(-net.overlap // 4) * 4
    with torch.no_grad():
        part, whole = net(image[..., : 64 + margin, : 64 + margin]), net(image)
    assert (part - whole[..., : 64 + margin, : 64 + margin])[..., :64, :64].abs().max() < 1e-5


def test_both_sides_of_a_pair_are_cut_alike(photos, tmp_path):
    for name in ("input", "clean"):
        (tmp_path / name).mkdir()
    for path in sorted(photos.glob("*.png")):
        picture = np.asarray(Image.open(path))
        Image.fromarray(picture).save(tmp_path / "clean" / path.name)
        Image.fromarray(255 - picture).save(tmp_path / "input" / path.name)
    report = restore.RECIPE.check(tmp_path, restore.RestoreParams(pairs=True), Progress())
    assert report.can_start
    batch = RestoreTask(report, RestoreSettings()).batch([0, 1], PHASE, np.random.default_rng(0))
    assert torch.allclose(batch["input"], 1 - batch["target"], atol=1e-6)


def test_a_recipe_checks_proposes_and_starts(photos):
    for recipe, params in (
        (upscale.RECIPE, upscale.UpscaleParams(scale=2, channels=8, depth=1)),
        (restore.RECIPE, restore.RestoreParams(network="quick")),
    ):
        report = recipe.check(photos, params, Progress())
        assert report.can_start
        plan = recipe.plan(report, params, Request(minutes=5))
        assert plan.minutes == 5
        session = recipe.start(Setup(report, params, plan, Request(), "cpu"))
        assert session.goal.name == "PSNR"


def test_a_critic_at_the_end_makes_it_a_gan(photos):
    params = restore.RestoreParams(network="quick", critic=True)
    report = restore.RECIPE.check(photos, params, Progress())
    plan = restore.RECIPE.plan(report, params, Request())
    session = restore.RECIPE.start(Setup(report, params, plan, Request(), "cpu"))
    assert session.goal.name == "progress"


def test_damage_that_is_switched_on_becomes_the_mix():
    params = restore.RestoreParams(jpeg=False, noise=False, scratches=True)
    assert [s.degrader for s in restore.mix_of(params).steps] == ["scratches"]
    assert restore.mix_of(params).steps[0].chance == 1
    designed = Degradation((step("holes"),))
    assert restore.mix_of(dataclasses.replace(params, mix=designed.to_json())) == designed


def test_nothing_to_undo_is_refused(photos):
    params = restore.RestoreParams(jpeg=False, noise=False)
    with pytest.raises(UserError, match="nothing to learn"):
        restore.RECIPE.check(photos, params, Progress())
