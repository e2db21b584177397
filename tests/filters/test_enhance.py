"""Enhance and filters of installed networks that enlarge or restore."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect, Size
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.core.pixels import to_float
from imgstudio.engine.manifest import save_model
from imgstudio.engine.nets.edsr import UpscaleNet
from imgstudio.engine.nets.restorenet import RestoreNet
from imgstudio.engine.registry import ModelRegistry
from imgstudio.filters import enlarging
from imgstudio.filters.base import FilterInput
from imgstudio.filters.builtin import enhance
from imgstudio.filters.kit import check_filter, sample_picture
from imgstudio.filters.learned import filter_of
from imgstudio.filters.resizing import capture_size

NETWORKS = {"enhance-x2": 2, "enhance-x4": 4, "enhance-x2-real": 2, "mine": 2}


def made_net(scale, seed=0):
    torch.manual_seed(seed)
    net = UpscaleNet(scale, 8, 1)
    torch.nn.init.normal_(net.tail.weight, std=0.03)
    return net


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """Small networks under the names of the bundled ones, and two of the user's own."""
    for seed, (name, scale) in enumerate(NETWORKS.items()):
        net = made_net(scale, seed)
        save_model(
            tmp_path / name, net, id=name, name=name, task="upscale", architecture="edsr",
            hyperparameters={"scale": scale, "channels": 8, "pairs": 1}, overlap=net.reach, scale=scale,
        )  # fmt: skip
    repairing = RestoreNet(16, 16, 1, 1)
    torch.nn.init.normal_(repairing.tail.weight, std=0.02)
    save_model(
        tmp_path / "repair", repairing, id="repair", name="Repair", task="restore", architecture="restorenet",
        hyperparameters={"channels": 16, "deep_channels": 16, "pairs": 1, "deep_pairs": 1},
        multiple_of=4, minimum=4, overlap=repairing.overlap,
    )  # fmt: skip
    made = ModelRegistry(tmp_path)
    monkeypatch.setattr(enhance, "models", lambda: made)
    return made


def plain_input(pixels, **more):
    whole = Rect(0, 0, pixels.shape[1], pixels.shape[0])
    return FilterInput(pixels, None, None, whole, whole, device="cpu", **more)


def enhanced(pixels, progress=None, **values):
    image = plain_input(pixels)
    return enhance.FILTER.run(image, enhance.EnhanceParams(**values), progress or Progress())


def test_enhance_keeps_the_laws_of_filters(registry):
    check_filter(enhance.FILTER)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_result_is_so_many_times_as_large(registry, scale):
    picture = to_float(sample_picture())[:20, :31, :3]
    params = enhance.EnhanceParams(scale=scale)
    made = enhanced(picture, scale=scale)
    assert made.shape == (20 * scale, 31 * scale, 3)
    assert enhance.FILTER.size(params, Size(31, 20)) == Size(31 * scale, 20 * scale)
    assert np.isfinite(made).all()


@pytest.mark.parametrize(
    ("scale", "variant", "networks"),
    [
        (2, "faithful", ["enhance-x2"]),
        (3, "faithful", ["enhance-x4"]),
        (4, "faithful", ["enhance-x4"]),
        (2, "real", ["enhance-x2-real"]),
        (3, "real", ["enhance-x2-real", "enhance-x2"]),
        (4, "real", ["enhance-x2-real", "enhance-x2"]),
    ],
)
def test_each_scale_and_variant_has_its_networks(registry, monkeypatch, scale, variant, networks):
    used = []

    def noting(image, models, name, progress, **more):
        used.append(name)
        return enlarging.with_model(image, models, name, progress, **more)

    monkeypatch.setattr(enhance, "with_model", noting)
    picture = to_float(sample_picture())[:16, :16, :3]
    assert enhanced(picture, scale=scale, variant=variant).shape == (16 * scale, 16 * scale, 3)
    assert used == networks


def test_strength_goes_from_a_plain_enlargement_to_the_network(registry):
    picture = to_float(sample_picture())[:24, :24, :3]
    plain, half, full = (enhanced(picture, strength=strength) for strength in (0.0, 50.0, 100.0))
    assert np.array_equal(plain, enlarging.resampled(picture, Size(48, 48)))
    assert np.abs(full - plain).max() > 0.01
    assert np.allclose(half, (plain + full) / 2, atol=1e-6)


def test_a_cancel_ends_it(registry):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        enhanced(to_float(sample_picture())[..., :3], Progress(token=token))


def test_transparent_edges_get_no_foreign_colour(registry, monkeypatch):
    """Red on nothing stays red up to the last visible pixel, and alpha is resampled plainly."""
    monkeypatch.setattr(enlarging, "with_model", lambda image, *rest, **more: enlarging.resampled(image.pixels, Size(2 * image.pixels.shape[1], 2 * image.pixels.shape[0])))  # fmt: skip
    monkeypatch.setattr(enhance, "with_model", enlarging.with_model)
    picture = np.zeros((40, 40, 4), np.uint8)
    picture[10:30, 10:30] = (200, 30, 20, 255)
    picture[8:10, 10:30] = (200, 30, 20, 90)
    document = Document.from_pixels(picture)
    result = capture_size(document, enhance.FILTER, enhance.EnhanceParams()).run(Progress())
    made = result.layers[0].pixels.read(Rect(0, 0, 80, 80))
    seen = made[..., 3] > 2
    assert seen.sum() > 1600
    assert np.abs(made[seen][:, :3].astype(int) - (200, 30, 20)).max() <= 2
    alpha = to_float(picture)[..., 3:]
    assert np.abs(to_float(made)[..., 3:] - enlarging.resampled(alpha, Size(80, 80))).max() < 0.01


def test_colour_goes_on_where_nothing_is_seen():
    alpha = np.zeros((33, 21), np.float32)
    alpha[5, 7] = 1
    colour = np.zeros((33, 21, 3), np.float32)
    colour[5, 7] = (0.2, 0.4, 0.6)
    assert np.allclose(enlarging.spread_colour(colour, alpha), (0.2, 0.4, 0.6), atol=0.01)
    assert not enlarging.spread_colour(np.zeros_like(colour), np.zeros_like(alpha)).any()


@pytest.mark.parametrize(("model", "category"), [("mine", "Size"), ("repair", "Repair")])
def test_an_installed_network_is_a_filter_that_keeps_the_laws(registry, model, category):
    item = filter_of(registry, registry.manifest(model))
    assert (item.id, item.category) == (f"model.{model}", category)
    nameless = dataclasses.replace(item, models=())  # its hash would be looked for in the user's own registry
    check_filter(nameless)


def test_the_command_line_enlarges_a_file(registry, tmp_path):
    from imgstudio.cli.main import main

    Image.fromarray(sample_picture()[:30, :40, :3]).save(tmp_path / "in.png")
    arguments = ["apply", "enhance", str(tmp_path / "in.png"), "-o", str(tmp_path / "out.png")]
    assert main([*arguments, "--set", "scale=3", "--device", "cpu"]) == 0
    with Image.open(tmp_path / "out.png") as made:
        assert made.size == (120, 90)
