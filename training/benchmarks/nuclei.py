"""Nuclei as a user brings them: the folder, ten minutes, nothing set; Dice on pictures that were held out.

python -m training.benchmarks.nuclei --data ../shared/data --minutes 10 --out runs/nuclei
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path

from imgstudio.core.jobs import Progress
from imgstudio.learn.recipe import Request, Setup
from imgstudio.learn.recipes.segment_unet import RECIPE
from imgstudio.learn.segmentation_settings import SegmentParams
from training.benchmarks.segmentation import judged, table_of, train, use_threads, write_json


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Nuclei through the recipe segment_unet with default settings."
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/nuclei"))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    use_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    params, request = SegmentParams(), Request(args.minutes)
    report = RECIPE.check(args.data / "nuclei", params, Progress())
    plan = replace(RECIPE.plan(report, params, request), seed=args.seed)
    setup = Setup(report, params, plan, request)
    rows = judged(train(RECIPE, setup, args.out, "Nuclei", resume=args.resume), report)
    print(table_of(rows, tuple(known.name for known in report.classes)))
    for row in rows:
        print(f"{row.name}: mean Dice of the pictures {row.scores['Dice, mean of pictures']:.4f}")
    write_json(args.out / "scores.json", rows)


if __name__ == "__main__":
    main()
