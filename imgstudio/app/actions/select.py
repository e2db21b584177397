"""The Select menu: what edits act on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from imgstudio.app.actions.file import current, folder_of
from imgstudio.app.actions.spec import ActionSpec, with_document
from imgstudio.app.canvas.tools.colour_range import ColourRangeTool
from imgstudio.app.canvas.tools.transform_selection import TransformSelectionTool
from imgstudio.app.context import AppContext
from imgstudio.app.controllers.colour_range import ColourRangeSelect
from imgstudio.app.controllers.selection_transform import SelectionTransform
from imgstudio.app.i18n import tr
from imgstudio.core import selecting
from imgstudio.core.channels import CHANNELS, Channel, select_channel
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.params import Number, Ui
from imgstudio.filters.base import Filter
from imgstudio.filters.subject import CUTOUT, select_subject
from imgstudio.filters.subject import LABEL as SUBJECT

P = TypeVar("P")
MASK_TOOL: Final = "mask_brush"
REFINE_NOTE: Final = "Moves the outline to where the colours inside and outside of the selection part."


@dataclass(frozen=True)
class Growth:
    radius: Annotated[int, Number(1, 2000, soft_max=100, unit="px"), Ui(label="By")] = 8


@dataclass(frozen=True)
class Softness:
    radius: Annotated[float, Number(0.5, 500, step=0.5, soft_max=60, unit="px")] = 6.0


@dataclass(frozen=True)
class Band:
    width: Annotated[int, Number(1, 2000, soft_max=100, unit="px")] = 8


@dataclass(frozen=True)
class Islands:
    least: Annotated[
        int,
        Number(2, 1_000_000, soft_max=5000, unit="px", log=True),
        Ui(label="Smaller than", help="Parts with fewer pixels are dropped."),
    ] = 100


@dataclass(frozen=True)
class Refinement:
    reach: Annotated[
        int,
        Number(1, 2000, soft_max=300, unit="px"),
        Ui(help="How far from where it is the true outline may lie."),
    ] = 20


def has_selection(context: AppContext) -> bool:
    document = context.documents.current
    return document is not None and not document.selection.is_empty


def deselect(context: AppContext) -> None:
    document = current(context)
    context.last_selections[document] = document.selection.store.copy()
    selecting.deselect(document)


def can_reselect(context: AppContext) -> bool:
    document = context.documents.current
    return document is not None and document.selection.is_empty and document in context.last_selections


def reselect(context: AppContext) -> None:
    document = current(context)
    before = context.last_selections[document]
    document.do(document.replacing(document.selection.store, "Reselect", before))


def from_alpha(context: AppContext) -> None:
    context.edits.do(current(context), tr("Select layer"), _select_active)


def _select_active(document: Document) -> None:
    assert document.active is not None
    selecting.select_layer(document, document.active)


def subject(context: AppContext) -> None:
    """Select what stands out."""
    item = context.filters.find(CUTOUT)
    if not isinstance(item, Filter):
        raise UserError("Subjects cannot be found", "The filter that does it is missing", "Install it again")

    def change(document: Document, progress: Progress) -> None:
        select_subject(document, item, progress)

    context.edits.do_long(current(context), tr(SUBJECT), change, is_slow=True)


def colour_range(context: AppContext) -> None:
    """Take the tool in hand with which colours are picked."""
    if context.tools.current.id != ColourRangeTool.id:
        ColourRangeSelect(context, current(context))


def transform(context: AppContext) -> None:
    """Take the selection in hand with handles."""
    if context.tools.current.id != TransformSelectionTool.id:
        SelectionTransform(context, current(context))


def refine(context: AppContext) -> None:
    """Fit a rough selection to what it is laid over."""
    document = current(context)
    box = document.selection.bounds()
    likely = min(max(round(0.05 * max(box.width, box.height)), 4), 500)
    answer = context.ask.form(tr("Refine with colours"), Refinement(likely), note=tr(REFINE_NOTE))
    if answer is None:
        return

    def change(refined: Document, progress: Progress) -> None:
        from imgstudio.engine.colour_refine import refine_selection

        refine_selection(refined, answer.reach, progress)

    context.edits.do_long(document, tr("Refine with colours"), change, is_slow=True)


def _channel(channel: Channel) -> Callable[[AppContext], None]:
    def change(document: Document, progress: Progress) -> None:
        select_channel(document, channel, progress)

    return lambda context: context.edits.do_long(current(context), tr(f"Select by {channel}"), change)


def fill_holes(context: AppContext) -> None:
    context.edits.do(current(context), tr("Fill holes"), selecting.fill_holes)


def load(context: AppContext) -> None:
    for path in context.ask.files_to_open(tr("Load selection"), folder_of(context))[:1]:
        title = tr("Load selection")
        context.edits.do(current(context), title, partial(selecting.load_selection, path=path))


def save(context: AppContext) -> None:
    document = current(context)
    suggestion = folder_of(context) / f"{Path(document.name).stem}_selection.png"
    path = context.ask.file_to_save(tr("Save selection"), suggestion, "PNG (*.png)")
    if path is not None:
        selecting.save_selection(document, path)
        context.message.emit(tr("Saved {name}").format(name=path.name))


def quick_mask(context: AppContext) -> None:
    """Take the mask brush in hand; the second time go back to the tool before."""
    tools = context.tools
    if tools.current.id == MASK_TOOL:
        tools.activate(context.tool_before_mask or "move")
    else:
        context.tool_before_mask = tools.current.id
        tools.activate(MASK_TOOL)


def _plain(do: Callable[[Document], None]) -> Callable[[AppContext], None]:
    return lambda context: do(current(context))


def _asking(title: str, params: Any, do: Callable[[Document, Any], None]) -> Callable[[AppContext], None]:
    return partial(_ask, title, params, do)


def _ask(title: str, params: P, do: Callable[[Document, P], None], context: AppContext) -> None:
    answer = context.ask.form(tr(title), params)
    if answer is not None:
        context.edits.do(current(context), tr(title), lambda document: do(document, answer))


def _is_masking(context: AppContext) -> bool:
    return context.tools.current.id == MASK_TOOL


def _spec(name: str, text: str, keys: str, run: Callable[[AppContext], None], **more: Any) -> ActionSpec:
    return ActionSpec(f"select.{name}", text, keys, "Select", run, **{"enabled": with_document, **more})


ACTIONS: Final = (
    _spec("all", "All", "Ctrl+A", _plain(selecting.select_all)),
    _spec(
        "deselect", "Deselect", "Ctrl+D", deselect, enabled=has_selection, help="Edits act everywhere again."
    ),
    _spec("reselect", "Reselect", "Ctrl+Shift+D", reselect, enabled=can_reselect),
    _spec("invert", "Invert", "Ctrl+Shift+I", _plain(selecting.invert)),
    _spec("subject", "Subject", "", subject, separator=True, help="Find what stands out, and select it."),
    _spec(
        "colour_range",
        "Colour range…",
        "",
        colour_range,
        help="Pick colours, and select all that looks alike.",
    ),
    _spec("from_alpha", "From layer", "", from_alpha, help="Select where the active layer shows."),
    *(
        ActionSpec(
            f"select.by_{channel}",
            channel.capitalize(),
            "",
            "Select/By brightness or colour",
            _channel(channel),
            with_document,
            help=f"Select each pixel in the measure of its {channel}.",
        )
        for channel in CHANNELS
    ),
    _spec(
        "refine",
        "Refine with colours…",
        "",
        refine,
        enabled=has_selection,
        separator=True,
        help="Fit a rough selection to what it is laid over.",
    ),
    _spec(
        "transform",
        "Transform selection",
        "",
        transform,
        enabled=has_selection,
        help="Move, scale and turn the selection; the picture stays.",
    ),
    _spec(
        "grow",
        "Grow…",
        "",
        _asking("Grow selection", Growth(), lambda d, p: selecting.grow(d, p.radius)),
        enabled=has_selection,
        separator=True,
    ),
    _spec(
        "shrink",
        "Shrink…",
        "",
        _asking("Shrink selection", Growth(), lambda d, p: selecting.shrink(d, p.radius)),
        enabled=has_selection,
    ),
    _spec(
        "feather",
        "Feather…",
        "Shift+F6",
        _asking("Feather selection", Softness(), lambda d, p: selecting.feather(d, p.radius)),
        enabled=has_selection,
        help="Fade the edge.",
    ),
    _spec(
        "smooth",
        "Smooth…",
        "",
        _asking("Smooth selection", Softness(), lambda d, p: selecting.smooth(d, p.radius)),
        enabled=has_selection,
        help="Round the outline off.",
    ),
    _spec(
        "border",
        "Border…",
        "",
        _asking("Select border", Band(), lambda d, p: selecting.border(d, p.width)),
        enabled=has_selection,
        help="A band along the edge.",
    ),
    _spec("fill_holes", "Fill holes", "", fill_holes, enabled=has_selection),
    _spec(
        "remove_islands",
        "Remove islands…",
        "",
        _asking("Remove islands", Islands(), lambda d, p: selecting.remove_islands(d, p.least)),
        enabled=has_selection,
    ),
    _spec("load", "Load…", "", load, separator=True, help="Read a grey picture as the selection."),
    _spec("save", "Save…", "", save, enabled=has_selection, help="Write the selection as a grey PNG."),
    _spec(
        "quick_mask",
        "Quick mask",
        "Q",
        quick_mask,
        checked=_is_masking,
        separator=True,
        help="Paint the selection; press again to go back.",
    ),
)
