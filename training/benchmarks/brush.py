"""Measure brush dabs, undo of a stroke and its memory on a 24-megapixel picture of three layers."""

from __future__ import annotations

import statistics
import time
from typing import Final

import numpy as np
import numpy.typing as npt

from imgstudio.core.brush import BrushSettings, Stroke
from imgstudio.core.dabs import DabCache
from imgstudio.core.document import Document
from imgstudio.core.fill import flood
from imgstudio.core.geometry import Rect
from imgstudio.core.layers import Layer
from imgstudio.core.paint import Ink, TilePainter
from imgstudio.core.tiles import TileStore

WIDTH: Final = 6000
HEIGHT: Final = 4000
DABS: Final = 60
SPACING: Final = 0.1
SIZES: Final = (30, 200, 500, 1000)


def picture(dtype: npt.DTypeLike) -> Document:
    """Three layers: an opaque picture, a half-transparent one, an empty one."""
    rng = np.random.default_rng(1)
    top = int(np.iinfo(dtype).max)
    block = rng.integers(0, top + 1, (500, 500, 4)).astype(dtype)
    block[..., 3] = top
    opaque = np.tile(block, (HEIGHT // 500, WIDTH // 500, 1))
    document = Document.from_pixels(opaque)
    opaque[..., 3] //= 2
    document.add_layer(Layer("Half", TileStore.from_array(opaque)))
    document.add_layer(Layer("Empty", document.new_store()))
    document.history.clear()
    return document


def dab_times(document: Document, layer: Layer, size: int, dabs: DabCache) -> tuple[list[float], list[float]]:
    """Milliseconds of each dab of a slanted soft stroke: on the clock, and of this thread alone.

    Each dab is shown on its own, as slow moves are; the second number is free of other programs' load.
    """
    brush = BrushSettings(size=float(size), hardness=0.0, flow=0.7, spacing=SPACING)
    clock, thread = [], []
    with document.editing(layer.pixels, "Brush") as edit:
        painter = TilePainter(layer.pixels, edit.before, Ink((0.9, 0.2, 0.1)), limit=document.bounds)
        stroke = Stroke(painter, brush, dabs=dabs)
        edit.touch(stroke.begin(700, 700))
        for step in range(1, DABS + 1):
            way = step * size * SPACING
            began, worked = time.perf_counter(), time.thread_time()
            edit.touch(stroke.to(700 + way * 0.8, 700 + way * 0.6))
            clock.append((time.perf_counter() - began) * 1000)
            thread.append((time.thread_time() - worked) * 1000)
    return clock, thread


def milliseconds(times: list[float]) -> str:
    ordered = sorted(times)
    return f"{statistics.median(times):7.2f}  {ordered[int(len(ordered) * 0.95)]:7.2f}"


def undo_line(document: Document, layer: Layer, size: int) -> str:
    """Undo and redo of the last stroke, and what it holds against a copy of the layer."""
    began = time.perf_counter()
    document.history.undo()
    undone = time.perf_counter()
    document.history.redo()
    redone = time.perf_counter()
    held, whole = document.history.cost, WIDTH * HEIGHT * 4 * document.dtype.itemsize
    return (
        f"{size:5} px  undo {(undone - began) * 1000:6.2f} ms  redo {(redone - undone) * 1000:6.2f} ms  "
        f"memory {held / 2**20:6.1f} MiB = 1/{whole / max(held, 1):.0f} of a layer copy"
    )


def measure(dtype: npt.DTypeLike) -> None:
    document = picture(dtype)
    print(f"\n{np.dtype(dtype)}, {WIDTH} x {HEIGHT}, {len(document.layers)} layers, soft dab; ms a dab")
    print("layer         size   median      p95    thread      p95")
    undo_lines = []
    for layer in document.layers:
        dabs = DabCache()
        for size in SIZES:
            document.history.clear()
            clock, thread = dab_times(document, layer, size, dabs)
            print(f"{layer.name:10} {size:5} px  {milliseconds(clock)}   {milliseconds(thread)}")
            if layer is document.layers.root[0]:
                undo_lines.append(undo_line(document, layer, size))
    print("\n".join(undo_lines))


def measure_fill() -> None:
    plain = np.full((HEIGHT, WIDTH, 4), 200, np.uint8)
    for contiguous in (True, False):
        began = time.perf_counter()
        rect, _ = flood(plain, WIDTH // 2, HEIGHT // 2, tolerance=20, contiguous=contiguous)
        assert rect == Rect(0, 0, WIDTH, HEIGHT)
        kind = "contiguous" if contiguous else "all alike"
        print(f"wand, {kind:10}  {(time.perf_counter() - began) * 1000:6.0f} ms")


def main() -> None:
    for dtype in (np.uint8, np.uint16):
        measure(dtype)
    measure_fill()


if __name__ == "__main__":
    main()
