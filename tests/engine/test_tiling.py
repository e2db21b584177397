"""Laws of the tiler: it covers, it does not change, it survives running out of memory."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine.device import OutOfMemory
from imgstudio.engine.tiling import Seams, TilePlan, run_tiled, tile_for_budget

plans = st.builds(
    TilePlan,
    width=st.integers(1, 60),
    height=st.integers(1, 60),
    tile=st.integers(3, 48),
    overlap=st.integers(0, 20),
    align=st.sampled_from([1, 2, 3, 8]),
)
ROUNDING = 5e-6
"""Sums of many float32 weights; below half a level of 16-bit colour."""
joins = st.sampled_from(["blend", "crop"])


def picture(height: int, width: int, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(height * 1000 + width).random((height, width, channels), np.float32)


def enlarged(pixels: np.ndarray, scale: int) -> np.ndarray:
    return pixels.repeat(scale, 0).repeat(scale, 1)


@given(plans)
def test_cores_partition_the_picture_and_windows_hold_their_context(plan):
    seen = np.zeros((plan.height, plan.width), int)
    for core, window in plan.tiles():
        seen[core.slices()] += 1
        assert not core.is_empty
        assert max(core.width, core.height) <= max(plan.tile, plan.align)
        assert window.x == max(0, core.x - plan.margin)
        assert window.right == min(plan.width, core.right + plan.margin)
        assert window.bottom == min(plan.height, core.bottom + plan.margin)
        assert plan.overlap <= plan.margin < plan.overlap + plan.align
    assert (seen == 1).all()


@given(plans)
def test_windows_start_at_multiples_of_the_alignment(plan):
    for _, window in plan.tiles():
        assert window.x % plan.align == 0
        assert window.y % plan.align == 0


@given(plans)
def test_tiles_are_even(plan):
    sides = np.diff(plan.edges(plan.width))
    assert sides.max() - sides.min() < 2 * plan.align


@given(plans, joins, st.integers(1, 3))
@settings(deadline=None, max_examples=50)
def test_tiling_the_identity_is_the_identity(plan, join, scale):
    image = picture(plan.height, plan.width)
    result = run_tiled(
        lambda window: enlarged(window, scale),
        image,
        Progress(),
        tile=plan.tile,
        overlap=plan.overlap,
        scale=scale,
        seams=Seams(join, plan.align),
    )
    np.testing.assert_allclose(result, enlarged(image, scale), atol=ROUNDING)


@given(plans, st.integers(0, 30), st.integers(1, 3), joins)
@settings(deadline=None, max_examples=50)
def test_running_out_of_memory_at_any_call_still_gives_the_identity(plan, first_failure, failures, join):
    calls = 0

    def run(window: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        if first_failure <= calls < first_failure + failures:
            raise OutOfMemory
        return window

    image = picture(plan.height, plan.width)
    seams = Seams(join, plan.align, smallest=1)
    try:
        result = run_tiled(run, image, Progress(), tile=plan.tile, overlap=plan.overlap, seams=seams)
    except OutOfMemory:
        assert min(plan.tile, max(image.shape[:2])) < 2**failures
    else:
        np.testing.assert_allclose(result, image, atol=ROUNDING)


@pytest.mark.parametrize("join", ["blend", "crop"])
def test_the_result_equals_the_whole_picture_result(join):
    image = picture(150, 97, 3)
    reach = 4

    def blur(window: np.ndarray) -> np.ndarray:
        return cv2.blur(window, (2 * reach + 1,) * 2, borderType=cv2.BORDER_REFLECT)

    overlap = reach if join == "crop" else 2 * reach
    result = run_tiled(blur, image, Progress(), tile=32, overlap=overlap, seams=Seams(join))
    np.testing.assert_allclose(result, blur(image), atol=1e-5)


def test_blending_hides_what_the_edges_of_windows_get_wrong():
    def darker_each_time(window: np.ndarray) -> np.ndarray:
        nonlocal level
        level -= 0.1
        return np.full_like(window, level)

    level = 1.0
    result = run_tiled(darker_each_time, picture(20, 200, 1), Progress(), tile=64, overlap=16)
    assert np.abs(np.diff(result[10, :, 0])).max() < 0.01


def test_memory_that_never_suffices_is_reported():
    def run(window: np.ndarray) -> np.ndarray:
        raise OutOfMemory("too much")

    with pytest.raises(OutOfMemory, match="too much"):
        run_tiled(run, picture(300, 300), Progress(), tile=256)


def test_class_maps_keep_their_type_when_cropped():
    result = run_tiled(
        lambda window: (window[..., 0] > 0.5).astype(np.uint8),
        picture(70, 50),
        Progress(),
        tile=16,
        overlap=4,
        seams=Seams("crop"),
    )
    assert result.dtype == np.uint8
    assert result.shape == (70, 50)


def test_a_cancel_stops_between_tiles():
    token, calls = CancelToken(), []

    def run(window: np.ndarray) -> np.ndarray:
        calls.append(window.shape)
        if len(calls) == 3:
            token.cancel()
        return window

    with pytest.raises(Cancelled):
        run_tiled(run, picture(100, 100), Progress(token=token), tile=16, overlap=0)
    assert len(calls) == 3


def test_a_function_that_returns_another_size_is_refused():
    with pytest.raises(ValueError, match="scale 2"):
        run_tiled(lambda window: window, picture(10, 10), Progress(), scale=2)


@given(st.floats(1, 1e5), st.integers(0, 1 << 34), st.integers(0, 64), st.sampled_from([1, 8, 16]))
def test_a_tile_for_a_budget_fits_into_it(bytes_per_pixel, budget, margin, align):
    side = tile_for_budget(bytes_per_pixel, budget, margin, align=align)
    assert side % align == 0
    assert 64 <= side <= 2048
    if side > 64:
        assert (side + 2 * margin) ** 2 * bytes_per_pixel <= budget
