"""Tools whose target is the labels of the picture, driven by pointer events."""

from dataclasses import replace

import numpy as np
import pytest

from imgstudio.app.canvas.canvas import Canvas
from imgstudio.app.canvas.label_look import LabelLook
from imgstudio.app.canvas.pointer_flow import Contact
from imgstudio.app.canvas.tools import Toolbox
from imgstudio.app.canvas.tools.base import Circle, Outline, Pointer, ToolState
from imgstudio.core.colour_range import ColourRange, Pick, select_colours
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point, Rect, Size
from imgstudio.core.labelled import Labelling
from imgstudio.core.labelling.painting import join_labels
from imgstudio.core.labels import UNSEEN, classes_named
from imgstudio.core.settings import Settings
from imgstudio.core.tiles import TileStore

WIDTH, HEIGHT = 320, 240
ROWS, COLUMNS = np.indices((HEIGHT, WIDTH))


@pytest.fixture
def toolbox():
    pixels = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    pixels[60:180, 80:200, :3] = (200, 30, 30)
    document = Document.from_pixels(pixels)
    document.labels = Labelling(classes_named(["Car", "Road", "Sky"]))
    toolbox = Toolbox(ToolState(document=document, target="labels"))
    toolbox.said = []
    toolbox.state.say = toolbox.said.append
    yield toolbox
    assert (document.layers.root[0].pixels.read(document.bounds) == pixels).all(), "the picture was changed"
    assert document.selection.is_empty
    assert len(document.layers) == 1


def take(toolbox, tool_id, **options):
    toolbox.activate(tool_id)
    state = toolbox.state
    state.options[tool_id] = replace(state.options[tool_id], **options)
    return toolbox.current


def drag(tool, *points, **keys):
    tool.press(Pointer(*points[0], **keys))
    for point in points[1:]:
        tool.move(Pointer(*point, **keys))
    tool.release(Pointer(*points[-1], **keys))


def double_click(tool, x, y):
    drag(tool, (x, y))
    tool.press(Pointer(x, y))
    tool.double_click(Pointer(x, y))
    tool.release(Pointer(x, y))


def rules(toolbox, **values):
    labels = toolbox.state.document.labels
    labels.rules = replace(labels.rules, **values)


def mask_of(toolbox):
    return toolbox.state.document.labels.mask(toolbox.state.document.bounds)


def objects_of(toolbox):
    return toolbox.state.document.labels.object_mask(toolbox.state.document.bounds)


def steps(toolbox):
    return toolbox.state.document.history.position


def write(toolbox, mask, numbers=None):
    labels = toolbox.state.document.labels
    for store, plane in ((labels.store, mask), (labels.objects, numbers)):
        if plane is not None:
            store.write(toolbox.state.document.bounds, plane[..., None])


def box(*rect):
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[Rect(*rect).slices()] = True
    return inside


def ring(radius, width, x=160, y=120):
    away = np.hypot(COLUMNS - x, ROWS - y)
    return (away <= radius) & (away > radius - width)


@pytest.mark.parametrize("tool_id", ["brush", "mask_brush"])
def test_a_brush_paints_the_class_with_a_hard_edge_whatever_its_options(toolbox, tool_id):
    tool = take(toolbox, tool_id, size=40.0, hardness=0.0, opacity=0.3, flow=0.2)
    rules(toolbox, value=2)
    drag(tool, (100, 100), (140, 100))
    mask = mask_of(toolbox)
    assert set(np.unique(mask)) == {2, UNSEEN}
    assert (mask[100, 100:140] == 2).all()
    assert (mask[82:118, 120] == 2).all()
    assert mask[75, 120] == UNSEEN
    assert steps(toolbox) == 1


@pytest.mark.parametrize("how", ["right", "alt", "pen", "X", "eraser"])
def test_what_makes_labels_unseen_again(toolbox, how):
    write(toolbox, np.full((HEIGHT, WIDTH), 3, np.uint8))
    tool = take(toolbox, "eraser" if how == "eraser" else "brush", size=40.0)
    keys = {"right": {"button": "right"}, "alt": {"alt": True}, "pen": {"eraser": True}}.get(how, {})
    if how == "X":
        assert tool.swap()
    drag(tool, (100, 100), (140, 100), **keys)
    mask = mask_of(toolbox)
    assert set(np.unique(mask)) == {3, UNSEEN}
    assert (mask[100, 100:140] == UNSEEN).all()


def test_erasing_swapped_with_alt_paints(toolbox):
    tool = take(toolbox, "brush", size=40.0)
    tool.swap()
    drag(tool, (100, 100), alt=True)
    assert mask_of(toolbox)[100, 100] == 1


def test_shift_click_draws_a_straight_line_and_symmetry_mirrors(toolbox):
    tool = take(toolbox, "brush", size=10.0, mirror="left-right")
    drag(tool, (20, 20))
    tool.press(Pointer(100, 20, shift=True))
    tool.release(Pointer(100, 20, shift=True))
    mask = mask_of(toolbox)
    assert (mask[20, 20:100] == 1).all()
    assert (mask == mask[:, ::-1]).all()
    assert steps(toolbox) == 2


def test_escape_takes_a_stroke_back(toolbox):
    tool = take(toolbox, "brush", size=40.0)
    tool.press(Pointer(100, 100))
    tool.move(Pointer(140, 100))
    assert tool.key_press("Escape")
    tool.release(Pointer(140, 100))
    assert (mask_of(toolbox) == UNSEEN).all()
    assert steps(toolbox) == 0


def test_each_stroke_is_an_object_or_goes_on_with_one(toolbox):
    tool = take(toolbox, "brush", size=20.0)
    rules(toolbox, objects="new")
    drag(tool, (50, 50), (90, 50))
    drag(tool, (50, 120), (90, 120))
    rules(toolbox, objects="add")
    drag(tool, (60, 120), (60, 150))
    numbers = objects_of(toolbox)
    assert (numbers[50, 70], numbers[120, 70], numbers[150, 60]) == (1, 2, 2)
    assert ((numbers > 0) == (mask_of(toolbox) == 1)).all()


def test_ctrl_click_and_the_eyedropper_take_the_class_that_is_there(toolbox):
    mask = np.full((HEIGHT, WIDTH), 3, np.uint8)
    mask[:, 200:], mask[:, 300:] = 2, UNSEEN
    write(toolbox, mask)
    colour = toolbox.state.foreground
    drag(take(toolbox, "brush"), (100, 100), ctrl=True)
    assert toolbox.state.document.labels.rules.value == 3
    drag(take(toolbox, "eyedropper"), (250, 100))
    assert toolbox.state.document.labels.rules.value == 2
    drag(toolbox.current, (310, 100))
    assert toolbox.state.document.labels.rules.value == 2
    assert toolbox.state.foreground == colour
    assert steps(toolbox) == 0


@pytest.mark.parametrize("tool_id", ["brush", "mask_brush", "lasso"])
def test_a_double_click_fills_a_closed_outline_as_one_step(toolbox, tool_id):
    mask = np.full((HEIGHT, WIDTH), UNSEEN, np.uint8)
    mask[ring(60, 4)] = 1
    write(toolbox, mask)
    double_click(take(toolbox, tool_id), 150, 110)
    assert (mask_of(toolbox) == np.where(ring(60, 99), 1, UNSEEN)).all()
    assert steps(toolbox) == 1


def test_a_double_click_beside_an_outline_leaves_the_dab_of_a_click(toolbox):
    mask = np.full((HEIGHT, WIDTH), UNSEEN, np.uint8)
    mask[ring(60, 4)] = 1
    write(toolbox, mask)
    tool = take(toolbox, "brush", size=8.0)
    double_click(tool, 20, 20)
    now = mask_of(toolbox)
    assert now[20, 20] == 1
    assert ((now == 1).sum() - ring(60, 4).sum()) < 80
    assert "closed" in toolbox.said[-1]
    assert steps(toolbox) == 1


def test_the_bucket_fills_the_region_of_one_class(toolbox):
    mask = np.full((HEIGHT, WIDTH), UNSEEN, np.uint8)
    mask[box(20, 20, 50, 50)] = mask[box(200, 20, 50, 50)] = 2
    write(toolbox, mask)
    rules(toolbox, value=3)
    tool = take(toolbox, "fill")
    drag(tool, (30, 30))
    assert ((mask_of(toolbox) == 3) == box(20, 20, 50, 50)).all()
    drag(tool, (210, 30), alt=True)
    assert (mask_of(toolbox)[box(200, 20, 50, 50)] == UNSEEN).all()
    assert steps(toolbox) == 2


ONE, OTHER = box(10, 10, 60, 40), box(40, 30, 60, 40)


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [({}, ONE | OTHER), ({"shift": True}, ONE | OTHER), ({"alt": True}, ONE & ~OTHER)],
)
def test_how_rectangles_join_a_class(toolbox, keys, wanted):
    tool = take(toolbox, "rectangle", feather=20.0)
    drag(tool, (10, 10), (70, 50))
    drag(tool, (40, 30), (60, 60), (100, 70), **keys)
    assert ((mask_of(toolbox) == 1) == wanted).all()
    assert steps(toolbox) == 2


def test_a_shape_keeps_the_class_only_inside_of_it(toolbox):
    write(toolbox, np.where(ONE, 1, np.where(COLUMNS > 300, 2, UNSEEN)).astype(np.uint8))
    drag(take(toolbox, "rectangle"), (40, 30), (60, 60), (100, 70), shift=True, alt=True)
    mask = mask_of(toolbox)
    assert ((mask == 1) == (ONE & OTHER)).all()
    assert ((mask == 2) == (COLUMNS > 300)).all()


def test_x_swaps_what_shapes_do(toolbox):
    write(toolbox, np.full((HEIGHT, WIDTH), 1, np.uint8))
    tool = take(toolbox, "rectangle")
    tool.swap()
    drag(tool, (10, 10), (70, 50))
    assert ((mask_of(toolbox) == UNSEEN) == ONE).all()


def test_a_click_with_a_shape_tool_changes_nothing(toolbox):
    write(toolbox, np.full((HEIGHT, WIDTH), 1, np.uint8))
    for tool_id in ("rectangle", "ellipse", "lasso"):
        drag(take(toolbox, tool_id), (100, 100))
    assert (mask_of(toolbox) == 1).all()
    assert steps(toolbox) == 0


def test_lasso_polygon_and_magnetic_lasso_write_the_class(toolbox):
    drag(take(toolbox, "lasso"), (10, 10), (60, 10), (60, 60), (10, 60))
    assert mask_of(toolbox)[30, 30] == 1
    rules(toolbox, value=2)
    tool = take(toolbox, "polygon")
    for point in ((100, 10), (150, 10), (150, 50)):
        drag(tool, point)
    tool.key_press("Return")
    assert mask_of(toolbox)[20, 140] == 2
    rules(toolbox, value=3)
    tool = take(toolbox, "magnetic")
    for point in ((80, 60), (200, 60), (200, 180), (80, 180)):
        for share in np.linspace(0, 1, 5):
            tool.hover(Pointer(point[0] - (1 - share), point[1]))
        drag(tool, point)
    tool.key_press("Return")
    assert mask_of(toolbox)[120, 140] == 3
    assert steps(toolbox) == 3


def test_the_wand_gives_alike_colours_the_class(toolbox):
    drag(take(toolbox, "wand"), (100, 100))
    assert ((mask_of(toolbox) == 1) == box(80, 60, 120, 120)).all()
    assert steps(toolbox) == 1


def test_a_quick_stroke_grows_the_class_and_gives_it_back(toolbox):
    write(toolbox, np.where(COLUMNS < 60, 2, UNSEEN).astype(np.uint8))
    tool = take(toolbox, "quick_select", size=30.0)
    drag(tool, (120, 100), (150, 130))
    mine = mask_of(toolbox) == 1
    other = Document.from_pixels(
        toolbox.state.document.layers.root[0].pixels.read(toolbox.state.document.bounds)
    )
    drag(take(Toolbox(ToolState(document=other)), "quick_select", size=30.0), (120, 100), (150, 130))
    assert (mine == (other.selection.read(other.bounds) >= 128)).all()
    assert (mine & box(80, 60, 120, 120)).sum() > 0.9 * box(80, 60, 120, 120).sum()
    assert (mask_of(toolbox)[:, :60] == 2).all()
    assert steps(toolbox) == 1
    drag(tool, (120, 100), (150, 130), alt=True)
    assert (mask_of(toolbox)[100:130, 120:150] == UNSEEN).mean() > 0.9
    toolbox.state.document.history.undo()
    assert ((mask_of(toolbox) == 1) == mine).all()


def test_a_brush_shows_the_colour_of_its_class(toolbox):
    tool = take(toolbox, "brush")
    tool.hover(Pointer(50, 50))
    labels = toolbox.state.document.labels
    circles = [item for item in tool.overlay() if isinstance(item, Circle)]
    assert [circle.fill for circle in circles] == [labels.colour(1)]
    tool.swap()
    assert all(item.fill is None for item in tool.overlay())


@pytest.mark.parametrize("tool_id", ["brush", "eraser", "fill", "quick_select", "lasso", "label_superpixels"])
def test_without_labels_nothing_happens(toolbox, tool_id):
    labels, toolbox.state.document.labels = toolbox.state.document.labels, None
    drag(take(toolbox, tool_id), (50, 50), (90, 50), (90, 90))
    toolbox.state.document.labels = labels
    assert steps(toolbox) == 0


def predict(toolbox):
    guess = TileStore(1, fill=UNSEEN)
    guess.write(Rect(0, 0, WIDTH, 150), np.where(COLUMNS < 160, 2, 3).astype(np.uint8)[:150, :, None])
    toolbox.state.document.labels.predict(guess, None)


def test_the_accept_brush_paints_what_was_predicted(toolbox):
    predict(toolbox)
    tool = take(toolbox, "label_accept", size=40.0)
    drag(tool, (140, 140), (180, 140))
    mask = mask_of(toolbox)
    assert (mask[140, 130:160] == 2).all()
    assert (mask[140, 160:190] == 3).all()
    assert (mask[150:] == UNSEEN).all()
    assert steps(toolbox) == 1
    drag(tool, (140, 140), (180, 140), button="right")
    assert (mask_of(toolbox) == UNSEEN).all()


def test_the_accept_brush_says_that_there_is_no_prediction(toolbox):
    drag(take(toolbox, "label_accept"), (140, 140), (180, 140))
    assert "no prediction" in toolbox.said[-1]
    assert steps(toolbox) == 0


def test_superpixels_are_outlined_and_painted_up_to_the_edges_of_the_picture(toolbox):
    tool = take(toolbox, "label_superpixels", size=24.0)
    tool.hover(Pointer(140, 120))
    assert any(isinstance(item, Outline) for item in tool.overlay())
    for y in range(66, 180, 6):
        drag(tool, (84, y), (195, y))
    mine = mask_of(toolbox) == 1
    square = box(80, 60, 120, 120)
    assert (mine & square).sum() / (mine | square).sum() > 0.97
    drag(tool, (140, 120), button="right")
    assert mask_of(toolbox)[120, 140] == UNSEEN


def test_a_patch_is_painted_whole(toolbox):
    tool = take(toolbox, "label_superpixels", size=30.0)
    drag(tool, (140, 120))
    mine = mask_of(toolbox) == 1
    assert 200 < mine.sum() < 2500
    assert steps(toolbox) == 1
    tool.press(Pointer(100, 100))
    tool.cancel()
    assert ((mask_of(toolbox) == 1) == mine).all()


@pytest.fixture
def waiting(toolbox):
    """What the tools gave to a worker that has not begun: what makes it, and who takes it."""
    asked = []

    def work(title, make, take):
        asked.append((make, take))
        return asked.clear

    toolbox.state.work = work
    return asked


def deliver(waiting):
    while waiting:
        make, take = waiting.pop(0)
        take(make())


def at_once_too(toolbox, way):
    """What a stroke gives where nothing has to be waited for."""
    work, toolbox.state.work = toolbox.state.work, ToolState().work
    tool = take(toolbox, "label_superpixels", size=16.0)
    tool.leave()
    drag(tool, *way)
    made = mask_of(toolbox)
    toolbox.state.document.history.undo()
    tool.leave()
    toolbox.state.work = work
    return made


def test_until_patches_are_there_the_pointer_shows_how_large_they_are(toolbox, waiting):
    tool = take(toolbox, "label_superpixels", size=24.0)
    tool.hover(Pointer(140, 120))
    assert [(item.radius, item.center) for item in tool.overlay()] == [(12.0, Point(140, 120))]
    tool.hover(Pointer(150, 130))
    assert len(waiting) == 1, "the pointer moved on, and only one is cut at a time"
    deliver(waiting)
    assert all(isinstance(item, Outline) for item in tool.overlay())


def test_a_stroke_that_ended_before_there_were_patches_is_painted_whole(toolbox, waiting):
    way = [(20, 20), (310, 30), (300, 230), (10, 200)]
    wanted = at_once_too(toolbox, way)
    drag(take(toolbox, "label_superpixels", size=16.0), *way)
    assert (mask_of(toolbox) == UNSEEN).all()
    deliver(waiting)
    assert (mask_of(toolbox) == wanted).all()
    assert steps(toolbox) == 1
    assert not toolbox.current.is_busy


@pytest.mark.parametrize("end", ["press", "cancel", "leave"])
def test_a_stroke_that_ended_is_finished_whatever_comes_before_its_patches(toolbox, waiting, end):
    way = [(20, 20), (310, 30), (300, 230)]
    wanted = at_once_too(toolbox, way)
    tool = take(toolbox, "label_superpixels", size=16.0)
    drag(tool, *way)
    if end == "press":
        tool.press(Pointer(500, 500))
    else:
        getattr(tool, end)()
    assert (mask_of(toolbox) == wanted).all()
    assert steps(toolbox) == 1


def test_undo_takes_a_stroke_back_that_waits_for_its_patches(toolbox, waiting):
    tool = take(toolbox, "label_superpixels")
    drag(tool, (140, 140), (180, 140))
    assert tool.can_take_back
    tool.take_back()
    deliver(waiting)
    assert (mask_of(toolbox) == UNSEEN).all()
    assert steps(toolbox) == 0


def test_patches_that_could_not_be_cut_are_asked_for_again(toolbox, waiting):
    tool = take(toolbox, "label_superpixels")
    tool.hover(Pointer(140, 120))
    waiting.pop(0)[1](None)
    assert not waiting
    tool.hover(Pointer(141, 120))
    assert len(waiting) == 1


@pytest.fixture
def objects(toolbox):
    mask, numbers = np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH), np.uint16)
    for number, x in enumerate((60, 160, 260), start=1):
        inside = ring(30, 99, x)
        mask[inside], numbers[inside] = number, number
    write(toolbox, mask, numbers)
    toolbox.activate("label_objects")
    return toolbox.current


def test_a_click_picks_an_object_and_shift_more(toolbox, objects):
    drag(objects, (60, 120))
    drag(objects, (260, 120), shift=True)
    assert objects.picked == (1, 3)
    drag(objects, (60, 120), shift=True)
    assert objects.picked == (3,)
    drag(objects, (5, 5))
    assert objects.picked == ()


def test_a_drag_across_objects_makes_them_one(toolbox, objects):
    drag(objects, (60, 120), (100, 120), (170, 120))
    numbers = objects_of(toolbox)
    assert (numbers[120, 60], numbers[120, 160], numbers[120, 260]) == (1, 1, 3)
    assert mask_of(toolbox)[120, 160] == 1
    assert steps(toolbox) == 1


def test_a_line_through_an_object_splits_it(toolbox, objects):
    drag(objects, (160, 70), (160, 120), (160, 180), alt=True)
    numbers = objects_of(toolbox)
    assert {int(numbers[120, 145]), int(numbers[120, 175])} == {2, 4}
    assert steps(toolbox) == 1


def test_delete_makes_objects_unseen_and_undo_brings_them_back(toolbox, objects):
    drag(objects, (60, 120))
    assert objects.is_busy
    assert objects.key_press("Delete")
    assert (mask_of(toolbox)[ring(30, 99, 60)] == UNSEEN).all()
    assert objects.picked == ()
    toolbox.state.document.history.undo()
    assert objects_of(toolbox)[120, 60] == 1


def test_picked_objects_get_the_class_that_is_painted(toolbox, objects):
    drag(objects, (60, 120))
    rules(toolbox, value=3)
    next(button for button in objects.buttons() if button.id == "reclass").run()
    assert (mask_of(toolbox)[ring(30, 99, 60)] == 3).all()
    assert objects.picked == (1,)
    toolbox.state.document.history.undo()
    assert mask_of(toolbox)[120, 60] == 1


def test_tools_say_what_they_work_on(toolbox):
    on_labels = {tool.id for tool in toolbox.tools.values() if "labels" in tool.works_on}
    assert {"brush", "lasso", "ai_select", "wand", "fill", "label_objects", "hand"} <= on_labels
    assert on_labels.isdisjoint({"move", "transform", "crop", "colour_hints"})
    only = {tool.id for tool in toolbox.tools.values() if tool.works_on == ("labels",)}
    assert only == {"label_superpixels", "label_accept", "label_objects"}


def test_what_ai_select_found_gets_the_class(toolbox):
    tool = take(toolbox, "ai_select", mode="subtract", refine=False)
    document, found = toolbox.state.document, TileStore(1)
    write(toolbox, np.full((HEIGHT, WIDTH), 2, np.uint8))
    found.write(Rect(20, 20, 30, 30), np.full((30, 30, 1), 200, np.uint8))
    tool.select(document, found, Rect(20, 20, 30, 30))
    assert ((mask_of(toolbox) == UNSEEN) == box(20, 20, 30, 30)).all()
    take(toolbox, "ai_select", mode="new", refine=True)
    tool.select(document, found, Rect(20, 20, 30, 30))
    assert ((mask_of(toolbox) == 1) == box(20, 20, 30, 30)).all()
    assert not tool.begins_anew


def test_colours_that_are_alike_get_the_class(toolbox):
    wanted = ColourRange((Pick((200, 30, 30), Point(100.0, 100.0)),))
    select_colours(toolbox.state.document, wanted, join=join_labels)
    assert ((mask_of(toolbox) == 1) == box(80, 60, 120, 120)).all()


@pytest.fixture
def canvas(qtbot, toolbox):
    made = Canvas(toolbox.state, toolbox, Settings())
    qtbot.addWidget(made)
    made.resize(WIDTH + 40, HEIGHT + 40)
    made.set_document(toolbox.state.document)
    made.view.resize(Size(WIDTH + 40, HEIGHT + 40))
    yield made
    made.set_document(None)


def pull(canvas, *points, **keys):
    places = [canvas.view.to_screen(*point) for point in points]
    canvas.flow.press(Contact(places[0], **keys))
    for place in places[1:]:
        canvas.flow.move(Contact(place, **keys))
    canvas.flow.release(Contact(places[-1], **keys))


def test_tools_for_pictures_do_nothing_to_labels_and_say_so(toolbox, canvas):
    toolbox.activate("move")
    pull(canvas, (100, 100), (140, 130))
    assert toolbox.said[-1] == "Move does nothing to labels"
    assert steps(toolbox) == 0


def test_a_drag_with_the_right_button_erases_labels(toolbox, canvas):
    write(toolbox, np.full((HEIGHT, WIDTH), 2, np.uint8))
    take(toolbox, "brush", size=30.0)
    pull(canvas, (100, 100), (140, 100), button="right")
    assert (mask_of(toolbox)[100, 105:140] == UNSEEN).all()
    assert steps(toolbox) == 1


def test_how_labels_look_is_kept_for_the_next_picture(toolbox, canvas):
    look = LabelLook(style="outline", opacity=0.25)
    canvas.set_label_look(look)
    assert canvas.scene.labels.look == look
    canvas.set_document(Document(20, 20))
    assert canvas.scene.labels.look == look


def test_painting_the_selection_shows_no_red_mask_on_labels(toolbox, canvas):
    toolbox.activate("mask_brush")
    assert not canvas.scene.selection.mask_visible


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        ({"where": "unlabelled"}, "not labelled yet"),
        ({"where": "inside", "inside": 3}, "Sky"),
        ({"locked": frozenset({2})}, "locked"),
        ({"lightness": (0, 3)}, "lightness"),
    ],
)
def test_a_stroke_that_the_rules_kept_from_painting_says_why(toolbox, kept, why):
    write(toolbox, np.full((HEIGHT, WIDTH), 2, np.uint8))
    rules(toolbox, **kept)
    drag(take(toolbox, "brush", size=20.0), (20, 20), (50, 20))
    assert why in toolbox.said[-1]
    assert steps(toolbox) == 0


@pytest.mark.parametrize(
    ("tool_id", "one", "other"),
    [
        (
            "brush",
            {"hardness": 1.0, "opacity": 1.0, "flow": 1.0, "pressure_opacity": False},
            {"hardness": 0.0, "opacity": 0.2, "flow": 0.1, "pressure_opacity": True},
        ),
        ("rectangle", {"feather": 0.0}, {"feather": 30.0}),
        ("wand", {"feather": 0.0, "smooth": True}, {"feather": 30.0, "smooth": False}),
        (
            "fill",
            {"area": "similar", "tolerance": 0.0, "contiguous": True, "opacity": 1.0},
            {"area": "everything", "tolerance": 255.0, "contiguous": False, "opacity": 0.1},
        ),
    ],
)
def test_the_options_that_are_left_out_change_nothing_on_labels(toolbox, tool_id, one, other):
    """What the options bar does not offer must not work from behind."""
    assert {*one} <= toolbox.tools[tool_id].idle_options["labels"]
    made = []
    for options in (one, other):
        tool = take(toolbox, tool_id, **options)
        drag(tool, (90.3, 70.4), (150.2, 120.1))
        made.append(mask_of(toolbox))
        assert (made[-1] != UNSEEN).any()
        toolbox.state.document.history.undo()
    assert (made[0] == made[1]).all()
