"""Pictures through the system clipboard, with alpha; between documents with every bit and their place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication, QImage

from imgstudio.core.errors import UserError
from imgstudio.core.pixels import Array, to_depth

PNG: Final = "image/png"
TOKEN: Final = "application/x-imgstudio-clip"


@dataclass(frozen=True, slots=True, eq=False)
class CopiedPixels:
    """What was copied last."""

    pixels: Array
    """(height, width, 4) uint8 or uint16, straight RGBA."""
    at: tuple[int, int] | None
    """Its corner in the document it came from; None for a picture from elsewhere."""
    token: str = ""
    name: str = ""
    """Of the layer it came from."""


class Clipboard:
    """Keeps what was copied exactly; other programs get 8 bits with alpha, encoded when they ask."""

    def __init__(self) -> None:
        self._own: CopiedPixels | None = None
        self._count = 0

    def put(self, pixels: Array, at: tuple[int, int], name: str = "") -> None:
        """Copy (height, width, 4) straight RGBA."""
        self._count += 1
        self._own = CopiedPixels(pixels, at, f"{id(self)}-{self._count}", name)
        data = QMimeData()
        data.setData(TOKEN, self._own.token.encode())
        data.setImageData(image_of(to_depth(pixels, np.uint8)))
        QGuiApplication.clipboard().setMimeData(data)

    def take(self) -> CopiedPixels | None:
        """The picture in the clipboard; None when there is none. Raises UserError for a damaged one."""
        data: QMimeData | None = QGuiApplication.clipboard().mimeData()
        if data is None:  # an empty clipboard, on some platforms
            return None
        if self._made(data):
            return self._own
        if data.hasFormat(PNG):
            pixels = _decoded(bytes(data.data(PNG).data()))
            if pixels is None:
                raise UserError("The picture in the clipboard is damaged", "", "Copy it again.")
            return CopiedPixels(pixels, None)
        if data.hasImage():
            return CopiedPixels(pixels_of(QImage(data.imageData())), None)
        return None

    def leave(self) -> None:
        """At the end of the program: what was copied stays for others, as data that need no Python any more.

        Some platforms keep the clipboard until after the interpreter is gone, and data made by it would crash there.
        """
        data: QMimeData | None = QGuiApplication.clipboard().mimeData()
        if self._own is not None and data is not None and self._made(data):
            QGuiApplication.clipboard().setImage(image_of(to_depth(self._own.pixels, np.uint8)))
        self._own = None

    def _made(self, data: QMimeData) -> bool:
        """Whether these are the pixels copied here last."""
        return self._own is not None and data.data(TOKEN).data() == self._own.token.encode()

    def files(self) -> list[Path]:
        """Files that were copied in a file manager."""
        data: QMimeData | None = QGuiApplication.clipboard().mimeData()
        urls = data.urls() if data is not None else []
        return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]


def image_of(pixels: Array) -> QImage:
    """(height, width, 4) uint8 straight RGBA as an image that owns its pixels."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGBA8888).copy()


def pixels_of(image: QImage) -> Array:
    """(height, width, 4) uint8 straight RGBA of any image."""
    plain = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return rows[:, : plain.width() * 4].reshape(plain.height(), plain.width(), 4).copy()


def _decoded(data: bytes) -> Array | None:
    """(height, width, 4) of a PNG in memory."""
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if read is None or read.dtype not in (np.uint8, np.uint16):
        return None
    codes = {2: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA, 4: cv2.COLOR_BGRA2RGBA}
    kind = 2 if read.ndim == 2 else read.shape[2]
    return np.asarray(cv2.cvtColor(read, codes[kind])) if kind in codes else None
