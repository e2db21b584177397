"""A document as it is at one moment, for a worker to flatten and write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.imagefile import Metadata
from imgstudio.core.labelled import Labelling
from imgstudio.core.layers import Layer, LayerStack
from imgstudio.core.tiles import TileStore


@dataclass(frozen=True, slots=True, eq=False)
class DocumentSnapshot:
    """What the files of a document are made from; shares its tiles and never changes with it."""

    bounds: Rect
    dtype: np.dtype[np.generic]
    layers: LayerStack
    """Copies of the layers, with the same ids."""
    selection: TileStore
    original: TileStore | None
    active: str
    """Id of the active layer, "" for none."""
    metadata: Metadata
    had_alpha: bool
    name: str
    path: Path | None
    source: Path | None
    state: int
    """What to give to `History.mark_clean` once this is saved."""
    labels: Labelling | None = None


def freeze(document: Document) -> DocumentSnapshot:
    """Copy a document without copying a pixel; call it on the thread that owns the document."""
    layers = LayerStack()
    layers.root = [_frozen(layer) for layer in document.layers]
    active = document.active
    return DocumentSnapshot(
        bounds=document.bounds,
        dtype=document.dtype,
        layers=layers,
        selection=document.selection.store.copy(),
        original=None if document.original is None else document.original.copy(),
        active="" if active is None else active.id,
        metadata=document.metadata,
        had_alpha=document.had_alpha,
        name=document.name,
        path=document.path,
        source=document.source,
        state=document.history.state,
        labels=None if document.labels is None else document.labels.copy(),
    )


def _frozen(layer: Layer) -> Layer:
    return replace(
        layer,
        pixels=layer.pixels.copy(),
        mask=None if layer.mask is None else layer.mask.copy(),
        children=None if layer.children is None else [_frozen(child) for child in layer.children],
    )
