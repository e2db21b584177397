"""Measures the real window: cold start, opening 24 MP, responsiveness during a filter, cancel.

`xvfb-run -a python -m training.benchmarks.window` (or QT_QPA_PLATFORM=offscreen). Prints a table.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from imgstudio.core.geometry import Rect

WIDTH, HEIGHT = 6000, 4000

START = """
import sys, time
begun = float(sys.argv[1])
from PySide6.QtCore import QTimer
from imgstudio.app.__main__ import Studio, make_application
from imgstudio.core.settings import Settings
settings = Settings.of_user()
application = make_application(settings)
studio = Studio(settings)
studio.window.show()
def shown():
    print(time.time() - begun, "torch" in sys.modules)
    studio.window.close()
    studio.close()
    application.quit()
QTimer.singleShot(0, shown)
application.exec()
"""


def big_photo(folder: Path) -> Path:
    """A 24 MP JPEG of smooth shapes, edges and grain, quality 85."""
    from PIL import Image

    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (40, 60, 3)).astype(np.uint8))
    pixels = np.asarray(small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.int16)
    pixels = pixels + rng.integers(-6, 7, (HEIGHT, WIDTH, 1)).astype(np.int16)
    path = folder / "big.jpg"
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, quality=85)
    return path


def cold_start() -> tuple[float, bool]:
    """Seconds from starting Python to the shown window, and whether torch was imported. Best of 3."""
    best, torch_seen = 99.0, False
    for _ in range(3):
        command = [sys.executable, "-c", START, str(time.time())]
        out = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ)).stdout
        seconds, seen = out.split()
        best, torch_seen = min(best, float(seconds)), torch_seen or seen == "True"
    return best, torch_seen


class Meter:
    """Counts the gaps between ticks of a 1-ms timer in the event loop."""

    def __init__(self) -> None:
        from PySide6.QtCore import QTimer

        self.gaps: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        self.gaps.clear()
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> list[float]:
        self._timer.stop()
        return [gap * 1000 for gap in self.gaps]

    def _tick(self) -> None:
        now = time.perf_counter()
        self.gaps.append(now - self._last)
        self._last = now


def wait_for(application: Any, done: Callable[[], bool], seconds: float) -> float:
    """Run the event loop until `done`; returns the seconds it took."""
    from PySide6.QtCore import QEventLoop, QTimer

    begun = time.perf_counter()
    loop, timer = QEventLoop(), QTimer()
    timer.setInterval(2)
    timer.timeout.connect(lambda: loop.quit() if done() else None)
    timer.start()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()
    return time.perf_counter() - begun


def resident() -> int:
    """Bytes of main memory that this process holds (Linux)."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


class Peak:
    """Watches the process's memory from a thread."""

    def __init__(self) -> None:
        self.start = self.highest = resident()
        self._going = True
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        self._going = False
        self._thread.join()
        return self.highest - self.start

    def _watch(self) -> None:
        while self._going:
            self.highest = max(self.highest, resident())
            time.sleep(0.02)


def measure(photo: Path) -> list[tuple[str, str, str]]:
    """Rows of (what, measured, wanted)."""
    from imgstudio.app.__main__ import Studio, make_application
    from imgstudio.core.settings import Settings

    settings = Settings.of_user()
    application = make_application(settings)
    studio = Studio(settings)
    studio.window.resize(1600, 1000)
    studio.window.show()
    wait_for(application, lambda: False, 0.3)
    rows = [open_big(studio, application, photo)]
    rows += run_filter(studio, application, "dejpeg")
    for document in studio.documents.all:
        document.history.mark_clean()
    studio.window.close()
    studio.close()
    return rows


def open_big(studio: Any, application: Any, photo: Path) -> tuple[str, str, str]:
    canvas = studio.window.canvas

    def shown() -> bool:
        return studio.documents.current is not None and canvas.isVisible()

    begun = time.perf_counter()
    studio.documents.open_paths([photo])
    wait_for(application, shown, 30)
    canvas.repaint()
    return "open 24 MP JPEG to first paint", f"{time.perf_counter() - begun:.2f} s", "<= 1.5 s"


def run_filter(studio: Any, application: Any, filter_id: str) -> list[tuple[str, str, str]]:
    """Run over 24 MP, then once more and cancel in the middle."""
    from imgstudio.filters.runner import RunSettings, capture

    document = studio.documents.current
    item = studio.context.filters[filter_id]

    def start(region: Rect | None = None) -> Any:
        job = capture(document, document.active, item, item.params(), RunSettings(region=region))
        return studio.jobs.start(job, "compute")

    first = start(Rect(0, 0, 512, 512))  # loads torch and the network, which stay
    wait_for(application, lambda: first.is_finished, 120)
    meter, peak = Meter(), Peak()
    begun = time.perf_counter()
    handle = start()
    meter.start()
    wait_for(application, lambda: handle.is_finished, 600)
    seconds, gaps, memory = time.perf_counter() - begun, meter.stop(), peak.stop()
    second = start()
    wait_for(application, lambda: second.fraction > 0.1, 60)
    asked = time.perf_counter()
    second.cancel()
    wait_for(application, lambda: second.is_finished, 30)
    cancel = time.perf_counter() - asked
    p99 = statistics.quantiles(gaps, n=100)[98]
    return [
        (f"{filter_id} over 24 MP beside the window", f"{seconds:.1f} s", ""),
        ("its event-loop gaps, p99 (worst)", f"{p99:.0f} ms ({max(gaps):.0f} ms)", "<= 50 ms p99"),
        ("its peak extra memory, the result of 96 MB included", f"{memory / 2**20:.0f} MiB", "<= 400 MB"),
        ("cancel", f"{cancel:.2f} s", "<= 0.5 s"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skip-start", action="store_true")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["IMGSTUDIO_HOME"] = folder
        rows = []
        if not parsed.skip_start:
            seconds, torch_seen = cold_start()
            rows.append(("cold start to shown window", f"{seconds:.2f} s", "<= 1.5 s"))
            rows.append(("torch imported by then", "yes" if torch_seen else "no", "no"))
        rows += measure(big_photo(Path(folder)))
    print("| what | measured | wanted |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
