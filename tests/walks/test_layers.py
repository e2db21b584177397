"""Layers by mouse: made, painted, blended, faded, ordered, grouped, masked, merged; every step undone and redone."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QSlider

RED = (200, 30, 30)


class Diary:
    """How the document looked after every step of its history."""

    def __init__(self, studio):
        self.studio = studio
        self.pages = {}
        self.note()

    def note(self):
        """One more step was done; write down how the document looks now."""
        position = self.studio.document.history.position
        assert position == len(self.pages)
        self.pages[position] = self._page()

    def compare(self):
        """The page of the present step must look like the document now."""
        pixels, tree = self._page()
        noted = self.pages[self.studio.document.history.position]
        np.testing.assert_array_equal(pixels, noted[0])
        assert tree == noted[1]

    def _page(self):
        return self.studio.pixels(), shape(self.studio.document.layers.root)


def shape(layers):
    return [
        (
            layer.name,
            layer.blend,
            round(layer.opacity, 3),
            shape(layer.children or ()),
            layer.mask is not None,
        )
        for layer in layers
    ]


def row_part(studio, name, part):
    """The middle of a part of a layer's row, in the list's viewport."""
    panel = studio.part("layers")
    layer = next(layer for layer in studio.document.layers.all() if layer.name == name)
    box = panel.tree.part_box(panel.model.index_of(layer), part)
    assert not box.isEmpty(), (name, part)
    return box.center()


def click_row(studio, name, part="name"):
    studio.click(studio.part("layers").tree.viewport(), at=row_part(studio, name, part))


def drag_row(studio, name, onto, *, part_of_row):
    """Drag a row to a part of another: 0 its top, 1 its bottom."""
    tree = studio.part("layers").tree
    start, end = row_part(studio, name, "name"), row_part(studio, onto, "eye")
    row = tree.visualRect(tree.indexAt(end))
    target = (start.x(), row.top() + round(part_of_row * (row.height() - 1)))
    studio.drag([(start.x(), start.y()), target], on=tree.viewport())


def test_layers_are_built_up_by_mouse_and_every_step_can_be_taken_back(studio):
    page = np.full((120, 160, 4), 255, np.uint8)
    page[..., 0] = np.arange(160, dtype=np.uint8)
    document = studio.show_pixels(page)
    diary = Diary(studio)
    two_layers_are_painted(studio, diary)
    one_is_blended_and_faded(studio, diary)
    both_go_into_a_group(studio, diary)
    a_mask_is_painted(studio, diary)
    they_are_merged_and_hidden(studio, diary)
    for _ in range(2):
        while document.history.can_undo:
            studio.undo()
            diary.compare()
        np.testing.assert_array_equal(studio.pixels(), page)
        assert document.history.is_clean
        while document.history.can_redo:
            studio.redo()
            diary.compare()


def two_layers_are_painted(studio, diary):
    state = studio.context.tool_state
    studio.click("layers.new")
    diary.note()
    state.foreground = RED
    studio.brush([(30, 30), (110, 70)], radius=12, tool="brush")
    diary.note()
    assert tuple(studio.pixels()[50, 70, :3]) == RED

    studio.click("layers.new")
    diary.note()
    state.foreground = (30, 200, 90)
    studio.brush([(110, 20), (40, 100)], radius=14, tool="brush")
    diary.note()


def one_is_blended_and_faded(studio, diary):
    layer = studio.document.active
    QTest.keyClick(studio.part("layers.blend"), Qt.Key.Key_Down)
    diary.note()
    assert layer.blend == "multiply"
    np.testing.assert_allclose(studio.pixels()[50, 76, :3], (24, 24, 11), atol=12)

    slider = studio.part("layers.opacity").findChild(QSlider)
    end, middle = slider.width() - 8, slider.height() // 2
    studio.drag([(end, middle), (end * 2 // 3, middle), (end // 2, middle)], on=slider)
    diary.note()
    assert 0.3 < layer.opacity < 0.7


def both_go_into_a_group(studio, diary):
    layers = studio.document.layers
    drag_row(studio, "Layer 2", "Background", part_of_row=0.1)
    diary.note()
    assert [layer.name for layer in layers] == ["Background", "Layer 2", "Layer 1"]

    click_row(studio, "Layer 1")
    studio.click("layers.group")
    diary.note()
    drag_row(studio, "Layer 2", "Group", part_of_row=0.5)
    diary.note()
    (group,) = [layer for layer in layers if layer.is_group]
    assert {layer.name for layer in group.children} == {"Layer 1", "Layer 2"}


def a_mask_is_painted(studio, diary):
    """With the left button it hides after X; with the right button it hides without."""
    state = studio.context.tool_state
    click_row(studio, "Layer 1")
    studio.click("layers.mask")
    diary.note()
    click_row(studio, "Layer 1", "mask")
    assert state.target == "mask"
    before = red_pixels(studio)
    studio.run("colours.swap")
    studio.brush([(50, 40), (90, 60)], radius=10, tool="brush")
    diary.note()
    hidden = red_pixels(studio)
    assert hidden < before * 0.8

    studio.run("colours.swap")
    studio.drag([(40, 34), (60, 44)], button=Qt.MouseButton.RightButton)
    diary.note()
    assert red_pixels(studio) < hidden
    click_row(studio, "Layer 1", "picture")
    assert state.target == "pixels"


def they_are_merged_and_hidden(studio, diary):
    before = studio.pixels()
    (group,) = [layer for layer in studio.document.layers if layer.is_group]
    click_row(studio, group.children[1].name)
    studio.run("layer.merge_down")
    diary.note()
    np.testing.assert_allclose(studio.pixels().astype(int), before, atol=1)
    click_row(studio, studio.document.active.name, "eye")
    diary.note()


def red_pixels(studio):
    return int((studio.pixels()[..., :3] == RED).all(axis=2).sum())


def test_the_mask_of_a_group_is_shown_in_its_row(studio):
    studio.show_pixels(np.full((40, 60, 4), 255, np.uint8))
    studio.click("layers.group")
    studio.click("layers.mask")
    panel, group = studio.part("layers"), studio.document.active
    assert group.is_group
    studio.wait(lambda: panel.thumbnails.of(group) is not None)
    assert panel.thumbnails.of(group).mask is not None
    assert not row_part(studio, "Group", "mask").isNull()
