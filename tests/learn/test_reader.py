"""Reading ahead: the right batch for every order, errors where they belong, no thread left."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgstudio.learn.reader import Order, Reader, pictures_of


@given(st.integers(1, 30), st.lists(st.integers(1, 12), min_size=1, max_size=12), st.integers(0, 5))
def test_every_picture_comes_once_an_epoch_whatever_the_batches(count, batches, seed):
    seen, order = [], Order(1, 0, batches[0], 0)
    for size in batches:
        order = Order(order.step + 1, len(seen), size, 0)
        seen += pictures_of(order, count, seed)
    epochs = [seen[start : start + count] for start in range(0, len(seen), count)]

    assert all(sorted(epoch) == list(range(count)) for epoch in epochs if len(epoch) == count)
    assert all(len(set(epoch)) == len(epoch) for epoch in epochs)


def test_the_order_of_an_epoch_is_the_documented_one():
    expected = np.random.default_rng([7, 2, 1]).permutation(10)

    assert pictures_of(Order(5, 20, 10, 0), 10, 7) == expected.tolist()


def test_batches_are_read_ahead_on_one_other_thread():
    threads, read = set(), []
    ready = threading.Event()

    def reading(order):
        threads.add(threading.current_thread())
        read.append(order.step)
        if order.step == 3:
            ready.set()
        return order

    with Reader(reading, ahead=2) as reader:
        first = Order(1, 0, 4, 0)
        assert reader.take(first) == first
        assert ready.wait(5)
        assert read == [1, 2, 3]
    assert len(threads) == 1
    assert threading.main_thread() not in threads
    assert not threads.pop().is_alive()


def test_another_order_than_the_expected_one_is_read_anew():
    with Reader(lambda order: order) as reader:
        reader.take(Order(1, 0, 4, 0))
        other = Order(2, 4, 8, 1)
        assert reader.take(other) == other
        assert reader.take(other.following()) == other.following()


def test_an_error_while_reading_comes_where_the_batch_is_taken():
    def reading(order):
        if order.step == 2:
            raise OSError("gone")
        return order

    with Reader(reading) as reader:
        first = Order(1, 0, 4, 0)
        reader.take(first)
        with pytest.raises(OSError, match="gone"):
            reader.take(first.following())
