"""Waiting for a lock ends when the work is not wanted any more."""

import threading

import pytest

from imgstudio.core.jobs import Cancelled, CancelToken, holding


def test_a_lock_is_held_and_let_go_also_after_an_error():
    lock = threading.Lock()
    with holding(lock, CancelToken()):
        assert lock.locked()
    assert not lock.locked()
    with pytest.raises(ValueError, match="halt"), holding(lock, CancelToken()):
        raise ValueError("halt")
    assert not lock.locked()


def test_waiting_for_a_lock_ends_with_a_cancel():
    lock, token = threading.Lock(), CancelToken()
    ended = []

    def wait():
        try:
            with holding(lock, token):
                ended.append("held")
        except Cancelled:
            ended.append("cancelled")

    with lock:
        worker = threading.Thread(target=wait)
        worker.start()
        token.cancel()
        worker.join(10)
    assert ended == ["cancelled"]
