"""Hints as the network is told them."""

import numpy as np

from imgstudio.engine.colorize.field import field_of, halved


def picture():
    light = np.full((64, 96), 30, np.float32)
    light[:, 48:] = 80
    return light + np.random.default_rng(0).normal(0, 0.3, light.shape).astype(np.float32)


def marks_at(*places):
    marks = np.zeros((64, 96, 3), np.float32)
    for x, y, a, b in places:
        marks[y : y + 4, x : x + 4] = (a, b, 1)
    return marks


def test_hints_fill_their_side_of_an_edge_and_fade_beyond():
    field = field_of(halved(picture()), marks_at((10, 20, 40, -20)))

    a, b, near = field.spread.transpose(2, 0, 1)
    assert field.spread.shape == (32, 48, 3)
    assert abs(a[11, 6] - 40) < 1
    assert near[11, 6] > 0.99
    assert near[28, 20] > 0.7
    assert near[10, 40] < 0.5 * near[28, 20]
    assert np.abs(a / np.maximum(near, 1e-3) - 40)[near > 0.3].max() < 4
    assert np.abs(b / np.maximum(near, 1e-3) + 20)[near > 0.3].max() < 4


def test_marks_are_told_as_they_are():
    marks = marks_at((10, 20, 40, -20), (60, 30, 5, 6))
    assert np.array_equal(field_of(halved(picture()), marks).marks, marks)


def test_no_hints_are_told_as_nothing():
    assert not field_of(halved(picture()), marks_at()).spread.any()


def test_a_single_hinted_pixel_counts_as_its_own_colour():
    marks = np.zeros((64, 96, 3), np.float32)
    marks[21, 11] = (40, -20, 1)
    spread = field_of(halved(picture()), marks).spread
    assert np.abs(spread[10, 5] - (40, -20, 1)).max() < 1
