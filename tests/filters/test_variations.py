"""Settings near the present ones: valid, different, one parameter changed, and worth a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgstudio.core import params as declared
from imgstudio.core.errors import UserError
from imgstudio.core.params import Number, Picture, Preset, Ui
from imgstudio.filters.base import Filter, SessionFilter
from imgstudio.filters.registry import load_filters
from imgstudio.filters.variations import (
    LARGE_SIDE,
    LEAST,
    MOST,
    NOW,
    SIDE,
    STEPS,
    missing,
    offers_sheet,
    quick,
    side_of,
    variations,
)


@dataclass(frozen=True)
class PaintParams:
    weight: Annotated[float, Number(0.05, 20, 0.05, log=True), Ui(label="Style")] = 1.0
    light: Annotated[float, Number(-10, 10, 0.05, soft_max=4, unit="EV")] = 0.0
    quality: Annotated[int | None, Number(1, 100)] = None
    colours: Literal["of the painting", "of the photo", "alike"] = "of the painting"
    warm: bool = False
    size: Annotated[int, Number(128, 4096, 16, unit="px", log=True)] = 512
    iterations: Annotated[int, Number(5, 500, 5)] = 40
    hidden: Annotated[float, Number(0, 1, 0.1), Ui(advanced=True)] = 0.5
    kelvin: Annotated[int, Number(1, 9), Ui(visible_if=("warm", True))] = 5


PAINT = Filter(
    "paint", "Paint", "Style", "Paints.", PaintParams, lambda image, params, progress: image.pixels
)
FILTERS = list(load_filters())
EVERY = [item for item in FILTERS if offers_sheet(item)]


def labels(params=None, **how):
    return [one.label for one in variations(PAINT, params or PaintParams(), **how)]


def test_the_present_settings_come_first_and_the_rest_in_the_order_of_the_form():
    assert labels() == [
        NOW,
        "Style 0.5",
        "Style 2",
        "Light -1 EV",
        "Light +1 EV",
        "Quality 26",
        "Quality 75",
        "Colours of the photo",
    ]


def test_folded_and_hidden_parameters_stay():
    assert not any("Hidden" in label or "Kelvin" in label for label in labels(most=99))
    assert any("Kelvin" in label for label in labels(PaintParams(warm=True), most=99))


def test_what_a_small_picture_does_not_show_is_left_out():
    assert not {"Size 256 px", "Size 1024 px", "Iterations 20", "Iterations 80"} & {
        *labels(most=99, side=SIDE)
    }
    assert "Size 256 px" in labels(most=99, side=LARGE_SIDE)
    assert (quick(PaintParams(), 160).size, quick(PaintParams(), 160).iterations) == (160, STEPS)
    assert quick(PaintParams(iterations=5), 4096) == PaintParams(iterations=5)


def test_presets_of_a_file_that_is_used_are_compared():
    @dataclass(frozen=True)
    class Styles:
        style: Annotated[
            Path | None, Picture(presets=(Preset("night", "A night"), Preset("sea", "The sea")))
        ] = Path("night")
        second: Annotated[Path | None, Picture(presets=(Preset("night", "A night"),))] = None

    found = variations(replace(PAINT, params=Styles), Styles())
    assert [(one.label, one.assignment) for one in found] == [(NOW, ""), ("Style: The sea", "style=sea")]


def test_another_seed_fills_up_a_sheet():
    @dataclass(frozen=True)
    class Few:
        warm: bool = False

    item = replace(PAINT, params=Few, seeded=True)
    assert [(one.label, one.seed) for one in variations(item, Few(), 6)] == [
        (NOW, 6),
        ("Warm: on", 6),
        ("Seed 7", 7),
    ]


def test_combinations_that_a_filter_refuses_are_left_out():
    @dataclass(frozen=True)
    class Picky:
        low: Annotated[int, Number(0, 100)] = 0

        def __post_init__(self):
            if self.low > 20:
                raise UserError("Too much", "", "Less")

    assert [one.params.low for one in variations(replace(PAINT, params=Picky), Picky())] == [0, 12]


@settings(deadline=None, max_examples=50)
@given(
    st.builds(
        PaintParams,
        weight=st.floats(0.05, 20),
        light=st.floats(-10, 10),
        quality=st.none() | st.integers(1, 100),
        colours=st.sampled_from(["of the painting", "of the photo", "alike"]),
        warm=st.booleans(),
        size=st.integers(128, 4096),
    )
)
def test_each_is_allowed_and_differs_in_one_parameter_wherever_one_stands(params):
    found = variations(PAINT, params)
    assert LEAST <= len(found) <= MOST
    assert found[0].params == params
    for one in found[1:]:
        declared.check(one.params)
        changed = [
            p.name
            for p in declared.describe(PaintParams)
            if getattr(one.params, p.name) != getattr(params, p.name)
        ]
        name, _, text = one.assignment.partition("=")
        assert changed == [name]
        again = declared.from_text(PaintParams, [f"{name}={text}"])
        assert getattr(again, name) == getattr(one.params, name), "the command line takes it too"
    assert len({one.label for one in found}) == len(found)
    assert len({one.params for one in found}) == len(found)


@pytest.mark.parametrize("item", EVERY, ids=lambda item: item.id)
def test_every_filter_with_a_sheet_has_something_to_compare(item):
    found = variations(item, item.params(), side=side_of(item))
    assert LEAST <= len(found) <= MOST
    for one in found:
        declared.check(one.params)


def test_a_sheet_is_of_filters_that_are_previewed_in_place():
    offered = {item.id for item in EVERY}
    assert {"stylize", "exposure", "sharpen", "hue-saturation"} <= offered
    assert not {"resize", "enhance", "diffusion-fill", "lut", "curves"} & offered


def test_a_first_parameter_that_is_a_file_must_be_there():
    stylize = next(item for item in FILTERS if item.id == "stylize")
    assert isinstance(stylize, SessionFilter)
    assert missing(stylize.params()) == "Choose a picture for “Painting” first"
    assert missing(PaintParams()) == ""
