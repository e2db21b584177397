"""How fast labels are painted and shown: `python -m training.benchmarks.label_canvas`, on a real screen or offscreen.

A photo of 6000 x 4000 pixels with six classes, a prediction and its uncertainty. Times are wall-clock milliseconds
until the widget is repainted; the machine should be quiet.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any, Final

import cv2
import numpy as np
from PySide6.QtWidgets import QApplication

from imgstudio.app.canvas.canvas import Canvas
from imgstudio.app.canvas.label_look import LabelLook
from imgstudio.app.canvas.tools import Toolbox
from imgstudio.app.canvas.tools.base import Pointer, ToolState
from imgstudio.core.document import Document
from imgstudio.core.labelled import Labelling, PaintRules
from imgstudio.core.labelling import operations
from imgstudio.core.labelling.between import Between
from imgstudio.core.labels import UNSEEN, IndexMask, classes_named
from imgstudio.core.settings import Settings
from imgstudio.core.tiles import TileStore
from training.benchmarks.canvas import HEIGHT, WIDTH, milliseconds, picture
from training.benchmarks.window import resident

WINDOWS: Final = ((1600, 1000), (3840, 2160))
ZOOMS: Final = (0.16, 0.25, 0.4, 1.0, 1.7, 4.0)
LOOKS: Final[dict[str, LabelLook | None]] = {
    "picture alone": None,
    "labels": LabelLook(prediction=False),
    "labels as outlines": LabelLook(style="outline", prediction=False),
    "labels, prediction": LabelLook(),
    "labels, prediction, uncertainty": LabelLook(unsure=True),
}
RULES: Final[dict[str, PaintRules]] = {
    "": PaintRules(value=2),
    ", only light places": PaintRules(value=2, lightness=(90, 200)),
    ", two classes locked": PaintRules(value=2, locked=frozenset({1, 4})),
    ", a new object": PaintRules(value=2, objects="new"),
}
FRAME: Final = 1000 / 60


def classes_drawn(seed: int) -> IndexMask:
    """(HEIGHT, WIDTH) of six classes in large soft shapes with rough borders."""
    noise = np.random.default_rng(seed)
    coarse = noise.random((14, 20), np.float32)
    smooth = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    fine = cv2.resize(noise.random((400, 600), np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    return (np.clip(smooth + 0.1 * fine, 0, 0.999) * 6 + 1).astype(np.uint8)


def labelled() -> Document:
    """A photo of which two thirds are labelled, and the rest predicted."""
    made = Document.from_pixels(picture(1))
    mask = classes_drawn(4)
    mask[:, 2 * WIDTH // 3 :] = UNSEEN
    labels = Labelling.from_masks(classes_named(["sky", "tree", "road", "car", "wall", "person"]), mask)
    unsure = (255 * np.random.default_rng(5).random((200, 300))).astype(np.uint8)
    unsure = np.asarray(cv2.resize(unsure, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), np.uint8)
    prediction = TileStore(1, fill=UNSEEN)
    prediction.write(made.bounds, classes_drawn(6)[..., None])
    labels.predict(prediction, TileStore.from_array(unsure[..., None]))
    made.labels = labels
    return made


def row(name: str, times: list[float], target: str) -> None:
    p95 = float(np.percentile(times, 95))
    print(f"| {name} | {np.median(times):.1f} | {p95:.1f} | {max(times):.1f} | {target} |", flush=True)


def head(title: str) -> None:
    print(f"\n| {title} | median ms | p95 | worst | wanted |\n|---|---|---|---|---|")


def settle() -> None:
    """Let the window take its size."""
    application = QApplication.instance()
    assert application is not None
    application.processEvents()


def brush(canvas: Canvas, toolbox: Toolbox, dabs: int) -> None:
    head("brush of 500 px on labels of 24 MP, with repaint, 1600 x 1000")
    toolbox.activate("brush")
    toolbox.state.options["brush"] = replace(toolbox.current.options, size=500.0)
    document = toolbox.state.document
    assert document is not None
    assert document.labels is not None
    for zoom in (0.25, 1.0):
        canvas.zoom_to(zoom)
        for name, rules in RULES.items():
            document.labels.rules = rules
            middle = canvas.visible_rect()
            x, y = middle.x + middle.width / 3, middle.y + middle.height / 3
            toolbox.current.press(Pointer(x, y))
            times = [
                milliseconds(partial(toolbox.current.move, spot), canvas)
                for spot in (Pointer(x + 60 * (i % 12), y + 60 * (i // 12), time=i / 60) for i in range(dabs))
            ]
            ended = milliseconds(partial(toolbox.current.release, Pointer(x, y)), canvas)
            row(f"dab at {zoom:.0%}{name}", times, "16")
            undone = [milliseconds(document.history.undo, canvas)]
            row(f"end of that stroke{name}", [ended], "16")
            row(f"undo of it{name}", undone, "50")
    document.labels.rules = PaintRules(value=2)


def pan(canvas: Canvas, frames: int, zooms: tuple[float, ...]) -> None:
    for window in WINDOWS:
        canvas.resize(*window)
        settle()
        head(f"pan in {window[0]} x {window[1]}")
        for name, look in LOOKS.items():
            canvas.set_label_look(look or LabelLook(style="hidden"))
            before = resident()
            for zoom in zooms:
                canvas.zoom_to(zoom)
                milliseconds(canvas.update, canvas)
                times = [
                    milliseconds(partial(canvas.view.pan_by, (-1) ** i * 9, 5 - i % 11), canvas)
                    for i in range(frames)
                ]
                row(f"{name} at {zoom:.0%}", times, f"{FRAME:.1f}")
            print(f"memory: {(resident() - before) / 2**20:+.0f} MiB")


def zoom(canvas: Canvas, frames: int) -> None:
    for window in WINDOWS:
        canvas.resize(*window)
        settle()
        head(f"zoom 20 % to 200 % and back in {window[0]} x {window[1]}")
        middle = (window[0] / 2, window[1] / 2)
        factor = 10 ** (2 / frames)
        factors = [factor if i < frames // 2 else 1 / factor for i in range(frames)]
        for name, look in LOOKS.items():
            canvas.set_label_look(look or LabelLook(style="hidden"))
            canvas.zoom_to(0.2)
            row(
                name,
                [milliseconds(partial(canvas.view.zoom_at, one, *middle), canvas) for one in factors],
                f"{FRAME:.1f}",
            )


def first_sight(canvas: Canvas) -> None:
    """What is to be painted anew when the look, or the whole prediction, changes."""
    document = canvas.document
    assert document is not None
    assert document.labels is not None
    labels = document.labels
    for window in WINDOWS:
        canvas.resize(*window)
        settle()
        canvas.fit()
        canvas.set_label_look(LabelLook(unsure=True))
        milliseconds(canvas.update, canvas)
        head(f"shown anew in {window[0]} x {window[1]}, fitted")
        looks = [LabelLook(opacity=0.3 + i / 20, unsure=True) for i in range(8)]
        row(
            "a step of the opacity",
            [milliseconds(partial(canvas.set_label_look, one), canvas) for one in looks],
            "50",
        )
        anew = partial(labels.predict, labels.prediction, labels.unsure)
        row("another prediction", [milliseconds(anew, canvas) for _ in range(5)], "100")


def whole_regions() -> None:
    """Operations on all of 24 MP, as a worker does them."""
    head("operations on 24 MP")
    first = classes_drawn(4)
    last = np.roll(first, (20, 45), (0, 1))
    between = Between(first, last)
    document = labelled()
    labels = document.labels
    assert labels is not None
    gappy = first.copy()
    gappy[::400], gappy[1::400], gappy[:, ::500], gappy[:, 1::500] = (UNSEEN,) * 4
    steps: dict[str, tuple[Callable[[], Any], str]] = {
        "labels between two pictures, 6 classes": (lambda: between.at(0.5), "2000"),
        "another picture between them": (lambda: between.at(0.7), "500"),
        "islands under 50 px": (lambda: operations.remove_islands(document, 50), "1000"),
        "all of the prediction": (lambda: operations.accept_prediction(document, "unlabelled"), "1000"),
        "gaps of 5 px": (lambda: operations.fill_gaps(document, 5), "1000"),
    }
    for name, (step, wanted) in steps.items():
        if name.startswith("gaps"):
            labels.store.write(document.bounds, gappy[..., None])
        begun = perf_counter()
        step()
        row(name, [(perf_counter() - begun) * 1000], wanted)


def measure(*, frames: int, dabs: int, zooms: tuple[float, ...]) -> None:
    application = QApplication.instance() or QApplication([])
    state = ToolState()
    toolbox = Toolbox(state)
    canvas = Canvas(state, toolbox, Settings())
    canvas.resize(*WINDOWS[0])
    canvas.show()
    application.processEvents()
    canvas.set_document(labelled())
    state.target = "labels"
    brush(canvas, toolbox, dabs)
    pan(canvas, frames, zooms)
    zoom(canvas, frames)
    first_sight(canvas)
    canvas.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--dabs", type=int, default=60)
    parser.add_argument("--zooms", type=float, nargs="*", default=ZOOMS)
    parser.add_argument("--skip-operations", action="store_true")
    parser.add_argument("--only-operations", action="store_true")
    asked = parser.parse_args()
    if not asked.only_operations:
        measure(frames=asked.frames, dabs=asked.dabs, zooms=tuple(asked.zooms))
    if not asked.skip_operations:
        whole_regions()


if __name__ == "__main__":
    main()
