"""Processor, memory and GPU, and how many processes would share the work."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
from pathlib import Path
from typing import Any

from neuplug_testing.doctor.finding import Part
from neuplug_testing.doctor.probing import Probed

_DRIVER = Path("/proc/driver/nvidia/version")
_GROUP = Path("/sys/fs/cgroup")
_NO_GPU: dict[str, Any] = {"built": None, "mps": None, "reason": "", "devices": []}


def look(probed: Probed) -> Part:
    """What this machine has, and what torch can use of it.

    Returns:
        ``system``, ``processor``, ``cores`` (of the machine, of this process, of the container),
        ``memory`` in bytes, ``capability`` and ``bf16`` of the processor as torch uses it, ``gpu``
        (``driver`` and what torch says), ``work`` (processes, and what one
        holds before it has an image). What torch would have to say is null where it does not load.
    """
    torch, run = probed.facts("torch"), probed.facts("run")
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1")
    part = Part(
        "machine",
        {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": {"machine": os.cpu_count(), "process": _usable_cores(), "container": _quota()},
            "memory": _memory(),
            "capability": torch.get("capability"),
            "bf16": torch.get("bf16"),
            "gpu": {"driver": _driver(), "hidden": hidden, **(probed.facts("gpu") or _NO_GPU)},
            "work": {"workers": run.get("workers"), "bytes": run.get("bytes")},
        },
    )
    if torch:  # else it says nothing of GPUs
        judge_gpu(part)
    judge_share(part)
    return part


def judge_gpu(part: Part) -> None:
    """Say whether torch can use the GPUs that are there."""
    gpu = part.facts["gpu"]
    for index, device in enumerate(gpu["devices"]):
        if device["error"]:
            # the first GPU is what --device auto takes
            tell = part.warn if index else part.fault
            tell(
                f"cuda:{index} ({device['name']}, compute capability {device['capability']}) "
                f"fails: {device['error']}",
                "install a torch built for this GPU and driver (pytorch.org), or run with "
                "--device cpu",
            )
    if gpu["devices"] or not gpu["driver"]:
        return
    if gpu["hidden"]:
        part.warn(
            "CUDA_VISIBLE_DEVICES hides every GPU, so runs use the CPU",
            "unset CUDA_VISIBLE_DEVICES to use the GPU",
        )
    elif gpu["built"] is None:
        part.warn(
            "there is an NVIDIA driver, but this torch is built for CPUs only",
            "install a torch built for CUDA (pytorch.org), or leave it: runs use the CPU",
        )
    else:
        part.warn(
            f"there is an NVIDIA driver, but torch, built for CUDA {gpu['built']}, sees no GPU: "
            f"{gpu['reason'] or 'it gives no reason'}",
            "update the driver, or install a torch built for an older CUDA (pytorch.org)",
        )


def judge_share(part: Part) -> None:
    """Say whether the processes that would be started have a core and memory each."""
    workers, each = part.facts["work"]["workers"], part.facts["work"]["bytes"]
    quota, free = part.facts["cores"]["container"], part.facts["memory"]["free"]
    if not workers:
        return
    if quota and workers > (fitting := max(1, round(quota))):
        part.warn(
            f"{workers} processes would start, but this container has {quota:g} cores",
            f"--workers {fitting}, or NEUPLUG_COMPOSE_WORKERS={fitting}",
        )
    if each and free and workers * each > free:
        part.warn(
            f"{workers} processes would start, each with {each / 1e9:.1f} GB before it has an "
            f"image, but {free / 1e9:.1f} GB of memory are free",
            f"--workers {int(free // each)}, or end other programs",
        )


def _processor() -> str:
    with contextlib.suppress(OSError):
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
        if found := re.search(r"^model name\s*:(.*)", text, re.MULTILINE):
            return found[1].strip()
    return platform.processor() or platform.machine()


def _usable_cores() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _quota() -> float | None:
    """How many cores' worth of time a container gives."""
    with contextlib.suppress(OSError, ValueError):
        quota, period = (_GROUP / "cpu.max").read_text().split()
        return int(quota) / int(period)  # "max" is no number: no limit
    return None


def _memory() -> dict[str, int | None]:
    """Bytes of memory in all and free, for this process."""
    found: dict[str, int | None] = {"total": None, "free": None}
    with contextlib.suppress(OSError, ValueError, AttributeError):
        found["total"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, KeyError):
        found["free"] = _numbers(Path("/proc/meminfo"))["MemAvailable"] * 1024
    with contextlib.suppress(OSError, ValueError):
        limit = int((_GROUP / "memory.max").read_text())  # "max" is no number: no limit
        # what is held of files alone is given back when it is needed
        files = _numbers(_GROUP / "memory.stat").get("inactive_file", 0)
        left = limit - int((_GROUP / "memory.current").read_text()) + files
        found["total"] = min(found["total"] or limit, limit)
        found["free"] = min(found["free"] or left, left)
    return found


def _numbers(file: Path) -> dict[str, int]:
    """What a file of the kernel says, a name and a number a line."""
    lines = [line.split() for line in file.read_text().splitlines()]
    return {name.rstrip(":"): int(number) for name, number, *_ in lines}


def _driver() -> str | None:
    """The NVIDIA driver, if there is one."""
    with contextlib.suppress(OSError):
        return _DRIVER.read_text("utf-8", "replace").splitlines()[0].strip()
    return shutil.which("nvidia-smi")
