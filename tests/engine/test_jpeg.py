"""JPEG arithmetic: transforms, tables, the quantisation constraint and the search for the grid."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.data import astronaut

from imgstudio.engine.jpeg import (
    JpegTables,
    band_levels,
    block_dct,
    block_idct,
    projected,
    rgb_from_ycc,
    standard_tables,
    table_numbers,
    ycc_from_rgb,
)
from imgstudio.engine.jpeg_traces import find_grid, find_steps

seeds = st.integers(0, 2**31 - 1)


def noise(seed, height=24, width=32, spread=40.0):
    return (
        torch.randn(height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        * spread
    )


def through_jpeg(pixels, quality):
    draft = io.BytesIO()
    Image.fromarray(pixels).save(draft, "JPEG", quality=quality)
    return np.asarray(Image.open(draft))


def brightness(pixels):
    return torch.from_numpy(np.ascontiguousarray(pixels) @ np.array([0.299, 0.587, 0.114], np.float32))


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_the_block_transform_can_be_undone_and_keeps_lengths(seed):
    plane = noise(seed)

    coefficients = block_dct(plane)

    assert torch.allclose(block_idct(coefficients), plane, atol=1e-4)
    assert torch.isclose(coefficients.square().sum(), plane.square().sum(), rtol=1e-5)


def test_the_first_wave_of_a_flat_block_is_eight_times_its_level():
    coefficients = block_dct(torch.full((8, 8), 3.0))[0, 0]

    assert coefficients[0, 0].item() == pytest.approx(24)
    assert coefficients.abs().sum().item() == pytest.approx(24, abs=1e-3)


def test_colours_turn_as_pillow_turns_them_and_back():
    rgb = astronaut()[:64, :64]
    tensor = torch.from_numpy(rgb / np.float32(255)).permute(2, 0, 1)

    ycc = ycc_from_rgb(tensor)

    expected = np.asarray(Image.fromarray(rgb).convert("YCbCr")).astype(np.float32)
    found = (ycc * 255).permute(1, 2, 0).numpy() + np.array([127.5, 128, 128], np.float32)
    assert np.abs(found - expected).max() < 1.01
    assert torch.allclose(rgb_from_ycc(ycc), tensor, atol=1e-5)


@pytest.mark.parametrize("quality", [1, 10, 35, 49, 50, 75, 95, 100])
def test_standard_tables_are_those_that_pillow_writes(quality):
    draft = io.BytesIO()
    Image.new("RGB", (8, 8)).save(draft, "JPEG", quality=quality)
    written = Image.open(draft).quantization

    tables = standard_tables(quality)

    assert tables.luma.flatten().tolist() == list(written[0])
    assert tables.chroma is not None
    assert tables.chroma.flatten().tolist() == list(written[1])


def test_levels_are_zero_for_steps_of_one_and_grow_with_the_steps():
    assert band_levels(torch.ones(8, 8)).tolist() == [0, 0, 0]
    assert (band_levels(standard_tables(10).luma) > band_levels(standard_tables(80).luma)).all()


def test_numbers_of_a_gray_picture_say_that_colour_lost_nothing():
    assert table_numbers(JpegTables(standard_tables(20).luma)).tolist()[3:] == [0] * 5


@given(seeds, st.sampled_from([1, 2, 3, 8, 40]))
@settings(max_examples=40, deadline=None)
def test_projecting_twice_is_projecting_once(seed, step):
    steps = torch.full((8, 8), float(step))
    decoded, restored = noise(seed), noise(seed + 1)

    once = projected(restored, decoded, steps)

    assert torch.allclose(projected(once, decoded, steps), once, atol=1e-4)


@given(seeds, st.integers(1, 95))
@settings(max_examples=40, deadline=None)
def test_projecting_never_leads_further_from_the_original(seed, quality):
    """The decoder's rounding to whole levels is part of the law."""
    steps = standard_tables(quality).luma.double()
    original = noise(seed)
    decoded = block_idct((block_dct(original) / steps).round() * steps).round()
    restored = decoded + noise(seed + 1, spread=10)

    result = projected(restored, decoded, steps)

    assert (result - original).square().sum() <= (restored - original).square().sum() * (1 + 1e-9)


def test_the_original_lies_in_what_the_file_allows():
    steps = standard_tables(30).luma.double()
    original = noise(3)
    decoded = block_idct((block_dct(original) / steps).round() * steps).round()

    assert torch.allclose(projected(original, decoded, steps), original, atol=1e-4)


@pytest.mark.parametrize("quality", [10, 50, 90, 95])
@pytest.mark.parametrize("cut", [(0, 0), (3, 5)])
def test_the_grid_is_found_wherever_the_picture_was_cut(quality, cut):
    left, top = cut
    pixels = through_jpeg(astronaut()[100:300, 100:300], quality)[top:, left:]

    assert find_grid([brightness(pixels)]) == (-left % 8, -top % 8)


def test_no_grid_is_found_where_there_is_none():
    halved = astronaut().reshape(256, 2, 256, 2, 3).mean((1, 3)).round()

    assert find_grid([brightness(halved.astype(np.uint8))]) is None
    assert find_grid([torch.zeros(128, 128)]) is None
    assert find_grid([torch.zeros(9, 300)]) is None


@pytest.mark.parametrize("quality", [50, 75, 90, 95])
def test_the_steps_of_the_slow_waves_are_read_from_the_pixels(quality):
    pixels = through_jpeg(astronaut()[0:256, 100:400], quality)
    true = standard_tables(quality).luma

    steps = find_steps([brightness(pixels) - 128])

    slow = torch.arange(8)[:, None] + torch.arange(8)[None] < 5
    slow[0, 0] = False
    assert (steps[slow] == true[slow]).float().mean() >= (0.9 if quality < 90 else 0.6)
    assert (steps[slow] - true[slow]).abs().max() <= 1


def test_a_picture_that_was_never_compressed_has_steps_of_one():
    halved = astronaut().reshape(256, 2, 256, 2, 3).mean((1, 3)).round()

    steps = find_steps([brightness(halved.astype(np.uint8)) - 128])

    assert set(steps.unique().tolist()) <= {0.0, 1.0}


def test_nothing_is_read_from_a_flat_picture():
    assert find_steps([torch.zeros(64, 64)]).abs().max() == 0
