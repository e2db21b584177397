"""A pasted object brought to the size and light of what is around it: one undo step that can be tuned later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from imgstudio.core.commands import AddLayer
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.history import Command
from imgstudio.core.jobs import Progress
from imgstudio.core.layers import Layer
from imgstudio.filters.base import Filter
from imgstudio.filters.objects import (
    ObjectSource,
    capture_object,
    leaves_of,
    object_of,
    seen_reduced,
    shown_box,
)
from imgstudio.filters.runner import FilterJob, FilterResult, RunSettings, result_layer
from imgstudio.filters.source import capture_source

LABEL: Final = "Match size and light"
FILLS: Final = 0.75
"""Share of the picture's width or height from which on an object is taken to be too large."""
FITS: Final = 0.6
"""Share that it is made to fill then, at most."""
LOOKED_AT: Final = 256
"""Longer side at which light is compared (pixels)."""
TAKEN: Final = 0.6
"""How much of the difference of light is made up: things differ also where nothing is wrong."""
MOST: Final = 2.0
NOTICED: Final = 0.1
"""EV: larger corrections are cut, smaller ones are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """What is to be done to an object."""

    turned: tuple[tuple[str, Transform], ...]
    """New transforms by id of a layer; none where the size suits."""
    result: FilterResult | None
    """The object in another light; None where it suits."""
    stops: float = 0.0
    """By how much, in EV."""


@dataclass(frozen=True, slots=True, eq=False)
class MatchJob:
    """A complete order; owns copies of all it needs."""

    title: str
    source: ObjectSource
    """With the object in its new size."""
    light: FilterJob
    """Its exposure is filled in once it is measured."""
    turned: tuple[tuple[str, Transform], ...]

    def run(self, progress: Progress) -> Match:
        """Measure, and change the light if that is worth it. Raises Cancelled."""
        stops = stops_between(self.source)
        progress.update(0.2, self.title)
        if abs(stops) < NOTICED:
            return Match(self.turned, None)
        self.light.params = replace(self.light.params, exposure=round(stops, 2))
        return Match(self.turned, self.light.run(progress.part(0.2, 1.0)), stops)


def capture_match(document: Document, layer: Layer, light: Filter[Any]) -> MatchJob:
    """Order it for an object; `light` has a parameter `exposure` in EV. Call it on the document's thread.

    Raises UserError where there is no object, or nothing below it.
    """
    item = object_of(document, layer)
    turned = _made_to_fit(document, item)
    before = {leaf.id: leaf.transform for leaf in leaves_of(item)}
    try:
        for leaf in leaves_of(item):
            leaf.transform = turned.get(leaf.id, leaf.transform)
        seen = capture_object(document, item)
        source = capture_source(document, item)
    finally:
        for leaf in leaves_of(item):
            leaf.transform = before[leaf.id]
    if not seen.below_at(seen.region)[..., 3].any():
        raise UserError(
            f"There is nothing below “{item.name}”", "So there is no light to match", "Put it above a picture"
        )
    job = FilterJob(light.name, light, light.params(), source, RunSettings())
    return MatchJob(LABEL, seen, job, tuple(turned.items()))


def carry_out(document: Document, layer: Layer, match: Match) -> None:
    """One undo step; none where nothing is to be done."""
    item = object_of(document, layer)
    wanted = dict(match.turned)
    commands: list[Command] = [
        document.setting(leaf, LABEL, transform=wanted[leaf.id])
        for leaf in leaves_of(item)
        if leaf.id in wanted
    ]
    if match.result is not None:
        made = result_layer(match.result, match.result.step.filter.capitalize())
        commands.append(_adding(document, made, item))
    if commands:
        document.compound(LABEL, *commands)
        document.active = item


def stops_between(source: ObjectSource) -> float:
    """EV that bring the object near the light of its surroundings, the nearest first; 0 where it cannot be told."""
    from imgstudio.engine.harmonize.surroundings import nearness, region_of

    factor = min(1.0, LOOKED_AT / max(source.region.width, source.region.height))
    seen = seen_reduced(source, factor)
    assert seen.mask is not None
    own, near = region_of(seen.pixels, seen.mask), region_of(seen.pixels, nearness(seen.mask))
    if own is None or near is None:
        return 0.0
    stops = TAKEN * float(np.mean(near.light - own.light)) / float(np.log(2))
    return min(max(stops, -MOST), MOST)


def _adding(document: Document, made: Layer, item: Layer) -> AddLayer:
    return document.adding(made, document.place_above(item), LABEL)


def _made_to_fit(document: Document, item: Layer) -> dict[str, Transform]:
    """Transforms that make an object smaller round its middle, if it is too large for the picture."""
    box, room = shown_box(item), document.bounds
    share = max(box.width / room.width, box.height / room.height)
    if box.is_empty or share <= FILLS:
        return {}
    x, y = _middle(box.intersect(room) if not box.intersect(room).is_empty else box)
    scale = FITS / share
    about = Transform(a=scale, d=scale, e=x * (1 - scale), f=y * (1 - scale))
    return {leaf.id: leaf.transform.then(about) for leaf in leaves_of(item)}


def _middle(box: Rect) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2
