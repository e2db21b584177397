"""Opening, saving, exporting and closing: no work is lost, nothing blocks."""

from __future__ import annotations

import numpy as np
import pytest

from imgstudio.core import imagefile
from imgstudio.core.errors import UserError
from imgstudio.core.imagefile import ExportOptions


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a photo with a name.png"
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    imagefile.export(path, pixels, imagefile.Metadata(None, None, None, None, None), had_alpha=False)
    return path


def paint(studio):
    """Change one pixel of the active layer, as one undo step."""
    document = studio.document
    with document.editing(document.active.pixels, "Dot") as edit:
        edit.store.editable_tile((0, 0))[5, 5] = (1, 2, 3, 255)


def test_opening_a_file_shows_it_in_a_tab_and_remembers_it(studio, picture):
    document = studio.open(picture)
    assert (document.bounds.width, document.bounds.height) == (60, 40)
    assert studio.window.tabs.count() == 1
    assert studio.settings.recent_files == (str(picture),)
    assert picture.stem in studio.window.windowTitle()


def test_opening_the_same_file_again_shows_the_tab_that_is_there(studio, picture):
    first = studio.open(picture)
    studio.show_pixels(np.zeros((4, 4, 4), np.uint8))
    studio.program.documents.open_paths([picture])
    assert studio.document is first
    assert studio.window.tabs.count() == 2


def test_a_file_that_cannot_be_read_is_told_and_forgotten(studio, tmp_path):
    missing = tmp_path / "gone.png"
    studio.settings.add_recent(missing)
    studio.program.documents.open_paths([missing])
    studio.wait(lambda: studio.errors)
    assert isinstance(studio.errors[0], UserError)
    assert studio.window.notice.isVisible()
    assert not studio.settings.recent_files
    assert studio.program.documents.current is None


def test_saving_makes_a_project_and_a_clean_document(studio, picture, tmp_path):
    studio.open(picture)
    paint(studio)
    studio.save(tmp_path / "work.ora")
    assert studio.document.history.is_clean
    assert studio.document.path == tmp_path / "work.ora"
    before = studio.pixels()
    studio.program.documents.close(studio.document)
    studio.open(tmp_path / "work.ora")
    np.testing.assert_array_equal(studio.pixels(), before)


def test_save_of_a_photo_never_writes_over_the_photo(studio, picture, tmp_path):
    original = picture.read_bytes()
    studio.open(picture)
    paint(studio)
    studio.answers.save_answer = tmp_path / "other.png"
    studio.run("file.save")
    studio.settle()
    assert picture.read_bytes() == original
    assert studio.document.path == tmp_path / "other.ora"


def test_a_change_made_while_saving_stays_unsaved(studio, picture, tmp_path):
    studio.open(picture)
    paint(studio)
    studio.program.documents.save(studio.document, tmp_path / "work.ora")
    document = studio.document
    document.set_layer(document.active, "Fade", opacity=0.5)
    studio.settle()
    assert not document.history.is_clean
    studio.undo()
    assert document.history.is_clean


def test_two_saves_in_a_row_leave_the_newer_state(studio, picture, tmp_path):
    document = studio.open(picture)
    paint(studio)
    path = tmp_path / "work.ora"
    studio.program.documents.save(document, path)
    document.set_layer(document.active, "Fade", opacity=0.5)
    studio.program.documents.save(document)
    studio.settle()
    assert document.history.is_clean
    studio.program.documents.close(document)
    assert studio.open(path).layers.root[0].opacity == 0.5


def test_a_failed_save_keeps_the_document_unsaved_and_says_why(studio, picture, tmp_path):
    document = studio.open(picture)
    paint(studio)
    studio.program.documents.save(document, tmp_path / "no such folder" / "work.ora")
    studio.wait(lambda: studio.errors)
    assert not document.history.is_clean
    assert document.path == picture
    assert studio.errors[0].why


def test_export_writes_the_picture_and_export_again_repeats_it(studio, picture, tmp_path):
    studio.open(picture)
    out = tmp_path / "out.png"
    studio.export(out, ExportOptions())
    np.testing.assert_array_equal(imagefile.read(out).pixels, studio.pixels())
    paint(studio)
    studio.run("file.export_again")
    studio.settle()
    np.testing.assert_array_equal(imagefile.read(out).pixels[5, 5, :3], (1, 2, 3))
    assert not studio.document.history.is_clean


def test_closing_an_unsaved_document_asks_and_cancel_keeps_it(studio, picture):
    document = studio.open(picture)
    paint(studio)
    studio.run("file.close")
    assert studio.answers.asked[-1] == (document.name,)
    assert studio.program.documents.all == [document]


def test_closing_with_save_closes_only_after_the_file_is_there(studio, picture, tmp_path):
    studio.open(picture)
    paint(studio)
    studio.answers.unsaved_answer, studio.answers.save_answer = "save", tmp_path / "kept.ora"
    studio.run("file.close")
    studio.wait(lambda: not studio.program.documents.all)
    assert (tmp_path / "kept.ora").is_file()


def test_closing_with_a_failed_save_keeps_the_document(studio, picture, tmp_path):
    document = studio.open(picture)
    paint(studio)
    studio.answers.unsaved_answer, studio.answers.save_answer = "save", tmp_path / "no" / "kept.ora"
    studio.run("file.close")
    studio.wait(lambda: studio.errors)
    assert studio.program.documents.all == [document]


def test_the_window_closes_without_a_question_when_all_is_saved(studio, picture):
    studio.open(picture)
    studio.window.close()
    studio.wait(lambda: not studio.window.isVisible())
    assert not studio.answers.asked


def test_place_as_layer_adds_the_file_and_can_be_undone(studio, picture):
    studio.show_pixels(np.zeros((20, 30, 4), np.uint8))
    studio.answers.open_answer = [picture]
    studio.run("file.place")
    studio.wait(lambda: len(studio.document.layers) == 2)
    placed = studio.document.active
    assert placed.transform.bounds_of(placed.pixels.content_bounds()) == (0, 0, 30, 20)
    studio.undo()
    assert len(studio.document.layers) == 1
