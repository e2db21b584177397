"""How fast a project is labelled in the real window: `python -m training.benchmarks.label_workspace`.

Stepping from picture to picture, memory over a thousand of them, a list of ten thousand, and how long a stroke
takes to the disk. On a real screen, Xvfb or offscreen; the machine should be quiet. The pictures are hard links of
those in `--data` (a folder of pictures such as CamVid's), else of a few that are drawn.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.geometry import Rect
from imgstudio.core.labelling.painting import write_labels
from imgstudio.core.labelproject.entries import Entry, State
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import classes_named
from training.benchmarks.window import big_photo, resident, wait_for

SIZE: Final = (960, 720)
DRAWN: Final = 12
CLASSES: Final = classes_named(["sky", "road", "car", "tree"])
LABELLED_EACH: Final = 4
"""Every so many pictures have labels and a prediction already."""
STATES: Final[tuple[State, ...]] = ("new", "predicted", "in work", "done")


def drawn_pictures(folder: Path) -> list[Path]:
    """A few pictures of shapes and grain, JPEG."""
    made = []
    for number in range(DRAWN):
        noise = np.random.default_rng(number)
        coarse = noise.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        pixels = cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC).astype(np.int16)
        pixels += noise.integers(-10, 11, (SIZE[1], SIZE[0], 1), dtype=np.int16)
        path = folder / f"drawn{number}.jpg"
        cv2.imwrite(str(path), np.clip(pixels, 0, 255).astype(np.uint8))
        made.append(path)
    return made


def linked(sources: Sequence[Path], folder: Path, count: int) -> Path:
    """A folder of `count` pictures that take no room."""
    folder.mkdir(parents=True)
    for number in range(count):
        source = sources[number % len(sources)]
        target = folder / f"frame_{number:05d}{source.suffix.lower()}"
        try:
            os.link(source, target)
        except OSError:  # on another disk
            target.symlink_to(source)
    return folder


def project_of(pictures: Path) -> ProjectFolder:
    """A project with labels and predictions here and there."""
    project = ProjectFolder.create(pictures, pictures, CLASSES)
    for number, entry in enumerate(project.entries()):
        if number % LABELLED_EACH == 0:
            width, height = project.size(entry.name)
            mask, unsure = labels_drawn(number, width, height)
            project.write(entry.name, mask)
            project.write_prediction(entry.name, mask, unsure)
    return project


def labels_drawn(seed: int, width: int, height: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """(h, w) label values in large shapes, and an uncertainty."""
    noise = np.random.default_rng(seed)
    coarse = cv2.resize(noise.random((5, 7), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    values = np.clip(coarse, 0, 0.99) * (len(CLASSES) + 1)
    return values.astype(np.uint8), np.clip(255 * coarse, 0, 255).astype(np.uint8)


class Window:
    """The real program with its Label workspace shown."""

    def __init__(self) -> None:
        from imgstudio.app.__main__ import Studio, make_application
        from imgstudio.core.settings import Settings

        settings = Settings.of_user()
        self.application = make_application(settings)
        self.studio = Studio(settings)
        self.window: Any = self.studio.window
        self.window.resize(1600, 1000)
        self.window.show()
        self.window.workspaces.show("label")
        self.session: Any = self.studio.context.labelling
        self.pause(0.5)

    def close(self) -> None:
        self.session.close()
        self.until(lambda: not self.studio.jobs.handles, 60)
        self.window.close()
        self.studio.close()

    def pause(self, seconds: float) -> None:
        wait_for(self.application, lambda: False, seconds)

    def until(self, done: Callable[[], bool], seconds: float = 120) -> None:
        if not done() and wait_for(self.application, done, seconds) > seconds:
            raise TimeoutError(f"it took more than {seconds} s")

    def rest(self) -> None:
        """Let everything finish that is read or written ahead."""
        self.until(lambda: not self.studio.jobs.handles)

    def open(self, path: Path) -> float:
        """Seconds until the first picture of a project is painted."""
        begun = perf_counter()
        self.session.open(path)
        self.until(lambda: self.session.project is not None and self.session.project.path == path)
        self.until(lambda: bool(self.session.shown))
        self.paint()
        return perf_counter() - begun

    def paint(self) -> None:
        """Paint what has changed, without the wait for the screen's next refresh."""
        from PySide6.QtCore import QEvent
        from PySide6.QtWidgets import QApplication

        QApplication.sendEvent(self.window, QEvent(QEvent.Type.UpdateRequest))

    def step(self, by: int = 1) -> float:
        """Milliseconds until the next picture is painted."""
        from PySide6.QtCore import QEventLoop, QTimer

        begun = perf_counter()
        self.session.step(by)
        if self.session.shown != self.session.name:
            loop = QEventLoop()
            self.session.document_changed.connect(loop.quit)
            QTimer.singleShot(20_000, loop.quit)
            loop.exec()
            self.session.document_changed.disconnect(loop.quit)
        assert self.session.shown == self.session.name, "the picture did not come"
        self.paint()
        return (perf_counter() - begun) * 1000


def row(name: str, times: Sequence[float], wanted: str, unit: str = "ms") -> None:
    middle, most = np.median(times), np.percentile(times, 95)
    print(f"| {name} | {middle:.1f} {unit} | {most:.1f} | {max(times):.1f} | {wanted} |", flush=True)


def head(title: str) -> None:
    print(f"\n| {title} | median | p95 | worst | wanted |\n|---|---|---|---|---|", flush=True)


def stepping(window: Window, project: ProjectFolder, count: int) -> None:
    """Through all pictures, most of them as fast as they come."""
    opened = window.open(project.path)
    head(f"a project of {len(project.entries())} pictures, {project.pictures.name}")
    row("open it to the first picture", [opened], "2.0", "s")
    window.rest()
    warm = []
    for _ in range(30):
        warm.append(window.step())
        window.rest()
    row("next picture, when the ones before were looked at", warm, "150")
    row("back to the picture before", [window.step(-1) for _ in range(3)], "150")
    rapid, memory = [], [resident()]
    for number in range(count - 40):
        rapid.append(window.step())
        if number % 100 == 99:
            memory.append(resident())
    row("next picture, one after another without a pause", rapid, "150")
    told = ", ".join(f"{value / 2**20:.0f}" for value in memory)
    print(f"\nmemory every 100 pictures, MiB: {told}", flush=True)


def to_disk(window: Window, name: str, strokes: int) -> None:
    """From the end of a stroke until its labels are on the disk."""
    session, times = window.session, []
    window.rest()
    height, width = session.document.bounds.height, session.document.bounds.width
    written: list[Entry] = []
    session.saver.written.connect(written.append)
    for number in range(strokes):
        rect = Rect(17 * number % (width - 200), 31 * number % (height - 120), 200, 120)
        written.clear()
        begun = perf_counter()
        write_labels(session.document, rect, np.ones((120, 200), np.bool_), 1 + number % 4, "Box")
        window.until(lambda: bool(written))
        times.append((perf_counter() - begun) * 1000)
    session.saver.written.disconnect(written.append)
    row(f"a stroke until it is on the disk, {name}", times, "300")


def superpixels(window: Window) -> None:
    """How long the pointer is held up by the superpixel tool, and until there are patches."""
    from imgstudio.app.canvas.tools.base import Pointer

    canvas, tools = window.window.canvas, window.studio.context.tools
    head("superpixels on 24 MP")
    tools.activate("label_superpixels")
    for zoom in (0.25, 1.0):
        canvas.zoom_to(zoom)
        seen, tool, moves, first = canvas.visible_rect(), tools.current, [], []
        for number in range(120):
            at = Pointer(seen.x + 10 + number * (seen.width - 20) / 120, seen.y + seen.height / 2, scale=zoom)
            begun = perf_counter()
            tool.hover(at)
            window.paint()
            moves.append((perf_counter() - begun) * 1000)
            window.pause(0.008)
        for _ in range(5):
            tool.leave()
            begun = perf_counter()
            tool.hover(Pointer(seen.x + seen.width / 2, seen.y + seen.height / 2, scale=zoom))
            window.until(partial(shows_patch, tool))
            first.append((perf_counter() - begun) * 1000)
        row(f"a move of the pointer at {zoom:.0%}", moves, "16")
        row(f"until there are patches at {zoom:.0%}", first, "300")


def shows_patch(tool: Any) -> bool:
    return any(hasattr(item, "points") for item in tool.overlay())


def many(window: Window, sources: Sequence[Path], folder: Path, count: int) -> None:
    """Opening, finding, sorting and scrolling a long list."""
    project = ProjectFolder.create(linked(sources, folder, count), folder, CLASSES)
    for number, entry in enumerate(project.entries()):
        if number % 2:
            unsure = (number * 7919 % 1000) / 1000
            project.keep(replace(entry, state=STATES[number % len(STATES)], unsure=unsure, labelled=0.5))
    opened = window.open(folder)
    head(f"a list of {count} pictures")
    row("open it to the first picture", [opened], "2.0", "s")
    panel = window.window.findChild(object, "label.pictures")
    row("find by text", timed(window, panel.search.setText, ["1", "12", "123", "12", ""]), "50")
    showing = [panel.showing.findData(key) for key in ("done", "new", "all")]
    row("show only some", timed(window, panel.showing.activated.emit, showing), "50")
    sorting = [action for action in panel.sort.menu().actions() if action.data() in ("unsure", "name")]
    row("sort", timed(window, panel.sort.menu().triggered.emit, sorting), "50")
    bar = panel.list.verticalScrollBar()
    places = [int(bar.maximum() * share) for share in np.linspace(0, 1, 60)]
    row("scroll by 170 pictures", timed(window, bar.setValue, places), "16")
    row("next picture", [window.step() for _ in range(20)], "150")
    print(f"\nmemory with it: {resident() / 2**20:.0f} MiB", flush=True)


def timed(window: Window, action: Callable[[Any], object], values: Sequence[Any]) -> list[float]:
    """Milliseconds of each until the window is painted."""
    times = []
    for value in values:
        begun = perf_counter()
        action(value)
        window.paint()
        times.append((perf_counter() - begun) * 1000)
        window.pause(0.05)
    return times


def pictures_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in (".png", ".jpg", ".jpeg"))


def measure(asked: argparse.Namespace, folder: Path) -> None:
    sources = pictures_in(asked.data) if asked.data else drawn_pictures(folder)
    print("preparing pictures ...", flush=True)
    project = project_of(linked(sources, folder / "street", asked.pictures))
    large = project_of(linked([big_photo(folder)], folder / "large", 4))
    window = Window()
    stepping(window, project, asked.pictures)
    head("saving")
    to_disk(window, f"{window.session.document.bounds.width} px wide", asked.strokes)
    window.open(large.path)
    to_disk(window, "24 MP", max(3, asked.strokes // 3))
    superpixels(window)
    if asked.many:
        many(window, sources, folder / "many", asked.many)
    window.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder of pictures")
    parser.add_argument("--pictures", type=int, default=300, help="of the project that is stepped through")
    parser.add_argument("--many", type=int, default=10_000, help="pictures of the long list; 0: none")
    parser.add_argument("--strokes", type=int, default=15)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["IMGSTUDIO_HOME"] = folder
        measure(asked, Path(folder))


if __name__ == "__main__":
    main()
