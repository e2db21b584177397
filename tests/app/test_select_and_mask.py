"""The select-and-mask workspace: what it shows, its brush, what it makes, and that cancelling leaves no trace."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from imgstudio.app.controllers.edge_jobs import (
    CleanParams,
    EdgeFinder,
    OutputParams,
    Question,
    baked_copy,
    capture,
    carry_out,
    masked_copy,
)
from imgstudio.core.blend import flatten
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Point, Rect, Transform
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.core.tiles import TileStore
from imgstudio.engine.refine import EdgeParams
from imgstudio.engine.refine_ground import EdgeStroke

SIDE = 160
OWN, BEHIND = np.array([230, 120, 30]), np.array([30, 60, 190])
OUTPUTS = ("selection", "layer mask", "new layer", "new layer with mask")


def ball(radius=45, soft=5.0, dtype=np.uint8):
    """A soft orange ball on blue: pixels (h, w, 4), and its coverage 0..1."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    alpha = (0.5 + (radius - np.hypot(columns - 80, rows - 80)) / (2 * soft)).clip(0, 1)
    pixels = np.full((SIDE, SIDE, 4), 255, np.uint8)
    pixels[..., :3] = np.rint(alpha[..., None] * OWN + (1 - alpha[..., None]) * BEHIND)
    return pixels if dtype == np.uint8 else pixels.astype(np.uint16) * np.uint16(257), alpha


def select(document, mask):
    store = TileStore.from_array(np.asarray(mask, np.uint8)[..., None])
    document.do(document.replacing(document.selection.store, "Select", store))


def disc(radius):
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(mask, (80, 80), radius, 255, -1)
    return mask


@pytest.fixture
def document():
    """A ball, selected roughly."""
    made = Document.from_pixels(ball()[0])
    select(made, disc(48))
    return made


def state_of(document):
    """Everything that a person could see of a document."""
    return (
        flatten(document).tobytes(),
        document.selection.read(document.bounds).tobytes(),
        document.history.labels,
        document.history.position,
        [(layer.name, layer.visible, layer.mask is None) for layer in document.layers.all()],
    )


def made_of(document, params=None, amount=0.0):
    subject = capture(document)
    params = params or EdgeParams(radius=12, smart=False)
    question = Question(params, (), amount, as_layer=False)
    return subject, EdgeFinder(subject).made(question, Progress(), exact=True)


def coverage_of(made):
    return made.finished.coverage.read(Rect(0, 0, SIDE, SIDE))[..., 0]


def test_the_selection_gets_the_true_edge_in_one_step(document):
    subject, made = made_of(document)
    count = len(document.history.labels)
    carry_out(document, subject, made, "selection", "Select and mask", Progress())
    found = document.selection.read(document.bounds) / 255
    assert np.abs(found - ball()[1]).mean() < 0.01
    assert len(document.history.labels) == count + 1
    document.history.undo()
    assert (document.selection.read(document.bounds) == disc(48)).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("output", OUTPUTS[1:])
def test_cutting_out_hides_the_background_and_undo_brings_it_back(output, dtype):
    document = Document.from_pixels(ball(dtype=dtype)[0])
    select(document, disc(48))
    before = state_of(document)[:2]
    subject, made = made_of(document)
    carry_out(document, subject, made, output, "Select and mask", Progress())
    alpha = flatten(document)[..., 3] / (255 if dtype == np.uint8 else 65535)
    assert np.abs(alpha - ball()[1]).mean() < 0.01
    assert document.selection.is_empty
    assert document.history.labels[-1] == "Select and mask"
    document.history.undo()
    assert state_of(document)[:2] == before


@pytest.mark.parametrize(("output", "has_mask"), [("new layer", False), ("new layer with mask", True)])
def test_a_new_layer_hides_the_old_one_and_is_active(document, output, has_mask):
    subject, made = made_of(document)
    carry_out(document, subject, made, output, "Select and mask", Progress())
    below, above = document.layers.root
    assert not below.visible
    assert document.active is above
    assert (above.mask is not None) == has_mask
    assert above.name == "Background cut-out"


@pytest.mark.parametrize("output", OUTPUTS[2:])
def test_cleaned_colours_are_those_of_the_object(document, output):
    subject, made = made_of(document, amount=1.0)
    carry_out(document, subject, made, output, "Select and mask", Progress())
    pixels, alpha = flatten(document), ball()[1]
    soft = (alpha > 0.2) & (alpha < 0.9) & (pixels[..., 3] > 20)
    mixed = np.abs(ball()[0][soft][:, :3] - OWN).mean()
    assert np.abs(pixels[soft][:, :3] - OWN).mean() < 0.35 * mixed
    inner = alpha == 1
    assert (pixels[inner] == ball()[0][inner]).all()


def test_what_another_mask_hides_stays_hidden(document):
    layer = document.active
    mask = TileStore(1, fill=255)
    mask.write(Rect(0, 0, SIDE, 80), np.zeros((80, SIDE, 1), np.uint8))
    document.set_layer(layer, "Mask", mask=mask)
    for make in (masked_copy, baked_copy):
        subject, made = made_of(document)
        copy = make(subject, made.finished.coverage, None, Progress())
        shown = flatten(_alone(copy))[..., 3]
        assert not shown[:80].any()
        assert shown[100, 80] == 255


def _alone(layer):
    document = Document(SIDE, SIDE)
    document.layers.root.append(layer)
    return document


def test_without_a_selection_the_mask_of_the_layer_is_refined_and_replaced(document):
    layer = document.active
    mask = TileStore.from_array(disc(48)[..., None], fill=0)
    document.set_layer(layer, "Mask", mask=mask)
    select(document, np.zeros((SIDE, SIDE), np.uint8))
    document.selection.store.clear()
    subject, made = made_of(document)
    assert subject.begins_with == "mask"
    carry_out(document, subject, made, "layer mask", "Select and mask", Progress())
    assert np.abs(flatten(document)[..., 3] / 255 - ball()[1]).mean() < 0.01


def test_a_moved_and_turned_layer_gets_its_mask_where_it_lies(document):
    pixels = ball()[0]
    document = Document(SIDE, SIDE)
    turn = Transform(0.8, 0.6, -0.6, 0.8, 64.0, -32.0)  # about the middle of the picture
    layer = Layer("Turned", TileStore.from_array(pixels), transform=turn)
    document.layers.root.append(layer)
    select(document, disc(48))
    subject, made = made_of(document)
    carry_out(document, subject, made, "layer mask", "Select and mask", Progress())
    assert np.abs(flatten(document)[..., 3] / 255 - ball()[1]).mean() < 0.02


def test_what_is_clipped_to_the_layer_is_cut_out_with_it(document):
    green = np.zeros((SIDE, SIDE, 4), np.uint8)
    green[70:90, 70:90] = (0, 200, 0, 255)
    document.add_layer(Layer("Clipped", TileStore.from_array(green), clip=True))
    for output in OUTPUTS[2:]:
        subject, made = made_of(document)
        carry_out(document, subject, made, output, "Select and mask", Progress())
        shown = flatten(document)
        assert shown[80, 80].tolist() == [0, 200, 0, 255]
        assert shown[5, 5, 3] == 0
        document.history.undo()


def test_a_group_is_cut_out(document):
    layer = document.active
    group = Layer("Group", children=[])
    document.add_layer(group)
    document.layers.remove(layer)
    group.children.append(layer)
    document.active = group
    for output in OUTPUTS[1:]:
        subject, made = made_of(document, amount=1.0)
        carry_out(document, subject, made, output, "Select and mask", Progress())
        assert np.abs(flatten(document)[..., 3] / 255 - ball()[1]).mean() < 0.01
        document.history.undo()


def test_a_layer_without_pixels_here_is_told_in_words(document):
    document.add_layer(Layer("Empty", document.new_store()))
    with pytest.raises(UserError, match="nothing to work on"):
        capture(document)


def test_a_picture_of_one_pixel_survives():
    document = Document.from_pixels(np.array([[[10, 20, 30, 255]]], np.uint8))
    select(document, np.array([[255]], np.uint8))
    subject, made = made_of(document, EdgeParams(radius=20, smooth=3, feather=4))
    carry_out(document, subject, made, "new layer", "Select and mask", Progress())
    assert flatten(document).tolist() == [[[10, 20, 30, 255]]]


@pytest.fixture
def work(studio):
    """The workspace, open over a ball that is selected roughly, its edge found."""
    document = studio.show_pixels(ball()[0])
    select(document, disc(48))
    studio.run("select.and_mask")
    made = studio.window.select_and_mask.work
    settle(studio, made)
    yield made
    studio.window.select_and_mask.close()
    made.edge, made.clean, made.output, made.view = EdgeParams(), CleanParams(), OutputParams(), "overlay"


def settle(studio, work):
    studio.wait(lambda: work.is_exact and not work.is_busy)


def page(studio):
    found = studio.window.select_and_mask.page
    assert found is not None
    return found


def choose(studio, form, **values):
    """Change values of a form as a person does."""
    form.set_value(replace(form.value(), **values))
    form.changed.emit(form.value())


def on_screen(studio, at):
    image, ratio = studio.canvas.grab().toImage(), studio.canvas.devicePixelRatioF()
    place = studio.on_screen(*at)
    colour = image.pixelColor(QPoint(round(place.x() * ratio), round(place.y() * ratio)))
    return colour.red(), colour.green(), colour.blue()


OUTSIDE, INSIDE = (20.5, 20.5), (80.5, 80.5)


@pytest.mark.parametrize(
    ("view", "outside", "inside"),
    [
        ("on black", (0, 0, 0), tuple(OWN)),
        ("on white", (255, 255, 255), tuple(OWN)),
        ("black and white", (0, 0, 0), (255, 255, 255)),
        ("original", tuple(BEHIND), tuple(OWN)),
        ("marching ants", tuple(BEHIND), tuple(OWN)),
    ],
)
def test_each_view_shows_what_it_says(studio, work, view, outside, inside):
    choose(studio, page(studio).view, view=view)
    settle(studio, work)
    assert on_screen(studio, OUTSIDE) == outside
    assert on_screen(studio, INSIDE) == inside


def test_the_overlay_is_red_where_nothing_is_selected(studio, work):
    red, _, blue = on_screen(studio, OUTSIDE)
    assert red > blue
    assert on_screen(studio, INSIDE) == tuple(OWN)


def test_on_layers_the_background_is_transparent(studio, work):
    choose(studio, page(studio).view, view="on layers")
    settle(studio, work)
    red, green, blue = on_screen(studio, OUTSIDE)
    assert red == green == blue
    assert on_screen(studio, INSIDE) == tuple(OWN)


def test_nothing_of_the_document_changes_until_it_is_applied(studio, work):
    before = state_of(studio.document)
    choose(studio, page(studio).edge, radius=20.0, feather=3.0, shift=20.0)
    settle(studio, work)
    studio.drag([(40, 60), (40, 100)])
    choose(studio, page(studio).clean, decontaminate=True)
    choose(studio, page(studio).view, view="on layers")
    settle(studio, work)
    assert state_of(studio.document) == before
    studio.click("select_and_mask.cancel")
    assert state_of(studio.document) == before
    assert not studio.window.select_and_mask.is_open
    assert studio.canvas.renderer.preview is None
    assert on_screen(studio, OUTSIDE) == tuple(BEHIND)


def test_the_brush_says_what_is_known_and_undo_takes_strokes_back(studio, work):
    studio.click(page(studio).brush.button(2))
    studio.drag([(80, 60), (80, 100)])
    settle(studio, work)
    assert coverage_of(work._made)[80, 80] == 0
    labels = studio.document.history.labels
    studio.undo()
    settle(studio, work)
    assert coverage_of(work._made)[80, 80] == 255
    assert studio.document.history.labels == labels
    assert not work.has_strokes


def test_the_right_button_takes_away_and_opens_no_menu(studio, work):
    menus = []
    studio.canvas.context_menu.connect(menus.append)
    studio.click(page(studio).brush.button(1))
    studio.drag([(80, 60), (80, 100)], button=Qt.MouseButton.RightButton)
    studio.canvas.context_menu.disconnect(menus.append)
    assert [stroke.kind for stroke in work.strokes] == ["subtract"]
    assert not menus


def test_bracket_keys_change_the_brush(studio, work):
    before = studio.context.tools.current.options.size
    studio.press_key(Qt.Key.Key_BracketRight)
    assert studio.context.tools.current.options.size > before


def test_apply_selects_what_is_shown_and_closes(studio, work):
    shown = coverage_of(work._made)
    studio.click("select_and_mask.apply")
    studio.settle()
    assert (studio.document.selection.read(studio.document.bounds) == shown).all()
    assert not studio.window.select_and_mask.is_open
    studio.undo()
    assert (studio.document.selection.read(studio.document.bounds) == disc(48)).all()


def test_apply_before_the_edge_is_exact_waits_for_it(studio, work):
    choose(studio, page(studio).edge, radius=30.0)
    choose(studio, page(studio).output, output="new layer")
    studio.click("select_and_mask.apply")
    studio.wait(lambda: len(studio.document.layers) == 2)
    assert np.abs(studio.pixels()[..., 3] / 255 - ball()[1]).mean() < 0.02


def test_decontaminating_asks_for_a_new_layer(studio, work):
    choose(studio, page(studio).clean, decontaminate=True)
    assert page(studio).output.value().output == "new layer with mask"
    choose(studio, page(studio).output, output="selection")
    assert not page(studio).clean.value().decontaminate


def test_without_a_selection_the_page_says_what_to_do(studio, work):
    studio.document.do(studio.document.replacing(studio.document.selection.store, "None", TileStore(1)))
    studio.wait(lambda: work.subject is None)
    studio.wait(lambda: page(studio).subject.isVisible())
    assert "Select something first" in page(studio).empty_text.text()
    assert not page(studio).apply.isEnabled()
    select(studio.document, disc(30))
    settle(studio, work)
    assert page(studio).apply.isEnabled()


def test_a_selection_made_meanwhile_is_followed_and_strokes_stay(studio, work):
    work.add_stroke(EdgeStroke((Point(20, 20), Point(30, 20)), 5, "add"))
    select(studio.document, disc(20))
    studio.wait(lambda: coverage_is(work, (20, 25), 255) and coverage_is(work, (80, 118), 0))


def coverage_is(work, place, value):
    return work._made is not None and not work.is_busy and coverage_of(work._made)[place] == value


def test_the_tool_before_comes_back(studio):
    document = studio.show_pixels(ball()[0])
    select(document, disc(48))
    studio.tool("lasso")
    studio.run("select.and_mask")
    assert studio.context.tools.current.id == "edge_brush"
    QTest.keyClick(page(studio), Qt.Key.Key_Escape)
    assert studio.context.tools.current.id == "lasso"
    assert "edge_brush" not in studio.context.tools.tools


def test_the_panels_are_as_high_afterwards_as_before(studio):
    document = studio.show_pixels(ball()[0])
    select(document, disc(48))
    panel = studio.context.filter_panel
    heights = []
    for _ in range(3):
        studio.run("select.and_mask")
        studio.wait(lambda: page(studio).height() > 420)
        studio.window.select_and_mask.close()
        studio.wait(lambda: panel.parentWidget().height() < 420)
        heights.append(panel.parentWidget().height())
    assert max(heights) - min(heights) <= 2
    assert panel.isVisible()


def test_a_filter_takes_its_place_back(studio, work):
    studio.run("filter.blur")
    assert not studio.window.select_and_mask.is_open
    assert studio.context.filter_panel.page.isVisible()


@pytest.mark.parametrize("leave", ["another document", "crop", "close"])
def test_it_closes_when_its_picture_goes(studio, work, leave):
    if leave == "another document":
        studio.show_pixels(ball(30)[0])
    elif leave == "crop":
        studio.document.do(studio.document.resizing(100, 100))
    else:
        studio.program.documents.close(studio.document)
    assert not studio.window.select_and_mask.is_open
    assert studio.context.tools.current.id != "edge_brush"
