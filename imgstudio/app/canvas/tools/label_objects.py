"""The object tool: picks single objects among the labels, joins them, cuts them and deletes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, hypot
from typing import Annotated, Final, Literal, cast

import numpy as np

from imgstudio.app.canvas.tools.base import Outline, OverlayItem, Pointer, Tool, ToolButton, ToolState
from imgstudio.app.canvas.tools.label_target import labels_in
from imgstudio.app.canvas.tools.selecting import is_click
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point
from imgstudio.core.labelled import Labelling
from imgstudio.core.labelling import operations
from imgstudio.core.labels import UNSEEN
from imgstudio.core.outline import outline
from imgstudio.core.params import Ui
from imgstudio.core.selection import Selection

Lines = tuple[tuple[Point, ...], ...]
_FINEST: Final = 4.0
"""Detail of outlines: lines run along the sides of pixels."""


@dataclass(frozen=True, slots=True)
class ObjectOptions:
    """What a drag does."""

    drag: Annotated[
        Literal["merge", "split"],
        Ui(
            help="Merge: what the line goes over becomes one object. Split: it cuts. Alt-drag does the other one"
        ),
    ] = "merge"


class LabelObjectsTool(Tool):
    """A click picks the object under it, Shift-click more; what is done to them is one undo step each.

    Guards: what is picked is there.
    """

    id = "label_objects"
    name = "Objects"
    icon = "mdi6.shape-outline"
    key = "O"
    help = (
        "Click an object to pick it, Shift-click more. Drag across several to make them one, Alt-drag a line through "
        "one to split it, Delete removes."
    )
    options_type = ObjectOptions
    works_on = ("labels",)
    cursor = "arrow"

    def __init__(self, state: ToolState) -> None:
        super().__init__(state)
        self._picked: tuple[int, ...] = ()
        self._under = 0
        """The object under the pointer."""
        self._start: Pointer | None = None
        self._way: list[Point] = []
        self._lines: dict[tuple[int, int], Lines] = {}
        """Outlines by object and state of the document."""

    @property
    def picked(self) -> tuple[int, ...]:
        """Numbers of what is picked, the first one first."""
        labels, document = labels_in(self.state), self.document
        if labels is None or document is None:
            return ()
        return tuple(number for number in self._picked if self._outline_of(labels, document, number))

    @property
    def is_busy(self) -> bool:
        return self._start is not None or bool(self._picked)

    @property
    def can_take_back(self) -> bool:
        return self._start is not None

    def take_back(self) -> bool:
        was_dragging, self._start, self._way = self._start is not None, None, []
        self.state.redraw()
        return was_dragging

    def buttons(self) -> tuple[ToolButton, ...]:
        return (
            ToolButton("merge", "Make the picked objects one", "set-merge", self._merge_picked),
            ToolButton(
                "reclass", "Give the picked objects the class that is painted", "label-outline", self._reclass
            ),
            ToolButton("delete", "Delete the picked objects (Delete)", "trash-can-outline", self._delete),
            ToolButton(
                "number",
                "Make each separate part of the class an object",
                "counter",
                self._number,
                separator=True,
            ),
        )

    def press(self, event: Pointer) -> None:
        if event.button == "left" and labels_in(self.state) is not None and self._start is None:
            self._start, self._way = event, [event.point]

    def move(self, event: Pointer) -> None:
        if self._start is not None and event.point != self._way[-1]:
            self._way.append(event.point)
            self.state.redraw()

    def release(self, event: Pointer) -> None:
        self.move(event)
        start, way = self._start, tuple(self._way)
        self._start, self._way = None, []
        labels, document = labels_in(self.state), self.document
        if start is None or labels is None or document is None:
            return
        if is_click(start, event) and len(way) < 3:
            self._pick(labels, document, start)
        else:
            crossed = _objects_along(labels, document, way)
            splits = (cast(ObjectOptions, self.options).drag == "split") != start.alt
            self._split(document, crossed, way) if splits else self._merge(document, crossed)
        self.hover(event)

    def hover(self, event: Pointer) -> None:
        labels, document = labels_in(self.state), self.document
        inside = labels is not None and document is not None and document.bounds.contains(event.x, event.y)
        self._under = labels.object_at(floor(event.x), floor(event.y)) if labels is not None and inside else 0
        self.state.redraw()

    def key_press(self, key: str) -> bool:
        does: dict[str, Callable[[], object]] = {"Delete": self._delete, "Escape": self.cancel}
        if key not in does or not self.is_busy:
            return False
        does[key]()
        return True

    def cancel(self) -> None:
        self._start, self._way, self._picked = None, [], ()
        self.state.redraw()

    def leave(self) -> None:
        self.cancel()
        self._under = 0
        self._lines.clear()

    def overlay(self) -> list[OverlayItem]:
        labels, document = labels_in(self.state), self.document
        if labels is None or document is None:
            return []
        picked = self.picked
        items: list[OverlayItem] = [
            Outline(line, closed=True, style="ants")
            for number in picked
            for line in self._outline_of(labels, document, number)
        ]
        if self._under and self._under not in picked:
            items += [Outline(line, closed=True) for line in self._outline_of(labels, document, self._under)]
        if len(self._way) > 1:
            items.append(Outline(tuple(self._way), style="plain"))
        return items

    def _pick(self, labels: Labelling, document: Document, event: Pointer) -> None:
        inside = document.bounds.contains(event.x, event.y)
        number = labels.object_at(floor(event.x), floor(event.y)) if inside else 0
        picked = self.picked if event.shift else ()
        if not number:
            self._picked = picked
            if labels.objects.is_empty:
                self.state.say(
                    "There are no single objects yet: paint some as objects, or number the parts of a class"
                )
            return
        self._picked = tuple(n for n in picked if n != number) if number in picked else (*picked, number)
        value = labels.value_at(floor(event.x), floor(event.y))
        self.state.say(f"{labels.name(value)} {number}")

    def _merge(self, document: Document, numbers: tuple[int, ...]) -> None:
        if len(numbers) < 2:
            self.state.say("Drag across two objects or more to make them one")
            return
        operations.merge_objects(document, numbers)
        self._picked = numbers[:1]

    def _split(self, document: Document, numbers: tuple[int, ...], way: tuple[Point, ...]) -> None:
        done = [number for number in numbers if operations.split_object(document, number, way)]
        if not done:
            self.state.say("The line must cross an object from one side to the other")

    def _merge_picked(self) -> None:
        if self.document is not None:
            self._merge(self.document, self.picked)

    def _reclass(self) -> None:
        labels, picked = labels_in(self.state), self.picked
        if labels is not None and self.document is not None and picked:
            operations.reclass_objects(self.document, picked, labels.rules.value)

    def _delete(self) -> None:
        picked = self.picked
        if self.document is not None and picked:
            operations.delete_objects(self.document, picked)
            self.cancel()

    def _number(self) -> None:
        labels = labels_in(self.state)
        if labels is None or self.document is None or labels.rules.value in (0, UNSEEN):
            self.state.say("Choose a class first: background has no objects")
            return
        count = operations.number_objects(self.document, labels.rules.value)
        self.state.say(f"{labels.name(labels.rules.value)}: {count} object{'' if count == 1 else 's'}")

    def _outline_of(self, labels: Labelling, document: Document, number: int) -> Lines:
        key = (number, document.history.state)
        if key not in self._lines:
            if len(self._lines) > 200:
                self._lines.clear()
            box = labels.object_bounds([number]).intersect(document.bounds)
            if box.is_empty:
                self._lines[key] = ()
                return ()
            selection = Selection()
            mine = labels.object_mask(box) == number
            selection.store.write(box, mine[..., None].astype(np.uint8) * np.uint8(255))
            selection.touched()
            self._lines[key] = tuple(outline(selection, _FINEST))
        return self._lines[key]


def _objects_along(labels: Labelling, document: Document, way: tuple[Point, ...]) -> tuple[int, ...]:
    """The objects that a line goes over, in the order it meets them."""
    found: dict[int, None] = {}
    for start, end in pairwise(way):
        count = max(1, ceil(hypot(end.x - start.x, end.y - start.y)))
        for step in range(count + 1):
            x = floor(start.x + (end.x - start.x) * step / count)
            y = floor(start.y + (end.y - start.y) * step / count)
            number = labels.object_at(x, y) if document.bounds.contains(x, y) else 0
            if number:
                found[number] = None
    return tuple(found)
