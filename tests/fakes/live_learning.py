"""Something that learns at once, to see what is asked of it and when."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np

from imgstudio.core.labels import UNSEEN


class FakeLabeller:
    """Guesses that the left half of a view is the smallest value that was taught, the rest the largest."""

    def __init__(self):
        self.looked, self.studied, self.guessed, self.dropped = [], [], [], []
        self.told = {}
        self.forgotten = 0
        self.failure = None
        self.may_guess = threading.Event()
        self.may_guess.set()

    @property
    def taught(self):
        pixels = {}
        for labels in self.told.values():
            for value in np.unique(labels[labels != UNSEEN]):
                pixels[int(value)] = pixels.get(int(value), 0) + int((labels == value).sum())
        return SimpleNamespace(keys=tuple(self.told), pixels=pixels)

    def look(self, pixels, key, progress=None):
        assert pixels.shape == (key.height, key.width, 3)
        assert pixels.dtype == np.uint8
        self.looked.append(key)

    def has_seen(self, key):
        return key in self.looked

    def teach(self, key, labels):
        assert labels.shape == (key.height, key.width)
        self.told.pop(key, None)
        if (labels != UNSEEN).any():
            self.told[key] = labels

    def learn(self, pixels, labels, key, progress=None):
        self.studied.append(key.name)
        self.teach(key, labels)

    def guess(self, key, progress=None, before=None):
        if self.failure is not None:
            raise self.failure
        while not self.may_guess.wait(0.02):
            progress.update(0.5)
        self.guessed.append((key, before))
        values = sorted(self.taught.pixels)
        if len(values) < 2:
            return None
        mask = np.full((key.height, key.width), values[-1], np.uint8)
        mask[:, : key.width // 2] = values[0]
        return SimpleNamespace(mask=mask, unsure=np.full_like(mask, 51))

    def drop(self, key):
        self.dropped.append(key)
        self.told.pop(key, None)

    def forget(self):
        self.forgotten += 1
        self.told.clear()
        self.looked.clear()
