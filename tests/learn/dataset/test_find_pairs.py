"""Pictures find their masks in the folders that people have."""

from __future__ import annotations

import pytest

from imgstudio.core.errors import UserError
from imgstudio.learn.dataset.find_pairs import image_mask_pairs
from imgstudio.learn.dataset.pictures import files_in
from tests.learn.dataset.folders import mask, pairs, picture, save, write_json


def matches(folder):
    return {
        s.image.relative_to(folder).as_posix(): s.target.relative_to(folder).as_posix() for s in found(folder)
    }


def found(folder):
    return image_mask_pairs(folder).samples


@pytest.mark.parametrize("masks", ["masks", "labels", "annotations", "SegmentationClass", "gt", "My_Masks"])
def test_masks_lie_in_a_folder_of_their_own(tmp_path, masks):
    pairs(tmp_path, 3, masks=masks)
    assert matches(tmp_path) == {f"images/00{n}.jpg": f"{masks}/00{n}.png" for n in range(3)}


@pytest.mark.parametrize(
    ("image", "target"),
    [
        ("0006R0_f00930", "0006R0_f00930_P"),
        ("cat", "cat_mask"),
        ("cat.1", "cat.1-label"),
        ("img_17", "mask_17"),
        ("aachen_0_leftImg8bit", "aachen_0_gtFine_labelIds"),
        ("tile 4_sat", "tile 4_mask"),
        ("Ünicode 猫", "Ünicode 猫_seg"),
        ("IMG_0001", "img_0001"),
    ],
)
def test_names_are_matched_without_the_words_that_say_mask(tmp_path, image, target):
    pairs(tmp_path, 1, names=image, mask_names=target)
    save(tmp_path / "images" / "other.jpg", picture(9))
    assert matches(tmp_path) == {f"images/{image}.jpg": f"masks/{target}.png"}


def test_masks_may_lie_beside_their_pictures(tmp_path):
    save(tmp_path / "a.jpg", picture(1))
    save(tmp_path / "a.png", mask())
    save(tmp_path / "b.png", picture(2))
    save(tmp_path / "b_mask.png", mask())
    assert matches(tmp_path) == {"a.jpg": "a.png", "b.png": "b_mask.png"}


def test_folders_mirror_each_other_below_the_first(tmp_path):
    for scene in ("north", "south"):
        save(tmp_path / "images" / scene / "1.jpg", picture(1))
        save(tmp_path / "masks" / scene / "1.png", mask())
    samples = found(tmp_path)
    assert [(s.group, s.target.parent.name) for s in samples] == [("north", "north"), ("south", "south")]


def test_the_split_of_train_and_val_folders_is_kept_and_test_left_out(tmp_path):
    for side, masks in (("train", "trainannot"), ("val", "valannot"), ("test", "testannot")):
        save(tmp_path / side / f"{side}1.png", picture(1))
        save(tmp_path / masks / f"{side}1.png", mask())
    result = image_mask_pairs(tmp_path)
    assert dict(zip([s.image.stem for s in result.samples], result.sides, strict=True)) == {
        "train1": "train",
        "val1": "valid",
    }
    assert result.names[-1].name == "Void"
    assert any("test" in f.what for f in result.findings)


def test_codes_and_valid_lists_are_read(tmp_path):
    pairs(tmp_path, 4)
    (tmp_path / "codes.txt").write_text("Animal\nArchway\nVoid\n")
    (tmp_path / "valid.txt").write_text("001.jpg\n003.jpg\n")
    result = image_mask_pairs(tmp_path)
    assert [n.name for n in result.names] == ["Animal", "Archway", "Void"]
    assert [n.is_void for n in result.names] == [False, False, True]
    assert result.sides == ("train", "valid", "train", "valid")


def test_the_voc_layout_prefers_classes_to_objects_and_reads_its_lists(tmp_path):
    for n in range(3):
        save(tmp_path / "JPEGImages" / f"{n}.jpg", picture(n))
        for kind in ("SegmentationClass", "SegmentationObject", "SegmentationClassVisualization"):
            save(tmp_path / kind / f"{n}.png", mask())
    lists = tmp_path / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("0\n1\n")
    (lists / "val.txt").write_text("2\n")
    result = image_mask_pairs(tmp_path)
    assert {s.target.parent.name for s in result.samples} == {"SegmentationClass"}
    assert result.sides == ("train", "train", "valid")
    assert not result.findings


def test_a_picture_with_two_masks_is_told(tmp_path):
    pairs(tmp_path, 2)
    save(tmp_path / "masks" / "000.bmp", mask())
    result = image_mask_pairs(tmp_path)
    assert len(result.samples) == 2
    (finding,) = [f for f in result.findings if "More than one mask" in f.what]
    assert "000.jpg" in finding.files[0]


def test_a_mask_that_fits_two_pictures_is_left_out_and_told(tmp_path):
    pairs(tmp_path, 2)
    save(tmp_path / "images" / "000.png", picture(5))
    result = image_mask_pairs(tmp_path)
    assert [s.image.name for s in result.samples] == ["001.jpg"]
    assert any("several pictures" in f.what for f in result.findings)


def test_pictures_without_mask_and_masks_without_picture_are_told(tmp_path):
    pairs(tmp_path, 2)
    save(tmp_path / "images" / "alone.jpg", picture(7))
    save(tmp_path / "masks" / "lonely.png", mask())
    texts = " ".join(f.what for f in image_mask_pairs(tmp_path).findings)
    assert "1 picture left out: there is no mask" in texts
    assert "1 mask left out: no picture has the name" in texts


def test_without_masks_the_way_to_them_is_told(tmp_path):
    pairs(tmp_path, 2)
    (finding,) = image_mask_pairs(tmp_path / "images").findings
    assert finding.severity == "error"
    assert tmp_path.name in finding.what_to_do


def test_an_empty_folder_and_none_at_all_are_told(tmp_path):
    (finding,) = image_mask_pairs(tmp_path).findings
    assert "no pictures" in finding.what
    with pytest.raises(UserError):
        image_mask_pairs(tmp_path / "nowhere")


def test_labelme_files_beside_pictures_are_targets(tmp_path):
    for n in range(2):
        save(tmp_path / f"{n}.jpg", picture(n))
        write_json(tmp_path / f"{n}.json", {"shapes": [], "imagePath": f"{n}.jpg"})
    write_json(tmp_path / "9.json", {"shapes": [], "imagePath": "gone.jpg"})
    (tmp_path / "8.json").write_text('{"shapes": [')
    result = image_mask_pairs(tmp_path)
    assert [s.extra for s in result.samples] == [{"mask": "labelme"}] * 2
    texts = [f.what for f in result.findings]
    assert any("cannot be read" in text for text in texts)
    assert any("not in the folder" in text for text in texts)


def test_coco_files_bring_their_own_split(tmp_path):
    for side, number in (("train2017", 1), ("val2017", 2)):
        save(tmp_path / side / f"{number}.jpg", picture(number))
        images = [{"id": 1, "file_name": f"{number}.jpg", "width": 48, "height": 40}]
        values = {"images": images, "annotations": [], "categories": []}
        write_json(tmp_path / "annotations" / f"instances_{side}.json", values)
    result = image_mask_pairs(tmp_path)
    assert [s.extra["mask"] for s in result.samples] == ["coco", "coco"]
    assert result.sides == ("train", "valid")


def test_hidden_files_are_passed_over(tmp_path):
    pairs(tmp_path, 1)
    save(tmp_path / "images" / "._000.jpg", picture(1), format="JPEG")
    save(tmp_path / "__MACOSX" / "images" / "000.jpg", picture(1))
    assert len(found(tmp_path)) == 1


def test_a_picture_whose_name_ends_like_a_mask_is_still_a_picture(tmp_path):
    pairs(tmp_path, 2, names="view_{}_l")
    assert len(found(tmp_path)) == 2


def test_links_to_folders_are_followed_once_and_never_in_circles(tmp_path):
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.png").write_bytes(b"")
    data.mkdir()
    (data / "b.png").write_bytes(b"")
    (data / "photos").symlink_to(elsewhere, target_is_directory=True)
    (data / "the same").symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "back").symlink_to(data, target_is_directory=True)
    assert [path.relative_to(data).as_posix() for path in files_in(data)] == ["b.png", "photos/a.png"]
