"""Style: paints the picture in one go like a preset, like any other picture, or like a blend of two."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.params import GIVEN, Number, Picture, Ui, preset_in
from imgstudio.filters.base import Filter, FilterInput, FloatImage, Need
from imgstudio.filters.models import models
from imgstudio.filters.painted import Painted, canvas_view, painted_by, painted_part
from imgstudio.filters.paintings import painting, region_map
from imgstudio.filters.style_presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import Tensor

    from imgstudio.engine.style.stylist import PaintingNet

OWN: Final = "style"
EYE: Final = "perceptual-slim"
"""What looks at the user's paintings."""
MAGENTA: Final = "style-any"


@dataclass(frozen=True, slots=True)
class StyleParams:
    style: Annotated[
        Path | None,
        Picture(presets=PRESETS),
        Ui(help="One of the styles that come with the program, or any picture to take the style of."),
    ] = Path("starry_night")
    second: Annotated[
        Path | None,
        Picture(presets=PRESETS),
        Ui(label="Second", help="Another style, to be mixed in."),
    ] = None
    blend: Annotated[
        float,
        Number(0, 1, 0.01, decimals=2),
        Ui(
            help="Share of the second style: 0 is only the first, 1 only the second.",
            visible_if=("second", GIVEN),
        ),
    ] = 0.5
    second_where: Annotated[
        Path | None,
        Picture(),
        Ui(
            help="A picture that is white where the second style belongs and black where the first does, with "
            "soft edges if you like. It is stretched over the whole picture; without it both mix everywhere.",
            advanced=True,
            visible_if=("second", GIVEN),
        ),
    ] = None
    style_weight: Annotated[
        float,
        Number(0, 1.5, 0.01, decimals=2),
        Ui(
            label="Boldness",
            help="Less: nearer to a style of the picture's own, which is soft and pale. Above 1: exaggerated.",
        ),
    ] = 1.0
    size: Annotated[
        int,
        Number(256, 6144, 16, unit="px", log=True, soft_max=4096),
        Ui(
            label="Canvas",
            help="Longer side of the canvas that is painted: a small one gives large strokes and is quick, a "
            "large one fine strokes. The painting is then brought to the picture's size.",
        ),
    ] = 1024
    strokes: Annotated[
        float,
        Number(0.5, 2, 0.05, log=True, decimals=2),
        Ui(
            label="Stroke size",
            help="How large the strokes of a picture of yours are taken to be; presets have theirs.",
            advanced=True,
        ),
    ] = 1.0
    keep_colours: Annotated[
        bool,
        Ui(label="Keep colours", help="Take strokes and light from the painting, colours from the picture."),
    ] = False
    network: Annotated[
        Literal["own", "Magenta"],
        Ui(
            help="Own: comes with the program. Magenta: from the model manager; it has no presets.",
            advanced=True,
        ),
    ] = "own"


def prepare(image: FilterInput, params: StyleParams, progress: Progress) -> Painted:
    """The whole picture, painted; raises UserError for styles that cannot be used."""
    from imgstudio.engine.device import pick_device
    from imgstudio.engine.style.stylist import Stylist

    if params.style is None:
        raise UserError("No style is chosen", "", "Choose a preset or a picture.")
    view = canvas_view(image, params.size, progress.part(0.0, 0.1))
    device = pick_device(image.device)
    find = _own if params.network == "own" else _magenta

    def painted(chosen: StyleParams, progress: Progress) -> Painted:
        network, style = find(chosen, view, device)
        return painted_by(Stylist(network, device, style, image.precise), view, image, progress)

    if params.second_where is None or params.second is None:
        return painted(params, progress.part(0.15, 1.0))
    second = region_map(params.second_where, view.shape[:2])[..., None]
    first = painted(replace(params, second=None), progress.part(0.15, 0.6)).canvas
    other = painted(replace(params, style=params.second, second=None), progress.part(0.6, 1.0)).canvas
    return Painted(first + second * (other - first), image.whole)


def paint(image: FilterInput, params: StyleParams, progress: Progress) -> FloatImage:
    return painted_part(image, keep_colours=params.keep_colours)


def _own(params: StyleParams, view: FloatImage, device: torch.device) -> tuple[PaintingNet, Tensor]:
    from imgstudio.engine.nets.anystyle import AnyStyle
    from imgstudio.engine.style.vectors import appearance_of, looked_at, predicted_vector, preset_vector

    model = models().load(OWN, device)
    assert isinstance(model, AnyStyle)

    def vector(path: Path) -> Tensor:
        preset = preset_in(PRESETS, path)
        if preset is not None:
            return preset_vector(model, models().manifest(OWN).classes.index(preset.id))
        seen = appearance_of(models(), looked_at(painting(path), params.strokes), device)
        return predicted_vector(model, seen)

    def plain() -> Tensor:
        return predicted_vector(model, appearance_of(models(), looked_at(view), device))

    return model.painter, _mixed(params, vector, plain)


def _magenta(params: StyleParams, view: FloatImage, device: torch.device) -> tuple[PaintingNet, Tensor]:
    from imgstudio.engine.nets.ghiasi import GhiasiStyle
    from imgstudio.engine.style.vectors import ghiasi_vector

    model = models().load(MAGENTA, device)
    assert isinstance(model, GhiasiStyle)

    def vector(path: Path) -> Tensor:
        preset = preset_in(PRESETS, path)
        if preset is not None:
            raise UserError(
                f"Magenta's network does not know “{preset.label}”",
                "It has no presets.",
                "Choose a picture of yours, or set the network to “own”.",
            )
        return ghiasi_vector(model, painting(path), device, params.strokes)

    return model.painter, _mixed(params, vector, lambda: ghiasi_vector(model, view, device))


def _mixed(params: StyleParams, vector: Callable[[Path], Tensor], plain: Callable[[], Tensor]) -> Tensor:
    """Vector of both styles, moved from that of the picture itself as far as was asked for."""
    from imgstudio.engine.style.vectors import blended

    assert params.style is not None
    share = params.blend if params.second is not None else 0.0
    paths = [(params.style, 1 - share), (params.second, share)]
    parts = [(vector(path), weight) for path, weight in paths if path is not None and weight > 0]
    style = blended([part for part, _ in parts], [weight for _, weight in parts])
    if params.style_weight == 1:
        return style
    start = plain()
    return start + params.style_weight * (style - start)


FILTER = Filter(
    id="style",
    name="Style",
    category="Style",
    help="Paint the picture in one go like a preset, like any other picture, or like a blend of two.",
    params=StyleParams,
    run=paint,
    prepare=prepare,
    needs=(Need(OWN), Need(EYE), Need(MAGENTA, only_if=("network", "Magenta"))),
    models=(OWN, MAGENTA),
    chosen_models=lambda params: (MAGENTA,) if params.network == "Magenta" else (OWN,),
    preview="on request",
    source_type="compositeWithTrainedAlgorithmicMedia",
)
