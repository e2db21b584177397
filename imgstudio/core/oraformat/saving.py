"""Writes a document as OpenRaster that other programs show faithfully and that we read back exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Final

import numpy as np

from imgstudio.core.blend import render_layer
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.core.oraformat import png, stackxml, state
from imgstudio.core.oraformat.archive import ArchiveWriter
from imgstudio.core.oraformat.kept import KeptPictures, layers_likeness, store_likeness
from imgstudio.core.oraformat.merged import merged
from imgstudio.core.oraformat.stackxml import Node
from imgstudio.core.oraformat.state import State
from imgstudio.core.pixels import Array, from_float, premultiply, resized, to_float, unpremultiply
from imgstudio.core.snapshot import DocumentSnapshot
from imgstudio.core.tiles import TileStore
from imgstudio.core.version import __version__

_THUMBNAIL: Final = 256
METADATA: Final = ("exif", "icc", "xmp", "iptc")


def write_project(
    snapshot: DocumentSnapshot, file: BinaryIO, progress: Progress, kept: KeptPictures | None = None
) -> None:
    """Write the whole archive; the progress may cancel it between two layers.

    `kept` holds what an earlier save of the same document encoded.
    """
    with ArchiveWriter(file) as archive:
        saver = _Saver(snapshot, archive, progress, kept or KeptPictures(0))
        layers, nodes = saver.saved(snapshot.layers.root, shown=True)
        saver.add_merged()
        document = saver.document_state() | {"layers": layers}
        bounds = snapshot.bounds
        stack = stackxml.Stack(bounds.width, bounds.height, snapshot.metadata.dpi, nodes)
        archive.add_text("stack.xml", stackxml.written(stack))
        archive.add_text(state.NAME, state.written(document))


class _Saver:
    """Guards: every picture in the archive has a number of its own."""

    def __init__(
        self, snapshot: DocumentSnapshot, archive: ArchiveWriter, progress: Progress, kept: KeptPictures
    ) -> None:
        self._kept = kept
        self._snapshot, self._archive, self._progress = snapshot, archive, progress
        profile = snapshot.metadata.icc
        self._profile = profile if profile is not None and profile[16:20] == b"RGB " else None
        self._count = 0
        self._done = 0
        self._total = max(1, sum(1 for _ in snapshot.layers.all()))

    def saved(self, layers: Sequence[Layer], *, shown: bool) -> tuple[list[State], list[Node]]:
        """States of siblings and, if `shown`, what stands for them in stack.xml."""
        states: list[State] = []
        nodes: list[Node] = []
        for run in _runs(layers):
            run_nodes: list[Node] = []
            for layer in run:
                base = run[0] if layer is not run[0] else None
                layer_state, node = self._saved_layer(layer, base, shown=shown)
                states.append(layer_state)
                run_nodes += [] if node is None else [node]
            nodes += _isolated(run, run_nodes, is_lowest=not nodes)
        return states, nodes

    def document_state(self) -> State:
        snapshot = self._snapshot
        present = [name for name in METADATA if getattr(snapshot.metadata, name) is not None]
        for name in present:
            self._archive.add_text(f"imgstudio/{name}", getattr(snapshot.metadata, name))
        return {
            "program": f"imgstudio {__version__}",
            "width": snapshot.bounds.width,
            "height": snapshot.bounds.height,
            "depth": snapshot.dtype.itemsize * 8,
            "active": snapshot.active,
            "had_alpha": snapshot.had_alpha,
            "dpi": None if snapshot.metadata.dpi is None else list(snapshot.metadata.dpi),
            "metadata": present,
            "selection": self._part("imgstudio/selection.png", snapshot.selection),
            "original": self._saved_original(),
        }

    def add_merged(self) -> None:
        made = merged(self._snapshot, self._profile, self._kept, self._progress)
        self._archive.add("mergedimage.png", lambda: made.data)
        small = thumbnail(made.coarse)
        self._archive.add("Thumbnails/thumbnail.png", lambda: png.encoded(small, self._profile))

    def _saved_layer(self, layer: Layer, base: Layer | None, *, shown: bool) -> tuple[State, Node | None]:
        self._progress.update(self._done / self._total, layer.name)
        self._done += 1
        number = self._count = self._count + 1
        saved = state.properties_of(layer)
        node = _node_of(layer, base, is_active=layer.id == self._snapshot.active)
        if layer.mask is not None:
            saved["mask"] = self._part(f"imgstudio/mask{number:03}.png", layer.mask)
        if layer.children is not None:
            # OpenRaster groups have no masks, so others see a masked group as one picture.
            as_one = (layer.mask is not None and layer.mask_enabled) or not shown
            saved["children"], node.children = self.saved(layer.children, shown=not as_one)
            if as_one and shown:
                node.children = None
                self._add_rendering(layer, base, layer.bounds(), number, node)
        elif shown:
            saved["pixels"] = self._saved_pixels(layer, base, number, node)
        else:
            saved["pixels"] = self._part(f"imgstudio/layer{number:03}.png", layer.pixels)
        return saved, node if shown else None

    def _saved_pixels(self, layer: Layer, base: Layer | None, number: int, node: Node) -> State | None:
        """Store the pixels once if others may see them as they are, else also as they should see them."""
        box = layer.pixels.filled_bounds()
        if box.is_empty or not self._is_seen_as_stored(layer, base, box):
            bounds = self._snapshot.bounds
            reach = layer.transform.reach_of(box)
            is_moved = layer.transform.is_translation
            self._add_rendering(layer, base, reach if is_moved else reach.intersect(bounds), number, node)
            return self._part(f"imgstudio/layer{number:03}.png", layer.pixels)
        dx, dy = layer.transform.offset
        node.source, node.x, node.y = f"data/layer{number:03}.png", box.x + dx, box.y + dy
        self._add_store(node.source, layer.pixels, box, self._profile)
        return {"src": node.source, "x": box.x, "y": box.y}

    def _add_rendering(self, layer: Layer, base: Layer | None, box: Rect, number: int, node: Node) -> None:
        node.source = f"data/layer{number:03}.png"
        node.x, node.y = (0, 0) if box.is_empty else (box.x, box.y)
        dtype, profile = self._snapshot.dtype, self._profile

        def encode() -> bytes:
            if box.is_empty:
                return png.encoded(np.zeros((1, 1, 4), dtype), profile)
            pixels = render_layer(layer, box, dtype)
            if base is not None:  # for programs that do not clip
                pixels[render_layer(base, box, dtype)[..., 3] == 0, 3] = 0
            return png.encoded(pixels, profile)

        shown = [layer] if base is None else [base, layer]
        likeness = layers_likeness(shown, box).joined("layer", dtype.str, profile)
        self._archive.add(node.source, lambda: self._kept.encoded(likeness, encode))

    def _is_seen_as_stored(self, layer: Layer, base: Layer | None, box: Rect) -> bool:
        if not layer.transform.is_translation or (layer.mask is not None and layer.mask_enabled):
            return False
        if base is None:
            return True
        under = render_layer(base, box.translated(*layer.transform.offset), self._snapshot.dtype)
        return bool(under[..., 3].all())

    def _add_store(self, name: str, store: TileStore, box: Rect, profile: bytes | None) -> None:
        likeness = store_likeness(store, box).joined(profile)

        def encode() -> bytes:
            return png.encoded(store.read(box), profile)

        self._archive.add(name, lambda: self._kept.encoded(likeness, encode))

    def _saved_original(self) -> State | None:
        original = self._snapshot.original
        if original is None:
            return None
        frozen = original.snapshot()
        for layer in self._snapshot.layers.all():
            if layer.pixels.dtype == frozen.dtype and layer.pixels.snapshot().shares_all_with(frozen):
                return {"same_as": layer.id}
        return self._part("imgstudio/original.png", original)

    def _part(self, name: str, store: TileStore) -> State | None:
        """Store a picture for ourselves; None when there is nothing in it."""
        box = store.filled_bounds()
        if box.is_empty:
            return {"src": "", "fill": store.fill}
        self._add_store(name, store, box, None)
        return {"src": name, "x": box.x, "y": box.y, "fill": store.fill}


def thumbnail(pixels: Array) -> Array:
    """At most 256 pixels wide and high, 8 bits."""
    scale = min(1.0, _THUMBNAIL / max(pixels.shape[:2]))
    width, height = (max(1, round(side * scale)) for side in (pixels.shape[1], pixels.shape[0]))
    small = resized(premultiply(to_float(pixels)), width, height)
    return from_float(unpremultiply(np.asarray(small, np.float32)))


def _runs(layers: Sequence[Layer]) -> list[list[Layer]]:
    """Each base with the layers clipped to it."""
    runs: list[list[Layer]] = []
    for layer in layers:
        if layer.clip and runs:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    return runs


def _node_of(layer: Layer, base: Layer | None, *, is_active: bool) -> Node:
    is_atop = base is not None and layer.blend == "normal"
    return Node(
        name=layer.name,
        opacity=layer.opacity,
        visible=layer.visible,
        operator=stackxml.ATOP if is_atop else stackxml.OPERATORS[layer.blend],
        locked=layer.locked,
        selected=is_active,
    )


def _isolated(run: list[Layer], nodes: list[Node], *, is_lowest: bool) -> list[Node]:
    """Put a base and its clipped layers into a group, as source-atop means everything below."""
    base, clipped = run[0], run[1:]
    is_same = is_lowest and base.visible and (base.opacity >= 1 or all(x.blend == "normal" for x in clipped))
    if not clipped or not nodes or is_same:
        return nodes
    group = Node(base.name, children=nodes)
    group.opacity, group.visible, group.operator = base.opacity, base.visible, nodes[0].operator
    nodes[0].opacity, nodes[0].visible, nodes[0].operator = 1.0, True, stackxml.OPERATORS["normal"]
    return [group]
