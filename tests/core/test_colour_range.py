"""Selecting by colour and by single qualities of pixels."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgstudio.core.channels import CHANNELS, channel_coverage, select_channel
from imgstudio.core.colour_range import ColourRange, Pick, select_colours
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Point, Rect
from imgstudio.core.jobs import Cancelled, CancelToken, Progress

RED, DARK_RED, BLUE, GREY = (200, 40, 40), (150, 20, 25), (40, 60, 200), (128, 128, 128)
HERE = Point(0.0, 0.0)
levels = st.integers(0, 255)
colours = st.tuples(levels, levels, levels)


def stripes(*columns, height=20, width=20, dtype=np.uint8):
    """(height, width * n, 4) of upright stripes."""
    row = np.concatenate([np.full((width, 3), colour, np.uint8) for colour in columns])
    pixels = np.dstack((np.repeat(row[None], height, 0), np.full((height, len(row)), 255, np.uint8)))
    return pixels if dtype == np.uint8 else pixels.astype(np.uint16) * 257


def selected(document):
    return document.selection.read(document.bounds)


def means(coverage, count):
    return [float(part.mean()) for part in np.array_split(coverage, count, 1)]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_looks_like_a_pick_is_selected_and_nothing_else(dtype):
    found = ColourRange((Pick(RED, HERE),), 30).coverage(stripes(RED, BLUE, GREY, dtype=dtype), HERE)
    assert means(found, 3) == [255, 0, 0]


def test_another_pick_adds_and_one_may_leave_out():
    pixels = stripes(RED, DARK_RED, BLUE)
    both = ColourRange((Pick(RED, HERE), Pick(BLUE, HERE)), 15)
    without = ColourRange((Pick(RED, HERE), Pick(DARK_RED, HERE, adds=False)), 30)

    assert means(both.coverage(pixels, HERE), 3) == [255, 0, 255]
    red, dark, blue = means(without.coverage(pixels, HERE), 3)
    assert (dark, blue) == (0, 0)
    assert red > 0


@given(colours, colours, st.floats(0, 100), st.floats(0, 100))
@settings(deadline=None)
def test_more_fuzziness_never_selects_less(picked, other, one, more):
    pixels = stripes(picked, other, width=2, height=2)
    narrow, wide = (
        ColourRange((Pick(picked, HERE),), fuzziness).coverage(pixels, HERE)
        for fuzziness in sorted((one, more))
    )
    assert (wide >= narrow).all()
    assert narrow[0, 0] == 255


@given(colours, st.floats(0, 200))
@settings(deadline=None)
def test_inverted_is_all_the_rest(picked, fuzziness):
    pixels = stripes(RED, BLUE, GREY, picked, width=3, height=2)
    plain = ColourRange((Pick(picked, HERE),), fuzziness).coverage(pixels, HERE)
    inverted = ColourRange((Pick(picked, HERE),), fuzziness, inverted=True).coverage(pixels, HERE)
    assert np.abs(plain.astype(int) + inverted - 255).max() <= 1


def test_a_pick_with_a_reach_fades_away_from_its_place():
    pixels = np.full((40, 100, 4), 255, np.uint8)
    wanted = ColourRange((Pick((255, 255, 255), Point(20.5, 20.5)),), 30, reach=40.0)

    found = wanted.coverage(pixels, HERE)

    assert found[20, 20] == 255
    assert 100 < found[20, 40] < 155
    assert not found[:, 62:].any()


def test_a_part_of_the_picture_and_a_smaller_copy_agree_with_the_whole():
    pixels = np.full((60, 80, 4), 255, np.uint8)
    wanted = ColourRange((Pick((255, 255, 255), Point(30.0, 30.0)),), 30, reach=50.0)
    whole = wanted.coverage(pixels, HERE)

    part = wanted.coverage(pixels[10:30, 20:50], Point(20.0, 10.0))
    small = wanted.coverage(np.ascontiguousarray(pixels[::2, ::2]), HERE, 2.0)

    assert np.array_equal(part, whole[10:30, 20:50])
    averaged = cv2.resize(whole, (40, 30), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - averaged).max() < 6


def test_what_is_transparent_is_not_selected():
    pixels = stripes(RED, RED)
    pixels[:, :20, 3] = 0
    assert means(ColourRange((Pick(RED, HERE),), 30).coverage(pixels, HERE), 2) == [0, 255]


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [("new", [255, 0]), ("add", [255, 255]), ("subtract", [0, 255]), ("intersect", [0, 0])],
)
def test_colours_join_the_selection_in_one_step(mode, wanted):
    document = Document.from_pixels(stripes(RED, BLUE))
    select_colours(document, ColourRange((Pick(BLUE, HERE),), 30))
    select_colours(document, ColourRange((Pick(RED, HERE),), 30), mode)

    assert means(selected(document), 2) == wanted
    assert document.history.labels == ["Colour range"] * 2


def test_a_document_without_layers_selects_nothing():
    document = Document(40, 30)
    select_colours(document, ColourRange((Pick(RED, HERE),), 30))
    assert document.selection.is_empty


def test_no_colour_at_all_is_refused():
    document = Document.from_pixels(stripes(RED))
    with pytest.raises(UserError, match="No colour"):
        select_colours(document, ColourRange((Pick(RED, HERE, adds=False),)))


@pytest.mark.parametrize(
    "change",
    [
        lambda document, progress: select_colours(document, ColourRange((Pick(RED, HERE),)), "new", progress),
        lambda document, progress: select_channel(document, "red", progress),
    ],
)
def test_a_comparison_can_be_stopped_and_changes_nothing(change):
    document, token = Document.from_pixels(stripes(RED)), CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        change(document, Progress(token=token))
    assert not document.history.labels


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_each_channel_selects_in_its_own_measure(dtype):
    pixels = stripes((255, 0, 0), (0, 255, 0), (0, 0, 255), (51, 51, 51), dtype=dtype)
    found = {channel: means(channel_coverage(pixels, channel), 4) for channel in CHANNELS}
    assert found == {
        "luminance": [76, 150, 29, 51],
        "red": [255, 0, 0, 51],
        "green": [0, 255, 0, 51],
        "blue": [0, 0, 255, 51],
        "saturation": [255, 255, 255, 0],
    }


def test_a_channel_becomes_the_selection_in_one_step():
    document = Document.from_pixels(stripes((255, 255, 255), (0, 0, 0)))
    select_channel(document, "luminance")

    assert document.selection.bounds() == Rect(0, 0, 20, 20)
    assert document.history.labels == ["Select by luminance"]
    document.history.undo()
    assert document.selection.is_empty
