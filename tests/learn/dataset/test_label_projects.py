"""A training learns from exactly the labelled pictures of a project, with its classes in their order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import LabelClass
from imgstudio.learn.dataset.find_pairs import image_mask_pairs
from imgstudio.learn.dataset.masks import mask_reader
from imgstudio.learn.dataset.pictures import files_in
from tests.learn.dataset.folders import checked, told

CLASSES = (LabelClass(2, "Baum", (0, 200, 0)), LabelClass(7, "straße", (90, 90, 90)))


@pytest.fixture
def project(tmp_path):
    random = np.random.default_rng(0)
    for number in range(8):
        place = tmp_path / ("morning" if number % 2 else "evening") / f"{number}.png"
        place.parent.mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 255, (40, 48, 3), np.uint8)).save(place)
    return ProjectFolder.create(tmp_path, tmp_path, CLASSES)


def half(value, rest=255):
    mask = np.full((40, 48), rest, np.uint8)
    mask[:20] = value
    return mask


def test_only_what_a_person_labelled_is_learned_also_partly_labelled_pictures(project):
    names = [entry.name for entry in project.entries()]
    for number, name in enumerate(names[:5]):
        project.write(name, half((2, 7, 0)[number % 3]))
    project.keep(replace(project.entry(names[0]), state="done"))
    project.write(names[5], half(255))
    project.write_prediction(names[6], half(2), np.zeros((40, 48), np.uint8))
    project.write(names[7], half(2))
    project.keep(replace(project.entry(names[7]), state="predicted"))
    report = checked(project.path)
    assert {sample.image for sample in report.samples} == {project.picture(name) for name in names[:5]}
    assert [(known.name, known.value) for known in report.classes] == [
        ("background", 0),
        ("Baum", 2),
        ("straße", 7),
    ]
    assert [known.colour for known in report.classes[1:]] == [(0, 200, 0), (90, 90, 90)]
    assert report.ignored == 255
    assert report.can_start
    read = mask_reader(report)
    found = {sample.image.name: set(np.unique(read(sample)).tolist()) for sample in report.samples}
    assert found == {
        name.rsplit("/")[-1]: {(1, 2, 0)[number % 3], 255} for number, name in enumerate(names[:5])
    }


def test_folders_of_a_project_are_scenes(project):
    for entry in project.entries():
        project.write(entry.name, half(2, 7))
    assert {sample.group for sample in image_mask_pairs(project.path).samples} == {"morning", "evening"}


def test_a_project_of_one_class_is_not_taken_for_black_and_white_masks(project):
    project.set_classes(CLASSES[:1])
    for entry in project.entries():
        project.write(entry.name, half(2, 255))
    report = checked(project.path)
    assert [known.value for known in report.classes] == [0, 2]
    assert set(np.unique(mask_reader(report)(report.samples[0])).tolist()) == {1, 255}


def test_a_mask_whose_entry_is_lost_still_teaches(project):
    for entry in project.entries():
        project.write(entry.name, half(2, 7))
    for file in (project.path / "entries").rglob("*.json"):
        file.unlink()
    assert len(checked(project.path).samples) == 8


def test_a_project_in_which_nothing_is_labelled_says_so(project):
    report = checked(project.path)
    assert not report.can_start
    assert told(report, "No picture of the project is labelled yet")


def test_other_trainings_take_no_masks_of_a_project_for_photos(project):
    name = project.entries()[0].name
    project.write(name, half(2), np.ones((40, 48), np.uint16))
    project.write_prediction(name, half(2), np.zeros((40, 48), np.uint8))
    photos = [path for path in files_in(project.path) if path.suffix == ".png"]
    assert photos == [project.picture(entry.name) for entry in project.entries()]
