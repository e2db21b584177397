"""Regions become exact index masks, and foreign label files are read with care."""

from __future__ import annotations

import base64
import io
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from imgstudio.core.errors import UserError
from imgstudio.core.labelformats.coco import read_coco
from imgstudio.core.labelformats.labelme import read_labelme
from imgstudio.core.labelformats.runs import from_runs, packed, to_runs, unpacked
from imgstudio.core.labels import (
    LabelledImage,
    Outline,
    Patch,
    Region,
    class_colour,
    classes_named,
    index_mask,
    object_mask,
)

masks = arrays.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def square(left, top, side):
    return np.array([[left, top], [left + side, top], [left + side, top + side], [left, top + side]], float)


def labelme(path, shapes, **more):
    path.write_text(
        json.dumps({"shapes": shapes, "imagePath": "a.jpg", "imageWidth": 10, "imageHeight": 8} | more)
    )
    return read_labelme(path)


def coco(path, annotations, width=10, height=8):
    values = {
        "images": [{"id": 7, "file_name": "a.jpg", "width": width, "height": height}],
        "categories": [{"id": 3, "name": "cat"}, {"id": 1, "name": "dog"}],
        "annotations": [{"id": n, "image_id": 7, "category_id": 3} | a for n, a in enumerate(annotations)],
    }
    path.write_text(json.dumps(values))
    return read_coco(path)


@given(masks)
def test_run_lengths_hold_any_mask_exactly(mask):
    counts = to_runs(mask)
    assert (from_runs(counts, *mask.shape) == mask).all()
    assert unpacked(packed(counts)) == counts


def test_packed_run_lengths_are_those_of_the_coco_tools():
    mask = np.zeros((4, 5), bool)
    mask[1:3, 2:4] = True
    assert to_runs(mask) == [9, 2, 2, 2, 5]
    assert packed([9, 2, 2, 2, 5]) == "92203"


@pytest.mark.parametrize("text", ["9220\x01", "92200o"])
def test_damaged_packed_run_lengths_are_refused(text):
    with pytest.raises(ValueError, match="run lengths"):
        unpacked(text)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 30))
def test_a_square_on_the_pixel_grid_covers_exactly_its_pixels_also_across_the_border(left, top, side):
    image = LabelledImage(Path("a"), 24, 16, (Region("x", Outline((square(left, top, side),))),))
    expected = np.zeros((16, 24), bool)
    expected[top : top + side, left : left + side] = True
    assert ((index_mask(image, {"x": 1}) == 1) == expected).all()


def test_holes_stay_open_and_parts_are_united():
    shape = Outline((square(0, 0, 6), square(8, 0, 2)), (square(2, 2, 2),))
    out = index_mask(LabelledImage(Path("a"), 12, 8, (Region("x", shape),)), {"x": 5})
    assert out[2:4, 2:4].max() == 0
    assert (out == 5).sum() == 36 - 4 + 4


def test_a_keyhole_polygon_keeps_its_hole():
    ring = np.array([[0, 0], [6, 0], [6, 6], [0, 6], [0, 0], [2, 2], [2, 4], [4, 4], [4, 2], [2, 2]], float)
    out = index_mask(LabelledImage(Path("a"), 8, 8, (Region("x", Outline((ring,))),)), {"x": 1})
    assert out.sum() == 32


def test_later_regions_lie_on_top_and_unknown_labels_are_left_out():
    regions = (
        Region("a", Outline((square(0, 0, 4),))),
        Region("b", Outline((square(2, 2, 4),))),
        Region("c", Outline((square(0, 0, 8),))),
    )
    out = index_mask(LabelledImage(Path("a"), 8, 8, regions), {"a": 1, "b": 2}, unlabelled=255)
    assert (out[0, 0], out[3, 3], out[7, 7]) == (1, 2, 255)


def test_a_patch_is_cut_at_the_border_of_its_picture():
    patch = Patch(-1, 6, np.ones((4, 3), bool))
    out = index_mask(LabelledImage(Path("a"), 8, 8, (Region("x", patch),)), {"x": 1})
    assert out.sum() == 4
    far = Patch(20, 20, np.ones((2, 2), bool))
    assert index_mask(LabelledImage(Path("a"), 8, 8, (Region("x", far),)), {"x": 1}).sum() == 0


def test_parts_with_one_number_are_one_object():
    regions = tuple(
        Region("x", Outline((square(place * 3, 0, 2),)), number)
        for place, number in enumerate([4, 4, None, None])
    )
    out = object_mask(LabelledImage(Path("a"), 12, 4, regions))
    assert [out[0, 0], out[0, 3], out[0, 6], out[0, 9]] == [1, 1, 2, 3]


def test_classes_count_from_one_in_colours_of_their_own():
    classes = classes_named([f"c{n}" for n in range(30)])
    assert [c.value for c in classes] == list(range(1, 31))
    assert len({c.colour for c in classes} | {class_colour(0), class_colour(255)}) == 32
    assert [c.key for c in classes][8:10] == ["9", ""]


def test_labelme_polygons_rectangles_circles_masks_and_points_are_read(tmp_path):
    painted = io.BytesIO()
    Image.fromarray(np.array([[1, 0], [1, 1]], bool)).save(painted, "PNG")
    image = labelme(
        tmp_path / "a.json",
        [
            {
                "label": "p",
                "points": [[0, 0], [4, 0], [4, 4], [0, 4]],
                "shape_type": "polygon",
                "group_id": 2,
            },
            {"label": "r", "points": [[9, 8], [6, 6]], "shape_type": "rectangle"},
            {"label": "c", "points": [[5, 4], [5, 6]], "shape_type": "circle"},
            {
                "label": "m",
                "points": [[0, 6], [1, 7]],
                "shape_type": "mask",
                "mask": base64.b64encode(painted.getvalue()).decode(),
            },
            {"label": "k", "points": [[1.5, 2.5]], "shape_type": "point"},
        ],
    )
    out = index_mask(image, {"p": 1, "r": 2, "c": 3, "m": 4})
    assert (out[:4, :3] == 1).all()
    assert (out[6:8, 6:9] == 2).all()
    assert abs(int((out == 3).sum()) - np.pi * 4) < 3
    assert out[6:8, :2].tolist() == [[4, 0], [4, 4]]
    assert image.regions[0].number == 2
    assert image.regions[1].is_box
    assert (image.marks[0].label, image.marks[0].x) == ("k", 1.5)
    assert image.path == tmp_path / "a.jpg"
    assert not image.notes


@pytest.mark.parametrize(
    "shape",
    [
        {"label": "x", "points": [[0, 0], [1, 1]]},
        {"label": "x", "points": [[0, 0], [1, float("inf")], [2, 2]]},
        {"label": "x", "points": "none"},
        {"label": "x", "points": None},
        {"label": "", "points": [[0, 0], [1, 0], [1, 1]]},
        {"label": 5, "points": [[0, 0], [1, 0], [1, 1]]},
        {"label": "x", "points": [[0, 0], [4, 4]], "shape_type": "line"},
        {"label": "x", "points": [[0, 0], [4, 4]], "shape_type": "mask", "mask": "AAAA"},
    ],
)
def test_a_broken_labelme_shape_is_noted_and_the_rest_is_read(tmp_path, shape):
    good = {"label": "y", "points": [[0, 0], [4, 0], [4, 4]]}
    image = labelme(tmp_path / "a.json", [shape, good])
    assert [region.label for region in image.regions] == ["y"]
    assert len(image.notes) == 1


def test_a_windows_path_in_a_labelme_file_leads_to_the_picture(tmp_path):
    image = labelme(tmp_path / "a.json", [], imagePath="..\\photos\\a.jpg")
    assert image.path == tmp_path / ".." / "photos" / "a.jpg"


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x00\xff"])
def test_json_that_holds_no_labels_is_told(tmp_path, text):
    (tmp_path / "a.json").write_text(text, encoding="latin-1")
    with pytest.raises(UserError):
        read_coco(tmp_path / "a.json")


@given(masks)
def test_coco_run_lengths_plain_and_packed_give_the_mask_back(mask):
    height, width = mask.shape
    counts = to_runs(mask)
    for stored in (counts, packed(counts)):
        annotation = {"segmentation": {"size": [height, width], "counts": stored}}
        with tempfile.TemporaryDirectory() as folder:
            project = coco(Path(folder, "c.json"), [annotation], width, height)
        assert ((index_mask(project.images[0], project.values()) == 2) == mask).all()


def test_coco_polygons_boxes_and_classes_are_read_small_regions_on_top(tmp_path):
    project = coco(
        tmp_path / "c.json",
        [
            {"segmentation": [[1, 1, 3, 1, 3, 3, 1, 3]], "category_id": 1},
            {"segmentation": [[0, 0, 8, 0, 8, 8, 0, 8]]},
            {"bbox": [8, 0, 2, 2], "iscrowd": 1},
        ],
    )
    assert [(c.value, c.name) for c in project.classes] == [(1, "dog"), (2, "cat")]
    out = index_mask(project.images[0], project.values())
    assert (out[0, 0], out[2, 2], out[0, 9], out[7, 9]) == (2, 1, 2, 0)
    assert [region.is_box for region in project.images[0].regions].count(True) == 1


@pytest.mark.parametrize(
    "annotation",
    [
        {"segmentation": [[0, 0, 1, 1]]},
        {"segmentation": {"size": [8, 10], "counts": [3]}},
        {"segmentation": {"size": [8, 10], "counts": "\x7f"}},
        {"segmentation": {"size": [1e9, 1e9], "counts": [0]}},
        {"segmentation": "none"},
        {"segmentation": [[0, 0, 1, 0, 1, 1]], "category_id": 99},
        {},
    ],
)
def test_a_broken_coco_label_is_noted_and_the_rest_is_read(tmp_path, annotation):
    project = coco(tmp_path / "c.json", [annotation, {"segmentation": [[0, 0, 8, 0, 8, 8]]}])
    assert len(project.images[0].regions) == 1
    assert len(project.notes) == 1
