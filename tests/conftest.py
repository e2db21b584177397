"""Shared fixtures: an own home for every test, no warnings, no thread or window left behind."""

from __future__ import annotations

import logging
import os
import sys

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory, monkeypatch):
    """Settings, models and autosaves of a test never meet those of a person."""
    monkeypatch.setenv("IMGSTUDIO_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(autouse=True)
def _no_unexpected_warnings_in_the_log(caplog):
    """A WARNING in the log fails the test unless the test looked for it (caplog.clear())."""
    yield
    unexpected = [r for r in caplog.get_records("call") if r.levelno >= logging.WARNING]
    if unexpected and not getattr(caplog, "expected", False):
        pytest.fail("logged: " + "; ".join(r.getMessage() for r in unexpected))


@pytest.fixture(autouse=True)
def _nothing_runs_on():
    """No QThread and no window survives a test."""
    yield
    if "PySide6.QtWidgets" not in sys.modules:
        return
    from PySide6.QtCore import QCoreApplication, QEvent
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance()
    if application is None:
        return
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    shown = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    for window in shown:
        window.close()
    assert not shown, f"windows left open: {shown}"
    application.clipboard().clear()  # data made here must not outlive the interpreter
    jobs = sys.modules.get("imgstudio.app.jobs")
    if jobs is not None:
        for worker in jobs.running_threads():  # a cancelled computation may take a while to notice
            worker.wait(20_000)
        assert not jobs.running_threads(), "a worker thread is still running"


@pytest.fixture
def one_thread():
    """Torch computes in one thread: quicker for small networks, and sums come out alike everywhere."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def person():
    """The module tests.studio: `Studio`, `Answers`, `check_document`."""
    from tests import studio

    return studio


@pytest.fixture(scope="session")
def _window(qapp, person):
    """One window for all tests: making one takes longer than most of them."""
    made = person.Studio()
    yield made
    made.close()


@pytest.fixture
def studio(qtbot, _window):
    """A window as new in the hands of a person."""
    _window.begin(qtbot)
    yield _window
    _window.end()
