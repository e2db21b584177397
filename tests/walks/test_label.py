"""From a folder of pictures to labels, as a person does it; and what is left after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
from PySide6.QtCore import Qt

from imgstudio.core.geometry import Rect
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import UNSEEN
from tests.fakes.labelling import HEIGHT, WIDTH, opened, pictures_in, project_in, rested

WHOLE = Rect(0, 0, WIDTH, HEIGHT)


def test_a_folder_is_labelled_with_brush_keys_and_lasso(studio, tmp_path):
    folder = pictures_in(tmp_path / "street", 4)
    pictures = {path.name: path.read_bytes() for path in folder.iterdir()}
    session = studio.label()
    made(studio, session, folder)
    brushed(studio, session)
    went_on(studio, session)
    came_back(studio, session, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".png"} == pictures


def made(studio, session, folder):
    studio.click("label.home.new")
    dialog = studio.part("label.project")
    dialog.pictures.chosen.emit(folder)
    dialog.names.setPlainText("sky\nroad")
    studio.click(studio.part("dialog.accept", dialog))
    studio.wait(lambda: session.document is not None)
    studio.settle()


def brushed(studio, session):
    """Two classes, one stroke taken back, a shape, and a correction with the eraser."""
    studio.press_key(Qt.Key.Key_1)
    studio.brush([(0, 10), (95, 10)], radius=8, tool="brush")
    studio.press_key(Qt.Key.Key_2)
    studio.brush([(0, 50), (95, 50)], radius=8, tool="brush")
    studio.brush([(0, 30), (95, 30)], radius=3, tool="brush")
    studio.undo()
    studio.tool("rectangle")
    studio.drag([(10, 24), (30, 40)])
    studio.brush([(70, 50)], radius=4, tool="eraser")
    rested(studio)
    mask = session.document.labels.mask(WHOLE)
    assert (mask[10] == 1).all()
    assert mask[50, 40] == 2
    assert mask[50, 70] == UNSEEN
    assert (mask[26:38, 12:28] == 2).all()
    assert mask[30, 60] == UNSEEN


def went_on(studio, session):
    """Done with the first; the second begins with its labels; the third is flagged."""
    studio.press_key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    studio.wait(lambda: session.shown == "1.png")
    studio.press_key(Qt.Key.Key_P)
    rested(studio)
    assert (session.document.labels.mask(WHOLE)[10] == 1).all()
    studio.press_key(Qt.Key.Key_D)
    studio.wait(lambda: session.shown == "2.png")
    studio.press_key(Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    studio.settle()
    assert session.entry.is_flagged


def came_back(studio, session, folder):
    """What another start finds is what was left."""
    before = ProjectFolder.open(folder)
    states = [entry.state for entry in before.entries()]
    assert states == ["done", "in work", "new", "new"]
    session.close()
    opened(studio, folder)
    assert session.name == "1.png", "it begins with what is in work"
    np.testing.assert_array_equal(session.document.labels.mask(WHOLE), before.labels("0.png"))
    assert session.entry.effort.strokes == 1


LABELLER = """
import sys
from pathlib import Path
import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from imgstudio.app.__main__ import Studio, make_application
from imgstudio.core.geometry import Rect
from imgstudio.core.labelled import PaintRules
from imgstudio.core.labelling.painting import write_labels
from imgstudio.core.settings import Settings

application = make_application(Settings())
studio = Studio(Settings())
studio.window.show()
studio.window.workspaces.show("label")
session = studio.context.labelling
session.open(Path(sys.argv[1]))
count = 0

def stroke():
    global count
    if session.document is None:
        return
    count += 1
    row = Rect(0, count - 1, 96, 1)
    session.set_rules(PaintRules(value=1 + count % 3))
    write_labels(session.document, row, np.ones((1, 96), bool), session.rules.value, "Row")
    print(count, flush=True)

timer = QTimer(interval=25)
timer.timeout.connect(stroke)
timer.start()
application.exec()
"""


def test_a_kill_takes_at_most_the_last_stroke(tmp_path):
    """Every row that was painted a moment before the kill is on the disk, and the mask is whole."""
    project = project_in(tmp_path / "street", 2)
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"}
    labeller = subprocess.Popen(
        [sys.executable, "-c", LABELLER, str(project.path)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert labeller.stdout is not None
    for line in labeller.stdout:
        if int(line) == 20:
            break
    written_by = time.monotonic() + 60
    while time.monotonic() < written_by and not _rows(project, 20):
        time.sleep(0.01)
    os.kill(labeller.pid, signal.SIGKILL)
    painted = [int(line) for line in labeller.stdout]
    labeller.wait()
    labeller.stdout.close()
    assert _rows(project, 20), "strokes are written while one goes on painting"
    mask = ProjectFolder.open(project.path).labels("0.png")
    rows = int((mask[:, 0] != UNSEEN).sum())
    assert (mask[:rows] != UNSEEN).all()
    assert rows <= max([20, *painted]) + 1
    assert ProjectFolder.open(project.path).entry("0.png").state == "in work"


def _rows(project, count):
    """Whether so many rows are on the disk; every state that is found there is whole."""
    mask = ProjectFolder.open(project.path).labels("0.png")
    if mask is None:
        return False
    assert mask.shape == (HEIGHT, WIDTH)
    values = [1 + n % 3 for n in range(1, HEIGHT + 1)]
    rows = int((mask[:, 0] != UNSEEN).sum())
    np.testing.assert_array_equal(mask[:rows, 0], values[:rows])
    return rows >= count
