"""Processor, memory and GPU, and how many processes would share the work."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuplug_testing.doctor.finding import Finding, Part
from neuplug_testing.doctor.probing import Probed

TOPIC = "machine"
GIGABYTE = 1e9
_DRIVER = Path("/proc/driver/nvidia/version")
_GROUP = Path("/sys/fs/cgroup")


def look(probed: Probed) -> Part:
    """What this machine has, and what torch can use of it.

    Returns:
        ``system``, ``processor``, ``cores`` (of the machine, of this process, of the container),
        ``memory`` in bytes, ``capability`` and ``bf16`` of the processor as torch uses it, ``gpu``
        (``driver`` and what torch says), ``work`` (processes, and what one
        holds before it has an image). What torch would have to say is null where it does not load.
    """
    torch, run = probed.facts("torch"), probed.facts("run")
    facts = {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": {"machine": os.cpu_count(), "process": _usable_cores(), "container": _quota()},
        "memory": _memory(),
        "capability": torch.get("capability"),
        "bf16": torch.get("bf16"),
        "gpu": {"driver": _driver(), "hidden": _hidden(), **(probed.facts("gpu") or _NO_GPU)},
        "work": {
            "workers": run.get("workers"),
            "bytes": run.get("bytes"),
        },
    }
    return Part(facts, [*_judge_gpu(facts), *judge_share(facts)])


_NO_GPU: dict[str, Any] = {"built": None, "mps": None, "reason": "", "devices": []}


def _judge_gpu(facts: dict[str, Any]) -> Iterator[Finding]:
    if facts["capability"] is not None:  # else torch does not load, and says nothing of GPUs
        yield from judge_gpu(facts["gpu"])


def judge_gpu(gpu: dict[str, Any]) -> Iterator[Finding]:
    """Whether torch can use the GPUs that are there.

    Args:
        gpu: ``gpu`` of :func:`look`.
    """
    for index, device in enumerate(gpu["devices"]):
        if device["error"]:
            # the first GPU is what --device auto takes
            yield Finding(
                TOPIC,
                "fault" if index == 0 else "warning",
                f"cuda:{index} ({device['name']}, compute capability {device['capability']}) "
                f"fails: {device['error']}",
                "install a torch built for this GPU and driver (pytorch.org), or run with "
                "--device cpu",
            )
    if gpu["devices"] or not gpu["driver"]:
        return
    if gpu["hidden"]:
        yield Finding(
            TOPIC,
            "warning",
            "CUDA_VISIBLE_DEVICES hides every GPU, so runs are on the processor",
            "unset CUDA_VISIBLE_DEVICES to use the GPU",
        )
    elif gpu["built"] is None:
        yield Finding(
            TOPIC,
            "warning",
            "there is an NVIDIA driver, but this torch is built for processors alone",
            "install a torch built for CUDA (pytorch.org), or leave it so: runs are on the "
            "processor",
        )
    else:
        yield Finding(
            TOPIC,
            "warning",
            f"there is an NVIDIA driver, but torch, built for CUDA {gpu['built']}, sees no GPU: "
            f"{gpu['reason'] or 'it gives no reason'}",
            "update the driver, or install a torch built for an older CUDA (pytorch.org)",
        )


def judge_share(facts: dict[str, Any]) -> Iterator[Finding]:
    """Whether the processes that would be started have a core and memory each.

    Args:
        facts: Of :func:`look`.
    """
    workers, each = facts["work"]["workers"], facts["work"]["bytes"]
    quota, free = facts["cores"]["container"], facts["memory"]["free"]
    if not workers:
        return
    if quota and workers > max(1, round(quota)):
        yield Finding(
            TOPIC,
            "warning",
            f"{workers} processes would start, but this container has {quota:g} cores",
            f"--workers {max(1, round(quota))}, or NEUPLUG_COMPOSE_WORKERS={max(1, round(quota))}",
        )
    if each and free and workers * each > free:
        fitting = int(free // each)
        yield Finding(
            TOPIC,
            "warning",
            f"{workers} processes would start, each with {each / GIGABYTE:.1f} GB before it has an "
            f"image, but {free / GIGABYTE:.1f} GB of memory are free",
            f"--workers {fitting}, or end other programs",
        )


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
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
        page = os.sysconf("SC_PAGE_SIZE")
        found["total"] = page * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(line.split()[1] for line in lines if line.startswith("MemAvailable"))
        found["free"] = int(free) * 1024
    with contextlib.suppress(OSError, ValueError):
        limit = int((_GROUP / "memory.max").read_text())  # "max" is no number: no limit
        left = limit - int((_GROUP / "memory.current").read_text()) + _reclaimable()
        found["total"] = min(found["total"] or limit, limit)
        found["free"] = min(found["free"] or left, left)
    return found


def _reclaimable() -> int:
    """Bytes that a container holds of files alone, and gives back when they are needed."""
    for line in (_GROUP / "memory.stat").read_text().splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file":
            return int(value)
    return 0


def _driver() -> str | None:
    """The NVIDIA driver, if there is one."""
    with contextlib.suppress(OSError):
        return _DRIVER.read_text("utf-8", "replace").splitlines()[0].strip()
    return shutil.which("nvidia-smi")


def _hidden() -> bool:
    return os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1")
