"""Folders of small pictures to label, and what is asked of a window that labels them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import classes_named

WIDTH, HEIGHT = 96, 64
CLASSES = classes_named(["sky", "road", "car"])


def pictures_in(folder: Path, count: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    """Pictures "0.png", "1.png", ...; the upper half is blue, the lower half grey, each a little different."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        pixels = np.zeros((size[1], size[0], 3), np.uint8)
        pixels[: size[1] // 2] = (60, 120, 200)
        pixels[size[1] // 2 :] = 100
        pixels[:, number % size[0]] = 255
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def project_in(folder: Path, count: int) -> ProjectFolder:
    """A project of such pictures, with three classes."""
    return ProjectFolder.create(folder, pictures_in(folder, count), CLASSES)


def opened(studio, path: Path):
    """Open a project in the Label workspace; returns the session, with a picture shown."""
    session = studio.label()
    session.open(path)
    studio.wait(lambda: session.document is not None or studio.errors)
    assert not studio.errors, studio.errors[-1]
    studio.settle()
    return session


def painted(studio, value: int, points, size: float = 16.0):
    """Brush a class with the mouse, and wait until it is on the disk."""
    session = studio.context.labelling
    session.set_rules(type(session.rules)(value=value))
    studio.brush(points, radius=size / 2, tool="brush")
    rested(studio)


def rested(studio):
    """Wait until what was done is on the disk."""
    studio.wait(lambda: not studio.context.labelling.strokes.is_pending)
    studio.settle()


def gone_to(studio, name: str):
    """Show a picture and wait for it."""
    session = studio.context.labelling
    session.show(name)
    studio.wait(lambda: session.shown == name)
