"""The painting network: any size, many styles in one, tiles by given statistics."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from imgstudio.engine.nets.stylenet import StyledNorm, StyleNet
from tests.engine.networks import covers_every_parameter_once, seen_distance


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def many_styles(count: int) -> StyleNet:
    """With styles that differ, as after training."""
    network = StyleNet(count, width=16, blocks=1, edge=5).eval()
    for module in network.modules():
        if isinstance(module, StyledNorm):
            nn.init.uniform_(module.scale, 0.5, 1.5)
            nn.init.normal_(module.shift)
    nn.init.normal_(network.last.weight, std=0.1)
    return network.requires_grad_(requires_grad=False)


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (37, 53), (32, 32)])
def test_any_size_is_painted(size):
    painted = StyleNet(2, width=16, blocks=1)(torch.rand(1, 3, *size))
    assert painted.shape == (1, 3, *size)
    assert 0 <= float(painted.detach().min()) <= float(painted.detach().max()) <= 1


def test_styles_differ_and_each_picture_has_its_own():
    network = many_styles(2)
    image = torch.rand(1, 3, 24, 24)
    both = network(image.repeat(2, 1, 1, 1), torch.eye(2))
    assert not torch.allclose(both[0], both[1], atol=1e-2)
    assert torch.allclose(both[1:], network(image, torch.tensor([[0.0, 1.0]])), atol=1e-5)


def test_without_a_style_all_take_part_alike():
    network = many_styles(4)
    image = torch.rand(2, 3, 16, 16)
    assert torch.allclose(network(image), network(image, torch.full((2, 4), 0.25)), atol=1e-6)


def test_statistics_of_the_whole_make_tiles_fit():
    network = many_styles(1).double()
    image = torch.rand(1, 3, 20, 128, dtype=torch.double)
    image[..., 64:] *= 0.3
    whole = network(image)
    start = 40
    tile = network(image[..., start:], statistics=network.statistics(image))
    kept = slice(network.overlap, None)
    assert torch.allclose(whole[..., start:][..., kept], tile[..., kept])
    assert not torch.allclose(whole[..., start:], network(image[..., start:]))


def test_it_sees_no_further_than_it_says_once_the_statistics_are_given():
    network = many_styles(1)
    statistics = network.statistics(torch.rand(1, 3, 32, 32))
    distance = seen_distance(
        network,
        length=160,
        height=16,
        run=lambda image: network(image, statistics=[s.double() for s in statistics]),
    )
    assert network.reach / 2 < distance <= network.reach


def test_a_new_style_starts_as_the_mean_of_those_learned():
    learned, fresh = many_styles(3), StyleNet(1, width=16, blocks=1, edge=5).eval()
    fresh.start_from(learned)
    image = torch.rand(1, 3, 20, 20)
    assert torch.allclose(fresh(image), learned(image), atol=1e-5)


def test_another_width_is_no_start():
    with pytest.raises(RuntimeError):
        StyleNet(1, width=32, blocks=1).start_from(StyleNet(1, width=16, blocks=1))


def test_groups_hold_every_layer_once_and_styles_come_last():
    network = StyleNet(2, width=16, blocks=2)
    assert covers_every_parameter_once(network)
    assert all(isinstance(module, StyledNorm) for module in network.groups()[-1])


def test_even_windows_at_the_edges_are_refused():
    with pytest.raises(ValueError, match="odd"):
        StyleNet(edge=8)
