"""The boundary around foreign decoders, which raise nearly every kind of exception on broken files."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import TypeVar, overload

from imgstudio.core.errors import UserError

log = logging.getLogger(__name__)
T = TypeVar("T")


class Damaged(Exception):
    """A foreign library gave up on the bytes it was given."""


def guarded(call: Callable[[], T]) -> T:
    """Run foreign code silently; UserError passes, anything else becomes Damaged.

    Seen on broken files: ValueError, TypeError, IndexError, SyntaxError, KeyError, struct.error, zlib.error,
    MemoryError, RecursionError, DecompressionBombError and the errors of each library.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call()
    except (UserError, Damaged):
        raise
    except Exception as error:
        log.debug("A decoder failed", exc_info=True)
        raise Damaged(f"{type(error).__name__}: {error}") from error


def first_that_works(*attempts: Callable[[], T]) -> T:
    """Result of the first attempt that does not fail; Damaged with the first failure when all do."""
    failures: list[Damaged] = []
    for attempt in attempts:
        try:
            return guarded(attempt)
        except Damaged as failure:
            failures.append(failure)
    raise failures[0]


@overload
def optional(call: Callable[[], T], notes: list[str], what: str) -> T | None: ...
@overload
def optional(call: Callable[[], T], notes: list[str], what: str, *, otherwise: T) -> T: ...
def optional(call: Callable[[], T], notes: list[str], what: str, *, otherwise: T | None = None) -> T | None:
    """Run code on metadata: a failure costs only that piece and adds a line to `notes`."""
    try:
        return guarded(call)
    except (Damaged, UserError):
        notes.append(f"The {what} of this file is damaged and was left out.")
        return otherwise
