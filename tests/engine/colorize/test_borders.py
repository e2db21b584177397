"""The picture inside its paper, film or scanner; and pictures that only look as if they had a border."""

import numpy as np
import pytest

from imgstudio.core.geometry import Rect
from imgstudio.engine.colorize.borders import borders


def texture(height, width, low=25, high=62):
    rng = np.random.default_rng(4)
    rows, columns = np.indices((height, width))
    waves = np.sin(rows / 9) * np.cos(columns / 7)
    return (low + (high - low) * (waves + 1) / 2 + rng.normal(0, 3, (height, width))).astype(np.float32)


def framed(level, left, upper, right, lower, noise=1.0, shape=(400, 600)):
    light = np.random.default_rng(5).normal(level, noise, shape).astype(np.float32).clip(0, 100)
    box = Rect(left, upper, shape[1] - left - right, shape[0] - upper - lower)
    light[box.slices()] = texture(box.height, box.width)
    return light, box


def off(found, box):
    return max(
        abs(a - b)
        for a, b in zip(
            (*found[:2], found.right, found.bottom), (*box[:2], box.right, box.bottom), strict=True
        )
    )


@pytest.mark.parametrize("level", [3, 95, 80])
@pytest.mark.parametrize(
    "sides", [(40, 30, 50, 60), (0, 50, 0, 50), (70, 0, 0, 0), (12, 12, 12, 12), (120, 80, 120, 80)]
)
def test_black_and_white_borders_are_found(level, sides):
    light, box = framed(level, *sides)
    found = borders(light)
    assert off(found, box) <= 6
    assert found.intersect(box) == found, "nothing of the border is left"


def test_paper_inside_the_black_of_a_scanner():
    inner, box = framed(94, 30, 30, 30, 30)
    light = np.full((460, 680), 2, np.float32)
    light[30:430, 40:640] = inner
    assert off(borders(light), box.translated(40, 30)) <= 8


@pytest.mark.parametrize("factor", [1, 5])
def test_large_pictures_are_the_same(factor):
    light, box = framed(3, 40, 30, 50, 60)
    large = light.repeat(factor, 0).repeat(factor, 1)
    expected = Rect(*(value * factor for value in box))
    assert off(borders(large), expected) <= 6 * factor


def nothing(light):
    return borders(light) == Rect(0, 0, light.shape[1], light.shape[0])


def test_a_picture_without_one_is_whole():
    assert nothing(texture(300, 400))


def test_a_sky_over_roofs_is_no_border():
    light = texture(300, 400)
    rows, columns = np.indices(light.shape)
    light[rows < 60 + 15 * np.sin(columns / 20) + 20 * (columns // 50 % 2)] = 96
    assert nothing(light)


def test_a_night_that_fades_into_light_is_no_border():
    light = texture(300, 400)
    light *= np.linspace(0, 1, 300, dtype=np.float32)[:, None] ** 2
    assert nothing(light)


def test_grey_round_a_picture_is_no_clear_border():
    light, _ = framed(50, 40, 40, 40, 40)
    assert nothing(light)


def test_what_would_leave_hardly_anything_is_none():
    light, _ = framed(2, 250, 150, 250, 150)
    assert nothing(light)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (7, 9), (40, 40)])
@pytest.mark.parametrize("level", [0, 100])
def test_one_tone_is_no_border(shape, level):
    assert nothing(np.full(shape, level, np.float32))
