"""The zip around an OpenRaster file: read without trusting it, written in order while parts are encoded."""

from __future__ import annotations

import zipfile
import zlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

from imgstudio.core.errors import UserError
from imgstudio.core.imageformats.guard import Damaged

MIMETYPE: Final = b"image/openraster"
_LARGEST_TEXT: Final = 64 << 20
_MOST_ENTRIES: Final = 100_000
_AHEAD: Final = 3
"""Encoded parts that may wait in memory for their turn to be written."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)
"""What zipfile raises on damaged, encrypted or unusually compressed entries."""


class Archive:
    """An OpenRaster zip open for reading; nothing is ever unpacked to disk, so names cannot escape."""

    def __init__(self, path: Path) -> None:
        """Raises UserError when it is no such zip."""
        try:
            self._zip = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise UserError(f"{path.name} is not there", f"No file is at {path}", "Check the name") from None
        except (*_BROKEN, ValueError) as error:
            raise UserError(
                f"{path.name} cannot be opened",
                f"It is not an OpenRaster project: {error}",
                "Look for a copy",
            ) from None
        entries = self._zip.infolist()
        if len(entries) > _MOST_ENTRIES:
            self._zip.close()
            raise UserError(f"{path.name} cannot be opened", "It holds far too many parts", "Look for a copy")
        self._entries = {entry.filename: entry for entry in entries}

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str, largest: int = _LARGEST_TEXT) -> bytes:
        """Whole entry; raises Damaged when it is missing, broken or larger than `largest` bytes."""
        entry = self._entries.get(name)
        if entry is None:
            raise Damaged(f"{name} is missing")
        if entry.file_size > largest:
            raise Damaged(f"{name} is too large")
        try:
            return self._zip.read(entry)
        except _BROKEN as error:
            raise Damaged(f"{name}: {error}") from error

    def beginning(self, name: str, count: int) -> bytes:
        """First bytes of an entry; raises Damaged when it is missing or broken."""
        entry = self._entries.get(name)
        if entry is None:
            raise Damaged(f"{name} is missing")
        try:
            with self._zip.open(entry) as file:
                return file.read(count)
        except _BROKEN as error:
            raise Damaged(f"{name}: {error}") from error


class ArchiveWriter:
    """Writes entries in the order they are given while worker threads encode the next ones."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._pool = ThreadPoolExecutor(_AHEAD)
        self._waiting: deque[tuple[str, Future[bytes]]] = deque()
        # Written with the next entry: what the disk refuses here, no __exit__ would clean up.
        self.add("mimetype", lambda: MIMETYPE)

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._write_waiting(0)
        finally:
            self._pool.shutdown(cancel_futures=True)
            self._zip.close()

    def add_text(self, name: str, contents: bytes) -> None:
        """Add an entry that is worth compressing."""
        self._write_waiting(0)
        self._zip.writestr(zipfile.ZipInfo(name, _EPOCH), contents, zipfile.ZIP_DEFLATED)

    def add(self, name: str, encode: Callable[[], bytes]) -> Future[bytes]:
        """Add an entry that a worker makes and that is stored as it is."""
        encoding = self._pool.submit(encode)
        self._waiting.append((name, encoding))
        self._write_waiting(_AHEAD)
        return encoding

    def _write_waiting(self, left: int) -> None:
        while len(self._waiting) > left:
            name, encoding = self._waiting.popleft()
            self._zip.writestr(zipfile.ZipInfo(name, _EPOCH), encoding.result())
