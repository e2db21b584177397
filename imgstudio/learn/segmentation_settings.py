"""What a segmentation can be told, and what follows from data, time and quality where it is not told; no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Annotated, Any, Final, Literal

from imgstudio.core.params import Number, Ui
from imgstudio.learn.dataset.augment import Augment
from imgstudio.learn.dataset.masks import MASK_KIND
from imgstudio.learn.dataset.report import DatasetReport, Sample
from imgstudio.learn.plan import Phase
from imgstudio.learn.recipe import Request
from imgstudio.learn.segmentation_start import SMALL, start_of

LossKind = Literal[
    "automatic", "cross-entropy", "cross-entropy + Lovász", "cross-entropy + Dice", "focal", "binary + Dice"
]
EncoderName = Literal["automatic", "from scratch", "small", "lite0", "resnet18", "resnet34", "resnet50"]

STEP: Final = 32
"""Sides of crops are multiples of this (pixels): the coarsest step of all encoders."""
SMALLEST: Final = 128
_MIXED: Final = 0.15
"""From this share of pictures of the other orientation on, crops are square."""
_PIXELS_A_SECOND: Final = 350_000
"""Training pace of the usual network on two cores, cautiously; only for the first estimate of epochs."""
ENCODER_MINUTES: Final = 45
"""From here on a learned encoder, which is slower, ends better than a network from scratch."""
_VALIDATION_SHARE: Final = 0.05
"""Of the training time."""
ENCODER_PACE: Final = 0.5
"""Pictures a second with a learned encoder, relative to the network from scratch."""
_EPOCHS_WANTED: Final = 18
"""At the full size; most of the time goes to smaller pictures, which are then seen some forty times."""
_LEAST_SIZE: Final = 192
_LOOK_SHARE: Final = 0.03
"""Of the time budget that a single validation may take."""
_FEWEST_JUDGED: Final = 12
_BACKWARD: Final = 3.0
"""A training step costs this many times what only looking at the same pixels costs."""


@dataclass(frozen=True, slots=True)
class SegmentParams:
    encoder: Annotated[
        EncoderName,
        Ui(
            help="What looks at the picture: a small network that starts from nothing or has looked at photos before, "
            "or a large one that has seen a million of them (installed in the model manager). Automatic takes "
            "EfficientNet-Lite0 when it is installed and there is time for it, else starts from nothing.",
            advanced=True,
        ),
    ] = "automatic"
    start_from: Annotated[
        str,
        Ui(
            help="Id of an installed model to go on from, such as the last one of the same pictures: it has to tell "
            "the same classes apart. Automatic encoder and width are those of that model. Empty: learn anew.",
            advanced=True,
        ),
    ] = ""
    loss: Annotated[
        LossKind,
        Ui(
            help="What is minimised. Automatic: cross-entropy, with Dice for two classes, with Lovász for more.",
            advanced=True,
        ),
    ] = "automatic"
    balance: Annotated[
        float,
        Number(0, 1, step=0.1),
        Ui(
            help="How much more rare classes count: 0 not at all, 1 by the root of their rarity, at most eightfold.",
            advanced=True,
        ),
    ] = 1.0
    size: Annotated[
        int | None,
        Number(SMALLEST, 2048, step=STEP, unit="px"),
        Ui(
            help="Longer side at which pictures are seen. Automatic: as they are, as far as the quality allows.",
            advanced=True,
        ),
    ] = None
    width: Annotated[
        float | None,
        Number(0.25, 4, step=0.25),
        Ui(help="How wide the network from scratch is. Automatic: by the quality.", advanced=True),
    ] = None
    mirrored: Annotated[
        bool,
        Ui(
            label="Look twice",
            help="Average with the mirrored picture when it is used: a little better, twice the time.",
            advanced=True,
        ),
    ] = True
    flip: Annotated[
        bool, Ui(label="Mirror", group="Variation", help="Left and right are alike.", advanced=True)
    ] = True
    dihedral: Annotated[
        bool | None,
        Ui(
            label="Any way up",
            group="Variation",
            help="Mirror and quarter turns: microscopes, maps, textures. Automatic: where masks number many objects.",
            advanced=True,
        ),
    ] = None
    rotate: Annotated[float, Number(0, 180, unit="°"), Ui(label="Turn", group="Variation", advanced=True)] = (
        3.0
    )
    zoom: Annotated[
        float,
        Number(1, 3, step=0.05, decimals=2),
        Ui(group="Variation", help="Crops show things up to this much larger than they are.", advanced=True),
    ] = 1.4
    light: Annotated[
        float,
        Number(0, 1, step=0.05, decimals=2),
        Ui(label="Light", group="Variation", help="Brighter, darker, more or less contrast.", advanced=True),
    ] = 0.15
    colour: Annotated[float, Number(0, 1, step=0.05, decimals=2), Ui(group="Variation", advanced=True)] = 0.1

    def augment(self, report: DatasetReport) -> Augment:
        """Variation apart from the choice of the crop."""
        counts_objects = any(s.extra.get(MASK_KIND) == "objects" for s in report.samples)
        return Augment(
            flip=self.flip,
            dihedral=counts_objects if self.dihedral is None else self.dihedral,
            rotate=self.rotate,
            zoom=1.1,
            stretch=0.05,
            light=self.light,
            contrast=self.light,
            colour=self.colour,
        )


@dataclass(frozen=True, slots=True)
class Frame:
    """The sizes that a training works at."""

    longest: int
    """Larger pictures are reduced to this longer side (pixels)."""
    usual: tuple[int, int]
    """Width and height of the usual picture after that."""
    is_square: bool
    """Crops are square: the pictures lie both ways."""

    def crop(self, longer: int) -> tuple[int, int]:
        """Width and height of the crops of a phase whose pictures have this longer side; multiples of STEP."""
        width, height = self.usual
        factor = (longer or max(width, height)) / max(width, height)
        width, height = round(width * factor), round(height * factor)
        if self.is_square:
            width = height = round(math.sqrt(width * height))
        return _stepped(width), _stepped(height)


def frame_of(report: DatasetReport, params: SegmentParams, request: Request) -> Frame:
    """Decide the sizes from what the folder holds, the wish, the quality and the time."""
    samples = report.side("train") or report.samples
    allowed = params.size or _affordable(samples, params, request)
    usual = int(median(max(s.width, s.height) for s in samples)) if samples else allowed
    longest = max((max(s.width, s.height) for s in samples), default=allowed)
    # Reduced ones all come to the same longer side; small enough ones are all seen as they are.
    kept = allowed if params.size or usual > allowed else min(longest, 2 * allowed)
    return Frame(kept, _usual_shape(samples, min(usual, kept)), _is_mixed(samples))


def epochs_for(report: DatasetReport, minutes: float, crop: tuple[int, int], pace: float = 1.0) -> float:
    """How many epochs will fit, roughly, at least one; `pace` relative to the usual network."""
    pixels = max(1, len(report.side("train"))) * crop[0] * crop[1]
    return max(1.0, minutes * 60 * _PIXELS_A_SECOND * pace / pixels)


def epochs_between_validations(report: DatasetReport, frame: Frame, phases: Sequence[Phase]) -> float:
    """So many that validating takes a twentieth of the time or so, and that the curve has some forty points."""
    look = judged_count(report, frame, 0) * math.prod(frame.usual)
    train = max(1, len(report.side("train")))
    epochs = sum(phase.length for phase in phases)
    learn = _BACKWARD * train * sum(math.prod(frame.crop(p.size)) * p.length for p in phases) / epochs
    return max(1.0, round(max(look / (learn * _VALIDATION_SHARE), epochs / 40)))


def judged_count(report: DatasetReport, frame: Frame, minutes: float) -> int:
    """How many pictures of the validation side a validation looks at: all, unless that takes too long.

    Without a time budget at most what costs half an epoch.
    """
    count = len(report.side("valid"))
    look = math.prod(frame.usual)
    seconds = minutes * 60 * _LOOK_SHARE
    allowed = _BACKWARD * _PIXELS_A_SECOND * seconds / look if minutes else len(report.side("train")) * 1.5
    return min(count, max(_FEWEST_JUDGED, int(allowed)))


def encoder_for(params: SegmentParams, request: Request) -> str:
    """Name of the learned encoder, "" for a network from scratch.

    Raises UserError when the training shall start from a model that is not installed, or not of this kind.
    """
    if params.encoder == "from scratch":
        return ""
    if params.encoder != "automatic":
        return params.encoder
    if params.start_from:
        return start_of(params.start_from).encoder
    has_time = request.minutes == 0 or request.minutes >= ENCODER_MINUTES
    return "lite0" if has_time and _is_installed(model_of("lite0")) else ""


def is_large(encoder: str) -> bool:
    """Whether it is slower than the network from scratch."""
    return encoder not in ("", SMALL)


def model_of(encoder: str) -> str:
    """Id of the model that holds the weights of an encoder."""
    return "encoder-small" if encoder == SMALL else f"imagenet-{encoder}"


def width_for(params: SegmentParams, request: Request) -> float:
    """Of the network from scratch: 0.5 at the lowest quality, 1 in the middle, 2 at the highest."""
    started = start_of(params.start_from).width if params.start_from else None
    return params.width or started or 2 ** (2 * request.quality - 1)


def network_values(classes: int, params: SegmentParams, request: Request) -> tuple[str, dict[str, Any]]:
    """The architecture of the network, and what builds it."""
    encoder = encoder_for(params, request)
    if is_large(encoder):
        return "unet", {"encoder": encoder, "classes_or_planes": classes, "full_size": False}
    values: dict[str, Any] = {"classes_or_planes": classes, "width": width_for(params, request)}
    return "small_unet", values | ({"encoder_width": 1.0} if encoder == SMALL else {})


def _is_installed(model: str) -> bool:
    from imgstudio.engine.registry import ModelRegistry

    return any(manifest.id == model for manifest in ModelRegistry.of_user().manifests())


def _affordable(samples: Sequence[Sample], params: SegmentParams, request: Request) -> int:
    """The longer side that the quality allows, if there is time to see the pictures often enough at it."""
    allowed = _stepped(round(256 + 512 * request.quality))
    if not request.minutes or not samples:
        return allowed
    pace = _PIXELS_A_SECOND * (ENCODER_PACE if is_large(encoder_for(params, request)) else 1)
    width, height = _usual_shape(samples, 1000)
    squares = request.minutes * 60 * pace / (_EPOCHS_WANTED * len(samples) * width * height / 1000**2)
    return max(_LEAST_SIZE, min(allowed, _stepped(round(math.sqrt(squares)))))


def _usual_shape(samples: Sequence[Sample], longer: int) -> tuple[int, int]:
    """The shape of the median picture, with this longer side."""
    ratio = median([s.width / s.height for s in samples if s.width and s.height] or [1.0])
    return (longer, round(longer / ratio)) if ratio >= 1 else (round(longer * ratio), longer)


def _is_mixed(samples: Sequence[Sample]) -> bool:
    lying = sum(s.width > s.height for s in samples)
    standing = sum(s.width < s.height for s in samples)
    return min(lying, standing) > _MIXED * len(samples)


def _stepped(side: int) -> int:
    return max(STEP, round(side / STEP) * STEP)
