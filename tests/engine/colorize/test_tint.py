"""Grey, tinted or coloured: told of drawn pictures as scanners and cheap compression deliver them."""

import cv2
import numpy as np
import pytest

from imgstudio.core.lab import lab_of, recoloured
from imgstudio.engine.colorize.tint import kind_of


def scene(height=240, width=320):
    """(h, w) lightness: a sky, hills, a wall, grain."""
    rng = np.random.default_rng(3)
    rows, columns = np.indices((height, width), np.float32)
    light = 85 - 0.2 * rows
    light[rows > 120 + 20 * np.sin(columns / 30)] = 35
    light[130:200, 60:150] = 62
    light += cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), 2) * 20
    return np.clip(light + rng.normal(0, 2, light.shape), 3, 97).astype(np.float32)


def painted(light, strength=1.0):
    """The same with a blue sky, green hills and a red wall, (h, w, 3)."""
    rows, columns = np.indices(light.shape)
    ab = np.zeros((*light.shape, 2), np.float32)
    ab[:] = (-4, -22)
    ab[rows > 120 + 20 * np.sin(columns / 30)] = (-18, 22)
    ab[130:200, 60:150] = (38, 20)
    return recoloured(light, ab * np.float32(strength))


def toned(light, ab, uneven=0.0):
    """With a tint that is strongest in the middle greys, (h, w, 3), as of a sepia print."""
    share = 4 * light / 100 * (1 - light / 100)
    spots = cv2.resize(np.random.default_rng(1).random((4, 4)).astype(np.float32), light.shape[::-1])
    share = share * (1 + uneven * (spots - 0.5))
    return recoloured(light, np.asarray(share[..., None] * np.float32(ab) + np.float32((1, 4)), np.float32))


def compressed(pixels, quality):
    levels = np.round(pixels * 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", levels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1], np.float32) / 255


def grey(light):
    return recoloured(light, np.zeros((*light.shape, 2), np.float32))


@pytest.mark.parametrize("quality", [95, 40])
def test_grey_pictures(quality):
    tint = kind_of(compressed(grey(scene()), quality))
    assert (tint.kind, tint.share) == ("grey", 0)


def test_grain_in_colour_makes_no_colours():
    noise = np.random.default_rng(0).normal(0, 14 / 255, (240, 320, 3)).astype(np.float32)
    assert kind_of(np.clip(grey(scene()) + noise, 0, 1)).kind == "grey"


def test_a_scan_that_is_hardly_warm_is_grey():
    light = scene()
    assert kind_of(recoloured(light, np.full((*light.shape, 2), 1.5, np.float32))).kind == "grey"


@pytest.mark.parametrize("ab", [(6, 18), (10, 28), (-4, -24)])
@pytest.mark.parametrize("uneven", [0.0, 0.9])
def test_sepia_and_blue_prints_have_a_tint_and_it_is_told_which(ab, uneven):
    tint = kind_of(compressed(toned(scene(), ab, uneven), 60))
    assert tint.kind == "tinted"
    found = lab_of(np.array([[tint.colour]], np.float32))[0, 0, 1:]
    assert np.dot(found, ab) > 0.9 * np.hypot(*found) * np.hypot(*ab)


@pytest.mark.parametrize(
    ("dark", "light"),
    [("#1a0f06", "#f4e6c8"), ("#2b1a10", "#fff1d6"), ("#101a2b", "#e6eefa"), ("#20130a", "#ead2a8")],
)
def test_two_inks_are_a_tint(dark, light):
    ends = [
        np.array([int(code[at : at + 2], 16) for at in (1, 3, 5)], np.float32) / 255 for code in (dark, light)
    ]
    share = grey(scene())[..., :1]
    duotone = ends[0] + share * (ends[1] - ends[0])
    assert kind_of(compressed(duotone.astype(np.float32), 85)).kind == "tinted"


@pytest.mark.parametrize("strength", [1.0, 0.4])
def test_coloured_pictures_also_faded_ones(strength):
    assert kind_of(compressed(painted(scene(), strength), 70)).kind == "coloured"


def test_a_faded_print_that_turned_yellow_is_coloured():
    lab = lab_of(painted(scene()))
    light = 30 + 0.6 * lab[..., 0]
    faded = recoloured(
        light.astype(np.float32), np.ascontiguousarray(0.4 * lab[..., 1:] + np.float32((6, 10)))
    )
    assert kind_of(faded).kind == "coloured"


@pytest.mark.parametrize("where", [np.s_[:40, :50], np.s_[100:140, 250:300], np.s_[-18:, :], np.s_[:, :20]])
def test_a_stamp_or_a_strip_of_a_scanner_makes_no_picture_coloured(where):
    pixels = grey(scene())
    pixels[where] = np.float32((0.8, 0.1, 0.15))
    assert kind_of(pixels).kind == "grey"


def test_yellow_paper_round_a_grey_picture_is_a_tint_at_most():
    pixels = np.full((300, 380, 3), np.float32((0.93, 0.9, 0.8)))
    pixels[30:270, 30:350] = grey(scene())
    assert kind_of(pixels).kind in ("grey", "tinted")


def test_one_strong_colour_is_no_tint():
    light = scene()
    assert kind_of(recoloured(light, np.full((*light.shape, 2), (-30, 30), np.float32))).kind == "coloured"


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 2)])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_tiny_and_empty_pictures_are_grey(size, value):
    tint = kind_of(np.full((*size, 3), value, np.float32))
    assert tint.kind == "grey"
    assert np.ptp(tint.colour) < 0.01


def test_a_small_view_is_enough():
    pixels = painted(scene(480, 640))
    small = cv2.resize(pixels, (160, 120), interpolation=cv2.INTER_AREA)
    assert kind_of(pixels).kind == kind_of(small).kind
