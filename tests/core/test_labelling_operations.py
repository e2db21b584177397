"""What is done to whole regions and objects of the labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.labelled import Labelling, PaintRules
from imgstudio.core.labelling.operations import (
    accept_prediction,
    copy_labels,
    delete_objects,
    fill_at,
    fill_contour,
    fill_gaps,
    interpolated,
    merge_objects,
    number_objects,
    reclass_objects,
    remove_islands,
    split_object,
)
from imgstudio.core.labels import UNSEEN, classes_named
from imgstudio.core.tiles import TileStore

WIDTH, HEIGHT = 300, 270
ROWS, COLUMNS = np.indices((HEIGHT, WIDTH))


def labelled(mask, numbers=None, **rules):
    document = Document(WIDTH, HEIGHT)
    document.labels = Labelling.from_masks(classes_named(["Car", "Road", "Sky"]), mask, numbers)
    document.labels.rules = PaintRules(**rules)
    return document


def plain(value):
    return np.full((HEIGHT, WIDTH), value, np.uint8)


def mask_of(document):
    return document.labels.mask(document.bounds)


def objects_of(document):
    return document.labels.object_mask(document.bounds)


def ring(radius, width, x=150, y=135):
    away = np.hypot(COLUMNS - x, ROWS - y)
    return (away <= radius) & (away > radius - width)


def disc(radius, x=150, y=135):
    return np.hypot(COLUMNS - x, ROWS - y) <= radius


def test_a_fill_takes_the_connected_region_of_one_value_and_no_more():
    mask = plain(UNSEEN)
    mask[disc(30, 60)], mask[disc(30, 200)], mask[disc(12, 60)] = 1, 1, 2
    document = labelled(mask)
    fill_at(document, 40, 135, 3)
    wanted = mask.copy()
    wanted[disc(30, 60) & ~disc(12, 60)] = 3
    assert (mask_of(document) == wanted).all()
    fill_at(document, 0, 0, 0)
    assert (mask_of(document)[mask == UNSEEN] == 0).all()
    assert document.history.labels == ["Fill labels", "Fill labels"]


def test_filling_with_what_is_there_is_no_step():
    document = labelled(plain(1))
    fill_at(document, 10, 10, 1)
    assert document.history.labels == []


def test_a_fill_keeps_to_the_rules():
    mask = plain(0)
    mask[:, 100:] = 2
    document = labelled(mask, locked=frozenset({2}))
    fill_at(document, 200, 10, 1)
    assert (mask_of(document) == mask).all()
    assert document.history.labels == []


def test_a_closed_outline_is_filled_whatever_lies_in_it():
    mask = plain(UNSEEN)
    mask[ring(50, 3)], mask[disc(10, 130)] = 1, 2
    document = labelled(mask)
    assert fill_contour(document, 150, 135, 1)
    assert (mask_of(document) == np.where(disc(50), 1, UNSEEN)).all()
    document.history.undo()
    assert (mask_of(document) == mask).all()


@pytest.mark.parametrize("place", [(150, 135), (5, 5), (150, 86)])
def test_an_outline_with_a_gap_or_another_place_fills_nothing(place):
    mask = plain(UNSEEN)
    mask[ring(50, 3)] = 1
    mask[130:133, 90:140] = UNSEEN
    document = labelled(mask)
    assert not fill_contour(document, *place, 1)
    assert document.history.labels == []


def test_the_border_of_the_picture_closes_no_outline():
    mask = plain(UNSEEN)
    mask[:, 100] = 1
    assert not fill_contour(labelled(mask), 10, 10, 1)


@pytest.mark.parametrize("gap", [1, 2, 5, 8])
def test_gaps_up_to_a_width_go_to_the_nearest_region(gap):
    mask = plain(UNSEEN)
    mask[50:200, 20:100], mask[50:200, 100 + gap : 250] = 1, 2
    document = labelled(mask)
    fill_gaps(document, 8)
    filled = mask_of(document)
    assert set(np.unique(filled[60:190, 100 : 100 + gap])) <= {1, 2}
    assert (filled[120, 100], filled[120, 99 + gap]) == ((1, 2) if gap > 1 else (filled[120, 100],) * 2)
    assert (filled[mask != UNSEEN] == mask[mask != UNSEEN]).all()
    outside = np.ones(mask.shape, bool)
    outside[50:200, 20:250] = False
    assert (filled[outside] == UNSEEN).all()


def test_wider_gaps_stay_open():
    mask = plain(UNSEEN)
    mask[50:200, 20:100], mask[50:200, 120:250] = 1, 2
    document = labelled(mask)
    fill_gaps(document, 8)
    assert (mask_of(document)[:, 108:112] == UNSEEN).all()


def test_islands_become_what_lies_next_to_them_and_unseen_is_none():
    mask = plain(2)
    mask[:, 200:] = 0
    mask[40:43, 40:43], mask[100:130, 100:130], mask[60, 250], mask[200:202, 20:22] = 1, 1, 3, UNSEEN
    document = labelled(mask)
    remove_islands(document, 20)
    wanted = mask.copy()
    wanted[40:43, 40:43], wanted[60, 250] = 2, 0
    assert (mask_of(document) == wanted).all()
    assert len(document.history.labels) == 1


def test_islands_take_the_object_round_them():
    mask, numbers = plain(1), np.full((HEIGHT, WIDTH), 4, np.uint16)
    mask[10:12, 10:12], numbers[10:12, 10:12] = 2, 0
    document = labelled(mask, numbers)
    remove_islands(document, 20)
    assert (objects_of(document) == 4).all()


def test_locked_classes_keep_their_islands():
    mask = plain(2)
    mask[40:43, 40:43] = 1
    document = labelled(mask, locked=frozenset({1}))
    remove_islands(document, 20)
    assert (mask_of(document) == mask).all()


def three_objects():
    mask, numbers = plain(0), np.zeros((HEIGHT, WIDTH), np.uint16)
    for number, x in enumerate((50, 150, 250), start=1):
        mask[disc(30, x)], numbers[disc(30, x)] = number, number
    return mask, numbers


def test_merged_objects_have_the_number_and_class_of_the_first():
    mask, numbers = three_objects()
    document = labelled(mask, numbers)
    merge_objects(document, [2, 3])
    assert ((objects_of(document) == 2) == (numbers >= 2)).all()
    assert ((mask_of(document) == 2) == (numbers >= 2)).all()
    assert len(document.history.labels) == 1
    document.history.undo()
    assert (objects_of(document) == numbers).all()
    assert (mask_of(document) == mask).all()


def test_a_line_across_an_object_splits_it_and_no_pixel_is_lost():
    mask, numbers = three_objects()
    document = labelled(mask, numbers)
    assert split_object(document, 2, [Point(140, 80), Point(142, 200)])
    now = objects_of(document)
    assert set(np.unique(now[numbers == 2])) == {2, 4}
    assert (now == 2).sum() > (now == 4).sum() > 0
    assert (now[135, 130], now[135, 160]) == (4, 2)
    assert (now[numbers != 2] == numbers[numbers != 2]).all()
    assert (mask_of(document) == mask).all()


@pytest.mark.parametrize(
    "line", [[Point(150, 135), Point(150, 150)], [Point(5, 5), Point(290, 5)], [Point(150, 0)]]
)
def test_a_line_that_does_not_cut_through_splits_nothing(line):
    mask, numbers = three_objects()
    document = labelled(mask, numbers)
    assert not split_object(document, 2, line)
    assert document.history.labels == []


def test_deleted_objects_are_unseen_and_others_stay():
    mask, numbers = three_objects()
    document = labelled(mask, numbers)
    delete_objects(document, [1, 3])
    gone = (numbers == 1) | (numbers == 3)
    assert (mask_of(document) == np.where(gone, UNSEEN, mask)).all()
    assert ((objects_of(document) == 2) == (numbers == 2)).all()
    assert not objects_of(document)[gone].any()


def test_an_object_of_another_class_is_still_that_object():
    mask, numbers = three_objects()
    document = labelled(mask, numbers)
    reclass_objects(document, [1], 3)
    assert (mask_of(document)[numbers == 1] == 3).all()
    assert (objects_of(document) == numbers).all()


def test_each_part_of_a_class_becomes_an_object():
    mask, numbers = three_objects()
    mask[mask == 3], numbers[:] = 1, np.where(numbers == 2, 2, 0)
    document = labelled(mask, numbers)
    assert number_objects(document, 1) == 2
    now = objects_of(document)
    assert (now[mask == 2] == 2).all()
    assert len(np.unique(now[mask == 1])) == 2
    assert not now[mask == 0].any()


def test_copied_labels_leave_what_is_unseen_there():
    mask, numbers = three_objects()
    mask[:100] = UNSEEN
    document = labelled(plain(1))
    copy_labels(document, mask, numbers)
    assert (mask_of(document) == np.where(mask == UNSEEN, 1, mask)).all()
    assert (objects_of(document) == np.where(mask == UNSEEN, 0, numbers)).all()


def test_copying_only_where_nothing_is_labelled():
    present = plain(UNSEEN)
    present[:, :150] = 3
    document = labelled(present)
    copy_labels(document, plain(1), only_unlabelled=True)
    assert (mask_of(document) == np.where(present == 3, 3, 1)).all()


def test_labels_of_another_size_are_not_copied():
    with pytest.raises(UserError, match="another size"):
        copy_labels(labelled(plain(1)), np.zeros((20, 30), np.uint8))


def predicted(mask, guess, unsure=None, **rules):
    document = labelled(mask, **rules)
    said, doubt = TileStore(1, fill=UNSEEN), None
    said.write(document.bounds, guess[..., None])
    if unsure is not None:
        doubt = TileStore(1)
        doubt.write(document.bounds, unsure[..., None])
    document.labels.predict(said, doubt)
    return document


def guessed():
    guess = plain(1)
    guess[:, 150:], guess[200:] = 2, UNSEEN
    return guess


def test_all_of_a_prediction_is_accepted_but_where_it_says_nothing():
    document = predicted(plain(3), guessed())
    accept_prediction(document)
    assert (mask_of(document) == np.where(guessed() == UNSEEN, 3, guessed())).all()
    assert document.history.labels == ["Accept prediction"]


def test_a_prediction_is_accepted_only_where_nothing_is_labelled():
    mask = plain(UNSEEN)
    mask[:100] = 3
    document = predicted(mask, guessed())
    accept_prediction(document, "unlabelled")
    assert (mask_of(document) == np.where(mask == 3, 3, guessed())).all()


def test_a_prediction_is_accepted_under_a_shape_where_it_is_sure_and_the_rules_allow():
    unsure = (COLUMNS * 255 / WIDTH).astype(np.uint8)
    document = predicted(plain(3), guessed(), unsure, locked=frozenset({1}))
    rect, covered = Rect(100, 50, 150, 100), np.ones((100, 150), bool)
    covered[:50] = False
    accept_prediction(document, rect=rect, covered=covered, surest=200)
    wanted = np.zeros((HEIGHT, WIDTH), bool)
    wanted[100:150, 100:250] = True
    wanted &= unsure <= 200
    assert (mask_of(document) == np.where(wanted, guessed(), 3)).all()


def test_without_a_prediction_nothing_is_accepted():
    with pytest.raises(UserError, match="no prediction"):
        accept_prediction(labelled(plain(1)))


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_a_disc_between_two_discs_lies_between_them(share):
    first, last = (
        np.where(disc(20, 120), 1, 0).astype(np.uint8),
        np.where(disc(40, 150), 1, 0).astype(np.uint8),
    )
    between = interpolated(first, last, share)
    if share in (0.0, 1.0):
        assert (between == (first, last)[round(share)]).all()
    area = (between == 1).sum()
    assert (first == 1).sum() <= area <= (last == 1).sum()
    assert set(np.unique(between)) == {0, 1}


def test_pictures_of_two_sizes_have_nothing_in_between():
    with pytest.raises(UserError, match="different sizes"):
        interpolated(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8), 0.5)


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_only_values_of_the_two_lie_between_them(seed, share):
    rng = np.random.default_rng(seed)
    first, last = rng.choice(np.array([0, 1, 2, UNSEEN], np.uint8), (2, 12, 15))
    between = interpolated(first, last, share)
    assert set(np.unique(between)) <= set(np.unique([first, last]))
    assert (interpolated(first, first, share) == first).all()


def test_operations_on_nothing_do_nothing():
    document = labelled(None)
    fill_gaps(document, 5)
    remove_islands(document, 20)
    merge_objects(document, [1, 2])
    delete_objects(document, [1])
    reclass_objects(document, [1], 2)
    assert not split_object(document, 1, [Point(0, 0), Point(9, 9)])
    assert document.history.labels == []
