"""The magic wand: select what looks like the clicked place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import floor
from typing import Annotated, ClassVar, cast

from imgstudio.app.canvas.tools.base import Pointer
from imgstudio.app.canvas.tools.sampling import sampled
from imgstudio.app.canvas.tools.selecting import SelectingTool, SelectOptions, join_selection
from imgstudio.core.document import Document
from imgstudio.core.fill import flood
from imgstudio.core.geometry import Point
from imgstudio.core.params import Number, Ui
from imgstudio.core.selecting import Mode


@dataclass(frozen=True, slots=True)
class WandOptions(SelectOptions):
    """What counts as alike."""

    tolerance: Annotated[float, Number(0, 255), Ui(help="Levels by which a colour may differ")] = 32.0
    contiguous: Annotated[bool, Ui(help="Only what is joined to the clicked place")] = True
    smooth: Annotated[bool, Ui("Smooth edge", help="Soften the edge by less than a pixel")] = True
    all_layers: Annotated[bool, Ui("All layers", help="Look at the whole picture, not one layer")] = True


class WandTool(SelectingTool):
    """Acts at the press."""

    id = "wand"
    name = "Magic wand"
    icon = "mdi6.magic-staff"
    key = "W"
    help = "Click a colour to select what looks like it. Shift adds, Alt subtracts, both intersect."
    options_type = WandOptions
    idle_options: ClassVar = {"labels": {"feather", "smooth"}}

    def press(self, event: Pointer) -> None:
        document, options = self.document, cast(WandOptions, self.options)
        if event.button != "left" or document is None or not document.bounds.contains(event.x, event.y):
            return
        self.remember_mode(event)
        # All that is needed is given along: a large picture is looked at on a worker.
        take = partial(
            _take,
            at=event.point,
            options=options,
            mode=self.joining_mode,
            label=self.name,
            on_labels=self.state.target == "labels",
        )
        self.state.edit(document, self.name, take)


def _take(
    document: Document, *, at: Point, options: WandOptions, mode: Mode, label: str, on_labels: bool
) -> None:
    """Select what looks like a place of the document, or give it the class."""
    pixels = sampled(document, document.bounds, merged=options.all_layers)
    rect, coverage = flood(
        pixels,
        floor(at.x),
        floor(at.y),
        tolerance=options.tolerance,
        contiguous=options.contiguous,
        smooth=options.smooth and not on_labels,
    )
    join_selection(document, rect, coverage, mode, feather=options.feather, label=label, on_labels=on_labels)
