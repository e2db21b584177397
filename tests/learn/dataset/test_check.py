"""The check names whatever is wrong with a folder before step 1."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.learn.dataset.check import check_image_pairs, check_photos, check_segmentation
from imgstudio.learn.dataset.manifest import read_report, report_from_json, report_to_json, write_report
from imgstudio.learn.dataset.masks import VOID, mask_reader
from tests.learn.dataset.folders import (
    checked,
    film,
    mask,
    pairs,
    picture,
    save,
    save_palette,
    told,
    write_json,
)


def first_mask(report):
    return mask_reader(report)(report.samples[0])


def test_a_good_folder_has_nothing_to_tell(tmp_path):
    report = checked(pairs(tmp_path, 12))
    assert report.can_start
    assert not report.findings
    assert [(c.name, c.pictures) for c in report.classes] == [("background", 12), ("object", 12)]
    assert sum(c.share for c in report.classes) == pytest.approx(1)
    assert all(s.sha256 and (s.width, s.height) == (48, 40) for s in report.samples)
    assert len(report.split.valid) == 2
    assert "2 of 12 pictures" in report.split.by


def test_unreadable_pictures_and_masks_are_left_out_and_told(tmp_path):
    pairs(tmp_path, 12)
    whole = (tmp_path / "images" / "001.jpg").read_bytes()
    (tmp_path / "images" / "001.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "images" / "002.jpg").write_bytes(b"")
    (tmp_path / "images" / "003.jpg").write_text("no picture")
    (tmp_path / "masks" / "004.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    report = checked(tmp_path)
    assert len(report.samples) == 8
    (pictures,) = told(report, "3 pictures cannot be read")
    assert [text.split()[0].rstrip(":") for text in pictures.files] == ["001.jpg", "002.jpg", "003.jpg"]
    assert told(report, "1 mask cannot be read")
    assert report.can_start


def test_a_mask_of_another_shape_is_left_out_and_one_of_another_size_is_scaled(tmp_path):
    pairs(tmp_path, 12)
    save(tmp_path / "masks" / "003.png", mask(size=(40, 40)))
    save(tmp_path / "masks" / "004.png", mask(size=(24, 20)))
    report = checked(tmp_path)
    assert len(report.samples) == 11
    assert told(report, "another size and shape")[0].files == ("003.jpg: 48 x 40, mask 40 x 40",)
    assert told(report, "scaled to fit")[0].files == ("004.jpg: 48 x 40, mask 24 x 20",)


def test_a_picture_turned_by_exif_meets_its_unturned_mask(tmp_path):
    pairs(tmp_path, 12)
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = mask(0, (0, 0, 1))
    save(tmp_path / "images" / "000.jpg", picture(0), exif=exif)
    save(tmp_path / "masks" / "000.png", stored)
    report = checked(tmp_path)
    assert (report.samples[0].width, report.samples[0].height) == (40, 48)
    assert (first_mask(report) == np.rot90(stored, -1)).all()


def test_numbers_outside_the_list_of_classes_are_told_and_count_as_void(tmp_path):
    pairs(tmp_path, 12, values=(0, 1, 2, 9))
    (tmp_path / "codes.txt").write_text("background\ncat\ndog\n")
    report = checked(tmp_path)
    (finding,) = told(report, "codes.txt has no class for")
    assert "(9)" in finding.what
    assert [c.name for c in report.classes] == ["background", "cat", "dog"]
    assert set(np.unique(first_mask(report))) == {0, 1, 2, VOID}


def test_void_by_name_and_by_255_is_ignored(tmp_path):
    pairs(tmp_path / "a", 12, values=(0, 1, 2))
    (tmp_path / "a" / "codes.txt").write_text("sky\nVoid\ntree\n")
    report = checked(tmp_path / "a")
    assert (report.ignored, [c.value for c in report.classes]) == (1, [0, 2])
    assert set(np.unique(first_mask(report))) == {0, 1, VOID}
    report = checked(pairs(tmp_path / "b", 12, values=(0, 1, 2, 255)))
    assert (report.ignored, len(report.classes)) == (255, 3)


def test_classes_that_never_occur_are_told(tmp_path):
    pairs(tmp_path, 12, values=(0, 2, 3))
    (tmp_path / "codes.txt").write_text("ground\nunicorn\ncat\ndog\n")
    report = checked(tmp_path)
    assert told(report, "“unicorn” occurs in no mask")
    assert [c.share for c in report.classes][1] == 0


def test_names_without_a_background_begin_at_one(tmp_path):
    pairs(tmp_path, 12, values=(0, 1, 2, 3))
    (tmp_path / "classes.txt").write_text("cat\ndog\nbird\n")
    report = checked(tmp_path)
    assert [(c.name, c.value) for c in report.classes][:2] == [("background", 0), ("cat", 1)]
    assert told(report, "names no background")


@pytest.mark.parametrize("values", [(0, 255), (0, 1), (0, 7)])
def test_black_and_white_masks_are_figure_and_ground_whatever_white_is(tmp_path, values):
    report = checked(pairs(tmp_path, 12, values=values))
    assert [c.name for c in report.classes] == ["background", "object"]
    assert set(np.unique(first_mask(report))) == {0, 1}


def test_masks_with_two_kinds_of_white_are_still_black_and_white(tmp_path):
    pairs(tmp_path, 12, values=(0, 255))
    save(tmp_path / "masks" / "003.png", mask(0, (0, 1)))
    report = checked(tmp_path)
    assert all(mask_reader(report)(s).max() == 1 for s in report.samples)


def test_jpeg_masks_count_from_the_middle_grey_up(tmp_path):
    for n in range(12):
        save(tmp_path / "images" / f"{n}.jpg", picture(n, (50, 40)))
        save(tmp_path / "masks" / f"{n}.jpg", mask(0, (0, 255), (50, 40)), quality=60)
    report = checked(tmp_path)
    assert told(report, "grey edges")
    assert (first_mask(report) == mask(0, (0, 1), (50, 40))).mean() > 0.97


def test_coloured_masks_are_read_by_colour(tmp_path):
    colours = np.array([[0, 0, 0], [255, 0, 0], [0, 128, 0]], np.uint8)
    for n in range(12):
        save(tmp_path / "images" / f"{n}.jpg", picture(n))
        save(tmp_path / "masks" / f"{n}.png", colours[mask(n, (0, 1, 2))])
    report = checked(tmp_path)
    assert told(report, "masks are coloured")
    assert {c.name for c in report.classes} == {"background", "#ff0000", "#008000"}
    (tmp_path / "label_colors.txt").write_text("0 0 0 ground\n255 0 0 car\n0 128 0 tree\n")
    report = checked(tmp_path)
    assert [c.name for c in report.classes] == ["ground", "car", "tree"]
    assert (first_mask(report) == mask(0, (0, 1, 2))).all()


def test_masks_that_are_photos_forbid_the_start(tmp_path):
    for n in range(6):
        save(tmp_path / "images" / f"{n}.jpg", picture(n))
        save(tmp_path / "masks" / f"{n}.png", picture(50 + n))
    report = checked(tmp_path)
    assert not report.can_start
    assert "look like pictures" in report.errors[0].what


def test_palettes_give_colours_and_disagreeing_palettes_are_read_by_colour(tmp_path):
    colours = [(0, 0, 0), (128, 0, 0), (0, 128, 0)]
    for n in range(12):
        save(tmp_path / "images" / f"{n}.jpg", picture(n))
        save_palette(tmp_path / "masks" / f"{n}.png", mask(n, (0, 1, 2)), colours)
    report = checked(tmp_path)
    assert [c.colour for c in report.classes] == colours
    swapped = mask(0, (0, 2, 1))
    save_palette(tmp_path / "masks" / "0.png", swapped, [colours[0], colours[2], colours[1]])
    report = checked(tmp_path)
    red = [c.colour for c in report.classes].index((128, 0, 0))
    assert ((first_mask(report) == red) == (swapped == 2)).all()


def test_numbered_objects_are_one_class_unless_named_or_told_otherwise(tmp_path):
    for n in range(12):
        save(tmp_path / "images" / f"{n}.jpg", picture(n))
        save(tmp_path / "masks" / f"{n}.png", mask(0, range(3 + n % 3)))
    report = checked(tmp_path)
    assert [c.name for c in report.classes] == ["background", "object"]
    assert told(report, "number single objects", "codes.txt")
    assert len(checked(tmp_path, meaning="classes").classes) == 5
    (tmp_path / "codes.txt").write_text("background\na\nb\nc\nd\n")
    assert len(checked(tmp_path).classes) == 5


def test_sixteen_bit_object_numbers_are_read(tmp_path):
    for n in range(12):
        save(tmp_path / "images" / f"{n}.jpg", picture(n))
        save(tmp_path / "masks" / f"{n}.png", mask(0, range(8)).astype(np.uint16) * (200 + n))
    report = checked(tmp_path)
    assert [c.name for c in report.classes] == ["background", "object"]


def test_empty_masks_are_told_and_nothing_but_empty_masks_forbids_the_start(tmp_path):
    pairs(tmp_path, 12)
    save(tmp_path / "masks" / "005.png", mask(0, (0,)))
    (finding,) = told(checked(tmp_path), "1 mask of 12 is empty")
    assert finding.severity == "note"
    pairs(tmp_path, 12, values=(0,))
    assert "All masks are empty" in checked(tmp_path).errors[0].what


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_pictures_forbid_the_start(tmp_path, count):
    report = checked(pairs(tmp_path, count))
    assert not report.can_start
    assert len(report.errors) == 1


def test_two_pictures_are_enough_but_told(tmp_path):
    report = checked(pairs(tmp_path, 2))
    assert report.can_start
    assert len(report.split.valid) == 1
    assert told(report, "only 2 pictures")


def test_labelme_boxes_are_told_and_outlines_become_classes(tmp_path):
    outline = {"label": "cat", "points": [[0, 0], [24, 0], [24, 40], [0, 40]]}
    box = {"label": "dog", "points": [[30, 0], [40, 40]], "shape_type": "rectangle"}
    ignored = {"label": "__ignore__", "points": [[44, 0], [48, 0], [48, 40], [44, 40]]}
    for n in range(12):
        save(tmp_path / f"{n}.jpg", picture(n))
        write_json(tmp_path / f"{n}.json", {"shapes": [outline, box, ignored], "imagePath": f"{n}.jpg"})
    report = checked(tmp_path)
    assert [c.name for c in report.classes] == ["background", "cat", "dog"]
    assert told(report, "12 labels are only boxes")
    row = first_mask(report)[20]
    assert [row[10], row[27], row[35], row[46]] == [1, 0, 2, VOID]
    assert report.classes[1].share == pytest.approx(24 / 44)


def test_coco_labels_are_read_through_the_manifest(tmp_path):
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 48, "height": 40} for n in range(12)]
    labels = [
        {"id": n, "image_id": n, "category_id": 1, "segmentation": [[0, 0, 24, 0, 24, 40, 0, 40]]}
        for n in range(12)
    ]
    for n in range(12):
        save(tmp_path / "images" / f"{n}.jpg", picture(n))
    values = {"images": images, "annotations": labels, "categories": [{"id": 1, "name": "cat"}]}
    write_json(tmp_path / "labels.json", values)
    report = report_from_json(report_to_json(checked(tmp_path)))
    assert first_mask(report).mean() == 0.5


def test_the_manifest_keeps_everything(tmp_path):
    pairs(tmp_path / "data", 12, values=(0, 1, 2, 255))
    report = checked(tmp_path / "data")
    write_report(report, tmp_path / "data.json")
    assert read_report(tmp_path / "data.json") == report
    with pytest.raises(UserError):
        report_from_json("{}")


def test_a_check_can_be_cancelled(tmp_path):
    pairs(tmp_path, 12)
    token = CancelToken()
    progress = Progress(lambda share, message: token.cancel() if share > 0.2 else None, token)
    with pytest.raises(Cancelled):
        check_segmentation(tmp_path, progress)


def test_photos_too_small_unreadable_or_crushed_are_told(tmp_path):
    for n in range(12):
        save(tmp_path / "deep" / "er" / f"{n}.jpg", picture(n, (64, 64)), quality=90)
    save(tmp_path / "small.png", picture(20, (20, 64)))
    save(tmp_path / "crushed.jpg", picture(21, (64, 64)), quality=20)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    report = check_photos(tmp_path, Progress(), least_side=32)
    assert len(report.samples) == 13
    assert told(report, "small", "32 pixels")[0].files == ("small.png: 20 x 64",)
    assert told(report, "heavily compressed")
    assert told(report, "1 picture cannot be read")
    assert report.can_start


def test_photos_of_an_empty_folder_forbid_the_start(tmp_path):
    assert not check_photos(tmp_path, Progress()).can_start


def test_inputs_find_their_clean_pictures_and_sizes_are_checked(tmp_path):
    for n in range(12):
        save(tmp_path / "LR" / f"{n}x2.png", picture(n, (24, 20)))
        save(tmp_path / "HR" / f"{n}.png", picture(n, (48, 41) if n == 3 else (48, 40)))
    report = check_image_pairs(tmp_path, Progress(), scale=2)
    assert len(report.samples) == 11
    assert report.samples[0].target.parent.name == "HR"
    assert told(report, "2 times the sides", "multiples of 2")
    assert check_image_pairs(tmp_path, Progress()).errors


def test_partners_may_lie_side_by_side(tmp_path):
    for n in range(4):
        save(tmp_path / f"{n}_noisy.png", picture(n))
        save(tmp_path / f"{n}_clean.png", picture(n))
    save(tmp_path / "9_noisy.png", picture(9))
    report = check_image_pairs(tmp_path, Progress())
    assert [s.target.name for s in report.samples] == [f"{n}_clean.png" for n in range(4)]
    assert told(report, "1 picture without a partner")


def test_pictures_without_partners_forbid_the_start(tmp_path):
    save(tmp_path / "input" / "a.png", picture(1))
    save(tmp_path / "clean" / "b.png", picture(2))
    assert "clean partner" in check_image_pairs(tmp_path, Progress()).errors[0].what


def test_a_given_split_that_shares_scenes_is_taken_but_told(tmp_path):
    for n in range(40):
        side = "train" if n % 4 else "val"
        save(tmp_path / side / "images" / f"frame{n:03}.png", film(n))
        save(tmp_path / side / "masks" / f"frame{n:03}.png", mask(n))
    report = checked(tmp_path)
    assert len(report.split.valid) == 10
    assert "As the folder brings it" in report.split.by
    assert told(report, "scores will flatter")
