"""Forms: every kind of parameter goes in and comes out, by code, mouse and keys."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from scipy.interpolate import PchipInterpolator

from imgstudio.app.forms.curve_points import GAP
from imgstudio.app.forms.number_scale import NumberScale
from imgstudio.app.forms.number_slider import NumberSlider
from imgstudio.app.forms.param_form import ParamForm
from imgstudio.core.errors import UserError
from imgstudio.core.params import Colour, Curve, Number, Picture, Ui, check
from imgstudio.core.tonecurve import curve_values

LEFT = Qt.MouseButton.LeftButton
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Everything:
    radius: Annotated[int, Number(0, 64, soft_max=16, unit="px"), Ui(help="Half the width.")] = 3
    amount: Annotated[float, Number(0, 2, step=0.01)] = 0.5
    scale: Annotated[float, Number(0.1, 100, step=0.1, log=True)] = 1.0
    level: Annotated[float | None, Number(0, 1, step=0.01)] = None
    mode: Annotated[Literal["fast", "good", "best"], Ui()] = "good"
    paper: Annotated[Literal["a", "b", "c", "d", "e"], Ui(group="Paper")] = "a"
    keep: Annotated[bool, Ui(label="Keep colours", group="Paper")] = True
    grain: Annotated[float, Number(0, 1, step=0.1), Ui(group="Paper", visible_if=("keep", True))] = 0.1
    note: Annotated[str, Ui(advanced=True)] = "x"
    tint: Annotated[str, Colour()] = "#336699"
    style: Annotated[Path | None, Picture()] = None
    tone: Annotated[Points, Curve()] = ((0.0, 0.0), (1.0, 1.0))


@pytest.fixture
def form(qtbot):
    made = ParamForm(Everything)
    qtbot.addWidget(made)
    made.resize(300, 700)
    made.show()
    made.heard = []
    made.changed.connect(made.heard.append)
    return made


def child(form, name):
    return form.findChild(object, name)


def test_every_kind_comes_back_as_it_was_set(form, tmp_path):
    given_values = Everything(
        40, 0.123456, 33.3, 0.25, "best", "e", keep=False, grain=0.7, note="long", tint="#abcdef",
        style=tmp_path / "p.png", tone=((0.0, 0.1), (0.4, 0.6), (1.0, 0.9)),
    )  # fmt: skip
    form.set_value(given_values)
    assert form.value() == given_values
    assert form.heard == []


@given(
    radius=st.integers(0, 64),
    amount=st.floats(0, 2, width=32),
    scale=st.floats(0.125, 100, width=32),
    level=st.none() | st.floats(0, 1, width=32),
)
def test_numbers_come_back_exactly_however_the_field_rounds_them(qapp, radius, amount, scale, level):
    form = ParamForm(Everything)
    form.set_value(Everything(radius=radius, amount=amount, scale=scale, level=level))
    back = form.value()
    assert (back.radius, back.amount, back.scale, back.level) == (radius, amount, scale, level)


@given(st.floats(0, 1), st.booleans(), st.sampled_from([0.0, 0.5, 3.0]))
def test_every_slider_position_is_an_allowed_value_and_rises(fraction, log, low):
    scale = NumberScale(Number(low, 50, step=0.1, soft_max=20, log=log))
    value = scale.value_of(fraction)
    assert low <= value <= 20.0001
    assert scale.value_of(min(1.0, fraction + 0.1)) >= value


def test_a_slider_key_changes_the_value_and_tells_of_it(form):
    slider = child(form, "radius.slider")
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert form.value().radius == 4
    assert form.heard[-1].radius == 4


@pytest.mark.parametrize(
    ("number", "value", "zero", "ends"),
    [
        (Number(-100, 100), 30, 0.5, (0.5, 0.65)),
        (Number(-100, 100), -80, 0.5, (0.1, 0.5)),
        (Number(-1, 3, step=0.01), 1, 0.25, (0.25, 0.5)),
        (Number(0, 100), 30, None, (0, 0.3)),
        (Number(0.1, 10, step=0.01, log=True), 10, 0.5, (0.5, 1)),
        (Number(0.1, 10, step=0.01, log=True, unit="px"), 1, None, (0, 0.5)),
    ],
)
def test_a_slider_is_filled_from_zero_wherever_zero_lies(qtbot, number, value, zero, ends):
    scale = NumberScale(number)
    slider = NumberSlider()
    qtbot.addWidget(slider)
    slider.setRange(0, scale.positions)
    slider.origin = scale.origin
    slider.setValue(scale.position(value))
    slider.resize(412, 24)
    assert scale.origin == (None if zero is None else pytest.approx(zero * scale.positions, abs=1))
    filled = slider.filled()
    assert filled.left() / 412 == pytest.approx(ends[0], abs=0.02)
    assert filled.right() / 412 == pytest.approx(ends[1], abs=0.02)
    at_end = QColor(slider.grab().toImage().pixel(3, 12))
    assert (at_end.saturation() > 60) == (ends[0] == 0)


def test_the_field_reaches_beyond_the_soft_range_but_not_beyond_the_hard_one(form):
    field = child(form, "radius.field")
    for typed, expected in (("50", 50), ("500", 50)):
        field.selectAll()
        QTest.keyClicks(field, typed)
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert form.value().radius in (expected, 64)
    check(form.value())


def test_dragging_the_label_scrubs_and_a_double_click_resets(form):
    label = child(form, "amount.label")
    QTest.mousePress(label, LEFT, pos=QPoint(5, 5))
    QTest.mouseMove(label, QPoint(55, 5))
    QTest.mouseRelease(label, LEFT, pos=QPoint(55, 5))
    assert form.value().amount == pytest.approx(1.0, abs=0.02)
    QTest.mouseDClick(label, LEFT, pos=QPoint(5, 5))
    assert form.value().amount == 0.5


def test_the_wheel_turns_a_number_only_when_it_has_the_focus(form, qtbot):
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    slider = child(form, "radius.slider")

    def turn():
        event = QWheelEvent(
            QPointF(5, 5), QPointF(5, 5), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,  # noqa: FBT003 - Qt takes no keyword here
        )  # fmt: skip
        QApplication.sendEvent(slider, event)

    child(form, "amount.field").setFocus()
    turn()
    assert form.value().radius == 3
    slider.setFocus()
    qtbot.waitUntil(slider.hasFocus)
    turn()
    assert form.value().radius > 3


def test_auto_gives_none_and_switching_it_off_gives_a_number(form):
    auto = child(form, "level.auto")
    assert auto.isChecked()
    assert not child(form, "level.slider").isEnabled()
    QTest.mouseClick(auto, LEFT, pos=QPoint(8, auto.height() // 2))
    assert form.value().level == 0.5
    QTest.mouseClick(auto, LEFT, pos=QPoint(8, auto.height() // 2))
    assert form.value().level is None


def test_choices_are_buttons_when_few_and_a_list_when_many(form):
    QTest.mouseClick(child(form, "mode.buttons.2"), LEFT)
    assert form.value().mode == "best"
    QTest.keyClick(child(form, "mode.buttons.2"), Qt.Key.Key_Left)
    assert form.value().mode == "good"
    combo = child(form, "paper.combo")
    QTest.keyClick(combo, Qt.Key.Key_Down)
    assert form.value().paper == "b"


def test_the_arrow_back_is_there_only_when_the_value_is_not_the_default(form):
    arrow = child(form, "radius.reset")
    assert not arrow.isEnabled()
    QTest.keyClick(child(form, "radius.slider"), Qt.Key.Key_Right)
    assert arrow.isEnabled()
    QTest.mouseClick(arrow, LEFT)
    assert form.value().radius == 3
    assert not arrow.isEnabled()


def test_a_row_is_hidden_while_its_condition_does_not_hold(form):
    assert child(form, "grain.row").isVisible()
    box = child(form, "keep.box")
    QTest.mouseClick(box, LEFT, pos=QPoint(8, box.height() // 2))
    assert not child(form, "grain.row").isVisible()


def test_advanced_parameters_are_folded_away(form):
    assert not child(form, "note.row").isVisible()
    QTest.mouseClick(child(form, "form.more"), LEFT)
    assert child(form, "note.row").isVisible()


def test_a_colour_code_is_taken_when_it_is_whole(form):
    line = child(form, "tint.line")
    line.selectAll()
    QTest.keyClicks(line, "#FF00")
    assert form.value().tint == "#336699"
    QTest.keyClicks(line, "80")
    assert form.value().tint == "#ff0080"
    form.editors["tint"].take(QColor(1, 2, 3))
    assert form.value().tint == "#010203"


def test_a_file_is_taken_by_dropping_and_cleared_by_its_button(form, tmp_path):
    from PySide6.QtCore import QMimeData, QPointF, QUrl
    from PySide6.QtGui import QDropEvent

    picture = tmp_path / ("long name " * 9 + ".png")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(picture))])
    target = child(form, "style.target")
    drop = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, LEFT, Qt.KeyboardModifier.NoModifier)
    target.dropEvent(drop)
    assert form.value().style == picture
    QTest.mouseClick(child(form, "style.clear"), LEFT)
    assert form.value().style is None


def test_reset_goes_back_to_all_defaults_in_one_edit(form):
    form.set_value(Everything(radius=9, mode="best"))
    form.reset()
    assert form.value() == Everything()
    assert len(form.heard) == 1


def test_compact_is_one_line_with_the_same_values(qtbot):
    @dataclass(frozen=True)
    class Brush:
        size: Annotated[float, Number(1, 2000, soft_max=300, unit="px", log=True)] = 24.0
        soft: Annotated[bool, Ui(label="Soft")] = False

    globals()["Brush"] = Brush
    form = ParamForm(Brush, compact=True)
    qtbot.addWidget(form)
    form.show()
    assert form.sizeHint().height() <= 34
    form.set_value(Brush(size=100.0, soft=True))
    assert form.value() == Brush(size=100.0, soft=True)


@pytest.fixture
def curve(form):
    return child(form, "tone.canvas")


def at(curve, x, y):
    return curve.position_of(x, y).toPoint()


@dataclass(frozen=True)
class Toned:
    red: Annotated[Points, Curve(most_points=3)] = ((0.0, 0.0), (1.0, 1.0))
    black: Annotated[int, Number(0, 254), Ui(histogram=True)] = 0
    white: Annotated[int, Number(1, 255), Ui(histogram=True, visible_if=("black", 0))] = 255


def test_a_curve_takes_no_more_points_than_it_may_have(qtbot):
    form = ParamForm(Toned)
    qtbot.addWidget(form)
    form.resize(300, 400)
    form.show()
    curve = child(form, "red.canvas")
    for x in (0.3, 0.6):
        QTest.mouseClick(curve, LEFT, pos=at(curve, x, 0.5))
    assert len(form.value().red) == 3
    check(form.value())
    with pytest.raises(UserError, match="cannot be"):
        check(Toned(((0, 0), (0.2, 0.2), (0.5, 0.5), (1, 1))))


def test_histograms_stand_behind_the_curve_of_their_channel_and_above_levels(qtbot):
    form = ParamForm(Toned)
    qtbot.addWidget(form)
    form.show()
    counts = {name: np.full(4, i + 1, np.float32) for i, name in enumerate(("", "red", "green", "blue"))}
    form.set_histogram(counts)
    levels = child(form, "form.histogram")
    assert child(form, "red.canvas").histogram is counts["red"]
    assert levels.counts is counts[""]
    assert levels.marks == [0, 1]
    form.editors["black"].slider.setValue(51)
    assert levels.marks == [0.2]


def test_a_click_adds_a_point_and_a_drag_moves_it(form, curve):
    QTest.mousePress(curve, LEFT, pos=at(curve, 0.5, 0.5))
    QTest.mouseMove(curve, at(curve, 0.4, 0.8))
    QTest.mouseRelease(curve, LEFT, pos=at(curve, 0.4, 0.8))
    (x, y) = form.value().tone[1]
    assert (x, y) == (pytest.approx(0.4, abs=0.02), pytest.approx(0.8, abs=0.02))


def test_dragging_a_point_off_removes_it(form, curve):
    form.set_value(Everything(tone=((0.0, 0.0), (0.5, 0.6), (1.0, 1.0))))
    QTest.mousePress(curve, LEFT, pos=at(curve, 0.5, 0.6))
    QTest.mouseMove(curve, QPoint(100, -60))
    QTest.mouseRelease(curve, LEFT, pos=QPoint(100, -60))
    assert form.value().tone == ((0.0, 0.0), (1.0, 1.0))


def test_a_double_click_and_the_delete_key_remove_a_point_but_never_an_end(form, curve):
    three = Everything(tone=((0.0, 0.0), (0.5, 0.6), (1.0, 1.0)))
    form.set_value(three)
    QTest.mouseDClick(curve, LEFT, pos=at(curve, 0.5, 0.6))
    assert len(form.value().tone) == 2
    form.set_value(three)
    QTest.mouseClick(curve, LEFT, pos=at(curve, 0.5, 0.6))
    QTest.keyClick(curve, Qt.Key.Key_Delete)
    assert len(form.value().tone) == 2
    QTest.keyClick(curve, Qt.Key.Key_Delete)
    assert len(form.value().tone) == 2


def test_arrow_keys_move_the_chosen_point(form, curve):
    form.set_value(Everything(tone=((0.0, 0.0), (0.5, 0.6), (1.0, 1.0))))
    QTest.mouseClick(curve, LEFT, pos=at(curve, 0.5, 0.6))
    QTest.keyClick(curve, Qt.Key.Key_Up)
    assert form.value().tone[1][1] == pytest.approx(0.61, abs=0.02)


@given(st.lists(st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5)), max_size=30))
def test_points_stay_in_order_and_in_range_whatever_is_dragged(moves):
    from imgstudio.app.forms.curve_points import CurvePoints

    points = CurvePoints()
    points.add(0.5, 0.5)
    for number, (x, y) in enumerate(moves):
        points.add(x, y) if number % 3 == 0 else points.move(number % len(points.value), x, y)
        xs = [p[0] for p in points.value]
        assert all(b - a > GAP / 2 for a, b in itertools.pairwise(xs))
        assert all(0 <= v <= 1 for p in points.value for v in p)


@given(
    st.lists(
        st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=2, max_size=8, unique_by=lambda p: p[0]
    )
)
def test_the_line_drawn_is_the_curve_that_the_filter_applies(points):
    points = tuple((x / 100, y / 100) for x, y in sorted(points))
    xs = np.linspace(points[0][0], points[-1][0], 50)
    expected = PchipInterpolator(*np.array(points).T)(xs)
    assert np.allclose(curve_values(points, xs), np.clip(expected, 0, 1), atol=1e-6)
