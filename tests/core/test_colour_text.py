"""Colours as people write them."""

from __future__ import annotations

import pytest

from imgstudio.core.colour_text import code_of, colour_of


@pytest.mark.parametrize(
    "text", ["#c08060", "C08060", " c08060 ", "192 128 96", "192,128,96", "192; 128; 96", "rgb(192, 128, 96)"]
)
def test_many_ways_to_write_one_colour(text):
    assert colour_of(text) == (192, 128, 96)


def test_three_digits_stand_for_six():
    assert colour_of("#f80") == (255, 136, 0)


@pytest.mark.parametrize("text", ["", "red", "#c0806", "300 0 0", "1 2", "1 2 3 4", "-1 2 3"])
def test_anything_else_is_no_colour(text):
    assert colour_of(text) is None


def test_a_code_and_back():
    assert colour_of(code_of((1, 20, 255))) == (1, 20, 255)
