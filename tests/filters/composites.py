"""Objects on a painting, small enough for tests."""

import numpy as np

from imgstudio.core.document import Document
from imgstudio.core.geometry import Transform
from imgstudio.core.layers import Layer
from imgstudio.core.tiles import TileStore

HEIGHT, WIDTH = 120, 160
CENTRE, RADIUS = (100, 60), 22


def waves(height=HEIGHT, width=WIDTH):
    """(height, width, 4): a painting of coloured waves."""
    y, x = np.mgrid[:height, :width]
    page = np.stack([np.sin(x / (4 + k) + np.cos(y / 7) * 2) for k in range(3)], 2)
    return np.dstack([(127 + 90 * page).astype(np.uint8), np.full((height, width), 255, np.uint8)])


def disc(radius=RADIUS):
    """(2 radius, 2 radius, 4): a green ball with a soft edge, transparent around."""
    y, x = np.mgrid[: 2 * radius, : 2 * radius] - radius + 0.5
    away = np.hypot(y, x)
    alpha = np.clip(radius - 1 - away, 0, 1)
    light = np.clip(1 - away / radius / 2, 0, 1)[..., None]
    return np.dstack([(light * (60, 220, 40)).astype(np.uint8), (alpha * 255).astype(np.uint8)])


def placed(document, pixels, x, y, name="ball"):
    """A layer on top with its corner at (x, y)."""
    layer = Layer(name, TileStore.from_array(pixels), transform=Transform(e=float(x), f=float(y)))
    document.add_layer(layer)
    return layer


def composition(height=HEIGHT, width=WIDTH, centre=CENTRE, radius=RADIUS):
    """A painting with a ball on it: the document and the ball's layer."""
    document = Document.from_pixels(waves(height, width))
    layer = placed(document, disc(radius), centre[0] - radius, centre[1] - radius)
    return document, layer
