"""A label project is plain files: whole at any moment, quick to open, and nothing in it is lost."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.labelproject import header, masks
from imgstudio.core.labelproject.checking import check
from imgstudio.core.labelproject.entries import Effort, Entry, entry_from_json, entry_to_json
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import LabelClass, classes_named

CLASSES = classes_named(["road", "tree"])
EFFORT = Effort(strokes=3, seconds=4.5, round=2, agreed=0.75, iou=0.5)


@pytest.fixture(scope="module", autouse=True)
def _files_need_not_survive_a_power_cut():
    """Waiting for the disk takes ten times longer than all the rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


def picture(path, width=12, height=8):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height), (90, 120, 60)).save(path)


@pytest.fixture
def project(tmp_path):
    for name in ("img10.png", "img2.png", "a/b.jpg"):
        picture(tmp_path / name)
    return ProjectFolder.create(tmp_path, tmp_path, CLASSES)


def painted(value=1, height=8, width=12):
    mask = np.full((height, width), 255, np.uint8)
    mask[2:6, 3:9] = value
    mask[0] = 0
    return mask


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_pictures_come_in_the_order_in_which_people_count_and_are_new(project):
    assert [e.name for e in project.entries()] == ["a/b.jpg", "img2.png", "img10.png"]
    assert {e.state for e in project.entries()} == {"new"}
    assert project.labels("img2.png") is None
    assert project.size("img2.png") == (12, 8)


def test_what_is_written_is_there_again_after_opening(project):
    entry = project.write("a/b.jpg", painted(2))
    project.keep(replace(entry, is_flagged=True, effort=EFFORT, note="wet “road”"))
    again = ProjectFolder.open(project.path / "project.json")
    assert again.classes == CLASSES
    found = again.entry("a/b.jpg")
    assert (found.state, found.is_flagged, found.classes) == ("in work", True, (0, 2))
    assert (found.width, found.height, found.note) == (12, 8, "wet “road”")
    assert found.effort == EFFORT
    assert found.labelled == pytest.approx(36 / 96)
    assert (again.labels("a/b.jpg") == painted(2)).all()
    assert again.problems == ()


def test_an_entry_of_before_there_was_an_iou_is_read_as_it_was():
    stored = {
        "state": "done",
        "effort": {"strokes": 3, "clicks": 4, "seconds": 2.5, "round": 1, "agreed": 0.9},
    }
    old = entry_from_json("a", stored)
    assert old.effort == Effort(3, 4, 2.5, 1, 0.9)
    assert json.loads(entry_to_json(old, with_name=False)) == stored


def test_the_project_s_own_masks_are_no_pictures(project):
    project.write("img2.png", painted(), np.where(painted() == 1, 7, 0).astype(np.uint16))
    project.write_prediction("img2.png", painted(), np.zeros((8, 12), np.uint8))
    assert len(ProjectFolder.open(project.path).entries()) == 3


def test_a_stored_mask_is_a_palette_png_in_the_colours_of_the_classes(project):
    project.write("img2.png", painted(2))
    with Image.open(project.path / "labels" / "img2.png.png") as file:
        assert file.mode == "P"
        palette = np.array(file.getpalette("RGB")).reshape(-1, 3)
        assert (np.asarray(file) == painted(2)).all()
    assert tuple(palette[2]) == CLASSES[1].colour
    assert tuple(palette[0]) == (0, 0, 0)


@settings(deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_every_mask_is_stored_exactly(mask):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "a.png")
        file.write_bytes(masks.palette_png(mask, masks.palette_of(CLASSES)))
        assert (masks.read_index_mask(file, CLASSES) == mask).all()
        assert masks.value_counts(mask).tolist() == np.bincount(mask.ravel(), minlength=256).tolist()


@settings(deadline=None)
@given(arrays.arrays(np.uint16, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_every_mask_of_objects_is_stored_exactly(mask):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "a.png")
        file.write_bytes(masks.grey_png(mask))
        assert (masks.read_object_mask(file) == mask).all()


def test_pixels_are_counted_exactly_also_beyond_what_a_float_can_tell():
    mask = np.full((4097, 4097), 255, np.uint8)
    mask[0, 0] = 3
    counts = masks.value_counts(mask)
    assert (counts[3], counts[255]) == (1, 4097 * 4097 - 1)


def test_a_mask_that_another_program_saved_in_colours_or_grey_is_understood(project):
    mask = painted(2)
    place = project.path / "labels" / "img2.png.png"
    place.parent.mkdir()
    palette = masks.palette_of(CLASSES)
    Image.fromarray(palette[mask]).save(place)
    assert (project.labels("img2.png") == mask).all()
    Image.fromarray(mask).save(place)
    assert (project.labels("img2.png") == mask).all()
    Image.fromarray(np.full((8, 12, 3), (1, 2, 3), np.uint8)).save(place)
    with pytest.raises(UserError, match="no class"):
        project.labels("img2.png")


def test_objects_are_kept_until_they_are_taken_away(project):
    ids = np.where(painted() == 1, 60000, 0).astype(np.uint16)
    project.write("img2.png", painted(), ids)
    assert ProjectFolder.open(project.path).has_objects
    project.write("img2.png", painted())
    assert (project.objects("img2.png") == ids).all()
    project.write("img2.png", painted(), np.zeros_like(ids))
    assert project.objects("img2.png") is None


def test_what_another_version_wrote_into_the_project_survives(project):
    file = project.path / "project.json"
    file.write_text(json.dumps(read_json(file) | {"review": {"by": "Ada"}}))
    project.set_classes((*CLASSES, LabelClass(7, "sky", (1, 2, 3))))
    project.write("img2.png", painted(), np.ones((8, 12), np.uint16))
    values = read_json(file)
    assert values["review"] == {"by": "Ada"}
    assert values["has_objects"]
    assert [c["value"] for c in values["classes"]] == [1, 2, 7]


def test_a_class_that_is_used_cannot_be_removed_but_renamed(project):
    project.write("img2.png", painted(2))
    with pytest.raises(UserError, match="“tree” cannot be removed"):
        project.set_classes(CLASSES[:1])
    project.set_classes(CLASSES[1:])
    project.set_classes((replace(CLASSES[1], name="bush"),))
    assert [c.name for c in ProjectFolder.open(project.path).classes] == ["bush"]


def test_a_class_is_also_used_where_only_the_mask_tells(project):
    project.write("img2.png", painted(2))
    (project.path / "entries" / "img2.png.json").unlink()
    again = ProjectFolder.open(project.path)
    assert again.entry("img2.png").state == "in work"
    with pytest.raises(UserError, match="cannot be removed"):
        again.set_classes(CLASSES[:1])


@pytest.mark.parametrize("classes", [("a", "a"), ("a", " ")])
def test_classes_without_a_name_of_their_own_are_refused(project, classes):
    with pytest.raises(UserError, match="name"):
        project.set_classes(classes_named(classes))


def test_two_classes_cannot_share_a_value(project):
    with pytest.raises(UserError, match="value"):
        project.set_classes([LabelClass(3, "a", (0, 0, 0)), LabelClass(3, "b", (0, 0, 0))])


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("last", range(8))
def test_a_kill_at_any_file_leaves_a_project_that_opens_with_the_old_or_the_new_mask(
    project, monkeypatch, last
):
    old, new = painted(1), painted(2)
    project.write("img2.png", old)
    calls = iter(range(100))
    real = Path.replace

    def dying(self, target):
        if next(calls) == last:
            raise Killed
        return real(self, target)

    monkeypatch.setattr(Path, "replace", dying)
    try:
        project.write("img2.png", new, np.ones((8, 12), np.uint16))
        project.write_prediction("img2.png", new, np.zeros((8, 12), np.uint8))
        project.set_classes((*CLASSES, LabelClass(9, "sky", (1, 2, 3))))
    except Killed:
        pass
    monkeypatch.undo()
    again = ProjectFolder.open(project.path)
    mask = again.labels("img2.png")
    assert (mask == old).all() or (mask == new).all()
    assert again.entry("img2.png").classes in ((0, 1), (0, 2))
    assert again.entry("img2.png").classes[1] == mask.max(where=mask < 255, initial=0)
    assert again.problems == ()
    again.prediction("img2.png")


def test_a_broken_entry_is_told_and_the_mask_is_kept(project):
    project.write("img2.png", painted())
    (project.path / "entries" / "img2.png.json").write_text('{"state": "do')
    again = ProjectFolder.open(project.path)
    assert any("img2.png" in problem for problem in again.problems)
    assert again.entry("img2.png").state == "in work"
    assert (again.labels("img2.png") == painted()).all()
    assert again.entry("img2.png").classes == (0, 1)


def test_labels_of_a_picture_that_is_gone_are_kept_and_told(project):
    project.write("img2.png", painted())
    (project.path / "img2.png").rename(project.path / "moved.png")
    assert project.rescan() == ("img2.png", "moved.png")
    assert any("img2.png" in problem for problem in project.problems)
    (project.path / "moved.png").rename(project.path / "img2.png")
    project.rescan()
    assert (project.labels("img2.png") == painted()).all()
    assert project.entry("img2.png").state == "in work"


def test_pictures_can_lie_elsewhere_and_are_never_written_to(tmp_path):
    picture(tmp_path / "photos" / "a.png")
    (tmp_path / "photos").chmod(0o555)
    try:
        made = ProjectFolder.create(tmp_path / "work" / "labels of mine", tmp_path / "photos", CLASSES)
        made.write("a.png", painted())
        assert made.picture("a.png") == (tmp_path / "photos" / "a.png").resolve()
        again = ProjectFolder.open(made.path)
        assert [e.state for e in again.entries()] == ["in work"]
    finally:
        (tmp_path / "photos").chmod(0o755)
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["a.png"]


def test_pictures_below_the_project_are_told_relative_so_that_both_can_move(tmp_path):
    picture(tmp_path / "p" / "images" / "a.png")
    ProjectFolder.create(tmp_path / "p", tmp_path / "p" / "images", CLASSES)
    (tmp_path / "p").rename(tmp_path / "q")
    assert [e.name for e in ProjectFolder.open(tmp_path / "q").entries()] == ["a.png"]


def test_a_project_beside_others_does_not_take_their_masks_for_pictures(tmp_path):
    picture(tmp_path / "all" / "one" / "a.png")
    inner = ProjectFolder.create(tmp_path / "all" / "one", tmp_path / "all" / "one", CLASSES)
    inner.write("a.png", painted())
    outer = ProjectFolder.create(tmp_path / "outer", tmp_path / "all", CLASSES)
    assert [e.name for e in outer.entries()] == ["one/a.png"]


def test_a_project_is_not_made_over_another_one_or_over_foreign_labels(project, tmp_path):
    with pytest.raises(UserError, match="holds a project already"):
        ProjectFolder.create(project.path, project.path)
    picture(tmp_path / "c" / "a.png")
    picture(tmp_path / "c" / "labels" / "a.png")
    with pytest.raises(UserError, match="“labels” already"):
        ProjectFolder.create(tmp_path / "c", tmp_path / "c")


def test_a_folder_without_pictures_and_a_missing_one_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no pictures"):
        ProjectFolder.create(tmp_path / "empty", tmp_path / "empty")
    assert not (tmp_path / "empty" / "project.json").exists()
    with pytest.raises(UserError, match="not a folder"):
        ProjectFolder.create(tmp_path / "p", tmp_path / "nothing")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"format": "imgst', "no valid JSON"),
        ('{"format": "other"}', "another program"),
        ("[]", "another program"),
        ('{"format": "imgstudio-labels", "version": 2}', "newer version"),
    ],
)
def test_a_strange_project_file_is_refused_with_the_reason(tmp_path, text, said):
    (tmp_path / "project.json").write_text(text)
    with pytest.raises(UserError, match=said):
        ProjectFolder.open(tmp_path)
    assert ProjectFolder.is_project(tmp_path) == ("newer" in said)


def test_a_folder_without_a_project_is_refused(tmp_path):
    assert not ProjectFolder.is_project(tmp_path)
    with pytest.raises(UserError, match="no label project"):
        ProjectFolder.open(tmp_path)


def test_broken_classes_are_left_out_and_told(project):
    file = project.path / "project.json"
    more = [{"value": 300, "name": "x"}, {"value": 2, "name": "twin"}, "y", {"value": 5, "name": "ok"}]
    values = read_json(file)
    file.write_text(json.dumps(values | {"classes": values["classes"] + more}))
    again = ProjectFolder.open(project.path)
    assert [c.name for c in again.classes] == ["road", "tree", "ok"]
    assert len(again.problems) == 3


def test_names_too_long_for_one_more_suffix_have_files_of_their_own(tmp_path):
    long = ["x" * 251 + ".png", "x" * 250 + "y.png", "ü" * 120 + ".png"]
    for name in long:
        picture(tmp_path / "straße" / name)
    made = ProjectFolder.create(tmp_path, tmp_path, CLASSES)
    for value, entry in enumerate(made.entries(), start=1):
        made.write(entry.name, painted(value))
    again = ProjectFolder.open(tmp_path)
    assert again.problems == ()
    for value, entry in enumerate(again.entries(), start=1):
        assert entry.classes == (0, value)
        assert again.labels(entry.name).max(where=again.labels(entry.name) < 255, initial=0) == value


def test_a_link_that_leads_back_is_followed_once(project):
    (project.path / "loop").symlink_to(project.path, target_is_directory=True)
    assert project.rescan() == ()


def test_predictions_are_a_cache_that_version_control_passes_over(project):
    project.write_prediction("img2.png", painted(2), np.full((8, 12), 51, np.uint8))
    entry = project.entry("img2.png")
    assert (entry.state, entry.unsure, entry.is_labelled) == ("predicted", pytest.approx(0.2), False)
    found = project.prediction("img2.png")
    assert (found.mask == painted(2)).all()
    assert found.unsure.min() == 51
    assert "*" in (project.path / "predictions" / ".gitignore").read_text().splitlines()
    project.write("img10.png", painted())
    project.drop_predictions()
    assert project.prediction("img2.png") is None
    assert [e.state for e in ProjectFolder.open(project.path).entries()] == ["new", "new", "in work"]


def test_a_damaged_prediction_counts_as_none(project):
    project.write_prediction("img2.png", painted(), np.zeros((8, 12), np.uint8))
    (project.path / "predictions" / "img2.png.png").write_bytes(b"\x89PNG")
    assert project.prediction("img2.png") is None


def test_keeping_an_old_entry_does_not_wipe_what_the_mask_told_meanwhile(project):
    old = project.entry("img2.png")
    project.write("img2.png", painted(2))
    project.keep(replace(old, state="done"))
    entry = project.entry("img2.png")
    assert (entry.state, entry.classes, entry.width) == ("done", (0, 2), 12)


def test_an_unknown_picture_is_refused(project):
    for call in (
        lambda: project.entry("no.png"),
        lambda: project.write("../no.png", painted()),
        lambda: project.keep(Entry("no.png")),
    ):
        with pytest.raises(UserError, match="no picture"):
            call()


def test_different_pictures_can_be_written_from_several_threads(project):
    names = [e.name for e in project.entries()]

    def work(name, value):
        for _ in range(5):
            project.write(name, painted(value))
            project.keep(replace(project.entry(name), note=name))

    threads = [threading.Thread(target=work, args=(n, 1 + i % 2)) for i, n in enumerate(names)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = ProjectFolder.open(project.path)
    assert [e.note for e in again.entries()] == names
    assert [e.classes for e in again.entries()] == [(0, 1), (0, 2), (0, 1)]


def test_the_size_of_a_picture_is_that_on_the_screen(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 10)).save(tmp_path / "a.jpg", exif=exif)
    Image.new("RGB", (20, 10)).save(tmp_path / "b.tif")
    made = ProjectFolder.create(tmp_path, tmp_path)
    assert (made.size("a.jpg"), made.size("b.tif")) == ((10, 20), (20, 10))


def test_a_check_finds_what_opening_cannot_see(project):
    project.write("img2.png", np.full((9, 12), 77, np.uint8))
    ids = np.zeros((8, 12), np.uint16)
    ids[:, :4] = 5
    project.write("img10.png", painted(1), ids)
    project.write("a/b.jpg", painted(1))
    (project.path / "labels" / "a" / "b.jpg.png").write_bytes(b"no picture")
    told = [(problem.name, problem.what) for problem in check(project, Progress())]
    assert any(name == "img2.png" and "12 x 9" in what for name, what in told)
    assert any(name == "img2.png" and "“77”" in what for name, what in told)
    assert any(name == "img10.png" and "no class" in what for name, what in told)
    assert any(name == "a/b.jpg" and "cannot be used" in what for name, what in told)


def test_a_whole_project_has_no_problems(project):
    mask = painted(1)
    project.write("img2.png", mask, (mask == 1).astype(np.uint16))
    assert check(project, Progress()) == ()


@settings(deadline=None)
@given(
    st.builds(
        Entry,
        st.just("a.png"),
        st.sampled_from(["new", "predicted", "in work", "done"]),
        st.booleans(),
        st.integers(1, 9),
        st.integers(1, 9),
        st.sampled_from([0.0, 0.25, 1.0]),
        st.none() | st.sampled_from([0.0, 0.5]),
        st.none() | st.sampled_from([0.0, 0.5]),
        st.builds(
            Effort, st.integers(0, 9), st.integers(0, 9), st.sampled_from([0.0, 2.5]), st.integers(0, 3)
        ),
        st.text(max_size=5),
        st.just((0, 3)),
    )
)
def test_entries_are_kept_exactly(entry):
    assert entry_from_json("a.png", json.loads(entry_to_json(entry, with_name=False))) == entry


def test_stored_names_never_collide_for_names_that_differ():
    names = ["x" * n + s for n in (239, 240, 241, 251) for s in ("", "y")]
    assert len({header.stored_name(name) for name in names}) == len(set(names))
