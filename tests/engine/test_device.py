"""Devices, number formats, memory and running out of it."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import weakref

import numpy as np
import pytest
import torch

from imgstudio.core.errors import UserError
from imgstudio.engine import device as devices
from imgstudio.engine.memory import main_memory, parsed_meminfo

CPU = torch.device("cpu")


def test_automatic_takes_a_device_that_works():
    device = devices.pick_device()
    assert torch.zeros(1, device=device).sum() == 0


def test_the_cpu_can_always_be_asked_for():
    assert devices.pick_device("cpu") == CPU


def test_an_unknown_device_is_told_to_the_user():
    with pytest.raises(UserError, match="toaster"):
        devices.pick_device("toaster")


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_an_absent_device_is_told_to_the_user(name):
    there = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}[name]()
    if there:
        assert devices.pick_device(name).type == name
    else:
        with pytest.raises(UserError, match="cannot be used"):
            devices.pick_device(name)


def test_the_number_format_can_compute_there():
    dtype = devices.compute_dtype(CPU)
    assert dtype in (torch.float32, torch.bfloat16)
    layer = torch.nn.Conv2d(3, 4, 3)
    with torch.no_grad(), devices.autocast(CPU):
        assert layer(torch.ones(1, 3, 8, 8)).dtype == dtype


def test_float32_is_left_alone():
    with torch.no_grad(), devices.autocast(CPU, torch.float32):
        assert torch.nn.Linear(2, 2)(torch.ones(1, 2)).dtype == torch.float32


def test_threads_are_all_cores_but_one_unless_asked():
    before = torch.get_num_threads()
    try:
        assert devices.set_threads() == max(1, devices.core_count() - 1)
        assert devices.set_threads(1) == 1
    finally:
        torch.set_num_threads(before)


def test_the_budget_follows_the_setting_but_never_exceeds_what_is_free():
    free = devices.free_memory(CPU)
    assert devices.memory_budget(CPU) < free
    assert devices.memory_budget(CPU, 200) == 200 << 20
    assert devices.memory_budget(CPU, 1 << 30) < free


def test_the_machines_memory_is_known():
    memory = main_memory()
    assert 0 < memory.available <= memory.total
    assert memory.total > 256 << 20


def test_meminfo_is_read_in_bytes():
    text = "MemTotal:  2048 kB\nMemFree:  5 kB\nMemAvailable:    1024 kB\nHugePages_Total:       0\n"
    assert parsed_meminfo(text) == (2 << 20, 1 << 20)


@pytest.mark.parametrize(
    "allocate",
    [lambda: torch.empty(1 << 50), lambda: np.empty(1 << 58, np.uint8), lambda: bytearray(1 << 60)],
)
def test_running_out_of_memory_has_one_name(allocate):
    with pytest.raises(devices.OutOfMemory), devices.guard():
        allocate()


@pytest.mark.parametrize("message", ["CUDA out of memory. Tried", "MPS backend out of memory (MPS allocated"])
def test_other_devices_running_out_has_the_same_name(message):
    with pytest.raises(devices.OutOfMemory), devices.guard():
        raise RuntimeError(message)


def test_other_errors_pass_the_guard():
    with pytest.raises(RuntimeError, match="shapes"), devices.guard():
        raise RuntimeError("shapes do not match")


def test_the_failure_keeps_no_tensor_alive():
    alive = []

    def fill() -> None:
        tensor = torch.zeros(8)
        alive.append(weakref.ref(tensor))
        torch.empty(1 << 50)

    try:
        with devices.guard():
            fill()
    except devices.OutOfMemory:
        gc.collect()
        assert alive[0]() is None


def test_the_report_can_be_written_as_json():
    report = json.loads(json.dumps(devices.device_report()))
    assert report["device"] == devices.pick_device().type
    assert report["memory_mb"] >= report["memory_available_mb"] > 0


def test_releasing_is_harmless():
    devices.release()


def test_importing_the_engine_does_not_import_torch():
    modules = ["device", "tensors", "tiling", "manifest", "registry", "sources", "hashing", "converters"]
    code = f"import sys; {'; '.join(f'import imgstudio.engine.{m}' for m in modules)}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
