"""What painting and selecting tools do while labels are their target: they give places a class, or take it away."""

from __future__ import annotations

from dataclasses import replace
from math import floor

from imgstudio.app.canvas.tools.base import Rgb, ToolState
from imgstudio.app.canvas.tools.painting_target import PaintTarget
from imgstudio.core.document import Document
from imgstudio.core.geometry import Point
from imgstudio.core.labelled import Labelling
from imgstudio.core.labelling.operations import fill_contour
from imgstudio.core.labelling.painting import LabelEdit, LabelPainter
from imgstudio.core.labels import BACKGROUND, UNSEEN
from imgstudio.core.selecting import Mode


def labels_in(state: ToolState) -> Labelling | None:
    """The labels that tools write, where labels are what they write."""
    return state.document.labels if state.target == "labels" and state.document is not None else None


def label_target(state: ToolState) -> PaintTarget | None:
    """The labels of the picture; None after telling that there are none."""
    labels = labels_in(state)
    if labels is None or state.document is None:
        state.say("Choose a picture to label first")
        return None
    return PaintTarget(state.document, labels.store, heeds_selection=False)


def begin_label_stroke(
    document: Document, label: str, first: Point, *, erases: bool
) -> tuple[LabelEdit, LabelPainter]:
    """What a stroke that begins at `first` writes with."""
    edit = LabelEdit(document, label)
    value = UNSEEN if erases else edit.labels.rules.value
    number = None if erases else _number_at(edit.labels, document, first)
    return edit, LabelPainter(document, edit, value, number=number)


def class_colour_of(state: ToolState, *, erases: bool = False) -> Rgb | None:
    """Colour of the class that is painted; None where that is none."""
    labels = labels_in(state)
    return None if labels is None or erases else labels.colour(labels.rules.value)


def take_class_at(state: ToolState, at: Point) -> None:
    """Go on with the class that lies at a place."""
    document, labels = state.document, labels_in(state)
    if document is None or labels is None or not document.bounds.contains(at.x, at.y):
        return
    value = labels.value_at(floor(at.x), floor(at.y))
    if value == UNSEEN:
        state.say("Nothing is labelled there")
        return
    labels.rules = replace(labels.rules, value=value)
    state.say(labels.name(value))


def fill_round(state: ToolState, at: Point) -> bool:
    """Fill what an outline of the class encloses round a place; False after telling that it is open."""
    document, labels = state.document, labels_in(state)
    if document is None or labels is None or not document.bounds.contains(at.x, at.y):
        return False
    filled = fill_contour(document, floor(at.x), floor(at.y), labels.rules.value)
    if not filled:
        state.say(f"No outline of “{labels.name(labels.rules.value)}” is closed round this place")
    return filled


def say_why_nothing(state: ToolState) -> None:
    """Tell which rule may have kept a stroke on labels from changing anything."""
    labels = labels_in(state)
    if labels is None or state.document is None:
        return
    rules = labels.rules
    if rules.where == "unlabelled":
        state.say("Nothing was painted: only what is not labelled yet may be")
    elif rules.where == "inside":
        state.say(f"Nothing was painted: only what is “{labels.name(rules.inside)}” may be")
    elif rules.locked or rules.lightness != (0, 255) or not state.document.selection.is_empty:
        state.say("Nothing was painted: locked classes, the range of lightness or the selection kept it")


def label_mode(state: ToolState, mode: Mode) -> Mode:
    """How a shape joins the labels: X swaps painting and erasing."""
    swapped: dict[Mode, Mode] = {"new": "subtract", "add": "subtract", "subtract": "add"}
    return swapped.get(mode, mode) if state.erasing else mode


def _number_at(labels: Labelling, document: Document, first: Point) -> int | None:
    rules = labels.rules
    if rules.objects == "off" or rules.value == BACKGROUND:
        return None
    x, y = floor(first.x), floor(first.y)
    if rules.objects == "add" and document.bounds.contains(x, y) and labels.value_at(x, y) == rules.value:
        return labels.object_at(x, y) or labels.free_object()
    return labels.free_object()
