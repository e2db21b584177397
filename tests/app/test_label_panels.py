"""The panels of the Label workspace: classes and their rules, pictures, class bar, first page."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QColorDialog, QLineEdit, QMenu

from imgstudio.app.controllers.labelling.thumbnails import MakeThumbnails
from imgstudio.app.panels.label.class_chip import ClassChip
from imgstudio.app.panels.label.effort_line import effort_texts, seconds_text
from imgstudio.app.panels.label.picture_list import cut_name, details, percent
from imgstudio.app.panels.label.picture_rows import Filter, PictureRows, sorted_entries
from imgstudio.app.panels.label.project_dialog import ProjectDialog, class_names
from imgstudio.app.panels.label.range_slider import RangeSlider
from imgstudio.core.jobs import Progress
from imgstudio.core.labelled import PaintRules
from imgstudio.core.labelproject.entries import Effort, Entry
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import BACKGROUND
from tests.fakes.labelling import gone_to, opened, painted, pictures_in, project_in

LEFT = Qt.MouseButton.LeftButton
PLAIN, ALT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.AltModifier


@pytest.fixture
def session(studio, tmp_path):
    return opened(studio, project_in(tmp_path / "street", 6).path)


@pytest.fixture
def rows(studio, session):
    return studio.part("label.classes.list")


@pytest.fixture
def pictures(studio, session):
    return studio.part("label.pictures")


def on_disk(session):
    return ProjectFolder.open(session.project.path)


def click(rows, value, part, held=PLAIN):
    QTest.mouseClick(rows.viewport(), LEFT, held, rows.place_of(value, part).center())


def test_a_click_on_a_class_takes_it_in_hand_in_list_and_bar(studio, session, rows):
    click(rows, 2, "name")
    assert session.rules.value == 2
    assert studio.part("label.chip.2").isChecked()
    studio.click("label.chip.3")
    assert session.rules.value == 3
    assert rows.currentIndex().row() == 3
    rows.setFocus()
    QTest.keyClick(rows, Qt.Key.Key_Up)
    assert session.rules.value == 2


def test_the_eye_hides_a_class_and_with_alt_all_others(session, rows):
    click(rows, 2, "eye")
    assert session.look.look.hidden == {2}
    click(rows, 2, "eye")
    assert not session.look.look.hidden
    click(rows, 3, "eye", ALT)
    assert session.look.look.hidden == {BACKGROUND, 1, 2}
    click(rows, 3, "eye", ALT)
    assert not session.look.look.hidden


def test_the_lock_keeps_a_class(studio, session, rows):
    painted(studio, 1, [(20, 20), (60, 20)])
    click(rows, 1, "lock")
    assert session.rules.locked == {1}
    session.set_rules(PaintRules(value=2, locked=session.rules.locked))
    studio.brush([(20, 20), (60, 20)], radius=12, tool="brush")
    assert session.document.labels.value_at(40, 20) == 1
    assert session.document.labels.value_at(40, 29) == 2


def test_a_class_is_renamed_in_its_row(studio, session, rows):
    place = rows.place_of(2, "name").center()
    QTest.mouseClick(rows.viewport(), LEFT, PLAIN, place)
    QTest.mouseDClick(rows.viewport(), LEFT, PLAIN, place)
    editor = rows.findChild(QLineEdit, "label.classes.name")
    editor.selectAll()
    QTest.keyClicks(editor, "street")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    studio.wait(lambda: on_disk(session).classes[1].name == "street")
    assert studio.part("label.chip.2").accessibleName() == "street"


def test_a_name_that_is_taken_is_refused(studio, session, rows):
    rows.model().setData(rows.model().index_of(2), "sky")
    assert session.classes[1].name == "road"
    assert "sky" in studio.errors[-1].what


def test_the_key_menu_moves_a_key(studio, session, rows, qtbot):
    click(rows, 1, "key")
    menu = studio.window.findChild(QMenu, "label.classes.keys")
    next(action for action in menu.actions() if action.text().startswith("3")).trigger()
    menu.close()
    assert [known.key for known in on_disk(session).classes] == ["3", "2", "1"]
    studio.press_key(Qt.Key.Key_3)
    assert session.rules.value == 1


def test_a_colour_is_chosen_on_the_swatch(session, rows, monkeypatch):
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor(10, 200, 30))
    click(rows, 2, "swatch")
    assert on_disk(session).classes[1].colour == (10, 200, 30)
    assert session.document.labels.colour(2) == (10, 200, 30)


def test_a_class_is_added_and_named_at_once(studio, session, rows):
    studio.click("label.classes.add")
    editor = rows.findChild(QLineEdit, "label.classes.name")
    assert editor.isVisible()
    QTest.keyClicks(editor, "pedestrian")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    studio.wait(lambda: on_disk(session).classes[3].name == "pedestrian")
    assert session.rules.value == 4


def test_only_a_class_that_is_not_used_is_deleted(studio, session, rows):
    painted(studio, 2, [(20, 20), (60, 20)])
    click(rows, 2, "name")
    studio.click("label.classes.delete")
    assert studio.errors
    assert len(session.classes) == 3
    click(rows, 3, "name")
    studio.click("label.classes.delete")
    assert [known.value for known in on_disk(session).classes] == [1, 2]
    click(rows, BACKGROUND, "name")
    assert not studio.part("label.classes.delete").isEnabled()


def test_the_rules_are_those_of_the_brush(studio, session):
    studio.click("label.rules.fold")
    studio.click("label.rules.where.1")
    assert session.rules.where == "unlabelled"
    studio.click("label.rules.where.2")
    combo = studio.part("label.rules.inside")
    assert combo.isVisible()
    combo.setCurrentIndex(2)
    combo.activated.emit(2)
    assert (session.rules.where, session.rules.inside) == ("inside", 2)
    studio.click("label.rules.objects.1")
    assert session.document.labels.rules.objects == "new"
    slider = studio.part("label.rules.lightness")
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Left)
    assert session.rules.lightness == (0, 254)
    studio.click("label.rules.fold")
    assert not combo.isVisible()


def test_the_handles_of_a_range_never_pass_each_other(qtbot):
    slider = RangeSlider()
    qtbot.addWidget(slider)
    slider.resize(200, 24)
    slider.set_values(100, 120)
    told = []
    slider.changed.connect(lambda least, most: told.append((least, most)))
    QTest.mousePress(slider, LEFT, PLAIN, QPoint(round(slider._x_of(100)), 12))
    slider._move_to(slider._x_of(250))
    assert slider.values == (120, 120)
    assert told[-1] == (120, 120)


def test_the_bar_shows_labels_in_three_ways_and_as_strongly_as_wanted(studio, session):
    for style in ("outline", "hidden", "tint"):
        studio.click(f"label.look.{style}")
        assert studio.canvas.label_look.style == style
    studio.part("label.look.opacity").setValue(80)
    assert studio.canvas.label_look.opacity == pytest.approx(0.8)
    turn(studio.canvas, -1)
    assert studio.canvas.label_look.opacity == pytest.approx(0.7)
    assert studio.part("label.look.opacity").value() == 70
    zoom = studio.canvas.view.zoom
    turn(studio.canvas, 1, PLAIN)
    assert studio.canvas.view.zoom > zoom, "without Alt the wheel is the canvas's"


def turn(canvas, notches, held=ALT):
    place = QPointF(canvas.rect().center())
    event = QWheelEvent(
        place, QPointF(canvas.mapToGlobal(place.toPoint())), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, held, Qt.ScrollPhase.NoScrollPhase, False,  # noqa: FBT003 - Qt wants it so
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def test_labels_are_hidden_as_long_as_the_key_is_down(studio, session):
    studio.focus_canvas()
    QTest.keyPress(studio.canvas, Qt.Key.Key_H)
    assert studio.canvas.label_look.style == "hidden"
    assert session.look.look.style == "tint"
    QTest.keyRelease(studio.canvas, Qt.Key.Key_H)
    assert studio.canvas.label_look.style == "tint"


def test_a_click_on_a_picture_shows_it(studio, session, pictures):
    index = pictures.rows.index_of("4.png")
    QTest.mouseClick(pictures.list.viewport(), LEFT, PLAIN, pictures.list.visualRect(index).center())
    studio.wait(lambda: session.shown == "4.png")
    QTest.mouseClick(pictures.list.viewport(), LEFT, PLAIN, pictures.list.flag_of("2.png").center())
    assert on_disk(session).entry("2.png").is_flagged
    assert session.name == "4.png", "a click on the flag shows nothing else"


def test_pictures_are_found_by_state_class_flag_and_text(studio, session, pictures):
    painted(studio, 2, [(20, 20), (60, 20)])
    studio.run("label.done_next")
    studio.wait(lambda: session.shown == "1.png")
    studio.settle()
    assert "1 of 6 done" in studio.part("label.pictures.count").text()
    choose(studio, "open")
    assert pictures.rows.names == ["1.png", "2.png", "3.png", "4.png", "5.png"]
    assert session.order == tuple(pictures.rows.names)
    choose(studio, 2)
    assert pictures.rows.names == ["0.png", "1.png"], "the picture in hand stays"
    choose(studio, "all")
    QTest.keyClicks(studio.part("label.pictures.search"), "4")
    assert pictures.rows.names == ["1.png", "4.png"]


def choose(studio, what):
    combo = studio.part("label.pictures.showing")
    combo.setCurrentIndex(combo.findData(what))
    combo.activated.emit(combo.currentIndex())


def test_going_on_follows_the_list(studio, session, pictures):
    for name, unsure in (("2.png", 0.2), ("5.png", 0.7)):
        session.keep(Entry(name, unsure=unsure))
    next(a for a in studio.part("label.pictures.sort").menu().actions() if a.data() == "unsure").trigger()
    assert pictures.rows.names[:2] == ["5.png", "2.png"]
    gone_to(studio, "5.png")
    session.step(1)
    studio.wait(lambda: session.shown == "2.png")


def test_the_menu_of_a_picture_changes_its_state(studio, session, pictures):
    place = pictures.list.visualRect(pictures.rows.index_of("3.png")).center()
    pictures.list.customContextMenuRequested.emit(place)
    menu = studio.window.findChild(QMenu, "label.pictures.menu")
    next(action for action in menu.actions() if action.text() == "Done").trigger()
    menu.close()
    assert on_disk(session).entry("3.png").state == "done"


def test_thumbnails_are_made_for_what_is_seen_and_kept_on_the_disk(studio, session, pictures):
    studio.wait(lambda: pictures.thumbnails.of(session.project.picture("0.png")) is not None)
    studio.settle()
    path = session.project.picture("0.png")
    first = MakeThumbnails((path,)).run(Progress())[path]
    assert first.shape == (53, 80, 3)
    path.with_name("1.png").write_bytes(b"broken")
    assert MakeThumbnails((path.with_name("1.png"),)).run(Progress()) == {path.with_name("1.png"): None}


def test_ten_thousand_pictures_are_listed_filtered_and_sorted(qtbot):
    entries = [Entry(f"{n:05d}.jpg", "done" if n % 3 else "new", unsure=(n % 7) / 7) for n in range(10_000)]
    rows = PictureRows()
    rows.arrange(entry for entry in entries if Filter(showing="new").admits(entry))
    assert rows.rowCount() == 3334
    rows.arrange(sorted_entries(entries, "unsure"))
    assert rows.rows[0].unsure == pytest.approx(6 / 7)
    assert rows.index_of("00006.jpg").row() == 0
    told = []
    rows.dataChanged.connect(lambda first, last: told.append((first.row(), last.row())))
    rows.renew(Entry("00006.jpg", "done"))
    assert told == [(0, 0)]


@pytest.mark.parametrize(
    ("wanted", "admits"),
    [
        (Filter(), True),
        (Filter(showing="done"), False),
        (Filter(showing="open"), True),
        (Filter(showing="flagged"), True),
        (Filter(value=2), True),
        (Filter(value=3), False),
        (Filter(text="STREET"), True),
        (Filter(text="again"), True),
        (Filter(text="nothing"), False),
    ],
)
def test_a_filter_admits_what_it_says(wanted, admits):
    entry = Entry("street/7.png", "in work", is_flagged=True, note="Look again", classes=(1, 2))
    assert wanted.admits(entry) is admits


def test_shares_are_never_told_as_nothing_or_all_that_are_not():
    assert [percent(share) for share in (0.0, 0.001, 0.5, 0.999, 1.0)] == [
        "0 %",
        "<1 %",
        "50 %",
        ">99 %",
        "100 %",
    ]
    assert details(Entry("a", "in work", labelled=0.25, unsure=0.5)) == "In work  ·  25 %  ·  unsure 50 %"
    assert details(Entry("a", "done", disagreement=0.5, unsure=0.5)) == "Done  ·  differs 50 %"


def test_a_long_name_keeps_its_number(qapp):
    metrics = QFontMetrics(qapp.font())
    name = "a_picture_with_a_very_long_name_that_nobody_can_read_in_a_list_0042.jpg"
    cut = cut_name(name, metrics, 150)
    assert cut.endswith("_0042.jpg")
    assert cut.startswith("a_p")
    assert metrics.horizontalAdvance(cut) <= 150
    assert cut_name("short.jpg", metrics, 150) == "short.jpg"


def test_effort_is_told_in_few_words():
    assert seconds_text(7.4) == "0:07"
    assert seconds_text(3700) == "1:01:40"
    assert effort_texts(Effort(2, 5, 61.0, 1, 0.83)) == ["2 strokes", "1:01", "83 % of the prediction kept"]
    assert effort_texts(Effort(1), is_unwritten=True)[-1] == "Not saved yet"


def test_long_class_names_make_no_chip_wide(qtbot):
    chip = ClassChip(1, "Donaudampfschifffahrtsgesellschaft" * 4, QColor(1, 2, 3), "1")
    qtbot.addWidget(chip)
    assert chip.sizeHint().width() < 200
    assert "Donaudampf" in chip.toolTip()


def test_names_are_read_line_by_line():
    assert class_names(" sky\n\nroad \nsky\n") == ("sky", "road")


def test_a_folder_that_cannot_be_written_needs_a_place_for_the_project(qtbot, tmp_path, monkeypatch):
    folder = pictures_in(tmp_path / "fixed", 1)
    monkeypatch.setattr(os, "access", lambda path, mode: path != folder)
    dialog = ProjectDialog(type(ProjectDialog(_nothing()).project)())
    qtbot.addWidget(dialog)
    dialog.show()
    accept = dialog.findChild(object, "dialog.accept")
    assert not accept.isEnabled()
    dialog.pictures.chosen.emit(folder)
    assert dialog.place.isVisible()
    assert not accept.isEnabled()
    dialog.place.chosen.emit(tmp_path)
    dialog.names.setPlainText("sky\nroad")
    assert accept.isEnabled()
    assert (dialog.project.pictures, dialog.project.place) == (folder, tmp_path)
    assert dialog.project.names == ("sky", "road")


def _nothing():
    from imgstudio.app.controllers.labelling.projects import NewProject

    return NewProject()


def test_the_first_page_offers_recent_projects(studio, tmp_path):
    path = project_in(tmp_path / "street", 2).path
    session = opened(studio, path)
    session.close()
    assert studio.part("label.home").isVisible()
    assert not studio.part("label.class_bar").isVisible()
    studio.click("label.home.recent.0")
    studio.wait(lambda: session.shown == "0.png")
    assert not studio.part("label.home").isVisible()


def test_a_dropped_folder_is_opened_or_asked_about(studio, tmp_path):
    project = project_in(tmp_path / "street", 2)
    session = studio.label()
    studio.drop_folder("label.home.folder", project.path)
    studio.wait(lambda: session.project is not None)
    studio.wait(lambda: session.document is not None)
    session.close()
    folder = pictures_in(tmp_path / "fresh", 3)
    studio.drop_folder("label.home.folder", folder)
    dialog = studio.part("label.project")
    assert dialog.isVisible()
    dialog.names.setPlainText("cat\ndog")
    studio.click(studio.part("dialog.accept", dialog))
    studio.wait(lambda: session.document is not None)
    assert [known.name for known in session.classes] == ["cat", "dog"]
    assert ProjectFolder.is_project(folder)


def test_the_toolbox_shows_what_works_on_labels(studio, session):
    box = studio.window.toolbox
    for tool_id, tool in studio.context.tools.tools.items():
        button = box.findChild(object, f"toolbox.{tool_id}")
        assert button.isVisible() == ("labels" in tool.works_on), tool_id
    assert not box.colours.isVisible()
    studio.window.workspaces.show("edit")
    studio.show_pixels(np.full((20, 20, 4), 200, np.uint8))
    assert box.findChild(object, "toolbox.crop").isVisible()
    assert box.colours.isVisible()
