"""The Colorize page in the window: strokes, undo, colours, palettes, references, and what waits for one to come back."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from imgstudio.app.canvas.tools.base import Edge, Mark
from imgstudio.app.controllers.colorize_sight import Likely, LikelyJob, Nature
from imgstudio.core.colour_hints import Hint
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Point
from imgstudio.core.hint_strokes import flat
from imgstudio.filters.builtin.colorize import ColorizeParams

Key, Held = Qt.Key, Qt.KeyboardModifier
CTRL, ALT, SHIFT = Held.ControlModifier, Held.AltModifier, Held.ShiftModifier
SIDE = 120


class Eyes:
    """Knows photos without a network: it says that all of them are what it was told."""

    def __init__(self):
        self.nature = Nature("grey", (128, 128, 128))
        self.asked = []

    def nature_of(self, pixels):
        return self.nature

    def likely(self, pixels, whole, at, hints, count):
        self.asked.append(at)
        return [Likely((10 * index, 100, 200), 1 / (index + 1)) for index in range(1, count + 1)]


def painted(image, params, progress):
    """Discs of the hints, as the fake filter makes them."""
    out = image.pixels.copy()
    rows, columns = np.mgrid[: out.shape[0], : out.shape[1]] + 0.5
    for hint in params.hints:
        inside = np.hypot(columns + image.origin.x - hint.x, rows + image.origin.y - hint.y) <= hint.radius
        out[inside] = (0.5, 0.5, 0.5) if hint.keeps else np.array(hint[3:]) / 255
    return out


@pytest.fixture
def eyes(studio, monkeypatch):
    """A quick filter and quick eyes in the place of the networks."""
    filters, made = studio.context.filters, Eyes()
    quick = replace(filters["colorize"], run=painted, prepare=None, models=(), needs=(), chosen_models=None)
    monkeypatch.setitem(filters._filters, "colorize", quick)
    monkeypatch.setattr(studio.context.filter_panel.colorize.work.sight, "knows", made)
    monkeypatch.setattr(studio.context.filter_panel.colorize, "_shown_reference", None)
    return made


@pytest.fixture
def page(studio, eyes):
    """The page, open for a grey photo, with a small brush."""
    grey = np.full((SIDE, SIDE, 4), 255, np.uint8)
    grey[..., :3] = np.linspace(20, 230, SIDE, dtype=np.uint8)[None, :, None]
    studio.show_pixels(grey)
    studio.press_key(Key.Key_J)
    studio.context.tool_state.options["colour_hints"] = replace(tool(studio).settings, size=16.0)
    studio.settle()
    return studio.context.filter_panel.page


def tool(studio):
    return studio.context.tools.tools["colour_hints"]


def branch(studio):
    return studio.context.filter_panel.colorize


def paint(studio, *points, colour=(200, 40, 30), held=Held.NoModifier):
    branch(studio).work.choose(colour)
    studio.drag(list(points), held=held)
    shown(studio)


def shown(studio):
    """Wait until what is asked for is on the screen."""
    preview = studio.context.filter_panel.controller.preview
    studio.wait(lambda: not preview.is_busy and not studio.program.jobs.handles)


def hints(page):
    return page.form.value().hints


def is_red(studio, x, y):
    """Whether the red of the first strokes is seen there, whatever its lightness."""
    red, green, blue = studio.canvas.renderer.colour_at(x, y)[:3]
    return red - max(green, blue) > 60


def test_the_key_opens_the_page_and_takes_the_brush(studio, page):
    assert page.item.id == "colorize"
    assert studio.context.tools.current is tool(studio)
    assert studio.part("toolbox.colour_hints").isChecked()
    assert studio.part("hints.teach", page).isVisible()
    assert not studio.part("hints.list", page).isVisible()


def test_a_stroke_becomes_hints_and_is_seen_at_once(studio, page):
    before = studio.pixels()
    paint(studio, (30, 30), (60, 30))
    stroke = hints(page)
    assert {hint[2:] for hint in stroke} == {(8.0, 200.0, 40.0, 30.0)}
    assert stroke[0][:2] == pytest.approx((30, 30), abs=1)
    assert stroke[-1][:2] == pytest.approx((60, 30), abs=1)
    assert is_red(studio, 45, 30)
    assert not is_red(studio, 45, 60)
    np.testing.assert_array_equal(studio.pixels(), before)
    assert len(studio.document.history.labels) == 0


def test_undo_goes_through_strokes_and_leaves_the_document_alone(studio, page):
    for x in (20, 60, 100):
        paint(studio, (x, 30))
    for count in (2, 1, 0):
        studio.press_key(Key.Key_Z, CTRL)
        assert len(branch(studio).work.strokes) == count
    shown(studio)
    assert not is_red(studio, 20, 30)
    for count in (1, 2, 3):
        studio.press_key(Key.Key_Z, CTRL | SHIFT)
        assert len(branch(studio).work.strokes) == count
        assert len(hints(page)) == count
    assert studio.document.history.labels == []


def test_undo_takes_back_what_was_done_last_of_strokes_and_document(studio, page):
    paint(studio, (20, 30))
    studio.run("select.all")
    paint(studio, (60, 30))
    history, work = studio.document.history, branch(studio).work

    def state():
        return len(work.strokes), history.position

    passed = [state()]
    for _ in range(3):
        studio.undo()
        passed.append(state())
    assert passed == [(2, 1), (1, 1), (1, 0), (0, 0)]
    for wanted in reversed(passed[:-1]):
        studio.redo()
        assert state() == wanted
    studio.undo()
    paint(studio, (100, 100))
    assert not work.redo_label
    assert not history.can_redo


def test_undo_says_what_it_takes_back_also_with_another_tool_in_hand(studio, page):
    paint(studio, (20, 30))
    studio.tool("hand")
    studio.program.actions.refresh()
    action = studio.program.actions.actions["edit.undo"]
    assert action.isEnabled()
    assert action.text() == "Undo colour stroke"
    studio.undo()
    assert hints(page) == ()


def test_keep_and_erase(studio, page):
    paint(studio, (20, 60), (100, 60))
    tool(studio).choose("keep")
    studio.drag([(60, 20)])
    assert hints(page)[-1].keeps
    studio.press_key(Key.Key_X)
    studio.drag([(60, 55), (60, 65)])
    studio.settle()
    assert len(branch(studio).work.strokes) == 3
    assert all(abs(hint.x - 60) >= 16 for hint in hints(page) if not hint.keeps)
    studio.undo()
    assert len(branch(studio).work.strokes) == 2


def test_marks_show_where_strokes_lie_whatever_tool_is_in_hand(studio, page):
    paint(studio, (20, 60), (40, 60))
    studio.tool("hand")
    (mark,) = studio.context.tool_state.marks
    assert isinstance(mark, Mark)
    assert mark.colour == (200, 40, 30)
    studio.click(studio.part("hints.marks", page))
    assert studio.context.tool_state.marks == ()
    branch(studio).work.marks.point_out(0)
    assert isinstance(studio.context.tool_state.marks[0], Edge)
    studio.click(studio.part("hints.marks", page))
    studio.context.filter_panel.close_filter()
    assert studio.context.tool_state.marks == ()


def test_the_list_recolours_removes_and_points_out(studio, page):
    paint(studio, (20, 60))
    paint(studio, (60, 60), colour=(20, 40, 200))
    rows = studio.part("hints.list", page)
    assert rows.model().data(rows.model().index(0, 0)) == "Stroke 2 · 16 px"
    QTest.mouseMove(rows.viewport(), QPoint(60, 12))
    studio.wait(lambda: any(isinstance(item, Edge) for item in studio.context.tool_state.marks))
    editor = page.form.editors["hints"]
    editor.recolour(1, (1.0, 2.0, 3.0))
    assert hints(page)[1][3:] == (1.0, 2.0, 3.0)
    rows.setFocus()
    rows.setCurrentIndex(rows.model().index(1, 0))
    QTest.keyClick(rows, Key.Key_Delete)
    assert [hint[3:] for hint in hints(page)] == [(1.0, 2.0, 3.0)]
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(rows.viewport().width() - 8, 12))
    assert hints(page) == ()
    for count in (1, 2, 2):
        studio.undo()
        assert len(hints(page)) == count
    assert hints(page)[1][3:] == (20.0, 40.0, 200.0)
    studio.settle()


def test_clear_all_is_one_step(studio, page):
    for x in (20, 60):
        paint(studio, (x, 60))
    studio.click(studio.part("hints.clear", page))
    assert hints(page) == ()
    studio.undo()
    assert len(hints(page)) == 2
    studio.settle()


def test_a_menu_gives_a_stroke_the_current_colour_or_none(studio, page):
    paint(studio, (20, 60))
    branch(studio).work.choose((7, 8, 9))
    editor = page.form.editors["hints"]
    choices = {action.text(): action for action in editor.menu_for(0).actions()}
    choices["Use the current colour"].trigger()
    assert hints(page)[0][3:] == (7.0, 8.0, 9.0)
    choices["Keep what is there"].trigger()
    assert hints(page)[0].keeps
    studio.settle()


def test_strokes_that_touch_stay_apart_in_the_list(studio, page):
    paint(studio, (20, 60))
    paint(studio, (22, 60))
    assert len(branch(studio).work.strokes) == 2
    page.form.set_value(page.form.value())
    assert len(page.form.editors["hints"].strokes) == 2


def test_alt_click_picks_what_is_seen(studio, page):
    paint(studio, (30, 30))
    branch(studio).work.choose((1, 2, 3))
    studio.drag([(30, 30)], held=ALT)
    red, green, blue = branch(studio).work.colour
    assert red - max(green, blue) > 60
    red, green, blue = studio.pixels()[90, 90, :3].tolist()
    studio.drag([(90.5, 90.5)], held=ALT)
    assert branch(studio).work.colour == pytest.approx((red, green, blue), abs=3)


def test_likely_colours_follow_a_resting_pointer_and_keys_take_them(studio, page, eyes):
    QTest.mouseMove(studio.canvas, studio.on_screen(40, 50))
    work = branch(studio).work
    studio.wait(lambda: len(work.likely) == 6)
    assert eyes.asked[-1] == pytest.approx((40, 50), abs=1)
    assert studio.part("colorize.likely", page).colours[0] == (10, 100, 200)
    studio.press_key(Key.Key_2)
    assert work.colour == (20, 100, 200)
    likely = studio.part("colorize.likely", page)
    QTest.mouseClick(likely, Qt.MouseButton.LeftButton, pos=likely.cell(4).center())
    assert work.colour == (50, 100, 200)
    assert studio.part("colorize.code", page).text() == "#3264c8"


def test_likely_colours_wait_until_what_is_painted_is_seen(studio, page, eyes, monkeypatch):
    sight, place = branch(studio).work.sight, studio.on_screen(70, 30)
    QTest.mouseMove(studio.canvas, place)
    QTest.mousePress(studio.canvas, Qt.MouseButton.LeftButton, pos=place)
    sight._rest.timeout.emit()
    assert eyes.asked == []
    assert not studio.program.jobs.handles
    may_end = Event()
    slow = replace(page.item, run=lambda *given: (may_end.wait(20), painted(*given))[1])
    monkeypatch.setitem(studio.context.filters._filters, "colorize", slow)
    controller = studio.context.filter_panel.controller
    controller.question = replace(controller.question, item=slow)
    QTest.mouseRelease(studio.canvas, Qt.MouseButton.LeftButton, pos=place)
    studio.wait(lambda: studio.program.jobs.handles)
    sight._rest.timeout.emit()
    assert not any(isinstance(run.job, LikelyJob) for run in studio.program.jobs.handles)
    may_end.set()
    studio.wait(lambda: eyes.asked)
    assert not controller.preview.is_busy


def test_the_colour_is_typed_and_the_one_before_comes_back(studio, page):
    studio.context.filter_panel.close_filter()
    studio.context.tool_state.foreground = (5, 5, 5)
    page = studio.context.filter_panel.open("colorize")
    assert branch(studio).work.colour != (5, 5, 5), "grey says nothing about colours"
    code = studio.part("colorize.code", page)
    for text, colour in (
        ("#0a141e", (10, 20, 30)),
        ("200 100 50", (200, 100, 50)),
        ("so so", (200, 100, 50)),
    ):
        code.setText(text)
        code.editingFinished.emit()
        assert branch(studio).work.colour == colour
    studio.context.filter_panel.close_filter()
    assert studio.context.tool_state.foreground == (5, 5, 5)
    studio.context.filter_panel.open("colorize")
    assert branch(studio).work.colour == (200, 100, 50)


def test_palettes_are_changed_and_remembered(studio, page):
    box = branch(studio).colours.palettes
    count = len(box.grid.colours)
    branch(studio).work.choose((1, 2, 3))
    studio.click("colorize.palette_add")
    assert box.grid.colours[-1] == (1, 2, 3)
    assert len(box.grid.colours) == count + 1
    box.grid.remove_wanted.emit(0)
    assert len(box.grid.colours) == count
    studio.answers.form_answer = lambda params: replace(params, name="Aunt Ada")
    box._on_new()
    assert (box.names.currentText(), box.grid.colours) == ("Aunt Ada", ((1, 2, 3),))
    studio.answers.form_answer = lambda params: replace(params, name="Skin")
    box._on_rename()
    assert box.names.currentText() == "Skin 2"
    box.palettes.drop()
    assert box.names.currentText() == "Skin"
    box.palettes.drop()
    assert len(box.grid.colours) == count
    assert not box.palettes.is_changed


def test_a_tinted_photo_is_told_and_its_colours_are_one_click_away(studio, page, eyes):
    tint = branch(studio).tint
    assert not tint.isVisible()
    eyes.nature = Nature("tinted", (150, 130, 110))
    studio.context.filter_panel.close_filter()
    page = studio.context.filter_panel.open("colorize")
    tint = branch(studio).tint
    studio.wait(tint.isVisible)
    assert "sepia" in tint.text()
    tint.linkActivated.emit("do")
    assert page.form.value().start == "colours"
    assert "stays" in tint.text()
    tint.linkActivated.emit("do")
    assert page.form.value().start == "grey"
    studio.settle()


def test_a_reference_is_shown_to_pick_from_and_given_when_wanted(studio, page, tmp_path):
    name = tmp_path / f"{'a long name of a postcard ' * 4}.png"
    Image.fromarray(np.full((30, 60, 3), (10, 120, 60), np.uint8)).save(name)
    reference = branch(studio).reference
    reference.file.take(name)
    studio.settle()
    assert page.form.value().reference is None
    assert not studio.part("reference_strength.row", page).isVisible()
    picture = reference.picture
    QTest.mouseClick(picture, Qt.MouseButton.LeftButton, pos=picture.rect().center())
    assert branch(studio).work.colour == (10, 120, 60)
    studio.click(reference.gives)
    assert page.form.value().reference == name
    assert studio.part("reference_strength.row", page).isVisible()
    reference.file.clear_by_person()
    assert page.form.value().reference is None
    assert not picture.isVisible()
    studio.settle()


def test_a_reference_may_be_dropped_on_the_one_that_is_shown(studio, page, tmp_path):
    reference, count = branch(studio).reference, len(studio.program.documents.all)
    for name, colour in (("first.png", (10, 120, 60)), ("second.png", (120, 10, 60))):
        Image.fromarray(np.full((30, 60, 3), colour, np.uint8)).save(tmp_path / name)
        studio.drop_folder("colorize.reference_box", tmp_path / name)
        studio.settle()
        assert reference.path == tmp_path / name
        picture = reference.picture
        QTest.mouseClick(picture, Qt.MouseButton.LeftButton, pos=picture.rect().center())
        assert branch(studio).work.colour == colour
    assert len(studio.program.documents.all) == count


def test_a_reference_that_is_no_picture_says_so(studio, page, tmp_path):
    name = tmp_path / "words.png"
    name.write_text("no picture", encoding="utf-8")
    reference = branch(studio).reference
    reference.file.take(name)
    studio.settle()
    assert reference.said.isVisible()
    assert "words.png" in reference.said.text()
    assert not reference.gives.isVisible()


def test_cancel_keeps_nothing(studio, page):
    before = studio.pixels()
    paint(studio, (30, 30))
    studio.click("filter.cancel")
    assert studio.context.tools.current is not tool(studio)
    np.testing.assert_array_equal(studio.pixels(), before)
    assert studio.document.history.labels == []
    page = studio.context.filter_panel.open("colorize")
    assert hints(page) == ()
    branch(studio).returned.linkActivated.emit("do")
    assert len(hints(page)) == 1, "whoever cancelled by mistake asks for it"
    assert not branch(studio).returned.isVisible()
    shown(studio)
    assert is_red(studio, 30, 30)
    studio.undo()
    assert hints(page) == ()
    studio.settle()


def test_another_filter_lets_strokes_wait(studio, page):
    paint(studio, (30, 30))
    painted_before = hints(page)
    studio.run("filter.exposure")
    assert studio.context.tools.current is not tool(studio)
    page = studio.context.filter_panel.open("colorize")
    assert hints(page) == painted_before
    assert branch(studio).returned.isVisible()
    studio.undo()
    assert hints(page) == ()
    studio.redo()
    branch(studio).returned.linkActivated.emit("do")
    assert hints(page) == ()
    studio.settle()


def test_every_document_has_its_own_strokes(studio, page):
    first = studio.document
    paint(studio, (30, 30))
    on_first = hints(page)
    second = studio.show_pixels(np.full((60, 60, 4), 200, np.uint8))
    assert hints(page) == ()
    paint(studio, (10, 10), colour=(20, 200, 30))
    studio.program.documents.show(first)
    shown(studio)
    assert hints(page) == on_first
    assert is_red(studio, 30, 30)
    studio.program.documents.show(second)
    assert [hint[3:] for hint in hints(page)] == [(20.0, 200.0, 30.0)]
    studio.program.documents.close(second)
    assert hints(page) == on_first
    studio.settle()


def test_applying_is_one_step_and_the_recipe_brings_the_strokes_back(studio, page):
    paint(studio, (30, 30), (60, 30))
    paint(studio, (60, 90), colour=(20, 40, 200))
    shown, strokes = studio.canvas.renderer.colour_at(45, 30)[:3], branch(studio).work.strokes
    studio.click("filter.apply")
    studio.wait(lambda: len(studio.document.layers) == 2)
    layer = studio.document.active
    assert studio.document.history.labels == ["Colorize"]
    assert studio.canvas.renderer.colour_at(45, 30)[:3] == shown
    studio.press_key(Key.Key_J)
    page = studio.context.filter_panel.page
    assert hints(page) == flat(strokes)
    assert branch(studio).work.strokes == strokes
    page.form.editors["hints"].remove(0)
    studio.settle()
    studio.click("filter.apply")
    studio.wait(lambda: len(studio.document.history.labels) == 2)
    assert studio.document.active is layer
    assert len(layer.recipe.steps[-1].params["hints"]) == 1
    studio.undo()
    assert len(layer.recipe.steps[-1].params["hints"]) == len(flat(strokes))


def test_no_stroke_gets_lost_while_it_is_applied(studio, page, monkeypatch):
    paint(studio, (30, 30))
    work = branch(studio).work
    monkeypatch.setattr(work, "is_held", True)
    work.add_stroke((Point(60, 60),), 8.0, "colour")
    assert len(work.strokes) == 1
    assert work.undo_label == ""


def test_presets_hold_no_strokes(studio, page):
    paint(studio, (30, 30))
    preset = page._preset_now("mine")
    assert preset.params.hints == ()
    page._on_preset(replace(preset, params=ColorizeParams(hints=(Hint(1, 1, 1, 2, 3, 4),), vivid=0.9)))
    assert page.form.value().vivid == 0.9
    assert len(hints(page)) == 1
    assert hints(page)[0].radius == 8
    studio.settle()


def test_strokes_outside_the_picture_are_refused_and_those_across_its_edge_taken(studio, page):
    work = branch(studio).work
    work.add_stroke((Point(-30, 40), Point(-20, 40)), 8.0, "colour")
    assert work.strokes == ()
    work.add_stroke((Point(-30, 40), Point(20, 40)), 8.0, "colour")
    assert len(work.strokes) == 1
    studio.settle()


def test_two_hundred_strokes_are_listed_and_marked(studio, page):
    work = branch(studio).work
    for index in range(200):
        work.add_stroke((Point(index % 100 + 5, index // 2 + 5),), 3.0, "colour")
    rows = studio.part("hints.list", page)
    assert rows.model().rowCount() == 200
    assert rows.height() == 6 * 24
    assert len(studio.context.tool_state.marks) == 200
    assert studio.part("hints.said", page).text() == "200 strokes"
    studio.settle()


def test_the_tool_before_comes_back_unless_another_was_taken(studio, page):
    studio.context.filter_panel.close_filter()
    studio.tool("brush")
    studio.context.filter_panel.open("colorize")
    studio.context.filter_panel.close_filter()
    assert studio.context.tools.current.id == "brush"
    studio.context.filter_panel.open("colorize")
    studio.tool("lasso")
    studio.context.filter_panel.close_filter()
    assert studio.context.tools.current.id == "lasso"


def test_tab_goes_down_the_page(studio, page):
    start, passed = page.sheet, []
    at = start.nextInFocusChain()
    while at is not start and len(passed) < 1000:
        passed.append(at.objectName())
        at = at.nextInFocusChain()
    wanted = [
        "colorize.swatch",
        "colorize.code",
        "colorize.likely",
        "colorize.palette",
        "colorize.palette_add",
    ]
    wanted += [
        "colorize.palette_colours",
        "hints.list",
        "start.buttons.0",
        "reference.target",
        "filter.apply",
    ]
    places = [passed.index(name) for name in wanted]
    assert places == sorted(places)


def test_bracket_keys_change_the_size(studio, page):
    studio.press_key(Key.Key_BracketRight)
    assert tool(studio).settings.size == 19
    studio.press_key(Key.Key_BracketLeft)
    assert tool(studio).settings.size == 16


def test_a_crop_takes_the_strokes_of_a_recipe_along(studio, page):
    paint(studio, (60, 60))
    studio.click("filter.apply")
    studio.wait(lambda: len(studio.document.layers) == 2)
    layer = studio.document.active
    x, y = layer.recipe.steps[-1].params["hints"][0][:2]
    studio.tool("rectangle")
    studio.drag([(20, 30), (110, 110)])
    corner = studio.document.selection.bounds()
    studio.run("image.crop")
    studio.settle()
    studio.document.active = layer
    page = studio.context.filter_panel.rerun(layer)
    assert hints(page)[0][:2] == pytest.approx((x - corner.x, y - corner.y), abs=0.1)
    studio.settle()


def test_who_does_not_know_what_is_likely_says_so_once(studio, page, eyes):
    def fail(*args):
        raise UserError("The network cannot be read", "", "Install it anew")

    eyes.likely = fail
    for x in (40, 60, 80):
        QTest.mouseMove(studio.canvas, studio.on_screen(x, 50))
        studio.wait(lambda: not branch(studio).work.sight._rest.isActive())
        studio.settle()
    assert len(studio.errors) == 1


def test_closing_asks_about_strokes_that_are_not_applied(studio, page):
    document = studio.document
    paint(studio, (30, 30))
    studio.run("file.close")
    assert studio.answers.asked == ["Colour strokes"]
    assert document in studio.program.documents.all
    studio.run("filter.exposure")
    studio.answers.form_answer = lambda params: params
    studio.run("file.close")
    studio.wait(lambda: document not in studio.program.documents.all)
    assert studio.answers.asked == ["Colour strokes"] * 2
