"""Shares, islands and agreement of label masks are counted exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from scipy import ndimage

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.labelformats.pieces import pieces_of
from imgstudio.core.labelling.comparing import compare
from imgstudio.core.labelling.statistics import (
    Island,
    agreement,
    class_shares,
    compared,
    confusion,
    islands,
    total_shares,
)
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import classes_named

shapes = st.tuples(st.integers(1, 8), st.integers(1, 8))
values = st.sampled_from([0, 1, 2, 255])
masks = arrays.arrays(np.uint8, shapes, elements=values)


@settings(deadline=None)
@given(masks)
def test_pieces_are_those_of_connected_pixels_of_one_value(mask):
    pieces = pieces_of(mask)
    seen = np.zeros(mask.shape, int)
    for piece in range(len(pieces)):
        box, pixels = pieces.box(piece), pieces.pixels(piece)
        assert pixels.sum() == pieces.areas[piece]
        assert pixels.any(0).all()
        assert pixels.any(1).all()
        assert (mask[box.slices()][pixels] == pieces.values[piece]).all()
        x, y = pieces.firsts[piece]
        assert pixels[y - box.y, x - box.x]
        seen[box.slices()] += pixels
    assert (seen == 1).all()
    assert len(pieces) == sum(ndimage.label(mask == v, np.ones((3, 3)))[1] for v in np.unique(mask))


@settings(deadline=None)
@given(masks, st.integers(1, 20))
def test_islands_are_the_small_pieces_of_what_is_labelled(mask, least):
    expected = 0
    for value in {*np.unique(mask).tolist()} - {255}:
        found, count = ndimage.label(mask == value, np.ones((3, 3)))
        expected += sum((found == n).sum() < least for n in range(1, count + 1))
    told = islands(mask, least)
    assert len(told) == (expected if len(pieces_of(mask)) > 1 else 0)
    assert all(mask[island.y, island.x] == island.value and island.area < least for island in told)
    assert [i.area for i in told] == sorted(i.area for i in told)


def test_an_island_tells_its_place():
    mask = np.zeros((20, 30), np.uint8)
    mask[4, 7] = 3
    mask[10:18, 10:20] = 1
    assert islands(mask, 5) == (Island(3, 7, 4, 1),)


def test_shares_count_labelled_pixels_only_and_add_up():
    mask = np.array([[0, 1, 1, 255]], np.uint8)
    shares = class_shares(mask)
    assert (shares.unlabelled, shares.share(1), shares.labelled) == (0.25, 2 / 3, 3)
    both = total_shares([shares, class_shares(np.array([[1, 2]], np.uint8))])
    assert both.pixels == {0: 1, 1: 3, 2: 1, 255: 1}
    assert total_shares([]).unlabelled == 1.0


@settings(deadline=None)
@given(st.data(), shapes)
def test_agreement_is_that_of_pixels_that_both_label(data, shape):
    first, second = (data.draw(arrays.arrays(np.uint8, shape, elements=values)) for _ in range(2))
    told = compared(first, second)
    counts = (first < 255) & (second < 255)
    assert told.compared == counts.sum()
    assert told.differing == (counts & (first != second)).sum()
    for value in (0, 1, 2):
        one, other = (first == value) & counts, (second == value) & counts
        if (one | other).any():
            assert told.iou[value] == pytest.approx((one & other).sum() / (one | other).sum())
        else:
            assert value not in told.iou
        if one.any():
            assert told.disagreeing[value] == pytest.approx((one & ~other).sum() / one.sum())


def test_confusions_of_pictures_add_up():
    first, second = np.array([[1, 1, 2]], np.uint8), np.array([[1, 2, 2]], np.uint8)
    told = agreement(confusion(first, second) + confusion(first, first))
    assert (told.compared, told.differing) == (6, 1)
    assert told.mean_iou == pytest.approx((3 / 4 + 2 / 3) / 2)


def test_masks_of_different_size_are_refused():
    with pytest.raises(ValueError, match="not of one picture"):
        confusion(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8))


def test_counting_is_exact_beyond_what_a_float_can_tell():
    first = np.ones((4097, 4097), np.uint8)
    second = first.copy()
    second[0, 0] = 2
    told = compared(first, second)
    assert (told.compared, told.differing) == (4097 * 4097, 1)


def project_at(folder, masks, classes=("road", "tree")):
    folder.mkdir(parents=True)
    for name in ("a.png", "b.png", "c.png"):
        Image.new("RGB", (4, 2)).save(folder / name)
    made = ProjectFolder.create(folder, folder, classes_named(classes))
    for name, mask in masks.items():
        made.write(name, np.array(mask, np.uint8))
    return made


def test_two_projects_are_compared_by_the_names_of_their_classes(tmp_path):
    mine = project_at(
        tmp_path / "m",
        {"a.png": [[1, 1, 2, 255], [0, 0, 2, 2]], "b.png": [[1] * 4] * 2, "c.png": [[1] * 4] * 2},
    )
    project_at(
        tmp_path / "o",
        {"a.png": [[2, 1, 1, 1], [0, 0, 1, 3]], "b.png": [[2] * 4] * 2},
        ("Tree", "road", "other"),
    )
    told = compare(mine, tmp_path / "o", Progress())
    assert [(name, a.compared, a.differing) for name, a in told.pictures] == [
        ("a.png", 6, 1),
        ("b.png", 8, 0),
    ]
    assert told.whole.iou == {0: 1.0, 1: pytest.approx(9 / 10), 2: pytest.approx(2 / 3)}
    assert [problem.what for problem in told.problems if "“other”" in problem.what]


def test_a_folder_of_masks_is_compared_as_well_and_an_unknown_one_refused(tmp_path):
    mine = project_at(tmp_path / "m", {"a.png": [[1, 1, 2, 255], [0, 0, 2, 2]]})
    (tmp_path / "masks").mkdir()
    Image.fromarray(np.array([[1, 1, 1, 1], [0, 0, 2, 2]], np.uint8)).save(tmp_path / "masks" / "a.png")
    (tmp_path / "masks" / "classes.txt").write_text("0 background\n1 road\n2 tree\n")
    told = compare(mine, tmp_path / "masks", Progress())
    assert (told.whole.compared, told.whole.differing) == (7, 1)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UserError, match="no labels"):
        compare(mine, tmp_path / "nothing", Progress())
