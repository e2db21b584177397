"""Steps made orthogonal: which weights, how long, in which direction."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from imgstudio.learn.muon import LEAST_SIDE, STEP_LENGTH, Muon, is_matrix, orthogonalized

SIDES = st.integers(LEAST_SIDE, 90)


@settings(max_examples=25, deadline=None)
@given(
    SIDES, SIDES, st.floats(1e-6, 1e6), st.integers(0, 99), st.sampled_from([torch.float32, torch.bfloat16])
)
def test_singular_values_come_close_to_one_whatever_the_size_of_the_gradient(
    rows, columns, size, seed, dtype
):
    matrix = size * torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    values = torch.linalg.svdvals(orthogonalized(matrix, dtype))
    assert values.max() < 1.3
    assert values.median() > 0.6


def test_a_gradient_of_nothing_moves_nothing():
    assert not orthogonalized(torch.zeros(32, 48)).any()


def test_convolutions_count_as_matrices_and_small_ones_biases_and_norms_do_not():
    assert is_matrix(nn.Conv2d(32, 48, 3).weight)
    assert not is_matrix(nn.Conv2d(48, 12, 3).weight)
    assert not is_matrix(nn.Conv2d(32, 48, 3).bias)
    assert not is_matrix(nn.BatchNorm2d(64).weight)


@pytest.mark.parametrize("shape", [(32, 32, 3, 3), (96, 32), (12, 48, 3, 3)])
def test_a_step_is_as_long_as_the_rate_says_and_goes_downhill(shape):
    """Of matrices 0.2 times the rate on average, of the rest as long as Adam's first: the rate itself."""
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(shape))
    before = weight.detach().clone()
    optimiser = Muon([{"params": [weight], "weight_decay": 0.0}])
    optimiser.param_groups[0]["lr"] = 0.01
    weight.grad = torch.randn(shape)
    optimiser.step()
    moved = weight.detach() - before
    wanted = 0.01 * (STEP_LENGTH if is_matrix(weight) else 1)
    assert float(moved.square().mean().sqrt()) == pytest.approx(wanted, rel=0.2)
    assert float((moved * weight.grad).sum()) < 0


def test_decay_shrinks_weights_apart_from_the_gradient():
    weight = nn.Parameter(torch.full((32, 32), 2.0))
    optimiser = Muon([{"params": [weight], "weight_decay": 0.5}])
    optimiser.param_groups[0]["lr"] = 0.1
    weight.grad = torch.zeros(32, 32)
    optimiser.step()
    assert torch.allclose(weight, torch.full((32, 32), 1.9))
