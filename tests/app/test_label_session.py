"""Labelling a project: what is written when, what stays in memory, what is off meanwhile."""

from __future__ import annotations

import gc
import shutil
import weakref
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from imgstudio.app.controllers.labelling import classes
from imgstudio.app.controllers.labelling.effort import IDLE_SECONDS, EffortMeter
from imgstudio.app.controllers.labelling.order import following, neighbour, next_to_label
from imgstudio.app.controllers.labelling.pictures import BEHIND
from imgstudio.app.controllers.labelling.rescanning import rescan
from imgstudio.app.controllers.labelling.sequence import copy_previous
from imgstudio.app.controllers.labelling.session import AHEAD
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect
from imgstudio.core.labelled import PaintRules
from imgstudio.core.labelling.painting import write_labels
from imgstudio.core.labelproject.entries import Effort, Entry
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import UNSEEN, LabelClass, classes_named
from imgstudio.core.tiles import TileStore
from tests.fakes.labelling import (
    CLASSES,
    HEIGHT,
    WIDTH,
    gone_to,
    opened,
    painted,
    pictures_in,
    project_in,
    rested,
)

WHOLE = Rect(0, 0, WIDTH, HEIGHT)


@pytest.fixture
def project(tmp_path):
    return project_in(tmp_path / "street", 8)


@pytest.fixture
def session(studio, project):
    return opened(studio, project.path)


def written(project, name="0.png"):
    """What a program that is started now would find."""
    return ProjectFolder.open(project.path).labels(name)


def filled(session, value, rect):
    """Label a box of the picture, as one step."""
    covered = np.ones((rect.height, rect.width), np.bool_)
    session.set_rules(PaintRules(value=value))
    write_labels(session.document, rect, covered, value, "Box")


def test_a_stroke_is_written_and_the_picture_is_not(studio, session, project):
    before = project.picture("0.png").read_bytes()
    painted(studio, 2, [(20, 20), (60, 20)])
    np.testing.assert_array_equal(written(project), session.document.labels.mask(WHOLE))
    assert (written(project)[20, 20:60] == 2).all()
    assert (written(project)[60] == UNSEEN).all()
    assert project.picture("0.png").read_bytes() == before
    entry = ProjectFolder.open(project.path).entry("0.png")
    assert entry.state == "in work"
    assert entry.classes == (2,)
    assert entry.effort.strokes == 1
    assert 0 < entry.labelled < 1


def test_undo_and_redo_are_written_too_and_are_no_strokes(studio, session, project):
    painted(studio, 1, [(20, 20), (60, 20)])
    studio.undo()
    rested(studio)
    assert (written(project) == UNSEEN).all()
    studio.redo()
    rested(studio)
    assert (written(project)[20, 20:60] == 1).all()
    assert session.entry.effort.strokes == 1


def test_of_many_quick_strokes_the_newest_state_is_written(studio, session, project):
    for number in range(12):
        filled(session, 1 + number % 3, Rect(4 * number, 0, 40, HEIGHT))
        studio.wait(lambda: not session.strokes.is_pending)
    rested(studio)
    np.testing.assert_array_equal(written(project), session.document.labels.mask(WHOLE))


def test_each_finished_stroke_is_told_once_with_its_box(studio, session):
    told = []
    session.labels_edited.connect(told.append)
    filled(session, 1, Rect(10, 10, 20, 20))
    studio.wait(lambda: told)
    studio.settle()
    assert len(told) == 1
    assert told[0].intersect(Rect(10, 10, 20, 20)) == Rect(10, 10, 20, 20)


def test_steps_can_be_undone_after_going_on_and_back(studio, session, project):
    painted(studio, 1, [(20, 20), (60, 20)])
    session.step(1)
    studio.wait(lambda: session.shown == "1.png")
    assert session.document.labels.store.is_empty
    session.step(-1)
    studio.wait(lambda: session.shown == "0.png")
    studio.undo()
    rested(studio)
    assert (written(project) == UNSEEN).all()


def test_few_pictures_stay_in_memory_and_the_next_ones_are_there(studio, tmp_path):
    session = opened(studio, project_in(tmp_path / "many", 40).path)
    for number in range(1, 30):
        session.step(1)
        studio.wait(lambda number=number: session.shown == f"{number}.png")
        studio.settle()
        held = session.shelf.documents
        assert {f"{number + step}.png" for step in range(1, AHEAD + 1)} <= set(held)
        assert len(held) <= 1 + AHEAD + BEHIND
        assert set(studio.program.documents.all) <= set(held.values())


def test_a_picture_that_is_let_go_of_takes_no_memory_until_some_garbage_collection(studio, session):
    gone = weakref.ref(session.document)
    filled(session, 1, Rect(0, 0, 30, 30))
    rested(studio)
    gc.collect()
    gc.disable()
    for number in range(1, 7):
        session.step(1)
        studio.wait(lambda number=number: session.shown == f"{number}.png")
        studio.settle()
    left = gone() is not None
    gc.enable()
    assert not left


def test_the_menu_on_the_picture_is_one_for_labels(studio, session):
    studio.canvas.context_menu.emit(QPoint(20, 20))
    menu = studio.part("canvas.label_menu")
    assert menu.isVisible()
    menu.close()


def test_what_is_read_ahead_is_shown_at_once(studio, session):
    studio.settle()
    session.step(1)
    assert session.shown == "1.png"
    assert studio.document is session.document


def test_the_old_picture_stays_until_the_new_one_is_there(studio, session):
    first = session.document
    session.show("7.png")
    assert session.entry.name == "7.png"
    assert studio.document is first
    assert session.shown == "0.png"
    studio.wait(lambda: session.shown == "7.png")
    assert studio.document is not first


def test_a_stroke_while_the_next_picture_is_read_belongs_to_the_one_that_is_seen(studio, session, project):
    session.show("7.png")
    filled(session, 3, Rect(0, 0, 10, 10))
    studio.wait(lambda: session.shown == "7.png")
    studio.settle()
    assert (written(project)[:10, :10] == 3).all()
    assert written(project, "7.png") is None


def test_label_pictures_are_guests_without_tabs_and_questions(studio, session, project):
    painted(studio, 1, [(20, 20), (60, 20)])
    assert studio.program.documents.guests
    assert studio.window.tabs.count() == 0
    assert not studio.program.documents.unsaved()
    assert not studio.window.isWindowModified()
    studio.program.recovery.save_all()
    assert not studio.program.jobs.handles
    studio.window.close()
    studio.wait(lambda: not studio.window.isVisible())
    assert not studio.answers.asked
    assert (written(project)[20, 20:60] == 1).all()


def test_closing_the_window_waits_for_what_is_being_written(studio, session, project):
    filled(session, 2, Rect(0, 0, 50, 50))
    studio.window.close()
    studio.wait(lambda: not studio.window.isVisible())
    assert (written(project)[:50, :50] == 2).all()


def test_what_changes_the_picture_is_off_while_it_is_labelled(studio, session):
    actions = studio.program.actions
    off = ("image.resize", "image.turn_right", "layer.add", "filter.gaussian_blur", "edit.fill", "edit.clear",
           "edit.paste", "edit.transform", "file.save", "file.export", "tool.move", "tool.crop",
           "tool.mask_brush", "select.quick_mask")  # fmt: skip
    before = studio.pixels()
    for action_id in off:
        if action_id in actions.specs:
            assert not actions.is_enabled(action_id), action_id
            studio.run(action_id)
    np.testing.assert_array_equal(studio.pixels(), before)
    assert session.document.bounds == WHOLE
    for action_id in ("edit.undo", "view.fit", "select.all", "tool.brush", "tool.lasso", "label.next"):
        assert action_id in actions.specs
    studio.window.workspaces.show("edit")
    studio.show_pixels(np.full((20, 20, 4), 200, np.uint8))
    assert actions.is_enabled("image.resize")
    assert actions.is_enabled("tool.move")
    assert not actions.is_enabled("label.next")


def test_the_picture_that_was_edited_comes_back_with_its_tool(studio, project):
    edited = studio.show_pixels(np.full((20, 20, 4), 200, np.uint8))
    studio.tool("crop")
    session = opened(studio, project.path)
    assert studio.context.tool_state.target == "labels"
    assert studio.context.tools.current.id == "brush"
    studio.tool("lasso")
    studio.window.workspaces.show("edit")
    assert studio.document is edited
    assert studio.context.tool_state.target == "pixels"
    assert studio.context.tools.current.id == "crop"
    studio.window.workspaces.show("label")
    assert studio.document is session.document
    assert studio.context.tool_state.target == "labels"
    assert studio.context.tools.current.id == "lasso"


def test_a_picture_that_is_opened_meanwhile_is_edited(studio, session, tmp_path):
    pictures_in(tmp_path / "other", 1)
    studio.open(tmp_path / "other" / "0.png")
    assert studio.window.workspaces.current == "edit"
    assert studio.context.tool_state.target == "pixels"
    assert studio.document is not session.document
    assert studio.window.tabs.count() == 1


def test_the_picture_itself_can_be_edited_beside(studio, session, project):
    before = session.document
    studio.open(project.picture("0.png"))
    assert studio.window.workspaces.current == "edit"
    assert studio.document is not before
    assert studio.document.labels is None
    studio.window.workspaces.show("label")
    assert studio.document is before


def drop(studio, path):
    """Drag a file or folder onto the middle of the window."""
    window, data = studio.window, QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place, plain = window.rect().center(), Qt.KeyboardModifier.NoModifier
    kinds = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, plain)
    QApplication.sendEvent(window, QDragEnterEvent(place, *kinds))
    QApplication.sendEvent(window, QDropEvent(QPointF(place), *kinds))


def test_a_dropped_picture_is_opened_and_never_becomes_a_layer_of_one_that_is_labelled(
    studio, session, tmp_path
):
    pictures_in(tmp_path / "other", 1)
    drop(studio, tmp_path / "other" / "0.png")
    studio.wait(lambda: studio.window.tabs.count() == 1)
    assert studio.window.workspaces.current == "edit"
    assert len(list(session.document.layers.all())) == 1


def test_a_project_that_is_dropped_anywhere_is_labelled(studio, tmp_path):
    drop(studio, project_in(tmp_path / "street", 2).path)
    studio.wait(
        lambda: studio.context.labelling is not None and studio.context.labelling.document is not None
    )
    assert studio.window.workspaces.current == "label"


def test_reading_a_project_again_goes_on_with_the_same_picture(studio, session, project):
    gone_to(studio, "3.png")
    session.set_rules(PaintRules(value=3))
    project.write("3.png", np.full((HEIGHT, WIDTH), 2, np.uint8))  # as an import does
    session.open(project.path)
    studio.wait(lambda: session.shown == "3.png" and session.document.labels.value_at(0, 0) == 2)
    assert session.rules.value == 3


def test_training_is_watched_with_the_labelled_picture_kept(studio, session):
    studio.window.workspaces.show("train")
    assert studio.window.workspaces.current == "train"
    assert studio.document is session.document
    studio.window.workspaces.show("label")
    assert studio.document is session.document


def test_a_state_said_during_a_write_is_kept(studio, session, project):
    filled(session, 1, Rect(0, 0, 30, 30))
    studio.run("label.done_next")
    studio.wait(lambda: session.shown == "1.png")
    studio.settle()
    entry = ProjectFolder.open(project.path).entry("0.png")
    assert entry.state == "done"
    assert entry.classes == (1,)


def test_a_flag_is_kept_and_told(studio, session, project):
    told = []
    session.entries_changed.connect(told.extend)
    session.set_flagged(True)
    assert told == ["0.png"]
    assert ProjectFolder.open(project.path).entry("0.png").is_flagged


def test_labels_of_another_size_are_told_and_never_overwritten(studio, session, project):
    other = np.full((5, 9), 1, np.uint8)
    project.write("3.png", other)
    session.show("3.png")
    studio.wait(lambda: studio.errors)
    assert "do not fit" in studio.errors[-1].what
    assert session.document is None
    assert session.has_failed
    np.testing.assert_array_equal(written(project, "3.png"), other)
    session.step(1)
    studio.wait(lambda: session.shown == "4.png")
    assert studio.document is session.document


def test_a_broken_picture_does_not_stop_the_work(studio, session, project):
    project.picture("6.png").write_bytes(b"no picture")
    session.show("6.png")
    studio.wait(lambda: studio.errors)
    assert isinstance(studio.errors[-1], UserError)
    assert studio.part("label.home").isVisible()
    session.step(-1)
    studio.wait(lambda: session.shown == "5.png")
    assert not studio.part("label.home").isVisible()


def test_labels_that_cannot_be_written_are_told_kept_and_written_later(studio, session, project):
    shutil.move(project.path / "project.json", project.path / "aside")
    (project.path / "labels").write_bytes(b"in the way")
    filled(session, 2, Rect(0, 0, 30, 30))
    studio.wait(lambda: studio.errors)
    assert list(session.saver.unwritten) == ["0.png"]
    for step in range(6):
        session.step(1)
        studio.wait(lambda step=step: session.shown == f"{step + 1}.png")
    assert "0.png" in session.shelf.documents, "what is not written is not let go of"
    (project.path / "labels").unlink()
    shutil.move(project.path / "aside", project.path / "project.json")
    session.save_now()
    studio.settle()
    assert not session.saver.unwritten
    assert (written(project)[:30, :30] == 2).all()


def test_stopping_all_jobs_does_not_stop_the_labels(studio, session, project):
    filled(session, 2, Rect(0, 0, 30, 30))
    studio.wait(lambda: session.saver.is_busy)
    for handle in list(studio.program.jobs.handles):
        handle.cancel()
    studio.settle()
    assert (written(project)[:30, :30] == 2).all()


def test_rules_go_along_from_picture_to_picture(studio, session):
    session.set_rules(PaintRules(value=3, where="unlabelled", locked=frozenset({1})))
    gone_to(studio, "1.png")
    assert session.document.labels.rules == PaintRules(value=3, where="unlabelled", locked=frozenset({1}))
    session.document.labels.rules = PaintRules(value=2)  # as a tool that takes a class from the picture does
    assert session.rules.value == 2


def test_classes_are_changed_in_the_project_and_on_the_picture(studio, session, project):
    session.set_classes(classes.changed(session.classes, 2, name="street", colour=(1, 2, 3)))
    assert session.document.labels.name(2) == "street"
    assert ProjectFolder.open(project.path).classes[1] == LabelClass(2, "street", (1, 2, 3), "2")
    painted(studio, 2, [(20, 20), (60, 20)])
    with pytest.raises(UserError):
        session.set_classes(classes.without(session.classes, 2))
    session.set_classes(classes.without(session.classes, 3))
    assert [known.value for known in session.classes] == [1, 2]


def test_another_project_takes_the_place_of_the_first(studio, session, project, tmp_path):
    painted(studio, 1, [(20, 20), (60, 20)])
    second = project_in(tmp_path / "second", 2)
    session.open(second.path)
    studio.wait(lambda: session.project is not None and session.project.path == second.path)
    studio.wait(lambda: session.shown == "0.png")
    assert session.document.labels.store.is_empty
    assert len(studio.program.documents.guests) == 1
    assert studio.settings.recent_projects[:2] == (str(second.path), str(project.path))
    session.close()
    assert session.project is None
    assert studio.program.documents.current is None
    assert not studio.program.documents.all


def test_new_and_gone_pictures_are_found(studio, session, project):
    Image.new("RGB", (WIDTH, HEIGHT)).save(project.path / "8.png")
    project.picture("5.png").unlink()
    assert rescan(session) == 2
    names = [entry.name for entry in session.project.entries()]
    assert "8.png" in names
    assert "5.png" not in names


def test_labels_are_copied_from_the_picture_before_where_there_are_none(studio, session):
    with pytest.raises(UserError):
        copy_previous(session)
    filled(session, 1, Rect(0, 0, WIDTH, 20))
    gone_to(studio, "1.png")
    filled(session, 2, Rect(0, 10, WIDTH, 20))
    studio.run("label.copy_previous")
    mask = session.document.labels.mask(WHOLE)
    assert (mask[:10] == 1).all()
    assert (mask[10:30] == 2).all()
    assert (mask[30:] == UNSEEN).all()
    studio.undo()
    assert (session.document.labels.mask(WHOLE)[:10] == UNSEEN).all()


def test_pictures_between_two_labelled_ones_get_a_proposal(studio, session, project):
    filled(session, 1, Rect(0, 0, WIDTH, 10))
    filled(session, 2, Rect(0, 10, WIDTH, HEIGHT - 10))
    rested(studio)
    gone_to(studio, "4.png")
    filled(session, 1, Rect(0, 0, WIDTH, 50))
    filled(session, 2, Rect(0, 50, WIDTH, HEIGHT - 50))
    studio.run("label.interpolate")
    studio.settle()
    states = [project.entry(name).state for name in ("1.png", "2.png", "3.png")]
    assert {ProjectFolder.open(project.path).entry(f"{n}.png").state for n in (1, 2, 3)} == {"predicted"}
    assert states == ["new"] * 3, "another window's project is not this one's"
    gone_to(studio, "2.png")
    said = session.document.labels.prediction.read(WHOLE)[..., 0]
    assert (said[:25] == 1).all()
    assert (said[35:] == 2).all()
    studio.run("label.accept")
    np.testing.assert_array_equal(session.document.labels.mask(WHOLE), said)


def test_a_proposal_can_be_sent_away(studio, session):
    session.project.write_prediction(
        "1.png", np.full((HEIGHT, WIDTH), 2, np.uint8), np.full((HEIGHT, WIDTH), 40, np.uint8)
    )
    session.shelf.forget("1.png")
    gone_to(studio, "1.png")
    assert studio.program.actions.is_enabled("label.discard")
    studio.run("label.discard")
    assert session.document.labels.prediction is None
    assert not studio.program.actions.is_enabled("label.accept")


def test_enter_and_escape_are_there_as_soon_as_something_is_proposed(studio, session):
    prediction = TileStore(1, fill=UNSEEN)
    prediction.write(WHOLE, np.full((HEIGHT, WIDTH, 1), 2, np.uint8))
    session.document.labels.predict(prediction, None)
    studio.press_key(Qt.Key.Key_Return)
    rested(studio)
    assert (session.document.labels.mask(WHOLE) == 2).all()
    studio.press_key(Qt.Key.Key_Escape)
    assert session.document.labels.prediction is None
    assert (session.document.labels.mask(WHOLE) == 2).all()


def test_only_time_with_hands_at_work_counts(qapp):
    now = [0.0]
    meter = EffortMeter(None, clock=lambda: now[0])
    meter.begin(Effort(strokes=3, seconds=10.0))
    for moment in (1.0, 3.0, 4.5, 4.5 + IDLE_SECONDS + 1, 6.5 + IDLE_SECONDS):
        now[0] = moment
        meter.note()
    assert meter.effort.seconds == pytest.approx(10.0 + 3.5 + 1.0)
    meter.note(click=True)
    meter.add_stroke()
    assert (meter.effort.strokes, meter.effort.clicks) == (4, 1)


def test_time_goes_on_where_it_stopped_when_a_picture_comes_again(studio, session):
    painted(studio, 1, [(20, 20), (60, 20)])
    spent = session.meter.effort
    gone_to(studio, "1.png")
    assert session.meter.effort.strokes == 0
    gone_to(studio, "0.png")
    assert session.meter.effort.strokes == spent.strokes
    assert session.meter.effort.seconds >= spent.seconds


def test_the_next_picture_follows_the_order_on_the_screen():
    order = ("a", "b", "c", "d")
    assert neighbour(order, "b", 1) == "c"
    assert neighbour(order, "d", 1) == "d"
    assert neighbour(order, "a", -3) == "a"
    assert neighbour(order, "gone", 1) == "a"
    assert neighbour((), "a", 1) == ""
    assert following(order, "c", 1, 2) == ("d",)
    assert following(order, "c", -1, 2) == ("b", "a")


def test_the_least_sure_picture_is_next_to_label():
    entries = [Entry("a"), Entry("b", unsure=0.2), Entry("c", unsure=0.6), Entry("d", "done", unsure=0.9)]
    assert next_to_label(entries, "a") == "c"
    assert next_to_label(entries, "c") == "b"
    fresh = [replace(entry, unsure=None) for entry in entries]
    assert next_to_label(fresh, "a") == "b"
    assert next_to_label(fresh, "c") == "a"
    assert next_to_label([Entry("d", "done")], "d") == ""


def test_classes_get_values_names_and_keys_of_their_own():
    many = classes_named([f"c{n}" for n in range(12)])
    more = classes.with_another(many[:3])
    assert more[-1].value == 4
    assert more[-1].key == "4"
    assert classes.with_another(many)[-1].key == ""
    swapped = classes.with_key(CLASSES, 1, "3")
    assert [known.key for known in swapped] == ["3", "2", "1"]
    assert [known.key for known in classes.with_key(CLASSES, 1, "")] == ["", "2", "3"]
    with pytest.raises(UserError):
        classes.changed(CLASSES, 1, name="road")
    gap = classes.without(CLASSES, 2)
    assert classes.with_another(gap)[-1].value == 4, "a value that was another class is not used again"


def test_the_effort_line_tells_strokes_and_time(studio, session):
    painted(studio, 1, [(20, 20), (60, 20)])
    line = studio.part("status.effort")
    assert line.text().startswith("1 stroke  ·  0:0")
    studio.window.workspaces.show("edit")
    assert not line.isVisible()


def test_keys_of_labelling_work_only_while_one_labels(studio, session):
    studio.press_key(Qt.Key.Key_2)
    assert session.rules.value == 2
    studio.press_key(Qt.Key.Key_0)
    assert session.rules.value == 0
    studio.press_key(Qt.Key.Key_D)
    studio.wait(lambda: session.shown == "1.png")
    studio.press_key(Qt.Key.Key_A)
    studio.wait(lambda: session.shown == "0.png")
    studio.window.workspaces.show("edit")
    studio.show_pixels(np.full((20, 20, 4), 200, np.uint8))
    studio.tool("brush")
    studio.press_key(Qt.Key.Key_3)
    assert studio.context.tools.current.options.opacity == pytest.approx(0.3)
    studio.press_key(Qt.Key.Key_A)
    assert studio.context.tools.current.id == "ai_select"
