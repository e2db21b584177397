"""Learning the style of a painting from a folder of photos."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from imgstudio.core import params as declared
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.engine.features import FeatureExtractor
from imgstudio.engine.manifest import save_model
from imgstudio.engine.nets.newstyle import NewStyle
from imgstudio.engine.nets.vgg import Vgg
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.style.vectors import painter_of
from imgstudio.learn.dataset.report import DatasetReport, Sample, Split
from imgstudio.learn.plan import Curve, Phase, Plan
from imgstudio.learn.recipe import Request, Setup
from imgstudio.learn.recipes import style
from imgstudio.learn.tasks.style import StyleSettings, StyleTask
from imgstudio.learn.trainer import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def painting(tmp_path):
    """Diagonal strokes of two colours."""
    y, x = np.mgrid[:240, :320]
    stroke = (np.sin((x + y) / 3) > 0)[..., None]
    pixels = np.where(stroke, [20, 40, 160], [240, 210, 60]).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "strokes.png")
    return tmp_path / "strokes.png"


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(8):
        coarse = random.integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(coarse).resize((160, 120), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder


def task(painting, photos):
    samples = tuple(Sample(path) for path in sorted(photos.iterdir()))
    report = DatasetReport(photos, samples, Split(tuple(range(2, 8)), (0, 1)))
    torch.manual_seed(0)
    features = FeatureExtractor(Vgg((8, 16), (1, 1), average=True))
    return StyleTask(report, StyleSettings(painting, strokes=0.4, width=8, blocks=1), features)


def trainer(made, steps=30):
    phase = Phase("Paint", steps, "steps", Curve("constant", 5e-3, 5e-3), batch=2, size=48)
    return Trainer(made, Plan((phase,), precision="float32", average_decay=0.8, clip=0), "cpu")


def test_the_style_comes_nearer_and_the_same_seed_gives_the_same_run(painting, photos):
    made = task(painting, photos)
    before = made.validate(made.network.eval())
    run = trainer(made)
    reports = list(run.steps())
    after = made.validate(run.network_now())

    assert after.scores["style"] < 0.75 * before.scores["style"]
    assert after.loss < before.loss
    again = [report.loss for report in itertools.islice(trainer(task(painting, photos)).steps(), 5)]
    assert again == [report.loss for report in reports[:5]]


def test_a_run_that_was_stopped_goes_on_exactly(painting, photos, tmp_path):
    straight = [report.loss for report in trainer(task(painting, photos), 6).steps()]
    first = trainer(task(painting, photos), 6)
    begun = [report.loss for report in itertools.islice(first.steps(), 3)]
    first.save(tmp_path / "checkpoint")
    second = trainer(task(painting, photos), 6)
    second.restore(tmp_path / "checkpoint")

    assert begun + [report.loss for report in second.steps()] == straight


def test_crops_show_the_photo_at_several_sizes_without_leaving_it(painting, photos):
    made = task(painting, photos)
    crops = made.batch(range(6), Phase("Paint", 1, size=64), np.random.default_rng(0))["photo"]

    assert crops.shape == (6, 3, 64, 64)
    assert 0 <= float(crops.min()) < float(crops.max()) <= 1


def test_the_model_can_be_installed(painting, photos, tmp_path):
    made = task(painting, photos)
    manifest = trainer(made).export(tmp_path / "models" / "my-style", "My style")
    registry = ModelRegistry(tmp_path / "models")

    assert (manifest.task, manifest.classes) == ("style", ("strokes",))
    assert registry.load("my-style")(torch.rand(1, 3, 32, 40)).shape == (1, 3, 32, 40)


def test_previews_show_photo_and_painted_photo_of_one_size(painting, photos):
    made = task(painting, photos)
    rows = made.previews(made.network.eval())

    assert [row.name for row in rows] == ["0.png", "1.png"]
    assert all(row.input.shape == row.output.shape for row in rows)


def test_the_recipe_goes_from_a_folder_and_a_painting_to_a_first_step(painting, photos):
    recipe = style.RECIPE
    params = style.StyleParams(painting=painting, strokes=0.4, width=8, blocks=1)
    declared.check(params)
    report = recipe.check(photos, params, Progress())
    plan = recipe.plan(report, params, Request(minutes=1))
    small = dataclasses.replace(plan.phases[0], size=32, batch=1)
    setup = Setup(report, params, dataclasses.replace(plan, phases=(small,)), Request(minutes=1), "cpu")

    first = next(iter(recipe.start(setup).steps()))

    assert plan.minutes == 1
    assert first.terms.keys() == {"content", "style", "smoothness"}


def test_a_quick_style_begins_as_predicted_and_is_a_filter_of_some_kilobytes(painting, photos, tmp_path):
    recipe, params = style.RECIPE, style.StyleParams(painting=painting)
    report = recipe.check(photos, params, Progress())
    plan = recipe.plan(report, params, Request(minutes=1))
    phases = tuple(dataclasses.replace(p, length=2, size=48, batch=1) for p in plan.phases)
    setup = Setup(
        report, params, Plan(phases, precision="float32", average_decay=0.5, clip=0), Request(), "cpu"
    )
    session = recipe.start(setup)
    before = {name: value.clone() for name, value in session.task.network.state_dict().items()}
    reports = list(session.steps())
    session.export(tmp_path / "models" / "mine", "Mine")
    after = session.task.network.state_dict()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}

    assert [report.phase for report in reports] == [0, 0, 1, 1, 2, 2]
    assert changed == {"styles.vectors", "first.paint.weight", "last.weight", "last.bias"}
    registry = ModelRegistry(tmp_path / "models")
    assert (tmp_path / "models/mine/weights.safetensors").stat().st_size < 100_000
    photo = torch.rand(1, 3, 32, 40)
    painter = painter_of(registry, "mine", torch.device("cpu"))
    assert (painter(photo) - session.network_now()(photo)).abs().max() < 0.01


def test_a_style_on_a_trunk_that_has_changed_is_refused(tmp_path):
    kept = NewStyle(base="style", base_sha256="0" * 64)
    shape = {"base": "style", "base_sha256": "0" * 64}
    fields = {"name": "Old", "task": "style", "architecture": "newstyle", "hyperparameters": shape}
    save_model(tmp_path / "old", kept, id="old", **fields)
    with pytest.raises(UserError, match="Train the style again"):
        painter_of(ModelRegistry(tmp_path), "old", torch.device("cpu"))


def test_what_is_wrong_with_the_painting_is_said_before_the_first_step(tmp_path, photos):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    tiny = tmp_path / "tiny.png"
    Image.new("RGB", (50, 40)).save(tiny)

    def severities(path):
        return [finding.severity for finding in style.painting_findings(path)]

    assert severities(None) == ["error"]
    assert severities(broken) == ["error"]
    assert severities(tmp_path / "absent.png") == ["error"]
    assert severities(tiny) == ["warning"]
