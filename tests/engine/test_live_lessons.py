"""What was taught is kept within a bound, the pictures most like the one in hand first, and no class gets lost."""

from itertools import pairwise

import numpy as np

from imgstudio.engine.live.lessons import FULL, KEPT, NEAREST, Bank, Lesson

NUMBERS = 12


def lesson(style=0.0, values=(1, 2), each=KEPT):
    classes = np.repeat(np.array(values, np.uint8), each)
    count = len(classes)
    return Lesson(
        np.full((count, NUMBERS), style, np.float16),
        classes,
        np.ones(count, np.float32),
        np.arange(count),
        np.full(2 * NUMBERS, style, np.float32),
        dict.fromkeys(values, each),
    )


def test_memory_is_flat_over_a_thousand_pictures():
    bank = Bank(100_000)
    sizes = []
    for number in range(1000):
        bank.put(number, lesson(number))
        sizes.append(bank.nbytes)
    assert max(sizes[500:]) <= 100_000
    assert min(sizes[500:]) > 50_000
    assert list(bank)[-1] == 999


def test_the_last_picture_that_shows_a_class_is_not_forgotten():
    bank = Bank(50_000)
    bank.put("rare", lesson(values=(1, 9)))
    for number in range(200):
        bank.put(number, lesson(number))
    assert "rare" in set(bank)
    assert bank.nbytes <= 50_000


def test_a_picture_that_is_left_is_thinned_out_for_each_class():
    bank = Bank()
    bank.put("a", lesson(each=FULL))
    assert len(bank.get("a").values) == 2 * FULL
    bank.put("b", lesson())
    assert np.bincount(bank.get("a").values).tolist() == [0, KEPT, KEPT]
    assert bank.pixels() == {1: FULL + KEPT, 2: FULL + KEPT}


def test_pictures_that_look_alike_count_most():
    bank = Bank()
    for number in range(2 * NEAREST):
        bank.put(number, lesson(number))
    near = bank.near(lesson(9.8).style, besides=None)
    assert len(near) == NEAREST
    assert near[0].lesson is bank.get(10)
    assert near[0].share == 1
    assert all(one.share >= other.share for one, other in pairwise(near))


def test_a_class_that_only_a_far_picture_shows_is_there():
    bank = Bank()
    bank.put("far", lesson(1000, values=(4,)))
    for number in range(2 * NEAREST):
        bank.put(number, lesson(number))
    assert 4 in set().union(*(one.lesson.classes for one in bank.near(lesson(3).style, besides=None)))


def test_the_picture_in_hand_is_not_among_the_others():
    bank = Bank()
    bank.put("a", lesson())
    assert bank.near(lesson().style, besides="a") == []
