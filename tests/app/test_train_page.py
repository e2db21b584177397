"""The Train workspace around plan and plots: setup column, check, bar of the run, strip, folder field, switch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFontMetricsF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QWidget
from shiboken6 import isValid

from imgstudio.app.controllers import training as training_module
from imgstudio.app.controllers.training import Training
from imgstudio.app.jobs import JobService
from imgstudio.app.panels.train.check_view import CheckView
from imgstudio.app.panels.train.folder_field import FolderField
from imgstudio.app.panels.train.mark_names import shortened
from imgstudio.app.panels.train.plots import LOSS, SWEEP, Plots
from imgstudio.app.panels.train.run_bar import RunBar, duration
from imgstudio.app.panels.train.setup_column import SetupColumn
from imgstudio.app.panels.train.short_label import ShortLabel
from imgstudio.app.panels.train.strip import Strip
from imgstudio.app.workspaces import Workspaces
from imgstudio.core.errors import UserError
from imgstudio.learn.dataset.report import Finding
from imgstudio.learn.plan import Plan
from imgstudio.learn.recipe import Request
from imgstudio.learn.recipes import recipe_named
from imgstudio.learn.runs.folder import NAMES, PREVIEWS, STATUS, runs_folder
from imgstudio.learn.runs.prepare import prepare
from imgstudio.learn.runs.records import Best
from tests.app import fake_run
from tests.app.fake_context import FakeContext
from tests.app.fake_run import PLAN, Recorded, make_run, write_status, write_sweep

COPY, LEFT, NONE = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def training(qtbot):
    context = FakeContext(JobService())
    made = Training(context)
    made.said = context
    runs_folder().mkdir(parents=True)
    yield made
    made.watch.open(None)
    context.jobs.shutdown()


@pytest.fixture
def workers(training, monkeypatch):
    """Processes that only wait stand in for workers; what they were told to do."""
    told, made = [], []

    def start(run, *extra):
        told.append((run.path, extra))
        made.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        return made[-1]

    monkeypatch.setattr(training_module, "start_worker", start)
    start.told, start.made = told, made
    yield start
    for process in made:
        process.kill()
        process.communicate()


def shown(qtbot, widget, width=340, height=600):
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    return widget


def draft(training, folder, **changes):
    """As after a check of a folder."""
    made = training.draft
    made.folder = folder
    report = fake_run.report(Recorded(), folder)
    samples = tuple(replace(sample, width=64, height=64) for sample in report.samples)
    made.report = replace(report, samples=samples, **changes)
    made.plan = PLAN if made.report.can_start else None
    made.checked.emit()
    made.changed.emit()
    QTest.qWait(0)  # Qt shows new parts of a layout a turn later
    return made


def part(widget, name):
    found = widget.findChild(QWidget, name)
    assert found is not None, name
    return found


# Setup column


def test_nothing_can_be_started_before_a_folder_is_chosen(qtbot, training):
    column = shown(qtbot, SetupColumn(training))
    assert not column.start.isEnabled()
    assert not column.find_rate.isEnabled()
    assert column._why.text() == "Choose a folder to begin."


def test_a_checked_folder_can_be_started_once(qtbot, training, workers, tmp_path):
    column = shown(qtbot, SetupColumn(training))
    column.foot.setParent(column)
    draft(training, tmp_path)
    assert column.name.placeholderText() == f"Segment {tmp_path.name}"
    column.name.insert("Roads")
    column.name.textEdited.emit("Roads")
    assert column.start.isEnabled()
    column.start.click()
    ((path, extra),) = workers.told
    assert path.name == "roads"
    assert extra == ("--install",)
    assert not column.start.isEnabled()
    training.start()
    assert len(workers.told) == 1
    assert training.said.failed[-1].what == "A training is at work"


def test_time_and_quality_change_the_request_and_are_seen_without_scrolling(qtbot, training, tmp_path):
    column = shown(qtbot, SetupColumn(training))
    draft(training, tmp_path)
    column.wishes.editors["minutes"].set_value(7.0)
    column.wishes.editors["minutes"].edited.emit()
    assert training.draft.request.minutes == 7.0
    bottom = column.wishes.mapTo(column, column.wishes.rect().bottomLeft()).y()
    assert bottom < column.check.mapTo(column, QPoint(0, 0)).y()


def test_another_recipe_brings_its_own_parameters(qtbot, training):
    column = shown(qtbot, SetupColumn(training))
    for index, recipe in enumerate(training.recipes):
        column.recipes.setCurrentIndex(index)
        column.recipes.activated.emit(index)
        assert training.draft.recipe is recipe
        assert column._form.params_type is recipe.params
        assert column.design.isVisibleTo(column) == ("mix" in recipe.params.__dataclass_fields__)


def test_nothing_is_wider_than_a_narrow_column(qtbot, training, tmp_path):
    folder = tmp_path / ("Donaudampfschifffahrtsgesellschaft" * 2)
    column = shown(qtbot, SetupColumn(training))
    for recipe in training.recipes:
        training.draft.set_recipe(recipe)
        draft(training, folder)
        assert column.minimumSizeHint().width() <= 330, recipe.id


def test_a_switch_that_is_automatic_stays_so_when_another_value_is_edited(qtbot, training):
    column = shown(qtbot, SetupColumn(training))
    editors = column._form.editors
    editors["balance"].set_value(0.5)
    editors["balance"].edited.emit()
    assert training.draft.params.balance == 0.5
    assert training.draft.params.dihedral is None
    editors["dihedral"].buttons.button(1).click()
    assert training.draft.params.dihedral is True


# The draft


def test_a_budget_that_changes_while_the_folder_is_looked_at_counts(training, tmp_path, monkeypatch):
    asked = []
    recipe = replace(
        training.draft.recipe, plan=lambda report, params, request: asked.append(request) or PLAN
    )
    training.draft.recipe = recipe
    training.draft.request = Request(minutes=3)
    outcome = (fake_run.report(Recorded(), tmp_path), PLAN)
    training.draft._on_checked(outcome, Request(minutes=20))
    assert asked == [Request(minutes=3)]


# Check view


def test_findings_stand_in_order_of_their_weight_with_what_to_do(qtbot, training, tmp_path):
    view = shown(qtbot, CheckView(training))
    findings = (
        Finding("note", "Some are alike"),
        Finding("error", "No masks", "Put them beside the pictures", ("a.png", "b.png", "c.png")),
    )
    draft(training, tmp_path, findings=findings)
    said = view.sentences
    assert said.index("No masks") < said.index("Some are alike")
    assert "Put them beside the pictures" in said
    assert "a.png, b.png, and 1 more" in said
    assert "6 pictures to learn from, 4 to judge by" in said


def test_a_folder_that_cannot_be_looked_at_says_why(qtbot, training, tmp_path):
    view = shown(qtbot, CheckView(training))
    training.draft.folder = tmp_path
    training.draft._on_failed(UserError("It is gone", "The disk was taken out.", "Put it back."))
    QTest.qWait(0)
    assert view.sentences == ["It is gone", "The disk was taken out. Put it back."]


# Bar of the run


@pytest.mark.parametrize(
    ("state", "alive", "text", "offered"),
    [
        ("running", True, "Training", {"pause", "stop", "cancel"}),
        ("paused", True, "Paused", {"resume", "stop", "cancel"}),
        ("finding rate", True, "Finding the learning rate", {"cancel"}),
        ("stopping", True, "Stopping …", {"stop", "cancel"}),
        ("finished", False, "Finished", set()),
        ("stopped", False, "Stopped", {"resume"}),
        ("running", False, "Interrupted", {"resume"}),
    ],
)
def test_only_what_can_be_done_is_offered(qtbot, training, state, alive, text, offered):
    bar = shown(qtbot, RunBar(training), 700, 120)
    run = make_run(training.parent_folder)
    write_status(run, state, Recorded(), Best(0.5, 100), alive=alive)
    training.watch.open(run)
    assert bar.state.text() == text
    names = ("pause", "resume", "stop", "cancel")
    assert {name for name in names if part(bar, f"train.{name}").isVisible()} == offered
    assert "best mean IoU 0.500 at step 100" in bar.facts.text()


def test_the_buttons_write_letters_to_the_worker(qtbot, training):
    bar = shown(qtbot, RunBar(training), 700, 120)
    run = make_run(training.parent_folder)
    write_status(run, "running", Recorded(), None, alive=True)
    training.watch.open(run)
    for name in ("pause", "stop", "cancel"):
        part(bar, f"train.{name}").click()
        assert run.wishes().command == name


def test_a_long_name_gives_way_to_the_buttons(qtbot, training):
    bar = shown(qtbot, RunBar(training), 520, 120)
    run = make_run(training.parent_folder, Recorded(name="Donaudampfschifffahrtsgesellschaft " * 4))
    write_status(run, "running", Recorded(), None, alive=True)
    training.watch.open(run)
    assert bar.minimumSizeHint().width() <= 520
    assert bar.name.toolTip().startswith("Donau")


@pytest.mark.parametrize(("seconds", "text"), [(45, "45 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_durations_are_told_as_people_say_them(seconds, text):
    assert duration(seconds) == text


# From the sweep to the training


def swept(training, folder):
    """A run of the draft whose rate was looked for."""
    made = draft(training, folder)
    run = prepare(
        made.recipe, made.report, made.params, made.plan, made.request, training.parent_folder, training.name
    )
    write_sweep(run, fake_run.sweep())
    training.watch.open(run)
    return run


def test_the_training_goes_on_in_the_run_whose_rate_was_looked_for(qtbot, training, workers, tmp_path):
    bar = shown(qtbot, RunBar(training), 700, 120)
    run = swept(training, tmp_path)
    assert bar.state.text() == "Its rate was looked for"
    assert not bar.go_on.isVisible()
    training.use_rate(1e-2)
    training.start()
    assert workers.told == [(run.path, ("--install",))]
    assert max(phase.rate.end for phase in run.plan().phases) == pytest.approx(1e-2)
    assert bar.state.text() == "Starting …"


def test_another_draft_makes_another_run(training, workers, tmp_path):
    run = swept(training, tmp_path)
    training.draft.request = Request(minutes=99)
    training.start()
    assert workers.told[0][0] != run.path


def test_without_a_draft_the_rate_goes_into_the_run_and_its_button_starts_it(
    qtbot, training, workers, tmp_path
):
    bar = shown(qtbot, RunBar(training), 700, 120)
    run = swept(training, tmp_path)
    training.draft.set_folder(None)
    assert bar.go_on.isVisible()
    assert bar.go_on.text() == "Start"
    training.use_rate(2e-2)
    assert max(phase.rate.end for phase in run.plan().phases) == pytest.approx(2e-2)
    bar.go_on.click()
    assert workers.told == [(run.path, ("--install",))]


def test_a_sweep_comes_into_sight_and_makes_room_for_the_first_steps(qtbot, training, tmp_path):
    plots = shown(qtbot, Plots(training), 700, 400)
    run = swept(training, tmp_path)
    assert plots.tabs.index == SWEEP
    fake_run.add_steps(run, Recorded(), 0, 3)
    training.watch.look()
    assert plots.tabs.index == LOSS


def test_a_worker_that_dies_at_once_is_told_of(qtbot, training, workers, tmp_path):
    bar = shown(qtbot, RunBar(training), 700, 200)
    draft(training, tmp_path)
    training.start()
    run = training.watch.run
    (run.path / "log.txt").write_text("Traceback\nNo module named torch\n", encoding="utf-8")
    workers.made[0].kill()
    workers.made[0].wait()
    training.watch.look()
    for _ in range(2):  # and it stays told
        training.watch.look()
        assert bar.state.text() == "Failed"
        assert part(bar, "train.error").text() == "The training could not start"
        assert "No module named torch" in [label.text() for label in bar.findChildren(QLabel)][-1]


# Strip


@pytest.fixture
def pictured(training):
    """A run with two rows of pictures at three steps."""
    run = make_run(training.parent_folder)
    (run.path / STATUS).touch()
    folder = run.path / PREVIEWS
    folder.mkdir()
    (folder / NAMES).write_text('{"names": ["a.png", "b.png"]}', encoding="utf-8")
    for index in range(2):
        for name in ("input", "truth"):
            colour(folder / f"{index}-{name}.jpg", (20, 20, 20))
    for step, shade in ((0, 60), (40, 120), (80, 240)):
        add_pictures(run, step, shade)
    return run


def colour(path, value):
    Image.fromarray(np.full((30, 40, 3), value, np.uint8)).save(path, quality=95)


def add_pictures(run, step, shade):
    (run.path / PREVIEWS / f"{step:08d}").mkdir()
    for index in range(2):
        colour(run.path / PREVIEWS / f"{step:08d}" / f"{index}-output.jpg", (shade, shade, shade))


def output_shade(strip):
    """Of the first result on the screen."""
    box = strip._rows._places()[0][1]
    return strip._rows.grab().toImage().pixelColor(box.center()).red()


def test_the_slider_goes_back_through_the_pictures(qtbot, training, pictured):
    strip = shown(qtbot, Strip(training), 500, 400)
    assert not strip.slider.isVisible(), "there is nothing to slide yet"
    told = []
    strip.step_chosen.connect(told.append)
    training.watch.open(pictured)
    assert strip.steps == [0, 40, 80]
    assert (strip.step, output_shade(strip)) == (80, pytest.approx(240, abs=3))
    strip.slider.setFocus()
    QTest.keyClick(strip.slider, Qt.Key.Key_Home)
    assert (strip.step, output_shade(strip)) == (0, pytest.approx(60, abs=3))
    assert part(strip, "train.strip.label").text() == "Start"
    add_pictures(pictured, 120, 10)
    training.watch.look()
    assert strip.step == 0, "a person who slid away is left in peace"
    part(strip, "train.strip.latest").click()
    assert strip.step == 120
    add_pictures(pictured, 160, 10)
    training.watch.look()
    assert strip.step == 160
    strip.show_step(45)
    assert strip.step == 40
    assert told[0] == 0


def test_a_press_on_a_result_shows_what_went_in(qtbot, training, pictured):
    strip = shown(qtbot, Strip(training), 500, 400)
    training.watch.open(pictured)
    box = strip._rows._places()[0][1]
    QTest.mousePress(strip._rows, LEFT, NONE, box.center())
    assert output_shade(strip) == pytest.approx(20, abs=3)
    QTest.mouseRelease(strip._rows, LEFT, NONE, box.center())
    assert output_shade(strip) == pytest.approx(240, abs=3)


@pytest.mark.parametrize(("width", "abreast"), [(400, False), (1700, True)])
def test_rows_stand_side_by_side_where_there_is_room(qtbot, training, pictured, width, abreast):
    strip = shown(qtbot, Strip(training), width, 400)
    training.watch.open(pictured)
    first, second = strip._rows._places()
    assert (first[0].top() == second[0].top()) == abreast
    boxes = [*first, *second]
    assert all(box.right() < strip._rows.width() for box in boxes)
    assert not any(one.intersects(two) for one in boxes for two in boxes if one is not two)


# Folder field


def drop(field, *paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place = QPoint(5, 5)
    QApplication.sendEvent(field, QDragEnterEvent(place, COPY, data, LEFT, NONE))
    QApplication.sendEvent(field, QDropEvent(QPointF(place), COPY, data, LEFT, NONE))


def test_a_folder_is_dropped_but_a_file_or_two_folders_are_not(qtbot, tmp_path):
    field = shown(qtbot, FolderField(), 300, 56)
    chosen = []
    field.chosen.connect(chosen.append)
    (tmp_path / "file").touch()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    drop(field, tmp_path / "file")
    drop(field, tmp_path / "one", tmp_path / "two")
    assert chosen == []
    drop(field, tmp_path / "one")
    assert chosen == [tmp_path / "one"]


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Space])
def test_keys_open_the_chooser(qtbot, tmp_path, key):
    field = shown(qtbot, FolderField(), 300, 56)
    chosen = []
    field.chosen.connect(chosen.append)
    QTest.keyClick(field, key)
    dialog = field.window().findChild(QFileDialog)
    assert dialog.isVisible()
    dialog.fileSelected.emit(str(tmp_path))
    dialog.close()
    qtbot.waitUntil(lambda: not isValid(dialog))
    assert chosen == [tmp_path]


# Small parts


def test_a_long_text_gives_way_and_can_be_read_in_the_tooltip(qtbot):
    label = shown(qtbot, ShortLabel(), 80, 20)
    label.setText("step 125 of 4,000  ·  41 s left  ·  20.1 pictures/s")
    assert label.minimumSizeHint().width() < 80
    assert label.toolTip() == label.text()
    label.setText("short")
    assert label.toolTip() == ""


def test_names_of_phases_do_not_run_into_each_other(qapp):
    metrics = QFontMetricsF(qapp.font())
    names = ["128 px, climb", "128 px, descent", "192 px, finish"]
    cut = shortened(names, [0.0, 60.0, 470.0], 500.0, metrics)
    assert cut[1] == names[1]
    assert cut[0].endswith("…")
    assert cut[2] == ""


def test_the_switch_shows_a_page_that_is_made_only_once(qtbot, monkeypatch):
    made = []

    class Page(QWidget):
        def __init__(self, context):
            super().__init__()
            made.append(self)

        def enter(self):
            self.entered = True

    monkeypatch.setattr("imgstudio.app.panels.train.page.TrainPage", Page)
    edit = QWidget()
    spaces = Workspaces(FakeContext(), edit)
    qtbot.addWidget(spaces.stack)
    qtbot.addWidget(spaces.corner)
    told = []
    spaces.changed.connect(told.append)
    for index in (2, 0, 2):
        spaces.switch.button(index).click()
    assert told == ["train", "edit", "train"]
    assert len(made) == 1
    assert made[0].entered
    assert spaces.stack.currentWidget() is made[0]


def test_a_repeated_run_fills_the_draft(training, tmp_path):
    run = make_run(training.parent_folder, Recorded(minutes=33.0))
    training.repeat(run)
    assert training.draft.recipe is recipe_named("segment_unet")
    assert training.draft.request.minutes == 33.0
    assert isinstance(run.plan(), Plan)
