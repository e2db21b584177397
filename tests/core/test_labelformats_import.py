"""Foreign labels are brought in as far as they can be used; what cannot is said, and nothing is overwritten."""

from __future__ import annotations

import json
import os

import cv2
import numpy as np
import pytest
from PIL import Image

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.core.labelformats.importing import ImportOptions, import_labels
from imgstudio.core.labelformats.registry import format_named
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import classes_named

of_an_old_numpy = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""pycocotools."""


@pytest.fixture
def project(tmp_path):
    for name in ("a.jpg", "b.png", "sub/b.png", "c.png"):
        path = tmp_path / "p" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (12, 8)).save(path)
    return ProjectFolder.create(tmp_path / "p", tmp_path / "p", classes_named(["road", "tree"]))


@pytest.fixture
def source(tmp_path):
    (tmp_path / "s").mkdir()
    return tmp_path / "s"


def brought(project, kind, source, **options):
    return import_labels(project, format_named(kind), source, ImportOptions(**options), Progress())


def told(result, *words):
    """Problems that hold all words."""
    return [p for p in result.problems if all(word in f"{p.name}: {p.what}" for word in words)]


def square(x, y, side):
    return [x, y, x + side, y, x + side, y + side, x, y + side]


def coco(source, annotations, images=None, categories=("road", "tree")):
    images = images or [{"id": 1, "file_name": "a.jpg", "width": 12, "height": 8}]
    values = {
        "images": images,
        "categories": [{"id": 10 + n, "name": name} for n, name in enumerate(categories)],
        "annotations": [
            {"id": n, "image_id": 1, "category_id": 10} | item for n, item in enumerate(annotations, start=1)
        ],
    }
    (source / "instances.json").write_text(json.dumps(values))
    return source


def write_mask(path, mask, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path, **options)


def test_broken_annotations_are_told_and_the_rest_is_taken(project, source):
    coco(
        source,
        [
            {"segmentation": [square(0, 0, 2)]},
            {"segmentation": {"size": [8, 12], "counts": "9220\x01"}},
            {"segmentation": {"size": [8, 12], "counts": [5, 5]}},
            {"segmentation": [[0, 0, 1]]},
            {"segmentation": [square(4, 4, 2)], "category_id": 99},
            {"segmentation": [square(6, 0, 2)], "category_id": 11},
        ],
    )
    result = brought(project, "coco", source)
    assert result.pictures == ("a.jpg",)
    assert len(told(result, "was left out")) == 4
    mask = project.labels("a.jpg")
    assert (mask == 1).sum() == 4
    assert (mask == 2).sum() == 4


@pytest.mark.parametrize("text", ['{"images": [', "[1]", '{"images": [], "annotations": 3}', "\x00"])
def test_broken_json_is_refused_as_a_sentence(project, source, text):
    (source / "x.json").write_text(text)
    with pytest.raises(UserError, match=r"x\.json"):
        brought(project, "coco", source)


@pytest.mark.parametrize("kind", ["coco", "voc", "yolo", "labelme", "cvat", "camvid", "png"])
def test_a_folder_without_labels_is_refused(project, source, kind):
    with pytest.raises(UserError, match="holds no"):
        brought(project, kind, source)


def test_missing_pictures_and_names_that_several_have_are_told(project, source):
    images = [
        {"id": 1, "file_name": "somewhere/else/A.JPG", "width": 12, "height": 8},
        {"id": 2, "file_name": "gone.jpg", "width": 12, "height": 8},
        {"id": 3, "file_name": "sub/b.png", "width": 12, "height": 8},
        {"id": 4, "file_name": "x/b.png", "width": 12, "height": 8},
        {"id": 5, "file_name": "a.jpg", "width": 12, "height": 8},
    ]
    Image.new("RGB", (12, 8)).save(project.path / "x b.png")
    os.renames(project.path / "b.png", project.path / "other" / "b.png")
    project.rescan()
    result = brought(project, "coco", coco(source, [{"segmentation": [square(0, 0, 2)]}], images))
    assert set(result.pictures) == {"a.jpg", "sub/b.png"}
    assert told(result, "gone.jpg", "no such picture")
    assert told(result, "x/b.png", "Several pictures are called b.png")
    assert told(result, "a.jpg", "twice")


def test_labels_of_another_size_are_told(project, source):
    images = [{"id": 1, "file_name": "a.jpg", "width": 24, "height": 16}]
    result = brought(project, "coco", coco(source, [{"segmentation": [square(0, 0, 2)]}], images))
    assert result.pictures == ()
    assert told(result, "a.jpg", "24 x 16", "12 x 8")
    write_mask(source / "masks" / "c.png", np.ones((4, 4), np.uint8))
    write_mask(source / "masks" / "a.png", np.ones((8, 12), np.uint8))
    result = brought(project, "png", source)
    assert result.pictures == ("a.jpg",)
    assert told(result, "c.png", "4 x 4")


def test_labels_of_a_picture_as_it_lies_in_memory_are_turned_with_it(tmp_path, source):
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "q").mkdir()
    Image.new("RGB", (12, 8)).save(tmp_path / "q" / "a.jpg", exif=exif)
    project = ProjectFolder.create(tmp_path / "q", tmp_path / "q", classes_named(["road"]))
    result = brought(project, "coco", coco(source, [{"segmentation": [square(0, 0, 2)]}]))
    assert result.problems == ()
    mask = project.labels("a.jpg")
    assert mask.shape == (12, 8)
    assert (mask[:2, -2:] == 1).all()
    assert mask.sum() == 4


def test_unknown_classes_are_added_or_stay_unseen(project, source):
    coco(
        source,
        [{"segmentation": [square(0, 0, 2)]}, {"segmentation": [square(4, 0, 2)], "category_id": 11}],
        categories=("ROAD", "neu"),
    )
    result = brought(project, "coco", source, add_classes=False)
    assert told(result, "“neu” is left out")
    assert project.labels("a.jpg")[0, [0, 4, 11]].tolist() == [1, 255, 0]
    result = brought(project, "coco", source, replace=True)
    assert result.new_classes == ("neu",)
    assert [known.name for known in project.classes] == ["road", "tree", "neu"]
    assert project.labels("a.jpg")[0, [0, 4, 11]].tolist() == [1, 3, 0]


def test_labels_that_are_there_are_kept_unless_they_shall_be_replaced(project, source):
    mine = np.full((8, 12), 2, np.uint8)
    project.write("a.jpg", mine)
    coco(source, [{"segmentation": [square(0, 0, 2)]}])
    result = brought(project, "coco", source)
    assert (result.pictures, result.kept) == ((), ("a.jpg",))
    assert (project.labels("a.jpg") == mine).all()
    brought(project, "coco", source, replace=True, unlabelled="unseen", done=True)
    assert (project.labels("a.jpg") == 255).sum() == 92
    assert project.entry("a.jpg").state == "done"


def test_a_project_that_cannot_be_written_says_so_for_each_picture(project, source, monkeypatch):
    coco(source, [{"segmentation": [square(0, 0, 2)]}])

    def refuse(self, target):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    result = brought(project, "coco", source)
    assert result.pictures == ()
    assert told(result, "a.jpg", "read-only")


def test_a_cancelled_import_keeps_whole_pictures(project, source):
    for name in ("a", "c"):
        write_mask(source / f"{name}.png", np.ones((8, 12), np.uint8))
    token = CancelToken()
    with pytest.raises(Cancelled):
        import_labels(
            project,
            format_named("png"),
            source,
            ImportOptions(),
            Progress(lambda f, m: token.cancel() if m == "Importing" else None, token),
        )
    again = ProjectFolder.open(project.path)
    assert again.problems == ()
    assert (again.labels("a.jpg") is None) != (again.labels("c.png") is None)


def test_objects_come_from_coco_and_not_from_plain_outlines(project, source):
    coco(
        source,
        [
            {"segmentation": [square(0, 0, 4)]},
            {"segmentation": [square(2, 2, 2)]},
            {"segmentation": [square(8, 0, 4)], "iscrowd": 1},
        ],
    )
    result = brought(project, "coco", source)
    objects = project.objects("a.jpg")
    assert len({0, objects[0, 0], objects[2, 2]}) == 3
    assert objects[0, 9] == 0
    assert told(result, "1 shape lies on top of others")
    brought(project, "coco", source, objects="no", replace=True)
    assert project.objects("a.jpg") is None


def labelme(path, shapes, **more):
    values = {
        "shapes": shapes,
        "imagePath": path.with_suffix(".jpg").name,
        "imageWidth": 12,
        "imageHeight": 8,
    }
    path.write_text(json.dumps(values | more))


def polygon(label, points, **more):
    return {"label": label, "points": np.reshape(points, (-1, 2)).tolist(), "shape_type": "polygon"} | more


def test_labelme_folders_are_read_file_by_file(project, source):
    labelme(
        source / "a.json",
        [
            polygon("road", square(0, 0, 4)),
            polygon("_background_", square(1, 1, 1)),
            polygon("__ignore__", square(8, 4, 4)),
            {"label": "tree", "points": [[1, 1]], "shape_type": "point"},
            {"label": "tree", "points": [[1, 1], [3, 3]], "shape_type": "line"},
        ],
        flags={"flagged": True},
    )
    (source / "b.json").write_text('{"shapes": [')
    result = brought(project, "labelme", source)
    assert result.pictures == ("a.jpg",)
    assert told(result, "b.json", "no valid JSON")
    assert told(result, "“line” has no area")
    assert told(result, "1 points were left out")
    assert project.labels("a.jpg")[[0, 1, 7, 7], [0, 1, 11, 0]].tolist() == [1, 0, 255, 0]
    assert project.entry("a.jpg").is_flagged
    assert project.objects("a.jpg") is None
    brought(project, "labelme", source, objects="yes", replace=True)
    assert project.objects("a.jpg").max() == 1


def test_yolo_boxes_and_broken_lines(project, source):
    (source / "labels").mkdir()
    (source / "data.yaml").write_text("path: .\nnames: ['road', \"tree\"]\nnc: 2\n")
    (source / "labels" / "a.txt").write_text(
        "0 0.25 0.25 0.5 0.5\n1 0.5 0.5 1 0.5 1 1 0.5 1\n\n7 0 0 1 0 1 1\n0 1 2\nx\n0 nan 0 1 0 1 1\n"
    )
    (source / "labels" / "c.txt").write_text("")
    result = brought(project, "yolo", source)
    assert result.pictures == ("a.jpg", "c.png")
    assert len(told(result, "was left out")) == 4
    mask = project.labels("a.jpg")
    assert (mask[:4, :6] == 1).all()
    assert (mask[4:, 6:] == 2).all()
    assert (project.labels("c.png") == 0).all()


@pytest.mark.parametrize(
    "text",
    [
        "names:\n  - road\n  - tree\n",
        "names:\n  0: road\n  1: 'tree'\nnc: 2\n",
        "nc: 2\nnames: {0: road, 1: tree}\n",
    ],
)
def test_yolo_names_in_all_their_forms(project, source, text):
    (source / "labels").mkdir()
    (source / "data.yaml").write_text(text)
    (source / "labels" / "a.txt").write_text("1 0 0 1 0 1 1 0 1\n")
    assert brought(project, "yolo", source).problems == ()
    assert (project.labels("a.jpg") == 2).all()


def cvat(source, shapes, head=""):
    text = (
        f'<?xml version="1.0"?>{head}<annotations><meta><labels><label><name>road</name></label></labels></meta>'
        f'<image id="0" name="a.jpg" width="12" height="8">{shapes}</image></annotations>'
    )
    (source / "annotations.xml").write_text(text)
    return source


def test_cvat_shapes(project, source):
    shapes = (
        '<box label="road" xtl="0" ytl="0" xbr="2" ybr="2"/>'
        '<ellipse label="tree" cx="8" cy="4" rx="3" ry="3"/>'
        '<mask label="road" left="0" top="6" width="2" height="2" rle="1, 2, 1"/>'
        '<mask label="road" left="0" top="6" width="2" height="2" rle="1, 9"/>'
        '<polyline label="road" points="1,1;2,2"/><polygon label="road" points="1,1;2,x;3,3"/>'
        '<polygon points="1,1;2,2;3,3"/><tag label="road"/>'
    )
    result = brought(project, "cvat", cvat(source, shapes))
    assert len(told(result, "was left out")) == 4
    mask = project.labels("a.jpg")
    assert (mask[:2, :2] == 1).all()
    assert mask[6:, :2].tolist() == [[0, 1], [1, 0]]
    assert (mask == 2).sum() == pytest.approx(np.pi * 9, abs=4)


@pytest.mark.parametrize("head", ["<!DOCTYPE a [<!ENTITY x 'y'>]>", "<broken"])
def test_dangerous_and_broken_xml_is_refused(project, source, head):
    with pytest.raises(UserError, match=r"annotations\.xml"):
        brought(project, "cvat", cvat(source, "", head))


def test_coloured_masks_with_a_table(project, source):
    pixels = np.zeros((8, 12, 3), np.uint8)
    pixels[:, :4] = (128, 64, 128)
    pixels[:, 4:6] = (224, 224, 192)
    pixels[0, 11] = (1, 2, 3)
    write_mask(source / "masks" / "a.png", pixels)
    (source / "label_colors.txt").write_text("0 0 0\tbackground\n128 64 128\tSidewalk\n224 224 192 Void\n")
    result = brought(project, "png", source)
    assert told(result, "a.jpg", "1.04% of the pixels have a colour of no class")
    assert result.new_classes == ("Sidewalk",)
    assert project.classes[-1].colour == (128, 64, 128)
    assert project.labels("a.jpg")[0, [0, 5, 8, 11]].tolist() == [3, 255, 0, 255]


def test_coloured_masks_without_a_table_give_a_class_for_each_colour(project, source):
    pixels = np.zeros((8, 12, 3), np.uint8)
    pixels[:4] = (200, 0, 0)
    write_mask(source / "a.png", pixels)
    result = brought(project, "png", source)
    assert result.new_classes == ("#c80000",)
    assert (project.labels("a.jpg")[:4] == 3).all()
    assert (project.labels("a.jpg")[4:] == 0).all()


def test_numbers_without_names_are_classes_and_damaged_masks_are_told(project, source):
    write_mask(source / "a.png", np.full((8, 12), 5, np.uint8))
    (source / "c.png").write_bytes(b"\x89PNG broken")
    result = brought(project, "png", source)
    assert result.new_classes == ("class 5",)
    assert (project.labels("a.jpg") == 5).all()
    assert told(result, "c.png", "cannot be read")


def test_numbers_without_names_are_the_classes_of_the_project_that_have_them(project, source):
    write_mask(source / "a.png", np.full((8, 12), 2, np.uint8))
    assert brought(project, "png", source).new_classes == ()
    assert (project.labels("a.jpg") == 2).all()


def test_voc_folders_of_the_challenge_have_its_classes(project, source):
    mask = np.zeros((8, 12), np.uint8)
    mask[:4], mask[4] = 15, 255
    image = Image.fromarray(mask, "L").convert("P")
    path = source / "SegmentationClass" / "a.png"
    path.parent.mkdir()
    image.save(path)
    result = brought(project, "voc", source)
    assert "person" in result.new_classes
    value = next(known.value for known in project.classes if known.name == "person")
    assert (project.labels("a.jpg")[:4] == value).all()
    assert (project.labels("a.jpg")[4] == 255).all()


def test_more_classes_than_a_project_can_have_are_told(project, source):
    names = [f"n{n}" for n in range(300)]
    coco(
        source,
        [{"segmentation": [square(n % 12, n // 12, 1)], "category_id": 10 + n} for n in range(96)],
        categories=names,
    )
    result = brought(project, "coco", source)
    assert result.pictures == ("a.jpg",)
    assert len(project.classes) == 98
    assert (project.labels("a.jpg") > 2).all()


@of_an_old_numpy
def test_outlines_cover_what_the_tools_of_coco_say():
    coco_tools = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed (extra: test)")
    from imgstudio.core.geometry import Rect
    from imgstudio.core.labelformats.runs import packed, runs_of_box
    from imgstudio.core.labelformats.things import Thing
    from imgstudio.core.labelformats.tracing import one_ring, parts_of

    random = np.random.default_rng(1)
    for _ in range(300):
        height, width = (int(n) for n in random.integers(1, 14, 2))
        pixels = random.random((height, width)) < random.choice([0.2, 0.5, 0.8])
        if not pixels.any():
            continue
        whole = np.zeros((20, 20), np.uint8)
        whole[2 : 2 + height, 3 : 3 + width] = pixels
        rings = [
            one_ring(p).ravel().tolist() for p in parts_of(Thing(1, None, Rect(3, 2, width, height), pixels))
        ]
        drawn = coco_tools.decode(coco_tools.merge(coco_tools.frPyObjects(rings, 20, 20)))
        assert (drawn == whole).all()
        counts = packed(runs_of_box(pixels, 3, 2, 20, 20))
        assert counts.encode() == coco_tools.encode(np.asfortranarray(whole))["counts"]


@of_an_old_numpy
def test_simplified_outlines_of_round_things_overlap_by_99_percent_also_for_the_tools_of_coco():
    coco_tools = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed (extra: test)")
    from imgstudio.core.labelformats.things import things_of
    from imgstudio.core.labelformats.tracing import one_ring, overlap, parts_of

    mask = np.zeros((200, 200), np.uint8)
    cv2.ellipse(mask, (100, 100), (80, 50), 30, 0, 360, 1, -1)
    cv2.circle(mask, (110, 100), 20, 0, -1)
    (thing,) = things_of(mask, None)
    parts = parts_of(thing, 0.5)
    rings = [one_ring(part).ravel().tolist() for part in parts]
    drawn = coco_tools.decode(coco_tools.merge(coco_tools.frPyObjects(rings, 200, 200)))
    assert sum(map(len, rings)) < sum(len(one_ring(part)) * 2 for part in parts_of(thing)) / 3
    assert (drawn & mask).sum() / (drawn | mask).sum() > 0.99
    assert overlap(thing, parts) > 0.99
