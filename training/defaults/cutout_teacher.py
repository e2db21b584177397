"""Outlines photos that have no mask with U2-NetP (Qin et al. 2020), for `training.defaults.cutout` to learn from.

imgstudio models install cutout-u2netp
python -m training.defaults.cutout_teacher --out runs/cutout/teacher

Maps are written once, as 320 x 320 PNGs named <folder>__<photo>.png; a photo that has one is left out.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import cv2
import torch
from torch import nn

from imgstudio.core.pixels import Array, from_float, to_float
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.salience import salience
from imgstudio.filters.builtin.cutout import MODELS
from imgstudio.learn.data import decoded, pictures_in
from training.defaults.cutout_data import TAUGHT

LOG = logging.getLogger("training.cutout_teacher")


def outline(network: nn.Module, photo: Array) -> Array:
    """(320, 320) uint8: 255 where (h, w, 3) has what stands out."""
    return from_float(salience(network, to_float(photo), mirrored=False))


def main() -> None:
    parser = argparse.ArgumentParser(description="Outline photos for the training of “Cut out subject”.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    teacher = ModelRegistry.of_user().load(MODELS["U2-NetP"])
    args.out.mkdir(parents=True, exist_ok=True)
    for folder in TAUGHT:
        photos = pictures_in(args.data / "photos" / folder)
        for index, path in enumerate(photos):
            target = args.out / f"{folder}__{path.stem}.png"
            if not target.is_file():
                cv2.imwrite(str(target), outline(teacher, decoded(path)))
            if index % 100 == 0:
                LOG.info("%s: %d of %d", folder, index, len(photos))


if __name__ == "__main__":
    main()
