"""Lines along edges: they follow what parts two colours, at any size and depth of picture."""

import cv2
import numpy as np
import pytest

from imgstudio.core.geometry import Point, Rect
from imgstudio.engine.livewire import SIDE, LiveWire, settled

CENTRE, RADIUS = (300, 220), 140


def disc(dtype=np.uint8, noise=6.0, enlarged=1):
    """(h, w, 4): a light disc on dark ground."""
    rgb = np.full((440 * enlarged, 600 * enlarged, 3), (50, 70, 60), np.float32)
    cv2.circle(rgb, (CENTRE[0] * enlarged, CENTRE[1] * enlarged), RADIUS * enlarged, (190, 150, 90), -1)
    rgb += np.random.default_rng(3).normal(0, noise, rgb.shape)
    bytes_ = np.clip(rgb, 0, 255).astype(np.uint8)
    rgba = np.dstack((bytes_, np.full(rgb.shape[:2], 255, np.uint8)))
    return rgba if dtype == np.uint8 else rgba.astype(np.uint16) * 257


def wire_over(pixels):
    bounds = Rect(0, 0, pixels.shape[1], pixels.shape[0])
    return LiveWire(lambda rect: pixels[rect.slices()], bounds)


def away_from_circle(points, enlarged=1):
    x, y = np.array(points).T
    middle = np.array(CENTRE) * enlarged + 0.5
    return np.abs(np.hypot(x - middle[0], y - middle[1]) - RADIUS * enlarged)


def on_circle(degrees, enlarged=1, off=0.0):
    angle = np.deg2rad(degrees)
    reach = RADIUS * enlarged + off
    return Point(
        CENTRE[0] * enlarged + 0.5 + reach * np.cos(angle), CENTRE[1] * enlarged + 0.5 + reach * np.sin(angle)
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_path_clings_to_the_edge_between_two_colours(dtype):
    wire = wire_over(disc(dtype))
    wire.set_anchor(wire.snapped(on_circle(0, off=6), 12))

    path = wire.smooth_path(wire.snapped(on_circle(75, off=-6), 12))

    assert away_from_circle(path).max() < 3
    assert len(path) > 100


def test_a_path_of_coarse_cells_is_drawn_to_the_edge_of_the_pixels():
    wire = wire_over(disc(enlarged=4, noise=0))
    wire.set_anchor(on_circle(0, 4), 4)

    rough, fine = (draw(on_circle(60, 4)) for draw in (wire.path, wire.smooth_path))

    assert away_from_circle(fine, 4)[3:-3].mean() < 1.5
    assert away_from_circle(fine, 4)[3:-3].mean() < away_from_circle(rough, 4)[3:-3].mean()


def test_paths_begin_at_the_anchor_and_end_at_the_target():
    wire = wire_over(disc())
    wire.set_anchor(Point(250.2, 90.7))

    for target in (Point(260.9, 95.1), Point(400.0, 300.0), Point(250.2, 90.7)):
        path = wire.path(target)
        assert (path[0], path[-1]) == (Point(250.2, 90.7), target)


def test_only_a_window_round_the_anchor_is_read():
    read = []
    pixels = disc(enlarged=10)
    bounds = Rect(0, 0, pixels.shape[1], pixels.shape[0])
    wire = LiveWire(lambda rect: read.append(rect) or pixels[rect.slices()], bounds)

    wire.set_anchor(Point(4400.0, 2200.0))
    path = wire.path(Point(0.0, 0.0))

    assert [(rect.width, rect.height) for rect in read] == [(SIDE, SIDE)]
    assert all(wire.box.contains(*point) for point in path)


def test_a_target_snaps_to_an_edge_near_it_and_stays_where_there_is_none():
    wire = wire_over(disc(noise=0))

    near, alone = wire.snapped(on_circle(30, off=7), 12), wire.snapped(Point(20.0, 20.0), 12)

    assert away_from_circle([near]).max() < 2
    assert alone == Point(20.0, 20.0)


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (700, 3)])
def test_a_plain_or_tiny_picture_has_paths_too(shape):
    wire = wire_over(np.full((*shape, 4), 77, np.uint8))
    wire.set_anchor(Point(0.5, 0.5))

    path = wire.smooth_path(Point(shape[1] - 0.5, shape[0] - 0.5))

    assert path[0] == Point(0.5, 0.5)


def test_what_is_transparent_has_an_edge():
    pixels = disc(noise=0)
    pixels[..., :3] = (128, 60, 200)
    cv2.circle(alpha := np.zeros(pixels.shape[:2], np.uint8), CENTRE, RADIUS, 255, -1)
    pixels[..., 3] = alpha
    wire = wire_over(pixels)
    wire.set_anchor(on_circle(0))

    assert away_from_circle(wire.path(on_circle(60))).max() < 3


def test_an_anchor_outside_the_picture_is_refused():
    with pytest.raises(ValueError, match="outside"):
        wire_over(disc()).set_anchor(Point(-1.0, 5.0))


def test_settled_counts_what_two_paths_have_in_common():
    one = [Point(0, 0), Point(1, 0), Point(2, 0)]
    assert settled(one, [*one[:2], Point(2, 1)]) == 2
    assert settled(one, one) == 3
