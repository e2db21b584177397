"""Small colours brought to the large picture: along its edges, hints exact, parts as the whole."""

import cv2
import numpy as np
import pytest

from imgstudio.core.colour_hints import KEEP, Hint
from imgstudio.core.geometry import Rect, Size
from imgstudio.engine.colorize.enlarging import AROUND, Enlarged
from imgstudio.engine.colorize.propagation import Propagation
from imgstudio.engine.colorize.strokes import drawn

RED, BLUE = (200, 60, 50), (60, 90, 210)
STEP = 12
WHOLE = Size(24 * STEP, 16 * STEP)
ALL = Rect(0, 0, *WHOLE)


def slanted(seed=0, grain=1.5):
    """Lightness of a bright and a dark side with a slanted edge between, with grain."""
    rows, columns = np.mgrid[: WHOLE.height, : WHOLE.width]
    lightness = np.where(columns + rows // 2 < 190, 75, 35).astype(np.float32)
    return lightness + np.random.default_rng(seed).normal(0, grain, lightness.shape).astype(np.float32)


def reduced(lightness):
    size = WHOLE.width // STEP, WHOLE.height // STEP
    return cv2.resize(lightness, size, interpolation=cv2.INTER_AREA)


def spread(lightness, hints):
    """What the small picture gets from hints, and the way to the large one."""
    small = reduced(lightness)
    marks = drawn(hints, ALL, 1 / STEP)
    return Enlarged(Propagation(small).solve(*marks), small, WHOLE)


HINTS = [Hint(40 + 4 * i, 60, 8, *RED) for i in range(10)] + [
    Hint(240, 100 + 2 * i, 4, *BLUE) for i in range(20)
]


def test_colours_end_where_the_large_picture_has_its_edge():
    lightness = slanted()
    found = spread(lightness, HINTS).part(lightness, ALL)
    truth = np.where((lightness > 55)[..., None], found[60, 60], found[120, 240])
    off = np.abs(found - truth).max(-1)
    smooth = np.asarray(cv2.resize(truth[::STEP, ::STEP], WHOLE, interpolation=cv2.INTER_LINEAR))
    assert off.mean() < 0.5 * np.abs(smooth - truth).max(-1).mean()
    assert (off > 30).mean() < 0.01


def test_hints_are_exact_on_every_pixel_of_theirs():
    lightness = slanted()
    hints = [*HINTS, Hint(150, 90, 20, *RED), Hint(100, 150, 0.8, *BLUE)]  # one lies across the edge
    found = spread(lightness, hints).part(lightness, ALL, hints)
    marks = drawn(hints, ALL, 1.0)
    rows, columns = np.nonzero(marks.known)
    assert np.abs(found[rows, columns] - marks.ab[rows, columns]).max() < 1e-4


def test_there_is_no_step_beside_a_hint():
    lightness = np.full((WHOLE.height, WHOLE.width), 60, np.float32)
    ab = np.zeros((*reduced(lightness).shape, 2), np.float32)
    hint = Hint(140, 90, 15, *RED)
    found = Enlarged(ab, reduced(lightness), WHOLE).part(lightness, ALL, [hint])[90, 140:, 0]
    assert found[0] == pytest.approx(found[14], abs=1e-3) and found[0] > 40
    assert found[15 + int(AROUND * STEP) + 1] == 0
    assert np.diff(found).max() <= 0
    assert np.abs(np.diff(found)).max() < 0.12 * found[0]


def test_beside_a_hint_its_colour_does_not_cross_an_edge():
    lightness = np.full((WHOLE.height, WHOLE.width), 80, np.float32)
    lightness[:, 150:] = 20
    ab = np.zeros((*reduced(lightness).shape, 2), np.float32)
    found = Enlarged(ab, reduced(lightness), WHOLE).part(lightness, ALL, [Hint(139.5, 90, 10, *RED)])
    assert found[90, 128, 0] > 0.5 * found[90, 139, 0]
    assert abs(found[90, 151, 0]) < 2


@pytest.mark.parametrize("place", [Rect(0, 0, 100, 77), Rect(93, 51, 120, 90), Rect(287, 191, 1, 1)])
def test_a_part_is_as_the_whole(place):
    lightness = slanted(3, grain=6)
    way = spread(lightness, HINTS)
    whole = way.part(lightness, ALL, HINTS)
    part = way.part(lightness[place.slices()], place, HINTS)
    assert np.abs(part - whole[place.slices()]).max() < 1e-4


def test_no_pixel_gets_a_colour_that_the_small_ones_round_it_do_not_have():
    lightness = slanted(4)
    lightness[50:60, 50:60] = 100  # brighter than anything the small picture has
    random = np.random.default_rng(5)
    ab = random.normal(0, 30, (*reduced(lightness).shape, 2)).astype(np.float32)
    found = Enlarged(ab, reduced(lightness), WHOLE).part(lightness, ALL)
    assert found.max() <= ab.max() + 1e-3 and found.min() >= ab.min() - 1e-3


def test_a_picture_that_was_not_made_small_keeps_its_colours():
    lightness = slanted(6)
    ab = np.random.default_rng(6).normal(0, 30, (*lightness.shape, 2)).astype(np.float32)
    assert np.abs(Enlarged(ab, lightness, WHOLE).part(lightness, ALL) - ab).max() < 1e-2


def test_colours_that_are_there_are_added_to_and_kept_by_hints_that_say_so():
    lightness = np.full((WHOLE.height, WHOLE.width), 60, np.float32)
    change = np.full((*reduced(lightness).shape, 2), 3, np.float32)
    there = np.full((*lightness.shape, 2), (10, -6), np.float32)
    hints = [Hint(140, 90, 15, KEEP, KEEP, KEEP)]
    found = Enlarged(change, reduced(lightness), WHOLE).part(lightness, ALL, hints, there, 1.5)
    assert found[5, 5] == pytest.approx((18, -6), abs=1e-3)
    assert found[90, 140] == pytest.approx((10, -6), abs=1e-4)
