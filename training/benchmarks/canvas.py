"""How fast the canvas is: `python -m training.benchmarks.canvas`, on a real screen, Xvfb or offscreen.

A picture of 6000 x 4000 pixels in three layers, shown in 1600 x 1000. Times are wall-clock milliseconds
until the widget is repainted; the machine should be quiet.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Final

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import cv2
import numpy as np
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from imgstudio.app.canvas.canvas import Canvas
from imgstudio.app.canvas.tools import Toolbox
from imgstudio.app.canvas.tools.base import Pointer, ToolState
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.layers import Layer
from imgstudio.core.settings import Settings
from imgstudio.core.tiles import TileStore

WIDTH: Final = 6000
HEIGHT: Final = 4000
WINDOW: Final = (1600, 1000)
FRAMES: Final = 200


def picture(seed: int) -> np.ndarray:
    """Shapes and fine grain, opaque, (HEIGHT, WIDTH, 4) uint8."""
    noise = np.random.default_rng(seed)
    coarse = noise.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    colour = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    grain = noise.integers(-20, 21, (HEIGHT, WIDTH, 1), dtype=np.int16)
    colour = np.clip(colour.astype(np.int16) + grain, 0, 255).astype(np.uint8)
    return np.dstack((colour, np.full((HEIGHT, WIDTH), 255, np.uint8)))


def document() -> Document:
    """A photo, a soft adjustment over all of it, and an object on top."""
    made = Document.from_pixels(picture(1))
    soft = picture(2)
    soft[..., 3] = np.linspace(0, 255, WIDTH).astype(np.uint8)
    top = picture(3)
    top[: HEIGHT // 4] = 0
    top[:, WIDTH // 2 :] = 0
    made.layers.root.append(Layer("Soft", TileStore.from_array(soft), opacity=0.6, blend="multiply"))
    made.layers.root.append(Layer("Object", TileStore.from_array(top), opacity=0.9))
    made.active = made.layers.root[0]
    return made


def milliseconds(action: Callable[[], object], canvas: Canvas) -> float:
    """Run an action and paint what it changed."""
    start = perf_counter()
    action()
    # The repaint that update() asked for, without the wait for the screen's next refresh.
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.UpdateRequest))
    return (perf_counter() - start) * 1000


def show(name: str, times: list[float], target: str) -> None:
    print(
        f"{name:38} best {min(times):7.2f}  median {np.median(times):7.2f}  "
        f"worst {max(times):7.2f}   ({target})"
    )


def pan_and_zoom(canvas: Canvas) -> None:
    middle = (WINDOW[0] / 2, WINDOW[1] / 2)
    for zoom in (0.25, 0.4, 1.0, 1.7, 4.0):
        canvas.zoom_to(zoom)
        times = [
            milliseconds(partial(canvas.view.pan_by, (-1) ** i * 9, 5 - i % 11), canvas)
            for i in range(FRAMES)
        ]
        show(f"pan at {zoom:.0%}", times, "8 median, 25 worst")
    factors = [1.03 if i < FRAMES // 2 else 1 / 1.03 for i in range(FRAMES)]
    canvas.zoom_to(0.2)
    times = [milliseconds(partial(canvas.view.zoom_at, f, *middle), canvas) for f in factors]
    show("zoom 20 % to 380 % and back", times, "8 median, 25 worst")


def brush(canvas: Canvas, toolbox: Toolbox) -> None:
    toolbox.activate("brush")
    for size, zoom, target in ((200, 0.25, 4), (200, 1.0, 4), (500, 0.25, 10), (500, 1.0, 10)):
        canvas.zoom_to(zoom)
        options = toolbox.current.options
        toolbox.state.options["brush"] = replace(options, size=float(size), hardness=0.3)
        middle = canvas.visible_rect()
        x, y = middle.x + middle.width / 3, middle.y + middle.height / 3
        toolbox.current.press(Pointer(x, y))
        step = size / 8
        times = []
        for i in range(60):
            spot = Pointer(x + step * (i % 12), y + step * (i // 12), time=i / 60)
            times.append(milliseconds(partial(toolbox.current.move, spot), canvas))
        toolbox.current.release(Pointer(x, y))
        show(f"dab of {size} px at {zoom:.0%}", times, f"{target} median")
        shown = canvas.document
        assert shown is not None
        times = [
            milliseconds(shown.history.undo if i % 2 == 0 else shown.history.redo, canvas) for i in range(20)
        ]
        show("  undo and redo of it", times, "10")


def opacity(canvas: Canvas) -> None:
    shown = canvas.document
    assert shown is not None
    canvas.fit()
    layer = shown.layers.root[1]
    times = [
        milliseconds(partial(shown.set_layer, layer, "Opacity", merge=True, opacity=0.3 + i / 100), canvas)
        for i in range(40)
    ]
    show("drag of a layer's opacity, fitted", times[1:], "40: interactive")
    print(f"{'  its first step':38} {times[0]:7.2f}")


def settle(canvas: Canvas) -> None:
    """Let the idle work finish."""
    application = QApplication.instance()
    assert application is not None
    end = perf_counter() + 30
    whole = Rect(0, 0, WIDTH, HEIGHT)
    while not canvas.renderer.is_right(6, whole) and perf_counter() < end:
        application.processEvents()


def fidelity(canvas: Canvas) -> None:
    """How far 25 % is from area averaging, in levels."""
    shown = canvas.document
    assert shown is not None
    pixels = picture(1)
    canvas.toolbox.activate("move")  # no brush outline over the picture
    canvas.set_document(Document.from_pixels(pixels))
    canvas.zoom_to(0.25)
    grabbed = canvas.grab().toImage().convertToFormat(canvas.grab().toImage().Format.Format_RGBA8888)
    screen = np.frombuffer(grabbed.constBits(), np.uint8).reshape(grabbed.height(), -1, 4)
    expected = cv2.resize(pixels, (WIDTH // 4, HEIGHT // 4), interpolation=cv2.INTER_AREA)
    left, top = canvas.view.origin
    part = expected[max(0, -top) : WINDOW[1] - top, max(0, -left) : WINDOW[0] - left, :3].astype(float)
    there = screen[max(0, top) :, max(0, left) :, :3][: part.shape[0], : part.shape[1]]
    print(f"{'25 % against area averaging':38} {np.sqrt(((there - part) ** 2).mean()):7.2f} RMSE   (2)")
    canvas.set_document(shown)


def main() -> None:
    application = QApplication.instance() or QApplication([])
    state = ToolState()
    toolbox = Toolbox(state)
    canvas = Canvas(state, toolbox, Settings())
    canvas.resize(*WINDOW)
    canvas.show()
    application.processEvents()
    made = document()
    first = milliseconds(lambda: canvas.set_document(made), canvas)
    print(f"{'first paint of 24 MP':38} {first:7.2f}   (350)")
    opacity(canvas)
    settle(canvas)
    pan_and_zoom(canvas)
    brush(canvas, toolbox)
    fidelity(canvas)
    canvas.close()


if __name__ == "__main__":
    main()
