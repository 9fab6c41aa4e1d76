"""Which device to use, and which number format pays on it."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import json
import os
import time
from typing import TYPE_CHECKING

from neuplug.errors import InputError, StorageError
from neuplug.seeds import one_thread, seeded
from neuplug.storage.files import write_json
from neuplug.storage.store import cache_dir

if TYPE_CHECKING:
    import torch
    from torch import nn

NO_GPU = "there is no GPU that torch can use"

MOST = 8  # processes that share a processor

_STEPS = 20  # of which two rounds are done, and the second counts


def pick_device(name: str) -> torch.device:
    """The device called ``name``; ``auto`` is the faster one, see :func:`faster_device`.

    Raises:
        InputError: If there is no such device.
    """
    import torch

    if name == "auto":
        return torch.device(faster_device()[0])
    known = ["auto", "cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    known += ["mps"] if torch.backends.mps.is_available() else []
    reason = ""
    try:
        device = torch.device(name.lower())
        if device.type in ("cpu", "cuda", "mps", "xpu"):
            torch.empty(1, device=device)
            return device
    except (RuntimeError, AssertionError) as error:
        if name.lower().startswith("cuda"):
            reason = f" ({str(error).splitlines()[0].rstrip('.')})"
    raise InputError(f"there is no device {name!r}{reason}. There are: {', '.join(known)}.")


@functools.cache
def faster_device() -> tuple[str, str]:
    """``cuda`` or ``cpu``, where small trainings are faster, and a sentence that says why.

    A processor trains several networks at the same time, so its step counts for so many. What was
    measured is kept in the cache for as long as hardware and torch stay: results depend on the kind
    of device, so that a run must not go on with the other one.
    """
    import torch

    if not torch.cuda.is_available():
        return "cpu", NO_GPU
    gpu, count = torch.cuda.get_device_name(), processes()
    about = hashlib.sha256(f"{gpu}, {count}, {torch.__version__}".encode()).hexdigest()[:16]
    file = cache_dir() / "devices" / f"{about}.json"
    with contextlib.suppress(OSError, ValueError):
        return _faster(gpu, count, *json.loads(file.read_text("utf-8")))
    try:
        measured = [step_seconds(torch.device(kind)) for kind in ("cuda", "cpu")]
    except RuntimeError as error:  # such as that its memory is full, or torch too new for it
        return "cpu", f"the {gpu} fails a small training step: {str(error).splitlines()[0]}"
    with contextlib.suppress(OSError, StorageError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, measured)
    return _faster(gpu, count, *measured)


def _faster(gpu: str, count: int, on_gpu: float, on_cpu: float) -> tuple[str, str]:
    beside = (
        f"a small training step takes {on_gpu * 1e3:.1f} ms on the {gpu}, and "
        f"{on_cpu * 1e3:.1f} ms on a processor that does {count} at the same time"
    )
    return ("cuda" if on_gpu < on_cpu / count else "cpu"), beside


def processes() -> int:
    """How many processes share the processor where nobody says: one a core, and at most 8."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return min(cores, MOST)


def step_seconds(device: torch.device) -> float:
    """What a step of a small convolutional network takes, on one core of a processor."""
    import torch
    from torch import nn

    from neuplug.training.graphs import captured
    from neuplug.training.optimizers import eager

    with seeded(0, torch.device("cpu")):
        maps = [(1, 16), (16, 32), (32, 64)]
        layers = [(nn.Conv2d(a, b, 4, 2, 1), nn.BatchNorm2d(b), nn.ReLU()) for a, b in maps]
        head = (nn.Flatten(), nn.Linear(64 * 6 * 6, 1))
        network = nn.Sequential(*itertools.chain(*layers, head)).to(device)
    network = network.to(memory_format=torch.channels_last)
    on_gpu = device.type == "cuda"
    optimizer = eager(torch.optim.Adam)(network.parameters(), 1e-3, fused=True, capturable=on_gpu)
    images = torch.zeros(16, 1, 48, 48, device=device)

    def step(images: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss: torch.Tensor = network(images).square().mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    run = captured(step, device)
    with one_thread(device):
        for _ in range(2):
            started = time.perf_counter()
            for _ in range(_STEPS):
                loss = run(images)
            float(loss)  # waits for a GPU
    return (time.perf_counter() - started) / _STEPS


def has_bf16(device: torch.device) -> bool:
    """Whether the device computes bfloat16 faster than float32."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        # on older processors, and where AVX-512 is switched off, it is emulated and slower
        able = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
        return able and torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    return False


def wants_bf16(module: nn.Module, device: torch.device) -> bool:
    """Whether autocast to bfloat16 pays for this network on this device.

    On a processor it does not for depthwise convolutions (MobileNetV2 trains nearly twice as
    slowly with it), so networks with grouped convolutions stay in float32 there.

    Example:
        >>> depthwise, cpu = torch.nn.Conv2d(8, 8, 3, groups=8), torch.device("cpu")
        >>> with torch.autocast("cpu", torch.bfloat16, enabled=neuplug.wants_bf16(depthwise, cpu)):
        ...     depthwise(torch.zeros(1, 8, 16, 16)).dtype
        torch.float32
    """
    from torch import nn

    if not has_bf16(device):
        return False
    grouped = any(isinstance(m, nn.Conv2d) and m.groups > 1 for m in module.modules())
    return not (grouped and device.type == "cpu")
