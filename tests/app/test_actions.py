"""Actions as data: unique, with unique keys in every preset, and each can be run."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest

from imgstudio.app.actions.keys import PRESETS
from imgstudio.app.panels.fuzzy import score
from imgstudio.app.panels.palette import Entry, Palette

LEFT_OUT = {
    "label.new_project",
    "file.quit",
    "help.log",
    "help.doctor",
    "help.models",
    "edit.preferences",
    "edit.search",
}
"""They open windows or other programs; tested elsewhere."""


def page(studio):
    return studio.show_pixels(np.full((60, 80, 4), 200, np.uint8))


@pytest.mark.parametrize("workspace", ["edit", "label"])
@pytest.mark.parametrize("preset", PRESETS)
def test_no_key_is_given_twice(studio, preset, workspace):
    studio.settings.set("key_preset", preset)
    owners: dict[str, str] = {}
    for action_id in studio.program.actions.specs:
        for sequence in studio.program.actions.keys.working(action_id, workspace):
            text = sequence.toString()
            assert text, f"{action_id} has a key that Qt does not know"
            assert text not in owners, f"{text}: {action_id} and {owners[text]}"
            owners[text] = action_id


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_names_only_actions_that_exist(studio, preset):
    assert set(PRESETS[preset]) <= set(studio.program.actions.specs)


def test_the_keys_of_the_product_page_hold(studio):
    wanted = {
        "tool.brush": "B", "tool.eraser": "E", "tool.move": "V", "edit.transform": "Ctrl+T", "tool.crop": "C",
        "tool.rectangle": "M", "tool.lasso": "L", "tool.wand": "W", "tool.fill": "G", "tool.eyedropper": "I",
        "tool.hand": "H", "tool.zoom": "Z", "brush.smaller": "[", "brush.larger": "]", "colours.swap": "X",
        "colours.default": "D", "view.fit": "Ctrl+0", "view.actual": "Ctrl+1", "select.quick_mask": "Q",
        "view.overlay": "\\", "select.deselect": "Ctrl+D", "select.invert": "Ctrl+Shift+I",
        "layer.duplicate": "Ctrl+J", "layer.merge_down": "Ctrl+E", "edit.undo": "Ctrl+Z",
        "edit.redo": "Ctrl+Shift+Z; Ctrl+Y", "view.original": "`", "view.panels": "Tab", "view.full_screen": "F",
        "edit.search": "Ctrl+K",
    }  # fmt: skip
    for action_id, keys in wanted.items():
        assert keys in studio.program.actions.keys.text(action_id), action_id


def test_every_action_runs_or_is_disabled_without_a_picture(studio):
    for action_id in studio.program.actions.specs:
        if action_id not in LEFT_OUT:
            studio.run(action_id)
    assert not [error for error in studio.errors if not hasattr(error, "what")]


def test_every_action_runs_or_is_disabled_with_a_picture(studio):
    page(studio)
    for action_id in studio.program.actions.specs:
        if action_id in LEFT_OUT or action_id.startswith(("filter.", "file.close")):
            continue
        studio.run(action_id)
        if studio.window.isFullScreen():
            studio.window.toggle_full_screen()
    studio.settle()
    assert not [error for error in studio.errors if not hasattr(error, "what")]


def test_every_filter_opens_its_form(studio):
    page(studio)
    for item in studio.context.filters:
        studio.run(f"filter.{item.id}")
        assert studio.context.filter_panel.page.item is item


def test_a_disabled_action_does_not_run(studio):
    page(studio)
    before = studio.document.history.state
    studio.run("edit.undo")
    studio.run("image.crop")
    assert studio.document.history.state == before


def test_undo_says_what_it_takes_back(studio):
    page(studio)
    studio.run("select.all")
    studio.program.actions.refresh()
    assert studio.program.actions.actions["edit.undo"].text() == "Undo select all"
    studio.undo()
    assert studio.document.selection.is_empty


def test_a_key_chosen_by_the_person_wins_and_the_other_action_loses_it(studio):
    keys = studio.program.actions.keys
    assert keys.conflict("layer.add", "Ctrl+D") == "select.deselect"
    keys.assign("layer.add", "Ctrl+D")
    assert keys.text("layer.add") == "Ctrl+D"
    assert keys.text("select.deselect") == ""
    assert studio.program.actions.actions["layer.add"].shortcut() == QKeySequence("Ctrl+D")
    keys.reset_all()
    assert keys.text("select.deselect") == "Ctrl+D"


def test_keys_work_in_the_window(studio):
    page(studio)
    studio.focus_canvas()
    QTest.keyClick(studio.canvas, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert not studio.document.selection.is_empty
    QTest.keyClick(studio.canvas, Qt.Key.Key_B)
    assert studio.context.tools.current.id == "brush"
    QTest.keyClick(studio.canvas, Qt.Key.Key_Q)
    assert studio.context.tools.current.id == "mask_brush"
    QTest.keyClick(studio.canvas, Qt.Key.Key_Q)
    assert studio.context.tools.current.id == "brush"


def test_reselect_brings_the_selection_back(studio):
    page(studio)
    studio.run("select.all")
    studio.run("select.deselect")
    assert studio.document.selection.is_empty
    studio.run("select.reselect")
    assert studio.document.selection.bounds() == studio.document.bounds


def test_copy_and_paste_keep_every_pixel_in_its_place(studio):
    pixels = np.random.default_rng(1).integers(0, 255, (30, 40, 4), np.uint8)
    pixels[..., 3] = 255
    studio.show_pixels(pixels)
    studio.run("edit.copy")
    studio.run("edit.paste")
    assert len(studio.document.layers) == 2
    np.testing.assert_array_equal(studio.document.active.pixels.read(studio.document.bounds), pixels)
    assert studio.document.active.bounds().x == 0


def test_a_picture_of_another_program_is_pasted_with_its_alpha(studio):
    from PySide6.QtGui import QGuiApplication

    from imgstudio.app.controllers.clipboard import image_of

    pixels = np.random.default_rng(2).integers(0, 255, (6, 8, 4), np.uint8)
    QGuiApplication.clipboard().setImage(image_of(pixels))
    studio.run("edit.paste_as_new")
    np.testing.assert_array_equal(studio.pixels()[..., 3], pixels[..., 3])
    seen = pixels[..., 3] > 0
    np.testing.assert_array_equal(
        studio.document.active.pixels.read(studio.document.bounds)[seen], pixels[seen]
    )


def test_pasting_nothing_says_so(studio):
    from PySide6.QtGui import QGuiApplication

    QGuiApplication.clipboard().clear()
    page(studio)
    studio.run("edit.paste")
    assert studio.errors[0].what


def test_turning_resizing_and_flattening_are_one_step_each(studio):
    page(studio)
    studio.run("image.turn_right")
    assert studio.document.bounds[2:] == (60, 80)
    studio.answers.form_answer = lambda params: type(params)(30, 40)
    studio.run("image.resize")
    assert studio.document.bounds[2:] == (30, 40)
    studio.undo()
    studio.undo()
    assert studio.document.bounds[2:] == (80, 60)


def test_a_kept_proportion_moves_the_other_side():
    from imgstudio.app.actions.image import NewSize

    before = NewSize(400, 200)
    assert NewSize(200, 200).adjusted(before) == NewSize(200, 100)
    assert NewSize(400, 100).adjusted(before) == NewSize(200, 100)
    assert NewSize(200, 200, keep_proportion=False).adjusted(before).height == 200


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("cs", "Canvas size…", "Close all"),
        ("inv", "Invert", "Image Flip Vertical"),
        ("dup", "Duplicate", "Undo paint"),
    ],
)
def test_the_palette_prefers_starts_of_words_and_runs(query, better, worse):
    first, second = score(query, better), score(query, worse)
    assert first is not None
    assert second is None or first > second


def test_letters_that_are_not_there_are_not_found():
    assert score("xyz", "Zoom in") is None


def test_the_palette_runs_what_is_chosen(studio, qtbot):
    page(studio)
    entries = [
        Entry("select.all", "All", "Select", "Ctrl+A", enabled=True),
        Entry("edit.undo", "Undo", "Edit", "", enabled=False),
    ]
    palette = Palette(entries, [], studio.window)
    palette.open_over(studio.window)
    with qtbot.waitSignal(palette.chosen) as chosen:
        QTest.keyClicks(palette.search, "all")
        QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert chosen.args == ["select.all"]


def test_starting_the_window_imports_no_torch():
    code = (
        "import sys; import imgstudio.app.__main__; import imgstudio.__main__;"
        "from imgstudio.filters.registry import load_filters; load_filters();"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_key_that_holds_the_original_can_be_changed_and_the_split_stays(studio):
    studio.show_pixels(np.full((40, 50, 4), 90, np.uint8))
    studio.settings.set("custom_keys", {"view.original": "O"})
    studio.canvas.set_compare("split")
    studio.focus_canvas()
    QTest.keyPress(studio.canvas, Qt.Key.Key_QuoteLeft)
    assert studio.canvas.scene.mode == "split"
    QTest.keyRelease(studio.canvas, Qt.Key.Key_QuoteLeft)
    QTest.keyPress(studio.canvas, Qt.Key.Key_O)
    assert studio.canvas.scene.mode == "original"
    QTest.keyRelease(studio.canvas, Qt.Key.Key_O)
    assert studio.canvas.scene.mode == "split"
    studio.run("view.split")
    assert studio.canvas.scene.mode == "off"
