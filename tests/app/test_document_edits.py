"""Edits of large documents run on a worker and come back as one step; small ones happen at once."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from imgstudio.app.controllers import document_edits
from imgstudio.core import operations, selecting
from imgstudio.core.errors import UserError


@pytest.fixture
def every_edit_on_a_worker(monkeypatch):
    monkeypatch.setattr(document_edits, "AT_ONCE_BYTES", 0)


def striped(studio, height=40, width=60):
    pixels = np.full((height, width, 4), 255, np.uint8)
    pixels[:, : width // 2, :3] = 30
    return studio.show_pixels(pixels)


class Gate:
    """A change that waits until it is let go."""

    def __init__(self, change):
        self.change, self.gate, self.thread = change, threading.Event(), None

    def __call__(self, document):
        self.thread = threading.current_thread()
        self.gate.wait(20)
        self.change(document)


def test_a_small_document_is_changed_before_the_call_returns(studio):
    document = striped(studio)
    studio.run("image.turn_right")
    assert document.bounds.width == 40
    assert not studio.context.edits.is_busy(document)


@pytest.mark.usefixtures("every_edit_on_a_worker")
@pytest.mark.parametrize(
    ("action", "label"),
    [
        ("image.turn_right", "Rotate 90°"),
        ("image.flip_vertical", "Flip vertically"),
        ("image.depth_16", "16 bits per channel"),
        ("image.flatten", "Flatten image"),
        ("layer.merge_visible", "Merge visible"),
        ("layer.merge_down", "Merge down"),
        ("select.from_alpha", "Select “Background copy”"),
    ],
)
def test_an_action_on_a_large_document_is_one_step_that_can_be_undone(studio, action, label):
    document = striped(studio)
    studio.run("layer.duplicate")
    before = studio.pixels()
    studio.run(action)
    assert document.history.labels == ["Duplicate layer"]
    studio.settle()
    assert document.history.labels == ["Duplicate layer", label]
    studio.undo()
    np.testing.assert_array_equal(studio.pixels(), before)
    studio.redo()
    assert not studio.errors


@pytest.mark.usefixtures("every_edit_on_a_worker")
def test_the_work_is_done_on_another_thread_and_the_window_goes_on(studio, qtbot):
    document = striped(studio)
    gate = Gate(lambda made: operations.rotate(made, 90))
    studio.context.edits.do(document, "Turn", gate)
    studio.wait(lambda: gate.thread is not None)
    assert gate.thread is not threading.main_thread()
    qtbot.wait(20)
    assert document.bounds.width == 60
    assert studio.context.edits.is_busy(document)
    gate.gate.set()
    studio.settle()
    assert document.bounds.width == 40


@pytest.mark.usefixtures("every_edit_on_a_worker")
def test_two_edits_asked_for_in_a_row_both_happen(studio):
    document = striped(studio)
    studio.run("image.turn_right")
    studio.run("image.turn_right")
    studio.settle()
    assert document.history.labels == ["Rotate 90°", "Rotate 90°"]
    assert tuple(studio.pixels()[0, -1, :3]) == (30, 30, 30)


@pytest.mark.usefixtures("every_edit_on_a_worker")
def test_an_edit_is_dropped_when_the_picture_changed_meanwhile(studio, qtbot):
    document = striped(studio)
    gate = Gate(lambda made: operations.rotate(made, 90))
    studio.context.edits.do(document, "Turn", gate)
    document.set_layer(document.active, "Opacity", opacity=0.5)
    with qtbot.waitSignal(studio.context.message) as told:
        gate.gate.set()
    assert told.args[0].startswith("Turn was dropped")
    studio.settle()
    assert document.history.labels == ["Opacity"]
    assert document.bounds.width == 60


@pytest.mark.usefixtures("every_edit_on_a_worker")
def test_a_cancelled_edit_leaves_the_document_and_drops_what_waits_behind_it(studio):
    document = striped(studio)
    gate = Gate(lambda made: operations.rotate(made, 90))
    studio.context.edits.do(document, "Turn", gate)
    studio.context.edits.do(document, "Flip", lambda made: operations.flip(made, horizontal=True))
    studio.program.jobs.handles[0].cancel()
    gate.gate.set()
    studio.settle()
    assert document.history.labels == []
    assert document.bounds.width == 60


@pytest.mark.usefixtures("every_edit_on_a_worker")
def test_a_picture_that_is_closed_meanwhile_takes_its_edit_with_it(studio):
    document = striped(studio)
    gate = Gate(lambda made: operations.rotate(made, 90))
    studio.context.edits.do(document, "Turn", gate)
    studio.program.documents.close(document)
    gate.gate.set()
    studio.settle()
    assert document.bounds.width == 60
    assert not studio.errors


@pytest.mark.usefixtures("every_edit_on_a_worker")
def test_what_cannot_be_done_is_told_once(studio):
    document = striped(studio)
    document.set_layer(document.active, "Hide", visible=False)
    studio.run("layer.merge_visible")
    studio.settle()
    assert [error.what for error in studio.errors] == ["No layer is visible"]
    assert isinstance(studio.errors[0], UserError)
    assert "No layer" not in studio.window.status.jobs.text


@pytest.mark.usefixtures("every_edit_on_a_worker")
def test_growing_a_selection_of_a_large_document_goes_through_a_worker(studio):
    document = striped(studio)
    selecting.combine(
        document, np.full((4, 4), 255, np.uint8), document.bounds.__class__(10, 10, 4, 4), "new"
    )
    studio.answers.form_answer = lambda params: replace(params, radius=3)
    studio.run("select.grow")
    assert document.selection.bounds().width == 4
    studio.settle()
    assert document.selection.bounds().width == 10


def test_resizing_scales_every_layer_and_the_selection(studio):
    document = striped(studio)
    studio.run("layer.duplicate")
    studio.run("select.all")
    studio.answers.form_answer = lambda params: replace(params, width=30, height=20)
    studio.run("image.resize")
    studio.settle()
    assert (document.bounds.width, document.bounds.height) == (30, 20)
    assert document.selection.bounds() == document.bounds
    assert studio.pixels()[:, :12, 0].max() < 60
    studio.undo()
    assert document.bounds.width == 60


def test_resizing_keeps_what_lies_outside_the_picture(studio):
    document = striped(studio)
    document.set_layer(document.active, "Move", transform=document.active.transform.__class__(e=-20))
    studio.answers.form_answer = lambda params: replace(params, width=30, height=20)
    studio.run("image.resize")
    studio.settle()
    assert document.active.bounds().x < 0 or document.active.pixels.content_bounds().x < 0
