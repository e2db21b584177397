"""The filter that a learned look is."""

import numpy as np
import pytest

from imgstudio.core.document import Document
from imgstudio.core.jobs import Progress
from imgstudio.filters import models as filter_models
from imgstudio.filters import reducing, runner
from imgstudio.filters.kit import check_filter, sample_picture
from imgstudio.filters.learned import filter_of
from imgstudio.filters.learned import look as learned
from imgstudio.filters.runner import capture

torch = pytest.importorskip("torch")

from imgstudio.engine.manifest import save_model  # noqa: E402
from imgstudio.engine.nets.looknet import LookNet  # noqa: E402
from imgstudio.engine.registry import ModelRegistry  # noqa: E402

WARM, COOL = torch.diag(torch.tensor([1.0, 0.8, 0.5])), torch.zeros(3)


def made_of(network, tmp_path, monkeypatch):
    manifest = save_model(
        tmp_path / "warm",
        network,
        id="warm",
        name="Warm",
        task="look",
        architecture="looknet",
        hyperparameters={"width": 8, "blocks": 1},
        overlap=network.overlap,
        multiple_of=network.multiple_of,
        minimum=2 * network.multiple_of,
    )
    registry = ModelRegistry(tmp_path)
    monkeypatch.setattr(runner, "sha256_of", lambda model: registry.manifest(model).sha256)
    monkeypatch.setattr(runner, "use_threads", lambda count: filter_models.use_threads(1))
    return filter_of(registry, manifest)


@pytest.fixture
def look(tmp_path, monkeypatch):
    torch.manual_seed(1)
    network = LookNet(8, 1)
    torch.nn.init.normal_(network.paint.tail.weight, std=0.1)
    return made_of(network, tmp_path, monkeypatch)


@pytest.fixture
def warm(tmp_path, monkeypatch):
    network = LookNet(8, 1)
    network.mix_colours(WARM, COOL)
    return made_of(network, tmp_path, monkeypatch)


def pixels(item, params, document):
    result = capture(document, document.active, item, params).run(Progress())
    return result.pixels.read(document.bounds)[..., :3].astype(float)


def test_a_learned_look_keeps_the_laws_of_filters(look, monkeypatch):
    monkeypatch.setattr(reducing, "BAND", 32)

    check_filter(look)


def test_colours_that_were_learned_are_put_on_the_picture(warm):
    document = Document.from_pixels(sample_picture())
    before = document.active.pixels.read(document.bounds)[..., :3].astype(float)
    made = pixels(warm, learned.LookParams(), document)

    assert np.abs(made - before * WARM.diagonal().numpy()).max() < 3


def test_detail_that_is_finer_than_the_canvas_is_kept_when_wanted(warm):
    fine = np.full((400, 600, 4), 255, np.uint8)
    fine[..., :3] = 90 + 60 * np.random.default_rng(0).integers(0, 2, (400, 600, 1), np.uint8)
    document = Document.from_pixels(fine)
    with_detail, without = (
        pixels(warm, learned.LookParams(size=256, keep_detail=keeps), document) for keeps in (True, False)
    )

    assert with_detail[..., 0].std() > 1.5 * without[..., 0].std()
