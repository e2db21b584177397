"""Reads OpenRaster files: our own exactly, those of other programs as far as they go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.imageformats.guard import Damaged
from imgstudio.core.layers import Layer
from imgstudio.core.oraformat import png, stackxml, state
from imgstudio.core.oraformat.archive import MIMETYPE, Archive
from imgstudio.core.oraformat.stackxml import Node, Stack
from imgstudio.core.oraformat.state import State
from imgstudio.core.pixels import Array, to_depth
from imgstudio.core.tiles import TileStore

_MOST_LAYERS: Final = 10_000
_SUM_FACTOR: Final = 32
"""All layers together may have this many times the pixels that one picture may have."""


def read_project(path: Path, max_megapixels: float) -> Document:
    """Open the file; raises UserError when nothing in it can be shown."""
    with Archive(path) as archive:
        reader = _Reader(archive, path, max_megapixels)
        document = reader.own() or reader.foreign() or reader.merged_only()
        if document is None:
            raise UserError(
                f"{path.name} cannot be opened",
                "Its layers and its merged picture are damaged or missing",
                "Look for another copy",
            )
    document.name, document.path = path.stem, path
    document.warnings = tuple(dict.fromkeys(reader.notes))
    return document


class _Reader:
    """Guards: no more pixels are decoded than the limit allows."""

    def __init__(self, archive: Archive, path: Path, max_megapixels: float) -> None:
        self.notes: list[str] = []
        self._archive, self._path = archive, path
        self._limit = max_megapixels * 1e6
        self._left = self._limit * _SUM_FACTOR
        self._layers = 0
        self._ids: set[str] = set()
        self._check_mimetype()

    def own(self) -> Document | None:
        """The document as we saved it; None when another program wrote the file."""
        if state.NAME not in self._archive:
            return None
        try:
            saved = state.parsed(self._archive.read(state.NAME))
        except Damaged:
            self.notes.append(
                "What this program stored in the file is damaged; only plain layers were opened"
            )
            return None
        if saved["imgstudio_project"] > state.SCHEMA:
            self.notes.append("A newer imgstudio saved this file; what it added is not shown")
        width, height = (state.offset(saved.get(side)) for side in ("width", "height"))
        if width < 1 or height < 1 or not isinstance(saved.get("layers"), list):
            return None
        document = self._new_document(width, height, np.uint16 if saved.get("depth") == 16 else np.uint8)
        document.layers.root = self._own_layers(saved["layers"], document.dtype, 0)
        self._read_rest(document, saved)
        return document

    def foreign(self) -> Document | None:
        """The layers of stack.xml; None when it cannot be used."""
        try:
            stack = stackxml.parsed(self._archive.read("stack.xml"))
        except Damaged:
            self.notes.append("The list of layers is damaged; only the merged picture was opened")
            return None
        if stack.width < 1 or stack.height < 1:
            return None
        document = self._new_document(stack.width, stack.height, self._depth_of(stack))
        document.layers.root = self._foreign_layers(stack.children, document)
        document.metadata = replace(document.metadata, dpi=stack.dpi)
        # Saving would drop what the other program knows, so that is asked about.
        document.source = self._path
        document.had_alpha = True
        if stack.ignored:
            kinds = ", ".join(sorted(set(stack.ignored)))
            self.notes.append(f"Parts of a kind that is not supported were left out: {kinds}")
        return document

    def merged_only(self) -> Document | None:
        try:
            pixels = self._decoded("mergedimage.png", "The merged picture")
        except Damaged:
            return None
        document = Document.from_pixels(pixels)
        document.source, document.had_alpha = self._path, True
        return document

    def _check_mimetype(self) -> None:
        try:
            if self._archive.read("mimetype", 256).strip() == MIMETYPE:
                return
        except Damaged:
            pass
        if "stack.xml" not in self._archive:
            raise UserError(
                f"{self._path.name} cannot be opened",
                "It is an archive, but not an OpenRaster picture",
                "Choose another file",
            )
        self.notes.append("The file does not say that it is OpenRaster, but it looks like it")

    def _new_document(self, width: int, height: int, dtype: np.dtype[np.generic] | type) -> Document:
        if width * height > self._limit:
            raise self._too_large(width, height)
        return Document(width, height, dtype)

    def _too_large(self, width: int, height: int) -> UserError:
        return UserError(
            f"{self._path.name} is too large to open safely",
            f"It has {width} x {height} pixels and the limit is {self._limit / 1e6:,.0f} megapixels",
            "If you trust the file, raise the limit in the settings",
        )

    def _decoded(self, name: str, what: str) -> Array:
        """Pixels of a PNG in the archive, if they are within the limits; raises Damaged or UserError."""
        head = png.head_of(self._archive.beginning(name, 32))
        size = head.width * head.height
        self._left -= size
        if size > self._limit or self._left < 0:
            raise self._too_large(head.width, head.height)
        notes: list[str] = []
        pixels = png.decoded(self._archive.read(name, size * 10 + (1 << 20)), notes)
        self.notes += [f"{what}: {note}" for note in notes]
        return pixels

    def _own_layers(self, saved: list[object], dtype: np.dtype[np.generic], depth: int) -> list[Layer]:
        layers = []
        for item in saved:
            self._layers += 1
            if not isinstance(item, dict) or self._layers > _MOST_LAYERS or depth > 64:
                self.notes.append("Some layers are damaged and were left out")
                continue
            layer = state.layer_from(item, self.notes)
            if layer.id in self._ids:
                layer.id = Layer("").id
            self._ids.add(layer.id)
            layer.pixels = TileStore(4, dtype)
            self._fill(layer.pixels, item.get("pixels"), f"“{layer.name}”")
            if isinstance(item.get("mask"), dict):
                layer.mask = TileStore(1, fill=_fill_of(item["mask"]))
                self._fill(layer.mask, item["mask"], f"The mask of “{layer.name}”")
            if isinstance(item.get("children"), list):
                layer.children = self._own_layers(item["children"], dtype, depth + 1)
            layers.append(layer)
        return layers

    def _fill(self, store: TileStore, part: object, what: str) -> None:
        """Write a stored picture into `store`; where that fails it stays empty, with a note."""
        if not isinstance(part, dict) or not isinstance(part.get("src"), str) or not part["src"]:
            return
        try:
            pixels = self._decoded(part["src"], what)
        except Damaged:
            self.notes.append(f"{what} is damaged and empty now")
            return
        _put(store, pixels[..., : store.channels], state.offset(part.get("x")), state.offset(part.get("y")))

    def _read_rest(self, document: Document, saved: State) -> None:
        self._fill(document.selection.store, saved.get("selection"), "The selection")
        document.selection.touched()
        document.active = document.layers.find(str(saved.get("active")))
        document.had_alpha = saved.get("had_alpha") is True
        names = [n for n in ("exif", "icc", "xmp", "iptc") if n in (saved.get("metadata") or ())]
        parts = {name: self._bytes(f"imgstudio/{name}") for name in names}
        dpi = saved.get("dpi")
        pair = [state.number(n, 0) for n in dpi] if isinstance(dpi, list) else []
        known = (pair[0], pair[1]) if len(pair) == 2 and min(pair) > 0 else None
        document.metadata = replace(document.metadata, dpi=known, **parts)
        original = saved.get("original")
        if isinstance(original, dict):
            same = document.layers.find(str(original.get("same_as")))
            document.original = TileStore(4, document.dtype) if same is None else same.pixels.copy()
            self._fill(document.original, original, "The picture as it was opened")

    def _bytes(self, name: str) -> bytes | None:
        try:
            return self._archive.read(name)
        except Damaged:
            self.notes.append("Part of the metadata is damaged and was left out")
            return None

    def _depth_of(self, stack: Stack) -> type[np.uint8] | type[np.uint16]:
        """16 bits if any layer has them."""
        for node in _all(stack.children):
            try:
                if node.source and png.head_of(self._archive.beginning(node.source, 32)).depth == 16:
                    return np.uint16
            except Damaged:
                continue
        return np.uint8

    def _foreign_layers(self, nodes: list[Node], document: Document) -> list[Layer]:
        layers: list[Layer] = []
        for node in nodes:
            self._layers += 1
            if self._layers > _MOST_LAYERS:
                self.notes.append("There are too many layers; the rest was left out")
                break
            layer = Layer(node.name or "Layer", TileStore(4, document.dtype))
            layer.opacity, layer.visible, layer.locked = node.opacity, node.visible, node.locked
            layer.blend = stackxml.MODES.get(node.operator, "normal")
            if node.operator not in stackxml.MODES:
                self.notes.append(f"“{layer.name}”: its mode {node.operator} is not known and became Normal")
            if node.operator == stackxml.ATOP:
                self._clip(layer, layers)
            if node.children is not None:
                layer.children = self._foreign_layers(node.children, document)
            else:
                part = {"src": node.source, "x": node.x, "y": node.y}
                self._fill(layer.pixels, part, f"“{layer.name}”")
            layers.append(layer)
            if node.selected:
                document.active = layer
        return layers

    def _clip(self, layer: Layer, below: list[Layer]) -> None:
        bases = sum(not item.clip for item in below)
        layer.clip = bases > 0
        if bases > 1:
            self.notes.append(
                f"“{layer.name}” was painted on all layers below it; here only on “{below[-1].name}”"
            )


def _put(store: TileStore, pixels: Array, x: int, y: int) -> None:
    from_here = TileStore.from_array(
        np.ascontiguousarray(to_depth(pixels, store.dtype)), x, y, fill=store.fill
    )
    from_here.drop_plain_tiles()
    store.restore(from_here.snapshot())


def _fill_of(part: State) -> int:
    return 0 if part.get("fill") == 0 else 255


def _all(nodes: list[Node]) -> list[Node]:
    return [item for node in nodes for item in (node, *_all(node.children or []))]
