"""The made-up person of the labelling benchmark paints only what is true and counts strokes as it should."""

import numpy as np
import pytest

from imgstudio.core.labels import UNSEEN
from training.benchmarks.hands import depth_of
from training.benchmarks.label_hand import LONGEST, Goal, Person, brushed, largest_region


def truth():
    made = np.zeros((90, 120), np.uint8)
    made[:, 70:] = 1
    made[:8] = UNSEEN
    return made


def test_strokes_paint_nothing_false_until_the_goal():
    worked = Person(1 / 15, [Goal(0.9)], 200).label(truth(), None)
    told = worked.painted != UNSEEN
    assert (worked.painted == truth())[told].all()
    assert worked.begun == (0,)
    assert 0.9 <= told.sum() / (truth() != UNSEEN).sum() < 0.97
    assert 10 < worked.strokes[0] < 60


def test_each_goal_has_its_own_count():
    goals = [Goal(0.5), Goal(0.9), Goal(0.7)]
    half, most, more = Person(1 / 15, goals, 200).label(truth(), None).strokes
    assert half < more < most
    for goal, count in zip(goals, (half, most, more), strict=True):
        assert Person(1 / 15, [goal], 200).label(truth(), None).strokes == (count,)


def test_a_stroke_is_no_wider_and_no_longer_than_a_hand_makes_it():
    region = np.ones((90, 120), bool)
    stroke = brushed(region, 1 / 15)
    width = 120 / 15
    assert depth_of(stroke) <= width / 2 + 1
    assert width * LONGEST * 120 < stroke.sum() <= (width + 1) * (LONGEST * 120 + width)


def test_both_classes_are_shown_first_to_what_learns():
    seen = []

    def guesses(painted):
        seen.append(set(np.unique(painted)) - {UNSEEN})
        return None if len(seen[-1]) < 2 else truth()

    worked = Person(1 / 15, [Goal(0.9)], 50).label(truth(), guesses)
    assert seen == [set(), {0}, {0, 1}]
    assert worked.strokes == (2,)


def test_known_classes_need_not_be_shown():
    assert Person(1 / 15, [Goal(0.9)], 50).label(truth(), lambda painted: truth(), known=(0, 1)).strokes == (
        0,
    )


def test_what_is_not_reached_counts_as_all_strokes():
    worked = Person(1 / 40, [Goal(0.9)], 3).label(truth(), None)
    assert worked.strokes == (3,)


def test_a_beginning_is_corrected():
    begun = np.where(truth() == 1, np.uint8(0), truth())
    begun[40:60, 70:] = 1
    worked = Person(1 / 15, [Goal(0.95)], 100).label(truth(), None, begun)
    assert worked.begun[0] == pytest.approx((begun == truth())[truth() != UNSEEN].mean())
    assert set(np.unique(worked.painted)) == {1, UNSEEN}


def test_each_class_counts_alike_where_it_is_asked():
    shown = np.zeros_like(truth())
    assert Goal(0.9, each=True).reached(shown, truth()) == 0.5
    assert Goal(0.9).reached(shown, truth()) == pytest.approx(70 / 120)


def test_the_largest_region_is_of_one_class():
    among = np.zeros((90, 120), bool)
    among[20:40, 60:75] = True
    region = largest_region(truth(), among)
    assert region.sum() == 20 * 10
    assert largest_region(truth(), np.zeros_like(among)) is None
