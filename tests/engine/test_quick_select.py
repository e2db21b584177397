"""Quick select: patches follow edges, strokes grow over what is alike and no farther."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine.edge_fit import edged
from imgstudio.engine.quick_select import QuickSelect
from imgstudio.engine.superpixels import patches

SIDE = 240


def two_things():
    """(h, w, 3): a red disc and a red box on green, with grain; and the two of them as masks."""
    rng = np.random.default_rng(5)
    disc, box = np.zeros((SIDE, SIDE), np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(disc, (80, 120), 50, 255, -1)
    cv2.rectangle(box, (170, 80), (220, 160), 255, -1)
    rgb = np.where((disc | box)[..., None] > 0, (190, 60, 50), (60, 130, 70)) + rng.normal(
        0, 9, (SIDE, SIDE, 3)
    )
    return np.clip(rgb, 0, 255).astype(np.uint8), disc, box


def brush_at(*points, radius=8):
    made = np.zeros((SIDE, SIDE), np.uint8)
    cv2.polylines(made, [np.array(points, np.int32)], isClosed=False, color=255, thickness=2 * radius)
    return made


def overlap(one, other):
    one, other = one > 127, other > 127
    return (one & other).sum() / (one | other).sum()


def test_a_stroke_inside_one_thing_selects_that_thing_alone():
    rgb, disc, _ = two_things()
    grower = QuickSelect(rgb, np.zeros_like(disc), 80)

    assert grower.stroke(brush_at((60, 110), (95, 130)))

    assert overlap(grower.grown(), disc) > 0.95


def test_a_stroke_that_takes_away_leaves_the_other_thing():
    rgb, disc, box = two_things()
    grower = QuickSelect(rgb, disc | box, 80, takes_away=True)
    grower.stroke(brush_at((195, 100), (195, 140)))

    assert overlap((disc | box) & ~grower.grown(), disc) > 0.95


def test_nothing_beyond_the_reach_is_taken():
    plain = np.full((SIDE, SIDE, 3), 120, np.uint8)
    grower = QuickSelect(plain, np.zeros((SIDE, SIDE), np.uint8), 40)
    grower.stroke(brush_at((120, 120), (121, 120), radius=6))

    rows, columns = np.nonzero(grower.grown())

    assert np.hypot(rows - 120, columns - 120).max() < 40 + 6 + 12


def test_a_brush_smaller_than_a_patch_takes_that_patch():
    rgb, disc, _ = two_things()
    grower = QuickSelect(rgb, np.zeros_like(disc), 60)
    dot = np.zeros_like(disc)
    dot[120, 80] = 255

    grower.stroke(dot)

    assert grower.grown()[120, 80] == 255


def test_the_same_place_again_changes_nothing():
    rgb, disc, _ = two_things()
    grower = QuickSelect(rgb, np.zeros_like(disc), 60)
    grower.stroke(brush_at((60, 110), (95, 130)))

    assert not grower.stroke(brush_at((60, 110), (95, 130)))
    assert not grower.stroke(np.zeros_like(disc))


def test_colours_of_an_earlier_window_count_in_the_next():
    rgb, disc, _ = two_things()
    rgb[:, :80][disc[:, :80] > 0] = (60, 60, 200)  # half of the disc is blue
    first = QuickSelect(rgb, np.zeros_like(disc), 60)
    first.stroke(brush_at((55, 115), (60, 125)))

    alone, knowing = (
        QuickSelect(rgb, np.zeros_like(disc), 80, known=known) for known in (None, first.stroked_colours)
    )
    for grower in (alone, knowing):
        grower.stroke(brush_at((100, 115), (105, 125)))

    assert overlap(knowing.grown(), disc) > overlap(alone.grown(), disc) + 0.2


def test_nothing_is_taken_without_a_stroke():
    rgb, disc, _ = two_things()
    assert not QuickSelect(rgb, disc, 60).grown().any()


@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 99))
@settings(deadline=None, max_examples=25)
def test_patches_are_all_of_the_picture(height, width, seed):
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)

    made = patches(rgb)

    assert made.sizes.sum() == height * width
    assert made.sizes.min() > 0
    assert np.array_equal(np.unique(made.labels), np.arange(len(made.sizes)))
    assert (made.pairs[:, 0] < made.pairs[:, 1]).all()


def test_patches_end_at_edges():
    rgb, disc, box = two_things()

    share = patches(rgb).share_of(disc | box)

    assert (np.minimum(share, 1 - share) > 0.25).mean() < 0.02


@pytest.mark.parametrize("step", [2, 4])
def test_a_coarse_outline_is_carried_to_the_edge_of_the_pixels(step):
    big = np.full((480, 640, 4), 255, np.uint8)
    truth = np.zeros((480, 640), np.uint8)
    cv2.ellipse(truth, (320, 240), (180, 120), 30, 0, 360, 255, -1)
    big[..., :3] = np.where(truth[..., None] > 0, (200, 180, 60), (40, 60, 90))
    small = cv2.resize(truth, (640 // step, 480 // step), interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(np.where(small > 127, 255, 0).astype(np.uint8), (640, 480))
    made, bounds = coarse.copy(), Rect(0, 0, 640, 480)

    for place, coverage in edged(
        lambda rect: big[rect.slices()],
        lambda rect: coarse[rect.slices()],
        lambda rect: np.full((rect.height, rect.width), 255, np.uint8),
        bounds,
        step,
        Progress(),
    ):
        made[place.slices()] = coverage

    before, after = (np.abs(found.astype(int) - truth).mean() for found in (coarse, made))
    assert after < 0.6 * before


def test_an_outline_that_may_not_move_stays_to_the_bit():
    mask = np.zeros((100, 100), np.uint8)
    mask[30:60, 30:60] = 255
    nowhere = np.zeros_like(mask)
    pixels = np.random.default_rng(1).integers(0, 256, (100, 100, 4), np.uint8)

    parts = edged(
        lambda r: pixels[r.slices()],
        lambda r: mask[r.slices()],
        lambda r: nowhere[r.slices()],
        Rect(0, 0, 100, 100),
        1,
        Progress(),
    )

    assert list(parts) == []


def test_carrying_an_outline_can_be_stopped():
    token = CancelToken()
    token.cancel()
    full = np.full((50, 50), 255, np.uint8)

    with pytest.raises(Cancelled):
        list(
            edged(
                lambda r: np.dstack([full] * 4)[r.slices()],
                lambda r: full[r.slices()],
                lambda r: full[r.slices()],
                Rect(0, 0, 50, 50),
                1,
                Progress(token=token),
            )
        )
