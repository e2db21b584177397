"""Outlines photos that have no mask with U2-Net, small (Qin et al. 2020), for `training.defaults.cutout` to learn from.

python -m training.defaults.cutout_teacher --onnx u2netp.onnx --out runs/cutout/teacher

The weights, Apache-2.0, are in a package that MODELS.md of the design names. Maps are written once, as 320 x 320 PNGs
named <folder>__<photo>.png; a photo that has one is left out.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from imgstudio.core.pixels import Array
from imgstudio.learn.data import decoded, pictures_in
from training.defaults.cutout_data import TAUGHT

LOG = logging.getLogger("training.cutout_teacher")
SIDE: Final = 320
MEAN: Final = (0.485, 0.456, 0.406)
DEVIATION: Final = (0.229, 0.224, 0.225)


class Teacher:
    """The network as OpenCV runs it."""

    def __init__(self, onnx: Path) -> None:
        self._network = cv2.dnn.readNetFromONNX(str(onnx))
        self._finest = self._network.getUnconnectedOutLayersNames()[0]

    def outline(self, photo: Array) -> Array:
        """(320, 320) uint8: 255 where (h, w, 3) has what stands out."""
        small = cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        small /= max(float(small.max()), 1.0)
        normal = np.asarray((small - MEAN) / DEVIATION, np.float32)
        self._network.setInput(np.ascontiguousarray(normal.transpose(2, 0, 1)[None]))
        share = np.asarray(self._network.forward(self._finest))[0, 0]
        return np.asarray(np.rint(share.clip(0, 1) * 255), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description="Outline photos for the training of “Cut out subject”.")
    parser.add_argument("--onnx", type=Path, required=True, help="u2netp.onnx")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cv2.setNumThreads(1)
    teacher = Teacher(args.onnx)
    args.out.mkdir(parents=True, exist_ok=True)
    for folder in TAUGHT:
        photos = pictures_in(args.data / "photos" / folder)
        for index, path in enumerate(photos):
            target = args.out / f"{folder}__{path.stem}.png"
            if not target.is_file():
                cv2.imwrite(str(target), teacher.outline(decoded(path)))
            if index % 100 == 0:
                LOG.info("%s: %d of %d", folder, index, len(photos))


if __name__ == "__main__":
    main()
