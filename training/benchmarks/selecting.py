"""Measures selecting without weights: `python -m training.benchmarks.selecting --data ../shared/data`.

Outlined pictures of ECSSD, worked on by a made-up hand through the tools themselves; and time on 24 megapixels.
Times are wall-clock milliseconds; the machine should be quiet.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.app.canvas.tools import Toolbox
from imgstudio.app.canvas.tools.base import Pointer, Tool, ToolState
from imgstudio.app.canvas.tools.sampling import sampled
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array
from imgstudio.core.selecting import combine
from imgstudio.core.shapes import polygon_coverage
from imgstudio.core.tiles import TileStore
from imgstudio.engine.colour_refine import refine_selection
from imgstudio.engine.livewire import LiveWire
from training.benchmarks.hands import Way, depth_of, outline_of, rough_outline, stroke_inside
from training.benchmarks.scores import Means, keep, markdown, say
from training.defaults.cutout_data import example, split

Booleans = npt.NDArray[np.bool_]

LARGE: Final = (6000, 4000)
STROKES: Final = 5
TOLERANCES: Final = (8.0, 16.0, 32.0, 64.0, 96.0)
BRUSH: Final = 10.0
"""Largest radius of the brush, in pixels of pictures of 400."""
SHAKE: Final = 3.0
"""How far a hand strays from an outline, in pixels; standard deviation."""

SCALE: Final = 2.0
"""Pixels of the screen to one of those small pictures, where a lasso is drawn."""


class Hand:
    """A picture with its tools."""

    def __init__(self, photo: Array, layers: int = 1) -> None:
        pixels = np.dstack((photo, np.full(photo.shape[:2], 255, np.uint8)))
        self.document = Document.from_pixels(pixels)
        for number in range(1, layers):
            above = Layer(f"Above {number}", TileStore.from_array(pixels), opacity=0.5)
            self.document.layers.root.append(above)
        self.toolbox = Toolbox(ToolState(document=self.document))

    def take(self, tool_id: str, **options: Any) -> Tool:
        self.toolbox.activate(tool_id)
        state = self.toolbox.state
        state.options[tool_id] = replace(state.options[tool_id], **options)
        return self.toolbox.current

    @property
    def found(self) -> Booleans:
        return np.asarray(self.document.selection.read(self.document.bounds) > 127)


def overlap(found: Booleans, truth: Booleans) -> float:
    """Intersection over union."""
    return float((found & truth).sum() / max(1, (found | truth).sum()))


def quick_select(photo: Array, truth: Booleans) -> list[float]:
    """After each of a few strokes, each along the inside of the largest mistake."""
    hand, reached = Hand(photo), []
    for _ in range(STROKES):
        missing, wrong = truth & ~hand.found, hand.found & ~truth
        takes_away = depth_of(wrong) > depth_of(missing)
        place = wrong if takes_away else missing
        way = stroke_inside(place)
        if way:
            size = 2 * min(BRUSH, max(2.0, 0.6 * depth_of(place)))
            tool = hand.take("quick_select", size=size)
            _drag(tool, way, alt=takes_away)
        reached.append(overlap(hand.found, truth))
    return reached


def wand(photo: Array, truth: Booleans) -> list[float]:
    """One click at the deepest place, at each tolerance."""
    reached, inside = [], truth.astype(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    for tolerance in TOLERANCES:
        hand = Hand(photo)
        hand.take("wand", tolerance=tolerance).press(Pointer(float(column) + 0.5, float(row) + 0.5))
        reached.append(overlap(hand.found, truth))
    return reached


def refined(photo: Array, truth: Booleans) -> tuple[float, float]:
    """A rough outline, and what the colours make of it."""
    hand, rough = Hand(photo), rough_outline(truth)
    combine(hand.document, rough.astype(np.uint8) * 255, hand.document.bounds, "new")
    box = hand.document.selection.bounds()
    refine_selection(hand.document, max(4, round(0.05 * max(box.width, box.height))), Progress())
    return overlap(rough, truth), overlap(hand.found, truth)


def lasso(photo: Array, truth: Booleans, seed: int) -> tuple[float, float]:
    """A shaky way round the largest part: as it is, and with the magnetic lasso."""
    way, part = outline_of(truth, SHAKE, seed)
    hand = Hand(photo)
    plain = np.zeros(truth.shape, np.bool_)
    box, coverage = polygon_coverage([Point(*place) for place in way], hand.document.bounds)
    plain[box.slices()] = coverage > 127
    tool = hand.take("magnetic")
    tool.press(Pointer(*way[0], scale=SCALE))
    for place in way[1:]:
        tool.hover(Pointer(*place, scale=SCALE))
    tool.key_press("Return")
    return overlap(plain, part), overlap(hand.found, part)


def accuracy(photos: list[Path]) -> dict[str, float]:
    means = Means()
    for number, path in enumerate(photos):
        one = example(path)
        truth = np.asarray(one.mask > 127)
        if not truth.any() or truth.all():
            continue
        clicks = wand(one.photo, truth)
        means.add({"wand, one click, tolerance 32": clicks[TOLERANCES.index(32.0)]})
        means.add({"wand, one click, the best tolerance for each picture": max(clicks)})
        strokes = quick_select(one.photo, truth)
        means.add({f"quick select, strokes: {n}": strokes[n - 1] for n in (1, 2, 3, STROKES)})
        before, after = refined(one.photo, truth)
        means.add({"rough outline": before, "rough outline, refined with colours": after})
        plain, magnetic = lasso(one.photo, truth, number)
        means.add({"shaky lasso": plain, "shaky lasso, magnetic": magnetic})
    figures = {name: round(means.mean(name), 4) for name in means.values}
    say(f"\n## Intersection over union, {len(photos)} pictures of ECSSD\n")
    say(markdown(["way", "mean"], [[name, f"{value:.3f}"] for name, value in figures.items()]))
    return figures


def speed(photo: Array, truth: Booleans) -> dict[str, float]:
    """On a picture of 24 megapixels; the greatest of several counts too, as that is what one feels."""
    large = np.asarray(cv2.resize(photo, LARGE, interpolation=cv2.INTER_CUBIC), np.uint8)
    factor = LARGE[0] / photo.shape[1], LARGE[1] / photo.shape[0]
    inside = np.asarray(cv2.resize(truth.astype(np.uint8), LARGE, interpolation=cv2.INTER_NEAREST) > 0)
    way = [(x * factor[0], y * factor[1]) for x, y in stroke_inside(truth)]
    figures: dict[str, float] = {}
    for layers in (1, 2):
        hand, name = Hand(large, layers), f"{layers} layer{'s' if layers > 1 else ''}"
        figures |= {f"{key}, {name}": value for key, value in _quick_select_times(hand, way).items()}
        figures |= {f"{key}, {name}": value for key, value in _other_times(hand, way, inside).items()}
    say(f"\n## Milliseconds on {LARGE[0]} x {LARGE[1]}, {cv2.getNumThreads()} threads\n")
    say(markdown(["what", "ms"], [[name, f"{value:.1f}"] for name, value in figures.items()]))
    return figures


def _quick_select_times(hand: Hand, way: Way) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, scale in (("fitted", 1 / 6), ("at 100 %", 1.0)):
        tool, start = hand.take("quick_select", size=40.0), way[len(way) // 2]
        reach = 10 / scale
        places = [Pointer(start[0] + step * reach, start[1], scale=scale) for step in range(25)]
        _drag(tool, [(place.x, place.y) for place in places[:2]], scale=scale)  # what is imported once
        hand.document.history.undo()
        times = [_ms(partial(tool.press, places[0]))]
        times += [_ms(partial(tool.move, place)) for place in places[1:]]
        ending = _ms(partial(tool.release, places[-1]))
        hand.document.history.undo()
        figures |= {
            f"quick select {name}: update, median": median(times),
            f"quick select {name}: update, slowest": max(times),
            f"quick select {name}: edge at the end": ending,
        }
    return figures


def _other_times(hand: Hand, way: Way, inside: Booleans) -> dict[str, float]:
    document = hand.document
    figures: dict[str, float] = {}
    middle = Point(*way[len(way) // 2])
    for step in (1, 4):
        wire = LiveWire(partial(sampled, document, merged=True), document.bounds)
        anchors = [_ms(partial(wire.set_anchor, middle, step)) for _ in range(5)]
        targets = [Point(middle.x + across, middle.y + 90) for across in range(-200, 200, 10)]
        figures[f"magnetic lasso, cells of {step}: anchor"] = median(anchors)
        figures[f"magnetic lasso, cells of {step}: preview"] = median(
            _ms(partial(wire.path, target)) for target in targets
        )
    tool = hand.take("wand")
    figures["wand (on a worker in the window)"] = median(
        _ms(partial(tool.press, Pointer(*middle))) for _ in range(3)
    )
    combine(document, inside.astype(np.uint8) * 255, document.bounds, "new")
    refine = partial(refine_selection, document, 150, Progress())
    figures["refine with colours (on a worker in the window)"] = _ms(refine)
    return figures


def _drag(tool: Tool, way: Way, *, alt: bool = False, scale: float = 1.0) -> None:
    tool.press(Pointer(*way[0], alt=alt, scale=scale))
    for place in way[1:]:
        tool.move(Pointer(*place, alt=alt, scale=scale))
    tool.release(Pointer(*way[-1], alt=alt, scale=scale))


def _ms(do: Callable[[], object]) -> float:
    started = perf_counter()
    do()
    return (perf_counter() - started) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pictures", type=int, default=0, help="only so many of ECSSD; 0: all that judge")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--only", choices=("accuracy", "speed"))
    args = parser.parse_args()
    cv2.setNumThreads(args.threads)
    judged = split(args.data / "masks" / "ecssd")[1][: args.pictures or None]
    figures: dict[str, Any] = {}
    if args.only != "speed":
        figures["intersection over union"] = accuracy(judged)
    if args.only != "accuracy":
        one = example(judged[0])
        figures["milliseconds"] = {
            name: round(value, 2) for name, value in speed(one.photo, one.mask > 127).items()
        }
    keep(figures, args.json)


if __name__ == "__main__":
    main()
