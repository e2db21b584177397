"""fastai's unet_learner on CamVid, run by the interpreter that has fastai; its last line is JSON.

Knows nothing of imgstudio, so that any virtual environment will do: pip install fastai.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

NAMES = [
    "Sky", "Building", "Pole", "Road", "Pavement", "Tree",
    "SignSymbol", "Fence", "Car", "Pedestrian", "Bicyclist", "Void",
]  # fmt: skip
VOID = 11
BATCH, SIDES = 8, (180, 240)
STEPS, WARM_STEPS = 6, 2


def loaders(data: Path) -> Any:
    """Training and validation pictures of the folder's own split, at 240 x 180, with fastai's own variation."""
    vision = importlib.import_module("fastai.vision.all")
    files = sorted((data / "train").iterdir()) + sorted((data / "val").iterdir())

    def mask(path: Path) -> Path:
        return path.parent.with_name(path.parent.name + "annot") / f"{path.stem}.png"

    block = vision.DataBlock(
        blocks=(vision.ImageBlock, vision.MaskBlock(codes=NAMES)),
        get_y=mask,
        splitter=vision.FuncSplitter(lambda path: path.parent.name == "val"),
        item_tfms=vision.Resize(SIDES, method="squish"),
        batch_tfms=[*vision.aug_transforms(size=SIDES), vision.Normalize.from_stats(*vision.imagenet_stats)],
    )
    return block.dataloaders(files, bs=BATCH, device=torch.device("cpu"))


def learner(dls: Any) -> Any:
    """As in the lesson, but the encoder starts from nothing."""
    vision = importlib.import_module("fastai.vision.all")
    loss = vision.CrossEntropyLossFlat(axis=1, ignore_index=VOID)
    return vision.unet_learner(dls, vision.resnet18, pretrained=False, loss_func=loss, n_out=VOID, wd=1e-2)


def pace(model: Any, *, is_fast: bool) -> float:
    """Pictures a second of training steps."""
    image, truth = torch.rand(BATCH, 3, *SIDES), torch.randint(0, VOID, (BATCH, *SIDES))
    if is_fast:
        model, image = (item.to(memory_format=torch.channels_last) for item in (model, image))
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3)
    times = []
    for _ in range(WARM_STEPS + STEPS):
        started = time.monotonic()
        optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=is_fast):
            scores = model(image)
        F.cross_entropy(scores.float(), truth).backward()
        optimiser.step()
        times.append(time.monotonic() - started)
    return BATCH / min(times[WARM_STEPS:])


def trained(dls: Any, minutes: float) -> Any:
    """One cycle of as many epochs as fit into the time, going by the measured pace and one validation an epoch."""
    learn = learner(dls)
    a_second = pace(learn.model, is_fast=False)
    epoch = (len(dls.train_ds) + len(dls.valid_ds) / 3) / a_second
    learn = learner(dls)
    epochs = max(1, round(minutes * 60 / epoch))
    started = time.monotonic()
    learn.fit_one_cycle(epochs, 3e-3)
    print(f"{epochs} epochs in {(time.monotonic() - started) / 60:.1f} minutes", file=sys.stderr)
    return learn


def scores(learn: Any, data: Path) -> dict[str, dict[str, float]]:
    """Against the masks at 240 x 180 and, enlarged, at their full size."""
    small, full = np.zeros((VOID, VOID), np.int64), np.zeros((VOID, VOID), np.int64)
    predictions, _ = learn.get_preds(dl=learn.dls.valid, reorder=True)
    for path, prediction in zip(learn.dls.valid_ds.items, predictions, strict=True):
        with Image.open(data / "valannot" / f"{path.stem}.png") as file:
            truth = np.asarray(file)
            own = np.asarray(file.resize(SIDES[::-1], Image.Resampling.NEAREST))
        small += _confusion(own, prediction.argmax(0).numpy())
        larger = F.interpolate(prediction[None], truth.shape, mode="bilinear", align_corners=False)
        full += _confusion(truth, larger[0].argmax(0).numpy())
    return {"240 x 180": _figures(small), "480 x 360": _figures(full)}


def _confusion(truth: Any, predicted: Any) -> Any:
    known = truth < VOID
    pairs = truth[known].astype(np.int64) * VOID + predicted[known]
    return np.bincount(pairs, minlength=VOID * VOID).reshape(VOID, VOID)


def _figures(table: Any) -> dict[str, float]:
    right = np.diag(table)
    overlap = right / (table.sum(0) + table.sum(1) - right)
    by_class = {f"IoU {name}": float(value) for name, value in zip(NAMES, overlap, strict=False)}
    return {"accuracy": float(right.sum() / table.sum()), "mean IoU": float(np.nanmean(overlap)), **by_class}


def main() -> None:
    parser = argparse.ArgumentParser(description="fastai's unet_learner on CamVid.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--speed", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    dls = loaders(args.data)
    if args.speed:
        model = learner(dls).model
        values = {"as it comes": pace(model, is_fast=False), "bf16 channels_last": pace(model, is_fast=True)}
        print(json.dumps({name: {"pictures/s": value} for name, value in values.items()}))
        return
    print(json.dumps(scores(trained(dls, args.minutes), args.data)))


if __name__ == "__main__":
    main()
