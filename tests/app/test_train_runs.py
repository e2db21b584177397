"""The list of runs, their differences and checkpoints, and the judgement of the shown one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from imgstudio.app.controllers.training import Training
from imgstudio.app.jobs import JobService
from imgstudio.app.panels.train import checkpoints as checkpoints_module
from imgstudio.app.panels.train import runs_view as runs_module
from imgstudio.app.panels.train.checkpoints import Checkpoints
from imgstudio.app.panels.train.colours import RunColours
from imgstudio.app.panels.train.confusion_view import most_mixed_up
from imgstudio.app.panels.train.differences import differing, settings_of
from imgstudio.app.panels.train.judgement import Judgement
from imgstudio.app.panels.train.run_rows import RunRow, when_text
from imgstudio.app.panels.train.runs_view import RunsView
from imgstudio.learn.plan import Plan
from imgstudio.learn.runs.folder import runs_folder
from tests.app import fake_run
from tests.app.fake_context import FakeContext
from tests.app.fake_run import PLAN, Recorded, keep_checkpoint, make_run, write_status


@pytest.fixture
def training(qtbot):
    context = FakeContext(JobService())
    made = Training(context)
    made.said = context
    runs_folder().mkdir(parents=True)
    yield made
    made.watch.open(None)
    context.jobs.shutdown()


def three(training):
    """Newest first, as they are listed."""
    larger = Plan(tuple(replace(phase, size=320) for phase in PLAN.phases))
    facts = (
        Recorded(name="Old", created="2026-01-01T10:00:00+00:00"),
        Recorded(name="Middle", created="2026-01-02T10:00:00+00:00", plan=larger, minutes=40),
        Recorded(name="New", created="2026-01-03T10:00:00+00:00"),
    )
    return [make_run(training.parent_folder, one) for one in facts][::-1]


def shown(qtbot, widget):
    qtbot.addWidget(widget)
    widget.resize(320, 600)
    widget.show()
    return widget


def click(view, run, *, eye=False, button=Qt.MouseButton.LeftButton):
    box = view.list.eye_of(run)
    place = box.center() if eye else box.center() + QPoint(80, 0)
    QTest.mouseClick(view.list.viewport(), button, pos=place)


def texts(table):
    columns = range(table.columnCount())
    return [
        [table.topLevelItem(row).text(column) for column in columns]
        for row in range(table.topLevelItemCount())
    ]


def test_runs_are_listed_newest_first_and_a_click_shows_one(qtbot, training):
    runs = three(training)
    view = shown(qtbot, RunsView(training))
    assert [row.name for row in view.rows.rows] == ["New", "Middle", "Old"]
    click(view, runs[1])
    assert training.watch.run.path == runs[1].path
    assert view.list.currentIndex().row() == 1
    view.list.setCurrentIndex(view.rows.index(2))
    QTest.keyClick(view.list, Qt.Key.Key_Return)
    assert training.watch.run.path == runs[2].path


def test_a_click_on_the_eye_compares_and_does_not_open(qtbot, training):
    runs = three(training)
    view = shown(qtbot, RunsView(training))
    told = []
    view.compared_changed.connect(told.append)
    click(view, runs[1], eye=True)
    view.list.setCurrentIndex(view.rows.index(2))
    QTest.keyClick(view.list, Qt.Key.Key_Space)
    assert [[run.path for run in runs] for runs in told] == [[runs[1].path], [runs[1].path, runs[2].path]]
    assert training.watch.run is None
    colours = RunColours.of(training)
    assert colours.number(runs[1].path) != colours.number(runs[2].path)
    click(view, runs[1], eye=True)
    assert [run.path for run in told[-1]] == [runs[2].path]


def test_only_what_differs_is_listed_for_the_shown_and_the_compared_run(qtbot, training):
    runs = three(training)
    view = shown(qtbot, RunsView(training))
    training.watch.open(runs[0])
    assert not view.table.isVisible()
    view.toggle(runs[1])
    assert texts(view.table) == [["Time (min)", "20", "40"], ["Size", "0", "320"]]
    view.toggle(runs[1])
    view.toggle(runs[2])
    assert not view.table.isVisible()


def test_settings_that_differ_between_phases_are_told_in_one_row(training):
    run = make_run(training.parent_folder)
    told = settings_of(run)
    assert told["Rate"] == "cosine 0.0001 → 0.004 / cosine 0.004 → 1e-06"
    assert told["Batch"] == "8"


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12")), min_size=2, max_size=4))
def test_a_difference_is_one_and_none_is_left_out(settings):
    rows = dict(differing(settings))
    for name in "abcd":
        values = [one.get(name, "") for one in settings]
        assert (name in rows) == (len(set(values)) > 1)
        assert rows.get(name, values) == values


def test_a_run_is_deleted_only_after_the_answer(qtbot, training):
    runs = three(training)
    view = shown(qtbot, RunsView(training))
    view.toggle(runs[1])
    view.list.setCurrentIndex(view.rows.index(1))
    QTest.keyClick(view.list, Qt.Key.Key_Delete)
    assert view.delete.isVisible()
    view.keep.click()
    assert runs[1].path.is_dir()
    assert not view.delete.isVisible()
    view.ask_to_delete(runs[1])
    view.delete.click()
    assert not runs[1].path.exists()
    assert [row.name for row in view.rows.rows] == ["New", "Old"]
    assert view.compared == []


def test_a_run_at_work_cannot_be_deleted(qtbot, training):
    run = make_run(training.parent_folder)
    write_status(run, "running", Recorded(), None, alive=True)
    view = shown(qtbot, RunsView(training))
    delete = next(action for action in view.menu_of(run).actions() if action.text() == "Delete…")
    assert not delete.isEnabled()
    view.ask_to_delete(run)
    assert not view.delete.isVisible()
    assert training.said.failed[0].what == "This run is at work"


def test_the_menu_repeats_compares_and_exports(qtbot, training, monkeypatch, tmp_path):
    run = make_run(training.parent_folder)
    view = shown(qtbot, RunsView(training))
    done = []
    monkeypatch.setattr(training, "repeat", lambda one: done.append(("repeat", one.path)))
    monkeypatch.setattr(training, "export", lambda which, target: done.append((which, target)))
    monkeypatch.setattr(runs_module, "ask_target", lambda parent, form, name: tmp_path / f"{name}.{form}")
    actions = {action.text(): action for action in view.menu_of(run).actions()}
    for name in ("Repeat with these settings", "Export as ONNX…", "Show or hide its curves"):
        actions[name].trigger()
    assert done == [("repeat", run.path), ("best", tmp_path / "street-scenes.onnx")]
    assert [one.path for one in view.compared] == [run.path]


@pytest.mark.parametrize(
    ("state", "alive", "told"),
    [
        ("finished", False, ""),
        ("running", True, "Training, 40 %"),
        ("paused", True, "Paused"),
        ("running", False, "Interrupted"),
        ("failed", False, "Failed"),
    ],
)
def test_a_row_says_how_its_run_stands(training, state, alive, told):
    run = make_run(training.parent_folder)
    write_status(run, state, Recorded(), None, alive=alive)
    row = RunRow.of(run)
    assert row.state == told
    assert row.has_failed == (state == "failed")
    assert "200 steps" in row.details


def test_the_row_of_the_run_at_work_follows_it(qtbot, training):
    run = make_run(training.parent_folder)
    view = shown(qtbot, RunsView(training))
    training.watch.open(run)
    write_status(run, "paused", Recorded(), None, alive=True)
    training.watch.look()
    assert view.rows.rows[0].state == "Paused"


def test_a_new_run_appears_when_it_is_opened(qtbot, training):
    view = shown(qtbot, RunsView(training))
    assert not view.list.isVisible()
    training.watch.open(make_run(training.parent_folder))
    assert view.list.isVisible()
    assert view.list.currentIndex().row() == 0


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        ({"seconds": 5}, "just now"),
        ({"minutes": 3}, "3 min ago"),
        ({"hours": 5}, "5 h ago"),
        ({"days": 1}, "yesterday"),
        ({"days": 4}, "4 days ago"),
        ({"days": 40}, "2025-12-06"),
    ],
)
def test_when_is_told_as_people_say_it(ago, text):
    now = datetime(2026, 1, 15, 12, tzinfo=UTC)
    assert when_text((now - timedelta(**ago)).isoformat(), now) == text


def test_checkpoints_stand_with_their_scores_best_and_last_first(qtbot, training):
    run = make_run(training.parent_folder)
    for step in (60, 120):
        keep_checkpoint(run, f"step-{step:08d}", step)
    keep_checkpoint(run, "last", 200)
    view = shown(qtbot, Checkpoints(training))
    assert not view.try_out.isEnabled()
    training.watch.open(run)
    rows = {row.step: f"{row.scores['mean IoU']:.3f}" for row in run.validations()}
    best = run.status().best.step
    assert texts(view.list) == [
        ["Best", f"step {best}", rows[best]],
        ["Last", "step 200", rows[200]],
        ["Step 120", "", rows[120]],
        ["Step 60", "", rows[60]],
    ]
    assert view.chosen == "best"
    view.show_step(60)
    assert view.chosen == "60"


def test_the_chosen_checkpoint_stays_chosen_when_another_is_kept(qtbot, training):
    run = make_run(training.parent_folder)
    keep_checkpoint(run, "step-00000060", 60)
    view = shown(qtbot, Checkpoints(training))
    training.watch.open(run)
    view.choose("60")
    keep_checkpoint(run, "step-00000120", 120)
    view.reload()
    assert view.list.topLevelItemCount() == 3
    assert view.chosen == "60"


def test_the_buttons_try_install_and_export_the_chosen_checkpoint(qtbot, training, monkeypatch, tmp_path):
    run = make_run(training.parent_folder)
    keep_checkpoint(run, "step-00000060", 60)
    view = shown(qtbot, Checkpoints(training))
    training.watch.open(run)
    view.choose("60")
    done = []
    for name in ("try_out", "install"):
        monkeypatch.setattr(training, name, lambda which, name=name: done.append((name, which)))
    monkeypatch.setattr(training, "export", lambda which, target: done.append((target.name, which)))
    monkeypatch.setattr(checkpoints_module, "ask_target", lambda parent, form, name: tmp_path / form)
    view.try_out.click()
    view.install.click()
    for action in view.export.menu().actions():
        action.trigger()
    assert done == [("try_out", "60"), ("install", "60"), ("folder", "60"), ("onnx", "60")]


def test_the_table_of_mistakes_tells_what_is_taken_for_what(qtbot, training):
    run = make_run(training.parent_folder)
    view = shown(qtbot, Judgement(training))
    assert view.shown is None
    training.watch.open(run)
    table = run.validations()[-1].confusion
    assert view.shown.step == 200
    assert f"({table[1, 2]:,} pixels)" in view.confusion.told(1, 2)
    assert "Building are taken for Road" in view.confusion.told(1, 2)
    assert np.allclose(view.confusion.shares.sum(axis=1), 1)
    for row in range(3):
        for column in range(3):
            place = view.confusion.cell(row, column).center().toPoint()
            assert view.confusion.cell_at(place) == (row, column)
    assert view.confusion.cell_at(QPoint(1, 1)) is None


def test_a_class_that_never_occurs_is_named_not_divided_by(qtbot, training):
    view = shown(qtbot, Judgement(training))
    view.confusion.show_counts(np.array([[4, 0], [0, 0]]), ["sky", "sea"])
    view.confusion.grab()
    assert view.confusion.told(1, 0) == "sea does not occur in these pictures"


def test_the_worst_mistake_is_a_share_of_the_truth():
    assert most_mixed_up(np.array([[90, 10, 0], [0, 1, 3], [5, 0, 95]])) == (1, 2, 0.75)
    assert most_mixed_up(np.diag([3, 4])) is None


def test_the_judgement_of_an_earlier_step_can_be_seen(qtbot, training):
    view = shown(qtbot, Judgement(training))
    training.watch.open(make_run(training.parent_folder))
    view.show_step(65)
    assert view.shown.step == 60
    view.show_step(200)
    assert view.shown.step == 200
    view.show_step(1)
    assert view.shown.step == 20
    view.show_step(None)
    assert view.shown.step == 200


def test_the_worst_pictures_come_first_and_a_click_shows_one(qtbot, training):
    run = make_run(training.parent_folder)
    picture = QImage(90, 60, QImage.Format.Format_RGB32)
    picture.fill(QColor("#ff0000"))
    picture.save(str(training.parent_folder / "frame-006.png"))
    view = shown(qtbot, Judgement(training))
    training.watch.open(run)
    listed = [name for name, _ in texts(view.worst.list)]
    assert listed == [f"frame-{number:03d}.png" for number in range(6, 10)]
    for index, is_there in ((0, True), (1, False)):
        item = view.worst.list.topLevelItem(index)
        place = view.worst.list.visualItemRect(item).center()
        QTest.mouseClick(view.worst.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert view.worst.picture.has_picture == is_there
    view.worst.list.setCurrentItem(view.worst.list.topLevelItem(0))
    shot = view.worst.picture.grab().toImage()
    assert shot.pixelColor(shot.width() // 2, shot.height() // 2) == QColor("#ff0000")


def test_a_run_without_classes_has_pictures_to_judge_but_no_table(qtbot, training):
    run = make_run(training.parent_folder, classes=(), goal="PSNR", steps=0)
    row = fake_run.ValidationRow(5, 1, 4.0, 0.1, {"PSNR": 31.0}, None, (("a.png", 28.25),))
    (run.path / fake_run.VALIDATIONS).write_text(fake_run.validation_line(row) + "\n", encoding="utf-8")
    view = shown(qtbot, Judgement(training))
    training.watch.open(run)
    assert not view.confusion.isVisible()
    assert texts(view.worst.list) == [["a.png", "28.25"]]
