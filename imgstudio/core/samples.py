"""Three pictures drawn on demand to try the program on: a landscape, a still life, a test card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]
"""(height, width, 3) RGB."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture and what is wrong with it."""

    id: str
    title: str
    trouble: str
    draw: Callable[[int], Picture]
    """Takes the width in pixels."""
    jpeg_quality: int | None = None
    """Stored as a JPEG this bad, so that there is something to repair."""


def landscape(width: int) -> Picture:
    """Hills in the evening before a lake."""
    height = width * 2 // 3
    y, x = _grid(width, height)
    sky = _ramp(y / 0.62, ((0.16, 0.24, 0.46), (0.86, 0.52, 0.42), (0.99, 0.83, 0.58)))
    glow = np.exp(-((x - 0.68) ** 2 + (y - 0.47) ** 2) / 0.02)[..., None]
    picture = sky + glow * np.array([0.5, 0.35, 0.15], np.float32)
    picture[((x - 0.68) ** 2 + (y - 0.47) ** 2) < 0.0016] = (1.0, 0.95, 0.8)
    noise = np.random.default_rng(7)
    for layer in range(5):
        line = 0.4 + 0.045 * layer + _ridge(x[0], noise, 0.08 - 0.012 * layer)
        depth = layer / 4
        colour = (
            np.array([0.42, 0.36, 0.5], np.float32) * (1 - depth)
            + np.array([0.05, 0.09, 0.1], np.float32) * depth
        )
        texture = 1 + 0.12 * _cloud(noise, width, height, 24 * (layer + 1))[..., None]
        edge = np.clip((y - line[None]) * height, 0, 1)[..., None]
        picture = picture * (1 - edge) + colour * texture * edge
    return _finished(_with_lake(picture, noise))


def still_life(width: int) -> Picture:
    """Fruit on a table in dim light, with the grain of a high sensitivity."""
    height = width * 3 // 4
    y, x = _grid(width, height)
    aspect = width / height
    wall = (
        np.array([0.36, 0.33, 0.3], np.float32) * (1.1 - 0.8 * ((x - 0.2) ** 2 + (y - 0.2) ** 2))[..., None]
    )
    grain = np.sin((y * 90 + 2 * np.sin(x * 9)) * 1.3)[..., None] * 0.03
    table = np.array([0.42, 0.26, 0.15], np.float32) * (1.15 - 0.5 * x[..., None]) + grain
    picture = np.where((y > 0.62)[..., None], table, wall)
    for cx, cy, radius, colour in (
        (0.62, 0.48, 0.2, (0.9, 0.55, 0.12)),
        (0.36, 0.56, 0.16, (0.72, 0.12, 0.1)),
        (0.8, 0.64, 0.12, (0.45, 0.6, 0.15)),
        (0.52, 0.7, 0.1, (0.42, 0.16, 0.36)),
    ):
        picture = _ball(picture, (x - cx) * aspect, y - cy, radius, np.array(colour, np.float32))
    dim = picture * (0.75 - 0.5 * (x - 0.3) ** 2)[..., None]
    noise = np.random.default_rng(11).normal(0, 0.055, dim.shape).astype(np.float32)
    return _finished(dim + noise)


def colour_card(width: int) -> Picture:
    """Bars, ramps, fine rings and patches with known colours."""
    height = width * 2 // 3
    y, x = _grid(width, height)
    picture = np.full((height, width, 3), 0.5, np.float32)
    bars = ((1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0))
    column = np.minimum((x * 8).astype(np.intp), 7)
    picture = np.where((y < 0.3)[..., None], np.array(bars, np.float32)[column] * 0.75, picture)
    picture = np.where(((y >= 0.3) & (y < 0.4))[..., None], x[..., None], picture)
    steps = (np.minimum((x * 16).astype(np.intp), 15) / 15)[..., None].astype(np.float32)
    picture = np.where(((y >= 0.4) & (y < 0.5))[..., None], steps, picture)
    across, down = (x - 0.5) * width, (y - 0.75) * height
    rings = 0.5 + 0.5 * np.cos((across**2 + down**2) * np.pi / (height * 0.5))
    inside = (across**2 + down**2 < (0.22 * height) ** 2)[..., None]
    picture = np.where(inside, rings[..., None], picture)
    hue = _ramp(x, ((1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1), (1, 0, 0)))
    return _finished(np.where((y > 0.95)[..., None], hue, picture))


SAMPLES: Final = (
    Sample(
        "landscape",
        "Evening by the lake",
        "Squeezed much too hard",
        landscape,
        jpeg_quality=11,
    ),
    Sample("still_life", "Fruit in dim light", "Grainy and dark", still_life),
    Sample("test_card", "Test card", "Exact colours and fine rings", colour_card),
)


def drawn(sample: Sample, width: int) -> Picture:
    """The sample as it will be opened: with its JPEG artifacts, where it has some."""
    return as_jpeg(sample.draw(width), sample.jpeg_quality) if sample.jpeg_quality else sample.draw(width)


def as_jpeg(picture: Picture, quality: int) -> Picture:
    """The picture after one trip through a JPEG file of quality 1..100."""
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])


def _grid(width: int, height: int) -> tuple[Floats, Floats]:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return (y + 0.5) / height, (x + 0.5) / width


def _ramp(position: Floats, colours: tuple[tuple[float, float, float], ...]) -> Floats:
    stops = np.linspace(0, 1, len(colours))
    channels = [np.interp(position, stops, [colour[i] for colour in colours]) for i in range(3)]
    return np.stack(channels, -1).astype(np.float32)


def _ridge(x: Floats, noise: np.random.Generator, height: float) -> Floats:
    line = np.zeros_like(x)
    for octave in range(1, 7):
        line += np.sin(x * 2.2**octave * 2 + noise.uniform(0, 6.28)).astype(np.float32) / 1.9**octave
    return line * height


def _cloud(noise: np.random.Generator, width: int, height: int, cells: int) -> Floats:
    coarse = noise.standard_normal((cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _with_lake(picture: Floats, noise: np.random.Generator) -> Floats:
    height, width = picture.shape[:2]
    shore = int(height * 0.63)
    rows = height - shore
    mirrored = picture[shore - rows : shore][::-1]
    waves = (_cloud(noise, width, rows, 40) * np.linspace(1, 8, rows, dtype=np.float32)[:, None]).astype(
        np.float32
    )
    columns = np.arange(width, dtype=np.float32)[None] + waves
    lines = np.broadcast_to(np.arange(rows, dtype=np.float32)[:, None], (rows, width)) + waves * 0.3
    water = cv2.remap(
        mirrored, columns, np.ascontiguousarray(lines), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    picture[shore:] = np.asarray(water, np.float32) * 0.66 + np.array([0.02, 0.05, 0.09], np.float32)
    return picture


def _ball(picture: Floats, dx: Floats, dy: Floats, radius: float, colour: Floats) -> Floats:
    shadow = np.exp(-((dx / (radius * 1.2)) ** 2 + ((dy - radius * 0.9) / (radius * 0.3)) ** 2))[..., None]
    picture = np.asarray(picture * (1 - 0.6 * shadow), np.float32)
    square = (dx**2 + dy**2) / radius**2
    z = np.sqrt(np.clip(1 - square, 0, 1))
    light = np.clip((-dx * 0.5 - dy * 0.6) / radius + z * 0.6, 0, 1)
    shine = np.clip((-dx * 0.35 - dy * 0.45) / radius + z * 0.82, 0, 1) ** 40
    body = colour * (0.18 + 0.95 * light)[..., None] + shine[..., None] * 0.7
    cover = np.clip((1 - np.sqrt(square)) * radius * 400, 0, 1)[..., None]
    return np.asarray(picture * (1 - cover) + body * cover, np.float32)


def _finished(picture: Floats) -> Picture:
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), np.uint8)
