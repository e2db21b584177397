"""Memory that nobody uses any more goes back to the system."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any


def return_freed_memory() -> None:
    """Ask the allocator to give back what is free in the middle of its heaps; may be called on any thread.

    glibc keeps freed blocks below the top of a heap, and there is a heap for every few threads: a thousand pictures
    read one after the other, of which six are held, would take gigabytes. Elsewhere nothing is done.
    """
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@cache
def _glibc() -> Any:
    """The C library, if it can be asked; else None."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        library = ctypes.CDLL("libc.so.6")
        return library if hasattr(library, "malloc_trim") else None
    except OSError:
        return None
