"""Autosave and rescue: nothing is lost by a crash, nothing is left by a clean end."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from imgstudio.app.controllers.recovery import Recovery
from imgstudio.core.paths import autosave_folder


def changed_document(studio):
    document = studio.show_pixels(np.full((30, 40, 4), 200, np.uint8))
    document.name = "Work"
    with document.editing(document.active.pixels, "Dot") as edit:
        edit.store.editable_tile((0, 0))[5, 5] = (1, 2, 3, 255)
    return document


def files():
    return sorted(autosave_folder().rglob("*.ora"))


@pytest.fixture
def crashed(studio, tmp_path):
    """A session folder as a killed process leaves it."""
    changed_document(studio)
    expected = studio.pixels()
    studio.program.recovery.save_all()
    studio.settle()
    (session,) = autosave_folder().iterdir()
    kept = tmp_path / "session"
    shutil.copytree(session, kept)
    for document in list(studio.program.documents.all):
        studio.program.documents.close(document)
    studio.program.recovery.close()
    shutil.copytree(kept, autosave_folder() / "dead")
    (autosave_folder() / "dead" / "lock").unlink()
    return expected


def test_a_changed_document_is_written_and_a_clean_one_is_not(studio):
    studio.show_pixels(np.zeros((8, 8, 4), np.uint8))
    studio.program.recovery.save_all()
    studio.settle()
    assert not files()
    changed_document(studio)
    studio.program.recovery.save_all()
    studio.settle()
    assert len(files()) == 1


def test_an_unchanged_document_is_not_written_twice(studio):
    changed_document(studio)
    studio.program.recovery.save_all()
    studio.settle()
    written = files()[0].stat().st_mtime_ns
    studio.program.recovery.save_all()
    assert not studio.program.jobs.handles
    assert files()[0].stat().st_mtime_ns == written


def test_a_saved_document_needs_no_autosave_any_more(studio, tmp_path):
    changed_document(studio)
    studio.program.recovery.save_all()
    studio.settle()
    studio.save(tmp_path / "work.ora")
    assert not files()


def test_a_clean_end_leaves_nothing(studio):
    document = changed_document(studio)
    studio.program.recovery.save_all()
    studio.settle()
    studio.program.documents.close(document)
    studio.program.recovery.close()
    assert not list(autosave_folder().iterdir())


def test_documents_of_a_dead_session_come_back_unsaved(studio, crashed):
    recovery = studio.program.recovery
    (item,) = recovery.rescuable()
    assert item.name == "Work"
    recovery.rescue([item])
    studio.wait(lambda: studio.program.documents.current is not None)
    studio.settle()
    assert studio.document.name == "Work"
    assert studio.document.path is None
    assert not studio.document.history.is_clean
    np.testing.assert_array_equal(studio.pixels(), crashed)
    assert not (autosave_folder() / "dead").exists()
    assert len(files()) == 1, "it is autosaved again at once"


def test_what_nobody_wants_back_is_deleted(studio, crashed):
    recovery = studio.program.recovery
    recovery.forget(recovery.rescuable())
    assert not recovery.rescuable()
    assert not files()


def test_a_living_session_is_left_alone(studio):
    changed_document(studio)
    studio.program.recovery.save_all()
    studio.settle()
    other = Recovery(studio.program.documents, studio.settings, studio.program.jobs)
    assert other.rescuable() == []
    assert str(os.getpid()) in (autosave_folder() / files()[0].parent.name / "lock").read_text()


def test_a_damaged_note_is_skipped(studio, crashed):
    (note,) = (autosave_folder() / "dead").glob("*.json")
    note.write_text("{", encoding="utf-8")
    assert studio.program.recovery.rescuable() == []


def test_autosave_can_be_switched_off(studio):
    studio.settings.set("autosave_minutes", 0)
    changed_document(studio)
    assert not studio.program.recovery._idle.isActive()
    assert not studio.program.recovery._regular.isActive()
