"""From a coarse map to a cut-out: bands, specks, sizes, and no subject at all."""

import cv2
import numpy as np
import pytest

from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.engine import cutout
from imgstudio.engine.cutout import Matte, check_subject, matte
from imgstudio.engine.cutout_large import cut_out, part_of


def disc(height=200, width=240, radius=60):
    """A red disc on blue, soft by a pixel, and its coverage."""
    rows, columns = np.indices((height, width), np.float32)
    away = np.hypot(rows - height / 2, columns - width / 2)
    alpha = np.clip(radius - away + 0.5, 0, 1).astype(np.float32)
    share = alpha[..., None]
    return np.asarray(
        share * np.float32((0.8, 0.2, 0.1)) + (1 - share) * np.float32((0.1, 0.3, 0.7)), np.float32
    ), alpha


def coarse(alpha, cells=48):
    return cv2.resize(alpha, (cells, cells), interpolation=cv2.INTER_AREA)


def test_a_coarse_map_becomes_the_true_coverage():
    pixels, alpha = disc()

    found = matte(pixels, coarse(alpha), Progress()).alpha

    assert np.abs(found - alpha).mean() < 0.002
    assert np.abs(found - alpha).max() < 0.35


def test_a_wrong_outline_within_reach_moves_to_the_edge():
    pixels, alpha = disc()
    _, wide = disc(radius=64)

    found = matte(pixels, wide, Progress(), reach=8).alpha
    left = matte(pixels, wide, Progress(), reach=0).alpha

    assert np.abs(found - alpha).mean() < 0.1 * np.abs(wide - alpha).mean()
    assert np.abs(found - alpha).mean() < np.abs(left - alpha).mean()


def test_specks_and_pinholes_go_and_real_parts_stay():
    shape = np.zeros((200, 240), np.float32)
    shape[40:160, 40:140] = 1
    shape[60:120, 180:220] = 1
    shape[10:16, 10:16] = 1
    shape[100:102, 90:92] = 0
    pixels = np.repeat(shape[..., None], 3, 2)

    found = matte(pixels, shape, Progress(), reach=0).alpha

    assert found[100, 60] == found[90, 200] == found[101, 91] == 1
    assert found[5:20, 5:20].max() == 0


def test_a_small_piece_of_which_nothing_is_sure_goes():
    salience = np.zeros((200, 240), np.float32)
    salience[40:160, 40:140] = 1
    salience[60:90, 180:200], salience[110:140, 180:200] = 0.55, 0.9

    found = matte(np.repeat(salience[..., None], 3, 2), salience, Progress(), reach=0).alpha

    assert found[125, 190] == 1
    assert found[75, 190] == 0


def test_a_lower_threshold_takes_in_more():
    salience = np.zeros((100, 120), np.float32)
    salience[30:70, 20:60], salience[30:70, 60:100] = 0.9, 0.4
    pixels = np.repeat(salience[..., None], 3, 2)

    low, high = (matte(pixels, salience, Progress(), threshold=value).alpha for value in (0.2, 0.7))

    assert low[50, 80] > 0.9
    assert high[50, 80] < 0.1
    assert high[50, 40] > 0.9


def test_too_wide_a_band_is_worked_out_smaller(monkeypatch):
    pixels, alpha = disc(300, 400, 110)
    whole = matte(pixels, coarse(alpha), Progress(), reach=12).alpha
    monkeypatch.setattr(cutout, "LARGEST_BAND", 4000)

    found = matte(pixels, coarse(alpha), Progress(), reach=12).alpha

    assert not np.array_equal(found, whole)
    assert np.abs(found - alpha).mean() < 0.01


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_all_or_nothing_has_no_edge(value):
    pixels, _ = disc()

    found = matte(pixels, np.full((48, 48), value, np.float32), Progress())

    assert not found.band.any()
    assert (found.alpha == value).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 2), (5, 4)])
def test_slivers_are_no_trouble(shape):
    pixels = np.random.default_rng(0).random((*shape, 3), np.float32)

    found = matte(pixels, np.eye(48, dtype=np.float32), Progress())

    assert found.alpha.shape == shape
    assert np.isfinite(found.alpha).all()


def test_nothing_that_stands_out_is_said_in_words():
    with pytest.raises(UserError) as told:
        check_subject(np.full((288, 288), 0.3, np.float32))

    assert "Nothing stands out" in str(told.value)
    check_subject(coarse(disc()[1], 288))
    check_subject(np.full((288, 288), 0.3, np.float32), 0.2)


def small_and_large(factor=4):
    pixels, alpha = disc(400, 480, 120)
    size = (480 // factor, 400 // factor)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    made = matte(small, cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), Progress(), reach=4)
    return pixels, alpha, small, made


def test_a_large_picture_gets_an_edge_of_its_own_sharpness():
    pixels, alpha, small, made = small_and_large()
    box = Rect(0, 0, 480, 400)

    _, found = part_of(cut_out(small, made, box, Progress(), decontaminate=False), pixels, box)

    plain = cv2.resize(made.alpha, (480, 400), interpolation=cv2.INTER_LINEAR)
    assert np.abs(found - alpha).sum() < 0.5 * np.abs(plain - alpha).sum()


def test_parts_agree_with_the_whole_to_the_bit():
    pixels, _, small, made = small_and_large()
    box = Rect(0, 0, 480, 400)
    cut = cut_out(small, made, box, Progress(), decontaminate=True)
    colours, coverage = part_of(cut, pixels, box)
    place = Rect(101, 77, 190, 133)

    part_colours, part_coverage = part_of(cut, pixels[place.slices()], place)

    assert np.array_equal(part_coverage, coverage[place.slices()])
    assert np.array_equal(part_colours, colours[place.slices()])


def test_only_a_soft_edge_changes_its_colours():
    pixels, _, small, made = small_and_large()
    box = Rect(0, 0, 480, 400)

    colours, coverage = part_of(cut_out(small, made, box, Progress(), decontaminate=True), pixels, box)

    hard = (coverage == 0) | (coverage == 1)
    assert np.array_equal(colours[hard], pixels[hard])
    assert not np.array_equal(colours[~hard], pixels[~hard])


def test_nothing_stays_outside_the_box():
    pixels, alpha = disc()
    box = Rect(60, 40, 120, 120)
    cut = cut_out(
        pixels[box.slices()],
        Matte(alpha[box.slices()], alpha[box.slices()] > 2),
        box,
        Progress(),
        decontaminate=False,
    )

    _, coverage = part_of(cut, pixels, Rect(0, 0, 240, 200))

    assert coverage[:, :60].max() == coverage[:40].max() == 0
    assert np.allclose(coverage[box.slices()], alpha[box.slices()], atol=1e-6)
