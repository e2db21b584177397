"""CamVid, trained through the recipe: accuracy, mean IoU, every class; and side by side with fastai.

python -m training.benchmarks.camvid --data ../shared/data --minutes 30 --out runs/camvid
python -m training.benchmarks.camvid --encoder lite0 --minutes 90 --out runs/camvid-lite0
python -m training.benchmarks.camvid --speed [--fastai VENV/bin/python]
python -m training.benchmarks.camvid --fastai VENV/bin/python --minutes 20 --out runs/camvid-20
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from imgstudio.core import params as declared
from imgstudio.core.jobs import Progress
from imgstudio.engine.device import autocast, compute_dtype
from imgstudio.engine.nets.small_unet import SmallUNet
from imgstudio.engine.nets.unet import UNet
from imgstudio.learn.dataset.report import DatasetReport
from imgstudio.learn.plan import plan_from_json
from imgstudio.learn.recipe import Request, Setup
from imgstudio.learn.recipes.segment_unet import RECIPE
from imgstudio.learn.segmentation_settings import SegmentParams
from training.benchmarks.segmentation import Judged, judged, table_of, train, use_threads, write_json

LOG = logging.getLogger("training.camvid")
FASTAI = Path(__file__).with_name("camvid_fastai.py")
BATCH, SIDES = 8, (180, 240)
"""Of fastai's lesson, halved: height and width."""
STEPS, WARM_STEPS = 6, 2
CLASSES = 11
CPU = torch.device("cpu")


def main() -> None:
    args = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    use_threads(args.threads)
    if args.speed:
        print_speed(args.data / "camvid", args.fastai)
        return
    args.out.mkdir(parents=True, exist_ok=True)
    if args.test is not None:
        _print_judged(judged(args.out / "model", RECIPE.check(args.test, SegmentParams(), Progress())), args)
        return
    setup = setup_of(args)
    rows = judged(train(RECIPE, setup, args.out, "CamVid", resume=args.resume), setup.report)
    if args.fastai is not None:
        rows += fastai_scores(args.fastai, args.data / "camvid", args.minutes, args.threads)
    _print_judged(rows, args)


def setup_of(args: argparse.Namespace) -> Setup[SegmentParams]:
    """Checked data and the plan that the recipe proposes, or the one of a file."""
    values = [f"encoder={args.encoder}", *args.set]
    params = declared.from_text(SegmentParams, values)
    report = RECIPE.check(args.data / "camvid", params, Progress())
    request = Request(args.minutes, args.quality)
    plan = RECIPE.plan(report, params, request)
    if args.plan is not None:
        plan = plan_from_json(args.plan.read_text(encoding="utf-8"))
    _tell(report)
    for phase in plan.phases:
        LOG.info("%s: %.1f epochs at %d px", phase.name, phase.length, phase.size)
    return Setup(report, params, replace(plan, seed=args.seed), request, args.device)


def fastai_scores(python: Path, data: Path, minutes: float, threads: int) -> list[Judged]:
    """Train fastai's learner on the same split for the same minutes, in its own interpreter."""
    values = _fastai(python, data, "--minutes", str(minutes), "--threads", str(threads))
    return [Judged(f"fastai, {size}", scores, 0.0) for size, scores in values.items()]


def print_speed(data: Path, python: Path | None) -> None:
    """Pictures a second of training steps, batch 8 at 240 x 180: ours, the very same network both ways, fastai's."""
    how = f"{str(compute_dtype(CPU)).removeprefix('torch.')} channels_last"
    rows = [
        (f"{name}, {kind}", _pace(build(), is_ours=is_ours))
        for name, build in (
            ("our default U-Net", lambda: SmallUNet(CLASSES)),
            ("our U-Net on ResNet-18", lambda: UNet("resnet18", CLASSES)),
        )
        for kind, is_ours in ((f"as it trains here: {how}", True), ("plain float32", False))
    ]
    if python is not None:
        values = _fastai(python, data, "--speed", "--threads", str(torch.get_num_threads()))
        rows += [(f"fastai unet_learner, {name}", pace["pictures/s"]) for name, pace in values.items()]
    print("| training steps, batch 8, 240 x 180 | pictures a second |\n|---|---|")
    for name, pace in rows:
        print(f"| {name} | {pace:.2f} |")


def _pace(network: nn.Module, *, is_ours: bool) -> float:
    """Pictures a second of forward, backward and AdamW."""
    image, truth = torch.rand(BATCH, 3, *SIDES), torch.randint(0, CLASSES, (BATCH, *SIDES))
    if is_ours:
        network.to(memory_format=torch.channels_last)
        image = image.contiguous(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3)

    def step() -> None:
        optimiser.zero_grad()
        with autocast(CPU, None if is_ours else torch.float32):
            scores: Tensor = network(image)
        F.cross_entropy(scores.float(), truth).backward()
        optimiser.step()

    return BATCH / _best_seconds(step)


def _best_seconds(step: Callable[[], None]) -> float:
    times = []
    for _ in range(WARM_STEPS + STEPS):
        started = time.monotonic()
        step()
        times.append(time.monotonic() - started)
    return min(times[WARM_STEPS:])


def _fastai(python: Path, data: Path, *options: str) -> dict[str, dict[str, float]]:
    command = [str(python), str(FASTAI), "--data", str(data), *options]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    values: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return values


def _tell(report: DatasetReport) -> None:
    LOG.info(
        "%d to train, %d to judge. %s", len(report.split.train), len(report.split.valid), report.split.by
    )
    for finding in report.findings:
        LOG.info("%s: %s", finding.severity, finding.what)


def _print_judged(rows: list[Judged], args: argparse.Namespace) -> None:
    classes = tuple(name.removeprefix("IoU ") for name in rows[0].scores if name.startswith("IoU "))
    print(table_of(rows, classes))
    write_json(args.out / ("test.json" if args.test else "scores.json"), rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="CamVid through the recipe segment_unet.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/camvid"))
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--quality", type=float, default=0.5)
    parser.add_argument("--encoder", default="from scratch")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="parameters of the recipe"
    )
    parser.add_argument("--plan", type=Path, help="plan.json instead of the proposed plan")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--test", type=Path, help="only judge the model in --out on a folder (val, valannot)")
    parser.add_argument("--speed", action="store_true", help="only pictures a second")
    parser.add_argument("--fastai", type=Path, metavar="PYTHON", help="interpreter that has fastai: compare")
    return parser.parse_args()


if __name__ == "__main__":
    main()
