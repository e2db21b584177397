"""The eyedropper: take a colour from the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, cast

from imgstudio.app.canvas.tools.base import EVERY_TARGET, Pointer, Tool
from imgstudio.app.canvas.tools.label_target import take_class_at
from imgstudio.app.canvas.tools.sampling import colour_at
from imgstudio.core.params import Ui, describe


@dataclass(frozen=True, slots=True)
class EyedropperOptions:
    """How much is looked at."""

    sample: Annotated[
        Literal["1 pixel", "3 x 3", "5 x 5"], Ui(help="The mean colour of so many pixels is taken")
    ] = "1 pixel"
    all_layers: Annotated[bool, Ui("All layers", help="Look at the whole picture, not one layer")] = True


_SIZES = {"1 pixel": 1, "3 x 3": 3, "5 x 5": 5}


class EyedropperTool(Tool):
    """Follows the pointer while the button is down; on labels it takes the class."""

    id = "eyedropper"
    name = "Eyedropper"
    icon = "mdi6.eyedropper"
    key = "I"
    help = "Click to take a colour; Alt-click takes it as the background colour."
    options_type = EyedropperOptions
    works_on = EVERY_TARGET
    idle_options: ClassVar = {"labels": {param.name for param in describe(EyedropperOptions)}}
    help_on: ClassVar = {"labels": "Click to go on with the class that is there."}

    def press(self, event: Pointer) -> None:
        if event.button != "left" or self.document is None:
            return
        if self.state.target == "labels":
            take_class_at(self.state, event.point)
            return
        options = cast(EyedropperOptions, self.options)
        colour = colour_at(self.document, event.point, _SIZES[options.sample], merged=options.all_layers)
        if colour is None:
            self.state.say("There is no colour here")
        elif event.alt:
            self.state.background = colour
            self.state.colours_changed()
        else:
            self.state.foreground = colour
            self.state.colours_changed()

    def move(self, event: Pointer) -> None:
        self.press(event)
