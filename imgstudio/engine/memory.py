"""How much main memory the machine has and can still give, without any further package."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Final, NamedTuple

_UNKNOWN: Final = 4 << 30
_MEMINFO: Final = Path("/proc/meminfo")


class Memory(NamedTuple):
    """Bytes of main memory; `available` can be taken without swapping."""

    total: int
    available: int


def main_memory() -> Memory:
    """Ask the system; where it does not answer, a cautious guess."""
    try:
        return _asked()
    except (OSError, ValueError, AttributeError, KeyError):
        return Memory(_UNKNOWN, _UNKNOWN // 2)


def parsed_meminfo(text: str) -> Memory:
    """Read Linux's /proc/meminfo; raises KeyError or ValueError."""
    lines = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    values = {name.strip(): int(value.split()[0]) << 10 for name, value in lines}
    return Memory(values["MemTotal"], values["MemAvailable"])


def _asked() -> Memory:
    if sys.platform == "win32":
        return _windows()
    if sys.platform == "darwin":
        return _macos()
    if _MEMINFO.exists():
        return parsed_meminfo(_MEMINFO.read_text(encoding="ascii"))
    page = os.sysconf("SC_PAGE_SIZE")
    total = os.sysconf("SC_PHYS_PAGES") * page
    return Memory(total, total // 2)


class _MemoryStatus(ctypes.Structure):
    """Windows' MEMORYSTATUSEX."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("total", ctypes.c_uint64),
        ("available", ctypes.c_uint64),
        ("rest", ctypes.c_uint64 * 5),
    )


if sys.platform == "win32":

    def _windows() -> Memory:
        status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
        if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            raise ctypes.WinError()
        return Memory(status.total, status.available)


if sys.platform == "darwin":

    def _macos() -> Memory:
        total = _sysctl("hw.memsize", ctypes.c_uint64())
        free_percent = _sysctl("kern.memorystatus_level", ctypes.c_uint32())
        return Memory(total, total * min(free_percent, 100) // 100)

    def _sysctl(name: str, value: ctypes.c_uint64 | ctypes.c_uint32) -> int:
        size = ctypes.c_size_t(ctypes.sizeof(value))
        library = ctypes.CDLL(None, use_errno=True)
        if library.sysctlbyname(name.encode(), ctypes.byref(value), ctypes.byref(size), None, 0) != 0:
            raise OSError(ctypes.get_errno(), f"sysctl {name}")
        return int(value.value)
