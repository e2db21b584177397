"""Small pictures of a project's files: made on a worker for what is on the screen, and kept on the disk."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap

from imgstudio.app.jobs import JobHandle, JobService
from imgstudio.core import imagefile
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.paths import ensured, user_cache, write_atomically
from imgstudio.core.pixels import Array, from_float, over_grey

SIDE: Final = 80
"""Pixels of the longest side: 40 on the screen, sharp on a fine one."""
AT_ONCE: Final = 6
"""Few a job, so that labels that are to be written do not wait long."""
HELD: Final = 1500
REST_MS: Final = 40
"""How long a list must stand still before its pictures are made."""


@dataclass(frozen=True, slots=True)
class MakeThumbnails:
    """Reads small pictures from the cache, or makes them; a file that cannot be read has none."""

    paths: tuple[Path, ...]
    title: str = "Reading previews"
    quiet: bool = True

    def run(self, progress: Progress) -> dict[Path, Array | None]:
        folder = ensured(user_cache() / "thumbnails")
        return {path: thumbnail_of(path, folder) for path in progress.track(self.paths)}


def thumbnail_of(path: Path, folder: Path) -> Array | None:
    """(h, w, 3) uint8 of a picture file, out of `folder` if it is there; None where it cannot be read."""
    try:
        facts = path.stat()
        mark = f"{path.absolute()}|{facts.st_mtime_ns}|{facts.st_size}|{SIDE}"
        kept = folder / f"{hashlib.sha256(mark.encode()).hexdigest()[:32]}.jpg"
        if kept.is_file():
            read = cv2.imdecode(np.fromfile(kept, np.uint8), cv2.IMREAD_COLOR)
            if read is not None:
                return np.ascontiguousarray(read[..., ::-1], np.uint8)
        made = from_float(over_grey(imagefile.thumbnail(path, SIDE)))
        _, data = cv2.imencode(".jpg", made[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
        write_atomically(kept, data.tobytes())
        return made
    except (OSError, UserError):
        return None


class PictureThumbnails(QObject):
    """Guards: at most one job at a time; what is not on the screen any more is not made."""

    made = Signal(object)
    """Paths of new ones."""

    def __init__(self, jobs: JobService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._held: OrderedDict[Path, QPixmap] = OrderedDict()
        self._wanted: list[Path] = []
        self._handle: JobHandle | None = None
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._go_on)

    def of(self, path: Path) -> QPixmap | None:
        """The small picture if it is there; a null one where the file cannot be read."""
        found = self._held.get(path)
        if found is not None:
            self._held.move_to_end(path)
        return found

    def want(self, paths: Iterable[Path]) -> None:
        """Make these, in this order, and no others."""
        self._wanted = [path for path in paths if path not in self._held]
        if self._wanted:
            self._rest.start()

    def clear(self) -> None:
        self._held.clear()
        self._wanted = []

    def _go_on(self) -> None:
        if self._handle is not None or not self._wanted:
            return
        now, self._wanted = self._wanted[:AT_ONCE], self._wanted[AT_ONCE:]
        self._handle = self._jobs.start(MakeThumbnails(tuple(now)), "io")
        self._handle.succeeded.connect(self._on_made)
        self._handle.finished.connect(self._on_finished)

    def _on_made(self, found: dict[Path, Array | None]) -> None:
        for path, picture in found.items():
            self._held[path] = QPixmap() if picture is None else _pixmap(picture)
        while len(self._held) > HELD:
            self._held.popitem(last=False)
        self.made.emit(list(found))

    def _on_finished(self) -> None:
        self._handle = None
        self._go_on()


def _pixmap(picture: Array) -> QPixmap:
    pixels = np.ascontiguousarray(picture)
    height, width, _ = pixels.shape
    image = QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image)
