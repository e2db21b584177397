"""How work ends: a crash, a window closed in the middle of things, a disk that refuses."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QPushButton

from imgstudio.app.rescue import offer_rescue
from imgstudio.core.paths import autosave_folder

WORK_UNSAVED = """
import sys
import numpy as np
from PySide6.QtCore import QTimer
from imgstudio.app.__main__ import Studio, make_application
from imgstudio.core.document import Document
from imgstudio.core.settings import Settings

settings = Settings.of_user()
application = make_application(settings)
studio = Studio(settings)
document = Document.from_pixels(np.full((40, 60, 4), 180, np.uint8))
document.name = "Sketch"
studio.documents.add(document)
studio.window.show()
with document.editing(document.active.pixels, "Dot") as edit:
    edit.store.editable_tile((0, 0))[5, 7] = (1, 2, 3, 255)
studio.jobs.ended.connect(lambda handle: print("kept", flush=True))
QTimer.singleShot(0, studio.recovery.save_all)
application.exec()
"""

CLOSE_WHILE_BUSY = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton
from imgstudio.app import __main__ as program

class Watched(program.Studio):
    def __init__(self, settings):
        super().__init__(settings)
        self.documents.opened.connect(lambda _: QTimer.singleShot(0, self.begin))
    def begin(self):
        self.actions.run("select.all")
        self.actions.run("filter.diffusion-fill")
        session = self.context.filter_panel.session
        session.params = type(session.params)(iterations=2000, start_grey=True)
        session.run()
        self.timers = [QTimer(interval=20), QTimer(interval=20)]
        for timer, slot in zip(self.timers, (self.close_when_busy, self.answer)):
            timer.timeout.connect(slot)
            timer.start()
    def close_when_busy(self):
        if any(handle.is_running and handle.fraction > 0 for handle in self.jobs.handles):
            self.timers[0].stop()
            print("running", flush=True)
            self.window.close()
    def answer(self):
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            self.timers[1].stop()
            print("asked", flush=True)
            next(b for b in box.findChildren(QPushButton) if b.text() == "Do not save").click()

program.Studio = Watched
status = program.run([Path(sys.argv[1])])
print("ended", status, flush=True)
sys.exit(status)
"""


def test_unsaved_work_of_a_killed_program_is_offered_and_comes_back(studio):
    child = subprocess.Popen(
        [sys.executable, "-c", WORK_UNSAVED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "kept\n", child.stderr.read()
    os.kill(child.pid, signal.SIGKILL)
    child.wait(timeout=10)
    child.stdout.close()
    child.stderr.close()

    offer_rescue(studio.program.recovery, studio.window)
    box = studio.window.findChild(QMessageBox, "rescue")
    assert "Sketch" in box.informativeText()
    studio.click(button(box, "Bring back"))
    studio.wait(lambda: studio.program.documents.current is not None)
    studio.settle()
    expected = np.full((40, 60, 4), 180, np.uint8)
    expected[5, 7] = (1, 2, 3, 255)
    np.testing.assert_array_equal(studio.pixels(), expected)
    assert studio.document.name == "Sketch"
    assert not studio.document.history.is_clean
    assert len(list(autosave_folder().iterdir())) == 1, "only the session that is alive keeps it now"


def button(box, text):
    return next(item for item in box.findChildren(QPushButton) if item.text() == text)


def test_the_program_ends_cleanly_in_the_middle_of_a_filter(tmp_path):
    picture = tmp_path / "noise.png"
    _write_noise(picture)
    done = subprocess.run(
        [sys.executable, "-c", CLOSE_WHILE_BUSY, str(picture)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["running", "asked", "ended", "0"]), done.stderr
    assert "Traceback" not in done.stderr
    assert "QThread" not in done.stderr
    assert not list(autosave_folder().glob("*"))


def _write_noise(path):
    import cv2

    cv2.imwrite(str(path), np.random.default_rng(1).integers(0, 256, (300, 400, 3), np.uint8))


@pytest.mark.parametrize("answer", ["cancel", "discard", "save"])
def test_closing_the_window_with_unsaved_changes_asks_and_does_as_it_is_told(studio, tmp_path, answer):
    document = studio.show_pixels(np.full((20, 30, 4), 9, np.uint8))
    studio.run("edit.fill")
    studio.answers.unsaved_answer = answer
    studio.answers.save_answer = tmp_path / "kept.ora"
    studio.window.close()
    assert studio.answers.asked[0] == ("Untitled",)
    if answer == "cancel":
        assert studio.window.isVisible()
        assert studio.document is document
        return
    studio.wait(lambda: not studio.window.isVisible())
    assert studio.program.documents.all == []
    assert (tmp_path / "kept.ora").exists() == (answer == "save")
    studio.settle()


class FullDisk:
    """A file on which not a byte fits any more."""

    def __init__(self, file):
        self._file = file

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def __getattr__(self, name):
        return getattr(self._file, name)

    def write(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def refuse_writing(monkeypatch, kind):
    really_open = Path.open

    def opened(self, mode="r", *args, **more):
        if ".part" in self.name and kind == "read-only" and "x" in mode:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))
        if ".part" in self.name and kind == "full" and "w" in mode:
            return FullDisk(really_open(self, mode, *args, **more))
        return really_open(self, mode, *args, **more)

    monkeypatch.setattr(Path, "open", opened)


@pytest.mark.parametrize(("kind", "reason"), [("full", "disk is full"), ("read-only", "no right")])
def test_a_save_that_fails_says_why_and_leaves_the_document_unsaved(
    studio, tmp_path, monkeypatch, kind, reason
):
    document = studio.show_pixels(np.full((20, 30, 4), 9, np.uint8))
    studio.save(tmp_path / "work.ora")
    held = (tmp_path / "work.ora").read_bytes()
    studio.run("edit.fill")
    with monkeypatch.context() as refused:
        refuse_writing(refused, kind)
        studio.run("file.save")
        studio.settle()
    assert not document.history.is_clean
    assert len(studio.errors) == 1
    notice = studio.part("notice.why")
    assert notice.isVisible()
    assert reason in notice.text()
    assert "choose another" in notice.text()
    assert (tmp_path / "work.ora").read_bytes() == held
    assert [path.name for path in tmp_path.iterdir()] == ["work.ora"], "no draft is left behind"

    studio.errors.clear()
    studio.run("file.save")
    studio.settle()
    assert document.history.is_clean
    assert not studio.errors


def test_escape_stops_a_filter_within_half_a_second(studio):
    import time

    studio.show_pixels(np.random.default_rng(2).integers(0, 256, (1500, 1500, 4), np.uint8))
    studio.run("select.all")
    studio.run("filter.dejpeg")
    panel = studio.context.filter_panel
    panel.page.preview.chosen.emit(0)
    form = (
        panel.page.form
    )  # told a quality, it works on every tile; judging noise it would find nothing to do
    form.set_value(replace(form.value(), quality=20))
    panel.page.params_changed.emit(form.value())
    studio.settle()
    studio.click("filter.apply")
    (handle,) = [handle for handle in studio.program.jobs.handles if handle is panel.controller._run]
    studio.wait(lambda: handle.fraction > 0, seconds=60)
    studio.focus_canvas()
    began = time.monotonic()
    QTest.keyClick(studio.canvas, Qt.Key.Key_Escape)
    studio.wait(lambda: handle.is_finished)
    assert time.monotonic() - began < 0.5
    assert len(studio.document.layers) == 1
    assert panel.page is not None, "the filter stays open"
