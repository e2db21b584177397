"""Labelling with the mouse in a real window: what is painted, shown and proposed."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from imgstudio.app.controllers.ai_sight import Sight
from imgstudio.core.geometry import Rect
from imgstudio.core.labelled import Labelling
from imgstudio.core.labelling.operations import fill_gaps
from imgstudio.core.labelling.painting import write_labels
from imgstudio.core.labels import UNSEEN, LabelClass
from tests.app.fake_networks import FakeNetworks

BLUE, RED = Rect(10, 10, 30, 40), Rect(60, 20, 25, 25)
CLASSES = (LabelClass(1, "Car", (0, 200, 0)), LabelClass(2, "Road", (240, 0, 240)))


@pytest.fixture
def labelled(studio):
    """A window with a labelled picture and labels as the target of the tools."""
    pixels = np.full((90, 120, 4), 255, np.uint8)
    for rect, colour in ((BLUE, (20, 40, 200)), (RED, (200, 30, 40))):
        pixels[rect.slices()] = (*colour, 255)
    document = studio.show_pixels(pixels)
    document.labels = Labelling(CLASSES)
    document.labels_changed.emit(document.bounds)
    studio.context.tool_state.target = "labels"
    yield document
    studio.context.tool_state.target = "pixels"


def choose(document, value):
    document.labels.rules = replace(document.labels.rules, value=value)


def on_screen(studio, at):
    """(3,) RGB of the screen at a place of the picture."""
    image, ratio = studio.canvas.grab().toImage(), studio.canvas.devicePixelRatioF()
    place = studio.on_screen(*at)
    colour = image.pixelColor(QPoint(round(place.x() * ratio), round(place.y() * ratio)))
    return np.array([colour.red(), colour.green(), colour.blue()])


def test_a_stroke_is_seen_in_the_colour_of_its_class_and_undone(studio, labelled):
    before = on_screen(studio, (100, 70))
    studio.brush([(90, 70), (110, 70)], radius=8.0, tool="brush")
    assert labelled.labels.value_at(100, 70) == 1
    assert on_screen(studio, (100, 70))[0] < before[0] - 60
    studio.undo()
    assert labelled.labels.store.is_empty
    assert (on_screen(studio, (100, 70)) == before).all()


def test_what_the_network_found_is_shown_and_labelled_in_the_class_that_is_chosen_by_then(studio, labelled):
    work = studio.window.ai_select
    before, work.sight = work.sight, Sight(FakeNetworks())
    studio.tool("ai_select")
    studio.wait(lambda: work.sight.seen is not None and not work.is_busy)
    QTest.mouseClick(studio.canvas, Qt.MouseButton.LeftButton, pos=studio.on_screen(70, 30))
    studio.wait(lambda: not work.is_busy)
    green = on_screen(studio, (64, 38))
    choose(labelled, 2)
    purple = on_screen(studio, (64, 38))
    studio.press_key(Qt.Key.Key_Return)
    work.sight.networks.open.set()
    work.sight = before
    assert green[1] > purple[1] + 40
    assert purple[2] > green[2] + 40
    mask = labelled.labels.mask(labelled.bounds)
    wanted = np.full((90, 120), UNSEEN, np.uint8)
    wanted[RED.slices()] = 2
    assert (mask == wanted).all()
    assert labelled.selection.is_empty
    assert len(labelled.history.labels) == 1


def test_the_wand_and_the_bucket_write_labels(studio, labelled):
    studio.tool("wand")
    studio.drag([(20, 20)])
    studio.settle()
    choose(labelled, 2)
    studio.tool("fill")
    studio.drag([(5, 5)])
    mask = labelled.labels.mask(labelled.bounds)
    blue = np.zeros(mask.shape, bool)
    blue[BLUE.slices()] = True
    assert ((mask == 1) == blue).all()
    assert (mask[mask != 1] == 2).all()
    assert labelled.selection.is_empty


def test_a_picture_with_labels_is_not_turned_and_that_is_said(studio, labelled):
    studio.run("image.turn_right")
    studio.wait(lambda: studio.errors)
    assert "labels" in studio.errors[0].what
    assert labelled.bounds == Rect(0, 0, 120, 90)
    assert labelled.history.labels == []


def test_what_takes_long_on_labels_is_done_by_a_worker_as_one_step(studio, labelled):
    for rect, value in ((Rect(0, 0, 60, 90), 1), (Rect(64, 0, 56, 90), 2)):
        write_labels(labelled, rect, np.ones((rect.height, rect.width), bool), value, "Box")
    before, steps = labelled.labels.mask(labelled.bounds), list(labelled.history.labels)
    studio.context.edits.do_long(
        labelled,
        "Fill gaps",
        lambda made, progress: fill_gaps(made, 6, check=progress.token.check),
        is_slow=True,
    )
    assert (labelled.labels.mask(labelled.bounds) == before).all(), "it is done at once"
    studio.wait(lambda: not studio.context.edits.is_busy(labelled))
    assert not (labelled.labels.mask(labelled.bounds) == UNSEEN).any()
    assert labelled.history.labels == [*steps, "Fill gaps"]
    studio.undo()
    assert (labelled.labels.mask(labelled.bounds) == before).all()


def test_superpixels_come_while_the_pointer_goes_on(studio, labelled):
    studio.tool("label_superpixels")
    studio.drag([(30, 30), (32, 34)])
    studio.wait(lambda: not studio.context.tools.current.is_busy)
    mask = labelled.labels.mask(labelled.bounds)
    assert mask[30, 30] == 1
    assert not (mask[:, 60:] == 1).any()
    assert labelled.history.labels == ["Superpixel paint"]
