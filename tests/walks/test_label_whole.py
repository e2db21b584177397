"""The whole way of labels: a new project, scribbles and guesses, corrections, out as COCO, and in again elsewhere."""

from __future__ import annotations

import contextlib
import io
import shutil

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from shiboken6 import isValid

from imgstudio.core.geometry import Rect
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import UNSEEN
from tests.fakes.labelling import HEIGHT, WIDTH, pictures_in, rested

COUNT = 3
WHOLE = Rect(0, 0, WIDTH, HEIGHT)
SKY, ROAD = 1, 2
PATIENT = 60.0
of_an_old_numpy = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""pycocotools."""


@pytest.fixture
def window(studio):
    """A window that learns live no more when the walk is over."""
    yield studio
    studio.window.workspaces.label.live.set_live(False)
    studio.settle()


@of_an_old_numpy
def test_labels_are_made_with_guesses_and_go_out_as_coco_and_come_in_again(window, tmp_path, one_thread):
    first, second = pictures_in(tmp_path / "street", COUNT), tmp_path / "again"
    shutil.copytree(first, second)
    session = window.label()
    made(window, session, first, "sky\nroad")
    for number in range(COUNT):
        scribbled(window, session, f"{number}.png")
        corrected(window, session, number)
        window.press_key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    rested(window)
    masks = masks_of(first)
    file = exported(window, session)
    assert_told_by_coco(file, masks)
    made(window, session, second, "")
    assert masks_of(second) == {}
    brought_in(window, session, file)
    again = masks_of(second)
    assert again.keys() == masks.keys()
    for name, mask in masks.items():
        np.testing.assert_array_equal(again[name], mask)
    shown = session.document.labels.mask(WHOLE)
    np.testing.assert_array_equal(shown, masks[session.shown])
    assert [known.name for known in session.classes] == ["sky", "road"]


def made(window, session, folder, names):
    """A project of a folder that is dropped on the dialog."""
    before = session.project
    from_menu(window, "New project…")
    dialog = window.part("label.project")
    window.drop_folder("label.project.pictures", folder)
    for line in filter(None, names.splitlines()):
        QTest.keyClicks(dialog.names, line)
        QTest.keyClick(dialog.names, Qt.Key.Key_Return)
    window.click(window.part("dialog.accept", dialog))
    window.wait(lambda: session.project is not before and session.document is not None)
    window.settle()


def from_menu(window, text):
    """Choose a line of the Label menu."""
    menu = next(action.menu() for action in window.window.menuBar().actions() if "Label" in action.text())
    line = next(action for action in menu.actions() if action.text().replace("&", "") == text)
    assert line.isEnabled()
    line.trigger()
    window.check()


def scribbled(window, session, name):
    """Two strokes, a guess of all the rest, and Enter."""
    live = window.window.workspaces.label.live
    window.wait(lambda: session.shown == name)
    window.settle()
    if not live.is_live:
        window.click(window.part("label.live.switch").button(1))
    scribble(window, Qt.Key.Key_1, 14)
    scribble(window, Qt.Key.Key_2, 50)
    window.wait(lambda: live.has_guess and live.phase == "rest", PATIENT)
    rested(window)
    said = session.document.labels.prediction.read(WHOLE)[..., 0]
    assert np.mean(said[:28] == SKY) > 0.9
    assert np.mean(said[36:] == ROAD) > 0.9
    before = session.document.labels.mask(WHOLE)
    assert np.mean(before == UNSEEN) > 0.6, "labels are what is painted"
    window.press_key(Qt.Key.Key_Return)
    rested(window)
    after = session.document.labels.mask(WHOLE)
    np.testing.assert_array_equal(after[before != UNSEEN], before[before != UNSEEN])
    assert np.mean(after != UNSEEN) > 0.99


def scribble(window, key, y):
    window.press_key(key)
    window.press_key(Qt.Key.Key_B)
    window.brush([(20, y), (70, y)], radius=3, tool=window.context.tools.current.id)
    rested(window)


def corrected(window, session, number):
    """A piece of road in the sky, elsewhere in each picture, and a place that nobody is sure of."""
    at = 24 + 16 * number
    window.brush([(at, 8), (at + 12, 12)], radius=5, tool="brush")
    window.press_key(Qt.Key.Key_E)
    assert window.context.tools.current.id == "eraser"
    window.brush([(at + 20, 52)], radius=6, tool="eraser")
    rested(window)
    mask = session.document.labels.mask(WHOLE)
    assert mask[9, at + 4] == ROAD
    assert mask[52, at + 20] == UNSEEN
    assert set(np.unique(mask)) == {SKY, ROAD, UNSEEN}


def masks_of(folder):
    """Name -> (h, w) labels that are on the disk."""
    project = ProjectFolder.open(folder)
    found = {entry.name: project.labels(entry.name) for entry in project.entries()}
    return {name: mask for name, mask in found.items() if mask is not None}


def exported(window, session):
    """As the dialog offers it; returns the file."""
    states = [entry.state for entry in session.project.entries()]
    assert states == ["done"] * COUNT
    told = []
    window.context.message.connect(told.append)
    from_menu(window, "Export labels…")
    dialog = window.part("label.export")
    folder = dialog.chosen[2]
    assert dialog.chosen[0].id == "coco"
    window.wait(lambda: {loss.kind for loss in dialog.losses.told} >= {"unseen"})
    window.click(window.part("dialog.accept", dialog))
    window.wait(lambda: any(f"{COUNT} pictures exported" in text for text in told))
    window.context.message.disconnect(told.append)
    window.settle()
    return folder / "annotations" / "instances_default.json"


def assert_told_by_coco(file, masks):
    """What the other programs' own reader makes of it, pixel by pixel."""
    tools = pytest.importorskip("pycocotools.coco", reason="pycocotools is not installed (extra: test)")
    with contextlib.redirect_stdout(io.StringIO()):
        coco = tools.COCO(str(file))
    names = {category["id"]: category["name"] for category in coco.loadCats(coco.getCatIds())}
    assert names == {SKY: "sky", ROAD: "road"}
    assert {image["file_name"] for image in coco.imgs.values()} == set(masks)
    for image in coco.imgs.values():
        read = np.full((HEIGHT, WIDTH), UNSEEN, np.uint8)
        for annotation in coco.loadAnns(coco.getAnnIds(image["id"])):
            there = coco.annToMask(annotation).astype(bool)
            assert (read[there] == UNSEEN).all(), "no place is told twice"
            read[there] = annotation["category_id"]
        np.testing.assert_array_equal(read, masks[image["file_name"]])


def brought_in(window, session, file):
    """What is not outlined is what nobody was sure of."""
    before = session.project
    from_menu(window, "Import labels…")
    dialog = window.part("label.import")
    dialog.take(str(file))
    accept = dialog.findChild(QPushButton, "dialog.accept")
    window.wait(accept.isEnabled)
    assert dialog.format.currentText() == "COCO"
    unlabelled = dialog.form.editors["unlabelled"]
    window.click(unlabelled.buttons.button(unlabelled._choices.index("unseen")))
    window.click(accept)
    window.wait(lambda: dialog.pages.currentIndex() == 1)
    assert f"{COUNT} pictures got labels" in dialog.summary.text()
    assert "sky, road" in dialog.summary.text()
    window.click(accept)
    window.wait(lambda: not isValid(dialog) or not dialog.isVisible())
    window.wait(lambda: session.project is not before and session.document is not None)
    window.settle()
