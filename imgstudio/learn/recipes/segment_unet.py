"""Recipe "segment_unet": learns from pictures and masks to tell for every pixel what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from imgstudio.core.jobs import Progress
from imgstudio.learn.builders import one_cycle
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan
from imgstudio.learn.recipe import Recipe, Request, Setup, TrainSession
from imgstudio.learn.segmentation_settings import (
    ENCODER_PACE,
    SMALLEST,
    STEP,
    SegmentParams,
    encoder_for,
    epochs_between_validations,
    epochs_for,
    frame_of,
    is_large,
    network_values,
)
from imgstudio.learn.segmentation_start import SMALL, check_start

BATCH: Final = 8
RATE: Final = 4e-3
"""Top of the one-cycle from scratch."""
DECAY: Final = Optimiser("muon", weight_decay=1e-2)
ENCODER_DECAY: Final = Optimiser("adamw", weight_decay=1e-2)
"""Of a learned encoder. Muon ended the first cycle of 10 minutes on CamVid with an accuracy of 0.860, AdamW, whose
steps cost less, with 0.888.
"""
HALF: Final = 0.7
"""Size of the first pictures, relative to the last."""
SHARES: Final = (0.2, 0.5, 0.3)
"""Of the time: climb and descent on small pictures, descent on large ones."""
TURN: Final = (0.3, 0.9)
"""Rate, relative to its top, and momentum where the pictures grow."""
ENCODER_SHARES: Final = (0.08, 0.42, 0.05, 0.45)
"""Of the time: encoder at rest and learning on small pictures, the same on large ones."""
ENCODER_RATES: Final = (3e-3, 1.5e-3, 1e-3, 7e-4)
SPREAD: Final = 0.1
"""Rate of the encoder's first layers relative to that of the decoder."""
SMALL_SPREAD: Final = 0.3
"""The same where the small encoder learns from the start, which looked at photos for minutes, not for days."""
UNTIMED: Final = 30.0
"""Minutes to plan for without a time budget."""

EpochsOf = Callable[[float, int], float]
"""How many epochs fit into a share of the time with pictures of a longer side."""


def check(folder: Path, params: SegmentParams, progress: Progress) -> DatasetReport:
    from imgstudio.learn.dataset.check import check_segmentation

    return check_segmentation(folder, progress)


def plan(report: DatasetReport, params: SegmentParams, request: Request) -> Plan:
    """One cycle on pictures that grow; with a learned encoder that first rests, then learns slowly, twice.

    Sizes follow the folder, the quality and the wish; the lengths of phases share out the minutes. Raises UserError
    when it shall start from a model that does not fit.
    """
    if params.start_from:
        values = network_values(len(report.classes), params, request)
        check_start(params.start_from, [known.name for known in report.classes], *values)
    frame = frame_of(report, params, request)
    large = max(frame.usual)
    small = min(large, max(SMALLEST, round(large * HALF / STEP) * STEP))
    encoder = encoder_for(params, request)
    has_encoder = is_large(encoder)
    minutes = (request.minutes or UNTIMED) * (ENCODER_PACE if has_encoder else 1)

    def epochs(share: float, size: int) -> float:
        return round(epochs_for(report, minutes * share, frame.crop(size)), 1)

    phases = (_on_encoder if has_encoder else _from_scratch)(epochs, small, large)
    if encoder == SMALL:
        phases = tuple(replace(phase, optimiser=ENCODER_DECAY, spread=SMALL_SPREAD) for phase in phases)
    return Plan(
        phases,
        minutes=request.minutes,
        average_decay=0.99,
        validate_every=epochs_between_validations(report, frame, phases),
    )


def start(setup: Setup[SegmentParams]) -> TrainSession:
    from imgstudio.learn.tasks.segment import SegmentTask
    from imgstudio.learn.trainer import Trainer

    return Trainer(SegmentTask(setup), setup.plan, setup.device)


def _from_scratch(epochs: EpochsOf, small: int, large: int) -> tuple[Phase, ...]:
    level, momentum = TURN
    stages = (
        (f"{small} px, climb", small, (0.04, 1.0), (0.95, 0.85)),
        (f"{small} px, descent", small, (1.0, level), (0.85, momentum)),
        (f"{large} px, finish", large, (level, 1e-3), (momentum, 0.95)),
    )
    return tuple(
        Phase(
            name,
            epochs(share, size),
            rate=Curve("cosine", *(RATE * height for height in heights)),
            momentum=Curve("cosine", *momenta),
            optimiser=DECAY,
            size=size,
            batch=BATCH,
        )
        for (name, size, heights, momenta), share in zip(stages, SHARES, strict=True)
    )


def _on_encoder(epochs: EpochsOf, small: int, large: int) -> tuple[Phase, ...]:
    stages = (("head", small, 2), ("all", small, 0), ("head", large, 2), ("all", large, 0))
    phases: list[Phase] = []
    for (what, size, frozen), share, rate in zip(stages, ENCODER_SHARES, ENCODER_RATES, strict=True):
        phases += one_cycle(
            epochs(share, size),
            rate,
            name=f"{size} px, {what}",
            warm_up=0.7 if frozen else 0.25,
            optimiser=ENCODER_DECAY,
            size=size,
            batch=BATCH,
            frozen=frozen,
            spread=1.0 if frozen else SPREAD,
        )
    return tuple(phases)


RECIPE = Recipe(
    id="segment_unet",
    name="Segment",
    help="A network that tells for every pixel what it shows, and becomes a filter that marks or cuts it out.",
    data="A folder of pictures and their masks, as most programs write them.",
    params=SegmentParams,
    task="segment",
    check=check,
    plan=plan,
    start=start,
)
