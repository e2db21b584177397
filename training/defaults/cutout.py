"""Trains the network behind "Cut out subject" and writes its model folder.

python -m training.defaults.cutout_teacher --out runs/cutout/teacher
python -m training.defaults.cutout --teacher runs/cutout/teacher --minutes 70 --out runs/cutout/run
python -m training.benchmarks.cutout --json runs/cutout/scores.json
python -m training.defaults.cutout --teacher runs/cutout/teacher --out runs/cutout/run --export-only \
    --scores runs/cutout/scores.json

The trunk starts from EfficientNet-Lite0, which comes from the model manager. Cross-entropy, overlap and structural
likeness together (the hybrid loss of BASNet, Qin et al. 2019), at every size of the decoder. Photos without an
outline may be outlined by a teacher first (distillation). Without --teacher they are left out.
--resume goes on from the checkpoint with the same arguments; --export-only writes the model of the checkpoint.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.core.pixels import to_float
from imgstudio.engine.manifest import ModelManifest
from imgstudio.engine.nets.lite0 import Lite0
from imgstudio.engine.nets.salientnet import ARCHITECTURE, SalientNet
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.salience import salience
from imgstudio.learn.crops import tensor_of
from imgstudio.learn.plan import Curve, Optimiser, Phase, Plan
from imgstudio.learn.reports import Goal, PreviewRow, Validation
from imgstudio.learn.saliency_scores import SaliencyScores
from imgstudio.learn.task import Batch, Terms
from imgstudio.learn.trainer import Trainer
from training.defaults.cutout_data import BACKGROUNDS, FOLDERS, Pool, example, split, tensors_of
from training.defaults.script import bring, finish, given, options, save_whole_view

LOG = logging.getLogger("training.cutout")
EPOCHS: Final = 20.0
EPOCH: Final = 2000
"""Pictures drawn in one."""
STAGES: Final = ((160, 0.36, 12), (224, 0.36, 8), (288, 0.28, 6))
"""Side of the pictures (pixels), share of the time, batch; one after the other."""
RATES: Final = (1.5e-3, 8e-4, 3e-4, 2e-6)
"""Of the decoder at the ends of the stages."""
TRUNK: Final = 0.06
"""Rate of the first layers, which know much already / rate of the decoder."""
WARM_UP: Final = 0.05
COARSE: Final = 0.3
"""Weight of each answer but the finest."""
LIKENESS: Final = 0.5
WINDOW: Final = 11
"""In which the structure of two maps is compared (pixels)."""
LICENCES: Final = {
    "large_crops": "CC0, CC BY(-SA), GPL-2+, Unsplash",
    "imagenet1000": "research",
    "coco": "Flickr terms",
    "bsds_train_test": "research",
    "cid22": "CC BY-SA 4.0",
}
LIMITS: Final = (
    "Finds one thing, or a group, that stands out: people, animals, objects in front of something else. Where nothing "
    "does, or all things equally, it is unsure. Hair and fur get their edges from the picture, glass stays opaque."
)


def plan_of(minutes: float, seed: int) -> Plan:
    """Small pictures first, then larger ones; the rate only falls after a short climb."""
    phases = [
        Phase("Climb", EPOCHS * WARM_UP, rate=Curve("linear", RATES[0] / 50, RATES[0]), size=STAGES[0][0])
    ]
    for (side, share, batch), start, end in zip(STAGES, RATES[:-1], RATES[1:], strict=True):
        length = EPOCHS * (share - (WARM_UP if side == STAGES[0][0] else 0))
        phases.append(Phase(f"{side} px", length, rate=Curve("cosine", start, end), size=side, batch=batch))
    rule = Optimiser("adamw", weight_decay=1e-2, beta2=0.99)
    made = tuple(
        Phase(p.name, p.length, rate=p.rate, size=p.size, batch=p.batch, optimiser=rule, spread=TRUNK)
        for p in phases
    )
    return Plan(made, minutes=minutes, seed=seed, clip=5.0, average_decay=0.995, validate_every=8.0)


class CutoutTask:
    """Guards that no picture that judges is ever learned from."""

    goal = Goal("max F")

    def __init__(self, data: Path, start: Lite0, *, teacher: Path | None = None, seed: int = 0) -> None:
        """The trunk of `start` is where the network begins; `teacher` is a folder of maps of photos."""
        self._pool = Pool(data, teacher)
        self._judged = split(data / "masks" / "ecssd")[1]
        torch.manual_seed(seed)
        network = SalientNet()
        network.start_from(start)
        self.network: nn.Module = network
        self.groups: Sequence[Sequence[nn.Module]] = network.groups()
        self.train_count = EPOCH
        LOG.info("%d pictures to learn from, %d that judge", len(self._pool), len(self._judged))

    def batch(self, indices: Sequence[int], phase: Phase, random: np.random.Generator) -> Batch:
        photos, masks = tensors_of([self._pool.draw(phase.size, random) for _ in indices])
        return {"photo": tensor_of([*photos]), "mask": torch.from_numpy(masks)[:, None].float() / 255}

    def losses(self, network: nn.Module, batch: Batch) -> Terms:
        assert isinstance(network, SalientNet)
        *coarse, finest = network.answers(batch["photo"])
        wanted = batch["mask"]
        pairs = [
            (scores, F.adaptive_avg_pool2d(wanted, (scores.shape[2], scores.shape[3]))) for scores in coarse
        ]
        mask = F.adaptive_avg_pool2d(wanted, (finest.shape[2], finest.shape[3]))
        zero = finest.new_zeros(())
        return {
            "entropy": F.binary_cross_entropy_with_logits(finest, mask),
            "overlap": overlap_loss(finest, mask),
            "likeness": LIKENESS * likeness_loss(finest, mask),
            "coarse": COARSE
            * sum(
                (F.binary_cross_entropy_with_logits(s, m) + overlap_loss(s, m) for s, m in pairs), start=zero
            ),
        }

    def validate(self, network: nn.Module) -> Validation:
        """Pictures of ECSSD that were kept back, at their own size, seen once."""
        scores = SaliencyScores()
        errors = []
        for path in self._judged:
            one = example(path)
            found = salience(network, to_float(one.photo), mirrored=False)
            large = cv2.resize(found, one.mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
            errors.append((path.name, scores.add(np.asarray(large, np.float32), one.mask > 127)))
        worst = sorted(errors, key=itemgetter(1), reverse=True)
        return Validation(scores.mae, {"max F": scores.max_f, "MAE": scores.mae}, pictures=tuple(worst))

    def previews(self, network: nn.Module) -> list[PreviewRow]:
        return []

    def export(
        self, network: nn.Module, folder: Path, name: str, training: Mapping[str, Any]
    ) -> ModelManifest:
        """Write the model; `training["benchmark"]`, where given, is the scores of the card."""
        photos = {*BACKGROUNDS, *self._pool.taught}
        taught = ", ".join(f"photos/{source}" for source in self._pool.taught)
        return save_whole_view(
            network,
            folder,
            name,
            task="cutout",
            architecture=ARCHITECTURE,
            multiple_of=SalientNet.multiple_of,
            data={
                **{f"masks/{folder}": "research" for folder in FOLDERS},
                **{f"photos/{folder}": LICENCES[folder] for folder in sorted(photos)},
            },
            training={
                **training,
                "began as": "imagenet-lite0",
                **({"teacher": f"U2-NetP, Apache-2.0, for {taught}"} if taught else {}),
            },
            limits=LIMITS,
        )


def overlap_loss(scores: Tensor, mask: Tensor) -> Tensor:
    """1 - soft intersection over union, mean over the pictures; (n, 1, h, w) scores and 0..1."""
    share = scores.sigmoid()
    both = (share * mask).sum((1, 2, 3))
    either = (share + mask - share * mask).sum((1, 2, 3))
    return (1 - (both + 1) / (either + 1)).mean()


def likeness_loss(scores: Tensor, mask: Tensor) -> Tensor:
    """1 - SSIM of the map and the mask, in square windows."""
    share = scores.sigmoid()

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool2d(values, WINDOW, 1)

    a, b = mean(share), mean(mask)
    variances = mean(share * share) - a * a + mean(mask * mask) - b * b
    shared = mean(share * mask) - a * b
    ssim = (2 * a * b + 1e-4) * (2 * shared + 9e-4) / ((a * a + b * b + 1e-4) * (variances + 9e-4))
    return 1 - ssim.mean()


def main() -> None:
    parser = options("Train the network that finds the subject of a picture.", minutes=70)
    parser.add_argument("--teacher", type=Path, help="folder of maps of photos without masks")
    args = given(parser)
    classifier = ModelRegistry.of_user().load("imagenet-lite0")
    assert isinstance(classifier, Lite0)
    task = CutoutTask(args.data, classifier, teacher=args.teacher, seed=args.seed)
    trainer = Trainer(task, plan_of(args.minutes, args.seed), args.device)
    bring(trainer, args)
    finish(trainer, task, args, "cutout", "Cut out subject")


if __name__ == "__main__":
    main()
