"""The filter that an installed style is."""

import dataclasses

import numpy as np
import pytest

from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.filters import models as filter_models
from imgstudio.filters import reducing, runner
from imgstudio.filters.kit import check_filter, sample_picture
from imgstudio.filters.learned import filter_of
from imgstudio.filters.learned import style as learned
from imgstudio.filters.runner import capture, result_layer

torch = pytest.importorskip("torch")

from imgstudio.engine.manifest import save_model  # noqa: E402
from imgstudio.engine.nets.stylenet import StyleNet  # noqa: E402
from imgstudio.engine.registry import ModelRegistry  # noqa: E402


@pytest.fixture
def style(tmp_path, monkeypatch):
    torch.manual_seed(1)
    shape = {"styles": 1, "width": 8, "blocks": 1}
    network = StyleNet(**shape)
    torch.nn.init.normal_(network.last.weight, std=0.2)
    manifest = save_model(
        tmp_path / "starry",
        network,
        id="starry",
        name="Starry",
        task="style",
        architecture="stylenet",
        hyperparameters=shape,
        overlap=network.overlap,
        multiple_of=4,
    )
    registry = ModelRegistry(tmp_path)
    monkeypatch.setattr(runner, "sha256_of", lambda model: registry.manifest(model).sha256)
    monkeypatch.setattr(runner, "use_threads", lambda count: filter_models.use_threads(1))
    return filter_of(registry, manifest)


def pixels(item, params, document=None):
    document = document or Document.from_pixels(sample_picture())
    result = capture(document, document.active, item, params).run(Progress())
    return result.pixels.read(document.bounds)


def test_an_installed_style_keeps_the_laws_of_filters(style, monkeypatch):
    monkeypatch.setattr(reducing, "BAND", 32)

    check_filter(style)


def test_kept_colours_change_the_light_only(style):
    before = sample_picture().astype(int)
    made = pixels(style, learned.StyleParams(keep_colours=True)).astype(int)

    change = made[..., :3] - before[..., :3]
    inside = ((made[..., :3] > 0) & (made[..., :3] < 255)).all(2)
    assert np.abs(change[inside]).max() > 20
    assert np.ptp(change[inside], axis=1).max() <= 2


def test_a_small_canvas_gives_larger_strokes(style):
    large = np.tile(sample_picture(), (4, 4, 1))
    fine, coarse = (
        pixels(style, learned.StyleParams(size=size), Document.from_pixels(large))[..., :3].astype(float)
        for size in (640, 256)
    )

    assert np.abs(np.diff(coarse, axis=1)).mean() < 0.7 * np.abs(np.diff(fine, axis=1)).mean()


def test_the_result_becomes_a_layer(style):
    document = Document.from_pixels(sample_picture())
    result = capture(document, document.active, style, learned.StyleParams()).run(Progress())
    layer = result_layer(result, style.name)

    assert layer.recipe.steps[0].filter == "model.starry"
    assert layer.recipe.steps[0].models.keys() == {"starry"}


def test_cuts_of_a_canvas_agree_wherever_they_begin():
    canvas = np.random.default_rng(0).random((30, 40, 3)).astype(np.float32)
    painted = learned.Painted(canvas, Rect(5, 7, 100, 75))
    whole = painted.cut(Rect(5, 7, 100, 75))
    part = painted.cut(Rect(31, 20, 17, 23))

    assert np.array_equal(part, whole[13:36, 26:43])
    assert dataclasses.replace(painted, whole=Rect(0, 0, 40, 30)).cut(Rect(0, 0, 40, 30)) == pytest.approx(
        canvas
    )
