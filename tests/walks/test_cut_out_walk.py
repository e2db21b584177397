"""A person is cut out of a photo, hair and all, and put into another picture; all of it can be taken back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from skimage.data import astronaut, chelsea

from imgstudio.core.blend import render_layer

SHIFT, NONE = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.NoModifier
FACE, SUIT, FLAG, SHUTTLE = (226, 130), (210, 330), (30, 110), (430, 150)
CLOSE = 60


def click(studio, at, held=NONE):
    QTest.mouseMove(studio.canvas, studio.on_screen(*at))
    QTest.mouseClick(studio.canvas, Qt.MouseButton.LeftButton, held, studio.on_screen(*at))
    studio.wait(lambda: not studio.window.ai_select.is_busy, seconds=CLOSE)


def set_form(form, **values):
    form.set_value(replace(form.value(), **values))
    form.changed.emit(form.value())


def cut_out(studio, photo):
    """Click the person, correct it, refine the hair, and make a layer of it."""
    studio.press_key(Qt.Key.Key_A)
    ai = studio.window.ai_select
    studio.wait(lambda: ai.sight.seen is not None and not ai.is_busy, seconds=CLOSE)
    for at in (FACE, SUIT):
        click(studio, at)
    for at in (FLAG, SHUTTLE):
        click(studio, at, SHIFT)
    studio.press_key(Qt.Key.Key_Return)
    selected = photo.selection.read(photo.bounds)
    assert [selected[y, x] > 127 for x, y in (FACE, SUIT, FLAG, SHUTTLE)] == [True, True, False, False]
    assert len(photo.history.labels) == 1

    studio.run("select.and_mask")
    workspace = studio.window.select_and_mask
    set_form(workspace.page.view, view="on black")
    set_form(workspace.page.edge, radius=6.0)
    studio.drag([(160, 60), (152, 90), (160, 125)])  # the hair on the left
    set_form(workspace.page.clean, decontaminate=True)
    set_form(workspace.page.output, output="new layer")
    studio.wait(lambda: workspace.work.is_exact and not workspace.work.is_busy, seconds=CLOSE)
    studio.click("select_and_mask.apply")
    studio.wait(lambda: len(photo.layers) == 2 or studio.errors, seconds=CLOSE)
    assert not studio.errors


def test_from_a_click_to_a_person_in_another_picture_and_back(studio, tmp_path):
    Image.fromarray(astronaut()).save(tmp_path / "astronaut.png")
    Image.fromarray(chelsea()).save(tmp_path / "cat.png")
    photo = studio.open(tmp_path / "astronaut.png")
    cut_out(studio, photo)
    person, alpha = photo.active, studio.pixels()[..., 3]
    assert alpha[FACE[1], FACE[0]] == 255
    assert alpha[FLAG[1], FLAG[0]] == 0
    hair = alpha[40:140, 140:180]
    assert ((hair > 10) & (hair < 245)).sum() > 100
    assert len(photo.history.labels) == 2

    studio.run("edit.copy")
    cat = studio.open(tmp_path / "cat.png")
    before = studio.pixels()
    studio.run("edit.paste")
    assert render_layer(cat.active, cat.bounds, cat.dtype)[..., 3].any()
    assert (studio.pixels() != before).any()
    studio.undo()
    assert (studio.pixels() == before).all()

    studio.program.documents.show(photo)
    assert photo.active is person
    for _ in range(2):
        studio.undo()
    assert (studio.pixels()[..., :3] == astronaut()).all()
    assert photo.selection.is_empty
    assert len(photo.layers) == 1


def test_showing_another_picture_takes_no_step_of_it_back(studio):
    first = studio.show_pixels(np.full((20, 30, 4), 255, np.uint8))
    for _ in range(3):
        studio.run("select.invert")
    studio.show_pixels(np.full((20, 30, 4), 255, np.uint8))
    studio.run("select.all")
    studio.undo()
    studio.program.documents.show(first)
    assert first.history.position == 3
