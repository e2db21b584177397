"""The layers panel by mouse and keys; what is checked is the document."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget

from imgstudio.app.controllers import layer_edits
from imgstudio.app.panels.history import HistoryPanel
from imgstudio.app.panels.layer_thumbnails import sampled
from imgstudio.app.panels.layers import LayersPanel
from imgstudio.core.blend import render_layer
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect, Transform
from imgstudio.core.layers import Layer
from imgstudio.core.recipe import Recipe, RecipeStep
from imgstudio.core.tiles import TileStore

spec = importlib.util.spec_from_file_location("fake_context", Path(__file__).with_name("fake_context.py"))
fake_context = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fake_context)

LEFT = Qt.MouseButton.LeftButton
SHIFT = Qt.KeyboardModifier.ShiftModifier


def make_document():
    document = Document.from_pixels(np.full((40, 60, 4), 200, np.uint8))
    for name in ("Middle", "Top"):
        layer = Layer(name, TileStore.from_array(np.full((40, 60, 4), 90, np.uint8)))
        document.layers.root.append(layer)
    document.active = document.layers.root[-1]
    return document


@pytest.fixture
def context():
    made = fake_context.FakeContext()
    made.documents.show(make_document())
    return made


@pytest.fixture
def document(context):
    return context.documents.current


@pytest.fixture
def panel(qtbot, context):
    made = LayersPanel(context)
    qtbot.addWidget(made)
    made.resize(260, 400)
    made.show()
    return made


def names(document):
    return [layer.name for layer in document.layers]


def layer(document, name):
    return next(item for item in document.layers.all() if item.name == name)


def spot(panel, item, part):
    return panel.tree.part_box(panel.model.index_of(item), part).center()


def click(panel, item, part, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.mouseClick(panel.tree.viewport(), LEFT, modifiers, spot(panel, item, part))


def drag(panel, start, *points):
    view = panel.tree.viewport()
    QTest.mousePress(view, LEFT, pos=start)
    for point in points:
        QTest.mouseMove(view, point)
    QTest.mouseRelease(view, LEFT, pos=points[-1])


def test_the_eye_hides_and_shows_and_both_can_be_undone(panel, document):
    top = layer(document, "Top")
    click(panel, top, "eye")
    assert not top.visible
    document.history.undo()
    assert top.visible


def test_a_click_makes_a_layer_active(panel, document):
    click(panel, layer(document, "Middle"), "name")
    assert document.active.name == "Middle"


def test_the_panel_follows_when_the_active_layer_changes_elsewhere(panel, document):
    document.active = layer(document, "Background")
    assert panel.tree.currentIndex().data() == "Background"


def test_a_double_click_renames_in_place(panel, document, qtbot):
    QTest.mouseDClick(panel.tree.viewport(), LEFT, pos=spot(panel, layer(document, "Middle"), "name"))
    editor = panel.tree.findChild(QLineEdit, "layers.name")
    editor.selectAll()
    QTest.keyClicks(editor, "Sky")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names(document) == ["Background", "Sky", "Top"])
    document.history.undo()
    assert names(document) == ["Background", "Middle", "Top"]


def test_dragging_a_row_down_reorders_in_one_step(panel, document):
    end = panel.tree.visualRect(panel.model.index_of(layer(document, "Background")))
    start = spot(panel, layer(document, "Top"), "name")
    drag(panel, start, start + QPoint(0, 20), QPoint(start.x(), end.bottom() - 4))
    assert names(document) == ["Top", "Background", "Middle"]
    assert len(document.history.labels) == 1


def test_dragging_onto_a_group_puts_the_layer_inside(panel, document):
    group = layer_edits.group_layer(document, layer(document, "Middle"))
    start = spot(panel, layer(document, "Top"), "name")
    drag(panel, start, start + QPoint(0, 15), spot(panel, group, "name"))
    assert [child.name for child in group.children] == ["Middle", "Top"]


def test_a_group_cannot_be_dropped_into_itself(document):
    group = layer_edits.group_layer(document, layer(document, "Middle"))
    assert not layer_edits.move_layer(document, group, group.id, 1)


def test_one_opacity_drag_is_one_undo_step_and_two_are_two(panel, document):
    label = panel.head.findChild(QWidget, "layers.opacity.slider")
    for value in (60, 40):
        label.sliderPressed.emit()
        for step in range(3):
            label.setValue(value - step)
    assert layer(document, "Top").opacity == pytest.approx(0.38)
    assert document.history.labels == ["Opacity", "Opacity"]
    document.history.undo()
    assert layer(document, "Top").opacity == pytest.approx(0.58)
    assert panel.head.opacity.value() == pytest.approx(58)


def test_the_blend_mode_is_set_by_keys(panel, document):
    QTest.keyClick(panel.head.blend, Qt.Key.Key_Down)
    assert layer(document, "Top").blend == "multiply"


def test_clicking_the_mask_makes_it_the_target_and_shift_switches_it_off(panel, document, context):
    top = layer(document, "Top")
    QTest.mouseClick(panel.foot.buttons["mask"], LEFT)
    assert top.mask is not None
    click(panel, top, "mask")
    assert context.tool_state.target == "mask"
    click(panel, top, "picture")
    assert context.tool_state.target == "pixels"
    click(panel, top, "mask", SHIFT)
    assert not top.mask_enabled


def test_the_target_goes_back_to_the_pixels_when_the_mask_is_gone(panel, document, context):
    top = layer(document, "Top")
    layer_edits.add_mask(document, top)
    click(panel, top, "mask")
    document.history.undo()
    assert context.tool_state.target == "pixels"


def test_tools_that_change_labels_go_on_with_them_whatever_layer_is_active(panel, document, context):
    context.tool_state.target = "labels"
    document.active = layer(document, "Middle")
    click(panel, layer(document, "Top"), "picture")
    assert document.active is layer(document, "Top")
    assert context.tool_state.target == "labels"


def test_a_mask_from_the_selection_covers_what_was_selected_at_any_transform(document):
    document.selection.store.write(Rect(10, 10, 10, 10), np.full((10, 10, 1), 255, np.uint8))
    document.selection.touched()
    top = layer(document, "Top")
    for transform, expected in (
        (Transform(), Rect(10, 10, 10, 10)),
        (Transform(e=5, f=3), Rect(5, 7, 10, 10)),
        (Transform(2, 0, 0, 2, 0, 0), Rect(5, 5, 5, 5)),
    ):
        top.transform = transform
        layer_edits.add_mask(document, top)
        solid = TileStore(1)
        box = top.mask.content_bounds()
        solid.write(box, (top.mask.read(box) > 127) * np.uint8(255))
        assert solid.content_bounds() == expected


def test_the_buttons_add_group_duplicate_and_delete(panel, document):
    for name in ("new", "duplicate", "group"):
        QTest.mouseClick(panel.foot.buttons[name], LEFT)
    assert names(document) == ["Background", "Middle", "Top", "Layer 1", "Group"]
    QTest.mouseClick(panel.foot.buttons["delete"], LEFT)
    QTest.mouseClick(panel.foot.buttons["delete"], LEFT)
    assert names(document) == ["Background", "Middle", "Top"]
    document.history.go_to(0)
    assert names(document) == ["Background", "Middle", "Top"]


def test_grouping_takes_clipped_layers_along_and_ungrouping_gives_them_back(document):
    layer(document, "Middle").clip = True
    group = layer_edits.group_layer(document, layer(document, "Background"))
    assert [child.name for child in group.children] == ["Background", "Middle"]
    layer_edits.ungroup(document, group)
    assert names(document) == ["Background", "Middle", "Top"]
    document.history.go_to(0)
    assert names(document) == ["Background", "Middle", "Top"]


def test_keys_reach_everything(panel, document):
    panel.tree.setFocus()
    QTest.keyClick(panel.tree, Qt.Key.Key_Down)
    assert document.active.name == "Middle"
    QTest.keyClick(panel.tree, Qt.Key.Key_Space)
    assert not document.active.visible
    QTest.keyClick(panel.tree, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert names(document) == ["Background", "Top", "Middle"]
    QTest.keyClick(panel.tree, Qt.Key.Key_Delete)
    assert names(document) == ["Background", "Top"]


def test_a_group_folds_and_stays_folded_when_layers_change(panel, document):
    group = layer_edits.group_layer(document, layer(document, "Middle"))
    click(panel, group, "fold")
    document.set_layer(layer(document, "Top"), "Rename layer", name="x")
    layer_edits.duplicate_layer(document, layer(document, "Background"))
    assert not panel.tree.isExpanded(panel.model.index_of(group))


def test_the_badge_opens_the_recipe_with_its_words(panel, document, qtbot):
    top = layer(document, "Top")
    top.recipe = Recipe((RecipeStep("nothing", params={"radius": 4}, models={"net": "ab" * 32}, seed=7),))
    document.layers_changed.emit()
    asked = []
    panel.context.filter_panel = type("Panel", (), {"rerun": lambda self, item: asked.append(item)})()
    click(panel, top, "badge")
    card = panel.findChild(QWidget, "layers.recipe")
    said = [child.text() for child in card.findChildren(QWidget) if hasattr(child, "text")]
    assert {"radius", "4", "Seed", "7", "abababababab"} <= set(said)
    card.close()


def test_holding_show_before_compares_with_the_picture_without_the_layer(panel, document, qtbot):
    top = layer(document, "Top")
    top.recipe = Recipe((RecipeStep("nothing"),))
    calls = []
    canvas = SimpleNamespace(document=document, compare_layer=calls.append, set_compare=calls.append)
    panel.context.window = SimpleNamespace(canvas=canvas)
    card = panel.show_recipe(top)
    button = card.findChild(QWidget, "layers.recipe.before")
    QTest.mousePress(button, LEFT)
    assert calls == [top, "original"]
    QTest.mouseRelease(button, LEFT)
    assert calls[2:] == [None, "off"]
    card.close()


@given(
    st.sampled_from(
        [Transform(), Transform(e=7, f=-3), Transform(0, 1, -1, 0, 60, 0), Transform(2, 0, 0, 0.5, 3, 3)]
    ),
    st.integers(15, 350).map(lambda half: half * 2),
    st.integers(15, 350).map(lambda half: half * 2),
)
def test_a_thumbnail_shows_what_the_layer_shows_and_is_never_large(transform, width, height):
    store = TileStore.from_array(np.full((height, width, 4), 80, np.uint8))
    bounds = transform.bounds_of(Rect(0, 0, width, height))
    at_origin = transform.then(Transform(e=-bounds.x, f=-bounds.y))
    small = sampled(store, at_origin, Rect(0, 0, bounds.width, bounds.height))
    assert max(small.shape[:2]) <= 64
    assert (small == 80).all()


def test_a_thumbnail_follows_a_layer_into_perspective():
    rows, columns = np.mgrid[:192, :256]
    pixels = np.dstack([rows, columns, 255 - columns, np.full_like(rows, 255)]).astype(np.uint8)
    places = [Point(70, 10), Point(180, 20), Point(330, 200), Point(-60, 180)]
    bent = Transform.from_corners(Rect(0, 0, 256, 192), places)
    shown = Layer("Bent", TileStore.from_array(pixels), transform=bent)
    small = sampled(shown.pixels, bent, Rect(0, 0, 256, 192)).astype(int)
    exact = render_layer(shown, Rect(0, 0, 256, 192), np.uint8)
    exact[exact[..., 3] == 0] = 0
    wanted = cv2.resize(exact.astype(np.float32), (64, 48), interpolation=cv2.INTER_AREA)
    assert np.abs(small - wanted).mean() < 3
    assert small[2, 2, 3] == 0


def test_thumbnails_come_after_a_while_and_again_after_a_stroke(panel, document, qtbot):
    top = layer(document, "Top")
    qtbot.waitUntil(lambda: panel.thumbnails.of(top) is not None)
    before = panel.thumbnails.of(top).picture.toImage()
    with document.editing(top.pixels, "Brush"):
        top.pixels.write(Rect(0, 0, 60, 40), np.full((40, 60, 4), 255, np.uint8))
        document.damaged.emit(Rect(0, 0, 60, 40))
    qtbot.waitUntil(lambda: panel.thumbnails.of(top).picture.toImage() != before)


@pytest.fixture
def history(qtbot, context):
    made = HistoryPanel(context)
    qtbot.addWidget(made)
    made.resize(240, 300)
    made.show()
    return made


def test_a_click_on_a_step_goes_there(history, document):
    for number in range(4):
        document.set_layer(document.active, f"Step {number}", name=str(number))
    row = history.steps.visualItemRect(history.steps.item(2))
    QTest.mouseClick(history.steps.viewport(), LEFT, pos=row.center())
    assert document.history.position == 2
    assert document.active.name == "1"
    row = history.steps.visualItemRect(history.steps.item(4))
    QTest.mouseClick(history.steps.viewport(), LEFT, pos=row.center())
    assert document.active.name == "3"
    assert history.summary.text() == "4 steps · 0 MB"


def test_undone_steps_are_dim(history, document):
    document.set_layer(document.active, "Step", name="x")
    lit = history.steps.item(1).foreground().color()
    document.history.undo()
    assert history.steps.item(1).foreground().color() != lit
    assert history.steps.currentRow() == 0


def test_a_snapshot_comes_back_in_one_step_after_anything(history, document):
    QTest.mouseClick(history.keep, LEFT)
    before = document.layers.root[0].pixels.read(document.bounds)
    with document.editing(document.layers.root[0].pixels, "Brush"):
        document.layers.root[0].pixels.write(Rect(0, 0, 5, 5), np.zeros((5, 5, 4), np.uint8))
    document.remove_layer(document.active)
    row = history.snapshots.visualItemRect(history.snapshots.item(0))
    QTest.mouseClick(history.snapshots.viewport(), LEFT, pos=row.center())
    assert names(document) == ["Background", "Middle", "Top"]
    assert (document.layers.root[0].pixels.read(document.bounds) == before).all()
    document.history.undo()
    assert names(document) == ["Background", "Middle"]


def test_the_panels_are_empty_without_a_document(panel, history, context):
    context.documents.show(None)
    assert panel.model.rowCount() == 0
    assert history.steps.count() == 0
    assert not panel.foot.buttons["delete"].isEnabled()
