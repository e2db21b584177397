"""The enlarging network: bicubic at first, tileable, and a start for the next scale."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from imgstudio.engine.nets.edsr import UpscaleNet, bicubic_filters
from tests.engine.networks import covers_every_parameter_once, is_flat_in_cells, seen_distance


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (7, 12)])
def test_any_size_is_enlarged(scale, size):
    larger = UpscaleNet(scale, 16, 1)(torch.rand(2, 3, *size))
    assert larger.shape == (2, 3, scale * size[0], scale * size[1])
    assert larger.dtype == torch.float32


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_skip_is_the_bicubic_of_matlab(scale):
    image = torch.rand(1, 3, 20, 20)
    reference = functional.interpolate(image, scale_factor=scale, mode="bicubic", antialias=True)
    inner = (..., slice(3 * scale, -3 * scale), slice(3 * scale, -3 * scale))
    assert torch.allclose(UpscaleNet(scale).bicubic(image)[inner], reference[inner], atol=1e-5)


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_the_skip_keeps_a_flat_colour(scale):
    assert np.allclose(bicubic_filters(scale).sum((1, 2, 3)), 1)


@torch.no_grad()
def test_it_starts_as_a_bicubic_enlargement_without_a_checkerboard():
    network = UpscaleNet(2)
    image = torch.rand(1, 3, 16, 16)
    change = network(image) - network.bicubic(image)
    assert 0 < float(change.abs().max()) < 0.1
    assert is_flat_in_cells(change, 2)


@pytest.mark.parametrize("pairs", [1, 4])
def test_it_sees_exactly_as_far_as_it_says(pairs):
    network = UpscaleNet(2, 16, pairs)
    assert seen_distance(network, length=64, height=12) == network.reach


@torch.no_grad()
def test_a_tile_with_its_overlap_equals_the_whole():
    network = UpscaleNet(2, 16, 2).eval()
    image = torch.rand(1, 3, 16, 60)
    whole, tile = network(image), network(image[..., 20:])
    assert torch.allclose(
        whole[..., 2 * (20 + network.overlap) :], tile[..., 2 * network.overlap :], atol=1e-6
    )


@torch.no_grad()
def test_the_trunk_for_2_starts_the_net_for_4():
    learned, fresh = UpscaleNet(2, 16, 3), UpscaleNet(4, 16, 3)
    fresh.start_from(learned)
    for part in ("head", "trunk", "close"):
        assert all(
            torch.equal(a, b)
            for a, b in zip(
                getattr(fresh, part).parameters(), getattr(learned, part).parameters(), strict=True
            )
        )
    image = torch.rand(1, 3, 12, 12)
    assert is_flat_in_cells(fresh(image) - fresh.bicubic(image), 4)


def test_a_net_of_another_width_is_no_start():
    with pytest.raises(RuntimeError):
        UpscaleNet(4, 32, 2).start_from(UpscaleNet(2, 16, 2))
    with pytest.raises(RuntimeError, match="lacks"):
        UpscaleNet(4, 16, 3).start_from(UpscaleNet(2, 16, 2))


def test_groups_hold_every_layer_once():
    assert covers_every_parameter_once(UpscaleNet())


@torch.no_grad()
def test_the_skip_stays_exact_in_bfloat16():
    network = UpscaleNet(2, 16, 1)
    image = torch.rand(1, 3, 8, 8)
    plain = network.bicubic(image)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(network.bicubic(image), plain)
        assert network(image).dtype == torch.float32


def test_a_scale_below_1_is_refused():
    with pytest.raises(ValueError, match="scale"):
        UpscaleNet(0)
