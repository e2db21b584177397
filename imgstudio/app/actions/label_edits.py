"""Changes to the labels of the picture in hand that are no strokes: copied, filled, tidied, numbered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from imgstudio.app.actions.label import label_spec, labelled, session_of, with_labels
from imgstudio.app.context import AppContext
from imgstudio.app.i18n import tr
from imgstudio.core.labelling import operations, painting
from imgstudio.core.params import Number, Ui

HALF: Final = 128


@dataclass(frozen=True)
class GapWidth:
    width: Annotated[int, Number(1, 400, soft_max=60, unit="px"), Ui(help="Wider gaps stay as they are.")] = 6


@dataclass(frozen=True)
class IslandSize:
    least: Annotated[
        int, Number(2, 1_000_000, soft_max=5000, unit="px", log=True), Ui(label="Smaller than")
    ] = 64


def fill_selection(context: AppContext) -> None:
    """Give everything that is selected the class in hand."""
    document, value = labelled(context), session_of(context).rules.value
    box = document.selection.bounds().intersect(document.bounds)
    painting.write_labels(document, box, document.selection.read(box) >= HALF, value, tr("Fill selection"))


def _can_fill(context: AppContext) -> bool:
    return with_labels(context) and not labelled(context).selection.is_empty


def fill_gaps(context: AppContext) -> None:
    asked = context.ask.form(tr("Fill gaps between regions"), GapWidth(), accept=tr("Fill"))
    if asked is not None:
        context.edits.do_long(
            labelled(context),
            tr("Fill gaps"),
            lambda document, progress: operations.fill_gaps(
                document, asked.width, check=progress.token.check
            ),
        )


def remove_islands(context: AppContext) -> None:
    asked = context.ask.form(tr("Remove small islands"), IslandSize(), accept=tr("Remove"))
    if asked is not None:
        context.edits.do_long(
            labelled(context),
            tr("Remove islands"),
            lambda document, progress: operations.remove_islands(
                document, asked.least, check=progress.token.check
            ),
        )


def number_objects(context: AppContext) -> None:
    value = session_of(context).rules.value
    context.edits.do(
        labelled(context),
        tr("Number objects"),
        lambda document: operations.number_objects(document, value),
    )


def _can_number(context: AppContext) -> bool:
    return with_labels(context) and session_of(context).rules.value > 0


def copy_previous(context: AppContext) -> None:
    from imgstudio.app.controllers.labelling import sequence

    sequence.copy_previous(session_of(context))


def interpolate(context: AppContext) -> None:
    from imgstudio.app.controllers.labelling import sequence

    sequence.interpolate(context, session_of(context))


ACTIONS: Final = (
    label_spec(
        "copy_previous",
        "Copy from the picture before",
        "P",
        copy_previous,
        help="Take over its labels where nothing is labelled here.",
        separator=True,
    ),
    label_spec(
        "interpolate",
        "Fill in between",
        "",
        interpolate,
        help="Propose labels for the pictures between the last labelled one and this one.",
    ),
    label_spec(
        "fill_selection",
        "Fill selection with class",
        "Alt+Backspace; Shift+F5",
        fill_selection,
        enabled=_can_fill,
        separator=True,
    ),
    label_spec("fill_gaps", "Fill gaps…", "", fill_gaps, help="Close thin unlabelled gaps between regions."),
    label_spec(
        "remove_islands",
        "Remove islands…",
        "",
        remove_islands,
        help="Small specks take the class round them.",
    ),
    label_spec(
        "number_objects",
        "Number objects",
        "",
        number_objects,
        enabled=_can_number,
        help="Every region of the class becomes an object of its own.",
    ),
)
