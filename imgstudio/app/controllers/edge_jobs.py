"""Finds the edge of a selection on a worker, and makes what is shown of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import numpy as np

from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.jobs import Progress, holding
from imgstudio.core.layering import bands
from imgstudio.core.layers import Layer
from imgstudio.core.masking import coverage_in_layer, mask_in_document
from imgstudio.core.params import Number, Ui
from imgstudio.core.pixels import Floats, from_float, over_grey, to_float
from imgstudio.core.selection import Selection
from imgstudio.core.tiles import TileStore
from imgstudio.engine.refine import TILE, Edge, EdgeParams, Refiner
from imgstudio.engine.refine_finish import Cleaner, Finished, finished
from imgstudio.engine.refine_ground import EdgeStroke
from imgstudio.filters.cutting import recoloured
from imgstudio.filters.source import Source, base_of, capture_source

View = Literal["overlay", "on black", "on white", "black and white", "on layers", "marching ants", "original"]
Output = Literal["selection", "layer mask", "new layer", "new layer with mask"]


@dataclass(frozen=True, slots=True)
class CleanParams:
    """What is done about the background's colour in a soft edge."""

    decontaminate: Annotated[
        bool,
        Ui(
            "Decontaminate colours",
            help="Give the soft edge of a new layer its own colours, so that no old background shines through",
        ),
    ] = False
    amount: Annotated[float, Number(0, 100, unit="%"), Ui(visible_if=("decontaminate", True))] = 100.0


@dataclass(frozen=True, slots=True)
class OutputParams:
    """What becomes of the selection."""

    output: Annotated[
        Literal["selection", "layer mask", "new layer", "new layer with mask"],
        Ui("Output to", help="A new layer hides the one that it was cut from"),
    ] = "selection"


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is worked on, as it was when it was captured; worker threads read it."""

    document: Document
    """Only to know it again; never read on a worker."""
    layer: Layer
    """The base layer; the same."""
    begins_with: Literal["selection", "mask"]
    copy: Layer
    """A private copy of the base, mask and all."""
    source: Source
    shape: TileStore
    """What is selected, in document coordinates."""

    def look(self, rect: Rect) -> Floats:
        """(h, w, 3) of the layer over grey, 0..1."""
        return over_grey(self.source.read(rect))


def capture(document: Document) -> Subject | None:
    """Freeze the selection, or the active layer's mask where nothing is selected; None where there is neither.

    Raises UserError when the layer has no pixels in the picture.
    """
    active = document.active
    if active is None:
        return None
    layer = base_of(document, active)
    if document.selection.is_empty and layer.mask is None:
        return None
    source = capture_source(document, active, selection=Selection())
    begins_with: Literal["selection", "mask"] = "mask" if document.selection.is_empty else "selection"
    copy = layer.duplicate()
    shape = document.selection.store.copy()
    if begins_with == "mask" and copy.mask is not None:
        shape = mask_in_document(copy, copy.mask, document.bounds)
    return Subject(document, layer, begins_with, copy, source, shape)


class Question(NamedTuple):
    """Equal questions have equal answers."""

    edge: EdgeParams
    strokes: tuple[EdgeStroke, ...]
    amount: float
    """Of decontamination, 0..1."""
    as_layer: bool
    """Whether the layer is to be shown as it would be cut out."""


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """The answer."""

    question: Question
    edge: Edge
    finished: Finished
    colours: TileStore | None
    """RGBA in document coordinates: what replaces the layer's colours, by its alpha; None: nothing does."""
    layer: Layer | None
    """The layer cut out, if that was asked for."""


class EdgeFinder:
    """Guards: one thread at a time works on the subject."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._refiner = Refiner(subject.source.bounds, subject.shape, subject.look)
        self._cleaner: tuple[Edge, Cleaner] | None = None
        self._lock = threading.Lock()

    def made(self, question: Question, progress: Progress, *, exact: bool) -> Made:
        with holding(self._lock, progress.token):
            edge = self._refiner.edge(question.edge, question.strokes, progress.part(0.0, 0.8), exact=exact)
            done = finished(edge, question.edge, self._refiner.bounds, progress.part(0.8, 0.9))
            colours = self._colours(edge, question, done, progress.part(0.9, 0.97))
            layer = None
            if question.as_layer:
                layer = masked_copy(self.subject, done.coverage, colours, progress.part(0.97, 1.0))
            return Made(question, edge, done, colours, layer)

    def _colours(
        self, edge: Edge, question: Question, done: Finished, progress: Progress
    ) -> TileStore | None:
        if question.amount <= 0 or self.subject.copy.is_group:
            return None
        if self._cleaner is None or self._cleaner[0] is not edge:
            self._cleaner = edge, Cleaner(self._refiner, edge, progress.part(0.0, 0.3))
        cleaner = self._cleaner[1]
        dtype = self.subject.source.dtype
        colours = TileStore(4, dtype)
        for rect in progress.part(0.3, 1.0).track(list(done.box.on_grid(TILE)), "Edge colours"):
            soft = cleaner.soft(rect, done.coverage)
            if soft.any():
                rgba = to_float(self.subject.source.read(rect))
                cleaned = cleaner.clean(rgba[..., :3], rect)
                share = soft * np.float32(question.amount)
                colours.write(rect, from_float(np.dstack((cleaned, share)).astype(np.float32), dtype))
        colours.drop_plain_tiles()
        return colours


@dataclass(frozen=True, slots=True, eq=False)
class EdgeJob:
    """Answers one question; roughly first."""

    finder: EdgeFinder
    question: Question
    exact: bool
    title: str = "Finding the edge"
    quiet: bool = True

    def run(self, progress: Progress) -> Made:
        return self.finder.made(self.question, progress, exact=self.exact)


def masked_copy(
    subject: Subject, coverage: TileStore, colours: TileStore | None, progress: Progress
) -> Layer:
    """The base layer with a mask that shows what is covered, and other colours where there are some."""
    copy = subject.copy.duplicate()
    if len(subject.source.run) > 1:  # what is clipped to it belongs to what was cut out
        copy = Layer(
            copy.name, _merged(subject, progress.part(0.0, 0.3)), opacity=copy.opacity, blend=copy.blend
        )
    copy.mask = mask_of(subject, copy, coverage, progress.part(0.0, 0.6))
    copy.mask_enabled = True
    if colours is not None and not colours.is_empty:
        copy.pixels, copy.jpeg = recoloured(copy, colours), None
    progress.update(1.0)
    return copy


def mask_of(subject: Subject, layer: Layer, coverage: TileStore, progress: Progress) -> TileStore:
    """Coverage in document coordinates as a mask of the base layer; a mask that was begun with is replaced.

    What another mask hides stays hidden.
    """
    before = layer.mask if subject.begins_with == "selection" and layer.mask_enabled else None
    mask = TileStore(1)
    box = coverage.content_bounds()
    area = box if layer.is_group else layer.transform.inverted().reach_of(box)
    for rect in progress.track(list(bands(area)), "Masking"):
        share = coverage.read(rect)[..., 0] if layer.is_group else coverage_in_layer(coverage, layer, rect)
        if before is not None:
            share = from_float(to_float(share) * to_float(before.read(rect)[..., 0]))
        mask.write(rect, np.ascontiguousarray(share)[..., None])
    mask.drop_plain_tiles()
    return mask


def baked_copy(subject: Subject, coverage: TileStore, colours: TileStore | None, progress: Progress) -> Layer:
    """What is covered of the layer as pixels of their own, in document coordinates and without a mask."""
    base, dtype = subject.copy, subject.source.dtype
    mask = base.mask if subject.begins_with == "selection" and base.mask_enabled else None
    box = coverage.content_bounds()
    shown = None if mask is None else mask_in_document(base, mask, box)
    pixels = TileStore(4, dtype)
    for rect in progress.track(list(bands(box)), "Cutting out"):
        rgba = to_float(subject.source.read(rect))
        if colours is not None:
            wanted = to_float(colours.read(rect))
            rgba[..., :3] += wanted[..., 3:] * (wanted[..., :3] - rgba[..., :3])
        rgba[..., 3] *= to_float(coverage.read(rect)[..., 0])
        if shown is not None:
            rgba[..., 3] *= to_float(shown.read(rect)[..., 0])
        pixels.write(rect, from_float(rgba, dtype))
    pixels.drop_plain_tiles()
    return Layer(base.name, pixels, opacity=base.opacity, blend=base.blend)


def _merged(subject: Subject, progress: Progress) -> TileStore:
    """The base layer with what is clipped to it, in document coordinates."""
    pixels = TileStore(4, subject.source.dtype)
    for rect in progress.track(list(bands(subject.source.region)), "Merging"):
        pixels.write(rect, subject.source.read(rect))
    pixels.drop_plain_tiles()
    return pixels


def carry_out(
    document: Document, subject: Subject, made: Made, output: Output, label: str, progress: Progress
) -> None:
    """Make of a document what was asked for: one undo step. Raises Cancelled."""
    coverage = made.finished.coverage
    selection = document.selection.store
    if output == "selection":
        document.do(document.replacing(selection, label, coverage))
        return
    base = document.layers.find(subject.layer.id)
    if base is None:
        return
    nothing = document.replacing(selection, label, TileStore(1))
    if output == "layer mask":
        mask = mask_of(subject, subject.copy, coverage, progress)
        document.compound(label, document.setting(base, label, mask=mask, mask_enabled=True), nothing)
        return
    make = masked_copy if output == "new layer with mask" else baked_copy
    layer = make(subject, coverage, made.colours, progress)
    layer.name, layer.visible, layer.recipe = f"{base.name} cut-out", True, None
    adding = document.adding(layer, document.place_above(document.active, free=True), label)
    document.compound(label, adding, document.setting(base, label, visible=False), nothing)
    document.active = layer
