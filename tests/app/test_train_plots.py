"""The plots of a training: their numbers, what they show of a run, and what a click takes from a sweep."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from imgstudio.app.controllers.training import Training
from imgstudio.app.jobs import JobService
from imgstudio.app.panels.train.colours import DARK_SERIES, LIGHT_SERIES, RunColours
from imgstudio.app.panels.train.curves import (
    RunCurves,
    best_index,
    nearest,
    number_text,
    smoothed,
    time_text,
)
from imgstudio.app.panels.train.plot_pages import Compared, Shown, phase_marks, score_lines
from imgstudio.app.panels.train.plots import LOSS, RATE, SCORES, SWEEP, Plots
from imgstudio.app.panels.train.ticks import even_ticks, log_ticks
from imgstudio.app.theme import DARK, LIGHT, THEME_PROPERTY, contrast
from imgstudio.learn.reports import Goal
from imgstudio.learn.runs.folder import runs_folder
from tests.app import fake_run
from tests.app.fake_context import FakeContext

finite = st.floats(-1e6, 1e6)


@pytest.fixture
def training(qtbot):
    context = FakeContext(JobService())
    made = Training(context)
    runs_folder().mkdir(parents=True)
    yield made
    made.watch.open(None)
    context.jobs.shutdown()


@pytest.fixture
def plots(qtbot, training):
    made = Plots(training)
    qtbot.addWidget(made)
    made.resize(700, 400)
    made.show()
    return made


def curve(chart, key):
    """What pyqtgraph really draws."""
    return chart._curves[key]


def names(page):
    return [page.legend.list.topLevelItem(i).text(0) for i in range(page.legend.list.topLevelItemCount())]


@given(st.lists(finite, min_size=1, max_size=300))
def test_a_smoothed_curve_stays_between_the_extremes_of_the_raw_one(values):
    raw = np.array(values)
    smooth = smoothed(raw)
    room = 1e-6 * max(1.0, float(np.abs(raw).max()))
    assert len(smooth) == len(raw)
    assert smooth.min() >= raw.min() - room
    assert smooth.max() <= raw.max() + room


def test_a_gap_in_the_loss_leaves_no_gap_in_its_trend():
    raw = np.ones(100)
    raw[40] = np.nan
    assert np.allclose(smoothed(raw), 1.0)


@given(st.lists(finite, min_size=1, max_size=30, unique=True), finite)
def test_nothing_is_nearer_than_the_nearest(values, x):
    places = np.array(sorted(values))
    assert abs(places[nearest(places, x)] - x) == np.abs(places - x).min()


@given(finite, st.floats(1e-6, 1e6), st.integers(2, 12))
def test_ticks_are_even_round_and_not_too_many(low, span, most):
    ticks = even_ticks(low, low + span, most)
    assert len(ticks) <= most + 1
    assert all(low - 1e-6 * span <= tick <= low + span + 1e-6 * span for tick in ticks)


@given(st.floats(-8, 4), st.floats(0.05, 10), st.integers(3, 12))
def test_logarithmic_ticks_lie_on_the_axis_and_are_not_too_many(low, span, most):
    ticks = log_ticks(low, low + span, most)
    assert ticks == sorted(ticks)
    assert len(ticks) <= 2 * most
    assert all(low - 1e-6 <= tick <= low + span + 1e-6 for tick in ticks)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0032, "3.2e-3"), (1e-5, "1e-5"), (0, "0"), (0.6831, "0.683"), (37.352, "37.35"), (12400, "12,400")],
)
def test_numbers_are_told_shortly(value, text):
    assert number_text(value) == text


def test_times_read_as_a_clock():
    assert [time_text(minutes) for minutes in (0.15, 4.2, 62.5)] == ["0:09", "4:12", "1:02:30"]


def test_the_best_is_the_largest_or_the_least_and_never_a_gap():
    values = np.array([0.3, np.nan, 0.9, 0.1])
    assert best_index(values, larger_is_better=True) == 2
    assert best_index(values, larger_is_better=False) == 3
    assert best_index(np.array([np.nan]), larger_is_better=True) is None


def test_every_curve_is_legible_on_its_ground():
    assert min(contrast(colour, DARK.base) for colour in DARK_SERIES) > 3
    assert min(contrast(colour, LIGHT.base) for colour in LIGHT_SERIES) > 3


def test_a_run_keeps_its_colour_while_others_come_and_go(qtbot, training, tmp_path):
    colours = RunColours.of(training)
    one, two, three = tmp_path / "1", tmp_path / "2", tmp_path / "3"
    colours.keep([one, two])
    before = colours.number(two)
    colours.keep([two, three])
    assert colours.number(two) == before
    assert colours.number(one) is None
    assert colours.number(three) not in (before, None, 0, 1)
    assert RunColours.of(training) is colours


def test_decibels_are_drawn_apart_from_shares(tmp_path):
    run = fake_run.make_run(tmp_path, classes=(), goal="PSNR")
    lines, spots = score_lines(Shown(RunCurves.of(run), Goal("PSNR")))
    assert {line.name: line.chart for line in lines} == {"PSNR": 0, "SSIM": 1}
    assert spots[0].y == lines[0].y.max()


def test_scores_of_classes_wait_in_the_legend_and_compared_runs_have_a_colour_of_their_own(tmp_path):
    curves = RunCurves.of(fake_run.make_run(tmp_path))
    other = Compared("other", "Other", 2, curves, Goal("mean IoU"))
    lines, _ = score_lines(Shown(curves, Goal("mean IoU"), classes=fake_run.CLASSES, compared=[other]))
    assert [line.name for line in lines if not line.is_quiet] == ["mean IoU", "accuracy", "Dice", "Other"]
    assert [line.name for line in lines if line.is_quiet] == [f"IoU {name}" for name in fake_run.CLASSES]
    assert [line.ink.colour for line in lines].count(2) == 1


def test_phases_are_marked_where_they_begin(tmp_path):
    curves = RunCurves.of(fake_run.make_run(tmp_path, steps=100))
    marks = phase_marks(Shown(curves, phases=["up", "down"]))
    assert [(mark.x, mark.name) for mark in marks] == [(1, "up"), (31, "down")]


def test_before_the_first_step_a_sentence_stands_where_curves_will_be(plots):
    for tab, page in ((LOSS, plots.loss), (SCORES, plots.scores), (RATE, plots.rate)):
        plots.show_tab(tab)
        assert page.is_empty


def test_a_run_that_is_opened_shows_its_curves_and_latest_values(plots, training):
    run = fake_run.make_run(training.parent_folder)
    training.watch.open(run)
    rows = run.validations()
    assert names(plots.loss) == ["Training", "Validation", "Every step"]
    assert plots.loss.legend.value("valid") == number_text(rows[-1].loss)
    plots.show_tab(SCORES)
    assert plots.scores.legend.value("mean IoU") == number_text(rows[-1].scores["mean IoU"])
    plots.show_tab(RATE)
    assert curve(plots.rate.charts[0], "rate").yData.max() == pytest.approx(4e-3)
    assert curve(plots.rate.charts[1], "momentum").yData.min() == pytest.approx(0.85)


def test_steps_that_come_while_it_is_watched_are_added(plots, training):
    told = fake_run.Recorded(steps=120, every=500)
    run = fake_run.make_run(training.parent_folder, told)
    training.watch.open(run)
    fake_run.add_steps(run, told, 120, 150)
    training.watch.look()
    assert len(curve(plots.loss.charts[0], "raw").xData) == 150
    assert curve(plots.loss.charts[0], "raw").xData[-1] == 150


def test_another_run_begins_with_clean_plots(plots, training):
    training.watch.open(fake_run.make_run(training.parent_folder))
    training.watch.open(None)
    assert plots.loss.is_empty


def test_what_was_hidden_in_the_legend_stays_hidden_while_values_come(plots, training):
    told = fake_run.Recorded(steps=100)
    run = fake_run.make_run(training.parent_folder, told)
    training.watch.open(run)
    chart = plots.loss.charts[0]
    item = plots.loss.legend.list.topLevelItem(2)
    QTest.mouseClick(
        plots.loss.legend.list.viewport(),
        Qt.MouseButton.LeftButton,
        pos=plots.loss.legend.list.visualItemRect(item).center(),
    )
    assert [line.key for line in chart.lines] == ["train", "valid"]
    fake_run.add_steps(run, told, 100, 110)
    training.watch.look()
    assert [line.key for line in chart.lines] == ["train", "valid"]
    plots.loss.legend.list.setCurrentItem(item)
    QTest.keyClick(plots.loss.legend.list, Qt.Key.Key_Space)
    assert [line.key for line in chart.lines] == ["train", "valid", "raw"]


def test_the_pointer_tells_the_values_below_it(plots, training):
    run = fake_run.make_run(training.parent_folder)
    training.watch.open(run)
    chart = plots.loss.charts[0]
    chart.hovered.emit(61.0)
    assert plots.loss.legend.place.text() == "Step 61"
    assert plots.loss.legend.value("valid") == number_text(run.validations()[2].loss)
    assert plots.loss.legend.value("raw") == number_text(run.steps()[60].loss)
    QApplication.sendEvent(chart.view.viewport(), QEvent(QEvent.Type.Leave))
    assert plots.loss.legend.place.text() == "Latest"


def test_the_bottom_can_be_steps_epochs_or_minutes_and_the_side_logarithmic(qtbot, plots, training):
    training.watch.open(fake_run.make_run(training.parent_folder))
    chart = plots.loss.charts[0]
    ends = []
    for index in range(3):
        plots.by.button(index).click()
        ends.append(curve(chart, "raw").xData[-1])
    assert ends == pytest.approx([200, 10, 200 * 0.8 / 60])
    plots.logarithmic.click()
    qtbot.wait(20)
    low, high = chart.view.getPlotItem().getViewBox().viewRange()[1]
    assert low < 0 < high  # powers of ten of a loss round 0.3 .. 1.8


def test_compared_runs_lie_over_the_shown_one_in_their_colours(plots, training):
    shown, other = (
        fake_run.make_run(training.parent_folder, name=name, created=f"2026-01-0{day}T10:00:00+00:00")
        for day, name in enumerate(("One", "Two"), 1)
    )
    training.watch.open(shown)
    plots.set_compared([shown, other])
    assert names(plots.loss)[3:] == ["Two"]
    number = RunColours.of(training).number(other.path)
    assert {line.ink.colour for line in plots.loss.charts[0].lines[3:]} == {number}
    training.watch.open(other)
    assert names(plots.loss)[3:] == ["One"]
    plots.set_compared([])
    assert len(names(plots.loss)) == 3


def test_a_long_run_is_thinned_for_the_screen_and_keeps_its_peaks(qtbot, plots, training):
    told = fake_run.Recorded(steps=6000, every=10_000)
    run = fake_run.make_run(training.parent_folder, told)
    training.watch.open(run)
    qtbot.wait(20)
    raw = curve(plots.loss.charts[0], "raw")
    _, drawn = raw.getData()
    assert len(drawn) < 0.7 * told.steps
    assert drawn.max() == max(row.loss for row in run.steps())


def test_losses_that_are_no_numbers_leave_a_gap_and_no_warning(plots):
    curves = plots.shown.curves
    rows = [fake_run.StepRow(n, n, n, 0, float("nan"), 1e-3, 0.9, 8) for n in range(1, 20)]
    curves.add(rows)
    plots.show_by(0)
    plots.logarithmic.click()
    assert plots.loss.legend.value("train") == "-"


def test_a_right_click_opens_no_menu(qtbot, plots, training):
    training.watch.open(fake_run.make_run(training.parent_folder))
    QTest.mouseClick(plots.loss.charts[0].view.viewport(), Qt.MouseButton.RightButton, pos=QPoint(200, 150))
    qtbot.wait(20)
    assert QApplication.activePopupWidget() is None


def test_zooming_can_be_undone(qtbot, plots, training):
    training.watch.open(fake_run.make_run(training.parent_folder))
    box = plots.loss.charts[0].view.getPlotItem().getViewBox()
    box.setXRange(10, 20)
    box.sigRangeChangedManually.emit([True, False])
    assert plots.whole.isEnabled()
    plots.whole.click()
    qtbot.wait(20)
    assert box.viewRange()[0][1] > 190
    assert not plots.whole.isEnabled()


def swept(plots, training):
    run = fake_run.make_run(training.parent_folder, steps=0)
    made = fake_run.sweep()
    fake_run.write_sweep(run, made)
    training.watch.open(run)
    plots.show_tab(SWEEP)
    return made


def test_a_click_into_the_sweep_takes_that_rate_into_the_plan(qtbot, plots, training):
    training.draft.plan = fake_run.PLAN
    swept(plots, training)
    qtbot.wait(20)
    view = plots.sweep.chart.view
    box = view.getPlotItem().getViewBox()
    place = view.mapFromScene(box.mapViewToScene(QPointF(-2.0, 1.0)))
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    highest = max(phase.rate.end for phase in training.draft.plan.phases)
    assert highest == pytest.approx(0.01, rel=0.05)
    assert plots.sweep.use.text() == f"Use {number_text(highest)}"
    assert number_text(highest) in plots.sweep.note.text()


def test_the_button_takes_the_valley_unless_another_rate_was_chosen(plots, training):
    made = swept(plots, training)
    assert not plots.sweep.use.isEnabled()  # there is no plan yet
    training.draft.plan = fake_run.PLAN
    training.draft.changed.emit()
    plots.sweep.use.click()
    assert max(phase.rate.end for phase in training.draft.plan.phases) == pytest.approx(made.valley)


def test_a_sweep_that_grows_is_drawn_but_proposes_nothing(plots, training):
    whole = swept(plots, training)
    training.draft.plan = fake_run.PLAN
    training.draft.changed.emit()
    plots.sweep.show_sweep(dataclasses.replace(whole, points=whole.points[:9], is_over=False))
    assert len(plots.sweep.sweep.points) == 9
    assert not plots.sweep.use.isEnabled()
    plots.sweep.chart.clicked.emit(1e-3)
    assert max(phase.rate.end for phase in training.draft.plan.phases) == pytest.approx(
        max(phase.rate.end for phase in fake_run.PLAN.phases)
    )


def test_a_pointer_that_leaves_an_empty_page_is_no_trouble(plots, training):
    swept(plots, training)
    plots.sweep.show_sweep(None)
    plots.sweep.chart.hovered.emit(None)
    assert plots.sweep.sweep is None


def test_without_a_sweep_a_button_offers_one(plots, training, monkeypatch):
    asked = []
    monkeypatch.setattr(training, "start", lambda *, find_rate: asked.append(find_rate))
    plots.show_tab(SWEEP)
    assert not plots.sweep.start.isEnabled()
    plots.sweep.wanted.emit()
    assert asked == [True]


def test_a_sweep_at_work_comes_into_sight(plots, training):
    run = fake_run.make_run(training.parent_folder, steps=0)
    fake_run.write_status(run, "finding rate", fake_run.Recorded(steps=0), None, alive=True)
    training.watch.open(run)
    assert plots.tabs.index == SWEEP


def test_curves_take_the_colours_of_another_theme(plots, training, qapp):
    training.watch.open(fake_run.make_run(training.parent_folder))
    before = qapp.property(THEME_PROPERTY)
    colours = set()
    try:
        for theme in ("dark", "light"):
            qapp.setProperty(THEME_PROPERTY, theme)
            QApplication.sendEvent(plots, QEvent(QEvent.Type.PaletteChange))
            colours.add(curve(plots.loss.charts[0], "train").opts["pen"].color().name())
    finally:
        qapp.setProperty(THEME_PROPERTY, before)
    assert colours == {DARK_SERIES[0], LIGHT_SERIES[0]}
