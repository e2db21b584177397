"""Presets beside a file: the gallery and what the editor says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from PySide6.QtCore import Qt

from imgstudio.app.forms.file_editor import FileEditor
from imgstudio.core.params import Picture, Preset, Ui, describe

PRESETS = tuple(Preset(f"p{n}", f"Name {n} · Artist") for n in range(6))


@dataclass(frozen=True)
class Params:
    style: Annotated[Path | None, Picture(presets=PRESETS), Ui()] = Path("p1")


@pytest.fixture
def editor(qtbot):
    made = FileEditor(describe(Params)[0])
    qtbot.addWidget(made)
    made.show()
    return made


def test_a_click_shows_the_presets_and_choosing_one_tells_of_it(editor, qtbot):
    qtbot.mouseClick(editor.target, Qt.MouseButton.LeftButton)
    gallery = editor.gallery
    assert [button.isChecked() for button in gallery.buttons] == [n == 1 for n in range(6)]

    with qtbot.waitSignal(editor.edited):
        qtbot.mouseClick(gallery.buttons[4], Qt.MouseButton.LeftButton)

    assert editor.value() == Path("p4")
    assert editor.target.toolTip() == "Name 4 · Artist"


def test_the_arrows_go_through_the_gallery_and_end_at_browsing(editor, qtbot):
    editor.choose()
    gallery = editor.gallery
    qtbot.waitUntil(lambda: gallery.focusWidget() is gallery.buttons[1])
    qtbot.keyClick(gallery, Qt.Key.Key_Down)
    assert gallery.focusWidget() is gallery.buttons[5]
    qtbot.keyClick(gallery, Qt.Key.Key_Down)
    assert gallery.focusWidget() is gallery.browse_button


def test_a_file_may_be_dropped_instead(editor, tmp_path):
    editor.take(tmp_path / "mine.png")
    assert editor.value() == tmp_path / "mine.png"
    assert editor.param.preset(editor.value()) is None
