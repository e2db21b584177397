"""Jobs: signals on the GUI thread, lanes, cancelling, closing."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import QThread

from imgstudio.app.jobs import JobHandle, JobService, running_threads
from imgstudio.app.panels.job_row import clock, times
from imgstudio.core.errors import UserError


@dataclass
class Waits:
    """Runs until it is let go or cancelled."""

    title: str = "Waiting"
    go: threading.Event = field(default_factory=threading.Event)
    began: threading.Event = field(default_factory=threading.Event)

    def run(self, progress):
        self.began.set()
        while not self.go.wait(0.005):
            progress.update(0.5, "half way")
        return "done"


@dataclass
class Counts:
    title: str = "Counting"
    paused: bool = False

    def run(self, progress):
        for step in range(2000):
            progress.update(step / 2000)
        progress.update(1.0)
        return 2000

    def pause(self):
        self.paused = True

    def resume(self):
        self.paused = False


@dataclass
class Fails:
    error: Exception
    title: str = "Failing"

    def run(self, progress):
        raise self.error


@pytest.fixture
def service(qapp):
    made = JobService()
    yield made
    assert made.shutdown()


def follow(handle: JobHandle) -> list[str]:
    """The signals in the order they come."""
    seen: list[str] = []
    handle.succeeded.connect(lambda result: seen.append(f"succeeded {result}"))
    handle.failed.connect(lambda error: seen.append(f"failed {type(error).__name__}"))
    handle.cancelled.connect(lambda: seen.append("cancelled"))
    handle.finished.connect(lambda: seen.append("finished"))
    return seen


def test_a_result_arrives_on_the_gui_thread_and_finished_is_last(service, qtbot):
    handle = service.start(Counts())
    seen, threads = follow(handle), []
    handle.progressed.connect(lambda fraction, text: threads.append(QThread.isMainThread()))
    handle.succeeded.connect(lambda result: threads.append(QThread.isMainThread()))
    with qtbot.waitSignal(handle.finished):
        pass
    assert seen == ["succeeded 2000", "finished"]
    assert all(threads)


def test_progress_is_told_no_more_often_than_thirty_times_a_second(service, qtbot):
    handle = service.start(Counts())
    told = []
    handle.progressed.connect(lambda fraction, text: told.append(fraction))
    with qtbot.waitSignal(handle.finished):
        pass
    assert len(told) <= 3 + handle.elapsed_seconds * 31
    assert told[-1] == 1.0


def test_one_compute_job_at_a_time_and_two_of_files(service, qtbot):
    jobs = [Waits() for _ in range(3)]
    computing = [service.start(job) for job in jobs[:2]]
    assert computing[0].is_running
    assert not computing[1].is_running
    files = [Waits() for _ in range(3)]
    reading = [service.start(job, "io") for job in files]
    assert [handle.is_running for handle in reading] == [True, True, False]
    for job in jobs + files:
        job.go.set()
    qtbot.waitUntil(lambda: not service.handles)


def test_a_cancelled_job_ends_as_cancelled(service, qtbot):
    job = Waits()
    handle = service.start(job)
    seen = follow(handle)
    job.began.wait(5)
    with qtbot.waitSignal(handle.finished):
        handle.cancel()
    assert seen == ["cancelled", "finished"]


def test_a_waiting_job_is_cancelled_at_once_and_never_runs(service, qtbot):
    first, second = Waits(), Waits()
    running, waiting = service.start(first), service.start(second)
    seen = follow(waiting)
    waiting.cancel()
    assert seen == ["cancelled", "finished"]
    first.go.set()
    qtbot.waitUntil(lambda: running.is_finished)
    assert not second.began.is_set()


def test_a_newer_preview_replaces_the_older(service, qtbot):
    older = service.start(Waits())
    job = Waits()
    job.go.set()
    newer = service.start(job, replaces=older)
    with qtbot.waitSignal(newer.finished):
        pass
    assert older.is_finished
    assert not service.handles


def test_an_expected_error_is_told_and_not_logged(service, qtbot, caplog):
    handle = service.start(Fails(UserError("No", "because", "do this")))
    seen = follow(handle)
    with qtbot.waitSignal(handle.finished):
        pass
    assert seen == ["failed UserError", "finished"]
    assert not caplog.records


def test_an_unexpected_error_is_logged_with_its_traceback(service, qtbot, caplog):
    caplog.expected = True
    handle = service.start(Fails(ZeroDivisionError("oops")))
    with qtbot.waitSignal(handle.finished):
        pass
    assert "ZeroDivisionError" in caplog.text
    assert "Traceback" in caplog.text


def test_shutdown_leaves_no_thread_and_takes_no_more_jobs(qapp):
    service = JobService()
    jobs = [Waits(), Waits()]
    service.start(jobs[0])
    service.start(jobs[1], "io")
    assert service.shutdown(10)
    assert not running_threads()
    late = service.start(Waits())
    assert late.is_finished


def test_losing_the_handle_and_the_service_does_not_lose_the_thread(qapp, qtbot):
    job = Waits()
    JobService().start(job)
    job.began.wait(5)
    assert running_threads()
    job.go.set()
    qtbot.waitUntil(lambda: not running_threads())


def test_pausing_is_offered_only_where_the_job_can(service, qtbot):
    handle = service.start(Counts())
    plain = service.start(Waits())
    assert handle.can_pause
    assert not plain.can_pause
    plain.pause()
    assert not plain.paused
    plain.cancel()
    qtbot.waitUntil(lambda: handle.is_finished)


def test_a_pause_does_not_count_as_work(service, qtbot, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("imgstudio.app.jobs.time.monotonic", lambda: now[0])
    handle = JobHandle(Counts(), "compute")
    handle.started_at, handle.fraction = 100.0, 0.25
    now[0] = 110.0
    handle.pause()
    now[0] = 200.0
    handle.resume()
    now[0] = 205.0
    assert handle.elapsed_seconds == 15.0
    assert handle.remaining_seconds == 45.0
    assert times(handle) == "25 % · 0:15 · 0:45 left"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0:00"), (21, "0:21"), (725, "12:05"), (3723, "1:02:03")]
)
def test_times_read_like_a_clock(seconds, text):
    assert clock(seconds) == text


@dataclass
class Deaf:
    """Does not come to a check for a while, as an import of a large library does."""

    title: str = "Deaf"
    go: threading.Event = field(default_factory=threading.Event)

    def run(self, progress):
        self.go.wait(20)
        return "too late"


def test_the_window_goes_on_without_a_computation_that_does_not_hear_the_cancel(service, qtbot):
    job, seen = Deaf(), []
    handle = service.start(job)
    handle.succeeded.connect(seen.append)
    handle.cancelled.connect(lambda: seen.append("cancelled"))
    with qtbot.waitSignal(handle.finished, timeout=500):
        handle.cancel()
    assert seen == ["cancelled"]
    assert service.handles == []
    with qtbot.waitSignal(service.start(Counts()).succeeded, timeout=5000):
        pass
    assert running_threads(), "it still runs, but nobody waits for it"
    job.go.set()
    qtbot.waitUntil(lambda: not running_threads(), timeout=5000)
    assert seen == ["cancelled"]


def test_closing_waits_for_a_computation_that_was_left_alone(service, qtbot):
    job = Deaf()
    handle = service.start(job)
    with qtbot.waitSignal(handle.finished, timeout=500):
        handle.cancel()
    job.go.set()
    assert service.shutdown(5)
    assert not running_threads()
