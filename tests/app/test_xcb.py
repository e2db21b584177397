"""A real window on a virtual X screen, in whatever order OpenCV and PySide6 were imported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X is a matter of Linux"),
    pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed"),
]

WINDOW = """
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from imgstudio.app.__main__ import Studio, make_application
from imgstudio.core.settings import Settings
settings = Settings()
application = make_application(settings)
assert QGuiApplication.platformName() == "xcb", QGuiApplication.platformName()
studio = Studio(settings)
studio.window.show()
seen = []
def look():
    seen.append(studio.window.isVisible() and studio.window.windowHandle().isExposed())
    if seen[-1] or len(seen) > 1000:
        timer.stop()  # closing may take longer than to its next tick, which would see a closed window
        studio.window.close()
timer = QTimer(interval=25)
timer.timeout.connect(look)
timer.start()
application.exec()
assert studio.close()
print("exposed" if seen[-1] else "never exposed")
"""

TYPED = """
import subprocess
import numpy as np
from PySide6.QtCore import QTimer
from imgstudio.app.__main__ import Studio, make_application
from imgstudio.core.document import Document
from imgstudio.core.settings import Settings
settings = Settings()
application = make_application(settings)
studio = Studio(settings)
document = Document.from_pixels(np.full((40, 60, 4), 200, np.uint8))
studio.documents.add(document)
studio.window.show()
canvas, state = studio.window.canvas, studio.context.tool_state
def look():
    options = state.options["brush"]
    return studio.context.tools.current.id, options.size, options.hardness, canvas.compare_mode, canvas.view.zoom
KEYS = ["b", "bracketright", "braceleft", "asciitilde", "ctrl+plus"]
seen = []
def next_key():
    if not canvas.hasFocus() or not studio.window.isActiveWindow():
        studio.window.activateWindow()
        canvas.setFocus()
        return
    seen.append(look())
    if len(seen) > len(KEYS):
        timer.stop()
        document.history.mark_clean()
        studio.window.close()
    else:
        subprocess.run(["xdotool", "key", KEYS[len(seen) - 1]], check=True)
timer = QTimer(interval=200)
timer.timeout.connect(next_key)
timer.start()
application.exec()
assert studio.close()
print([sum(a != b for a, b in zip(one, other)) for one, other in zip(seen, seen[1:])])
"""

ORDERS = {
    "cv2 first": "import cv2, PySide6.QtWidgets",
    "PySide6 first": "import PySide6.QtWidgets, cv2",
    "cv2 between": "import PySide6, cv2, PySide6.QtGui, PySide6.QtWidgets",
    "as it comes": "",
}


@pytest.fixture(scope="module")
def display():
    """A screen of its own; Xvfb chooses a free number and writes it to the pipe."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(timeout=10)


@pytest.mark.parametrize("order", ORDERS)
def test_the_window_opens_on_a_real_screen(display, order):
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    done = subprocess.run(
        [sys.executable, "-c", ORDERS[order] + WINDOW],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "exposed\n"), done.stderr


@pytest.mark.skipif(shutil.which("xdotool") is None, reason="xdotool is not installed")
def test_keys_of_a_real_keyboard_each_change_one_thing(display):
    """With Shift a key gives several names, such as "{" and Shift+[; an action may answer to one only."""
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    done = subprocess.run(
        [sys.executable, "-c", TYPED],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "[1, 1, 1, 1, 1]\n"), done.stderr
    assert "Ambiguous" not in done.stderr
