"""The plan as a picture: what is drawn agrees with the trainer, and every way to change it ends in the draft."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from imgstudio.app.controllers.training import Training
from imgstudio.app.jobs import JobService
from imgstudio.app.panels.train import plan_past
from imgstudio.app.panels.train.phase_form import (
    PhaseForm,
    course_of,
    setting_of,
    with_course,
    with_setting,
)
from imgstudio.app.panels.train.plan_edits import (
    LAYOUTS,
    added,
    duplicated,
    laid_out,
    lengths_of,
    moved,
    shares,
    top_rate,
    with_boundary,
    without,
)
from imgstudio.app.panels.train.plan_layout import NARROWEST, lay_out
from imgstudio.app.panels.train.plan_texts import length_text, minutes_text, pictures_text
from imgstudio.app.panels.train.plan_view import PlanView
from imgstudio.app.theme import current_tokens
from imgstudio.learn.builders import one_cycle
from imgstudio.learn.dataset.report import DatasetReport, Sample, Split
from imgstudio.learn.gan_plan import GanSettings, gan_phases, gan_plans
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan
from imgstudio.learn.recipe import Request
from imgstudio.learn.runs.folder import RunFolder
from imgstudio.learn.runs.records import RunFacts, Status
from imgstudio.learn.timeline import Timeline as Clock
from tests.app.fake_context import FakeContext

LEFT = Qt.MouseButton.LeftButton
NO = Qt.KeyboardModifier.NoModifier
COUNT = 200
PLAN = Plan(
    (
        Phase("climb", 10, rate=Curve("cosine", 1e-4, 4e-3), size=192),
        Phase("descent", 30, rate=Curve("cosine", 4e-3, 1e-3), size=192),
        Phase("finish", 10, rate=Curve("cosine", 1e-3, 1e-6), size=320),
    ),
    minutes=20,
)

curves = st.builds(
    Curve,
    st.sampled_from(["constant", "linear", "cosine", "exponential", "polynomial"]),
    st.floats(1e-6, 0.5),
    st.floats(1e-6, 0.5),
    st.floats(0.5, 4),
)
phases = st.builds(
    Phase,
    name=st.just("p"),
    length=st.integers(5, 400).map(float),
    unit=st.sampled_from(["epochs", "steps"]),
    rate=curves,
    momentum=curves,
    optimiser=st.builds(
        Optimiser,
        st.sampled_from(["adam", "adamw", "sgd", "rmsprop"]),
        st.floats(0, 0.5),
        st.floats(0.5, 0.999),
        st.floats(1e-12, 1e-3),
        st.booleans(),
    ),
    size=st.sampled_from([0, 96, 128, 320]),
    batch=st.integers(1, 32),
    frozen=st.integers(0, 4),
    frozen_norms=st.booleans(),
    spread=st.floats(0.01, 1),
    averages=st.booleans(),
)
plans = st.lists(phases, min_size=1, max_size=6).map(lambda made: Plan(tuple(made)))


def report_of(count: int = COUNT) -> DatasetReport:
    samples = tuple(Sample(Path(f"{i}.png"), width=64, height=64) for i in range(count + 10))
    return DatasetReport(Path("data"), samples, Split(tuple(range(count)), tuple(range(count, count + 10))))


@pytest.fixture
def training(qtbot):
    jobs = JobService()
    made = Training(FakeContext(jobs))
    yield made
    jobs.shutdown()


@pytest.fixture
def view(qtbot, training):
    made = PlanView(training)
    qtbot.addWidget(made)
    made.resize(900, 900)
    made.show()
    qtbot.waitExposed(made)
    training.draft.report = report_of()
    training.draft.plan = PLAN
    training.draft.changed.emit()
    return made


@pytest.fixture
def draft(training):
    return training.draft


def names(draft) -> list[str]:
    return [phase.name for phase in draft.plan.phases]


def drag(line, start: QPoint, end: QPoint, *, release: bool = True) -> None:
    QTest.mousePress(line, LEFT, NO, start)
    for part in (0.3, 0.7, 1.0):
        QTest.mouseMove(line, start + (end - start) * part)
    if release:
        QTest.mouseRelease(line, LEFT, NO, end)


def boundary(line, index: int) -> QPoint:
    return QPoint(round(line.layout_now.edges[index + 1]), 120)


def middle(line, index: int) -> QPoint:
    return line.layout_now.block(index).center().toPoint()


@given(plans)
@settings(max_examples=40, deadline=None)
def test_widths_are_the_shares_by_which_the_trainer_spends_its_time(plan):
    clock = Clock(replace(plan, minutes=10), COUNT)
    wanted = [end - start for start, end in itertools.pairwise(clock._ends)]
    assert shares(plan, COUNT) == pytest.approx(wanted)


def test_the_three_stages_of_a_gan_take_the_shares_that_it_gives_them():
    plan = Plan(gan_phases(one_cycle(10, 1e-3, size=128)), minutes=10)
    generator, critic, together = gan_plans(plan, COUNT, GanSettings()).shares
    drawn = shares(plan, COUNT)
    assert (sum(drawn[:2]), drawn[2], drawn[3]) == pytest.approx((generator, critic, together), rel=0.03)


@given(plans.filter(lambda plan: len(plan.phases) > 1), st.floats(-0.5, 1.5), st.data())
@settings(max_examples=40, deadline=None)
def test_a_boundary_only_shifts_time_between_its_neighbours(plan, share, data):
    index = data.draw(st.integers(0, len(plan.phases) - 2))
    after = with_boundary(plan, COUNT, index, share)
    assert after.phases[:index] == plan.phases[:index]
    assert after.phases[index + 2 :] == plan.phases[index + 2 :]
    pair = plan.phases[index : index + 2]
    if pair[0].length >= 50 and pair[1].length >= 50 and 0.05 < share < 0.5:
        both = [sum(shares(p, COUNT)[index : index + 2]) for p in (plan, after)]
        assert both[1] == pytest.approx(both[0], rel=0.1)
    assert all(phase.length > 0 for phase in after.phases)


@given(plans, st.data())
@settings(max_examples=40, deadline=None)
def test_moving_a_phase_there_and_back_changes_nothing(plan, data):
    places = st.integers(0, len(plan.phases) - 1)
    source, target = data.draw(places), data.draw(places)
    there = moved(plan, source, target)
    assert there.phases[target] == plan.phases[source]
    assert moved(there, target, source) == plan


def test_a_copy_has_a_name_of_its_own_and_the_last_phase_stays():
    twice = duplicated(duplicated(PLAN, 0), 0)
    assert [phase.name for phase in twice.phases[:3]] == ["climb", "climb 3", "climb 2"]
    alone = without(without(PLAN, 0), 0)
    assert [phase.name for phase in without(alone, 0).phases] == ["finish"]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.id)
def test_a_layout_keeps_length_highest_rate_and_largest_pictures(layout):
    after = laid_out(PLAN, layout, COUNT)
    assert lengths_of(after, COUNT)[0][-1] == pytest.approx(50, rel=0.01)
    assert max(map(top_rate, after.phases)) == pytest.approx(4e-3)
    assert max(phase.size for phase in after.phases) == 320
    more = added(PLAN, 1, layout)
    assert more.phases[:2] == PLAN.phases[:2]
    assert more.phases[-1] == PLAN.phases[-1]
    assert len(more.phases) > 3


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=12))
def test_no_block_is_too_narrow_to_point_at(weights):
    parts = [weight / sum(weights) for weight in weights]
    plan = Plan(tuple(Phase(str(i), 1) for i in range(len(parts))))
    layout = lay_out(plan, parts, 800, 240)
    widths = [end - start for start, end in itertools.pairwise(layout.edges)]
    assert min(widths) >= NARROWEST - 1e-6
    for share in (0, 0.25, 0.5, 1):
        assert layout.share_at(layout.x_of(share)) == pytest.approx(share, abs=1e-6)


@given(phases)
@settings(max_examples=60, deadline=None)
def test_a_phase_survives_the_form(phase):
    if phase.momentum.kind == "exponential":
        phase = replace(phase, momentum=Curve("exponential", 0.5, 0.9))
    assert with_setting(with_course(phase, course_of(phase)), setting_of(phase)) == phase


def test_lengths_are_told_as_people_say_them():
    assert [minutes_text(m) for m in (0.5, 1, 2.5, 20, 60, 95)] == [
        "30 s", "1 min", "2.5 min", "20 min", "1 h", "1 h 35 min",
    ]  # fmt: skip
    assert length_text(1, "epochs") == "1 epoch"
    assert length_text(60_000, "steps") == "60,000 steps"
    assert pictures_text(PLAN.phases[0]) == "192 px · batch 8"


def test_without_a_plan_it_says_how_to_get_one(qtbot, training):
    empty = PlanView(training)
    qtbot.addWidget(empty)
    assert empty.plan is None
    assert empty._pages.currentIndex() == 0


def test_the_rate_is_drawn_in_the_accent_colour(view):
    image = view.timeline.grab().toImage()
    box = view.timeline.layout_now.curve(1)
    accent = QColor(current_tokens().accent).rgb()
    xs, ys = range(int(box.left()) + 20, int(box.right()) - 20), range(int(box.top()), int(box.bottom()))
    assert all(any(image.pixel(x, y) == accent for y in ys) for x in xs[::40])


def test_a_click_chooses_a_phase_and_its_numbers_appear(view):
    QTest.mouseClick(view.timeline, LEFT, NO, middle(view.timeline, 2))
    assert view.numbers.name.text() == "finish"
    assert view.numbers.phase.setting.editors["size"].value() == 320


def test_dragging_a_boundary_changes_the_lengths_of_its_neighbours(view, draft):
    at = boundary(view.timeline, 0)
    drag(view.timeline, at, at + QPoint(60, 0))
    first, second, third = draft.plan.phases
    assert first.length > 13
    assert first.length + second.length == pytest.approx(40, abs=0.2)
    assert third == PLAN.phases[2]
    assert draft.is_own_plan


def test_escape_lets_a_boundary_go_back(view, draft):
    at = boundary(view.timeline, 0)
    drag(view.timeline, at, at + QPoint(60, 0), release=False)
    assert view.timeline.plan != PLAN
    QTest.keyClick(view.timeline, Qt.Key.Key_Escape)
    QTest.mouseRelease(view.timeline, LEFT, NO, at)
    assert view.timeline.plan == PLAN
    assert draft.plan == PLAN


def test_dragging_a_phase_puts_it_elsewhere(view, draft):
    drag(view.timeline, middle(view.timeline, 2), middle(view.timeline, 0) - QPoint(20, 0))
    assert names(draft) == ["finish", "climb", "descent"]
    assert view.timeline.selected == 0
    assert view.numbers.name.text() == "finish"


def test_a_small_movement_is_a_click(view, draft):
    at = middle(view.timeline, 1)
    drag(view.timeline, at, at + QPoint(3, 0))
    assert draft.plan == PLAN
    assert view.timeline.selected == 1


def test_keys_choose_move_stretch_and_remove(view, draft):
    QTest.keyClick(view.timeline, Qt.Key.Key_Right)
    assert view.timeline.selected == 1
    QTest.keyClick(view.timeline, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert draft.plan.phases[1].length > 30
    QTest.keyClick(view.timeline, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert names(draft) == ["descent", "climb", "finish"]
    QTest.keyClick(view.timeline, Qt.Key.Key_Delete)
    assert names(draft) == ["climb", "finish"]


def test_a_rate_is_typed_with_its_power_of_ten(view, draft):
    field = view.numbers.phase.course.findChild(object, "rate_start.field")
    assert field.text() == "0.0001"
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "3e-5")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert draft.plan.phases[0].rate.start == 3e-5
    assert field.text() == "3e-5"
    assert draft.plan.phases[1:] == PLAN.phases[1:]


def test_the_arrow_of_a_number_leads_back_to_what_the_phase_was(view, draft):
    form = view.numbers.phase.setting
    form.editors["batch"]._edit(32)
    assert draft.plan.phases[0].batch == 32
    QTest.mouseClick(form.findChild(object, "batch.reset"), LEFT)
    assert draft.plan.phases[0].batch == 8


def test_what_does_not_move_has_no_end(qtbot):
    form = PhaseForm()
    qtbot.addWidget(form)
    form.show()
    form.begin(Phase("p", 1, rate=Curve("constant", 1e-3, 1e-3)))
    assert not form.course.findChild(object, "rate_end.row").isVisible()
    form.begin(Phase("p", 1, rate=Curve("polynomial", 1e-3, 1e-4)))
    assert form.course.findChild(object, "rate_end.row").isVisible()
    assert form.course.findChild(object, "rate_power.row").isVisible()


def test_an_exponential_momentum_never_starts_from_zero():
    course = replace(course_of(PLAN.phases[0]), momentum_kind="exponential", momentum_start=0.0)
    phase = with_course(PLAN.phases[0], course)
    assert phase.momentum.at(0.5) > 0


def test_the_whole_run_has_its_numbers_too(view, draft):
    whole = view.numbers.whole
    whole.judging.findChild(object, "stops.box").click()
    assert draft.plan.early_stop is not None
    whole.judging.editors["patience"]._edit(3)
    assert draft.plan.early_stop.patience == 3
    whole.judging.findChild(object, "stops.box").click()
    assert draft.plan.early_stop is None
    whole.conduct.editors["minutes"]._edit(0.0)
    assert "steps" in view.tools.summary.text()


def test_buttons_and_menus_change_the_plan_and_undo_takes_it_back(view, draft):
    view.tools.findChild(object, "train.plan.duplicate").click()
    assert names(draft) == ["climb", "climb 2", "descent", "finish"]
    assert view.timeline.selected == 1
    menu = view.tools.findChild(QMenu, "train.plan.add.menu")
    menu.findChild(object, "add.sgdr").trigger()
    assert len(names(draft)) == 7
    view.tools.findChild(object, "train.plan.remove").click()
    undo = view.tools.findChild(object, "train.plan.undo")
    for _ in range(3):
        undo.click()
    assert draft.plan == PLAN
    assert not undo.isEnabled()


def test_a_drag_of_a_slider_is_one_step_back(view, draft, monkeypatch):
    now = iter([0.0, 0.1, 0.2, 5.0])
    monkeypatch.setattr(plan_past, "time", SimpleNamespace(monotonic=lambda: next(now)))
    editor = view.numbers.phase.setting.editors["batch"]
    for batch in (9, 10, 11, 12):
        editor._edit(batch)
    view.tools.undo.emit()
    assert draft.plan.phases[0].batch == 11
    view.tools.undo.emit()
    assert draft.plan == PLAN


def test_the_proposed_plan_comes_back_and_can_be_left_again(view, draft, monkeypatch):
    monkeypatch.setattr(draft, "recipe", replace(draft.recipe, plan=lambda *_: PLAN))
    assert not view.tools.proposed.isVisible()
    own = without(PLAN, 0)
    view.timeline.edited.emit(own)
    view.tools.proposed.click()
    assert draft.plan == PLAN
    assert not draft.is_own_plan
    view.tools.undo.emit()
    assert draft.plan == own


def test_another_plan_from_elsewhere_is_shown(view, draft, training):
    training.use_rate(8e-3)
    assert view.timeline.plan.phases[0].rate.end == pytest.approx(8e-3)
    assert view.numbers.phase.course.editors["rate_end"].value() == pytest.approx(8e-3)
    view.tools.undo.emit()
    assert draft.plan == PLAN


def test_a_plan_is_saved_and_loaded(view, draft, tmp_path):
    view.save(tmp_path / "mine")
    draft.set_plan(without(PLAN, 1))
    view.load(tmp_path / "mine.json")
    assert draft.plan == PLAN


@pytest.mark.parametrize("contents", [b"no plan", b'{"phases": []}', b"\xff\xfe"])
def test_a_file_that_is_no_plan_is_refused_in_words(view, draft, tmp_path, contents):
    (tmp_path / "bad.json").write_bytes(contents)
    view.load(tmp_path / "bad.json")
    assert draft.plan == PLAN
    notice = view.findChild(object, "train.plan.notice")
    assert notice.isVisible()
    assert "plan" in notice.text()
    view.timeline.edited.emit(without(PLAN, 0))
    assert not notice.isVisible()


def test_the_plan_of_a_run_at_work_is_only_looked_at(view, draft, training, tmp_path):
    at_work = without(PLAN, 0)
    facts = RunFacts("run", "segment_unet", {}, Request(), "2026-01-01T00:00:00+00:00", "0")
    run = RunFolder.create(tmp_path, "run", facts, at_work, report_of(50))
    training.watch.run, training.watch.is_alive = run, True
    training.watch.status = Status(state="running", done=0.4)
    training.watch.opened.emit(run)
    assert view.plan == at_work
    at = boundary(view.timeline, 0)
    drag(view.timeline, at, at + QPoint(60, 0))
    QTest.keyClick(view.timeline, Qt.Key.Key_Delete)
    view.tools.duplicate.emit()
    assert view.plan == at_work
    assert draft.plan == PLAN
    assert not view.numbers.name.isEnabled()
    view.which.button(0).click()
    assert view.plan == PLAN
    assert view.numbers.name.isEnabled()
    field = view.numbers.whole.conduct.findChild(object, "seed.field")
    view.numbers.fold.set_open(True)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "77")
    training.watch.status_changed.emit(Status(state="running", done=0.5))
    assert field.text() == "77"
    training.watch.is_alive, training.watch.run = False, None


def test_the_critic_keeps_its_name(view, draft):
    draft.set_plan(Plan(gan_phases(PLAN.phases), minutes=20))
    view.timeline.select(3)
    view.timeline.chosen.emit(3)
    assert view.numbers.name.text() == "critic"
    assert view.numbers.name.isReadOnly()
