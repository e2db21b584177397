"""What tools work out on a worker."""

import pytest
from PySide6.QtCore import QThread

from imgstudio.app.controllers.tool_work import ToolWork


@pytest.fixture
def work(studio):
    return ToolWork(studio.context.jobs)


def test_it_is_made_on_a_worker_and_handed_over_on_the_window_thread(studio, work):
    here, threads = QThread.currentThread(), []
    work.start(
        "Making",
        lambda: threads.append(QThread.currentThread()) or 7,
        lambda made: threads.append((made, QThread.currentThread())),
    )
    studio.wait(lambda: len(threads) == 2)
    assert threads[0] is not here
    assert threads[1] == (7, here)


def test_what_was_given_up_is_not_handed_over(studio, work):
    taken = []
    work.start("Making", lambda: 7, taken.append)()
    work.start("Making", lambda: 8, taken.append)
    studio.wait(lambda: taken)
    studio.settle()
    assert taken == [8]


def test_what_came_to_nothing_is_told(studio, work, caplog):
    taken = []
    work.start("Making", lambda: 1 / 0, taken.append)
    studio.wait(lambda: taken)
    assert taken == [None]
    caplog.clear()
