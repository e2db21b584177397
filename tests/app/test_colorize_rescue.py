"""Colour strokes that were not applied survive a crash, also on a picture that is not changed otherwise."""

from __future__ import annotations

import json
import shutil

import pytest

from imgstudio.core.paths import autosave_folder
from tests.app.test_colorize_page import branch, eyes, page, paint  # noqa: F401 - fixtures


def notes():
    return [json.loads(path.read_text(encoding="utf-8")) for path in autosave_folder().rglob("*.json")]


def saved(studio):
    studio.program.recovery.save_all()
    studio.settle()
    return notes()


def crash(studio, tmp_path):
    """Leave the session's folder as a killed process does."""
    (session,) = autosave_folder().iterdir()
    kept = tmp_path / "session"
    shutil.copytree(session, kept)
    studio.context.filter_panel.close_filter()
    branch(studio).work.drafts.clear()
    for document in list(studio.program.documents.all):
        studio.program.documents.close(document)
    studio.program.recovery.close()
    shutil.copytree(kept, autosave_folder() / "dead")
    (autosave_folder() / "dead" / "lock").unlink()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_strokes_come_back_after_a_crash(studio, page, tmp_path, elsewhere):  # noqa: F811 - a fixture
    paint(studio, (30, 30), (60, 40))
    paint(studio, (80, 80), (90, 90), colour=(20, 60, 200))
    strokes = branch(studio).work.strokes
    assert studio.context.documents.current.history.is_clean
    if elsewhere:
        studio.context.filter_panel.close_filter()
    (note,) = saved(studio)
    assert note["unfinished"]["params"]["hints"]
    crash(studio, tmp_path)

    recovery = studio.program.recovery
    recovery.rescue(recovery.rescuable())
    studio.settle()
    studio.context.filter_panel.open("colorize")
    studio.settle()

    assert branch(studio).work.strokes == strokes
    assert branch(studio).work.holds(studio.context.documents.current), "they would be lost again"
    assert branch(studio).returned.isVisibleTo(branch(studio).page)


def test_strokes_that_are_gone_leave_no_autosave(studio, page):  # noqa: F811
    paint(studio, (30, 30), (60, 40))
    assert saved(studio)
    studio.undo()
    studio.settle()
    document = studio.context.documents.current
    studio.program.documents.changed.emit(document)
    studio.settle()
    assert not notes()


def test_a_stroke_asks_for_an_autosave(studio, page):  # noqa: F811
    studio.program.recovery._idle.stop()
    paint(studio, (30, 30), (60, 40))
    assert studio.program.recovery._idle.isActive()


def test_a_damaged_note_is_told_and_the_picture_comes_back(studio, page, tmp_path):  # noqa: F811
    paint(studio, (30, 30), (60, 40))
    saved(studio)
    crash(studio, tmp_path)
    (path,) = (autosave_folder() / "dead").glob("*.json")
    told = json.loads(path.read_text(encoding="utf-8"))
    told["unfinished"]["params"] = {"hints": "nonsense"}
    path.write_text(json.dumps(told), encoding="utf-8")
    problems = []
    studio.context.error.connect(problems.append)
    recovery = studio.program.recovery
    recovery.rescue(recovery.rescuable())
    studio.settle()

    assert len(problems) == 1
    assert studio.context.documents.current is not None
