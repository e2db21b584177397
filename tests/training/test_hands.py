"""The made-up hand of the benchmarks keeps to what it is told to select."""

import cv2
import numpy as np

from training.benchmarks.hands import depth_of, outline_of, rough_outline, stroke_inside


def blob():
    made = np.zeros((200, 300), np.uint8)
    cv2.ellipse(made, (150, 100), (110, 40), 20, 0, 360, 1, -1)
    return made > 0


def test_a_stroke_runs_through_the_middle_from_end_to_end():
    inside = blob()
    way = np.array(stroke_inside(inside))
    columns, rows = np.floor(way).astype(int).T
    assert inside[rows, columns].all()
    assert np.ptp(way[:, 0]) > 100
    assert np.hypot(*np.diff(way, axis=0).T).max() < 5


def test_where_there_is_nothing_there_is_no_stroke_and_no_depth():
    nothing = np.zeros((30, 40), bool)
    assert stroke_inside(nothing) == []
    assert depth_of(nothing) == 0


def test_a_single_pixel_has_a_stroke_of_one_place():
    dot = np.zeros((30, 40), bool)
    dot[12, 17] = True
    assert stroke_inside(dot) == [(17.5, 12.5)]


def test_a_way_round_strays_as_far_as_it_is_told():
    inside = blob()
    calm, part = outline_of(inside, 0.0, 1)
    away = [np.array(outline_of(inside, 3.0, seed)[0]) - np.array(calm) for seed in range(30)]
    assert (part == inside).all()
    assert 2.7 < np.std(away) < 3.3
    assert outline_of(inside, 3.0, 1)[0] == outline_of(inside, 3.0, 1)[0]


def test_a_rough_outline_is_too_wide_but_not_elsewhere():
    inside = blob()
    rough = rough_outline(inside)
    assert (rough & inside).sum() > 0.95 * inside.sum()
    assert 1.05 * inside.sum() < rough.sum() < 2 * inside.sum()
