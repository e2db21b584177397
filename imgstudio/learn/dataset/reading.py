"""Stream samples from disk, kept at the size in which they are used."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import cv2
import numpy as np
import numpy.typing as npt

from imgstudio.core.errors import UserError
from imgstudio.core.paths import ensured, write_atomically
from imgstudio.learn.dataset.pictures import read_picture
from imgstudio.learn.dataset.report import Sample

logger = logging.getLogger(__name__)

Bytes = npt.NDArray[np.uint8]
ReadTarget = Callable[[Sample], Bytes]
"""Reads a target: (h, w) class indices, or a (h, w, 3) picture."""
Pair = tuple[Bytes, Bytes | None]

MEMORY: Final = 512 << 20


class SampleReader:
    """Pictures and targets of samples by index; keeps the most recently used within a limit of bytes.

    Thread-safe: several threads may read, two that ask for the same sample at once may both decode it.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        cache_size: int = 0,
        cache_folder: Path | None = None,
        *,
        read_target: ReadTarget | None = None,
        memory: int = MEMORY,
    ) -> None:
        """`cache_size`: longer side to which larger pictures are reduced; 0 keeps their size.

        `cache_folder`: reduced samples are written there as .npy and outlive the process. `read_target`: such as
        `mask_reader(report)` or `read_clean`; None reads no targets.
        """
        self._samples = tuple(samples)
        self._size = cache_size
        self._folder = ensured(cache_folder) if cache_folder is not None else None
        self._read_target = read_target
        self._memory = memory
        self._kept: OrderedDict[int, Pair] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Pair:
        """Picture (h, w, 3) and target; do not write into them. Raises UserError and IndexError."""
        if not 0 <= index < len(self._samples):
            raise IndexError(index)
        with self._lock:
            pair = self._kept.get(index)
            if pair is not None:
                self._kept.move_to_end(index)
                return pair
        pair = self._from_folder(index) or self._decoded(index)
        with self._lock:
            self._keep(index, pair)
        return pair

    def sample(self, index: int) -> Sample:
        return self._samples[index]

    def _keep(self, index: int, pair: Pair) -> None:
        if index in self._kept:
            return
        self._kept[index] = pair
        self._bytes += _bytes(pair)
        while self._bytes > self._memory and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= _bytes(dropped)

    def _decoded(self, index: int) -> Pair:
        sample = self._samples[index]
        image = reduced(read_picture(sample.image), self._size)
        target: Bytes | None = None
        if self._read_target is not None and sample.target is not None:
            target = self._read_target(sample)
            target = _like(target, image) if target.ndim == 2 else reduced(target, self._size)
        image.setflags(write=False)
        if target is not None:
            target.setflags(write=False)
        self._write(sample, image, target)
        return image, target

    def _from_folder(self, index: int) -> Pair | None:
        sample, folder = self._samples[index], self._folder
        if folder is None or not sample.sha256:
            return None
        wants_target = self._read_target is not None and sample.target is not None
        image = _loaded(self._path(folder, sample, "image"))
        target = _loaded(self._path(folder, sample, "target")) if wants_target else None
        return None if image is None or (wants_target and target is None) else (image, target)

    def _write(self, sample: Sample, image: Bytes, target: Bytes | None) -> None:
        folder = self._folder
        if folder is None or not sample.sha256:
            return
        try:
            _saved(self._path(folder, sample, "image"), image)
            if target is not None:
                _saved(self._path(folder, sample, "target"), target)
        except UserError as error:  # a full disk must not end a training that can do without
            logger.info("No cache of pictures any more: %s", error)
            self._folder = None

    def _path(self, folder: Path, sample: Sample, part: str) -> Path:
        key = [sample.sha256, self._size]
        if part == "target":
            key += [
                sample.target,
                _changed(sample.target),
                sorted(sample.extra.items()),
                self._read_target_key(),
            ]
        name = hashlib.sha256(repr(key).encode()).hexdigest()[:24]
        return folder / f"{name}-{part}.npy"

    def _read_target_key(self) -> str:
        return str(getattr(self._read_target, "key", getattr(self._read_target, "__qualname__", "")))


def read_clean(sample: Sample) -> Bytes:
    """The target of a sample as a (h, w, 3) picture; raises UserError."""
    assert sample.target is not None
    return read_picture(sample.target)


def reduced(image: Bytes, longer: int) -> Bytes:
    """The picture with its longer side at most `longer`, by area; 0 leaves it alone."""
    height, width = image.shape[:2]
    scale = longer / max(height, width)
    if not longer or scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _like(mask: Bytes, image: Bytes) -> Bytes:
    height, width = image.shape[:2]
    if mask.shape == (height, width):
        return np.ascontiguousarray(mask)
    resized = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(resized, np.uint8)


def _bytes(pair: Pair) -> int:
    return sum(part.nbytes for part in pair if part is not None)


def _changed(path: Path | None) -> int:
    try:
        return path.stat().st_mtime_ns if path is not None else 0
    except OSError:
        return 0


def _saved(path: Path, pixels: Bytes) -> None:
    def write(file: BinaryIO) -> None:
        np.save(file, pixels, allow_pickle=False)

    if not path.exists():
        write_atomically(path, write)


def _loaded(path: Path) -> Bytes | None:
    """A cached array; None where there is none or it is damaged."""
    try:
        pixels: npt.NDArray[Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if pixels.dtype != np.uint8:
        return None
    pixels.setflags(write=False)
    return pixels
