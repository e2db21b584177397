"""What a document looks like on the screen: its layers blended, cached, and kept up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Final

import cv2
import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from imgstudio.app.canvas.display_colour import DisplayColour
from imgstudio.app.canvas.kept_blocks import BlockState, freeze, state_of
from imgstudio.app.canvas.layer_images import DraftImages, ReducedImages, WholeImages
from imgstudio.app.canvas.layer_paint import Arranged, paint_layers, shown_tree, work_of
from imgstudio.app.canvas.pyramid import Pyramid
from imgstudio.app.canvas.surfaces import is_opaque, wrapped
from imgstudio.core.blend import composite
from imgstudio.core.document import Document
from imgstudio.core.geometry import EMPTY, Rect
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import Array

_AT_ONCE: Final = 2_000_000
"""Pixels times layers that are blended at full size before a frame; more is shown roughly first."""
_MANAGED: Final = 6
"""Converting colours costs as much as blending so many layers."""
_IN_A_HURRY: Final = 0.25
"""Seconds between two changes of which the second is only sketched, if much must be resampled."""
_MUCH: Final = 4
"""Blocks of resampled layers."""
_QUIET_MS: Final = 150
"""Pause after the last change before rough blocks are made right."""
_SLICE_SECONDS: Final = 0.008


class Composite:
    """One picture made of layers: a pyramid with the means to paint it."""

    def __init__(self, document: Document, layers: Callable[[], Sequence[Layer]], arranged: Arranged) -> None:
        self._document, self._layers, self._arranged = document, layers, arranged
        self._whole = WholeImages()
        self._reduced = ReducedImages(1)
        self._draft: DraftImages | None = None
        self._is_sketching = False
        self._colour = DisplayColour(document.metadata.icc)
        self.pyramid = Pyramid(document.bounds, 4, self._painted, self._state_of)
        freeze(self._layers())

    def close(self) -> None:
        """Let go of the pictures, whose means to paint point back to here."""
        del self.pyramid

    def image(self, level: int, visible: Rect, sketch_from: int | None = None) -> QImage:
        """The picture at a level, right (or, while much changes, nearly right) inside `visible`.

        At full size it is only sketched where so many blocks of layers must be resampled (None: never).
        """
        if self._document.metadata.icc is not self._colour.profile:
            self._colour = DisplayColour(self._document.metadata.icc)
            self.pyramid.mark(self._document.bounds)
        work = work_of(self._layers()) + (0 if self._colour.is_identity else _MANAGED)
        cost = self.pyramid.stale_area(visible) * max(1, work)
        if level > 0 and cost > _AT_ONCE:
            self.pyramid.bring_up_roughly(level, visible)
        elif level == 0 and sketch_from is not None and self._lacking(visible) >= sketch_from:
            self._draft = self._draft or DraftImages(self._whole)
            self._is_sketching = True
            self.pyramid.sketch(visible)
            self._is_sketching = False
        elif level == 0 or not self.pyramid.waiting(level, visible).is_empty:
            self.pyramid.bring_up(level, visible)
        return wrapped(self.pyramid.levels[level], opaque=self.pyramid.is_opaque(visible))

    def settle(self, visible: Rect) -> None:
        """Say that a change is over: what is shown may come back by undo or redo."""
        freeze(self._layers())
        self.pyramid.settle(visible)

    def refine(self, visible: Rect, seconds: float) -> bool:
        """Work on what is not right yet; True when nothing is left."""
        end = perf_counter() + seconds
        while (block := self.pyramid.next_stale(visible)) is not None:
            self.pyramid.bring_up(len(self.pyramid.levels) - 1, block)
            if perf_counter() > end:
                return False
        ids = set(_ids(self._layers(), self._arranged, None))
        self._whole.keep_only(ids)
        self._reduced.keep_only(ids)
        self._draft = None
        return True

    def _lacking(self, visible: Rect) -> int:
        """Blocks of layers that must be resampled before what is stale can be right."""
        stale = self.pyramid.waiting(0, visible)
        shown = _pixel_layers(self._layers(), self._arranged, None)
        return 0 if stale.is_empty else sum(self._whole.lacking(layer, stale) for layer in shown)

    def _state_of(self, rect: Rect) -> BlockState | None:
        return state_of(self._layers(), rect, self._arranged, self._colour)

    def _painted(self, rect: Rect, level: int) -> tuple[Array, bool]:
        if level and self._reduced.level != level:
            self._reduced = ReducedImages(level)
        whole = self._draft if self._draft is not None and self._is_sketching else self._whole
        images = self._reduced if level else whole
        surface = paint_layers(self._layers(), rect, images, self._arranged)
        shown = self._colour.shown(surface)
        return np.asarray(cv2.cvtColor(shown, cv2.COLOR_RGBA2BGRA)), is_opaque(surface)


def _pixel_layers(layers: Sequence[Layer], arranged: Arranged, group: Layer | None) -> Iterator[Layer]:
    """Those that are shown."""
    for layer in arranged(group, layers):
        if not layer.visible or layer.opacity <= 0:
            continue
        if layer.children is None:
            yield layer
        else:
            yield from _pixel_layers(layer.children, arranged, layer)


def _ids(layers: Sequence[Layer], arranged: Arranged, group: Layer | None) -> Iterator[str]:
    for layer in arranged(group, layers):
        yield layer.id
        if layer.children is not None:
            yield from _ids(layer.children, arranged, layer)


class Renderer(QObject):
    """Follows one document. Owns the cached picture, the preview and what before/after compares with."""

    damaged = Signal(object)
    """A document Rect must be painted again."""
    resized = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self._preview: Layer | None = None
        self._above: Layer | None = None
        self._instead: Layer | None = None
        self._compared: Layer | None = None
        self._visible = EMPTY
        self._changed_at = self._calm_from = 0.0
        self._now = self._composite_of(self._with_preview)
        self._before: Composite | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._refine)
        self._timer.start(_QUIET_MS)
        document.damaged.connect(self._on_damaged)
        document.history.changed.connect(self._on_history)
        document.resized.connect(self._on_resized)

    def close(self) -> None:
        """Stop following the document, and let go of its pictures at once."""
        self._timer.stop()
        self.document.damaged.disconnect(self._on_damaged)
        self.document.history.changed.disconnect(self._on_history)
        self.document.resized.disconnect(self._on_resized)
        for shown in (self._now, self._before):
            if shown is not None:
                shown.close()
        self._before = None
        del self._now

    def picture(self, level: int, visible: Rect) -> QImage:
        """The document at a level, to be drawn inside `visible` at once: the next change writes into it."""
        self._visible = visible
        hurries = perf_counter() < self._calm_from
        return self._now.image(level, visible, 1 if self.document.held else _MUCH if hurries else None)

    def before(self, level: int, visible: Rect) -> QImage:
        """The same for what the document is compared with."""
        if self._before is None:
            self._before = self._made_before()
            self._timer.start(_QUIET_MS)
        return self._before.image(level, visible)

    def drop_before(self) -> None:
        """Free the memory of the picture compared with."""
        self._before = None

    @property
    def can_compare(self) -> bool:
        return self._compared is not None or self.document.original is not None

    def is_right(self, level: int, visible: Rect) -> bool:
        """Whether a level shows exactly what it should, nothing rough."""
        return self._now.pyramid.is_right(level, visible)

    @property
    def preview(self) -> Layer | None:
        """The layer that is shown though it is not in the document."""
        return self._preview

    def set_preview(self, layer: Layer | None, above: Layer | None, instead: Layer | None = None) -> None:
        """Show a layer that is not in the document as if it were just added above `above`.

        With `instead` it takes the place of that layer, which is not shown.
        """
        box = EMPTY
        for shown in (self._preview, self._instead, layer, instead):
            if shown is not None:
                box = box.united(shown.bounds())
        self._preview, self._above, self._instead = layer, above, instead
        self._on_damaged(box)

    def preview_changed(self, rect: Rect) -> None:
        """Say that pixels of the preview layer changed inside a document rectangle."""
        self._on_damaged(rect)

    def compare_with(self, layer: Layer | None) -> None:
        """Let `before` show the document without `layer`; None: the picture as it was opened."""
        if layer is not self._compared:
            self._compared = layer
            self._before = None
            self.damaged.emit(self.document.bounds)

    def colour_at(self, x: float, y: float) -> tuple[int, int, int, int]:
        """Straight RGBA, 0..255, of the pixel that holds a document position; 0 outside."""
        spot = Rect(int(x // 1), int(y // 1), 1, 1).intersect(self.document.bounds)
        if spot.is_empty:
            return 0, 0, 0, 0
        layers = shown_tree(self.document.layers.root, self._with_preview)
        red, green, blue, alpha = composite(layers, spot, np.uint8)[0, 0].tolist()
        return red, green, blue, alpha

    def _composite_of(self, arranged: Arranged) -> Composite:
        return Composite(self.document, lambda: self.document.layers.root, arranged)

    def _made_before(self) -> Composite:
        original = self.document.original
        if self._compared is not None or original is None:
            return self._composite_of(self._without_compared)
        layers = [Layer("Before", original)]
        return Composite(self.document, lambda: layers, lambda group, siblings: siblings)

    def _with_preview(self, group: Layer | None, layers: Sequence[Layer]) -> Sequence[Layer]:
        """The same place that `Document.place_above` gives a new layer."""
        if self._preview is None:
            return layers
        if self._instead is not None:
            return [self._preview if layer is self._instead else layer for layer in layers]
        if self._above is None:
            return [*layers, self._preview] if group is None else layers
        at = next((index for index, layer in enumerate(layers) if layer is self._above), None)
        if at is None:
            return layers
        at += 1
        free = not self._preview.clip
        while at < len(layers) and (layers[at].clip or (free and layers[at].object_id == self._above.id)):
            at += 1
        return [*layers[:at], self._preview, *layers[at:]]

    def _without_compared(self, group: Layer | None, layers: Sequence[Layer]) -> Sequence[Layer]:
        return [layer for layer in layers if layer is not self._compared]

    def _on_damaged(self, rect: Rect) -> None:
        rect = rect.intersect(self.document.bounds)
        if rect.is_empty:
            return
        self._now.pyramid.mark(rect)
        now = perf_counter()
        if now - self._changed_at < _IN_A_HURRY:
            self._calm_from = now + _IN_A_HURRY
        self._changed_at = now
        if self._before is not None and self._compared is not None:
            self._before.pyramid.mark(rect)
        self._timer.start(_QUIET_MS)
        self.damaged.emit(rect)

    def _on_history(self) -> None:
        self._now.settle(self._visible)

    def _on_resized(self) -> None:
        self._now = self._composite_of(self._with_preview)
        self._before = None
        self._timer.start(_QUIET_MS)
        self.resized.emit()

    def _refine(self) -> None:
        was_right = self._now.pyramid.is_right(0, self._visible)
        done = self._now.refine(self._visible, _SLICE_SECONDS)
        if done and self._before is not None:
            done = self._before.refine(self._visible, _SLICE_SECONDS)
        if not was_right and self._now.pyramid.is_right(0, self._visible):
            self.damaged.emit(self._visible)
        if done:
            self._timer.stop()
        else:
            self._timer.setInterval(0)
