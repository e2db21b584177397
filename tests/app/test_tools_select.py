"""Selection tools and the move tool, driven by pointer events."""

from dataclasses import replace

import numpy as np
import pytest

from imgstudio.app.canvas.tools import Toolbox
from imgstudio.app.canvas.tools.base import Outline, Pointer, ToolState
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.layers import Layer, Place
from imgstudio.core.tiles import TileStore

WIDTH, HEIGHT = 320, 240


@pytest.fixture
def toolbox():
    document = Document.from_pixels(np.full((HEIGHT, WIDTH, 4), 255, np.uint8))
    return Toolbox(ToolState(document=document))


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


def selected(toolbox):
    document = toolbox.state.document
    return document.selection.read(document.bounds) > 127


def box(*rect):
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[Rect(*rect).slices()] = True
    return inside


ONE, OTHER = box(10, 10, 60, 40), box(40, 30, 60, 40)


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ({}, OTHER),
        ({"shift": True}, ONE | OTHER),
        ({"alt": True}, ONE & ~OTHER),
        ({"shift": True, "alt": True}, ONE & OTHER),
    ],
)
def test_keys_held_at_the_press_decide_how_a_rectangle_joins(toolbox, keys, wanted):
    tool = take(toolbox, "rectangle")
    drag(tool, (10, 10), (70, 50))
    drag(tool, (40.3, 29.8), (60, 60), (100, 70), **keys)
    assert (selected(toolbox) == wanted).all()
    assert len(toolbox.state.document.history.labels) == 2


@pytest.mark.parametrize(("mode", "wanted"), [("add", ONE | OTHER), ("subtract", ONE & ~OTHER)])
def test_the_mode_option_does_the_same_without_keys(toolbox, mode, wanted):
    tool = take(toolbox, "rectangle")
    drag(tool, (10, 10), (70, 50))
    tool = take(toolbox, "rectangle", mode=mode)
    drag(tool, (40, 30), (100, 70))
    assert (selected(toolbox) == wanted).all()


def test_shift_while_dragging_makes_a_square(toolbox):
    tool = take(toolbox, "rectangle")
    tool.press(Pointer(100, 100))
    tool.move(Pointer(60, 80, shift=True))
    tool.release(Pointer(60, 80, shift=True))
    assert toolbox.state.document.selection.bounds() == Rect(60, 60, 40, 40)


def test_alt_while_dragging_grows_from_the_middle(toolbox):
    tool = take(toolbox, "ellipse")
    tool.press(Pointer(100, 100))
    tool.move(Pointer(130, 120, alt=True))
    tool.release(Pointer(130, 120, alt=True))
    assert toolbox.state.document.selection.bounds() == Rect(70, 80, 60, 40)


def test_a_click_without_a_drag_deselects(toolbox):
    tool = take(toolbox, "rectangle")
    drag(tool, (10, 10), (70, 50))
    drag(tool, (200, 200))
    assert toolbox.state.document.selection.is_empty


def test_a_shape_outside_the_picture_deselects_and_never_selects_everything(toolbox):
    tool = take(toolbox, "rectangle")
    drag(tool, (10, 10), (70, 50))
    drag(tool, (-90, -90), (-10, -10))
    assert toolbox.state.document.selection.is_empty


def test_feather_fades_the_edge(toolbox):
    tool = take(toolbox, "rectangle", feather=20.0)
    drag(tool, (100, 80), (200, 160))
    row = toolbox.state.document.selection.read(Rect(0, 120, WIDTH, 1))[0]
    assert row[150] > 250
    assert 0 < row[90] < 127 < row[110] < 255


def test_the_lasso_selects_what_it_encloses(toolbox):
    tool = take(toolbox, "lasso")
    drag(tool, (20, 20), (120, 20), (120, 100), (20, 100))
    assert (selected(toolbox) == box(20, 20, 100, 80)).all()
    assert tool.overlay() == []


def click(tool, x, y, **keys):
    drag(tool, (x, y), **keys)


def corners(tool):
    for x, y in [(20, 20), (120, 20), (120, 100), (20, 100)]:
        click(tool, x, y)


@pytest.mark.parametrize("close", ["Return", "double click", "first corner"])
def test_a_polygon_closes_with_enter_a_double_click_or_at_its_first_corner(toolbox, close):
    tool = take(toolbox, "polygon")
    corners(tool)
    assert tool.is_busy
    if close == "Return":
        assert tool.key_press("Return")
    elif close == "double click":
        tool.press(Pointer(20, 100))
        tool.double_click(Pointer(20, 100))
        tool.release(Pointer(20, 100))
    else:
        click(tool, 22, 21)
    assert (selected(toolbox) == box(20, 20, 100, 80)).all()
    assert not tool.is_busy


def test_a_polygon_of_two_corners_selects_nothing_and_says_so(toolbox):
    said = []
    toolbox.state.say = said.append
    tool = take(toolbox, "polygon")
    click(tool, 20, 20)
    click(tool, 120, 20)
    tool.press(Pointer(120, 20))
    tool.double_click(Pointer(120, 20))
    assert toolbox.state.document.history.labels == []
    assert "three corners" in said[0]
    assert not tool.is_busy


def test_backspace_takes_the_last_corner_back_and_escape_drops_all(toolbox):
    tool = take(toolbox, "polygon")
    corners(tool)
    click(tool, 300, 200)
    tool.hover(Pointer(310, 210))
    assert tool.key_press("Backspace")
    tool.key_press("Return")
    assert (selected(toolbox) == box(20, 20, 100, 80)).all()
    corners(tool)
    assert tool.key_press("Escape")
    assert tool.overlay() == []
    assert not tool.key_press("Return")
    assert len(toolbox.state.document.history.labels) == 1


def test_a_polygon_shows_its_corners_and_the_line_to_the_pointer(toolbox):
    tool = take(toolbox, "polygon")
    click(tool, 20, 20)
    tool.hover(Pointer(50, 60))
    line, knots = tool.overlay()
    assert isinstance(line, Outline)
    assert line.points[-1] == (50, 60)
    assert knots == Outline(((20, 20),), style="handle")


def layer_at(document, name, rect, colour=(200, 0, 0, 255), **attributes):
    store = TileStore(4)
    store.write(rect, np.full((rect.height, rect.width, 4), colour, np.uint8))
    layer = Layer(name, store, **attributes)
    document.add_layer(layer)
    document.history.clear()
    return layer


def test_the_wand_takes_what_is_joined_or_all_that_is_alike(toolbox):
    document = toolbox.state.document
    layer_at(document, "A", Rect(20, 20, 30, 30))
    layer_at(document, "B", Rect(100, 20, 30, 30))
    tool = take(toolbox, "wand", smooth=False)
    click(tool, 30, 30)
    assert (selected(toolbox) == box(20, 20, 30, 30)).all()
    click(tool, 110, 30, shift=True)
    assert (selected(toolbox) == box(20, 20, 30, 30) | box(100, 20, 30, 30)).all()
    tool = take(toolbox, "wand", contiguous=False, smooth=False)
    click(tool, 30, 30)
    assert (selected(toolbox) == box(20, 20, 30, 30) | box(100, 20, 30, 30)).all()
    tool = take(toolbox, "wand", contiguous=True, all_layers=False, smooth=False)
    click(tool, 30, 30)
    assert (selected(toolbox) == ~box(100, 20, 30, 30)).all()
    assert len(document.history.labels) == 4


def test_moving_a_layer_takes_along_what_is_clipped_to_it_and_nothing_else(toolbox):
    document = toolbox.state.document
    base = layer_at(document, "Base", Rect(20, 20, 30, 30))
    glow = layer_at(document, "Glow", Rect(20, 20, 30, 30), clip=True)
    other = layer_at(document, "Other", Rect(0, 0, 10, 10))
    document.active = base
    damaged = []
    document.damaged.connect(damaged.append)
    tool = take(toolbox, "move")
    tool.press(Pointer(30, 30))
    tool.move(Pointer(41.4, 25.2))
    assert base.transform == glow.transform == Transform(e=11, f=-5)
    assert damaged
    assert document.history.labels == []
    tool.release(Pointer(41.4, 25.2))
    assert base.transform == glow.transform == Transform(e=11, f=-5)
    assert other.transform == Transform()
    assert document.history.labels == ["Move"]
    document.history.undo()
    assert base.transform == glow.transform == Transform()


def test_shift_keeps_a_move_to_one_direction(toolbox):
    tool = take(toolbox, "move")
    drag(tool, (30, 30), (50, 37), shift=True)
    assert toolbox.state.document.active.transform == Transform(e=20, f=0)


def test_ctrl_takes_the_layer_under_the_pointer_and_a_clipped_one_gives_its_base(toolbox):
    document = toolbox.state.document
    base = layer_at(document, "Base", Rect(20, 20, 60, 60))
    layer_at(document, "Glow", Rect(20, 20, 60, 60), clip=True)
    top = layer_at(document, "Top", Rect(200, 100, 60, 60))
    assert document.active is top
    tool = take(toolbox, "move")
    drag(tool, (30, 30), (35, 30), ctrl=True)
    assert document.active is base
    assert base.transform == Transform(e=5, f=0)
    assert top.transform == Transform()


def test_arrow_keys_nudge_and_a_run_of_them_is_one_step(toolbox):
    document = toolbox.state.document
    base = layer_at(document, "Base", Rect(20, 20, 30, 30))
    glow = layer_at(document, "Glow", Rect(20, 20, 30, 30), clip=True)
    document.active = base
    tool = take(toolbox, "move")
    assert tool.key_press("Left")
    assert tool.key_press("Shift+Down")
    assert tool.key_press("Left")
    assert base.transform == glow.transform == Transform(e=-2, f=10)
    assert document.history.labels == ["Nudge"]
    document.history.undo()
    assert base.transform == glow.transform == Transform()


def test_moving_a_group_moves_its_layers_and_its_mask(toolbox):
    document = toolbox.state.document
    group = Layer("Group", children=[], mask=TileStore(1, fill=255))
    document.add_layer(group)
    inside = Layer("Inside", TileStore.from_array(np.full((20, 20, 4), 9, np.uint8)))
    document.add_layer(inside, Place(group.id, 0))
    mask = group.mask
    mask.write(Rect(5, 5, 2, 2), np.zeros((2, 2, 1), np.uint8))
    document.active = group
    tool = take(toolbox, "move")
    drag(tool, (30, 30), (40, 33))
    assert inside.transform == Transform(e=10, f=3)
    assert group.mask.read(Rect(15, 8, 2, 2)).max() == 0
    assert group.mask.read(Rect(5, 5, 2, 2)).min() == 255
    document.history.undo()
    assert group.mask is mask
    assert inside.transform == Transform()


def test_a_locked_layer_does_not_move_and_says_why(toolbox):
    document, said = toolbox.state.document, []
    toolbox.state.say = said.append
    layer = layer_at(document, "Base", Rect(20, 20, 30, 30), locked=True)
    tool = take(toolbox, "move")
    drag(tool, (30, 30), (60, 60))
    tool.key_press("Left")
    assert layer.transform == Transform()
    assert document.history.labels == []
    assert "locked" in said[0]
