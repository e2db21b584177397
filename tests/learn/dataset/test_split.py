"""Pictures that belong together never stand on both sides of a split."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgstudio.core.jobs import Progress
from imgstudio.learn.dataset.check import check_photos
from imgstudio.learn.dataset.split import group_split, one_sided, valid_share
from tests.learn.dataset.folders import checked, film, mask, pairs, picture, save, told


def groups_are_whole(report):
    sides = [{report.samples[n].group for n in side} for side in (report.split.train, report.split.valid)]
    return not sides[0] & sides[1]


def photos(folder):
    return check_photos(folder, Progress())


@given(st.lists(st.sampled_from("abcdefghijklmnop"), min_size=2, max_size=60), st.integers(0, 5))
def test_every_split_keeps_groups_whole_and_both_sides_filled(groups, seed):
    split = group_split(groups, seed=seed)
    assert sorted((*split.train, *split.valid)) == list(range(len(groups)))
    assert not {groups[n] for n in split.train} & {groups[n] for n in split.valid}
    assert bool(split.valid) == (len(set(groups)) > 1)
    assert split == group_split(groups, seed=seed)


def test_of_many_small_groups_about_a_fifth_judges():
    split = group_split([f"g{n // 3}" for n in range(300)])
    assert valid_share(split) == pytest.approx(0.2, abs=0.01)


def test_a_class_in_one_group_stays_in_training_and_is_told():
    groups = [f"g{n // 10}" for n in range(100)]
    contents = np.ones((100, 2))
    contents[:, 1] = [n < 10 for n in range(100)]
    split = group_split(groups, contents)
    assert set(range(10)) <= set(split.train)
    (finding,) = one_sided(split, contents, ["common", "rare"], groups)
    assert "“rare”" in finding.what
    assert "one group" in finding.what


def test_a_class_in_two_groups_is_on_both_sides():
    groups = [f"g{n // 5}" for n in range(100)]
    contents = np.ones((100, 2))
    contents[:, 1] = [n < 5 or n >= 95 for n in range(100)]
    split = group_split(groups, contents)
    assert not one_sided(split, contents, ["common", "rare"], groups)


def test_folders_of_scenes_stay_whole(tmp_path):
    for scene in range(10):
        for n in range(4):
            save(tmp_path / f"patient {scene}" / f"{n}.png", picture(scene * 10 + n))
    report = photos(tmp_path)
    assert groups_are_whole(report)
    assert len({s.group for s in report.samples}) == 10
    assert (len(report.split.valid), report.split.by[:9]) == (8, "By folder")


def test_two_folders_of_unlike_pictures_are_kinds_and_both_sides_hold_them(tmp_path):
    for kind in ("cats", "dogs"):
        for n in range(30):
            save(tmp_path / kind / f"{n}.png", picture(n + 100 * (kind == "dogs")))
    report = photos(tmp_path)
    assert {report.samples[n].image.parent.name for n in report.split.valid} == {"cats", "dogs"}
    assert len(report.split.valid) == 12


def test_names_with_the_same_beginning_stay_together_when_they_are_a_film(tmp_path):
    for scene, name in enumerate(("0001TP", "0006R0", "0016E5", "Seq05", "x")):
        for n in range(12):
            save(tmp_path / f"{name}_{n:05}.png", film(5 * n, scene))
    report = photos(tmp_path)
    assert groups_are_whole(report)
    assert {s.group for s in report.samples} == {"0001TP", "0006R0", "0016E5", "Seq05", "x"}
    assert len(report.split.valid) == 12
    assert "By the beginning of the names" in report.split.by


def test_one_film_is_cut_into_stretches(tmp_path):
    for n in range(60):
        save(tmp_path / f"frame{n}.png", film(n))
    report = photos(tmp_path)
    assert "stretches" in report.split.by
    assert groups_are_whole(report)
    crossings = np.diff(np.isin(np.arange(60), report.split.valid)).sum()
    assert len(report.split.valid) == 12
    assert crossings <= 4


def test_photo_sessions_are_told_by_their_time(tmp_path):
    for n in range(40):
        exif = Image.Exif()
        moment = datetime(2024, 5, 1, 10) + timedelta(hours=n // 4 * 3, seconds=n % 4)  # noqa: DTZ001
        exif.get_ifd(0x8769)[0x9003] = moment.strftime("%Y:%m:%d %H:%M:%S")
        save(tmp_path / f"IMG_{n}.jpg", picture(n), exif=exif)
    report = photos(tmp_path)
    assert "time of the shots" in report.split.by
    assert len({s.group for s in report.samples}) == 10
    assert groups_are_whole(report)


def test_copies_and_near_copies_stay_together(tmp_path):
    for n in range(12):
        save(tmp_path / f"p{n}q.png", picture(n))
        save(tmp_path / f"r{n}s.jpg", picture(n), quality=88)
    (tmp_path / "copy.png").write_bytes((tmp_path / "p5q.png").read_bytes())
    report = photos(tmp_path)
    assert groups_are_whole(report)
    assert len({s.group for s in report.samples}) == 12
    assert told(report, "1 picture is an exact copy")
    assert told(report, "look nearly the same")


def test_when_all_pictures_are_the_same_one_still_judges_but_it_is_told(tmp_path):
    for n in range(4):
        save(tmp_path / f"{n}.png", picture(1))
    report = photos(tmp_path)
    assert report.can_start
    assert report.split.valid
    assert told(report, "flatter")


def test_unlike_pictures_are_split_one_by_one_with_every_class_on_both_sides(tmp_path):
    pairs(tmp_path, 30)
    for n in (3, 17):
        save(tmp_path / "masks" / f"{n:03}.png", mask(n, (0, 1, 2)))
    report = checked(tmp_path, meaning="classes")
    held = [n for n in range(30) if report.samples[n].image.stem in ("003", "017")]
    assert len(set(held) & set(report.split.valid)) == 1
    assert len(report.split.valid) == 6
