"""Palettes for colouring: what the settings remember of them."""

from __future__ import annotations

import json

import pytest

from imgstudio.app.controllers.colorize_palettes import BUILT_IN, LONGEST, MOST, Palettes
from imgstudio.core.errors import UserError
from imgstudio.core.settings import Settings


@pytest.fixture
def palettes():
    return Palettes(Settings())


def test_those_of_the_program_have_eight_to_twelve_colours(palettes):
    for name in BUILT_IN:
        palettes.show(name)
        assert 8 <= len(palettes.colours) <= 12
        assert len(set(palettes.colours)) == len(palettes.colours)
        assert not palettes.is_own


def test_they_are_remembered_in_the_file(tmp_path):
    path = tmp_path / "settings.json"
    first = Palettes(Settings(path))
    first.make("Mine", ((1, 2, 3),))
    first.add((4, 5, 6))
    again = Palettes(Settings(path))
    assert (again.current, again.colours) == ("Mine", ((1, 2, 3), (4, 5, 6)))
    assert json.loads(path.read_text(encoding="utf-8"))["colour_palettes"] == {"Mine": ["#010203", "#040506"]}


def test_a_palette_of_the_program_is_changed_and_comes_back(palettes):
    before = palettes.colours
    palettes.remove(0)
    assert palettes.is_changed
    assert palettes.colours == before[1:]
    palettes.drop()
    assert palettes.colours == before


def test_no_two_have_one_name_and_an_empty_one_gets_one(palettes):
    assert palettes.make("Skin") == "Skin 2"
    assert palettes.make("  ") == "Palette"
    assert palettes.rename("Skin") == "Skin 3"
    assert len(palettes.make("x" * 200)) == LONGEST
    assert palettes.names[: len(BUILT_IN)] == tuple(BUILT_IN)


def test_removing_ones_own_shows_another(palettes):
    palettes.make("Mine")
    palettes.drop()
    assert palettes.current == next(iter(BUILT_IN))
    assert "Mine" not in palettes.names


def test_a_colour_comes_once_and_there_is_an_end(palettes):
    palettes.make("Mine")
    assert palettes.add((1, 2, 3))
    assert not palettes.add((1, 2, 3))
    for level in range(MOST):
        palettes.add((level, 0, 0))
    assert len(palettes.colours) == MOST


@pytest.mark.parametrize("value", [{"Mine": ["no colour"]}, {"Mine": 3}, ["#010203"], {1: ["#010203"]}])
def test_what_is_no_palette_is_refused(value):
    with pytest.raises(UserError):
        Settings().set("colour_palettes", value)
