"""The run folder as those who look at it see it."""

from __future__ import annotations

import csv
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgstudio.core.errors import UserError
from imgstudio.learn.plan import Curve, Phase, Plan
from imgstudio.learn.reports import StepReport, Validation
from imgstudio.learn.runs.control import Control
from imgstudio.learn.runs.folder import RunFolder, runs_in
from imgstudio.learn.runs.pace import Pace
from imgstudio.learn.runs.prepare import at_rate, plain_name
from imgstudio.learn.runs.reading import step_line, step_row
from imgstudio.learn.runs.records import Status, StepRow, status_from

LINE = "{step},1.5,0.25,0,0.5,0.001,0.9,4,{{}}\n"
numbers = st.floats(allow_infinity=True, allow_nan=False)


def test_runs_are_never_overwritten_and_listed_newest_first(prepared):
    first, second = prepared(name="Möwe & Meer"), prepared(name="Möwe & Meer")
    assert [first.path.name, second.path.name] == ["mowe-meer", "mowe-meer-2"]
    (first.path.parent / "stray").mkdir()
    (first.path.parent / "stray" / "run.json").write_text("{")
    found = runs_in(first.path.parent)
    assert {run.path.name for run in found} == {"mowe-meer", "mowe-meer-2"}
    assert found == sorted(found, key=lambda run: (run.facts().created, run.path.name), reverse=True)


def test_what_was_asked_for_is_read_back(prepared):
    run = prepared(channels=12)
    again = RunFolder(run.path)
    assert again.facts() == run.facts()
    assert again.facts().params["channels"] == 12
    assert again.plan() == run.plan()
    assert [s.image for s in again.report().samples] == [s.image for s in run.report().samples]
    assert again.status() == Status()


def test_bad_data_make_no_run(prepared, photos):
    for picture in photos.iterdir():
        picture.unlink()
    with pytest.raises(UserError, match="no pictures"):
        prepared()
    assert not (photos.parent / "runs").exists()


def test_a_folder_that_is_no_run_is_told(tmp_path):
    with pytest.raises(UserError, match="not a training run"):
        RunFolder(tmp_path).facts()


def test_new_rows_are_read_on_and_a_torn_one_waits(tmp_path):
    run = RunFolder(tmp_path)
    path = tmp_path / "steps.csv"
    assert run.steps() == []
    path.write_text("step,seconds\n" + LINE.format(step=1) + LINE.format(step=2)[:9])
    assert [row.step for row in run.steps()] == [1]
    with path.open("a") as file:
        file.write(LINE.format(step=2)[9:] + LINE.format(step=3))
    assert [row.step for row in run.steps(after=1)] == [2, 3]


def test_a_table_that_was_cut_is_read_anew(tmp_path):
    run = RunFolder(tmp_path)
    path = tmp_path / "steps.csv"
    path.write_text(LINE.format(step=1) + LINE.format(step=2))
    assert len(run.steps()) == 2
    draft = tmp_path / "draft"
    draft.write_text(LINE.format(step=1) + LINE.format(step=9) + LINE.format(step=10))
    draft.replace(path)
    assert [row.step for row in run.steps()] == [1, 9, 10]


@given(numbers, numbers, st.dictionaries(st.text(max_size=5), numbers, max_size=3))
def test_a_step_is_read_back_as_it_was_written(loss, rate, terms):
    row = StepRow(7, 1.25, 0.5, 1, loss, rate, 0.9, 8, terms)
    line = ",".join('"' + cell.replace('"', '""') + '"' for cell in step_line(row))
    assert next(csv.reader([line])) == step_line(row)
    assert step_row(line) == row


@pytest.mark.parametrize(
    "text", ["", "{", '{"state": "odd"}', '{"state": "running", "best": {"x": 1}}', "[]"]
)
def test_a_status_that_is_not_whole_is_no_status(tmp_path, text):
    (tmp_path / "status.json").write_text(text)
    assert RunFolder(tmp_path).status() == Status()


def test_a_status_of_a_newer_program_is_read_as_far_as_it_is_known():
    values = Status(state="paused", step=4).to_values() | {"mood": "good"}
    assert status_from(values) == Status(state="paused", step=4)


def test_commands_add_up(tmp_path):
    run = RunFolder(tmp_path)
    run.send("pause")
    run.send("hold")
    wishes = run.wishes()
    assert wishes.paused and wishes.is_held and wishes.number == 2
    run.send("resume")
    run.send("release")
    assert (run.wishes().paused, run.wishes().is_held) == (False, False)
    assert Control.read(tmp_path / "nowhere") == Control()


def test_the_time_left_counts_larger_pictures_and_validations():
    phases = (Phase("small", 10, "steps", size=100, batch=4), Phase("large", 10, "steps", size=200, batch=4))
    pace = Pace(Plan(phases), 20, 8)
    for step in range(1, 6):
        judged = Validation(0.0, {}) if step == 5 else None
        report = StepReport(step, 1.0, images=4, seconds=1.0, validation=judged)
        pace.add(report, 3.5 if judged else 1.0)
    # 5 steps of 1 s and 10 of 4 s; validations take as long as half the steps did
    assert pace.left(0.25, 20) == pytest.approx(45 * 1.5)
    assert pace.images_per_second == pytest.approx(4)


def test_with_a_time_budget_the_time_left_is_what_is_left_of_it():
    pace = Pace(Plan((Phase("all", 1),), minutes=10), 100, 8)
    assert pace.left(0.0, 100) is None
    pace.add(StepReport(1, 1.0, seconds=1.0, images=1), 1.0)
    assert pace.left(0.25, 100) == pytest.approx(450)


def test_a_rate_moves_the_whole_plan():
    plan = Plan(
        (Phase("a", 1, rate=Curve("linear", 0.01, 0.1)), Phase("b", 1, rate=Curve("cosine", 0.1, 0.0)))
    )
    moved = at_rate(plan, 0.5)
    assert moved.phases[0].rate.end == pytest.approx(0.5)
    assert moved.phases[0].rate.start == pytest.approx(0.05)
    assert math.isclose(moved.phases[1].rate.end, 0.0)


@pytest.mark.parametrize(
    ("name", "plain"), [("My Model 2!", "my-model-2"), ("..", ""), ("x" * 80, "x" * 48), ("Ähre", "ahre")]
)
def test_names_become_plain(name, plain):
    assert plain_name(name) == plain


def test_a_run_is_deleted_with_all_it_made(prepared):
    run = prepared()
    run.delete()
    assert not run.path.exists()
