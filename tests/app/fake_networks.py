"""Networks that find what has the colour that was pointed at, at once or when they are let."""

from __future__ import annotations

import threading

import numpy as np

from imgstudio.core.errors import UserError
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.engine.select.predictor import Patch


class FakeNetworks:
    """Its own predictor; remembers what it was asked, and on which thread."""

    def __init__(self):
        self.pictures = []
        self.asked = []
        self.threads = set()
        self.open = threading.Event()
        self.open.set()
        self.failure = None

    def predictor(self):
        self.threads.add(threading.current_thread())
        return self

    def set_image(self, pixels, progress=None):
        self.threads.add(threading.current_thread())
        self.pictures.append(pixels)

    def subject(self, pixels):
        """What is red."""
        red, green, blue = (pixels[..., index].astype(int) for index in range(3))
        return ((red > 150) & (green < 100) & (blue < 100)).astype(np.float32)

    def predict_patch(self, clicks=(), box=None, strokes=None, previous=None, progress=None):
        self.threads.add(threading.current_thread())
        self.asked.append((list(clicks), box, list(strokes), previous))
        while not self.open.wait(0.01):
            progress.token.check()
        if self.failure is not None:
            raise UserError(self.failure, "", "Try another one")
        picture = self.pictures[-1]
        found = np.zeros(picture.shape[:2], bool) if previous is None else previous > 127
        places = [(x, y, wanted) for points, _, wanted in strokes or () for x, y in points]
        for x, y, wanted in [*places, *clicks]:
            found[(picture == picture[int(y), int(x)]).all(2)] = wanted
        if box is not None:
            left, top, right, bottom = (round(side) for side in box)
            found[top:bottom, left:right] = True
        if not found.any():
            return Patch(EMPTY, np.zeros((0, 0), np.uint8))
        return Patch(Rect(0, 0, found.shape[1], found.shape[0]), found.astype(np.uint8) * np.uint8(255))
