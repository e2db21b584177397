"""What `torchrun` starts in test_distributed.py: one of several processes of a small run."""

import itertools
import json
import sys
from pathlib import Path

from imgstudio.core.jobs import Progress
from imgstudio.learn.distributed import Processes, is_main
from imgstudio.learn.plan import EarlyStop, Optimiser
from tests.learn.tiny_task import phase, plan, small_net, trainer

OWN = plan(
    phase("head", 6, batch=8, frozen=1, optimiser=Optimiser("sgd")),
    phase("all", 8, batch=7, optimiser=Optimiser("adamw", 0.01), averages=True),
    accumulate=1,
    early_stop=EarlyStop(),
)


def out_of_memory_once(batch, terms):
    """Only one process runs out of memory, and all halve."""
    import os

    if os.environ.get("RANK") == "1" and len(batch["index"]) > 2:
        raise MemoryError
    return terms


def main(folder: Path) -> None:
    run = trainer(OWN, network=small_net(norm=False, dropout=0), spoil=out_of_memory_once)
    sweep = run.find_rate(Progress(), count=5)
    first = list(itertools.islice(run.steps(), 5))
    run.save(folder / "checkpoint")
    reports = first + list(run.steps())
    if is_main():
        weights = {name: value.tolist() for name, value in run.network_now().state_dict().items()}
        losses = [report.loss for report in reports]
        result = {"losses": losses, "weights": weights, "swept": [p.loss for p in sweep.points]}
        (folder / "result.json").write_text(json.dumps(result))
    Processes().leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
