"""Small pictures of layers and masks, made from a few thousand samples whatever the picture's size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap

from imgstudio.core.document import Document
from imgstudio.core.geometry import NEAREST, Rect, Transform
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array, to_depth
from imgstudio.core.tiles import TILE, TileStore

SIDE: Final = 32
"""Screen pixels of a thumbnail's longest side."""
DENSE: Final = 2
"""Thumbnail pixels per screen pixel, for fine screens."""
OVERSAMPLING: Final = 2
DELAY_MS: Final = 350
"""Wait after the last change, so that a stroke is not slowed down."""


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """`key` says what it was made from."""

    picture: QPixmap
    mask: QPixmap | None
    key: tuple[object, ...]


class LayerThumbnails(QObject):
    """Makes one thumbnail per turn of the event loop, and again when a layer's pixels changed."""

    made = Signal(object)
    """The layer whose thumbnail is new."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document: Document | None = None
        self._made: dict[str, Thumbnail] = {}
        self._stale: dict[str, Layer] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._make_next)

    def set_document(self, document: Document | None) -> None:
        if self._document is not None:
            self._document.damaged.disconnect(self._on_damaged)
        self._document = document
        self._made, self._stale = {}, {}
        if document is not None:
            document.damaged.connect(self._on_damaged)

    def of(self, layer: Layer) -> Thumbnail | None:
        """The present thumbnail, perhaps an old one; a new one is on its way where needed."""
        found = self._made.get(layer.id)
        shows_any = not layer.is_group or layer.mask is not None
        if shows_any and (found is None or found.key != _key(layer)):
            self._stale[layer.id] = layer
            if not self._timer.isActive():
                self._timer.start(0)
        return found

    def _on_damaged(self, rect: Rect) -> None:
        if self._document is None:
            return
        for layer in self._document.layers.all():
            if layer.id in self._made and not layer.bounds().intersect(rect).is_empty:
                self._stale[layer.id] = layer
        if self._stale:
            self._timer.start(DELAY_MS)

    def _make_next(self) -> None:
        if self._document is None or not self._stale:
            return
        layer_id, layer = next(iter(self._stale.items()))
        del self._stale[layer_id]
        if self._document.layers.find(layer_id) is layer:
            self._made[layer_id] = _thumbnail(layer, self._document.bounds)
            self.made.emit(layer)
        if self._stale:
            self._timer.start(0)


def _key(layer: Layer) -> tuple[object, ...]:
    return (id(layer.pixels), id(layer.mask), layer.transform)


def _thumbnail(layer: Layer, bounds: Rect) -> Thumbnail:
    picture = QPixmap.fromImage(_dense(on_squares(sampled(layer.pixels, layer.transform, bounds))))
    mask = None
    if layer.mask is not None:
        mask = QPixmap.fromImage(_grey(sampled(layer.mask, layer.transform, bounds)))
    return Thumbnail(picture, mask, _key(layer))


def sampled(store: TileStore, transform: Transform, bounds: Rect) -> npt.NDArray[np.uint8]:
    """What `store` shows of the document's bounds: (h, w, channels), longest side SIDE * DENSE."""
    scale = SIDE * DENSE * OVERSAMPLING / max(bounds.width, bounds.height, 1)
    width = max(OVERSAMPLING, round(bounds.width * scale) // OVERSAMPLING * OVERSAMPLING)
    height = max(OVERSAMPLING, round(bounds.height * scale) // OVERSAMPLING * OVERSAMPLING)
    try:
        back = transform.inverted()
    except ValueError:  # squeezed to nothing
        back = Transform()
    xs = (np.arange(width) + 0.5) * bounds.width / width
    ys = (np.arange(height) + 0.5)[:, None] * bounds.height / height
    near = back.g * xs + back.h * ys + back.i
    is_hidden = np.broadcast_to((near <= 0) | (near > 1 / NEAREST), (height, width))  # behind the eye
    near = np.where(is_hidden, 1, near)
    columns = np.floor((back.a * xs + back.c * ys + back.e) / near).astype(np.int64)
    rows = np.floor((back.b * xs + back.d * ys + back.f) / near).astype(np.int64)
    taken = to_depth(_gathered(store, columns, rows), np.uint8)
    taken[is_hidden] = store.fill
    parts = taken.reshape(height // OVERSAMPLING, OVERSAMPLING, width // OVERSAMPLING, OVERSAMPLING, -1)
    return np.asarray(np.rint(parts.mean(axis=(1, 3), dtype=np.float32)), np.uint8)


def _gathered(store: TileStore, columns: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> Array:
    """Pixels at integer positions, tile by tile."""
    columns, rows = np.broadcast_arrays(columns, rows)
    flat_columns, flat_rows = columns.ravel(), rows.ravel()
    out = np.full((flat_columns.size, store.channels), store.fill, store.dtype)
    tile_columns, tile_rows = flat_columns // TILE, flat_rows // TILE
    order = np.lexsort((tile_columns, tile_rows))
    changes = np.diff(tile_columns[order]).astype(bool) | np.diff(tile_rows[order]).astype(bool)
    for here in np.split(order, np.flatnonzero(changes) + 1):
        tile = store.tile((int(tile_columns[here[0]]), int(tile_rows[here[0]])))
        if tile is not None:
            out[here] = tile[flat_rows[here] % TILE, flat_columns[here] % TILE]
    return out.reshape(*columns.shape, store.channels)


def on_squares(rgba: npt.NDArray[np.uint8]) -> QImage:
    """Straight (h, w, 4) over a small checkerboard."""
    height, width = rgba.shape[:2]
    squares = (np.add.outer(np.arange(height) // 8, np.arange(width) // 8) % 2)[..., None]
    ground = np.where(squares, 150, 190).astype(np.float32)
    alpha = rgba[..., 3:].astype(np.float32) / 255
    rgb = np.rint(ground * (1 - alpha) + rgba[..., :3] * alpha).astype(np.uint8)
    return _owned(np.ascontiguousarray(rgb), QImage.Format.Format_RGB888)


def _grey(coverage: npt.NDArray[np.uint8]) -> QImage:
    return _dense(_owned(np.ascontiguousarray(coverage[..., 0]), QImage.Format.Format_Grayscale8))


def _owned(pixels: npt.NDArray[np.uint8], layout: QImage.Format) -> QImage:
    return QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], layout).copy()


def _dense(image: QImage) -> QImage:
    image.setDevicePixelRatio(DENSE)
    return image
