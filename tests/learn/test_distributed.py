"""Two processes under torchrun do what one does with the same effective batch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from imgstudio.core.errors import UserError
from imgstudio.learn.checkpoints import has_checkpoint
from imgstudio.learn.distributed import Processes
from tests.learn import distributed_run

pytest.importorskip("accelerate")

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform == "win32", reason="torchrun wants libuv there")
@pytest.mark.timeout(120)
def test_two_processes_train_as_one_does(tmp_path):
    together, alone = tmp_path / "together", tmp_path / "alone"
    together.mkdir()
    alone.mkdir()
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    started = subprocess.run(
        [sys.executable, *command, "-m", "tests.learn.distributed_run", str(together)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 0, started.stderr[-3000:]

    distributed_run.main(alone)

    first, second = (json.loads((folder / "result.json").read_text()) for folder in (together, alone))
    assert np.allclose(first["losses"], second["losses"], rtol=1e-5)
    assert np.allclose(first["swept"], second["swept"], rtol=1e-5)
    for name, value in second["weights"].items():
        assert np.allclose(first["weights"][name], value, atol=1e-6), name
    assert has_checkpoint(together / "checkpoint")


def test_without_torchrun_there_is_one_process_and_nothing_changes():
    processes = Processes("cpu")

    assert processes.slice_of(7) == slice(0, 7)
    assert processes.sums([1.5, 2.0]) == [1.5, 2.0]
    assert processes.from_main("said") == "said"
    assert processes.is_main


def test_a_missing_accelerate_is_told_with_what_to_install(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "accelerate", None)

    with pytest.raises(UserError, match=r"imgstudio\[distributed\]"):
        Processes("cpu")
