"""Colour hints: what scripts, files and the command line may give, and that nothing is lost on the way."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgstudio.core import params as declared
from imgstudio.core.colour_hints import KEEP, Hint, hints_of, moved
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Point, Rect, Transform
from imgstudio.core.params import ColourHints

RED, KEPT = Hint(120, 80, 6, 170, 68, 34), Hint(12.5, 3, 2, KEEP, KEEP, KEEP)


@dataclass(frozen=True)
class Painted:
    hints: Annotated[tuple[Hint, ...], ColourHints(most=40)] = ()


coordinates = st.floats(-1e4, 1e4)
hints = st.builds(Hint, coordinates, coordinates, st.floats(1e-3, 1e4), *[st.floats(0, 255)] * 3) | st.builds(
    Hint, coordinates, coordinates, st.floats(1e-3, 1e4), *[st.just(KEEP)] * 3
)
traces = st.builds(Hint, coordinates, coordinates, st.floats(1, 9), *[st.floats(0, 1)] * 3)


@given(st.lists(hints, max_size=8) | st.lists(traces, max_size=4))
def test_json_gives_back_the_very_same_hints(some):
    painted = Painted(tuple(some))
    text = json.dumps(declared.to_json(painted))
    assert declared.from_json(Painted, json.loads(text)) == painted


def test_they_become_plain_lists():
    assert declared.to_json(Painted((RED, KEPT))) == {
        "hints": [[120, 80, 6, 170, 68, 34], [12.5, 3, 2, -1, -1, -1]]
    }


@pytest.mark.parametrize(
    "value",
    [
        [(120, 80, 6, 170, 68, 34)],
        [[120, 80, 6, "#AA4422"]],
        np.array([[120, 80, 6, 170, 68, 34]], np.int32),
        (np.array([120, 80, 6, 170, 68, 34], np.float32),),
        iter([(np.float64(120), np.int64(80), 6, np.uint8(170), 68, 34)]),
        {"hints": [[120, 80, 6, 170, 68, 34]]},
        (RED,),
    ],
)
def test_scripts_may_give_them_in_many_ways(value):
    assert hints_of(value) == (RED,)


def test_colours_are_of_one_where_none_in_the_list_is_more():
    small = hints_of([(0, 0, 3, 1, 0.5, 0), (900, 0, 3, 0.2, 0, 0), (5, 5, 1, "keep"), (5, 5, 1, "#010203")])
    assert [hint[3:] for hint in small] == [(255, 127.5, 0), (51, 0, 0), (KEEP,) * 3, (1, 2, 3)]
    assert [hint[3:] for hint in hints_of([(0, 0, 3, 1, 0.5, 0), (9, 0, 3, 2, 0, 0)])] == [
        (1, 0.5, 0),
        (2, 0, 0),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120,80,6,170,68,34", (RED,)),
        (" 120, 80, 6, #aa4422 ; 12.5,3,2,keep; ", (RED, KEPT)),
        ("", ()),
    ],
)
def test_the_command_line_gives_them_as_text(text, expected):
    assert declared.from_text(Painted, [f"hints={text}"]).hints == expected


@pytest.mark.parametrize("name", ["@{}", "{}"])
def test_they_may_be_in_a_file(tmp_path, name):
    path = tmp_path / "strokes.json"
    path.write_text(json.dumps([list(RED), [12.5, 3, 2, "keep"]]))
    assert declared.from_text(Painted, ["hints=" + name.format(path)]).hints == (RED, KEPT)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([list(RED), (1, 2, 0, 1, 1, 1)], "Hint 2 has no radius"),
        ([list(RED), list(RED), (1, 2, 3, 256, 0, 0)], "Hint 3 has a colour"),
        ([(1, 2, 3, 20, -1, 0)], "Hint 1 has a colour"),
        ([list(RED), (math.nan, 2, 3, 4, 5, 6)], "Hint 2 .* not a number"),
        ([(1, math.inf, 3, 4, 5, 6)], "Hint 1 .* not a number"),
        ([(1, 1e30, 3, 4, 5, 6)], "Hint 1 .* away"),
        ([(1, 2, 1e30, 4, 5, 6)], "Hint 1 .* away"),
        ([(1, 10**400, 3, 4, 5, 6)], "Hint 1 .* not a number"),
        ([list(RED), (1, 2, 3)], "Hint 2 must be"),
        ([list(RED), (1, 2, 3, 4, 5, 6, 7)], "Hint 2 must be"),
        ([list(RED), 7], "Hint 2 must be"),
        ([(1, 2, 3, "mauve")], "Hint 1 .*mauve"),
        ([(1, 2, 3, "#12345")], "Hint 1 .*#12345"),
        ([(1, 2, 3, None, 5, 6)], "Hint 1 .* not a number"),
        (5, "not a list"),
        ("1,2,3,4,5,6", "not a list"),
        ({"strokes": []}, "not a list"),
    ],
)
def test_what_is_wrong_is_said_and_where(value, why):
    with pytest.raises(UserError, match=why):
        hints_of(value)


@pytest.mark.parametrize("text", ["1,2,3", "1,2,x,4,5,6", "1,2,3,4,5,6,", "@there/is/none.json"])
def test_bad_text_is_refused_in_words(text):
    with pytest.raises(UserError):
        declared.from_text(Painted, [f"hints={text}"])


@pytest.mark.parametrize("contents", ["{", "[" * 100_000, "7", '"none"'])
def test_a_file_of_something_else_is_refused_in_words(tmp_path, contents):
    (tmp_path / "other.json").write_text(contents)
    with pytest.raises(UserError):
        declared.from_text(Painted, [f"hints=@{tmp_path / 'other.json'}"])


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([RED], "not a list of hints"),
        (((1, 2, 3, 4, 5, 6),), "not a list of hints"),
        ((RED, RED._replace(radius=-1)), "Hint 2"),
        ((RED, RED._replace(x="left")), "not numbers"),
        ((RED,) * 41, "at most 40"),
    ],
)
def test_a_parameter_object_is_checked_and_the_message_stays_short(value, why):
    with pytest.raises(UserError, match=why) as caught:
        declared.check(Painted(value))
    assert len(str(caught.value)) < 500


def test_they_move_with_the_picture():
    turned = Transform(0, 2, -2, 0, 100, 10)  # a quarter round, and twice as large
    (there,) = moved((RED,), turned)
    assert there == Hint(*turned.apply(120, 80), 12, *RED[3:])
    assert moved(moved((RED, KEPT), turned), turned.inverted()) == (RED, KEPT)
    assert moved((RED,), Transform()) == (RED,)


def test_in_perspective_they_shrink_with_the_distance():
    corners = [Point(40, 0), Point(60, 0), Point(100, 100), Point(0, 100)]
    away = Transform.from_corners(Rect(0, 0, 100, 100), corners)
    far, near = moved((Hint(50, 10, 4, 1, 2, 3), Hint(50, 90, 4, 1, 2, 3)), away)
    assert far.radius < near.radius
    assert (far.x, near.x) == (pytest.approx(50), pytest.approx(50))


def test_parameters_of_a_layer_that_was_moved_move_their_hints():
    shift = Transform(e=-20, f=5)
    assert declared.moved(Painted((RED, KEPT)), shift).hints == moved((RED, KEPT), shift)
    assert declared.moved(Painted((RED,)), Transform()) == Painted((RED,))
