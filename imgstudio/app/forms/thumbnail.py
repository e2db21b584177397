"""A small picture of a file, decoded at reduced size."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError
from PySide6.QtGui import QImage, QPixmap

MOST_PIXELS: Final = 40_000_000
"""A larger file would hold up the window while it is decoded; JPEG decodes reduced."""


def file_thumbnail(path: Path, size: int) -> QPixmap | None:
    """At most `size` pixels on its longest side; None for what is no picture or cannot be read."""
    try:
        with Image.open(path) as picture:
            picture.draft("RGB", (size * 2, size * 2))
            if picture.width * picture.height > MOST_PIXELS:
                return None
            small = ImageOps.exif_transpose(picture)
            small.thumbnail((size, size))
            rgba = small.convert("RGBA")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError):
        return None
    data = rgba.tobytes()
    image = QImage(data, rgba.width, rgba.height, rgba.width * 4, QImage.Format.Format_RGBA8888)
    return QPixmap.fromImage(image.copy())
