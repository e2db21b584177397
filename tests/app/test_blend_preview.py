"""The blend preview: follows the active object, is exact once it rests, and leaves the document alone."""

from dataclasses import dataclass

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from imgstudio.core.blend import flatten
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.layers import Layer
from imgstudio.core.recipe import Recipe, RecipeStep
from imgstudio.core.tiles import TileStore
from imgstudio.filters.base import Frame, NoParams, SessionFilter
from imgstudio.filters.objects import OBJECT, made_of
from tests.filters.composites import CENTRE, composition, disc
from tests.studio import send_move


@dataclass
class Red:
    """A filter that paints the object red, and tells what it saw."""

    seen: list

    def instant(self, image, params, progress):
        if image.backdrop is None:
            raise UserError("There is nothing below the object", "", "Put it above a picture")
        self.seen.append(image)
        return Frame(np.broadcast_to(np.float32([1, 0, 0]), image.pixels.shape).copy(), 1, 1, "", image.mask)


@pytest.fixture
def red():
    return Red([])


@pytest.fixture
def blend(studio, red):
    """The preview of a window that shows a ball on a painting."""
    document, ball = composition(240, 320, (160, 120), 30)
    studio.program.documents.add(document)
    document.active = ball
    item = SessionFilter(
        "red", "Red", "Style", "Red.", NoParams, lambda *_: None, reads="object", instant=red.instant
    )
    preview = studio.context.filter_panel.blend
    preview.choose(item, NoParams())
    yield preview
    preview.choose(None)
    preview.set_wanted(False)
    preview.set_on(False)


def colour(studio, x, y):
    return studio.canvas.renderer.colour_at(x, y)[:3]


def is_red(studio, x, y):
    r, g, b = colour(studio, x, y)
    return r > 240 and g < 15 and b < 15


def result_for(document, ball):
    step = RecipeStep("red", region=OBJECT, made_of=made_of(ball))
    made = Layer("Red", TileStore.from_array(disc(30), 130, 90), recipe=Recipe((step,)))
    document.add_layer(made, document.place_above(ball, free=True))
    document.active = ball
    return made


def test_it_shows_the_object_blended_and_takes_it_off_again(studio, blend):
    before, state = flatten(studio.document), studio.document.history.state
    assert not is_red(studio, 160, 120)
    studio.run("object.preview")
    studio.wait(lambda: blend.is_exact)
    assert is_red(studio, 160, 120)
    assert not is_red(studio, 160, 160)
    np.testing.assert_array_equal(flatten(studio.document), before)
    assert studio.document.history.state == state
    studio.run("object.preview")
    studio.wait(lambda: not is_red(studio, 160, 120))


def test_it_follows_a_drag_at_once_and_is_exact_when_it_rests(studio, blend, red):
    blend.set_on(True)
    studio.wait(lambda: blend.is_exact)
    studio.tool("move")
    start, end = studio.on_screen(160, 120), studio.on_screen(220, 150)
    QTest.mousePress(studio.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    computed = len(red.seen)
    for step in range(1, 6):
        send_move(
            studio.canvas,
            start + (end - start) * step / 5,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        at = studio.document.active.transform
        assert is_red(studio, at.e + 30, at.f + 30), "before anything is computed anew"
    assert len(red.seen) <= computed + 1
    studio.wait(lambda: len(red.seen) > computed)
    assert max(red.seen[-1].pixels.shape[:2]) <= max(red.seen[0].pixels.shape[:2])
    QTest.mouseRelease(studio.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, end)
    studio.wait(lambda: blend.is_exact)
    last = red.seen[-1]
    assert last.origin.x + last.origin.width / 2 == pytest.approx(220, abs=2)
    assert last.whole == studio.document.bounds
    assert is_red(studio, 220, 150)
    assert not is_red(studio, 160, 120)


def test_it_follows_turns_and_scales_too(studio, blend):
    blend.set_on(True)
    studio.wait(lambda: blend.is_exact)
    ball = studio.document.active
    ball.transform = Transform(a=0.5, d=0.5, e=200.0, f=100.0)
    studio.document.damaged.emit(studio.document.bounds)
    assert is_red(studio, 215, 115)
    assert not is_red(studio, 160, 120)
    ball.transform = Transform(e=130.0, f=90.0)


def test_undo_and_another_edit_are_seen(studio, blend, red):
    blend.set_on(True)
    studio.wait(lambda: blend.is_exact)
    count = len(red.seen)
    studio.document.set_layer(studio.document.layers.root[0], "Opacity", opacity=0.5)
    studio.wait(lambda: len(red.seen) > count and blend.is_exact)


def test_a_result_is_shown_itself_until_its_object_moves(studio, blend):
    document, ball = studio.document, studio.document.active
    blend.set_on(True)
    result_for(document, ball)
    studio.wait(lambda: blend._shown is None)
    assert colour(studio, 160, 120)[1] > 100, "the green result"
    blend.set_on(False)
    document.set_layer(ball, "Move", transform=Transform(e=20.0, f=20.0))
    studio.wait(lambda: is_red(studio, 50, 50))
    assert colour(studio, 160, 120) == tuple(
        document.layers.root[0].pixels.read(Rect(160, 120, 1, 1))[0, 0, :3]
    )
    studio.run("object.preview")
    studio.wait(lambda: not is_red(studio, 50, 50))


def test_other_parameters_are_previewed_in_the_place_of_a_result(studio, blend, red):
    document, ball = studio.document, studio.document.active
    blend.set_on(True)
    result_for(document, ball)
    studio.wait(lambda: colour(studio, 160, 120)[1] > 100)
    blend.choose(blend.item, NoParams(), anew=True)
    studio.wait(lambda: is_red(studio, 160, 120))
    blend.choose(blend.item, NoParams())
    studio.wait(lambda: colour(studio, 160, 120)[1] > 100)


def test_what_stands_in_its_way_is_said_in_words(studio, blend):
    document = studio.document
    document.active = document.layers.root[0]
    blend.set_on(True)
    said = []
    studio.context.message.connect(said.append)
    studio.wait(lambda: blend.problem)
    studio.context.message.disconnect(said.append)
    assert said == [blend.problem]
    assert "nothing below" in blend.problem
    document.active = document.layers.root[1]
    studio.wait(lambda: blend.is_exact)
    assert not blend.problem


def test_it_gives_way_to_a_filter_with_its_own_preview(studio, blend):
    blend.set_on(True)
    studio.wait(lambda: blend.is_exact)
    studio.run("filter.exposure")
    studio.wait(lambda: not is_red(studio, 160, 120))
    studio.context.filter_panel.close_filter()
    studio.wait(lambda: is_red(studio, 160, 120))


def test_it_goes_with_the_document_that_is_shown(studio, blend):
    blend.set_on(True)
    studio.wait(lambda: blend.is_exact)
    other, ball = composition()
    studio.program.documents.add(other)
    other.active = ball
    studio.wait(lambda: is_red(studio, *CENTRE))
