"""Labels leave and come in through dialogs that say what is lost and what could not be used."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtWidgets import QPushButton
from shiboken6 import isValid

from imgstudio.app.dialogs.label_exchange import ask_export, ask_import
from imgstudio.app.dialogs.label_export import LabelExportDialog
from imgstudio.app.dialogs.label_import import LabelImportDialog
from imgstudio.core.labelproject.folder import ProjectFolder
from tests.fakes.labelling import HEIGHT, WIDTH, opened, project_in


def ring():
    mask = np.full((HEIGHT, WIDTH), 255, np.uint8)
    mask[4:30, 4:30] = 1
    mask[10:20, 10:20] = 0
    return mask


@pytest.fixture
def session(studio, tmp_path):
    project = project_in(tmp_path / "street", 3)
    for name in ("0.png", "1.png"):
        project.write(name, ring())
    return opened(studio, project.path)


def dialog_of(studio, kind):
    return next(part for part in studio.window.findChildren(kind) if part.isVisible())


@pytest.fixture
def leaving(studio, session):
    ask_export(studio.context, session)
    dialog = dialog_of(studio, LabelExportDialog)
    looked_at(studio, dialog)
    yield dialog
    if isValid(dialog) and dialog.isVisible():
        dialog.reject()
    studio.settle()


@pytest.fixture
def coming(studio, session):
    ask_import(studio.context, session)
    dialog = dialog_of(studio, LabelImportDialog)
    yield dialog
    if isValid(dialog) and dialog.isVisible():
        dialog.reject()
    studio.settle()


def looked_at(studio, dialog):
    studio.wait(
        lambda: not dialog._rest.isActive() and dialog._asked is not None and dialog._asked.is_finished
    )


def choose(studio, dialog, name):
    dialog.format.setCurrentIndex(dialog.format.findText(name))
    looked_at(studio, dialog)


def kinds(dialog):
    return {loss.kind for loss in dialog.losses.told}


def test_losses_are_said_before_anything_is_written_and_avoided_by_a_button(studio, leaving):
    assert kinds(leaving) == {"areas", "unseen"}
    leaving.form.editors["shape"].set_value("polygon")
    leaving._on_options()
    looked_at(studio, leaving)
    assert "holes" in kinds(leaving)
    leaving.findChild(QPushButton, "label.loss.holes.avoid").click()
    looked_at(studio, leaving)
    assert leaving.chosen[1].shape == "rle"
    assert "holes" not in kinds(leaving)
    choose(studio, leaving, "PNG masks")
    assert kinds(leaving) == set()


def test_an_export_goes_into_a_new_folder_and_is_told(studio, session, leaving):
    said = []
    studio.context.message.connect(said.append)
    folder = leaving.chosen[2]
    assert folder == session.project.path.parent / "street-coco"
    leaving.accept()
    studio.wait(lambda: said)
    studio.context.message.disconnect(said.append)
    values = json.loads((folder / "annotations" / "instances_default.json").read_text())
    assert len(values["images"]) == 2
    assert "2 pictures" in said[0]


def test_a_folder_that_holds_something_is_refused(studio, leaving, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").write_text("mine")
    leaving.folder.setText(str(tmp_path / "full"))
    leaving.folder.textEdited.emit(leaving.folder.text())
    assert not leaving._accept.isEnabled()
    assert "not empty" in leaving.note.text()
    leaving._take_folder(str(tmp_path / "full"))
    assert leaving.chosen[2] == tmp_path / "full" / "labels-coco"
    assert leaving._accept.isEnabled()


def test_labels_come_in_and_are_shown(studio, session, coming, tmp_path):
    other = project_in(tmp_path / "other", 3)
    mask = np.full((HEIGHT, WIDTH), 2, np.uint8)
    other.write("0.png", mask)
    other.write("2.png", mask)
    source = _exported(other, tmp_path / "out")
    coming.take(str(source))
    studio.wait(lambda: coming._accept.isEnabled())
    assert coming.format.currentText() == "Pascal VOC"
    before = session.project
    coming.accept()
    studio.wait(lambda: coming.pages.currentIndex() == 1)
    assert "1 pictures got labels" in coming.summary.text()
    assert "1 pictures had labels already" in coming.summary.text()
    assert (ProjectFolder.open(session.project.path).labels("2.png") == 2).all()
    coming.accept()
    studio.wait(lambda: session.project is not before and session.shown == "0.png")
    session.show("2.png")
    studio.wait(lambda: session.shown == "2.png")
    assert session.document.labels.value_at(3, 3) == 2


def test_what_could_not_be_used_is_listed(studio, coming, tmp_path):
    (tmp_path / "in").mkdir()
    values = {"shapes": [], "imagePath": "gone.png", "imageWidth": 4, "imageHeight": 4}
    (tmp_path / "in" / "gone.json").write_text(json.dumps(values))
    coming.take(str(tmp_path / "in"))
    studio.wait(lambda: coming._accept.isEnabled())
    coming.accept()
    studio.wait(lambda: coming.pages.currentIndex() == 1)
    assert "0 pictures got labels" in coming.summary.text()
    item = coming.problems.topLevelItem(0)
    assert "gone.png" in item.text(0)
    assert "no such picture" in item.text(1)


def test_a_place_where_nothing_is_cannot_be_imported(studio, coming, tmp_path):
    assert not coming._accept.isEnabled()
    coming.take(str(tmp_path / "nothing"))
    studio.wait(lambda: coming.note.text())
    assert "nothing at this place" in coming.note.text()
    assert not coming._accept.isEnabled()


def test_a_broken_file_is_told_in_the_dialog(studio, coming, tmp_path):
    (tmp_path / "x.json").write_text('{"images": [], "annotations": [')
    coming.source.setText(str(tmp_path / "x.json"))
    coming.format.setCurrentIndex(coming.format.findText("COCO"))
    coming._refresh()
    coming.accept()
    studio.wait(lambda: "no valid JSON" in coming.note.text())
    assert coming.pages.currentIndex() == 0


def _exported(project, folder):
    from imgstudio.core.jobs import Progress
    from imgstudio.core.labelformats.exporting import export
    from imgstudio.core.labelformats.registry import format_named

    voc = format_named("voc")
    export(project, voc, voc.options(), folder, Progress())
    return folder
