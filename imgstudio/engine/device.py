"""The only place that knows cuda, mps and cpu, number formats, threads and running out of memory."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from imgstudio.core.errors import UserError
from imgstudio.engine.memory import main_memory

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

DeviceName = Literal["auto", "cpu", "cuda", "mps"]

_FREE_PART: Final = 0.6
"""Part of the free memory that the automatic budget takes: the rest is for the window and other programs."""
_LIMIT_PART: Final = 0.9
"""Part of the free memory that a budget set by the user may reach."""
_LEAST_BUDGET: Final = 128 << 20
_MEMORY_MESSAGES: Final = (
    "DefaultCPUAllocator",
    "MPS backend out of memory",
    "CUDA out of memory",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
)


class OutOfMemory(MemoryError):
    """It did not fit into the memory; a smaller tile may."""


def pick_device(name: str = "auto") -> torch.device:
    """Return the asked device, or for "auto" the fastest there is; raises UserError when it is absent."""
    import torch

    present: dict[str, Callable[[], bool]] = {
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
        "cpu": lambda: True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, is_there in present.items() if is_there()))
    if name not in present:
        raise UserError(f"There is no device called “{name}”", "", "Choose auto, cpu, cuda or mps.")
    if not present[name]():
        raise UserError(
            f"The device “{name}” cannot be used",
            "This machine has none, or its driver or this build of torch does not support it.",
            "Choose automatic or cpu in the settings.",
        )
    return torch.device(name)


def compute_dtype(device: torch.device) -> torch.dtype:
    """The fastest number format that networks may use there.

    bfloat16 on CPUs with instructions for it (twice as fast as float32; float16 is far slower there) and on
    GPUs that have it; float16 on older GPUs; otherwise float32.
    """
    import torch

    if device.type == "cuda":
        major, _ = torch.cuda.get_device_capability(device)
        return torch.bfloat16 if major >= 8 else torch.float16
    if device.type == "cpu" and _cpu_has_bfloat16() and torch.backends.mkldnn.is_available():
        return torch.bfloat16
    return torch.float32


@contextlib.contextmanager
def autocast(device: torch.device, dtype: torch.dtype | None = None) -> Iterator[None]:
    """Run convolutions and products in `dtype` (None: `compute_dtype`); float32 changes nothing."""
    import torch

    dtype = dtype or compute_dtype(device)
    if dtype == torch.float32:
        yield
    else:
        with torch.autocast(device.type, dtype=dtype):
            yield


def core_count() -> int:
    """Processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def set_threads(count: int = 0) -> int:
    """Let torch use `count` threads, 0 = all cores but one; return how many it uses."""
    import torch

    wanted = count if count > 0 else core_count() - 1
    torch.set_num_threads(max(1, wanted))
    return torch.get_num_threads()


def memory_budget(device: torch.device, limit_mb: int = 0) -> int:
    """Bytes that one computation may take there now; `limit_mb` is the user's setting, 0 = automatic."""
    free = free_memory(device)
    if limit_mb > 0:
        return max(_LEAST_BUDGET, min(limit_mb << 20, int(free * _LIMIT_PART)))
    return max(_LEAST_BUDGET, int(free * _FREE_PART))


def free_memory(device: torch.device) -> int:
    """Bytes that can still be taken on `device`, with what torch holds ready for reuse."""
    import torch

    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))
    if device.type == "mps":
        return max(0, torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return main_memory().available


def to_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Copy to `device` if it is not there; through pinned memory where that is faster (cuda only)."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


@contextlib.contextmanager
def guard() -> Iterator[None]:
    """Turn every way of running out of memory into `OutOfMemory`, after giving memory back."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        # The traceback's frames hold the very tensors that filled the memory.
        traceback.clear_frames(error.__traceback__)
        message = str(error)
        release()
        raise OutOfMemory(message) from None


def release() -> None:
    """Give back memory that torch keeps for reuse; cheap when there is none."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is None:
        return
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def device_report() -> dict[str, Any]:
    """What a bug report needs to know about the machine; plain values, ready for JSON."""
    import torch

    device = pick_device()
    memory = main_memory()
    return {
        "torch": str(torch.__version__),
        "device": device.type,
        "number_format": str(compute_dtype(device)).removeprefix("torch."),
        "cores": core_count(),
        "threads": torch.get_num_threads(),
        "cpu_instructions": torch.backends.cpu.get_cpu_capability(),
        "cpu_bfloat16": _cpu_has_bfloat16(),
        "memory_mb": memory.total >> 20,
        "memory_available_mb": memory.available >> 20,
        "budget_mb": memory_budget(device) >> 20,
        "cuda": [_gpu(index) for index in range(torch.cuda.device_count())],
        "mps": torch.backends.mps.is_available(),
    }


def _gpu(index: int) -> dict[str, Any]:
    import torch

    properties = torch.cuda.get_device_properties(index)
    return {
        "name": properties.name,
        "memory_mb": properties.total_memory >> 20,
        "capability": f"{properties.major}.{properties.minor}",
    }


def is_out_of_memory(error: BaseException) -> bool:
    torch = sys.modules.get("torch")
    if isinstance(error, MemoryError) or (torch is not None and isinstance(error, torch.OutOfMemoryError)):
        return True
    # The CPU and Metal allocators have no exception of their own.
    return any(text in str(error) for text in _MEMORY_MESSAGES)


@cache
def _cpu_has_bfloat16() -> bool:
    """Whether it has instructions for it that are faster than those for float32.

    Matrix units (AMX), or AVX-512 of AMD; that of Intel without AMX ran convolutions at half the pace of float32.
    """
    flags = _cpu_flags()
    return "amx_bf16" in flags or ("avx512_bf16" in flags and "GenuineIntel" not in flags)


def _cpu_flags() -> set[str]:
    """Vendor and instruction sets by Linux's names; empty where nobody tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return _flags_torch_knows()
    facts = (
        next((line.split(":", 1)[1].split() for line in lines if line.startswith(name)), [])
        for name in ("vendor_id", "flags")
    )
    return set().union(*facts)


def _flags_torch_knows() -> set[str]:
    import torch

    ask: Callable[[], dict[str, Any]] = getattr(torch.cpu, "get_capabilities", dict)  # newer torch only
    capabilities = ask()
    return {name for name, is_there in capabilities.items() if is_there is True}
